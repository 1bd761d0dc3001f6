"""The cells of one xlsx sheet, streamed: how far they reach, which need care, what is odd.
Not here: finding where they stand (cellplaces.py), their values, or which sheets there are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from dgi.ingest.cellplaces import (
    FORMULA_TEXT,
    LETTER_B,
    LETTER_D,
    LETTER_E,
    LETTER_I,
    LETTER_N,
    LETTER_S,
    Cells,
    Counter,
    cut_at_cells,
    locate,
    number_column,
    read_attribute,
)
from dgi.ingest.refusals import Note, Refused

ROWS, COLUMNS = 1_048_576, 16_384
# The reader lays out the whole rectangle between the outermost cells, 24 bytes for each: what
# 200 MB of XML can fill (7 million cells) always fits, a stray cell at XFD1048576 never does.
LARGEST_EXTENT = 20_000_000
NUMBER_TYPES = (0, LETTER_N)

HIDDEN = re.compile(rb"""<(row|col)\s[^<>]*?hidden\s*=\s*["'](?:1|true)["'][^<>]*>""")
MERGED = re.compile(rb"""<mergeCell\s[^<>]*?ref\s*=\s*["']([A-Z]+)([0-9]+)""")
FORMULA = re.compile(rb"<f(?:\s[^<>]*?)?(?:/>|>([^<]*)</f>)\s*(<v>[^<]+</)?")
DDE = re.compile(rb"[\w' .-]+\|[^!]+!")
WEB_FUNCTIONS = (b"WEBSERVICE", b"FILTERXML", b"IMAGE(", b"RTD(")
# Most numbers are plain and short; only the others are looked at one by one. The reader writes
# out no more than nine decimals, which takes at least twelve characters to exceed.
ODD_NUMBER = re.compile(rb"<v>(?![\d.-]{1,11}<|-?\d{12,15}<)\s*([^<]{1,400})<")
SIXTEEN_DIGITS = 1e15  # Excel keeps fifteen; of a longer number some are made up
VALUE = re.compile(rb"<c[^<>]*><v>([\d.]{1,20})<")
FIRST_OF_1904 = datetime(1904, 1, 1)
ERROR = re.compile(
    rb"<c [^<>]*?t=[\"']e[\"'][^<>]*>(?:<f[^<>]*(?:/>|>[^<]*</f>))?<v>(#[A-Z/0!?]{3,12})<"
)


@dataclass(frozen=True)
class Styles:
    """What the cell styles of a workbook mean, by their number.

    `dates`: shown as a date or time. `padded`: number -> digits shown (format "00000").
    `fonts`: number -> 'tcvn3' or 'vni'. `from_1904`: whether days count from 1904.
    """

    dates: frozenset[int] = frozenset()
    padded: dict[int, int] = field(default_factory=dict)
    fonts: dict[int, str] = field(default_factory=dict)
    from_1904: bool = False


@dataclass
class SheetScan:
    """What was found in a sheet. Places are arrays or lists of (row, column), both from 1."""

    last_row: int = 0
    last_column: int = 0
    first_row: int = ROWS + 1
    first_column: int = COLUMNS + 1
    texts: int = 0  # cells that point into the shared strings
    dates: list[np.ndarray] = field(default_factory=list)  # of shape (n, 2)
    booleans: list[np.ndarray] = field(default_factory=list)
    padded: list[np.ndarray] = field(default_factory=list)  # of shape (n, 3): digits last
    fonts: dict[str, list[np.ndarray]] = field(default_factory=dict)  # text cells by old font
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    exact: list[tuple[int, int, str]] = field(default_factory=list)  # what the reader would round
    long: list[tuple[int, int]] = field(default_factory=list)
    not_finite: list[tuple[int, int]] = field(default_factory=list)
    formulas: dict[int, list[int]] = field(default_factory=dict)  # column -> [first row, count]
    empty_formulas: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)
    calls: dict[str, tuple[int, int]] = field(default_factory=dict)  # dde, web_values -> first
    has_escapes: bool = False
    has_spaced_numbers: bool = False  # <v> 41</v>: Excel reads it, calamine does not

    @property
    def extent(self) -> int:
        """Cells of the rectangle between the outermost ones."""
        if self.last_row == 0:
            return 0
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)


def scan_cells(chunks: Iterable[bytes], styles: Styles) -> SheetScan:
    """One pass over a sheet's XML in bounded memory. Raises Refused for cells beyond the grid."""
    scan = SheetScan()
    counter = Counter()
    for piece in cut_at_cells(chunks):
        cells = None if counter.is_needed else locate(piece)
        if cells is None:
            # Cells without a place of their own count on from the one before, so once one such
            # chunk was met the rest is counted, too.
            cells = counter.locate(piece)
        elif len(cells.rows):
            counter.row, counter.column = int(cells.rows[-1]), int(cells.columns[-1])
        _take_in(scan, piece, cells, styles)
    return scan


def _take_in(scan: SheetScan, piece: bytes, cells: Cells, styles: Styles) -> None:
    """Add what one piece of a sheet holds to what is known of it."""
    if len(cells.rows):
        if cells.rows.max() > ROWS or cells.columns.max() > COLUMNS or cells.rows.min() < 1:
            raise Refused(Note("beyond_grid"))
        _take_places(scan, cells, styles)
    scan.has_escapes = scan.has_escapes or b"_x00" in piece
    if b"hidden" in piece:
        for tag in HIDDEN.finditer(piece):
            if tag.group(1) == b"col":
                scan.hidden_columns.append(read_attribute(tag.group(), b"min"))
            elif not tag.group().endswith(b"/>"):
                scan.hidden_rows.append(read_attribute(tag.group(), b"r"))
    if b"<mergeCell" in piece:
        for merge in MERGED.finditer(piece):
            scan.merged.append((int(merge.group(2)[:9]), number_column(merge.group(1))))
    if b"<f" in piece:
        _take_formulas(scan, piece, cells)
    _take_odd_numbers(scan, piece, cells, styles)
    if styles.from_1904:
        _take_days_from_1904(scan, piece, cells, styles)
    if (cells.types == LETTER_E).any():
        for error in ERROR.finditer(piece):
            scan.errors.append((*cells.place(error.start()), error.group(1).decode()))


