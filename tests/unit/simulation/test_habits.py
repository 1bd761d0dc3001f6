"""Belongs here: that interviewers' habits do to the rows what they are called, and nothing else.
Does not belong here: whether checks find them, or the slips of single cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dgi.facts.questionnaire import parse_condition
from dgi.ingest.facts import Facts
from dgi.simulation.assumptions import SampleAssumptions
from dgi.simulation.habits import HABITS, plant_habits
from pipelines.settings import ROOT

FACTS = Facts(ROOT / "data")
FORM = FACTS.questionnaire("citizens-2018")
QUESTIONS = list(FORM.questions["column"])
DISTRICT, COUNT = "207-co-to", 96
AGES = np.array([15, 18, 19, 29, 30, 44, 45, 59, 60, 64, 70, 76])


def having(*habits: str) -> SampleAssumptions:
    document = FACTS.yaml("sample/assumptions.yaml")
    chances = {habit: float(habit in habits) for habit in HABITS}
    return SampleAssumptions.from_document(
        document | {"habits": document["habits"] | chances}, "assumptions"
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Interviews of four interviewers; whoever says no to a filter has no answer behind it."""
    rng = np.random.default_rng(3051)
    named = {}
    for question in FORM.questions.itertuples(index=False):
        codes = pd.Series(rng.choice(FORM.codes(question.answers, "valid"), COUNT).tolist())
        condition = parse_condition(question.asked_if)
        is_asked = named[condition[0]].isin(condition[1]) if condition else codes.notna()
        named[question.question] = codes.astype(object).where(is_asked, None)
    frame = pd.DataFrame({header: named.get(name, "1") for header, name in FORM.headers().items()})
    frame["MaDTV"] = [f"DTV{number % 4}" for number in range(COUNT)]
    frame["Tuoi"] = pd.Series(np.resize(np.repeat(AGES, 4), COUNT).tolist(), dtype=object)
    return frame.astype(object)


def planted(rows: pd.DataFrame, *habits: str) -> pd.DataFrame:
    return plant_habits(rows, FORM, 2018, DISTRICT, having(*habits))


def changed(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    return (one != other) & ~(one.isna() & other.isna())


def test_nobody_with_a_habit_leaves_the_rows_as_they_are_and_the_same_call_gives_the_same(rows):
    before = rows.copy()
    pd.testing.assert_frame_equal(planted(rows), rows)
    pd.testing.assert_frame_equal(planted(rows, *HABITS), planted(rows, *HABITS))
    pd.testing.assert_frame_equal(rows, before)


def test_a_copy_is_an_earlier_form_of_the_same_interviewer_but_for_a_few_answers(rows):
    frame = planted(rows, "copying")
    differs = changed(frame, rows)
    copies = np.flatnonzero(differs.any(axis=1))
    assert len(copies) == having().habits.copies
    assert not differs[[column for column in frame if column not in QUESTIONS]].any(axis=None)
    answers = frame[QUESTIONS].astype("Float64").fillna(-1).to_numpy(float)
    for copy in copies:
        alike = (answers == answers[copy]).mean(axis=1)
        alike[copy] = 0
        source = int(alike.argmax())
        assert alike[source] > 0.9 and source < copy
        assert frame["MaDTV"].iat[source] == frame["MaDTV"].iat[copy]


def test_who_passes_over_leaves_blanks_in_a_few_forms_and_changes_no_answer(rows):
    frame = planted(rows, "passing_over")
    differs = changed(frame, rows)
    assert frame.to_numpy(object)[differs.to_numpy()].tolist() == [None] * differs.sum().sum()
    hit = np.flatnonzero(differs.any(axis=1))
    assert len(hit) == having().habits.passed_interviews
    assert frame["MaDTV"].iloc[hit].nunique() == 1
    assert set(frame.columns[differs.any()]) <= set(QUESTIONS)


@pytest.mark.parametrize("habit", ["copying", "passing_over"])
def test_no_habit_answers_what_was_not_asked_or_blanks_a_filter(rows, habit):
    frame, before = (table.rename(columns=FORM.headers()) for table in (planted(rows, habit), rows))
    for question in FORM.questions.itertuples(index=False):
        condition = parse_condition(question.asked_if)
        if condition:
            is_open = frame[condition[0]].isin(condition[1])
            assert not (frame[question.question].notna() & ~is_open).any()
            blank = frame[condition[0]].isna()
            assert habit == "copying" or blank.equals(before[condition[0]].isna())


def test_rounded_ages_end_in_0_or_5_and_stay_in_their_age_group(rows):
    frame = planted(rows, "rounding")
    assert not changed(frame, rows).drop(columns="Tuoi").any(axis=None)
    age, before = frame["Tuoi"].astype(int), rows["Tuoi"].astype(int)
    own = frame["MaDTV"] == frame.loc[age != before, "MaDTV"].iloc[0]
    assert (age[~own] == before[~own]).all()
    inside = before.between(18, 70)
    assert (age[own & inside] % 5 == 0).all()
    assert (age[~inside] == before[~inside]).all()  # an age that nobody can have stays as it is
    groups = [pd.cut(ages[inside], [18, 30, 45, 60, 71], right=False) for ages in (age, before)]
    assert groups[0].equals(groups[1])
