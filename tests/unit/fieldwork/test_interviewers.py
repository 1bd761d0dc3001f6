"""Belongs here: interviewers against all others, the table of them, and interviewer effects.
Does not belong here: figures of R (tests/oracle/test_interviewer_effects.py), or thresholds."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from fieldwork_builders import form, interviews, set_cells, shuffle, without
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.fieldwork.interviewer_effects import interviewer_effects, measure_interviewer_effects
from dgi.fieldwork.interviewers import (
    compare_with_others,
    measure_interviewer_excess,
    measure_interviewer_rates,
    tabulate_interviewers,
)

FORM = form()
QUESTIONS = list(FORM.questions["question"])
THRESHOLDS = {"short_at": 2.0, "similar_at": 0.85, "straight_at": 1.0, "night_at": 1.0}
ID = [f"{n:016x}" for n in range(200)]


def of_interviewers(*sizes: int, seed: int = 1) -> pd.DataFrame:
    """Interviews of DTV0, DTV1, ..., so many of each, over all villages."""
    names = np.repeat([f"DTV{n}" for n in range(len(sizes))], sizes)
    return interviews(sum(sizes), seed=seed, interviewer=pd.array(names, dtype="str"))


def with_dont_knows(rows: pd.DataFrame, shares: dict[str, float], seed: int = 1) -> pd.DataFrame:
    """Each interviewer's answers a don't know with its own probability."""
    draw = np.random.default_rng(seed)
    chance = rows["interviewer"].map(shares).to_numpy(float)
    rows = rows.copy()
    for name in QUESTIONS:
        rows.loc[draw.random(len(rows)) < chance, name] = 888
    return rows


def z_of(measured) -> pd.Series:
    return measured.frame.set_index("interviewer")["value"]


def test_a_rate_is_of_all_questions_of_an_interviewers_interviews():
    rows = of_interviewers(20, 20)
    rows.loc[0, QUESTIONS[:15]] = 888
    frame = measure_interviewer_rates(rows, FORM, "dont_know").frame
    assert frame["value"].tolist() == [15 / 600, 0]
    assert frame["asked_n"].tolist() == [600, 600]


def test_the_funnel_is_the_difference_over_its_error_by_hand():
    hits, trials = np.array([9.0, 1, 0, 2, 1, 8]), np.array([10.0, 8, 10, 10, 9, 10])
    table = compare_with_others(hits, trials, pd.Series(list("aabbbb")))
    rates = np.array([10 / 18] * 2 + [11 / 39] * 4)
    squares = ((hits - rates * trials) ** 2).sum()
    expected = 10 / 18 * 8 / 18 * 18 * 1 / 2 + 11 / 39 * 28 / 39 * 39 * 3 / 4
    arcsine = np.arcsin(np.sqrt([(10 + 3 / 8) / 18.75, (11 + 3 / 8) / 39.75]))
    error = np.sqrt(squares / expected * (1 / 74 + 1 / 158))
    assert squares / expected > 1
    assert table.loc["a", "z"] == pytest.approx((arcsine[0] - arcsine[1]) / error, rel=1e-12)
    assert table.loc["b", "z"] == -table.loc["a", "z"]
    assert table.loc["a", "others_rate"] == 11 / 39


def test_one_or_two_rare_answers_do_not_make_an_interviewer_stand_out():
    rows = of_interviewers(60, 60, 60, 60, 60, 60)
    found = []
    for count in (1, 2, 8):
        rows.loc[range(count), "q3"] = pd.NA
        found.append(z_of(measure_interviewer_excess(rows, FORM, "blank"))["DTV0"])
    assert 0 < found[0] < found[1] < 2.5
    assert found[2] > 3


def test_rates_that_hardly_vary_are_no_surer_than_trials_of_their_own():
    rows = of_interviewers(20, 20, 20)
    rows[QUESTIONS[:3]] = 888
    rows.loc[:19, "q3"] = 888  # four of thirty in each interview, against three
    trials = 2 * (np.arcsin((4 / 30) ** 0.5) - np.arcsin((3 / 30) ** 0.5)) / (3 / 1200) ** 0.5
    z = z_of(measure_interviewer_excess(rows, FORM, "dont_know"))
    assert z["DTV0"] == pytest.approx(trials, rel=0.01)


def test_the_one_who_lets_people_off_stands_out_and_a_beginner_does_not():
    rows = with_dont_knows(
        of_interviewers(30, 30, 30, 30, 2),
        {"DTV0": 0.05, "DTV1": 0.05, "DTV2": 0.05, "DTV3": 0.25, "DTV4": 0.1},
    )
    z = z_of(measure_interviewer_excess(rows, FORM, "dont_know", min_interviews=1))
    assert z["DTV3"] > 10
    assert (z.drop("DTV3") < 3).all()
    assert "DTV4" not in z_of(measure_interviewer_excess(rows, FORM, "dont_know"))


def test_answers_of_one_silent_person_do_not_pass_for_many():
    """Thirty don't knows in one interview are one person, not thirty trials gone wrong."""
    rows = of_interviewers(30, 30, 30)
    rows.loc[[0, 31, 62], QUESTIONS] = 888  # each interviewer meets one who knows nothing
    rows.loc[1, QUESTIONS] = 888  # and the first meets another
    z = z_of(measure_interviewer_excess(rows, FORM, "dont_know"))
    binomial = (60 / 900 - 60 / 1800) / np.sqrt(60 / 1800 * 29 / 30 * (1 / 900 + 1 / 1800))
    assert binomial > 3 and z["DTV0"] < 1.5


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_where_all_are_alike_few_stand_out(seed):
    """Two-sided, three standard errors: 3 in 1,000 by chance, so not one in fifty here."""
    names = {f"DTV{n}": 0.1 for n in range(60)}
    rows = with_dont_knows(of_interviewers(*[8] * 60), names, seed)
    z = z_of(measure_interviewer_excess(rows, FORM, "dont_know"))
    assert (z.abs() >= 3).mean() < 0.05
    assert 0.6 < z.std() < 1.4


