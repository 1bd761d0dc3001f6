"""Belongs here: text files at the door: encodings, separators, quotation marks, ragged rows, zips.
Does not belong here: workbooks (test_door_reading.py), or decoding letters of old fonts."""

from __future__ import annotations

import io
import zipfile

import pandas as pd
import pytest
from hostile_files import SECRET
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.errors import WorkbookError
from dgi.ingest.door import read_file
from dgi.ingest.refusals import REFUSALS, REMARKS
from dgi.ingest.sheets import Declared

TEXT = "MaXa,Tên\n06652,Đầm Hà\n00123,Cô Tô\n"
ROWS = [["06652", "Đầm Hà"], ["00123", "Cô Tô"]]


def read(text: str | bytes, declared: Declared | None = None, name: str = "a.csv"):
    content = text.encode() if isinstance(text, str) else text
    return read_file(name, content, declared).sheets[0]


def refusal(text: str | bytes, key: str, declared: Declared | None = None):
    with pytest.raises(WorkbookError) as caught:
        read(text, declared)
    assert SECRET not in str(caught.value)
    fault = caught.value.faults[0]
    assert fault.rule == REFUSALS[key].rule and fault.rule_vi and fault.action_vi
    return fault


def zipped(**files: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx"])
def test_a_text_table_named_as_a_workbook_is_read_as_what_it_is_and_told(name):
    file = read_file(name, "MaPhieu,Tên\n0012345678,Đầm Hà\n".encode())
    told = [(one.rule, one.value) for one in file.remarks]
    assert file.format == "csv" and told == [(REMARKS["extension"].rule, "csv")]
    assert file.sheets[0].frame.to_numpy().tolist() == [["0012345678", "Đầm Hà"]]


# ---- encodings


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_that_the_file_proves_needs_no_declaration(codec):
    sheet = read(TEXT.encode(codec))
    assert sheet.header == ("MaXa", "Tên") and sheet.frame.to_numpy().tolist() == ROWS
    assert list(sheet.frame.index) == [2, 3] and not sheet.fonts


def test_utf_16_with_its_bytes_the_other_way_round_is_read():
    assert read(b"\xfe\xff" + TEXT.encode("utf-16-be")).frame.to_numpy().tolist() == ROWS


@pytest.mark.parametrize("codec", ["cp1258", "latin-1"])
def test_any_other_encoding_is_refused_with_the_row_and_what_to_declare(codec):
    text = "a,b\nx,y\nx,\xe9\xe8\n"
    fault = refusal(text.encode(codec), "encoding_unknown")
    assert fault.row == 3 and "cp1258" in fault.action and "tcvn3" in fault.action_vi


def test_utf_16_without_its_mark_is_refused_until_it_is_declared():
    content = TEXT.encode("utf-16-le")
    assert refusal(content, "encoding_unknown").value == "utf-16"
    assert read(content, Declared(encoding="utf-16-le")).frame.to_numpy().tolist() == ROWS


def test_cp1258_when_declared_is_put_together_again():
    text = "Tên,n\nĐầm Hà,1\n"
    content = "Tên,n\nĐầm Hà,1\n".replace("ầ", "â\u0300").encode("cp1258")
    sheet = read(content, Declared(encoding="cp1258"))
    assert sheet.header == ("Tên", "n") and sheet.frame.loc[2, 0] == text.split("\n")[1][:-2]


@pytest.mark.parametrize("font", ["tcvn3", "vni"])
def test_text_in_an_old_font_is_passed_on_with_its_name(font):
    sheet = read("a,b\nHuyÖn C« T«,1\n".encode("cp1252"), Declared(encoding=font))
    assert sheet.frame.loc[2, 0] == "HuyÖn C« T«" and sheet.fonts == {0: font, 1: font}


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "hex", "idna", ""])
def test_an_encoding_that_is_none_is_refused(encoding):
    refusal(TEXT, "no_such_encoding", Declared(encoding=encoding))


def test_a_wrong_declaration_is_refused_with_the_row():
    assert refusal(b"a,b\nx,\xff\n", "encoding_wrong", Declared(encoding="ascii")).row == 2


def test_nul_bytes_are_refused_with_the_row():
    assert refusal(f"a,b\nx,y\n{SECRET},\0\n", "nul").row == 3


