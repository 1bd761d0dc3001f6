"""Belongs here: the only way a value enters a cell: text stays text, a missing number says why.
Does not belong here: layout, fonts, report texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import numpy as np
from openpyxl.cell.cell import Cell

from .language import NOT_APPLICABLE, is_missing, split_flags

MAX_TEXT = 32_767
MAX_TITLE = 31
# For xlsxwriter: what begins like a formula, a link or a number stays the text that it is.
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_TITLE_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


class ReportCellError(ValueError):
    """A value that a workbook cannot hold faithfully."""


def clean_text(text: str) -> str:
    """NFC text without control characters (line breaks stay).

    Raises ReportCellError above 32,767 characters, which spreadsheets cut without a word.
    """
    clean = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    if len(clean) > MAX_TEXT:
        raise ReportCellError(
            f"a text of {len(clean):,} characters does not fit a cell (at most {MAX_TEXT:,}): "
            "shorten it or split it over several cells"
        )
    return clean


def write_cell(cell: Cell, value: object, flag: object, markers: Mapping[str, str]) -> None:
    """Put one value into a cell.

    A string is always text, also one that begins like a formula. A missing value becomes the
    marker of its flag, or a dash where nothing applies: never 0, never blank.
    Raises ReportCellError for infinite numbers and over-long text.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if is_missing(value):
        value = missing_text(flag, markers)
    if isinstance(value, float) and not np.isfinite(value):
        raise ReportCellError(f"an infinite number in cell {cell.coordinate}")
    if isinstance(value, str):
        text = clean_text(value)
        # '_x0041_' would be read back as 'A'.
        cell.value = _ESCAPE.sub("_x005F_", text)
        cell.data_type = "s"
        if text.startswith(_FORMULA_START):
            cell.quotePrefix = True
    elif isinstance(value, (bool, int, float, date, datetime)):
        cell.value = value
    else:
        raise ReportCellError(f"a {type(value).__name__} in cell {cell.coordinate}")


def missing_text(flag: object, markers: Mapping[str, str]) -> str:
    """'[x]' for a value missing because of its flag, a dash when no flag explains it."""
    found = [markers[name] for name in split_flags(flag) if markers.get(name)]
    return " ".join(found) or NOT_APPLICABLE


def sheet_title(wanted: str, taken: Iterable[str]) -> str:
    """A valid, unused sheet name: no []:*?/\\, no apostrophe at an end, at most 31 characters."""
    base = _TITLE_FORBIDDEN.sub(" ", clean_text(wanted)).replace("\n", " ").strip(" '")
    base = (re.sub(" +", " ", base) or "Sheet")[:MAX_TITLE].strip(" '")
    used = {title.casefold() for title in taken} | {"history"}  # Excel keeps 'History' to itself
    title, count = base, 2
    while title.casefold() in used:
        suffix = f" {count}"
        title, count = base[: MAX_TITLE - len(suffix)] + suffix, count + 1
    return title
