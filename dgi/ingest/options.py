"""Questions with several answers: an option's column made from, or compared with, the common one.
Not here: which column is which (headers.py), or what an option that nobody ticked is worth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.errors import Fault
from dgi.facts.spelling import clean
from dgi.ingest.contents import AnswerList, plain_number

TICKED = {"1", "true", "x", "v", "✓", "✔", "có", "yes", "y", "đúng", "checked", "selected"}
UNTICKED = {"0", "false", "không", "no", "n", "sai", "unchecked"}
SAYS_NOTHING = {"n/a", "na", "#n/a"}  # in place of a blank
BETWEEN = re.compile(r"[\s,;|]+")
ROWS_SHOWN = 10


@dataclass(frozen=True)
class Ticks:
    """The options of one question, row by row: `columns` name -> codes as text; `conflict`: where
    the common column and the options' own columns disagree."""

    columns: dict[str, pd.Series]
    conflict: np.ndarray


def read_ticks(
    options: Mapping[str, str],
    answers: Mapping[str, AnswerList],
    given: pd.DataFrame,
    common: pd.Series | None,
) -> Ticks:
    """The options' columns of one question with several answers, as codes.

    `options`: option -> name of its column; `answers`: answer list by name; `given`: the options'
    columns that were delivered, by name (1/0, TRUE/FALSE, x/blank ...); `common`: the column with
    all ticked options of a row in one cell ('1 3 8'), if delivered. In a row that ticks anything,
    a blank option was not ticked. A common cell with an option nobody declared, and one that
    holds a reason (888), stands in every option's column, to be judged when it is typed.
    """
    index = given.index if common is None else common.index
    states = {name: _read_states(given[name]) for name in options.values() if name in given}
    nothing = np.zeros(len(index), dtype=bool)
    has_tick = nothing | np.logical_or.reduce([own == 1 for own in states.values()] or [nothing])
    has_state = nothing | np.logical_or.reduce([own >= 0 for own in states.values()] or [nothing])
    said = _read_common(options, common, len(index))
    conflict = nothing if common is None else said.is_blank & has_tick
    columns = {}
    for option, name in options.items():
        own = states.get(name, np.full(len(index), BLANK))
        if name in states:
            conflict = conflict | (said.is_told & has_state & ((own == 1) != said.ticked[option]))
        ticked, unticked = _codes(answers[name])
        texts = given[name].to_numpy(object) if name in states else said.text
        values = np.full(len(index), None, dtype=object)
        # Later lines win: what the option's own column says comes before the common one.
        values[has_tick] = unticked
        values[~said.is_blank] = said.text[~said.is_blank]
        values[said.is_told] = unticked
        values[said.is_told & said.ticked[option]] = ticked
        values[own == 0], values[own == 1] = unticked, ticked
        values[own == OTHER] = texts[own == OTHER]
        columns[name] = pd.Series(values, index=index, dtype="str")
    return Ticks(columns, conflict)


BLANK, OTHER = -1, 2  # states of an option's cell beside 1 (ticked) and 0 (not)


def _read_states(text: pd.Series) -> np.ndarray:
    """Each cell of an option's column: 1, 0, BLANK, or OTHER for any other text."""
    positions, spellings = pd.factorize(text)
    states = [_state(clean(str(spelling)).casefold()) for spelling in spellings]
    return np.array([*states, BLANK])[positions]


def _state(word: str) -> int:
    word = plain_number(word) or word
    if word in ("", *SAYS_NOTHING):
        return BLANK
    return 1 if word in TICKED else 0 if word in UNTICKED else OTHER


@dataclass(frozen=True)
class _Common:
    """The common column: where blank, where it tells the options, which, and its text."""

    is_blank: np.ndarray
    is_told: np.ndarray
    ticked: dict[str, np.ndarray]
    text: np.ndarray


def _read_common(options: Mapping[str, str], common: pd.Series | None, size: int) -> _Common:
    nothing = np.zeros(size, dtype=bool)
    if common is None:
        return _Common(~nothing, nothing, dict.fromkeys(options, nothing), np.full(size, None))
    positions, spellings = pd.factorize(common)
    words = [clean(str(spelling)) for spelling in spellings]
    sets = [{plain_number(part) or part for part in BETWEEN.split(w) if part} for w in words]
    known = {plain_number(option) or option: option for option in options}
    is_blank = [not own or w.casefold() in SAYS_NOTHING for own, w in zip(sets, words, strict=True)]
    is_told = [not blank and own <= set(known) for own, blank in zip(sets, is_blank, strict=True)]
    return _Common(
        np.array([*is_blank, True])[positions],
        np.array([*is_told, False])[positions],
        {option: np.array([*(key in own for own in sets), False])[positions]
         for key, option in known.items()},
        np.array([*words, None], dtype=object)[positions],
    )  # fmt: skip


def _codes(answers: AnswerList) -> tuple[str | None, str | None]:
    """What an option's column holds when it was ticked, and when it was not."""
    kinds = answers.kinds
    ticked = [code for code, kind in kinds.items() if kind == "valid" and code != "0"]
    unticked = [code for code, kind in kinds.items() if kind == "not_selected" or code == "0"]
    return (ticked or [None])[0], (unticked or [None])[0]


def describe_conflict(where: str, sheet: str, header: str, rows: list[int]) -> Fault:
    """The fault of a question whose common column and options disagree, by row numbers."""
    shown = ", ".join(map(str, rows[:ROWS_SHOWN])) + (", ..." if len(rows) > ROWS_SHOWN else "")
    return Fault(
        where, f"the columns of the options contradict the common column in rows {shown}",
        "Correct the file: in these rows the two must agree.",
        sheet=sheet or None, row=rows[0], column=header,
        rule_vi=f"các cột lựa chọn mâu thuẫn với cột chung ở các dòng {shown}",
        action_vi="Sửa tệp: ở các dòng này hai cách ghi phải khớp nhau.",
    )  # fmt: skip
