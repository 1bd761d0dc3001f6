"""Belongs here: straight lines, rates of don't know, refused and blank, and of "other".
Does not belong here: reasons why an answer is missing (test_missing_answers.py), thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fieldwork_builders import form, interviews, shuffle
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork import answering

FORM = form("five " * 6 + "yes_no " * 20 + "source")
BATTERY = [f"q{n}" for n in range(6)]
ID = [f"{n:016x}" for n in range(64)]
KINDS = ["dont_know", "refused", "unknown", "blank"]
OF_FORM = [
    answering.measure_straight_lining, answering.measure_flatness, answering.measure_longest_run,
    answering.measure_other_share,
]  # fmt: skip
OF_KIND = [answering.measure_item_rates, answering.measure_respondent_rates]


def rows_of(count: int = 40, **cells) -> pd.DataFrame:
    return interviews(count, FORM, **cells)


def answered(rows: pd.DataFrame, row: int, codes: list, names: list[str] = BATTERY):
    rows = rows.copy()
    for name, code in zip(names, codes, strict=True):
        rows.loc[row, name] = code
    return rows


def sections(**own: str) -> Questionnaire:
    """A form whose questions' answer lists stand by section: sections(A="five yes_no five")."""
    whole = form(" ".join(own.values()))
    names = [section for section, lists in own.items() for _ in lists.split()]
    return Questionnaire(
        whole.name, whole.questions.assign(section=names), whole.answers, whole.fixed, whole.carried
    )


def value_of(measured, row: int) -> float:
    frame = measured.frame
    return frame.loc[frame["respondent_id"] == ID[row], "value"].item()


def test_a_battery_is_one_section_and_one_scale_with_other_questions_between_or_not():
    questionnaire = sections(A="five yes_no five five yes_no five", B="five five yes_no yes_no")
    assert answering.list_batteries(questionnaire, 4) == {"q0": ["q0", "q2", "q3", "q5"]}
    assert answering.list_batteries(questionnaire, 2)["q6"] == ["q6", "q7"]
    # Two answers are no scale, however many questions share them.
    assert list(answering.list_batteries(form("yes_no " * 9), 2)) == []


@pytest.mark.parametrize(
    ("codes", "share"),
    [
        ([4] * 6, 1),
        ([4, 4, 4, 4, 4, 1], 5 / 6),
        ([4, 4, 4, 4, 4, 888], 1),
        ([1, 1, 2, 2, 3, 3], 1 / 3),
    ],
)
def test_a_straight_line_is_the_share_of_the_most_frequent_valid_answer(codes, share):
    measured = answering.measure_straight_lining(answered(rows_of(), 7, codes), FORM)
    assert value_of(measured, 7) == pytest.approx(share)
    assert set(measured.frame["question"]) == {"q0"}


def test_fewer_answered_items_than_a_battery_needs_are_not_judged():
    rows = answered(rows_of(), 7, [4, 4, 4, 4, 888, pd.NA])
    assert ID[7] not in set(answering.measure_straight_lining(rows, FORM).frame["respondent_id"])
    assert value_of(answering.measure_straight_lining(rows, FORM, min_items=4), 7) == 1


def test_a_battery_of_plausibly_equal_answers_may_be_left_out():
    measured = answering.measure_straight_lining(rows_of(), FORM, excluded=["q0"])
    assert (measured.taken, measured.why_not) == (False, "no_batteries")


@pytest.mark.parametrize(
    ("codes", "flatness"),
    [
        ([3] * 6, 1),
        ([1, 1, 1, 5, 5, 5], 0),
        ([3, 3, 3, 3, 3, 4], 1 - 2 * np.std([2, 2, 2, 2, 2, 3]) / 4),
    ],
)
def test_a_near_line_has_little_variance(codes, flatness):
    measured = answering.measure_flatness(answered(rows_of(), 2, codes), FORM)
    assert value_of(measured, 2) == pytest.approx(flatness)


def test_the_longest_run_passes_over_what_was_not_answered():
    questionnaire = form("five " * 10)
    names = list(questionnaire.questions["question"])
    rows = interviews(3, questionnaire)
    rows = answered(rows, 0, [1, 2, 2, pd.NA, 2, 888, 888, 2, 2, 1], names)
    rows = answered(rows, 1, [888] * 10, names)
    measured = answering.measure_longest_run(rows, questionnaire, min_items=9)
    assert (value_of(measured, 0), value_of(measured, 1)) == (3, 10)
    assert answering.measure_longest_run(rows, questionnaire).why_not == "too_few_answers"


