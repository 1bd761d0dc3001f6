"""What is checked of an .ods before it is read: repeats, formulas, merged cells, macros, passwords.
Not here: sizes and names of the zip's parts (prescan.py), or workbooks of Excel (bookscan.py)."""

from __future__ import annotations

import html
import re

from dgi.ingest.bookscan import BookScan, describe_merged, find_old_font, letters
from dgi.ingest.cellscan import COLUMNS, LARGEST_EXTENT, ROWS
from dgi.ingest.prescan import Archive
from dgi.ingest.refusals import Note, Refused

SHOWN = 20
MACROS = re.compile(r"(?:Basic/(?!script-l[bc]\.xml)[^/]+/(?!script-l[bc]\.xml)|Scripts/).+")
TABLE = re.compile(rb'<table:table\s[^<>]*?table:name="([^"]*)"')
ROW = re.compile(rb"<table:table-row(\s[^<>]*)?(?:/>|>(.*?)</table:table-row>)", re.S)
CELL = re.compile(rb"<table:(?:covered-)?table-cell(\s[^<>]*?)?(/?)>")
ROW_REPEAT = re.compile(rb'number-rows-repeated="(\d{1,9})')
REPEAT = re.compile(rb'number-columns-repeated="(\d{1,9})')
SPAN = re.compile(rb'number-(?:rows|columns)-spanned="(?!1")\d')
FONT = re.compile(rb'(?:font-name|font-family)="&?(?:apos;)?([^"&]{2,40})')


def scan_ods(archive: Archive) -> BookScan:
    """Every part read once. Raises Refused with all that forbids reading."""
    if any(MACROS.fullmatch(name) for name in archive.names):
        raise Refused(Note("macros"))
    for name in archive.names:
        if name == "META-INF/manifest.xml":
            if b"encryption-data" in archive.read(name):
                raise Refused(Note("password"))
        elif name != "content.xml":
            archive.check(name)
    content = archive.read("content.xml")
    remarks: list[Note] = []
    refusals: list[Note] = []
    if any(find_old_font(name.decode(errors="replace")) for name in FONT.findall(content)):
        remarks.append(Note("old_font_somewhere"))
    starts = list(TABLE.finditer(content))
    ends = [table.start() for table in starts[1:]] + [len(content)]
    for table, end in zip(starts, ends, strict=True):
        name = html.unescape(table.group(1).decode(errors="replace"))
        _scan_table(name, content[table.end() : end], remarks, refusals)
    if refusals:
        raise Refused(*refusals)
    return BookScan({}, remarks)


def _scan_table(name: str, body: bytes, remarks: list[Note], refusals: list[Note]) -> None:
    """Rows of one sheet: how far the cells with content reach, and which are odd."""
    at, last_row, last_column = 1, 0, 0
    formulas: dict[int, list[int]] = {}
    merged: list[tuple[int, int]] = []
    for row in ROW.finditer(body):
        repeat = ROW_REPEAT.search(row.group(1) or b"")
        height = int(repeat.group(1)) if repeat else 1
        cells = row.group(2) or b""
        if b"office:value" in cells or b"<text:p" in cells or b"table:formula" in cells:
            last_row = at + height - 1
            last_column = max(last_column, _scan_row(name, at, cells, formulas, merged, refusals))
            if last_row > ROWS or last_column > COLUMNS:
                refusals.append(Note("beyond_grid", name))
                return
        at += height
    if last_row * last_column > LARGEST_EXTENT:
        refusals.append(Note("sheet_too_wide", name, last_row, letters(last_column)))
    remarks += describe_merged(name, merged)
    remarks += [
        Note("formulas", name, row, letters(column), str(count))
        for column, (row, count) in sorted(formulas.items())
    ]


def _scan_row(
    name: str, number: int, cells: bytes, formulas: dict[int, list[int]],
    merged: list[tuple[int, int]], refusals: list[Note],
) -> int:  # fmt: skip
    """The last column with content in one row."""
    if b"repeated" not in cells and b"spanned" not in cells and b"formula" not in cells:
        return cells.count(b"<table:table-cell")
    column, last = 1, 0
    for cell in CELL.finditer(cells):
        given = cell.group(1) or b""
        repeat = REPEAT.search(given)
        width = int(repeat.group(1)) if repeat else 1
        has_value = b"office:value-type" in given or b"calcext:value-type" in given
        if has_value or not cell.group(2):
            last = column + width - 1
        if SPAN.search(given):
            merged.append((number, column))
        if b"table:formula" in given:
            formulas.setdefault(column, [number, 0])[1] += width
            if not has_value and len(refusals) < SHOWN:
                refusals.append(Note("formula_without_value", name, number, letters(column)))
        column += width
    return last
