"""Belongs here: what every written workbook promises, whatever it reports.
Does not belong here: the content of a product (test_report_products.py)."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest

from dgi.reports.cells import ReportCellError, sheet_title
from dgi.reports.common import signed_axis
from dgi.reports.workbook import (
    SAMPLE_BANNER,
    Book,
    Chart,
    Column,
    Series,
    Sheet,
    Table,
    Text,
    Tile,
    Tiles,
    write_workbook,
)

COLUMNS = (Column("name", "Tên", "Name"), Column("value", "Giá trị", "Value"))


def make_book(values: list, names: list | None = None, flags: list | None = None) -> Book:
    frame = pd.DataFrame({"name": names or ["a"] * len(values), "value": values})
    frame["flag"] = flags or "observed"
    chart = Chart("line", "Biểu đồ", frame.assign(value=pd.to_numeric(frame["value"], "coerce")),
                  "name", [Series("value", "v")])  # fmt: skip
    sheet = Sheet(
        "s", "Trang", "Tiêu đề", "Title", [Text("xin chào"), Table(COLUMNS, frame), chart]
    )
    other = Sheet("t", "Trang hai", "Hai", "Two", [Text("hai")])
    markers = {"suppressed_officially": "[x]", "common_core": "[k]"}
    return Book("Sổ", "Book", [sheet, other], date(2018, 12, 31), markers)


def read(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def cells(content: bytes) -> list:
    return [c for ws in read(content) for row in ws.iter_rows() for c in row if c.value is not None]


def test_the_same_book_gives_the_same_bytes():
    assert write_workbook(make_book([1.5, 2.5])) == write_workbook(make_book([1.5, 2.5]))


def test_the_package_holds_no_clock():
    with zipfile.ZipFile(io.BytesIO(write_workbook(make_book([1.0])))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2018-12-31T00:00:00Z"}


@pytest.mark.parametrize("text", ["=cmd|'/C calc'!A0", "+1", "-1+2", "@SUM(A1)", "=1+1"])
def test_a_text_that_looks_like_a_formula_stays_text(text):
    found = [c for c in cells(write_workbook(make_book([text]))) if c.value == text]
    assert [c.data_type for c in found] == ["s"]
    assert found[0].quotePrefix


def test_no_cell_is_a_formula_and_no_link_is_live():
    content = write_workbook(make_book(["=A1", "http://example.org"]))
    assert {c.data_type for c in cells(content)} <= {"s", "n"}
    assert all(c.hyperlink is None for c in cells(content))


def test_control_characters_are_stripped_and_escapes_survive():
    content = write_workbook(make_book(["a\x0bb\x00c", "_x0041_", "_x0041_x0042_"]))
    values = [c.value for c in cells(content)]
    assert "abc" in values
    assert "A" not in values
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    # Two that share an underline are both escaped.
    assert ">_x005F_x0041_x005F_x0042_<" in sheet


def test_a_text_too_long_for_a_cell_is_refused():
    with pytest.raises(ReportCellError, match="32,768"):
        write_workbook(make_book(["x" * 32_768]))


def test_an_infinite_number_is_refused():
    with pytest.raises(ReportCellError, match="infinite"):
        write_workbook(make_book([np.inf]))


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA, pd.NaT])
def test_a_missing_number_shows_its_marker_and_never_zero(missing):
    book = make_book([missing, missing], flags=["suppressed_officially", "observed"])
    sheet = read(write_workbook(book))["Trang"]
    column = [row[1].value for row in sheet.iter_rows() if row[0].value == "a"]
    assert column == ["[x]", "–"]


def test_a_missing_number_is_a_gap_in_the_chart():
    content = write_workbook(make_book([1.0, np.nan, 0.0], names=["a", "b", "c"]))
    sheet = read(content)["Số liệu biểu đồ"]
    values = {row[0].value: row[1].value for row in sheet.iter_rows() if row[0].value}
    assert (values["a"], values["b"], values["c"]) == (1, None, 0)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        chart = package.read("xl/charts/chart1.xml").decode()
    assert 'dispBlanksAs val="gap"' in chart
    assert re.findall(r'<(?:c:)?delete val="(\d)"', chart) == ["0", "0"]


def test_sample_data_is_named_on_every_sheet_and_page():
    for sheet in read(write_workbook(replace(make_book([1.0]), sample_data=True))):
        assert sheet["A1"].value == SAMPLE_BANNER
        assert SAMPLE_BANNER in sheet.oddHeader.center.text


def test_real_data_carries_no_banner():
    assert all(c.value != SAMPLE_BANNER for c in cells(write_workbook(make_book([1.0]))))


def test_every_sheet_prints_on_a4_to_its_width_with_page_numbers():
    for sheet in read(write_workbook(make_book([1.0]))):
        assert sheet.page_setup.paperSize == 9
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in sheet.oddFooter.right.text


def test_the_table_header_is_frozen_filtered_and_repeated():
    sheet = read(write_workbook(make_book([1.0, 2.0])))["Trang"]
    header = next(c.row for row in sheet.iter_rows() for c in row if c.value == "Tên\nName")
    assert sheet.freeze_panes == f"A{header + 1}"
    assert sheet.auto_filter.ref == f"A{header}:B{header + 2}"
    assert sheet.print_title_rows == f"${header}:${header}"


def test_sheet_titles_are_valid_and_unique():
    assert sheet_title("a/b[c]:d", []) == "a b c d"
    assert sheet_title("x" * 40, ["x" * 31]) == "x" * 29 + " 2"
    assert sheet_title("''", []) == "Sheet"
    assert sheet_title("History", []) != "History"


def test_cells_of_one_look_share_it_and_a_formula_like_neighbour_keeps_its_own():
    sheet = read(write_workbook(make_book(["=1", "plain", "other"])))["Trang"]
    found = {c.value: c for row in sheet.iter_rows() for c in row}
    assert found["=1"].quotePrefix and not found["plain"].quotePrefix
    assert found["plain"]._style == found["other"]._style != found["=1"]._style
    assert found["=1"]._style.fontId == found["plain"]._style.fontId


def test_a_merged_line_is_drawn_under_every_column():
    sheet = read(write_workbook(make_book([1.0])))["Trang"]
    row = next(c.row for r in sheet.iter_rows() for c in r if c.value == "Title")
    assert f"A{row}:B{row}" in {str(area) for area in sheet.merged_cells.ranges}
    assert {sheet.cell(row, column).border.bottom.style for column in (1, 2)} == {"medium"}


def test_a_headline_word_shrinks_to_its_tile():
    tiles = Tiles([Tile(Text("Nhóm"), "Trung bình thấp"), Tile(Text("Điểm"), "A")])
    book = replace(make_book([1.0]), sheets=[Sheet("s", "S", "T", "T", [tiles], widths=(20, 20))])
    found = {c.value: c.font.size for c in cells(write_workbook(book))}
    assert found["Trung bình thấp"] < found["A"] == 20


@pytest.mark.parametrize("values", [[-0.7, 0.35], [0.2, 0.9], [-3.0], [0.0]])
def test_a_signed_axis_holds_its_bars_and_a_tick_at_zero(values):
    low, high, step = signed_axis(pd.Series(values))
    assert low <= min(*values, 0) and high >= max(*values, 0)
    assert (low / step) == pytest.approx(round(low / step))