def test_nobody_stands_out_where_nothing_happens():
    measured = measure_interviewer_excess(of_interviewers(20, 20), FORM, "refused")
    assert measured.taken and measured.frame["value"].tolist() == [0, 0]


def test_one_interviewer_or_none_cannot_be_compared_and_is_not_passed():
    for measure in (measure_interviewer_rates, measure_interviewer_excess):
        assert measure(of_interviewers(0), FORM, "blank").why_not == "no_interviews"
        assert measure(of_interviewers(4, 4), FORM, "blank").why_not == "too_few_interviews"
    assert (
        measure_interviewer_excess(of_interviewers(20), FORM, "blank").why_not
        == "too_few_interviewers"
    )
    assert measure_interviewer_effects(of_interviewers(0), FORM).why_not == "no_interviews"
    assert measure_interviewer_effects(of_interviewers(40), FORM).why_not == "too_few_interviewers"
    assert measure_interviewer_effects(of_interviewers(9, 9), FORM).why_not == "too_few_answers"


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    order=st.integers(0, 10**6),
    low=st.floats(-3, 3),
    more=st.floats(0, 3),
)
def test_order_changes_nothing_and_a_higher_threshold_adds_nothing(seed, order, low, more):
    rows = with_dont_knows(
        of_interviewers(14, 9, 22, 7, seed=seed),
        {"DTV0": 0.1, "DTV1": 0.2, "DTV2": 0, "DTV3": 0.3}, seed,
    )  # fmt: skip
    other = shuffle(rows, order)
    for measure, arguments in (
        (measure_interviewer_rates, ("dont_know",)),
        (measure_interviewer_excess, ("dont_know",)),
        (measure_interviewer_effects, ()),
        (measure_interviewer_effects, ("commune_code",)),
    ):
        measured = measure(rows, FORM, *arguments)
        pd.testing.assert_frame_equal(
            measured.frame, measure(other, FORM, *arguments).frame, check_exact=True
        )
        assert measured.taken and np.isfinite(measured.frame["value"]).all()
        assert set(measured.findings(low + more).index) <= set(measured.findings(low).index)
    pd.testing.assert_frame_equal(
        tabulate_interviewers(rows, FORM, **THRESHOLDS),
        tabulate_interviewers(other, FORM, **THRESHOLDS),
        check_exact=True,
    )


def test_a_question_one_interviewer_leads_is_found_among_the_others():
    rows = of_interviewers(20, 20, 20)
    rows.loc[rows["interviewer"] == "DTV1", "q4"] = 5
    found = measure_interviewer_effects(rows, FORM).findings(0.2)
    assert found["question"].tolist() == ["q4"]
    assert found["p_value"].item() < 1e-6
    assert found[["answers_n", "interviewers_n"]].to_numpy().tolist() == [[60, 3]]


def test_what_lies_between_areas_is_not_laid_to_interviewers_who_share_them():
    """Communes differ wildly; in each both interviewers get the same answers."""
    rows = interviews(160)
    place = rows["commune_code"].factorize()[0] % 5 + 1
    rows["q0"] = pd.array(place, dtype="Int32")
    rows.loc[:7, "q0"] = 3
    rows["interviewer"] = np.where(np.arange(160) % 16 < place * 3, "DTV0", "DTV1")
    raw = measure_interviewer_effects(rows, FORM).frame.set_index("question")
    net = measure_interviewer_effects(rows, FORM, "commune_code").frame.set_index("question")
    assert raw.loc["q0", "value"] > 0.1 > abs(net.loc["q0", "value"])


