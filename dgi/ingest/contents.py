"""What the cells of a column say of it: codes behind labels, and columns that changed places.
Not here: headers (headers.py), ticked options (options.py), or typing the answers for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.spelling import clean, fold, map_spellings, read_datetimes, read_numbers

WHOLE = re.compile(r"([+-]?)0*(\d+)(?:[.,]0+)?")
# Two columns have changed places when less than this share of either's cells fits its own ...
OWN_FIT = 0.9
# ... and at least this share of each fits the other's, in at least so many cells.
CROSS_FIT = 0.95
LEAST_CELLS = 10
# Where next to nothing of one column fits, the other may fit both, if it is the only such one.
LOST_FIT = 0.1
SPARE_LETTERS = 100  # marks and spaces that a cell may have more than the label it repeats
TEXTS_KEPT = 10_000  # of an answer list, whose code is not sought again
MOST_TEXTS = 2000  # distinct texts of a column that are looked at, the most frequent ones


class AnswerList:
    """One answer list: its codes by every spelling of them, all as text."""

    def __init__(self, rows: pd.DataFrame):
        """`rows`: the list's rows of the questionnaire's answers."""
        codes = rows["code"].map(str)
        self.codes = frozenset(codes)
        self.kinds = dict(zip(codes, rows["kind"], strict=True))
        self._also: dict[str, str] = {}
        exact: dict[str, set[str]] = {}
        folded: dict[str, set[str]] = {}
        for row in rows.itertuples(index=False):
            code = str(row.code)
            others = [clean(word) for word in row.also.split(";") if clean(word)]
            self._also |= {word.casefold(): code for word in others}
            for label in (row.label_vi, row.label_en):
                exact.setdefault(clean(label).casefold(), set()).add(code)
                folded.setdefault(fold(label), set()).add(code)
        # A label that stands for two codes, or does once its tones are gone, names neither.
        self._exact = {label: min(codes) for label, codes in exact.items() if len(codes) == 1}
        self._folded = {label: min(codes) for label, codes in folded.items() if len(codes) == 1}
        self._longest = max(map(len, (*self._exact, *self._folded)), default=0) + SPARE_LETTERS
        self._told: dict[str, str] = {}

    def code_of_label(self, text: str) -> str:
        """The code of a label, '' where the list has no such label."""
        if len(text) > self._longest:
            return ""
        words = clean(text)
        return self._exact.get(words.casefold()) or self._folded.get(fold(words), "")

    def code_of(self, text: str) -> str:
        """The code that a cell's text stands for, '' where for none."""
        code = self._told.get(text)
        if code is None:
            code = self._code_of(clean(text))
            if len(self._told) < TEXTS_KEPT:
                self._told[text] = code
        return code

    def _code_of(self, words: str) -> str:
        if words.casefold() in self._also:
            return self._also[words.casefold()]
        number = plain_number(words)
        if number:
            return number if number in self.codes else self._also.get(number, "")
        return self.code_of_label(words)

    def is_valid(self, code: str) -> bool:
        """Whether a code is an answer, and no reason why there is none."""
        return self.kinds.get(code) in ("valid", "not_selected")


def plain_number(text: str) -> str:
    """'01', '1.0' and '1,0' as '1'; '' for what is no whole number."""
    number = WHOLE.fullmatch(text)
    return "" if number is None else number[1].replace("+", "") + number[2]


def answer_lists(questionnaire: Questionnaire) -> dict[str, AnswerList]:
    """Every answer list of a questionnaire by name."""
    return {name: AnswerList(rows) for name, rows in questionnaire.answers.groupby("answers")}


def codes_of(
    text: pd.Series, answers: AnswerList, value_labels: Mapping[str, str] | None = None
) -> pd.Series:
    """A column as the codes of its answer list, as text; what is none stays as it is.

    Known are the code, also as 01 or 1.0, its labels in Vietnamese and English (without regard
    to tones and capitals), and its other spellings. `value_labels`: the file's own labels of its
    codes; where one is a label of the list, the list's code counts, whatever the file's was.
    """
    own = {}
    for code, label in (value_labels or {}).items():
        listed = answers.code_of_label(label)
        if listed:
            own[plain_number(code) or code] = listed

    def find(words: str) -> str:
        return own.get(plain_number(words) or words) or answers.code_of(words) or words

    return map_spellings(text, find)


