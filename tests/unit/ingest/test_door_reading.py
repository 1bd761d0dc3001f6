"""Belongs here: sound xlsx, xls and ods through the door: cells as a person sees them, right rows.
Does not belong here: hostile files (test_door_hostile.py), text files (test_door_text.py)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import pandas as pd
import pytest
from hostile_files import (
    AS_TEXT,
    HEADER,
    ROWS,
    build_ods,
    build_raw_workbook,
    build_xls,
    inline,
    ods_cell,
    rezip,
    row,
    write_workbook,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgi.errors import WorkbookError
from dgi.ingest.door import read_file
from dgi.ingest.refusals import REFUSALS, REMARKS
from dgi.ingest.sheets import with_header_at


def read(content: bytes, name: str = "mau-1.xlsx"):
    return read_file(name, content).sheets[0]


def remarks(content: bytes, key: str, name: str = "mau-1.xlsx"):
    return [one for one in read_file(name, content).remarks if one.rule == REMARKS[key].rule]


# ---- what comes out


def test_a_sound_workbook_is_text_with_its_place():
    content = write_workbook()
    file = read_file("2019/193/mau-1.xlsx", content)
    assert (file.name, file.format, file.remarks) == ("2019/193/mau-1.xlsx", "xlsx", ())
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    sheet = file.sheets[0]
    assert (sheet.name, sheet.header, sheet.header_row) == ("TraLoi", tuple(HEADER), 1)
    assert sheet.frame.to_numpy().tolist() == AS_TEXT
    assert list(sheet.frame.index) == [2, 3] and list(sheet.frame.columns) == [0, 1, 2, 3]
    assert all(isinstance(kind, pd.StringDtype) for kind in sheet.frame.dtypes)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("06652", "06652"), ("0012345678", "0012345678"), (5, "5"), (-3.0, "-3"), (0.35, "0.35"),
        (1e-7, "0.0000001"), (123456789012345, "123456789012345"), (True, "TRUE"),
        (date(2019, 9, 3), "03/09/2019"), (datetime(2019, 9, 3, 14, 5, 6), "03/09/2019 14:05:06"),
        ("true", "true"), ("2019-09-03 00:00:00", "2019-09-03 00:00:00"), ("=1+1", "=1+1"),
        ("  hai  dấu cách ", "  hai  dấu cách "), ("dòng\nmới", "dòng\nmới"), ("NaN", "NaN"),
        ("1234567890123456789", "1234567890123456789"), ("#DIV/0!", "#DIV/0!"),
    ],
)  # fmt: skip
def test_a_cell_reads_as_a_person_sees_it(value, text):
    assert read(write_workbook([["x", value]], ["a", "b"])).frame.loc[2, 1] == text


def test_real_and_typed_dates_texts_and_numbers_in_one_column_read_alike():
    values = ["15/08/2019", date(2019, 9, 3), 7, "2019-09-03", True]
    sheet = read(write_workbook([[value] for value in values], ["x"]))
    assert sheet.frame[0].tolist() == ["15/08/2019", "03/09/2019", "7", "2019-09-03", "TRUE"]


def test_a_time_of_day_has_no_day():
    def clock(book, sheet):
        sheet.write_number(1, 0, 0.5 + 1 / 86400, book.add_format({"num_format": "hh:mm:ss"}))

    assert read(write_workbook([[None]], ["x"], clock)).frame.loc[2, 0] == "12:00:01"


def test_a_number_shown_with_leading_zeros_keeps_them():
    def codes(book, sheet):
        sheet.write_number(1, 0, 652, book.add_format({"num_format": "00000"}))
        sheet.write_number(2, 0, 652)
        sheet.write_string(3, 0, "x", book.add_format({"num_format": "00000"}))

    assert read(write_workbook([], ["x"], codes)).frame[0].tolist() == ["00652", "652", "x"]


def test_blank_cells_are_missing_and_blank_rows_leave_a_gap_in_the_numbers():
    sheet = read(write_workbook([["a", None], [None, None], ["  ", ""], ["b", "c"]], ["x", "y"]))
    assert list(sheet.frame.index) == [2, 5]
    assert sheet.frame.loc[2].isna().tolist() == [False, True]


def test_leading_blank_rows_and_columns_are_counted():
    sheet = read(write_workbook(first=(3, 2)))
    assert sheet.header == ("", "", *HEADER) and sheet.header_row == 4
    assert list(sheet.frame.index) == [5, 6]
    assert sheet.frame.loc[5, [2, 3, 4, 5]].tolist() == AS_TEXT[0]


def test_title_rows_stand_first_until_another_header_row_is_chosen():
    rows = [["Phiếu khảo sát 2019"], [], HEADER, *ROWS]
    sheet = read(write_workbook(rows, None))
    assert sheet.header[0] == "Phiếu khảo sát 2019" and sheet.header_row == 1
    moved = with_header_at(sheet, 3)
    assert moved.header == tuple(HEADER) and moved.header_row == 3
    assert list(moved.frame.index) == [4, 5] and moved.frame.to_numpy().tolist() == AS_TEXT
    assert with_header_at(moved, 3) is moved
    with pytest.raises(ValueError, match="row 2 is no row"):
        with_header_at(sheet, 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(
            st.text(
                st.characters(exclude_categories=["Cc", "Cs", "Cn"], include_characters="\n\t"),
                max_size=20,
            ),
            min_size=2, max_size=2,
        ),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_texts_come_back_as_they_were_written(rows):
    sheet = read(write_workbook(rows, ["x", "y"]))
    for number, line in enumerate(rows, start=2):
        if not any(cell.strip() for cell in line):
            assert number not in sheet.frame.index
            continue
        for column, cell in enumerate(line):
            found = sheet.frame.loc[number, column]
            assert found == cell if cell.strip() else pd.isna(found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1, max_size=8))
def test_whole_numbers_come_back_with_all_their_digits(numbers):
    frame = read(write_workbook([[number] for number in numbers], ["x"])).frame
    assert frame[0].tolist() == [str(number) for number in numbers]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=8))
def test_numbers_come_back_with_all_their_decimals(numbers):
    # Fifteen significant digits are what the writer (as Excel) keeps.
    kept = [float(f"{number:.16G}") for number in numbers]
    frame = read(write_workbook([["", number] for number in numbers], ["x", "y"])).frame
    assert [float(text) for text in frame[1]] == kept
    assert not frame[1].str.contains("[eE]").any()


# ---- sheets


def with_sheets(book, sheet):
    for name in ("An", "RatAn"):
        other = book.add_worksheet(name)
        other.write_row(0, 0, ["x"])
        other.write_row(1, 0, ["y"])
        other.hide() if name == "An" else other.very_hidden()
    book.add_worksheet("Trống")
    book.add_worksheet("Bìa").write(0, 0, "DỮ LIỆU MẪU")
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"values": "=TraLoi!$D$2:$D$3"})
    book.add_chartsheet("Biểu đồ").set_chart(chart)


def test_only_visible_sheets_that_hold_anything_are_read():
    content = write_workbook(finish=with_sheets)
    file = read_file("a.xlsx", content)
    assert [sheet.name for sheet in file.sheets] == ["TraLoi", "Bìa"]
    assert file.sheets[1].frame.empty and file.sheets[1].header == ("DỮ LIỆU MẪU",)
    assert [(one.sheet, one.value) for one in remarks(content, "hidden_sheet")] == [
        ("An", "hidden"), ("RatAn", "veryHidden")]  # fmt: skip


def test_hidden_rows_and_columns_are_read_and_told():
    def hide(book, sheet):
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})

    content = write_workbook(finish=hide)
    assert read(content).frame.to_numpy().tolist() == AS_TEXT
    rows, columns = remarks(content, "hidden_rows"), remarks(content, "hidden_columns")
    assert [(one.sheet, one.row, one.value) for one in rows] == [("TraLoi", 3, "1")]
    assert [one.column for one in columns] == ["B"]


def test_merged_cells_of_a_sheet_are_one_remark_with_their_number_and_the_first_place():
    def merge(book, sheet):
        sheet.merge_range("B9:C9", "gộp")
        for at in range(100, 160):
            sheet.merge_range(at, 1, at, 2, "gộp")
        sheet.merge_range("B5:C6", "gộp")
        other = book.add_worksheet("Khac")
        other.merge_range("D2:E2", "gộp")

    content = write_workbook(finish=merge)
    told = [(one.sheet, one.row, one.column, one.value) for one in remarks(content, "merged")]
    assert told == [("TraLoi", 5, "B", "62"), ("Khac", 2, "D", "1")]
    assert read(content).frame.loc[5, 1] == "gộp"


def test_merged_cells_of_an_ods_sheet_are_one_remark_too():
    wide = 'office:value-type="string" table:number-columns-spanned="2"'
    lines = [f"<table:table-row>{ods_cell('a')}{ods_cell('b', wide)}</table:table-row>"] * 3
    content = build_ods(f'<table:table table:name="T">{"".join(lines)}</table:table>')
    told = [(one.row, one.column, one.value) for one in remarks(content, "merged")]
    assert told == [(1, "B", "3")]


def test_columns_in_an_old_vietnamese_font_are_named():
    def old(book, sheet):
        sheet.write_string(1, 0, "HuyÖn C« T«", book.add_format({"font_name": ".VnTime"}))
        sheet.write_string(1, 2, "Ñaàm Haø", book.add_format({"font_name": "VNI-Times"}))
        sheet.write_number(1, 1, 5, book.add_format({"font_name": ".VnArial"}))

    content = write_workbook([["", "", "", "Đầm Hà"]], finish=old)
    assert read(content).fonts == {0: "tcvn3", 2: "vni"}
    assert [(one.column, one.value) for one in remarks(content, "old_font")] == [
        ("A", "tcvn3"), ("C", "vni")]  # fmt: skip


def test_old_font_cells_among_unicode_ones_are_decoded_by_their_places():
    def old(book, sheet):
        font = book.add_format({"font_name": ".VnTime"})
        sheet.write_string(1, 0, "HuyÖn C« T«", font)
        sheet.write_string(2, 0, "Huyện Cô Tô")

    sheet = read(write_workbook([], ["Tên huyện, tổ, bên"], finish=old))
    assert sheet.header == ("Tên huyện, tổ, bên",) and sheet.fonts == {}
    assert sheet.frame[0].tolist() == ["Huyện Cô Tô", "Huyện Cô Tô"]


# ---- how other programs write workbooks


def test_cells_written_in_an_unusual_way_keep_their_place():
    rows = (
        "<row><c t='inlineStr'><is><t>a</t></is></c><c t='inlineStr'><is><t>b</t></is></c></row>"
        '<row r="4"><c><v>1</v></c><c r="B4"><v>12345678901234567</v></c></row>'
    )
    sheet = read(build_raw_workbook(rows))
    assert sheet.header == ("a", "b") and list(sheet.frame.index) == [4]
    assert sheet.frame.loc[4].tolist() == ["1", "123456789012345??"]


def test_a_name_space_before_every_tag_is_no_matter():
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    body = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row r="2"><x:c r="B2" t="inlineStr"><x:is>'
        '<x:t>a</x:t></x:is></x:c></x:row><x:row r="3" hidden="1"><x:c r="B3"><x:v>7</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    content = build_raw_workbook("", body=body)
    assert read(content).frame.loc[3, 1] == "7"
    assert remarks(content, "hidden_rows")[0].row == 3


def test_rich_text_and_an_unused_format_are_read():
    strings = '<si><r><t xml:space="preserve">Đầm </t></r><r><t>Hà</t></r></si><si><t>x</t></si>'
    cells = row(1, '<c r="A1" t="s"><v>1</v></c>') + row(2, '<c r="A2" t="s"><v>0</v></c>')
    assert read(build_raw_workbook(cells, strings)).frame.loc[2, 0] == "Đầm Hà"


def test_numbers_with_spaces_around_them_are_numbers():
    # So does R's openxlsx write a column that it formatted to one width.
    cells = '<c r="A2" t="n"><v> 41</v></c><c r="B2"><v>\n-0.5 </v></c>'
    rows = row(1, inline("A1", "x"), inline("B1", "y")) + f'<row r="2">{cells}</row>'
    assert read(build_raw_workbook(rows)).frame.loc[2].tolist() == ["41", "-0.5"]


def test_an_iso_date_cell_reads_as_the_others():
    rows = row(1, inline("A1", "x")) + row(2, '<c r="A2" t="d"><v>2019-09-03T14:05:06</v></c>')
    assert read(build_raw_workbook(rows)).frame.loc[2, 0] == "03/09/2019 14:05:06"


def test_pictures_and_other_parts_are_no_matter():
    content = rezip(write_workbook(), added=[("xl/media/image1.png", b"\x89PNG" * 99)])
    assert read(content).frame.to_numpy().tolist() == AS_TEXT


@pytest.mark.parametrize("name", ["a.xls", "a.csv", "a", "a.xlsx.bak"])
def test_an_ending_that_is_not_the_formats_is_told_and_nothing_more(name):
    file = read_file(name, write_workbook())
    assert file.format == "xlsx" and len(file.sheets[0].frame) == 2
    assert [(one.rule, one.value) for one in file.remarks] == [(REMARKS["extension"].rule, "xlsx")]


# ---- xls and ods


def test_an_old_xls_is_read_with_its_rows_and_dates():
    cells = [(2, 1, "MãXã"), (2, 2, "Ngày"), (3, 1, "06652"), (3, 2, date(2019, 9, 3)),
             (5, 1, "Đầm Hà"), (5, 2, 0.12345678012345), (6, 1, 5), (6, 2, "0,5")]  # fmt: skip
    file = read_file("a.xls", build_xls(cells))
    sheet = file.sheets[0]
    assert file.format == "xls" and file.remarks == () and sheet.name == "TraLoi"
    assert sheet.header == ("", "MãXã", "Ngày") and sheet.header_row == 3
    assert list(sheet.frame.index) == [4, 6, 7]
    assert sheet.frame[[1, 2]].to_numpy().tolist() == [
        ["06652", "03/09/2019"], ["Đầm Hà", "0.12345678012345"], ["5", "0,5"]]  # fmt: skip


def test_a_hidden_sheet_of_an_xls_is_not_read():
    with pytest.raises(WorkbookError, match="no visible sheet"):
        read_file("a.xls", build_xls([(0, 0, "x"), (1, 0, 1)], hidden=True))


def test_an_ods_is_read_with_its_rows_and_remarks():
    gap = '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    day = 'office:value-type="date" office:date-value="2019-09-03"'
    sum_ = 'table:formula="of:=1+1" office:value-type="float" office:value="2"'
    body = (
        '<table:table table:name="Trả lời"><table:table-row>'
        + ods_cell("MaXa") + ods_cell("Ngày") + ods_cell("n")
        + f"</table:table-row>{gap}<table:table-row>"
        + ods_cell("06652") + ods_cell("03/09/2019", day) + ods_cell("2", sum_)
        + "</table:table-row></table:table>"
    )  # fmt: skip
    file = read_file("a.ods", build_ods(body))
    sheet = file.sheets[0]
    assert file.format == "ods" and (sheet.name, sheet.header_row) == ("Trả lời", 1)
    assert sheet.frame.loc[5].tolist() == ["06652", "03/09/2019", "2"]
    told = [(one.rule, one.row, one.column) for one in file.remarks]
    assert told == [(REMARKS["formulas"].rule, 5, "C")]


def test_every_sentence_of_the_catalogues_is_complete_in_both_languages():
    for said in [*REFUSALS.values(), *REMARKS.values()]:
        assert all(said) and len(set(said)) == 4
        assert said.action.endswith(".") and said.action_vi.endswith(".")
