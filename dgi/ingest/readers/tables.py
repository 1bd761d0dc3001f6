"""One sheet as it leaves a reader: text columns of Arrow with the row numbers of the file.
Not here: any one format (the modules beside this one), or what the parent makes of it (door.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dgi.ingest.refusals import Note

KEPT_DIGITS = 15  # of a number in Excel


@dataclass(frozen=True)
class Table:
    """A sheet below its header. `rows`: text columns '0', '1', ... and 'row', its number."""

    name: str
    header: tuple[str, ...]
    header_row: int
    rows: pa.Table
    labels: tuple[str, ...] = ()
    value_labels: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[int, Sequence[str]] = field(default_factory=dict)
    fonts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a reader hands back: the format, its tables, and what is worth telling."""

    format: str
    tables: tuple[Table, ...]
    remarks: tuple[Note, ...] = ()


def cut_at_header(
    name: str, columns: Sequence[pa.Array], fonts: Mapping[int, str] | None = None
) -> Table | None:
    """A whole sheet, row 1 first, with its first row that is not blank as header.

    Blank rows go (the others keep their number), and so do blank columns at the right. None for
    a sheet without any text.
    """
    width = len(columns)
    while width and columns[width - 1].null_count == len(columns[width - 1]):
        width -= 1
    if width == 0:
        return None
    filled = np.zeros(len(columns[0]), dtype=bool)
    for column in columns[:width]:
        filled |= column.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.flatnonzero(filled)
    first = int(numbers[0])
    header = tuple(column[first].as_py() or "" for column in columns[:width])
    kept = numbers[1:]
    if len(kept) == len(filled) - first - 1:  # nothing to leave out
        cells = [column.slice(first + 1) for column in columns[:width]]
    else:
        picked = pa.array(kept)
        cells = [column.take(picked) for column in columns[:width]]
    return Table(name, header, first + 1, name_columns(cells, kept + 1), fonts=fonts or {})


def name_columns(cells: Sequence[pa.Array], numbers: np.ndarray) -> pa.Table:
    """Columns '0', '1', ... and 'row'."""
    names = [str(position) for position in range(len(cells))]
    return pa.Table.from_arrays([*cells, pa.array(numbers, pa.int64())], names=[*names, "row"])


def blank_to_null(column: pa.Array) -> pa.Array:
    """Cells of nothing but white space as missing: a person sees a blank."""
    is_blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    if not pc.any(is_blank).as_py():
        return column
    return pc.if_else(is_blank, pa.scalar(None, pa.string()), column)


def hide_made_up_digits(text: str) -> str:
    """'123456789012345696' -> '123456789012345???'."""
    sign = "-" if text.startswith("-") else ""
    whole = text.lstrip("-").split(".")[0]
    if not whole.isdigit() or len(whole) <= KEPT_DIGITS:
        return text
    return sign + whole[:KEPT_DIGITS] + "?" * (len(whole) - KEPT_DIGITS)
