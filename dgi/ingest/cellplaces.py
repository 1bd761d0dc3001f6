"""Where the cells of a sheet's XML stand: place, style and type of each, without parsing it.
Not here: what is odd about them (cellscan.py), or their values (readers.spreadsheets)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dgi.ingest.refusals import Note, Refused

LONGEST_CELL = 4 * 1024 * 1024  # bytes of XML; Excel keeps 32,767 characters in a cell
LETTER_S, LETTER_B, LETTER_E, LETTER_D, LETTER_I, LETTER_N = b"sbedin"  # how a cell's t begins
FORMULA_TEXT = ord("S")  # t="str": the text stands in the cell, not among the shared ones
ROOT = re.compile(rb"<(\w+:)worksheet")
ODD_START = re.compile(rb"<c[\t\r\n>/]")
TOKEN = re.compile(rb"<(row|c)((?:\s[^<>]*?)?)/?>")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
REFERENCE = re.compile(rb"([A-Z]+)([0-9]+)")


@dataclass(frozen=True)
class Cells:
    """The cells that begin in one chunk; `starts`: offsets, `types`: first letter of t, or 0."""

    starts: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    styles: np.ndarray
    types: np.ndarray
    filled: np.ndarray  # False for a cell that is only styled

    def place(self, offset: int) -> tuple[int, int]:
        """Row and column of the cell that an offset lies in."""
        at = int(np.searchsorted(self.starts, offset, side="right")) - 1
        return (int(self.rows[at]), int(self.columns[at])) if at >= 0 else (0, 0)


def cut_at_cells(chunks: Iterable[bytes]) -> Iterator[bytes]:
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


def locate(piece: bytes) -> Cells | None:
    """Places, styles and types of cells written in the usual way; None when any is not."""
    if ODD_START.search(piece):
        return None
    data = np.frombuffer(piece + b"\0" * 40, dtype=np.uint8)
    opening = np.flatnonzero(data[:-2] == 60)
    opening = opening[data[opening + 1] == 99]
    starts = opening[data[opening + 2] == 32]
    at = starts + 3
    for letter in b'r="':
        if not (data[at] == letter).all():
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
    return Cells(starts, rows, columns, styles, types, data[at] != 47)


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


class Counter:
    """Places of cells written in an unusual way: slower, but it leaves out nothing."""

    def __init__(self) -> None:
        self.row, self.column, self.is_needed = 0, 0, False

    def locate(self, piece: bytes) -> Cells:
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
                self.row, self.column = int(place.group(2)[:9]), number_column(place.group(1))
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
        starts, rows, columns, styles, types, filled = table
        return Cells(starts, rows, columns, styles, types, filled.astype(bool))


def number_column(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def read_attribute(tag: bytes, name: bytes) -> int:
    """A number among a tag's attributes, 0 when there is none."""
    for key, one, two in ATTRIBUTE.findall(tag):
        if key == name and (one or two).isdigit():
            return int((one or two)[:9])
    return 0
