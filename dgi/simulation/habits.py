"""What some interviewers do to the interviews they hand in: copy, pass over, round ages.
Not here: how often and how far (data/sample), slips of single cells (simulate), what finds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire, parse_condition
from dgi.simulation.assumptions import HabitAssumptions, SampleAssumptions

YOUNGEST, OLDEST = 18, 70
FIRST_ROUND = 20  # the lowest rounded age that is one of a respondent


def plant_habits(
    rows: pd.DataFrame,
    questionnaire: Questionnaire,
    year: int,
    district: str,
    assumptions: SampleAssumptions,
) -> pd.DataFrame:
    """The rows of one district with the habits of some of its interviewers in them.

    `rows`: workbook headers, one row per interview in the order of fieldwork, index 0..n-1. Who
    was asked, skips, age groups and the design stay as they are, so that neither weights nor
    expected scores move. Each habit, year and district has its own stream.
    """
    frame = rows.copy()
    header = {name: column for column, name in questionnaire.headers().items()}
    who = frame[header["interviewer"]].to_numpy(str)
    for habit, plant in HABITS.items():
        rng = assumptions.stream(habit, year, district)
        if rng.random() < getattr(assumptions.habits, habit):
            own = np.flatnonzero(who == rng.choice(np.unique(who)))
            plant(frame, own, questionnaire, assumptions.habits, rng)
    return frame


def _copy(
    frame: pd.DataFrame, own: np.ndarray, questionnaire: Questionnaire,
    assumed: HabitAssumptions, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Forms filled in from earlier ones, a few answers changed."""
    count = min(assumed.copies, len(own) // 2)
    drawn = np.sort(rng.choice(own, 2 * count, replace=False))
    sources, copies = drawn[:count], drawn[count:]
    columns = list(questionnaire.questions["column"])
    frame.loc[copies, columns] = frame.loc[sources, columns].to_numpy(object)
    for question in _opinions(questionnaire).itertuples(index=False):
        given = frame.loc[copies, question.column]
        other = rng.choice(questionnaire.codes(question.answers, "valid"), count).tolist()
        changed = (rng.random(count) < assumed.changed) & given.notna().to_numpy()
        frame.loc[copies, question.column] = given.mask(
            changed, pd.Series(other, index=copies, dtype=object)
        )


def _pass_over(
    frame: pd.DataFrame, own: np.ndarray, questionnaire: Questionnaire,
    assumed: HabitAssumptions, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Interviews in which questions were passed over."""
    drawn = rng.choice(own, min(assumed.passed_interviews, len(own)), replace=False)
    columns = list(_opinions(questionnaire)["column"])
    answers = frame.loc[drawn, columns]
    is_passed = rng.random(answers.shape) < assumed.passed_questions
    frame.loc[drawn, columns] = answers.mask(is_passed, None)


def _round_ages(
    frame: pd.DataFrame, own: np.ndarray, questionnaire: Questionnaire,
    assumed: HabitAssumptions, rng: np.random.Generator,
) -> None:  # fmt: skip
    """All ages end in 0 or 5. Rounded down, no age leaves its group; 18 and 19 become 20."""
    column = {name: column for column, name in questionnaire.headers().items()}["age"]
    age = frame.loc[own, column].astype(int)
    rounded = (age // 5 * 5).clip(lower=FIRST_ROUND).astype(object)
    frame.loc[own, column] = frame.loc[own, column].mask(age.between(YOUNGEST, OLDEST), rounded)


def _opinions(questionnaire: Questionnaire) -> pd.DataFrame:
    """Questions that no other depends on, so that a changed answer opens or closes none."""
    conditions = map(parse_condition, questionnaire.questions["asked_if"])
    filters = {condition[0] for condition in conditions if condition}
    return questionnaire.questions[~questionnaire.questions["question"].isin(filters)]


HABITS: dict[str, Callable[..., None]] = {
    "copying": _copy, "passing_over": _pass_over, "rounding": _round_ages,
}  # fmt: skip
