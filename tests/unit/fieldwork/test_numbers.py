"""Belongs here: outliers with and without groups, rounded and displaced ages.
Does not belong here: values outside their declared range (test_responses.py), thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fieldwork_builders import interviews, shuffle
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.fieldwork.numbers import (
    measure_age_displacement,
    measure_age_heaping,
    measure_iqr_distance,
    measure_sd_distance,
    measure_whipple,
)

DISTANCES = [measure_iqr_distance, measure_sd_distance]
OF_AGES = [measure_age_heaping, measure_whipple, measure_age_displacement]
ID = [f"{n:016x}" for n in range(240)]


def minutes(values) -> tuple[pd.Series, pd.DataFrame]:
    rows = interviews(len(values))
    return pd.Series(values, index=rows.index, dtype=float, name="minutes"), rows


def aged(ages) -> pd.DataFrame:
    return interviews(len(ages), age=pd.array(list(ages), dtype="Int64"))


def test_distance_is_counted_in_the_spread_of_the_numbers():
    # Quartiles 4 and 12 of 0..16 (linear), so that 24 lies an IQR and a half above.
    numbers, rows = minutes([*range(17)])
    numbers[16] = 24
    measured = measure_iqr_distance(numbers, rows)
    assert measured.frame["value"].iloc[16] == 1.5
    assert measured.frame["value"].iloc[4:13].tolist() == [0] * 9
    assert measured.frame["question"].unique().tolist() == ["minutes"]
    spread = measure_sd_distance(numbers, rows).frame["value"]
    z = (numbers - numbers.mean()).abs() / numbers.std(ddof=1)
    np.testing.assert_allclose(spread, z, rtol=1e-12)


def test_the_users_multiplier_is_respected_with_quartiles():
    """A peer's check took 1.5 whatever the user wrote."""
    numbers, rows = minutes([*range(17)])
    numbers[15:] = [20, 36]  # one and three IQRs above the upper quartile
    measured = measure_iqr_distance(numbers, rows)
    assert [len(measured.findings(k)) for k in (0.9, 1.0, 1.5, 3.0, 3.1)] == [2, 2, 1, 1, 0]


@pytest.mark.parametrize("measure", DISTANCES)
def test_grouped_numbers_are_judged_in_their_group(measure):
    """A peer's grouped quartiles were never computed, so that nothing was ever flagged."""
    fast, slow = np.arange(10, 30), np.arange(110, 130)
    numbers, rows = minutes(np.column_stack([fast, slow]).ravel())  # DTV0 is fast, DTV1 slow
    numbers[0] = 120.0
    assert measure(numbers, rows).findings(1.5).empty
    found = measure(numbers, rows, by="interviewer").findings(3)
    assert found["respondent_id"].tolist() == [ID[0]]
    assert found["interviewer"].tolist() == ["DTV0"]


