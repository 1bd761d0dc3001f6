"""Belongs here: what back-checks say by type of question, and re-interviews of nobody.
Does not belong here: differences of whole interviews (test_sample_coverage.py)."""

from __future__ import annotations

import fieldwork_builders as builders
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgi.errors import FactError
from dgi.fieldwork.back_checks import (
    check_back_check_types,
    measure_back_check_interviewers,
    measure_back_check_questions,
    measure_unmatched_back_checks,
)
from dgi.ingest.facts import Facts
from pipelines.settings import ROOT

TYPES = pd.DataFrame(
    [("q0", 1), ("q1", 1), ("q2", 2), ("q3", 3)], columns=["question", "back_check_type"]
)
ROWS = builders.interviews(20)
QUESTIONS = [f"q{n}" for n in range(5)]


def again(*differing: tuple[int, str]) -> pd.DataFrame:
    """Re-interviews of all, alike but for the cells named."""
    table = ROWS[["respondent_id", *QUESTIONS]].astype(dict.fromkeys(QUESTIONS, float))
    for row, question in differing:
        table.loc[row, question] = 9.0
    return table


def by(measured, name: str) -> dict[str, float]:
    return dict(zip(measured.frame[name], measured.frame["value"], strict=True))


def test_only_facts_that_cannot_change_count_against_the_interviewer():
    table = again((0, "q0"), (2, "q1"), (0, "q2"), (1, "q3"), (3, "q4"))
    facts = by(measure_back_check_interviewers(ROWS, table, TYPES, kind=1), "interviewer")
    assert facts == {"DTV0": pytest.approx(2 / 20), "DTV1": 0.0}
    hard = by(measure_back_check_interviewers(ROWS, table, TYPES, kind=2), "interviewer")
    assert hard == {"DTV0": pytest.approx(1 / 10), "DTV1": 0.0}


def test_an_interviewer_with_few_pairs_has_no_rate():
    table = again((0, "q0")).iloc[:9]  # five interviews of one, four of the other
    found = by(measure_back_check_interviewers(ROWS, table, TYPES, kind=1), "interviewer")
    assert found == {"DTV0": pytest.approx(1 / 10)}
    hard = measure_back_check_interviewers(ROWS, table, TYPES, kind=2)
    assert hard.why_not == "too_few_answers"
    none = measure_back_check_interviewers(ROWS, table.iloc[:0], TYPES, kind=1)
    assert none.why_not == "no_back_checks"


def test_what_may_change_is_followed_by_question_and_apart_from_the_others():
    table = again((0, "q3"), (1, "q4"))
    stable = by(measure_back_check_questions(ROWS, table, TYPES, kind=3), "question")
    assert stable == {"q3": pytest.approx(1 / 20)}
    others = by(measure_back_check_questions(ROWS, table, TYPES), "question")
    assert list(others) == ["q0", "q1", "q2", "q4"] and others["q4"] == pytest.approx(1 / 20)
    assert not measure_back_check_questions(ROWS, table, TYPES.iloc[:3], kind=3).taken


@given(st.lists(st.tuples(st.integers(0, 19), st.sampled_from(QUESTIONS)), max_size=12))
def test_every_difference_is_counted_under_one_type(differing):
    table = again(*differing)
    types = pd.DataFrame({"question": QUESTIONS, "back_check_type": [1, 1, 2, 3, 2]})
    counted = sum(
        sum(by(measure_back_check_questions(ROWS, table, types, kind), "question").values()) * 20
        for kind in (1, 2, 3)
    )
    assert counted == pytest.approx(len(set(differing)))


def test_a_re_interview_without_an_interview_is_told_by_its_place():
    raw = pd.DataFrame(
        {"respondent_id": ["a", "b", "", None, " c "], "_file": "b.xlsx", "_row": [2, 3, 4, 5, 6]}
    )
    delivered = pd.DataFrame({"respondent_id": ["a ", "c", ""]})
    found = by(measure_unmatched_back_checks(raw, delivered), "other")
    assert found == {"b.xlsx:2": 0.0, "b.xlsx:3": 1.0, "b.xlsx:4": 1.0, "b.xlsx:5": 1.0,
                     "b.xlsx:6": 0.0}  # fmt: skip
    assert measure_unmatched_back_checks(raw.iloc[:0], delivered).why_not == "no_back_checks"


@pytest.mark.parametrize(
    ("rows", "says"),
    [([("q0", "4")], "row 2, column back_check_type"), ([("q0", "")], "column back_check_type"),
     ([("q0", "1"), ("nobody_asks", "2")], "row 3, column question"),
     ([("q0", "1"), ("q0", "2")], "stands in the file already")],
)  # fmt: skip
def test_a_wrong_type_is_refused_with_its_place(rows, says):
    table = pd.DataFrame(rows, columns=["question", "back_check_type"])
    with pytest.raises(FactError, match=says):
        check_back_check_types(table, {"q0"})


def test_the_types_of_the_province_are_sound_and_every_kind_is_there():
    facts = Facts(ROOT / "data")
    asked = pd.concat(
        [facts.questionnaire(name).questions for name in facts.questionnaires["questionnaire"]]
    ).drop_duplicates("question")
    types = check_back_check_types(
        facts.table("questionnaires/back_check_types.csv"), set(asked["question"])
    )
    assert set(types["back_check_type"]) == {1, 2, 3}
    lists = asked.set_index("question")["answers"]
    opinions = lists.index[lists.str.match("agree|satisfaction|quality|importance|change")]
    of = types.set_index("question")["back_check_type"]
    assert np.all(of.reindex(opinions) == 3)
    assert set(lists[of.index[of == 1]]) <= {"yes_no", "water_source6"}
