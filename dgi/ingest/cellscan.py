"""The cells of one xlsx sheet, streamed: where each stands, which kinds need care, what is odd.
Not here: their values (readers.spreadsheets), or which sheets there are (bookscan.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from dgi.ingest.refusals import Note, Refused

ROWS, COLUMNS = 1_048_576, 16_384
# The reader lays out the whole rectangle between the outermost cells, 24 bytes for each: what
# 200 MB of XML can fill (7 million cells) always fits, a stray cell at XFD1048576 never does.
LARGEST_EXTENT = 20_000_000
LONGEST_CELL = 4 * 1024 * 1024  # bytes of XML; Excel keeps 32,767 characters in a cell
LETTER_S, LETTER_B, LETTER_E, LETTER_D, LETTER_I, LETTER_N = b"sbedin"  # how a cell's t begins
FORMULA_TEXT = ord("S")  # t="str": the text stands in the cell, not among the shared ones
NUMBER_TYPES = (0, LETTER_N)

ROOT = re.compile(rb"<(\w+:)worksheet")
ODD_START = re.compile(rb"<c[\t\r\n>/]")
TOKEN = re.compile(rb"<(row|c)((?:\s[^<>]*?)?)/?>")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
REFERENCE = re.compile(rb"([A-Z]+)([0-9]+)")
HIDDEN = re.compile(rb"""<(row|col)\s[^<>]*?hidden\s*=\s*["'](?:1|true)["'][^<>]*>""")
MERGED = re.compile(rb"""<mergeCell\s[^<>]*?ref\s*=\s*["']([A-Z]+)([0-9]+)""")
FORMULA = re.compile(rb"<f(?:\s[^<>]*?)?(?:/>|>([^<]*)</f>)\s*(<v>[^<]+</)?")
DDE = re.compile(rb"[\w' .-]+\|[^!]+!")
WEB_FUNCTIONS = (b"WEBSERVICE", b"FILTERXML", b"IMAGE(", b"RTD(")
# Most numbers are plain and short; only the others are looked at one by one. The reader writes
# out no more than nine decimals, which takes at least twelve characters to exceed.
ODD_NUMBER = re.compile(rb"<v>(?![\d.-]{1,11}<|-?\d{12,15}<)\s*([^<]{1,400})<")
# Excel keeps 15 digits of a number; of a longer one some are made up.
LONG = re.compile(rb"-?(?:\d{16,}|\d[\d.]*[Ee]\+?(?:1[5-9]|[2-9]\d|[12]\d\d|30[0-8]))(?:\.\d*)?")
FINITE = re.compile(rb"[-+]?[\d.]+(?:[Ee](?:-\d+|\+?0*(?:[12]?\d?\d|30[0-8])))?")
VALUE = re.compile(rb"<c[^<>]*><v>([\d.]{1,20})<")
FIRST_OF_1904 = datetime(1904, 1, 1)
ERROR = re.compile(rb"<v>(#[A-Z/0!?]{3,12})<")


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


@dataclass(frozen=True)
class _Cells:
    """The cells that begin in one chunk; `starts`: offsets, `types`: first letter of t, or 0."""

    starts: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    styles: np.ndarray
    types: np.ndarray
    filled: np.ndarray  # False for a cell that is only styled

    def at(self, offset: int) -> int:
        """Which cell an offset lies in, -1 for none."""
        return int(np.searchsorted(self.starts, offset, side="right")) - 1

    def place(self, offset: int) -> tuple[int, int]:
        """Row and column of the cell that an offset lies in."""
        at = self.at(offset)
        return (int(self.rows[at]), int(self.columns[at])) if at >= 0 else (0, 0)

    def type_at(self, offset: int) -> int:
        """First letter of the type of the cell that an offset lies in."""
        at = self.at(offset)
        return int(self.types[at]) if at >= 0 else 0


def scan_cells(chunks: Iterable[bytes], styles: Styles) -> SheetScan:
    """One pass over a sheet's XML in bounded memory. Raises Refused for cells beyond the grid."""
    scan = SheetScan()
    counter = _Counter()
    for piece in _whole_cells(chunks):
        cells = None if counter.is_needed else _locate(piece)
        if cells is None:
            # Cells without a place of their own count on from the one before, so once one such
            # chunk was met the rest is counted, too.
            cells = counter.locate(piece)
        elif len(cells.rows):
            counter.row, counter.column = int(cells.rows[-1]), int(cells.columns[-1])
        _take_in(scan, piece, cells, styles)
    return scan


def _whole_cells(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks cut anew so that no cell or row begins in one and ends in the next.

    A name space written before every tag (<x:c ...>) is taken off.
    """
    carry, prefix, is_over = b"", None, False
    for chunk in chunks:
        data = carry + chunk
        if prefix is None:
            root = ROOT.search(data)
            prefix = root.group(1) if root else b""
        if prefix:
            data = data.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")
        cut = max(data.rfind(b"<c "), data.rfind(b"<row"))
        is_over = is_over or b"</sheetData>" in data
        if cut <= 0 and is_over:
            cut = data.rfind(b"<")
        if cut > 0:
            yield data[:cut]
            data = data[cut:]
        carry = data
        if len(carry) > LONGEST_CELL:
            raise Refused(Note("cell_too_long"))
    if carry:
        yield carry


def _locate(piece: bytes) -> _Cells | None:
    """Places, styles and types of cells written in the usual way; None when any is not."""
    if ODD_START.search(piece):
        return None
    data = np.frombuffer(piece + b"\0" * 40, dtype=np.uint8)
    opening = np.flatnonzero(data[:-2] == 60)
    opening = opening[data[opening + 1] == 99]
    starts = opening[data[opening + 2] == 32]
    at = starts + 3
    for byte in b'r="':
        if not (data[at] == byte).all():
            return None
        at = at + 1
    columns = np.zeros(len(starts), dtype=np.int64)
    for _ in range(4):
        byte = data[at]
        is_letter = (byte >= 65) & (byte <= 90)
        if not is_letter.any():
            break
        columns = np.where(is_letter, columns * 26 + (byte - 64), columns)
        at = at + is_letter
    rows, at = _read_number(data, at, 8)
    if not ((data[at] == 34) & (columns > 0) & (rows > 0)).all():
        return None
    at = at + 1
    styles, types = np.zeros_like(rows), np.zeros(len(starts), dtype=np.uint8)
    for _ in range(2):  # s and t, in either order
        byte = np.where(
            (data[at] == 32) & (data[at + 2] == 61) & (data[at + 3] == 34), data[at + 1], 0
        )
        number, after = _read_number(data, np.where(byte == 115, at + 4, 0), 6)
        styles = np.where(byte == 115, number, styles)
        kind = np.where(
            (data[at + 4] == LETTER_S) & (data[at + 5] == 116), FORMULA_TEXT, data[at + 4]
        )
        types = np.where(byte == 116, kind, types)
        if (byte == 116).any():
            after = np.where(byte == 116, at + 5, after)
            for _ in range(9):  # to the end of inlineStr
                after = after + ((byte == 116) & (data[after] >= 65))
        at = np.where(byte > 0, after + 1, at)
    if not np.isin(data[at], (62, 47, 32)).all():
        return None
    return _Cells(starts, rows, columns, styles, types, data[at] != 47)


def _read_number(data: np.ndarray, at: np.ndarray, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """The decimal numbers that begin at some offsets, and the offsets behind them."""
    number = np.zeros(len(at), dtype=np.int64)
    for _ in range(digits):
        byte = data[at]
        is_digit = (byte >= 48) & (byte <= 57)
        if not is_digit.any():
            break
        number = np.where(is_digit, number * 10 + (byte - 48), number)
        at = at + is_digit
    return number, at


class _Counter:
    """Places of cells written in an unusual way: slower, but it leaves out nothing."""

    def __init__(self) -> None:
        self.row, self.column, self.is_needed = 0, 0, False

    def locate(self, piece: bytes) -> _Cells:
        self.is_needed = True
        found = []
        for token in TOKEN.finditer(piece):
            given = {key: one or two for key, one, two in ATTRIBUTE.findall(token.group(2))}
            if token.group(1) == b"row":
                number = given.get(b"r", b"")
                self.row = int(number[:9]) if number.isdigit() else self.row + 1
                self.column = 0
                continue
            place = REFERENCE.fullmatch(given.get(b"r", b""))
            if place:
                self.row, self.column = int(place.group(2)[:9]), _column_number(place.group(1))
            else:
                self.column += 1
            style, kind = given.get(b"s", b"0"), given.get(b"t") or b"\0"
            found.append((
                token.start(), self.row, self.column,
                int(style[:6]) if style.isdigit() else 0,
                FORMULA_TEXT if kind == b"str" else kind[0],
                not token.group().endswith(b"/>"),
            ))  # fmt: skip
        table = np.array(found, dtype=np.int64).reshape(-1, 6).T
        return _Cells(*table[:5], table[5].astype(bool))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def _take_in(scan: SheetScan, piece: bytes, cells: _Cells, styles: Styles) -> None:
    """Add what one piece of a sheet holds to what is known of it."""
    if len(cells.rows):
        if cells.rows.max() > ROWS or cells.columns.max() > COLUMNS or cells.rows.min() < 1:
            raise Refused(Note("beyond_grid"))
        _take_places(scan, cells, styles)
    scan.has_escapes = scan.has_escapes or b"_x00" in piece
    if b"hidden" in piece:
        for tag in HIDDEN.finditer(piece):
            if tag.group(1) == b"col":
                scan.hidden_columns.append(_attribute(tag.group(), b"min"))
            elif not tag.group().endswith(b"/>"):
                scan.hidden_rows.append(_attribute(tag.group(), b"r"))
    if b"<mergeCell" in piece:
        for merge in MERGED.finditer(piece):
            scan.merged.append((int(merge.group(2)[:9]), _column_number(merge.group(1))))
    if b"<f" in piece:
        _take_formulas(scan, piece, cells)
    _take_odd_numbers(scan, piece, cells, styles)
    if styles.from_1904:
        _take_days_from_1904(scan, piece, cells, styles)
    if (cells.types == LETTER_E).any():
        for error in ERROR.finditer(piece):
            if cells.type_at(error.start()) == LETTER_E:
                scan.errors.append((*cells.place(error.start()), error.group(1).decode()))


def _take_odd_numbers(scan: SheetScan, piece: bytes, cells: _Cells, styles: Styles) -> None:
    """Numbers that are none, or that the reader would not hand on as they are."""
    for number in ODD_NUMBER.finditer(piece):
        at = cells.at(number.start())
        if at < 0 or cells.types[at] not in NUMBER_TYPES:
            continue
        place = (int(cells.rows[at]), int(cells.columns[at]))
        digits = number.group(1).rstrip()
        if LONG.fullmatch(digits):
            scan.long.append(place)
        elif not FINITE.fullmatch(digits):
            scan.not_finite.append(place)
        else:
            if len(digits) + 4 < len(number.group()):
                scan.has_spaced_numbers = True
            if cells.styles[at] not in styles.dates:
                scan.exact.append((*place, write_out(float(digits))))


def _take_days_from_1904(scan: SheetScan, piece: bytes, cells: _Cells, styles: Styles) -> None:
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
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _take_places(scan: SheetScan, cells: _Cells, styles: Styles) -> None:
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


def _take_formulas(scan: SheetScan, piece: bytes, cells: _Cells) -> None:
    """Formulas by column; those without a kept result, and those that reach out of the file."""
    for formula in FORMULA.finditer(piece):
        row, column = cells.place(formula.start())
        seen = scan.formulas.setdefault(column, [row, 0])
        seen[1] += 1
        if formula.group(2) is None and cells.type_at(formula.start()) != FORMULA_TEXT:
            scan.empty_formulas.append((row, column))
        text = (formula.group(1) or b"").upper()
        if b"|" in text and b"!" in text and DDE.search(text):
            scan.calls.setdefault("dde", (row, column))
        if any(word in text for word in WEB_FUNCTIONS):
            scan.calls.setdefault("web_values", (row, column))


def _attribute(tag: bytes, name: bytes) -> int:
    """A number among a tag's attributes, 0 when there is none."""
    for key, one, two in ATTRIBUTE.findall(tag):
        if key == name and (one or two).isdigit():
            return int((one or two)[:9])
    return 0