@pytest.mark.parametrize("measure", DISTANCES)
def test_each_group_has_what_it_would_have_alone(measure):
    numbers, rows = minutes(np.random.default_rng(3).gamma(2, 20, 60))
    together = measure(numbers, rows, by="interviewer").frame
    for name, own in rows.groupby("interviewer"):
        alone = measure(numbers[own.index], own).frame
        of_group = together[together["interviewer"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_group, alone)


@pytest.mark.parametrize("measure", DISTANCES)
def test_small_groups_and_equal_numbers_are_not_taken_and_not_passed(measure):
    numbers, rows = minutes([40.0] * 30)
    assert measure(numbers, rows).why_not == "no_spread"
    assert measure(numbers + 0.1, rows).why_not == "no_spread"
    numbers, rows = minutes(range(22))
    assert measure(numbers, rows).base == 22
    assert measure(numbers, rows, by="interviewer").why_not == "too_few_answers"
    assert measure(numbers[:0], rows[:0]).why_not == "no_interviews"
    assert measure(numbers.where(numbers < 0), rows).why_not == "too_few_answers"


def test_a_group_without_spread_leaves_the_others_measured():
    numbers, rows = minutes([40.0, 1.0] * 15)
    numbers[1::2] = np.arange(15)
    measured = measure_sd_distance(numbers, rows, by="interviewer")
    assert measured.taken and measured.base == 15
    assert set(measured.frame["interviewer"]) == {"DTV1"}


@pytest.mark.parametrize("measure", DISTANCES)
def test_logarithms_find_the_small_as_well_as_the_large(measure):
    values = np.exp(np.random.default_rng(5).normal(3, 0.8, 60))
    values[10] = values.min() / 1000
    numbers, rows = minutes(values)
    assert measure(numbers, rows, log=True).findings(3.5)["respondent_id"].tolist() == [ID[10]]
    assert ID[10] not in set(measure(numbers, rows).findings(3)["respondent_id"])
    numbers[20] = 0
    assert measure(numbers, rows, log=True).base == 59


@settings(max_examples=40, deadline=None)
@given(
    row=st.integers(0, 59),
    sign=st.sampled_from([-1, 1]),
    seed=st.integers(0, 10**6),
    order=st.integers(0, 10**6),
    low=st.floats(0, 5),
    more=st.floats(0, 5),
    by=st.sampled_from(["", "interviewer"]),
)
def test_a_planted_extreme_is_always_found_in_any_order(row, sign, seed, order, low, more, by):
    numbers, rows = minutes(np.random.default_rng(seed).normal(50, 5, 60))
    numbers[row] = 50 + sign * 1000
    for measure in DISTANCES:
        measured = measure(numbers, rows, by=by)
        assert measured.frame["value"].idxmax() == row
        assert ID[row] in set(measured.findings(3)["respondent_id"])
        shuffled = shuffle(rows, order)
        again = measure(numbers[shuffled.index], shuffled, by=by)
        pd.testing.assert_frame_equal(measured.frame, again.frame, check_exact=True)
        assert set(measured.findings(low + more).index) <= set(measured.findings(low).index)


def test_ages_that_end_evenly_show_no_heaping():
    rows = aged([*range(23, 63)] * 3)
    assert measure_age_heaping(rows).frame["value"].tolist() == pytest.approx([0])
    assert measure_whipple(rows).frame["value"].tolist() == [100]


def test_only_ages_in_whipples_range_count():
    rows = aged([*range(23, 63)] * 3 + [20] * 30 + [65, 70, 22, 63] * 9)
    assert measure_whipple(rows).frame[["value", "ages_n"]].to_numpy().tolist() == [[100, 120]]


def test_ages_all_rounded_reach_the_top_of_whipples_index():
    rows = aged([25, 30, 35, 40, 45] * 20)
    assert measure_whipple(rows).frame["value"].tolist() == [500]
    # 100 of 100 against 20 expected, standard deviation 4.
    assert measure_age_heaping(rows).frame["value"].tolist() == pytest.approx([20])


def test_heaping_is_laid_to_the_interviewer_who_rounds():
    ages = np.array([*range(23, 63)] * 2).repeat(2)
    ages[1::2] = ages[1::2] // 5 * 5
    rows = aged(ages)
    frame = measure_age_heaping(rows, by="interviewer").frame.set_index("interviewer")
    assert frame.loc["DTV0", "value"] == pytest.approx(0)
    assert frame.loc["DTV1", "value"] > 10 and frame.loc["DTV1", "share"] == 1


@pytest.mark.parametrize(
    ("bands", "edge", "z"),
    [
        ([*range(18, 23)] * 2 + [*range(23, 28)] * 8, 18, 30 / 50**0.5),
        ([*range(66, 71)] * 8 + [*range(61, 66)] * 2, 70, 30 / 50**0.5),
        ([*range(18, 28)] * 5, 18, 0),
    ],
)
def test_ages_moved_out_of_or_into_the_limits_are_found(bands, edge, z):
    frame = measure_age_displacement(aged([*bands, *[28, 45, 60] * 40])).frame
    assert frame[["edge", "question"]].to_numpy().tolist() == [[edge, "age"]]
    assert frame["value"].tolist() == pytest.approx([z])
    assert (frame["inside_n"] + frame["next_n"]).tolist() == [50]


def test_rounded_ages_alone_are_not_displaced():
    frame = measure_age_displacement(aged([20, 25, 65, 70] * 20)).frame
    assert frame["value"].tolist() == [0, 0]


@pytest.mark.parametrize("measure", OF_AGES)
def test_too_few_ages_are_not_taken_and_not_passed(measure):
    assert measure(aged([])).why_not == "no_interviews"
    assert measure(aged([40] * 29)).why_not == "too_few_ages"
    assert measure(aged([20, 40, 68] * 60), by="interviewer").taken


@settings(max_examples=20, deadline=None)
@given(ages=st.lists(st.integers(18, 70), min_size=60, max_size=120), order=st.integers(0, 999))
def test_the_order_of_ages_changes_nothing(ages, order):
    rows = aged(ages)
    for measure in OF_AGES:
        for by in ("", "interviewer"):
            measured = measure(rows, by=by, min_ages=5)
            again = measure(shuffle(rows, order), by=by, min_ages=5)
            pd.testing.assert_frame_equal(measured.frame, again.frame, check_exact=True)
            assert np.isfinite(measured.frame["value"]).all()
