"""Belongs here: field workbooks as they really arrive: sound, damaged, odd, or none at all.
Does not belong here: what the cells mean once they are text."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pandas as pd
import pytest
import xlsxwriter

from dgi.errors import WorkbookError
from dgi.ingest.workbooks import hash_file, list_workbooks, read_district_year, read_workbook

HEADERS = ["MaPhieu", "NgayPV", "MaXa", "XacSuatXa", "C1"]
SECRET = "Nguyễn Văn Bí Mật 0912345678"
ROWS = [["QN-1", "15/08/2019", "06649", 0.35, 1], [SECRET, "16/08/2019", "06652", 0.5, 888]]


def workbook(rows=None, headers=HEADERS, cover=("PHIẾU KHẢO SÁT",), sheet="TraLoi") -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        if cover is not None:
            page = book.add_worksheet("Bia")
            for number, line in enumerate(cover):
                page.write(number, 0, line)
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, headers)
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate(ROWS if rows is None else rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    page.write_datetime(number, column, value, day)
                elif value is not None:
                    page.write(number, column, value)
    return stream.getvalue()


def with_entry(content: bytes, name: str, data: bytes) -> bytes:
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def refusal(content: bytes, headers=HEADERS) -> str:
    """The message, after making sure that it names the file and tells nobody's answer."""
    with pytest.raises(WorkbookError) as caught:
        read_workbook("mau-1.xlsx", content, headers)
    message = str(caught.value)
    assert message.startswith("mau-1.xlsx")
    assert all(fault.action for fault in caught.value.faults)
    for cell in (SECRET, "QN-1", "15/08/2019", "06649"):
        assert cell not in message
    return message


def test_a_sound_workbook_is_read_as_text_with_its_place():
    frame, is_sample = read_workbook("mau-1.xlsx", workbook(), HEADERS)
    assert not is_sample
    assert list(frame.columns) == [*HEADERS, "_file", "_sheet", "_row"]
    assert frame.loc[0, HEADERS].tolist() == ["QN-1", "15/08/2019", "06649", "0.35", "1"]
    assert list(frame["_row"]) == [2, 3] and set(frame["_file"]) == {"mau-1.xlsx"}
    assert set(frame["_sheet"]) == {"TraLoi"}


def test_columns_come_back_in_the_questionnaires_order():
    turned = [row[::-1] for row in ROWS]
    frame, _ = read_workbook("mau-1.xlsx", workbook(turned, HEADERS[::-1]), HEADERS)
    assert frame.loc[0, HEADERS].tolist() == ["QN-1", "15/08/2019", "06649", "0.35", "1"]


def test_codes_typed_as_numbers_or_as_text_read_alike():
    rows = [["QN-1", "15/08/2019", "06649", "0,35", 1], ["QN-2", "15/08/2019", "06649", 1, "1"]]
    frame, _ = read_workbook("mau-1.xlsx", workbook(rows), HEADERS)
    assert list(frame["C1"]) == ["1", "1"] and list(frame["XacSuatXa"]) == ["0,35", "1"]


def test_real_dates_become_day_month_year():
    rows = [["QN-1", datetime(2019, 9, 3), "06649", 0.5, 1]]
    frame, _ = read_workbook("mau-1.xlsx", workbook(rows), HEADERS)
    assert frame.loc[0, "NgayPV"] == "03/09/2019"


def test_blank_rows_are_skipped_and_the_others_keep_their_row_number():
    frame, _ = read_workbook("mau-1.xlsx", workbook([ROWS[0], [], ROWS[1], []]), HEADERS)
    assert list(frame["_row"]) == [2, 4]


def test_blank_cells_are_missing():
    frame, _ = read_workbook("mau-1.xlsx", workbook([["QN-1", None, "06649", None, None]]), HEADERS)
    assert frame.loc[0, ["NgayPV", "XacSuatXa", "C1"]].isna().all()


def test_a_workbook_without_an_interview_has_no_rows():
    frame, _ = read_workbook("mau-1.xlsx", workbook([]), HEADERS)
    assert frame.empty and list(frame.columns)[: len(HEADERS)] == HEADERS


@pytest.mark.parametrize("line", ["DỮ LIỆU MẪU / SAMPLE DATA", "Dữ liệu mẫu", "sample data, 2019"])
def test_a_cover_that_says_sample_marks_the_rows(line):
    assert read_workbook("x.xlsx", workbook(cover=("", line)), HEADERS)[1]


def test_a_workbook_without_a_cover_is_not_sample_data():
    assert not read_workbook("x.xlsx", workbook(cover=None), HEADERS)[1]


# ---- refused


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_a_truncated_file_is_refused(kept):
    content = workbook()
    assert "damaged or is not an .xlsx" in refusal(content[: int(len(content) * kept)])


