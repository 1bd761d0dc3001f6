"""Reads SPSS and Stata files: codes as text, with labels and declared missing codes kept.
Not here: what a code means for an answer (the questionnaire's answer lists), or other formats."""

from __future__ import annotations

import datetime as dt
import io
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pyreadstat

from dgi.ingest.readers.tables import (
    Reading,
    Table,
    blank_to_null,
    hide_made_up_digits,
    name_columns,
)
from dgi.ingest.refusals import Note, Refused

# Bytes typed in an old font are Western letters to a computer.
OLD_FONTS = {"tcvn3": "WINDOWS-1252", "vni": "WINDOWS-1252"}
EXACT = 2**53  # beyond it a double does not tell neighbouring whole numbers apart


def read_statistical(content: bytes, kind: str, encoding: str | None) -> Reading:
    """A .sav or .dta; user-missing values stay as codes (Stata's as .a to .z). Raises Refused."""
    font = encoding.lower() if encoding and encoding.lower() in OLD_FONTS else None
    encoding = OLD_FONTS[font] if font else encoding
    read = pyreadstat.read_sav if kind == "sav" else pyreadstat.read_dta
    try:
        values, about = read(io.BytesIO(content), user_missing=True, output_format="dict",
                             encoding=encoding)  # fmt: skip
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        says = str(error).lower()
        key = "damaged"
        if "convert" in says or "encoding" in says or "character" in says:
            key = "encoding_wrong" if encoding else "encoding_unknown"
        raise Refused(Note(key)) from None
    except UnicodeDecodeError:
        raise Refused(Note("encoding_wrong" if encoding else "encoding_unknown")) from None
    names = list(about.column_names)
    if not names or not len(values[names[0]]):
        raise Refused(Note("no_sheet"))
    if _is_cut_short(content, kind, len(values[names[0]])):
        raise Refused(Note("damaged"))
    spelled = [_Speller(about.readstat_variable_types.get(name, "")) for name in names]
    columns = [
        blank_to_null(pa.array([spell(value) for value in values[name]], pa.string()))
        for name, spell in zip(names, spelled, strict=True)
    ]
    filled = np.zeros(len(columns[0]), dtype=bool)
    for column in columns:
        filled |= column.is_valid().to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(filled)
    cells = columns if filled.all() else [column.take(pa.array(kept)) for column in columns]
    at = {name: position for position, name in enumerate(names)}
    letter = kind == "dta"
    value_labels = {
        at[name]: {_code(code, letter): label for code, label in codes.items()}
        for name, codes in about.variable_value_labels.items()
    }
    missing = {
        at[name]: tuple(_missing_codes(ranges, columns[at[name]], value_labels.get(at[name], {})))
        for name, ranges in about.missing_ranges.items()
    }
    missing |= {
        at[name]: tuple(_code(code, letter) for code in codes)
        for name, codes in about.missing_user_values.items()
    }
    remarks = [
        Note("digits_lost", column=name, value=str(spell.lost))
        for name, spell in zip(names, spelled, strict=True)
        if spell.lost
    ]
    labels = tuple(label or "" for label in about.column_labels)
    fonts = dict.fromkeys(range(len(names)), font) if font else {}
    table = Table("", tuple(names), 1, name_columns(cells, kept + 2), labels, value_labels,
                  missing, fonts)  # fmt: skip
    return Reading(kind, (table,), tuple(remarks))


def _is_cut_short(content: bytes, kind: str, rows: int) -> bool:
    """Whether a file holds less than it says: the library hands on what is left without a word."""
    if kind == "dta":
        is_new = content.startswith(b"<stata_dta>")
        return is_new and not content.rstrip(b"\0\r\n ").endswith(b"</stata_dta>")
    order = "<" if content[64] in (2, 3) else ">"  # the layout code, 2 or 3, as an integer
    (promised,) = struct.unpack_from(f"{order}i", content, 80)
    return bool(promised >= 0 and promised != rows)  # -1: the program did not know


class _Speller:
    """One variable's values as text. `kept_as`: string, float (single precision), double ..."""

    def __init__(self, kept_as: str):
        self._kept_as, self.lost = kept_as, 0

    def __call__(self, value: Any) -> str | None:
        if value is None or value != value:
            return None
        if isinstance(value, str):
            # Stata's extended missing values come as a letter in a numeric variable.
            return value if self._kept_as == "string" else f".{value}"
        if isinstance(value, dt.datetime):
            return value.strftime("%d/%m/%Y %H:%M:%S")
        if isinstance(value, dt.date):
            return value.strftime("%d/%m/%Y")
        if isinstance(value, dt.time):
            return value.strftime("%H:%M:%S")
        if abs(value) >= EXACT:
            self.lost += 1
            return hide_made_up_digits(f"{value:.0f}")
        if value == int(value):
            return str(int(value))
        return str(np.float32(value)) if self._kept_as == "float" else repr(float(value))


def _code(code: Any, is_stata: bool) -> str:
    """A code of a label as its cells spell it."""
    if is_stata and isinstance(code, str) and len(code) == 1:
        return f".{code}"
    return _Speller("string")(code) or ""


def _missing_codes(ranges: Any, column: pa.Array, labels: dict[str, str]) -> list[str]:
    """Codes a SPSS variable declares missing; of a range, those that occur or have a label."""
    found = set()
    for given in ranges:
        low, high = given["lo"], given["hi"]
        if low == high:
            found.add(_code(low, False))
            continue
        for text in {*column.unique().to_pylist(), *labels}:
            try:
                if text is not None and low <= float(text) <= high:
                    found.add(text)
            except (TypeError, ValueError):
                continue
    return sorted(found)
