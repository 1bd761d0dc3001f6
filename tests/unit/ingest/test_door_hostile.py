"""Belongs here: hostile and broken files at the door: refused or told of, none of them harmful.
Does not belong here: sound files (test_door_reading.py), a child that dies (test_door_guard.py)."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime

import pytest
from hostile_files import (
    AS_TEXT,
    MAIN,
    SECRET,
    build_bomb,
    build_ods,
    build_ole,
    build_raw_workbook,
    build_xls,
    flip_bits,
    inline,
    ods_cell,
    rezip,
    row,
    write_workbook,
)

from dgi.errors import WorkbookError
from dgi.ingest import prescan
from dgi.ingest.door import read_file
from dgi.ingest.prescan import Archive
from dgi.ingest.refusals import REFUSALS, REMARKS, Refused

SHEET = "xl/worksheets/sheet1.xml"
HEAD = row(1, inline("A1", "MaPhieu"), inline("B1", "C1"))


@pytest.fixture(autouse=True)
def siblings_stay_readable():
    """After every file of this module a sound one is read as if nothing had been."""
    yield
    assert read_file("sibling.xlsx", write_workbook()).sheets[0].frame.shape == (2, 4)


def refusal(content: bytes, key: str, name: str = "mau-1.xlsx"):
    """The fault of one kind, after making sure that all are bilingual and tell no answer."""
    with pytest.raises(WorkbookError) as caught:
        read_file(name, content)
    message = str(caught.value)
    assert SECRET not in message and "QN-1" not in message
    for fault in caught.value.faults:
        assert fault.where == name and fault.rule_vi and fault.action_vi and fault.action
    found = [one for one in caught.value.faults if one.rule == REFUSALS[key].rule]
    assert found, f"{key} is not among: {message}"
    return found[0]


def remarks(content: bytes, key: str, name: str = "mau-1.xlsx"):
    """The remarks of one kind about a file that is read."""
    found = [one for one in read_file(name, content).remarks if one.rule == REMARKS[key].rule]
    assert found, key
    assert all(one.rule_vi and one.action_vi and SECRET not in str(one) for one in found)
    return found


# ---- bombs


def test_a_sheet_that_unpacks_to_far_more_than_it_is_packed_is_refused():
    bomb = build_bomb(SHEET, b'<row r="1"><c r="A1"><v>1</v></c></row>', 20_000_000)
    assert len(bomb) < 200_000
    refusal(bomb, "packed_too_tight")


def test_one_giant_shared_string_is_refused():
    refusal(build_bomb("xl/sharedStrings.xml", b"A", 30_000_000), "packed_too_tight")


def test_a_file_that_unpacks_to_too_much_in_all_is_refused(monkeypatch):
    monkeypatch.setattr(prescan, "LARGEST_UNPACKED", 5000)
    with pytest.raises(Refused, match="unpacks_too_large"):
        Archive(write_workbook())


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(prescan, "MOST_PARTS", 5)
    with pytest.raises(Refused, match="too_many_parts"):
        Archive(write_workbook())


def test_a_cell_without_end_is_refused():
    noise = random.Random(1).randbytes(6_000_000).hex()  # cannot be packed tightly
    refusal(build_raw_workbook(HEAD + row(2, inline("A2", noise))), "cell_too_long")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    ],
    ids=["billion laughs", "outside file"],
)
@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_a_dtd_in_any_part_is_refused(dtd, part):
    def declare(xml: bytes) -> bytes:
        start, end = xml.split(b"?>", 1)
        return start + b"?>" + dtd.encode() + end

    refusal(rezip(write_workbook(), {part: declare}), "dtd")


@pytest.mark.parametrize("size", range(5, 40))
def test_a_dtd_is_seen_wherever_a_chunk_ends(monkeypatch, size):
    monkeypatch.setattr(prescan, "CHUNK", size)
    archive = Archive(rezip(write_workbook(), {SHEET: b"<a>" + b" " * 50 + b"<!DOCTYPE x>"}))
    with pytest.raises(Refused, match="dtd"):
        archive.check(SHEET)


def test_xml_in_another_encoding_that_would_hide_from_the_scan_is_refused():
    xml = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><worksheet/>'.encode("utf-16")
    refusal(rezip(write_workbook(), {SHEET: xml}), "part_encoding")


# ---- places


@pytest.mark.parametrize("far", ["XFD1048576", "XFD20001", "A1048576"])
def test_a_stray_cell_far_away_is_refused_where_it_makes_a_huge_sheet(far):
    rows = HEAD + row(2, inline("A2", "x")) + row(int(far.lstrip("XFDA")), inline(far, "x"))
    content = build_raw_workbook(rows)
    if far == "A1048576":  # two columns of a million rows can be held
        assert list(read_file("a.xlsx", content).sheets[0].frame.index) == [2, 1048576]
    else:
        fault = refusal(content, "sheet_too_wide")
        assert (fault.sheet, fault.column) == ("TraLoi", "XFD")


@pytest.mark.parametrize("place", ["XFE1", "A1048577", "A16777217", "ZZZZZ1"])
def test_a_cell_beyond_the_grid_is_refused(place):
    refusal(build_raw_workbook(HEAD + row(2, inline(place, "x"))), "beyond_grid")


def test_cells_without_a_place_of_their_own_are_counted():
    cells = "<c><v>1</v></c>" * 16385
    refusal(build_raw_workbook(f"<row>{cells}</row>"), "beyond_grid")


@pytest.mark.parametrize(
    "odd",
    ["<c  r='{0}'{1}", "<c s='0' r=\"{0}\"{1}", "<c\n r='{0}'{1}", '<c\tr="{0}" {1}'],
)
def test_a_cell_written_in_an_unusual_way_does_not_hide(odd):
    cell = odd.format("XFD1048576", "><v>1</v></c>")
    refusal(build_raw_workbook(f"{HEAD}<row>{cell}</row>"), "sheet_too_wide")


def test_a_name_space_before_every_tag_does_not_hide_a_cell():
    body = (f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
            '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
            '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>'
            "</x:sheetData></x:worksheet>")  # fmt: skip
    refusal(build_raw_workbook("", body=body), "sheet_too_wide")


@pytest.mark.parametrize("lie", ["A1:XFD1048576", "A1", "C2:B1"])
def test_a_dimension_that_lies_has_no_effect(lie):
    content = rezip(
        write_workbook(), {SHEET: lambda xml: xml.replace(b'"A1:D3"', f'"{lie}"'.encode())}
    )
    assert f'ref="{lie}"'.encode() in zipfile.ZipFile(io.BytesIO(content)).read(SHEET)
    assert read_file("a.xlsx", content).sheets[0].frame.to_numpy().tolist() == AS_TEXT


def test_a_million_rows_that_are_only_coloured_are_no_rows():
    blank = "".join(f'<row r="{at}"><c r="A{at}" s="1"/></row>' for at in range(3, 1_000_003))
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    content = build_raw_workbook(HEAD + row(2, inline("A2", "x")) + blank + far)
    frame = read_file("a.xlsx", content).sheets[0].frame
    assert list(frame.index) == [2] and frame.loc[2].notna().tolist() == [True, False]


def test_a_repeat_that_makes_a_huge_ods_sheet_is_refused():
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="9000">'
    rows = f'<table:table-row table:number-rows-repeated="900000">{cell}<text:p>x</text:p>'
    rows += "</table:table-cell></table:table-row>"
    table = f'<table:table table:name="T">{rows}</table:table>'
    refusal(build_ods(table), "sheet_too_wide", "mau-1.ods")


# ---- formulas and values from elsewhere


def with_cells(*cells: str) -> bytes:
    return build_raw_workbook(HEAD + row(2, *cells))


@pytest.mark.parametrize("empty", ["", "<v></v>", "<v/>"])
def test_a_formula_without_a_result_is_refused_with_its_cell(empty):
    fault = refusal(with_cells(f'<c r="B2"><f>SUM(1,1)</f>{empty}</c>'), "formula_without_value")
    assert (fault.sheet, fault.row, fault.column) == ("TraLoi", 2, "B")


def test_a_formula_with_its_result_is_read_and_told():
    content = with_cells(
        '<c r="A2" t="str"><f>1&amp;""</f><v></v></c>', '<c r="B2"><f>1+1</f><v>2</v></c>'
    )
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2, 1] == "2"
    assert [(one.row, one.column, one.value) for one in remarks(content, "formulas")] == [
        (2, "A", "1"), (2, "B", "1")]  # fmt: skip


@pytest.mark.parametrize("result", ["", "<v>1</v>"])
def test_a_call_of_another_program_is_refused(result):
    content = with_cells(f"<c r=\"A2\"><f>cmd|'/c calc'!A0</f>{result}</c>")
    fault = refusal(content, "dde")
    assert (fault.row, fault.column) == (2, "A")
    assert "calc" not in str(fault)


def test_a_dde_link_of_the_workbook_is_refused():
    link = f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="cmd" ddeTopic="x"/></externalLink>'
    content = rezip(write_workbook(), added=[("xl/externalLinks/externalLink1.xml", link.encode())])
    refusal(content, "dde")


def test_values_from_another_workbook_or_the_web_are_told():
    link = f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>'
    content = rezip(
        with_cells('<c r="A2"><f>_xlfn.WEBSERVICE("http://x")</f><v>7</v></c>',
                   '<c r="B2"><f>[1]Sheet1!A1</f><v>42</v></c>'),
        added=[("xl/externalLinks/externalLink1.xml", link.encode())],
    )  # fmt: skip
    assert remarks(content, "other_workbook")
    assert remarks(content, "web_values")[0].column == "A"
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2].tolist() == ["7", "42"]


@pytest.mark.parametrize("number", ["NaN", "INF", "-INF", "-Infinity", "1e400", "1E+309"])
def test_a_number_that_is_none_is_refused_with_its_cell(number):
    fault = refusal(with_cells(f'<c r="B2"><v>{number}</v></c>'), "not_finite")
    assert (fault.sheet, fault.row, fault.column) == ("TraLoi", 2, "B")


def test_the_largest_and_smallest_numbers_are_numbers():
    content = with_cells('<c r="A2"><v>1E-300</v></c>', '<c r="B2"><v>-2.5E-07</v></c>')
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2, 1] == "-0.00000025"


def test_an_error_cell_is_shown_as_excel_shows_it_and_told():
    content = with_cells('<c r="A2"><v>5</v></c>', '<c r="B2" t="e"><v>#DIV/0!</v></c>')
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2].tolist() == ["5", "#DIV/0!"]
    assert (remarks(content, "error_cells")[0].row, remarks(content, "error_cells")[0].column) == (
        2,
        "B",
    )


def test_a_column_of_nothing_but_errors_is_kept():
    content = with_cells('<c r="A2"><v>5</v></c>', '<c r="C2" t="e"><v>#N/A</v></c>')
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2, 2] == "#N/A"


@pytest.mark.parametrize(
    "number", ["123456789012345678", "1.2345678901234568E+17", "1.2345678901234568E17"]
)
def test_digits_that_excel_made_up_are_hidden_and_told(number):
    content = with_cells(f'<c r="A2"><v>{number}</v></c>', inline("B2", "123456789012345678"))
    frame = read_file("a.xlsx", content).sheets[0].frame
    assert frame.loc[2].tolist() == ["123456789012345???", "123456789012345678"]
    assert [(one.row, one.column) for one in remarks(content, "digits_lost")] == [(2, "A")]


# ---- parts and containers


def test_the_same_part_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        content = rezip(write_workbook(), added=[(SHEET, b"<worksheet/>")])
    refusal(content, "part_twice")


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil", "xl\\..\\..\\evil", "C:/evil"])
def test_a_part_with_a_path_outside_is_refused(name):
    refusal(rezip(write_workbook(), added=[(name, b"x")]), "part_path")


@pytest.mark.parametrize("name", ["mau-1.xlsm", "mau-1.xlsx"])
def test_macros_are_refused_whatever_the_name(name):
    refusal(rezip(write_workbook(), added=[("xl/vbaProject.bin", b"x")]), "macros", name)


def test_macros_of_an_ods_or_an_xls_are_refused():
    one_row = f"<table:table-row>{ods_cell('a')}</table:table-row>"
    table = f'<table:table table:name="T">{one_row}</table:table>'
    refusal(build_ods(table, [("Basic/Standard/Module1.xml", b"<x/>")]), "macros", "a.ods")
    refusal(build_ole({"Workbook": b"", "_VBA_PROJECT_CUR": b""}), "macros", "a.xls")


def test_a_password_is_told_of_a_workbook_an_ods_and_a_zip():
    refusal(build_ole({"EncryptedPackage": SECRET.encode()}), "password")
    manifest = rezip(build_ods("<table:table/>"), {"META-INF/manifest.xml": b"<encryption-data/>"})
    refusal(manifest, "password", "a.ods")
    locked = bytearray(write_workbook())
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    refusal(bytes(locked), "password")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("build", [write_workbook, lambda: build_xls([(0, 0, "a"), (1, 0, 1)])])
def test_a_truncated_file_is_refused(kept, build):
    content = build()
    with pytest.raises(WorkbookError, match=r"damaged or cut short|no visible sheet"):
        read_file("a.xlsx", content[: int(len(content) * kept)])


@pytest.mark.parametrize("content", [b"", b"  \r\n", b"\0" * 5000])
def test_an_empty_file_is_refused(content):
    refusal(content, "empty")


@pytest.mark.parametrize("name", ["mau-1.xls", "mau-1.xlsx"])
@pytest.mark.parametrize(
    "page",
    [
        "<html><table><tr><td>{0}</td></tr></table></html>",
        "\ufeff\n<!DOCTYPE html>\n<body>{0}",
        "<!-- x --> <TABLE><tr><td>{0}",
        "MIME-Version: 1.0\nContent-Type: multipart/related; {0}",
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{0}</html>',
    ],
)
def test_a_web_page_saved_as_a_workbook_is_refused_with_what_to_do(name, page):
    fault = refusal(page.format(SECRET).encode(), "web_page", name)
    assert "save it as .xlsx" in fault.action and "lưu lại thành .xlsx" in fault.action_vi
    refusal(page.format(SECRET).encode("utf-16"), "web_page", name)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
         "xml_workbook"),
        (b"%PDF-1.7 ...", "no_table"),
        (b'{"a": 1}', "no_table"),
        (b"\x09\x04\x06\x00" + b"\0" * 200 + b"x", "ancient_workbook"),
        (build_ole({"WordDocument": b""}), "no_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (rezip(write_workbook(), {"xl/workbook.xml": None}), "no_table"),
        (rezip(write_workbook(), {"xl/workbook.xml": None}, [("xl/workbook.bin", b"x")]),
         "binary_workbook"),
        (rezip(write_workbook(), {SHEET: None}), "damaged"),
        (rezip(write_workbook(), {"xl/workbook.xml": b"<workbook"}), "damaged"),
        (rezip(write_workbook(), {"xl/sharedStrings.xml": None}), "strings_missing"),
        (write_workbook([], []), "no_sheet"),
    ],
)  # fmt: skip
def test_what_is_no_sound_workbook_is_called_by_its_name(content, key):
    refusal(content, key)


def test_a_missing_strings_part_that_no_cell_needs_is_no_matter():
    content = build_raw_workbook(HEAD + row(2, inline("A2", "x"), '<c r="B2"><v>1</v></c>'))
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2].tolist() == ["x", "1"]


def test_a_file_with_any_one_byte_turned_is_read_alike_or_refused():
    content = write_workbook()
    sound = read_file("a.xlsx", content).sheets[0].frame
    refused = 0
    for at in range(0, len(content), 37):
        try:
            frame = read_file("a.xlsx", flip_bits(content, at)).sheets[0].frame
        except WorkbookError as error:
            assert SECRET not in str(error)
            refused += 1
        else:
            assert frame.equals(sound)
    assert refused > 20


def test_control_characters_spelled_as_escapes_are_taken_out():
    content = build_raw_workbook(HEAD + row(2, inline("A2", "a_x0000_b_x0007_c")))
    assert read_file("a.xlsx", content).sheets[0].frame.loc[2, 0] == "abc"


@pytest.mark.parametrize("extension", [b"", b'<extLst><ext><workbookPr x="1"/></ext></extLst>'])
def test_days_counted_from_1904_are_right_whatever_an_extension_says(extension):
    rows = [["a", date(2019, 8, 15), datetime(2019, 8, 15, 9, 30)]]
    content = rezip(
        write_workbook(rows, ["x", "y", "z"], date_1904=True),
        {"xl/workbook.xml": lambda xml: xml.replace(b"</workbook>", extension + b"</workbook>")},
    )
    frame = read_file("a.xlsx", content).sheets[0].frame
    assert frame.loc[2].tolist() == ["a", "15/08/2019", "15/08/2019 09:30:00"]