def test_a_file_whose_checksum_fails_is_refused():
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(stored, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    content = stored.getvalue()
    broken = content.replace(b"<sheetData>", b"<sheetDatb>", 1)
    assert broken != content
    message = refusal(broken)
    assert "damaged" in message and "Ask the field team for the file again" in message


def test_an_empty_file_is_refused():
    assert "damaged or is not an .xlsx" in refusal(b"")


def test_a_web_page_saved_as_xlsx_is_refused():
    page = f"<html><table><tr><td>{SECRET}</td></tr></table></html>".encode()
    assert "is not an .xlsx workbook" in refusal(page)


def test_another_kind_of_zip_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", SECRET)
    assert "is not an .xlsx workbook" in refusal(stream.getvalue())


def test_a_password_or_an_old_format_is_refused_with_what_to_do():
    message = refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "protected by a password" in message
    assert "Save it as .xlsx without a password" in message


def test_macros_are_refused():
    message = refusal(with_entry(workbook(), "xl/vbaProject.bin", b"x"))
    assert "carries macros" in message and "without macros" in message


def test_a_file_that_unpacks_to_far_too_much_is_refused_unread(monkeypatch):
    monkeypatch.setattr("dgi.ingest.workbooks.LARGEST_UNPACKED", 5000)
    assert "unpacks to" in refusal(workbook())


def test_a_missing_sheet_is_named():
    message = refusal(workbook(sheet="Sheet1"))
    assert "there is no sheet TraLoi" in message and "Sheet1" in message


def test_a_missing_column_is_named():
    message = refusal(workbook([row[:-1] for row in ROWS], HEADERS[:-1]))
    assert "sheet TraLoi, row 1, column C1: a column of the questionnaire is missing" in message


def test_a_column_nobody_declared_goes_no_further():
    rows = [[*row, SECRET] for row in ROWS]
    message = refusal(workbook(rows, [*HEADERS, "SoDienThoai"]))
    assert "column SoDienThoai: the questionnaire has no such column" in message


def test_a_header_that_stands_twice_is_refused():
    message = refusal(workbook([[*row, 1] for row in ROWS], [*HEADERS, "C1"]))
    assert "the questionnaire has no such column" in message


# ---- a folder


def test_a_folder_is_read_in_name_order_with_what_each_file_held(tmp_path):
    (tmp_path / "b.xlsx").write_bytes(workbook([ROWS[1]], cover=("SAMPLE DATA",)))
    (tmp_path / "a.xlsx").write_bytes(workbook([ROWS[0]]))
    table, delivered = read_district_year(tmp_path, HEADERS)
    assert list(table["_file"]) == ["a.xlsx", "b.xlsx"]
    assert list(table["is_sample"]) == [False, True]
    assert [(d.name, d.rows, d.is_sample, d.same_as) for d in delivered] == [
        ("a.xlsx", 1, False, None), ("b.xlsx", 1, True, None)]  # fmt: skip
    assert delivered[0].sha256 == hash_file(tmp_path / "a.xlsx")


def test_the_same_bytes_under_another_name_are_read_once(tmp_path):
    for name in ("a.xlsx", "copy of a.xlsx"):
        (tmp_path / name).write_bytes(workbook())
    table, delivered = read_district_year(tmp_path, HEADERS)
    assert len(table) == 2
    assert delivered[1].same_as == "a.xlsx" and delivered[1].rows == 0


def test_lock_files_and_hidden_files_are_no_deliveries(tmp_path):
    for name in ("~$a.xlsx", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "old").mkdir()
    (tmp_path / "a.xlsx").write_bytes(workbook())
    assert [path.name for path in list_workbooks(tmp_path)] == ["a.xlsx"]


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_a_workbook_is_refused_with_what_to_do(tmp_path, name):
    with pytest.raises(WorkbookError, match="no workbook was delivered"):
        read_district_year(tmp_path / name, HEADERS)


def test_one_bad_file_among_good_ones_is_named(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(workbook())
    (tmp_path / "b.xlsx").write_bytes(workbook()[:500])
    with pytest.raises(WorkbookError, match=r"/b\.xlsx: "):
        read_district_year(tmp_path, HEADERS)


def test_text_of_a_whole_folder_is_text_in_every_column(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(workbook())
    table, _ = read_district_year(tmp_path, HEADERS)
    assert all(isinstance(table[header].dtype, pd.StringDtype) for header in HEADERS)


def test_headers_below_row_one_are_refused_with_the_row_they_stand_in():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        page = book.add_worksheet("TraLoi")
        page.write_row(1, 0, HEADERS)
        page.write_row(2, 0, ROWS[0])
    assert "row 2" in refusal(stream.getvalue())


def test_a_first_row_that_is_an_interview_is_not_repeated_in_the_message():
    assert "row 1" in refusal(workbook(rows=ROWS[1:], headers=ROWS[1]))


def test_real_dates_among_typed_ones_read_alike():
    rows = [["a", "15/08/2019", "06649", 0.35, 1], ["b", datetime(2019, 9, 3), "06649", 0.35, 1]]
    frame, _ = read_workbook("x.xlsx", workbook(rows), HEADERS)
    assert frame["NgayPV"].tolist() == ["15/08/2019", "03/09/2019"]


def test_long_numeric_ids_keep_all_their_digits():
    rows = [[123456789012345, "15/08/2019", "06649", 0.35, 1]]
    frame, _ = read_workbook("x.xlsx", workbook(rows), HEADERS)
    assert frame["MaPhieu"].tolist() == ["123456789012345"]
    assert frame["XacSuatXa"].tolist() == ["0.35"]


def test_bytes_damaged_inside_a_sound_archive_are_refused():
    content = bytearray(workbook())
    at = content.index(b"xl/worksheets/sheet2.xml") + 60
    content[at : at + 40] = b"\xff" * 40
    refusal(bytes(content))
