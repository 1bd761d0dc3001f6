"""What a measure of fieldwork hands back: things measured, each with a value, or why it has none.
Not here: the measures (similarity, timing, answering, numbers, interviewers), or any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire

COLUMNS = ["respondent_id", "interviewer", "question", "other", "value"]


@dataclass(frozen=True)
class Measured:
    """One measure of one district-year.

    `frame`: one row per thing looked at, found or not, with COLUMNS (texts, '' where none; value
    float, finite, LARGER IS WORSE) and what the measure adds. `taken`: whether there was anything
    to look at; if not, the frame is empty and `why_not` is the key of the reason, so that
    "could not look" is never read as "found nothing". `base`: number of things looked at.
    """

    frame: pd.DataFrame
    taken: bool
    why_not: str
    base: int

    def findings(self, threshold: float) -> pd.DataFrame:
        """Rows whose value is the threshold or more: the one law by which all are judged."""
        return self.frame[self.frame["value"] >= threshold]


def not_taken(why_not: str) -> Measured:
    """A measure there was nothing to take from; `why_not`: key of the reason."""
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    return Measured(frame.astype({"value": float}), False, why_not, 0)


def list_measured(
    value: Any,
    respondent_id: Any = "",
    interviewer: Any = "",
    question: Any = "",
    other: Any = "",
    **extras: Any,
) -> Measured:
    """A measure that was taken: one row per value; a text stands for all rows.

    Rows are ordered by what they name, so the order of delivery is lost.
    """
    value = np.asarray(value, dtype=float)
    texts = {"respondent_id": respondent_id, "interviewer": interviewer, "question": question,
             "other": other}  # fmt: skip
    varying = [name for name, text in texts.items() if not isinstance(text, str)]
    columns: dict[str, Any] = {name: _texts(text, len(value)) for name, text in texts.items()} | {
        "value": value
    }
    columns |= {name: getattr(extra, "array", extra) for name, extra in extras.items()}
    frame = pd.DataFrame(columns)
    # Extras only settle the order of rows that name the same things.
    settled = len(varying) == 1 and frame[varying[0]].is_unique
    order = varying if settled else [*varying, *extras]
    if order:
        frame = frame.sort_values(order, ignore_index=True)
    return Measured(frame, True, "", len(frame))


def _texts(text: Any, count: int) -> pd.Series:
    """A column of text, '' where missing; one text stands for all rows."""
    if isinstance(text, str):
        return pd.Series(pd.array([text], dtype="str").repeat(count))
    given = getattr(text, "array", text)
    if getattr(given, "dtype", None) != "str":
        given = np.asarray(given, dtype=object)
    return pd.Series(given, dtype="str").fillna("")


def list_interviews(rows: pd.DataFrame, value: Any, is_kept: Any = None, **others: Any) -> Measured:
    """A measure of interviews: one row per interview of `rows` that is kept (all if None).

    `value` and `others` (question, other, extras): aligned with `rows` by position.
    """
    kept = np.full(len(rows), True) if is_kept is None else np.asarray(is_kept, dtype=bool)
    chosen = {
        name: part if isinstance(part, str) else pd.Series(getattr(part, "array", part))[kept]
        for name, part in others.items()
    }
    return list_measured(
        np.asarray(value, dtype=float)[kept],
        respondent_id=rows["respondent_id"][kept],
        interviewer=rows["interviewer"][kept],
        **chosen,
    )


def sort_interviews(responses: pd.DataFrame) -> pd.DataFrame:
    """Responses by respondent_id with a fresh index: no measure may see the order of delivery."""
    if responses["respondent_id"].is_monotonic_increasing:
        return responses.reset_index(drop=True)
    return responses.sort_values("respondent_id", ignore_index=True)


def find_delivered(rows: pd.DataFrame, name: str) -> pd.Series:
    """Values of a column that an interview may carry; all NA where no interview does."""
    return rows[name] if name in rows else pd.Series(pd.NA, index=rows.index, name=name)


def with_plain_codes(responses: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """The same responses, sorted, with all codes as one block of floats: many measures read it."""
    rows = sort_interviews(responses)
    names = list(questionnaire.questions["question"])
    codes = pd.DataFrame(answer_codes(rows, questionnaire), columns=names, index=rows.index)
    return pd.concat([rows.drop(columns=names), codes], axis=1)


def answer_codes(
    rows: pd.DataFrame, questionnaire: Questionnaire, questions: list[str] | None = None
) -> np.ndarray:
    """(n, questions) codes that stand, valid or don't know or refused; NaN where none does."""
    names = list(questionnaire.questions["question"]) if questions is None else questions
    if not names:
        return np.empty((len(rows), 0))
    return rows[names].to_numpy(float, na_value=np.nan)  # all at once: twice as fast
