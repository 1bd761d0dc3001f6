"""What a delivered text says: the value of a design or fieldwork column, the code of an answer.
Not here: what follows when it says nothing (responses.py), or why it is missing (reasons.py)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.spelling import clean_text, read_dates, read_datetimes, read_numbers

MASK = r"\?[0-9a-f]{12}"  # stands for a text that could be no value of its column
BELOW_CODES = -(2**54)  # no number that is read comes near
# What a cell of an answer turns out to be: a kind of its answer list, or one of the last three.
KINDS = ("valid", "dont_know", "refused", "not_asked", "not_selected", "suppressed",
         "left_blank", "unreadable", "unlisted")  # fmt: skip


class Reading(NamedTuple):
    """One column as read: `values` typed, NA where none; the rest bool, same index.

    `is_blank`: nothing was delivered; `is_outside`: readable, but below the least, above the
    largest, or not in the column's list.
    """

    values: pd.Series
    is_blank: pd.Series
    is_outside: pd.Series

    @property
    def is_unreadable(self) -> pd.Series:
        """Something was delivered that cannot be read as the column's type."""
        return self.values.isna() & ~self.is_blank


class Answers(NamedTuple):
    """All answers as read, a row per respondent and a column per question.

    `codes`: float, NaN where no number was read; `kinds`: int8 positions in KINDS; `spellings`:
    int64, equal where two cells of one column say the same.
    """

    codes: np.ndarray
    kinds: np.ndarray
    spellings: np.ndarray


def clean(text: pd.Series) -> pd.Series:
    """Text without what only a machine sees; '' where missing."""
    return clean_text(text.astype("str")).fillna("")


def read_column(text: pd.Series, column: Any, questionnaire: Questionnaire) -> Reading:
    """Read the text of one declared column.

    `column`: its row of the questionnaire's `fixed` or `carried` (name, role, type, min, max,
    answers, pattern). Each spelling is read once, not once a respondent.
    """
    positions, spellings = pd.factorize(text.fillna(""))
    read = _read_spellings(pd.Series(spellings, dtype="str"), column, questionnaire)
    return Reading(*(part.take(positions).set_axis(text.index) for part in read))


def _read_spellings(spellings: pd.Series, column: Any, questionnaire: Questionnaire) -> Reading:
    words = clean(spellings)
    is_masked = words.str.fullmatch(MASK)
    given = words.mask(is_masked | (words == ""))
    is_outside = pd.Series(False, index=words.index)
    if column.type == "text":
        values = given
        # A key arrives as a pseudonym; its pattern is that of the form number behind it.
        if column.pattern and column.role != "key":
            values = values.where(given.str.fullmatch(column.pattern, na=False))
    elif column.type == "date":
        values = read_dates(given)
    elif column.type == "datetime":
        values = read_datetimes(given)
    elif column.type == "code":
        numbers = _codes(given, column.answers, questionnaire)
        listed = np.isin(numbers, questionnaire.codes(column.answers, "valid"))
        is_outside = pd.Series(~np.isnan(numbers) & ~listed, index=words.index)
        values = pd.Series(numbers, index=words.index).astype("Int64")
    else:
        numbers = read_numbers(given, whole=column.type == "integer").to_numpy(float)
        low = -np.inf if pd.isna(column.min) else column.min
        high = np.inf if pd.isna(column.max) else column.max
        is_outside = pd.Series((numbers < low) | (numbers > high), index=words.index)
        values = pd.Series(numbers, index=words.index)
        values = values.astype("Int64") if column.type == "integer" else values
    return Reading(values, words == "", is_outside)


def read_answers(text: pd.DataFrame, questionnaire: Questionnaire) -> Answers:
    """Read the cells of all questions, each by its own answer list.

    `text`: one column per question of the questionnaire, in its order.
    """
    cells = [pd.factorize(text[name]) for name in text]
    known, spellings = pd.factorize(
        np.concatenate([[""], *(np.asarray(own, dtype=object) for _, own in cells)])
    )
    words = clean(pd.Series(spellings, dtype="str"))
    same, _ = pd.factorize(words.str.casefold())
    lists = list(questionnaire.questions["answers"])
    numbers = read_numbers(words, whole=True)
    tables = {
        name: read_codes(words, name, questionnaire, numbers) for name in dict.fromkeys(lists)
    }
    shape = text.shape
    codes = np.empty(shape)
    kinds = np.empty(shape, dtype=np.int8)
    said = np.empty(shape, dtype=np.int64)
    start = 1
    for number, ((positions, own), answers) in enumerate(zip(cells, lists, strict=True)):
        # Spelling 0 is the blank, which a missing cell (position -1) is too.
        where = np.append(known[start : start + len(own)], 0)[positions]
        code, kind = tables[answers]
        codes[:, number], kinds[:, number] = code[where], kind[where]
        numbers = np.nan_to_num(code).astype(np.int64)
        said[:, number] = np.where(np.isnan(code), BELOW_CODES - same, numbers)[where]
        start += len(own)
    return Answers(codes, kinds, said)


def read_codes(
    words: pd.Series, answers: str, questionnaire: Questionnaire, numbers: pd.Series | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Code (float, NaN where none) and kind (position in KINDS) of clean texts by one list.

    `numbers`: the texts as whole numbers, where they were read before.
    """
    codes = _codes(words, answers, questionnaire, numbers)
    kinds = np.full(len(codes), KINDS.index("unlisted"), dtype=np.int8)
    own = questionnaire.answers[questionnaire.answers["answers"] == answers]
    for row in own.itertuples(index=False):
        kinds[codes == row.code] = KINDS.index(row.kind)
    kinds[np.isnan(codes)] = KINDS.index("unreadable")
    kinds[(words == "").to_numpy()] = KINDS.index("left_blank")
    return codes, kinds


def _codes(
    given: pd.Series, answers: str, questionnaire: Questionnaire, numbers: pd.Series | None = None
) -> np.ndarray:
    """Whole numbers of an answer list's cells, NaN where none; its other spellings come first."""
    numbers = read_numbers(given, whole=True) if numbers is None else numbers
    whole = numbers.to_numpy(float)
    codes = whole.copy()
    own = questionnaire.answers[questionnaire.answers["answers"] == answers]
    spelt = own[own["also"] != ""]
    folded = given.str.casefold() if len(spelt) else given
    for row in spelt.itertuples(index=False):
        others = [word.strip().casefold() for word in row.also.split(";") if word.strip()]
        other_numbers = read_numbers(pd.Series(others, dtype="str"), whole=True)
        codes[(folded.isin(others) | np.isin(whole, other_numbers)).to_numpy()] = row.code
    return codes
