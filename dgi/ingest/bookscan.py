"""What is checked of an .xlsx before it is read: its sheets, styles, links and every cell's place.
Not here: sizes and names of the zip's parts (prescan.py), or one sheet's XML (cellscan.py)."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dgi.ingest.cellscan import LARGEST_EXTENT, SheetScan, Styles, scan_cells
from dgi.ingest.prescan import Archive
from dgi.ingest.refusals import Note, Refused

SHOWN = 20  # places named of one kind in one sheet
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # built in
NOT_A_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|General|_.|\*.')
OLD_FONTS = ((re.compile(r"\.vn", re.I), "tcvn3"), (re.compile(r"vni[- ]", re.I), "vni"))


@dataclass(frozen=True)
class BookScan:
    """Visible sheets with what was found in each, and remarks about the whole.

    `spaced`: parts of sheets with numbers that the reader cannot take as they are.
    """

    sheets: dict[str, SheetScan]
    remarks: list[Note]
    spaced: tuple[str, ...] = ()


def scan_book(archive: Archive) -> BookScan:
    """Every part read once, each cell placed. Raises Refused with all that forbids reading."""
    listed, from_1904 = _list_sheets(archive)
    styles = _read_styles(archive, from_1904)
    remarks: list[Note] = []
    refusals: list[Note] = []
    visible = {}
    parts = {part for _, _, part in listed}
    for name, state, part in listed:
        if state != "visible":
            remarks.append(Note("hidden_sheet", sheet=name, value=state))
            archive.check(part)
        elif "/worksheets/" in part:
            scan = scan_cells(archive.chunks(part), styles)
            visible[name] = scan
            refusals += _refusals_of(name, scan)
            remarks += _remarks_of(name, scan)
    remarks += _read_other_parts(archive, parts, refusals)
    if not any(name.lower().endswith("sharedstrings.xml") for name in archive.names):
        if any(scan.texts for scan in visible.values()):
            refusals.append(Note("strings_missing"))
        elif any("sharedStrings" in text for text in _content_types(archive)):
            remarks.append(Note("strings_missing"))
    if refusals:
        raise Refused(*refusals)
    spaced = tuple(
        part for name, _, part in listed if name in visible and visible[name].has_spaced_numbers
    )
    return BookScan(visible, remarks, spaced)


def letters(column: int) -> str:
    """A column's letters: 1 -> A, 28 -> AB."""
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def describe_merged(sheet: str, places: list[tuple[int, int]]) -> list[Note]:
    """One remark on a sheet's merged cells, (row, column) from 1: how many, and the first."""
    if not places:
        return []
    row, column = min(places)
    return [Note("merged", sheet, row, letters(column), str(len(places)))]


def find_old_font(name: str) -> str | None:
    """'tcvn3' or 'vni' for the name of an old Vietnamese font, None for any other."""
    return next((kind for pattern, kind in OLD_FONTS if pattern.match(name)), None)


