"""Reads xlsx, xls and ods: all cells as the text a person sees, through one reader (calamine).
Not here: what was checked before (bookscan.py, odsscan.py), or text files (delimited.py)."""

from __future__ import annotations

import logging
import re
from typing import Any

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dgi.ingest.bookscan import BookScan, find_old_font, scan_book
from dgi.ingest.cellscan import SheetScan, write_out
from dgi.ingest.odsscan import scan_ods
from dgi.ingest.prescan import Archive
from dgi.ingest.readers.tables import (
    Reading,
    Table,
    blank_to_null,
    cut_at_header,
    hide_made_up_digits,
)
from dgi.ingest.refusals import Note, Refused

logging.getLogger("fastexcel").setLevel(logging.CRITICAL)

MOMENT = r"^(\d{4})-(\d\d)-(\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?$"
# Excel counts days from 1900: a time of day alone comes as a moment of the day before that.
CLOCK = r"^(?:1899-12-3[01]|1904-01-01|1900-01-00)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?$"
MIDNIGHT = r"^(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00:00(?:\.0+)?)?$"
FRACTION = r"^-?\d+\.\d+$"
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f]"


def read_xlsx(content: bytes, archive: Archive) -> Reading:
    """A workbook that passed its scan. Raises Refused."""
    scan = scan_book(archive)
    if scan.spaced:
        content = archive.rewrite(dict.fromkeys(scan.spaced, _take_spaces_off))
    return _read(content, "xlsx", scan)


def read_ods(content: bytes, archive: Archive) -> Reading:
    """An OpenDocument sheet. Raises Refused."""
    return _read(content, "ods", scan_ods(archive))


def read_xls(content: bytes) -> Reading:
    """An old binary workbook; its fonts, hidden rows and formulas are not told by the reader."""
    remarks = []
    for name in re.findall(
        rb"(?:\x2e\x00V\x00n\x00|V\x00N\x00I\x00-\x00)|\x2eVn[A-Z]|VNI-", content
    ):
        if find_old_font(name.replace(b"\x00", b"").decode() + " "):
            remarks.append(Note("old_font_somewhere"))
            break
    return _read(content, "xls", BookScan({}, remarks))


def _take_spaces_off(sheet: bytes) -> bytes:
    """White space around numbers, which some programs write and the reader stumbles over."""
    return re.sub(rb"v>\s*([-+\d.eE]+)\s*</", rb"v>\1</", sheet)


def _read(content: bytes, kind: str, scan: BookScan) -> Reading:
    """The visible sheets through the reader."""
    remarks, tables = list(scan.remarks), []
    try:
        book = fastexcel.read_excel(content)
        for name in book.sheet_names:
            if kind == "xlsx" and name not in scan.sheets:
                continue
            sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            if sheet.visible != "visible":
                remarks.append(Note("hidden_sheet", sheet=name, value=sheet.visible))
                continue
            table = _as_table(book, sheet, scan.sheets.get(name))
            if table is not None:
                tables.append(table)
    except fastexcel.FastExcelError as error:
        raise Refused(Note("password" if "assword" in str(error) else "damaged")) from None
    if not tables:
        raise Refused(Note("no_sheet"))
    return Reading(kind, tuple(tables), tuple(remarks))


def _as_table(
    book: fastexcel.ExcelReader, sheet: fastexcel.ExcelSheet, scan: SheetScan | None
) -> Table | None:
    """One sheet, its columns counted from A and its rows from 1."""
    batch = pa.record_batch(sheet.to_arrow())
    if batch.num_rows == 0 or batch.num_columns == 0:
        return None
    texts = [_as_plain(column) for column in batch.columns]
    if scan is None:
        texts = [_show_moments(column) for column in _write_out(book, sheet.name, texts)]
    left = sheet.available_columns()[0].absolute_index
    blank = pa.nulls(batch.num_rows, pa.string())
    columns = [blank] * left + texts
    fonts: dict[int, str] = {}
    if scan is not None:
        columns = _show_as_seen(columns, scan)
        fonts = _take_fonts(columns, scan)
    return cut_at_header(sheet.name, columns, fonts)


def _take_fonts(columns: list[pa.Array], scan: SheetScan) -> dict[int, str]:
    """Columns typed in an old font throughout, for a later step to decode.

    Where other cells of the column hold Vietnamese in Unicode (often its header), decoding the
    whole column would garble these, so the old cells are decoded here, by their places.
    """
    fonts: dict[int, str] = {}
    for font, blocks in scan.fonts.items():
        places = np.concatenate(blocks)
        for column in np.unique(places[:, 1]).tolist():
            values, of_column = columns[column - 1], places[places[:, 1] == column]
            others = _change(values, of_column, lambda cells: pa.nulls(len(cells), pa.string()))
            if pc.any(pc.match_substring_regex(others, r"[^\x00-\x7f]")).as_py():
                from dgi.facts.legacy_fonts import DECODERS

                decode = DECODERS[font]
                columns[column - 1] = _change(
                    values, of_column,
                    lambda cells, decode=decode: pa.array(
                        [text and decode(text) for text in cells.to_pylist()], pa.string()
                    ),
                )  # fmt: skip
            else:
                fonts[column - 1] = font
    return fonts