# ---- separators


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_all_rows_agree_about(mark):
    text = TEXT.replace(",", mark) + f'"x{mark}y"{mark}"1 234"\n'
    assert read(text).frame.to_numpy().tolist() == [*ROWS, [f"x{mark}y", "1 234"]]


def test_a_decimal_comma_beside_semicolons_is_no_separator():
    assert read("a;b\n1,5;2,5\n3,5;4\n").frame.to_numpy().tolist() == [["1,5", "2,5"], ["3,5", "4"]]


def test_two_separators_that_both_agree_are_refused_until_one_is_declared():
    text = "a,b;c,d\n1,2;3,4\n"
    refusal(text, "separator_unclear")
    assert read(text, Declared(separator=";")).header == ("a,b", "c,d")


def test_the_line_by_which_excel_names_the_separator_is_obeyed_and_counted():
    sheet = read("sep=;\na;b\n1,0;2,0\n")
    assert (sheet.header, sheet.header_row) == (("a", "b"), 2)
    assert sheet.frame.loc[3].tolist() == ["1,0", "2,0"]


def test_one_column_needs_no_separator():
    assert read("MaXa\n06652\n00123\n").frame[0].tolist() == ["06652", "00123"]


# ---- rows


def test_ragged_rows_are_refused_by_their_numbers():
    with pytest.raises(WorkbookError) as caught:
        read(f"a,b\n1,2\n{SECRET}\n1,2,3\n1,2\n")
    assert [(one.row, one.value) for one in caught.value.faults] == [(3, "1 / 2"), (4, "3 / 2")]
    assert SECRET not in str(caught.value)


def test_blank_cells_too_many_at_the_end_of_a_row_are_no_matter():
    assert read("a,b\n1,2,,\n3,4\n").frame.to_numpy().tolist() == [["1", "2"], ["3", "4"]]


def test_blank_rows_count_and_a_line_break_within_quotation_marks_does_not():
    sheet = read('a,b\r\n1,"x\r\ny"\r\n\r\n,\r\n2,""\r\n')
    assert list(sheet.frame.index) == [2, 5]
    assert sheet.frame.loc[2, 1] == "x\r\ny" and pd.isna(sheet.frame.loc[5, 1])


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_row():
    assert refusal(f'a,b\n1,2\n3,"{SECRET}\n4,5\n', "quotes", Declared(separator=",")).row == 3


def test_a_header_alone_has_no_rows():
    sheet = read("a,b\n")
    assert sheet.header == ("a", "b") and sheet.frame.empty and list(sheet.frame.columns) == [0, 1]


CELLS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
)
def test_quoted_cells_come_back_as_they_were(rows, mark):
    lines = [["x", "y", "z"], *rows]
    text = "\n".join(mark.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line)
                     for line in lines)  # fmt: skip
    frame = read(text, Declared(separator=mark)).frame
    for number, line in enumerate(rows, start=2):
        for column, cell in enumerate(line):
            if cell.strip():
                assert frame.loc[number, column] == cell


# ---- archives of text files


def test_an_archive_of_one_csv_for_each_repeat_is_one_file():
    content = zipped(**{
        "ho.csv": "SubmissionDate,KEY\n2019-08-01T09:00:00.000Z,uuid:1\n",
        "ho-nguoi.csv": "tuoi,PARENT_KEY,KEY\n035,uuid:1,uuid:1/nguoi[1]\n",
        "media__anh.jpg": "x",
    })  # fmt: skip
    file = read_file("ho.csv.zip", content)
    assert file.format == "csv" and [sheet.name for sheet in file.sheets] == ["ho-nguoi", "ho"]
    assert file.sheets[0].frame.loc[2].tolist() == ["035", "uuid:1", "uuid:1/nguoi[1]"]
    assert [(one.rule, one.value) for one in file.remarks] == [(REMARKS["parts_unread"].rule, "1")]


def test_a_fault_in_an_archive_names_the_file_inside():
    with pytest.raises(WorkbookError) as caught:
        read_file("x.zip", zipped(**{"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n1\n"}))
    assert [(one.sheet, one.row) for one in caught.value.faults] == [("b", 2)]


@pytest.mark.parametrize("files", [{"a.jpg": "x"}, {"a.csv": ""}])
def test_an_archive_without_any_table_is_refused(files):
    with pytest.raises(WorkbookError, match=r"no table|no visible sheet"):
        read_file("x.zip", zipped(**files))
