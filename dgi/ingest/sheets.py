"""A delivered file as text: its sheets, their headers, every cell as a person reads it.
Not here: how a file is opened (door.py, readers), or what a column means (columns.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from dgi.errors import Fault


@dataclass(frozen=True)
class Declared:
    """What whoever delivers a file says about it, where the file itself cannot tell.

    `encoding`: of a text file; a Python codec name (utf-8, cp1258, latin-1, utf-16-le ...) or
    'tcvn3' / 'vni' for text typed in an old Vietnamese font. `separator`: of a text file.
    """

    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True)
class TextSheet:
    """One sheet, all cells as text.

    `name`: '' for csv, sav and dta. `header`: the header row's cells as delivered (variable names
    for sav and dta), '' where blank. `header_row`: its number in the file, from 1. `frame`:
    columns 0..k-1, index = row number in the file as a person sees it, dtype "str", missing where
    blank; rows that are wholly blank are left out. `labels`: question text by column (sav, dta),
    or (). `value_labels`: column position -> {code as text: label}. `missing`: column position ->
    codes declared user-missing. `fonts`: column position -> 'tcvn3' or 'vni' where cells are
    typed in an old Vietnamese font and still need decoding.
    """

    name: str
    header: tuple[str, ...]
    header_row: int
    frame: pd.DataFrame
    labels: tuple[str, ...] = ()
    value_labels: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    fonts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TextFile:
    """One delivered file: where it came from, its sheets, and what is worth telling about it.

    `format`: xlsx, xls, ods, csv, sav or dta, by content. `remarks`: things to tell, not to
    refuse (hidden rows, values from another workbook, an old font ...).
    """

    name: str
    sha256: str
    format: str
    sheets: tuple[TextSheet, ...]
    remarks: tuple[Fault, ...] = ()


def with_header_at(sheet: TextSheet, row: int) -> TextSheet:
    """The sheet with a later row as its header; what stood above it is left out.

    `row`: a row number in the file, at or below the present header. Raises ValueError for a row
    that is no row of the sheet (blank rows are none).
    """
    if row == sheet.header_row:
        return sheet
    if row not in sheet.frame.index:
        raise ValueError(f"row {row} is no row of sheet {sheet.name!r}")
    header = tuple(sheet.frame.loc[row].fillna("").astype(str))
    return replace(sheet, header=header, header_row=row, frame=sheet.frame.loc[row + 1 :])