def _write_out(book: fastexcel.ExcelReader, name: str, columns: list[pa.Array]) -> list[pa.Array]:
    """Numbers with all their decimals, where the reader kept nine; truth values as Excel's."""
    columns = [_show_truth(column) for column in columns]
    patterned = [pc.fill_null(pc.match_substring_regex(one, FRACTION), False) for one in columns]
    if not any(pc.any(mask).as_py() for mask in patterned):
        return columns
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="float")
    numbers = pa.record_batch(sheet.to_arrow()).columns
    if len(numbers) != len(columns) or len(numbers[0]) != len(columns[0]):
        return columns
    written = []
    for column, mask, exact in zip(columns, patterned, numbers, strict=True):
        rounded = pc.cast(pc.if_else(mask, column, None), pa.float64())
        differs = pc.fill_null(pc.not_equal(rounded, exact), False)
        texts = [write_out(number) for number in pc.filter(exact, differs).to_pylist()]
        written.append(pc.replace_with_mask(column, differs, pa.array(texts, pa.string())))
    return written


def _show_truth(column: pa.Array) -> pa.Array:
    """true and false in capitals, as both languages of Excel show them."""
    is_truth = pc.fill_null(pc.is_in(column, pa.array(["true", "false"])), False)
    return (
        pc.if_else(is_truth, pc.utf8_upper(column), column) if pc.any(is_truth).as_py() else column
    )


def _as_plain(column: pa.Array) -> pa.Array:
    """Arrow's ordinary strings, however the reader packs them; blanks as missing."""
    return blank_to_null(column if pa.types.is_string(column.type) else column.cast(pa.string()))


def _show_moments(column: pa.Array) -> pa.Array:
    """Dates as dd/mm/yyyy, moments with their time, times of day alone as HH:MM:SS."""
    if column.null_count == len(column):
        return column
    if not pc.any(pc.match_substring_regex(column, r"^\d{4}-\d\d-\d\d")).as_py():
        return column
    text = pc.replace_substring_regex(column, CLOCK, r"\1")
    text = pc.replace_substring_regex(text, MIDNIGHT, r"\3/\2/\1")
    return pc.replace_substring_regex(text, MOMENT, r"\3/\2/\1 \4")


def _show_as_seen(columns: list[pa.Array], scan: SheetScan) -> list[pa.Array]:
    """Cells that are shown otherwise than they are kept, by their exact places."""
    changes: dict[int, list[tuple[np.ndarray, Any]]] = {}

    def note(blocks: list[np.ndarray], how: Any) -> None:
        if not blocks:
            return
        places = np.concatenate(blocks)
        for column in np.unique(places[:, 1]):
            changes.setdefault(int(column), []).append((places[places[:, 1] == column], how))

    note(scan.dates, _show_moments)
    note(scan.booleans, pc.utf8_upper)
    note(scan.padded, "pad")
    if scan.long:
        note([np.array(scan.long)], _show_lost_digits)
    known = [*scan.exact, *scan.errors]
    if known:
        rows, at, texts = zip(*sorted(known), strict=True)
        places, words = np.column_stack([rows, at]), pa.array(texts, pa.string())
        for column in np.unique(places[:, 1]):
            of_column = places[:, 1] == column
            changes.setdefault(int(column), []).append(
                (places[of_column], words.filter(pa.array(of_column)))
            )
    columns = list(columns)
    for position, wanted in changes.items():
        if position > len(columns):  # nothing but errors there: the reader saw a blank column
            columns += [pa.nulls(len(columns[0]), pa.string())] * (position - len(columns))
        values = columns[position - 1]
        for places, how in wanted:
            values = _change(values, places, how)
        columns[position - 1] = values
    if scan.has_escapes:
        columns = [
            blank_to_null(pc.replace_substring_regex(column, CONTROL, "")) for column in columns
        ]
    return columns


def _change(values: pa.Array, places: np.ndarray, how: Any) -> pa.Array:
    """One column with the cells at some rows shown in another way."""
    rows = places[:, 0] - 1
    inside = rows < len(values)
    rows, places = rows[inside], places[inside]
    mask = np.zeros(len(values), dtype=bool)
    mask[rows] = True
    if how == "pad":
        digits = np.zeros(len(values), dtype=np.int64)
        digits[rows] = places[:, 2]
        padded = values
        for width in np.unique(places[:, 2]):
            padded = pc.if_else(pa.array(digits == width),
                                pc.utf8_lpad(values, int(width), "0"), padded)  # fmt: skip
        is_whole = pc.fill_null(pc.match_substring_regex(values, r"^\d+$"), False)
        return pc.if_else(is_whole, padded, values)
    if isinstance(how, pa.Array):
        return pc.replace_with_mask(values, pa.array(mask), how.filter(pa.array(inside)))
    return pc.if_else(pa.array(mask), how(values), values)


def _show_lost_digits(column: pa.Array) -> pa.Array:
    """The 15 digits that a number keeps, and '?' for each that is made up."""
    return pa.array(
        [text and hide_made_up_digits(text) for text in column.to_pylist()], pa.string()
    )
