"""Belongs here: that a field workbook holds what it was given, and always in the same bytes.
Does not belong here: the simulated answers, or how a workbook is read into the pipeline."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

import fastexcel
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dgi.reports.field_workbook import write_field_workbook

COVER = ("DỮ LIỆU MẪU / SAMPLE DATA", "Năm khảo sát / Survey year: 2016")


@pytest.fixture
def answers():
    return pd.DataFrame(
        {
            "MaPhieu": ["QN16-207-0001", None, "=1+1"],
            "MaXa": ["07192", "07193", "07195"],
            "XacSuatXa": [1, 0.358214, 0.5],
            "Tuoi": [18, 70, 45],
            "C101a": [1, None, 888],
            "C102": [None, None, 999],
        },
        dtype=object,
    )


def test_the_same_rows_make_the_same_bytes(answers):
    assert write_field_workbook(answers, COVER) == write_field_workbook(answers.copy(), COVER)


def test_leading_zeros_blanks_and_numbers_come_back_as_typed(answers):
    book = fastexcel.read_excel(write_field_workbook(answers, COVER))
    assert book.sheet_names == ["Bia", "TraLoi"]
    read = book.load_sheet("TraLoi").to_pandas()
    assert list(read.columns) == list(answers.columns)
    assert list(read["MaXa"]) == ["07192", "07193", "07195"]
    assert list(read["MaPhieu"].fillna("")) == ["QN16-207-0001", "", "=1+1"]
    assert list(read["XacSuatXa"]) == [1, 0.358214, 0.5]
    assert list(read["C101a"].fillna(-1)) == [1, -1, 888]
    assert list(read["Tuoi"]) == [18, 70, 45]


def test_the_cover_begins_with_its_first_line(answers):
    book = openpyxl.load_workbook(io.BytesIO(write_field_workbook(answers, COVER)))
    assert [row[0].value for row in book["Bia"].iter_rows()] == list(COVER)


def test_a_code_column_stays_text_and_the_header_stays_in_sight(answers):
    sheet = openpyxl.load_workbook(io.BytesIO(write_field_workbook(answers, COVER)))["TraLoi"]
    assert sheet.freeze_panes == "B2"
    assert sheet["A1"].font.bold
    assert sheet["B2"].number_format == "@"
    assert sheet["A4"].value == "=1+1" and sheet["A4"].data_type != "f"


def test_a_file_without_interviews_is_a_form_to_fill_in(answers):
    read = fastexcel.read_excel(write_field_workbook(answers.iloc[:0], COVER))
    assert list(read.load_sheet("TraLoi").to_pandas().columns) == list(answers.columns)


def test_no_clock_is_inside(answers):
    with zipfile.ZipFile(io.BytesIO(write_field_workbook(answers, COVER))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2017-01-01" in package.read("docProps/core.xml")


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")),
                min_size=1, max_size=30)  # fmt: skip
# Texts that look like the _xHHHH_ with which the format writes control characters. xlsxwriter
# escapes two that share their underline only once; no word typed in the field looks like that.
SHARED_UNDERLINE = re.compile("(_x[0-9A-Fa-f]{4}){2,}_")
escapes = st.text("_x05F4a1D", min_size=1, max_size=16).filter(
    lambda text: not SHARED_UNDERLINE.search(text)
)


NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def first_column(content: bytes) -> list[str | None]:
    """Column A of the answers below its header, unescaped once as the file format says.

    Read here by hand: openpyxl drops every 'x005F_', also one that a team has typed.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        shared = ElementTree.fromstring(package.read("xl/sharedStrings.xml"))
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet2.xml"))
    texts = [
        re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), "".join(item.itertext()))
        for item in shared
    ]
    found: dict[int, str] = {}
    for cell in sheet.iter(f"{NAMESPACE}c"):
        value = cell.find(f"{NAMESPACE}v")
        if value is not None:
            found[int(cell.attrib["r"].removeprefix("A"))] = texts[int(value.text)]
    return [found.get(row) for row in range(2, max(found) + 1)]


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.one_of(texts, escapes, st.none()), min_size=1, max_size=20))
@example(values=["x005F_", "_x005F_", "_x0041_", "a_x000D_b"])
def test_any_text_comes_back_unchanged(values):
    content = write_field_workbook(pd.DataFrame({"a": [*values, "end"]}, dtype=object), COVER)
    assert first_column(content) == [*values, "end"]


@pytest.mark.parametrize("text", ["x005F_", "_x0041_", "_x005F_", "a_x000D_b"])
def test_a_text_that_looks_like_an_escape_reaches_the_pipeline(text):
    content = write_field_workbook(pd.DataFrame({"a": [text]}, dtype=object), COVER)
    assert list(fastexcel.read_excel(content).load_sheet("TraLoi").to_pandas()["a"]) == [text]