def _take_odd_numbers(scan: SheetScan, piece: bytes, cells: Cells, styles: Styles) -> None:
    """Numbers that are none, or that the reader would not hand on as they are."""
    found = [(number.start(), *number.span(1)) for number in ODD_NUMBER.finditer(piece)]
    if not found or not len(cells.starts):
        return
    at = np.searchsorted(cells.starts, [start for start, _, _ in found], side="right") - 1
    is_number = (at >= 0) & np.isin(cells.types[at], NUMBER_TYPES)
    is_date = np.isin(cells.styles[at], list(styles.dates))
    for number in np.flatnonzero(is_number).tolist():
        start, first, last = found[number]
        place = (int(cells.rows[at[number]]), int(cells.columns[at[number]]))
        try:
            value = float(piece[first:last])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            scan.not_finite.append(place)
        elif abs(value) >= SIXTEEN_DIGITS:
            scan.long.append(place)
        elif not is_date[number]:
            scan.exact.append((*place, write_out(value)))
        if first > start + 3 or piece[last - 1 : last].isspace():
            scan.has_spaced_numbers = True


def _take_days_from_1904(scan: SheetScan, piece: bytes, cells: Cells, styles: Styles) -> None:
    """Dates of a workbook that counts from 1904, which the reader does not always heed."""
    is_date = np.isin(cells.styles, list(styles.dates)) & np.isin(cells.types, NUMBER_TYPES)
    for at in np.flatnonzero(is_date & cells.filled).tolist():
        value = VALUE.match(piece, int(cells.starts[at]))
        if value and float(value.group(1)) >= 1:
            seconds = round(float(value.group(1)) * 86_400)
            moment = FIRST_OF_1904 + timedelta(seconds=seconds)
            form = "%d/%m/%Y %H:%M:%S" if seconds % 86_400 else "%d/%m/%Y"
            scan.exact.append((int(cells.rows[at]), int(cells.columns[at]), moment.strftime(form)))


def write_out(number: float) -> str:
    """All digits that tell a number from its neighbours, without an exponent or a needless .0."""
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _take_places(scan: SheetScan, cells: Cells, styles: Styles) -> None:
    """Extent, and the places of cells whose text needs care."""
    if not cells.filled.any():
        return
    rows, columns = cells.rows[cells.filled], cells.columns[cells.filled]
    kinds, given = cells.types[cells.filled], cells.styles[cells.filled]
    scan.first_row = min(scan.first_row, int(rows.min()))
    scan.last_row = max(scan.last_row, int(rows.max()))
    scan.first_column = min(scan.first_column, int(columns.min()))
    scan.last_column = max(scan.last_column, int(columns.max()))
    is_text = np.isin(kinds, (LETTER_S, LETTER_I, FORMULA_TEXT))
    scan.texts += int((kinds == LETTER_S).sum())
    if (kinds == LETTER_B).any():
        scan.booleans.append(_places(rows, columns, kinds == LETTER_B))
    is_number = (kinds == 0) | (kinds == LETTER_N)
    is_date = kinds == LETTER_D
    if styles.dates:
        is_date |= is_number & np.isin(given, list(styles.dates))
    if is_date.any():
        scan.dates.append(_places(rows, columns, is_date))
    if styles.padded:
        is_padded = is_number & np.isin(given, list(styles.padded))
        if is_padded.any():
            digits = [styles.padded[style] for style in given[is_padded].tolist()]
            places = _places(rows, columns, is_padded)
            scan.padded.append(np.column_stack([places, digits]).astype(np.int32))
    for font in set(styles.fonts.values()):
        of_font = [style for style, name in styles.fonts.items() if name == font]
        is_old = is_text & np.isin(given, of_font)
        if is_old.any():
            scan.fonts.setdefault(font, []).append(_places(rows, columns, is_old))


def _places(rows: np.ndarray, columns: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.column_stack([rows[which], columns[which]]).astype(np.int32)


def _take_formulas(scan: SheetScan, piece: bytes, cells: Cells) -> None:
    """Formulas by column; those without a kept result, and those that reach out of the file."""
    found = list(FORMULA.finditer(piece))
    if not found or not len(cells.starts):
        return
    at = np.searchsorted(cells.starts, [one.start() for one in found], side="right") - 1
    rows, columns, kinds = cells.rows[at].tolist(), cells.columns[at].tolist(), cells.types[at]
    for formula, row, column, kind in zip(found, rows, columns, kinds.tolist(), strict=True):
        scan.formulas.setdefault(column, [row, 0])[1] += 1
        if formula.group(2) is None and kind != FORMULA_TEXT:
            scan.empty_formulas.append((row, column))
        text = (formula.group(1) or b"").upper()
        if b"|" in text and DDE.search(text):
            scan.calls.setdefault("dde", (row, column))
        if b"(" in text and any(word in text for word in WEB_FUNCTIONS):
            scan.calls.setdefault("web_values", (row, column))