def _parse(archive: Archive, part: str) -> Any:
    """A small XML part as a tree."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        return ElementTree.fromstring(archive.read(part), forbid_dtd=True)
    except DefusedXmlException:
        raise Refused(Note("dtd")) from None
    except (ElementTree.ParseError, KeyError, ValueError):
        raise Refused(Note("damaged")) from None


def _list_sheets(archive: Archive) -> tuple[list[tuple[str, str, str]], bool]:
    """Name, state and part of each sheet in order; and whether days count from 1904."""
    links = {}
    for link in _parse(archive, "xl/_rels/workbook.xml.rels"):
        target = link.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        links[link.get("Id")] = posixpath.normpath(path)
    sheets, from_1904 = [], False
    for tag in _parse(archive, "xl/workbook.xml").iter():
        kind = tag.tag.rpartition("}")[2]
        if kind == "workbookPr":
            # An extension may bring a second such tag without the mark.
            from_1904 = from_1904 or tag.get("date1904", "") in ("1", "true", "on")
        if kind != "sheet":
            continue
        identity = next((value for key, value in tag.attrib.items() if key.endswith("}id")), None)
        part = links.get(identity)
        if part is None or part not in archive.names:
            raise Refused(Note("damaged"))
        sheets.append((tag.get("name", ""), tag.get("state", "visible"), part))
    if len({name.casefold() for name, _, _ in sheets}) < len(sheets):
        raise Refused(Note("part_twice"))
    return sheets, from_1904


def _content_types(archive: Archive) -> list[str]:
    part = "[Content_Types].xml"
    return [archive.read(part).decode(errors="replace")] if part in archive.names else []


def _read_styles(archive: Archive, from_1904: bool) -> Styles:
    """What each cell style means for reading its text."""
    if "xl/styles.xml" not in archive.names:
        return Styles(from_1904=from_1904)
    tree = _parse(archive, "xl/styles.xml")
    space = tree.tag.rpartition("}")[0] + "}" if "}" in tree.tag else ""
    formats = {
        int(given.get("numFmtId", 0)): given.get("formatCode", "")
        for given in tree.iter(f"{space}numFmt")
    }
    fonts = []
    for font in tree.findall(f"{space}fonts/{space}font"):
        name = font.find(f"{space}name")
        fonts.append(find_old_font(name.get("val", "")) if name is not None else None)
    dates, padded, old = set(), {}, {}
    for number, style in enumerate(tree.findall(f"{space}cellXfs/{space}xf")):
        given = int(style.get("numFmtId", 0))
        code = formats.get(given, "")
        if given in DATE_FORMATS or re.search("[dmyhs]", NOT_A_DATE.sub("", code), re.I):
            dates.add(number)
        elif re.fullmatch("0{2,15}", code):
            padded[number] = len(code)
        font = int(style.get("fontId", 0))
        own = fonts[font] if font < len(fonts) else None
        if own:
            old[number] = own
    return Styles(frozenset(dates), padded, old, from_1904)


def _read_other_parts(archive: Archive, sheets: set[str], refusals: list[Note]) -> list[Note]:
    """Everything that is no sheet: read for its checksum, and for links to elsewhere."""
    remarks = set()
    for part in archive.names:
        if part in sheets:
            continue
        is_link = part.startswith("xl/externalLinks/") and part.endswith(".xml")
        has_fonts = part.lower().endswith("sharedstrings.xml")
        if is_link or part == "xl/connections.xml":
            remarks.add(Note("other_workbook"))
        before = b""
        for chunk in archive.chunks(part):
            text, before = before + chunk, chunk[-200:]
            if is_link and b"ddeLink" in text and Note("dde") not in refusals:
                refusals.append(Note("dde"))
            if has_fonts and re.search(rb"""rFont val=["'](?:\.Vn|VNI[- ])""", text):
                remarks.add(Note("old_font_somewhere"))
    return sorted(remarks)


def _refusals_of(sheet: str, scan: SheetScan) -> list[Note]:
    """Why a sheet must not be read."""
    if scan.extent > LARGEST_EXTENT:
        return [Note("sheet_too_wide", sheet, scan.last_row, letters(scan.last_column))]
    notes = [
        Note(key, sheet, row, letters(column))
        for key, places in (
            ("formula_without_value", scan.empty_formulas), ("not_finite", scan.not_finite),
        )
        for row, column in places[:SHOWN]
    ]  # fmt: skip
    if "dde" in scan.calls:
        row, column = scan.calls["dde"]
        notes.append(Note("dde", sheet, row, letters(column)))
    return notes


def _remarks_of(sheet: str, scan: SheetScan) -> list[Note]:
    """What is odd in a sheet, by column where there may be many cells of a kind."""
    notes = []
    if scan.hidden_rows:
        count = len(scan.hidden_rows)
        notes.append(Note("hidden_rows", sheet, scan.hidden_rows[0], value=str(count)))
    notes += [Note("hidden_columns", sheet, column=letters(at)) for at in scan.hidden_columns]
    notes += describe_merged(sheet, scan.merged)
    notes += [
        Note("formulas", sheet, row, letters(column), str(count))
        for column, (row, count) in sorted(scan.formulas.items())
    ]
    if "web_values" in scan.calls:
        row, column = scan.calls["web_values"]
        notes.append(Note("web_values", sheet, row, letters(column)))
    for key, places in (
        ("digits_lost", scan.long), ("error_cells", [place[:2] for place in scan.errors]),
    ):  # fmt: skip
        first: dict[int, int] = {}
        for row, column in places:
            first.setdefault(column, row)
        counts = Counter(column for _, column in places)
        notes += [
            Note(key, sheet, row, letters(column), str(counts[column]))
            for column, row in sorted(first.items())
        ]
    notes += [
        Note("old_font", sheet, column=letters(column), value=font)
        for font, places in sorted(scan.fonts.items())
        for column in sorted({int(at) for block in places for at in block[:, 1]})
    ]
    return notes