def test_rates_are_of_those_who_were_asked():
    rows = rows_of(40)
    rows.loc[:3, "q1"], rows.loc[4:9, "q1"], rows.loc[10:11, "q1"] = 888, 999, pd.NA
    for kind, share in (("dont_know", 4), ("refused", 6), ("unknown", 10), ("blank", 2)):
        frame = answering.measure_item_rates(rows, FORM, kind).frame.set_index("question")
        assert frame.loc["q1", "value"] == share / 40
        assert frame.drop("q1")["value"].max() == 0
        own = answering.measure_respondent_rates(rows, FORM, kind)
        assert own.frame["value"].sum() == pytest.approx(share / 27)


def test_a_question_that_is_skipped_is_not_left_blank():
    follow = FORM.questions.assign(
        asked_if=["q25=1" if name == "q26" else "" for name in FORM.questions["question"]]
    )
    questionnaire = Questionnaire(FORM.name, follow, FORM.answers, FORM.fixed, FORM.carried)
    rows = rows_of(40, q25=pd.array([1] * 32 + [0] * 8, dtype="Int32"))
    rows.loc[30:, "q26"] = pd.NA
    frame = answering.measure_item_rates(rows, questionnaire, "blank").frame.set_index("question")
    assert frame.loc["q26", ["value", "asked_n"]].tolist() == [2 / 32, 32]
    assert frame.loc["q25", "asked_n"] == 40


def test_an_answer_the_file_says_was_not_asked_or_was_suppressed_is_not_left_blank():
    rows = rows_of(40)
    rows.loc[:4, "q2"] = pd.NA
    missing = pd.DataFrame(
        {
            "respondent_id": [*ID[:4], "an interview set aside"],
            "question": "q2",
            "reason": ["not_asked", "suppressed", "left_blank", "unreadable", "not_asked"],
        }
    )
    frame = answering.measure_item_rates(rows, FORM, "blank", missing=missing).frame
    assert frame.set_index("question").loc["q2", ["value", "asked_n"]].tolist() == [3 / 38, 38]


def test_the_share_of_other_is_of_valid_answers_to_questions_that_offer_it():
    rows = rows_of(40, q26=pd.array([3] * 6 + [1] * 30 + [888] * 4, dtype="Int32"))
    measured = answering.measure_other_share(rows, FORM)
    assert measured.frame[["question", "value", "answered_n"]].to_numpy().tolist() == [
        ["q26", 6 / 36, 36]
    ]
    assert answering.measure_other_share(rows, form("five " * 9)).why_not == "no_other_answers"
    assert answering.measure_other_share(rows[:20], FORM).why_not == "too_few_answers"


@pytest.mark.parametrize("measure", OF_FORM)
def test_an_empty_district_is_not_taken_and_not_passed(measure):
    measured = measure(rows_of(0), FORM)
    assert (measured.taken, measured.why_not, measured.base) == (False, "no_interviews", 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("measure", OF_KIND)
def test_too_few_to_give_a_rate_are_not_taken_and_not_passed(measure, kind):
    assert measure(rows_of(0), FORM, kind).why_not == "no_interviews"
    assert answering.measure_item_rates(rows_of(29), FORM, kind).why_not == "too_few_answers"
    assert (
        answering.measure_respondent_rates(rows_of(9), FORM, kind, min_asked=28).why_not
        == "too_few_answers"
    )


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    order=st.integers(0, 10**6),
    low=st.floats(-1, 10),
    more=st.floats(0, 10),
)
def test_order_changes_nothing_and_a_higher_threshold_adds_nothing(seed, order, low, more):
    draw = np.random.default_rng(seed)
    rows = rows_of(45, seed=seed)
    for name in FORM.questions["question"]:
        rows.loc[draw.random(45) < 0.1, name] = 888
        rows.loc[draw.random(45) < 0.1, name] = pd.NA
    measures = [(measure, ()) for measure in OF_FORM]
    measures += [(measure, (kind,)) for measure in OF_KIND for kind in KINDS]
    for measure, kind in measures:
        measured = measure(rows, FORM, *kind)
        again = measure(shuffle(rows, order), FORM, *kind)
        pd.testing.assert_frame_equal(measured.frame, again.frame, check_exact=True)
        assert np.isfinite(measured.frame["value"]).all()
        # By chance too few may have answered; then it says so.
        assert measured.base == len(measured.frame)
        assert measured.taken or measured.why_not == "too_few_answers"
        assert set(measured.findings(low + more).index) <= set(measured.findings(low).index)


@settings(max_examples=15, deadline=None)
@given(row=st.integers(0, 39), code=st.integers(1, 5), seed=st.integers(0, 99))
def test_a_planted_line_is_always_found(row, code, seed):
    rows = answered(rows_of(seed=seed), row, [code] * 6)
    for measure in (answering.measure_straight_lining, answering.measure_flatness):
        assert ID[row] in set(measure(rows, FORM).findings(1.0)["respondent_id"])