Fit = Callable[[pd.Series], np.ndarray]
"""Distinct texts -> 1 where one fits a column, 0 where not, NaN where it would fit any."""


def column_fits(questionnaire: Questionnaire, lists: Mapping[str, AnswerList]) -> dict[str, Fit]:
    """How well texts fit each column, by name; columns that take any text are left out."""
    questions = questionnaire.questions
    # One for all columns of a list, so that what fits it is reckoned once.
    by_list = {name: _fits_list(answers) for name, answers in lists.items()}
    fits: dict[str, Fit] = {
        name: by_list[answers]
        for name, answers in zip(questions["question"], questions["answers"], strict=True)
    }
    for row in pd.concat([questionnaire.fixed, questionnaire.carried]).itertuples(index=False):
        fit = by_list[row.answers] if row.type == "code" else _fits_column(row)
        if fit is not None and row.role != "identity":
            fits[row.name] = fit
    return fits


def _fits_list(answers: AnswerList) -> Fit:
    def fit(texts: pd.Series) -> np.ndarray:
        codes = [answers.code_of(text) for text in texts]
        return np.array(
            [1.0 if answers.is_valid(code) else np.nan if code else 0.0 for code in codes]
        )

    return fit


def _fits_column(row: Any) -> Fit | None:
    if row.type in ("date", "datetime"):
        return lambda texts: read_datetimes(texts).notna().to_numpy(float)
    if row.type in ("integer", "number"):
        low = -np.inf if pd.isna(row.min) else row.min
        high = np.inf if pd.isna(row.max) else row.max
        whole = row.type == "integer"
        return lambda texts: read_numbers(texts, whole=whole).between(low, high).to_numpy(float)
    if row.pattern:
        return lambda texts: texts.str.fullmatch(row.pattern).to_numpy(float)
    return None


def find_swapped(columns: Mapping[str, pd.Series], fits: Mapping[str, Fit]) -> list[tuple]:
    """Pairs of names whose columns changed places: each fits the other's better than its own.

    `columns`: text by name. Two columns with the same answers, or of which one takes any text,
    cannot be told apart by what stands in them.
    """
    counts = {name: text.value_counts() for name, text in columns.items() if name in fits}
    counts = {
        name: own.head(MOST_TEXTS) for name, own in counts.items() if own.sum() >= LEAST_CELLS
    }
    shares: dict[tuple[str, Fit], float] = {}

    def share(name: str, fit: Fit) -> float:
        if (name, fit) not in shares:
            shares[name, fit] = _share(counts[name], fit)
        return shares[name, fit]

    own_fit = {name: share(name, fits[name]) for name in counts}
    odd = [name for name, share in own_fit.items() if share < OWN_FIT]

    def cross(one: str, other: str) -> bool:
        return share(one, fits[other]) >= CROSS_FIT and share(other, fits[one]) >= CROSS_FIT

    pairs = [pair for pair in combinations(odd, 2) if cross(*pair)]
    paired = {name for pair in pairs for name in pair}
    for name in odd:
        if own_fit[name] < LOST_FIT and name not in paired:
            others = [other for other in counts if other not in odd and cross(name, other)]
            pairs += [(name, other) for other in others if len(others) == 1]
    return pairs


def _share(counts: pd.Series, fit: Fit) -> float:
    """Share of a column's cells that fit; 1 where all would fit any column."""
    fitting = fit(pd.Series(counts.index, dtype="str"))
    told = ~np.isnan(fitting)
    cells = counts.to_numpy(float)[told]
    return float((fitting[told] * cells).sum() / cells.sum()) if cells.any() else 1.0
