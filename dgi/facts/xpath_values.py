"""Values as a form's conditions know them: truths, numbers, texts, and the blank between them.
Not here: parsing a condition and its operators (expressions.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

NEAR = 1e-12
"""Two numbers nearer than this are equal: the tolerance of JavaRosa, which runs on the tablets."""
EPOCH = datetime(1970, 1, 1)

_NUMBER = re.compile(r"\s*-?(?:\d+(?:\.\d*)?|\.\d+)\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T.+)?")


@dataclass(frozen=True)
class Value:
    """(n,) truths, numbers or texts. `is_text`: the rows that XPath takes for a text: all of a
    text column, and the blanks of a column of numbers, which are the text ''."""

    array: np.ndarray
    is_text: np.ndarray

    @property
    def kind(self) -> str:
        return self.array.dtype.kind  # b, f, or O for text

    def truths(self) -> np.ndarray:
        if self.kind == "b":
            return self.array
        if self.kind == "f":
            return (self.array != 0) & ~np.isnan(self.array)
        return np.asarray(self.array != "", dtype=bool)

    def numbers(self) -> np.ndarray:
        if self.kind == "O":
            return map_distinct(_number_of, float, self.array)
        return self.array.astype(float)

    def texts(self) -> np.ndarray:
        if self.kind == "O":
            return self.array
        if self.kind == "b":
            return np.where(self.array, "true", "false").astype(object)
        return np.where(self.is_text, "", map_distinct(_text_of, object, self.array))


def map_distinct(function: Callable, dtype: type, *columns: np.ndarray) -> np.ndarray:
    """`function` of every row's values, worked out once for each distinct combination."""
    combined = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        places, spellings = pd.factorize(column)
        combined = combined * (len(spellings) + 1) + places + 1
    _, first, back = np.unique(combined, return_index=True, return_inverse=True)
    results: np.ndarray = np.empty(len(first), dtype=dtype)
    results[:] = [function(*(column[row] for column in columns)) for row in first]
    return results[back]


def _number_of(text: str) -> float:
    """A number as written; a date as days since 1970-01-01, as ODK counts them; else NaN."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if _DATE.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return np.nan
        return (moment - EPOCH) / timedelta(days=1)
    return np.nan


def _text_of(number: float) -> str:
    return np.format_float_positional(number, trim="-") if np.isfinite(number) else "NaN"


def make_truth(array: np.ndarray) -> Value:
    return Value(np.asarray(array, dtype=bool), np.zeros(len(array), dtype=bool))


def make_number(array: np.ndarray) -> Value:
    return Value(np.asarray(array, dtype=float), np.zeros(len(array), dtype=bool))


def make_text(array: np.ndarray) -> Value:
    return Value(np.asarray(array, dtype=object), np.ones(len(array), dtype=bool))


def read_answer(column: pd.Series) -> Value:
    if pd.api.types.is_datetime64_any_dtype(column):
        array = ((column.dt.tz_localize(None) - EPOCH) / timedelta(days=1)).to_numpy(float)
    elif pd.api.types.is_numeric_dtype(column):
        array = column.to_numpy(float, na_value=np.nan)
    else:
        return make_text(column.astype("str").fillna("").to_numpy(object))
    return Value(array, np.isnan(array))


def are_equal(left: Value, right: Value) -> np.ndarray:
    if "b" in (left.kind, right.kind):
        return left.truths() == right.truths()
    as_text = left.is_text & right.is_text
    same = np.zeros(len(as_text), dtype=bool)
    if as_text.any():
        same = np.asarray(left.texts() == right.texts(), dtype=bool)
    if as_text.all():
        return same
    one, other = left.numbers(), right.numbers()
    with np.errstate(invalid="ignore"):  # infinity less infinity
        near = (one == other) | (np.abs(one - other) < NEAR)
    return np.where(as_text, same, near)


def choose(where: np.ndarray, left: Value, right: Value) -> Value:
    if left.kind == right.kind:
        chosen = np.where(where, left.array, right.array)
        return Value(chosen, np.where(where, left.is_text, right.is_text))
    return make_text(np.where(where, left.texts(), right.texts()))
