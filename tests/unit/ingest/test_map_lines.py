"""Belongs here: which lines of a year's column map are told as used by no file of the whole year.
Does not belong here: a line that is out of date in one file (test_columns.py)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from survey_builders import DISTRICT, SURVEY, delivered, questionnaire, units

from dgi.facts.column_maps import ColumnMap, check_encodings
from dgi.facts.column_maps import check_identity_words as check_words
from dgi.facts.column_maps import check_system_columns as check_tools
from dgi.ingest.deliveries import Form, read_delivery
from dgi.ingest.facts import read_table
from dgi.ingest.headers import HeaderBook
from dgi.ingest.landing import district_folders
from dgi.ingest.map_lines import find_unused_lines
from dgi.ingest.privacy import Keys
from pipelines.settings import ROOT

YEAR = 2019
NAMES = ["files", "header", "name", "use", "note"]
MAPS = ROOT / "data/column_maps"


def column_map(*lines: tuple[str, str]) -> ColumnMap:
    """Lines (files, header) that set their column aside."""
    rows = [(files, header, "", "set_aside", "") for files, header in lines]
    table = pd.DataFrame(rows, columns=NAMES, dtype="str")
    return ColumnMap.from_table(table, f"data/column_maps/{YEAR}.csv")


def columns_of(district: str, *columns: tuple[str, str, str]) -> pd.DataFrame:
    """The table delivered_columns of a district, of (file, header, how)."""
    table = pd.DataFrame(columns, columns=["file", "header", "how"], dtype="str")
    return table.assign(survey_year=YEAR, district=district)


def unused(lines: ColumnMap, *districts: pd.DataFrame) -> list[int | None]:
    return [fault.row for fault in find_unused_lines(lines, districts)]


def test_a_line_is_used_when_one_file_of_one_district_has_its_header():
    lines = column_map(("*", "Ghi chú"), ("*", "Khác"))
    first = columns_of("193-ha-long", ("a.xlsx", "MaPhieu", "header"))
    second = columns_of("207-co-to", ("b.xlsx", "ghi chú", "map"))
    assert unused(lines, first) == [2, 3]
    assert unused(lines, first, second) == [3]
    (fault,) = find_unused_lines(lines, [first, second])
    assert fault.where == "data/column_maps/2019.csv"
    assert "out of date" in fault.rule and "lỗi thời" in fault.rule_vi and fault.action_vi


def test_a_line_for_other_files_is_not_used_by_a_header_that_is_the_same():
    lines = column_map(("nhom1*", "Ghi chú"), ("*/207-co-to/*", "Ghi chú"), ("*", "Ghi chú"))
    table = columns_of("207-co-to", ("nhom2.xlsx", "Ghi chú", "map"))
    assert unused(lines, table) == [2, 4]  # the line that names the folder came first


def test_a_line_that_names_a_shared_file_is_used_by_every_district_of_it():
    lines = column_map(("2019/tinh.xlsx", "Ghi chú"), ("tinh.xlsx", "Khác"))
    table = columns_of("207-co-to", ("../tinh.xlsx", "Ghi chú", "map"),
                       ("../tinh.xlsx", "Khác", "map"))  # fmt: skip
    assert unused(lines, table) == []


def test_a_header_that_was_known_without_the_map_uses_no_line():
    table = columns_of("207-co-to", ("a.xlsx", "Ghi chú", "system"))
    assert unused(column_map(("*", "Ghi chú")), table) == [2]


def test_a_year_without_a_map_has_no_unused_line():
    assert unused(ColumnMap.empty("x"), columns_of("207-co-to", ("a.xlsx", "A", "header"))) == []


@given(st.lists(st.sampled_from("abcdefg"), unique=True), st.sets(st.sampled_from("abcdefg")))
def test_every_line_is_either_used_or_told(headers, delivered_headers):
    lines = column_map(*(("*", header) for header in headers))
    table = columns_of("207-co-to", *(("a.xlsx", header, "map") for header in delivered_headers))
    told = {headers[row - 2] for row in unused(lines, table) if row is not None}
    assert told == set(headers) - delivered_headers


@pytest.mark.parametrize("is_shared", [False, True])
def test_it_agrees_with_what_was_read_from_the_files_themselves(tmp_path, is_shared):
    form_of = questionnaire()
    names = {name: header for header, name in form_of.headers().items()}
    rows = delivered(2)
    frame = rows[[name for name in rows if name in names]].rename(columns=names)
    frame = frame.assign(**{"Ghi chú": "x", "Khác": "y"})
    folders = district_folders(tmp_path, YEAR, DISTRICT)
    folders.own.mkdir(parents=True)
    frame.to_csv((folders.shared if is_shared else folders.own) / "nhom2.csv", index=False)
    lines = column_map(("*", "Ghi chú"), ("*nhom2.csv", "Khác"), ("*", "Khác"), ("*", "Không có"))
    tools = (check_tools(read_table(MAPS / "system_columns.csv")),
             check_words(read_table(MAPS / "identity_words.csv")))  # fmt: skip
    form = Form(str(is_shared), YEAR, form_of, HeaderBook(form_of, *tools), lines,
                check_encodings(read_table(MAPS / "encodings.csv")), units(),
                SURVEY.reference_date)  # fmt: skip
    read = read_delivery(folders, DISTRICT, form, Keys(b"a secret of some length", YEAR))
    table = read.columns.assign(survey_year=YEAR, district=DISTRICT)
    assert unused(lines, table) == [4, 5]