def test_interviewers_who_never_share_an_area_cannot_be_told_from_it():
    rows = of_interviewers(32, 32)
    rows["commune_code"] = rows["interviewer"].map({"DTV0": "06649", "DTV1": "06652"})
    assert measure_interviewer_effects(rows, FORM).taken
    measured = measure_interviewer_effects(rows, FORM, "commune_code")
    assert (measured.taken, measured.why_not) == (False, "not_separable")


def test_answers_that_vary_only_between_interviewers_have_an_effect_of_one():
    values = pd.DataFrame({"x": [1.0, 1, 1, 2, 2, 5, 5, 5, np.nan]})
    who = pd.Series(list("aaabbcccc"))
    assert interviewer_effects(values, who).loc["x", ["icc", "p_value"]].tolist() == [1, 0]


def test_dont_know_is_no_value_of_an_answer():
    rows = of_interviewers(20, 20)
    rows.loc[rows["interviewer"] == "DTV1", "q0"] = 888
    assert "q0" not in set(measure_interviewer_effects(rows, FORM).frame["question"])


def test_the_table_has_what_was_planted_in_each_interviewers_row():
    rows = of_interviewers(16, 16)
    for row in (0, 1, 2):
        rows = set_cells(rows, row, ended_at=rows["started_at"][row] + timedelta(minutes=10))
    rows = set_cells(rows, 21, ended_at=rows["started_at"][21] + timedelta(minutes=44))
    rows = set_cells(rows, 20, started_at="2019-08-17 02:00", ended_at="2019-08-17 02:40")
    rows.loc[3, QUESTIONS] = 2
    rows.loc[[5, 6], QUESTIONS] = rows.loc[[25, 25], QUESTIONS].to_numpy()
    rows.loc[17, QUESTIONS[:3]], rows.loc[18, QUESTIONS[:6]] = 888, 999
    rows.loc[19, QUESTIONS[:9]] = pd.NA
    rejected = pd.DataFrame(
        {"interviewer": ["DTV1", "DTV1", "DTV0"], "scope": ["row", "row", "answer"]}
    )
    differences = pd.Series({ID[17]: 0.4, ID[18]: 0.2, "an interview set aside": 1.0})
    table = tabulate_interviewers(
        rows, FORM, rejected=rejected, differences=differences, **THRESHOLDS
    ).set_index("interviewer")
    assert table["interviews_n"].tolist() == [16, 16]
    assert table["days_n"].tolist() == [2, 2] and table["per_day_max"].tolist() == [8, 8]
    assert table["villages_n"].tolist() == [2, 2]
    assert table["median_minutes"].tolist() == [40, 40]
    assert table["short_share"].tolist() == [3 / 16, 0]
    assert table["straight_lined_share"].tolist() == [1 / 16, 0]
    assert table["dont_know_share"].tolist() == [0, 3 / 480]
    assert table["refused_share"].tolist() == [0, 6 / 480]
    assert table["blank_share"].tolist() == [0, 9 / 480]
    assert table["night_n"].tolist() == [0, 1]
    # 5 with 6, 6 with 5 and 25 with 5: two pairs, of which DTV1 has a part in one.
    assert table["similar_pairs_n"].tolist() == [2, 1]
    assert table["rejected_interviews_n"].tolist() == [0, 2]
    assert table["rejected_answers_n"].tolist() == [1, 0]
    assert table["back_checked_n"].tolist() == [0, 2]
    assert table.loc["DTV1", "back_check_difference"] == pytest.approx(0.3)
    assert table.loc["DTV0", "minutes_z"] < 0 < table.loc["DTV0", "short_z"]


def test_minutes_are_compared_unless_nobody_ever_took_longer_than_another():
    rows = of_interviewers(16, 16)
    rows = set_cells(rows, 0, ended_at=rows["started_at"][0] + timedelta(minutes=31))
    table = tabulate_interviewers(rows, FORM, **THRESHOLDS).set_index("interviewer")
    assert table["minutes_z"].iloc[0] == -table["minutes_z"].iloc[1] < 0
    always = tabulate_interviewers(of_interviewers(16, 16), FORM, **THRESHOLDS)
    assert always["minutes_z"].isna().all()


def test_what_the_table_could_not_measure_is_missing_and_not_zero():
    rows = without(of_interviewers(16, 16), "started_at", "ended_at")
    table = tabulate_interviewers(rows, FORM, **THRESHOLDS)
    unknown = ["median_minutes", "minutes_z", "short_share", "short_z", "night_n",
               "rejected_interviews_n", "rejected_answers_n", "back_check_difference"]  # fmt: skip
    assert table[unknown].isna().all().all()
    assert table.drop(columns=unknown).notna().all().all()


@pytest.mark.parametrize("count", [0, 1])
def test_the_table_of_none_or_one_interview_has_as_many_rows(count):
    table = tabulate_interviewers(of_interviewers(count), FORM, **THRESHOLDS)
    assert len(table) == count
    assert list(table) == list(tabulate_interviewers(of_interviewers(9, 9), FORM, **THRESHOLDS))
