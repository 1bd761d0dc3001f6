"""Belongs here: ranks, bands and rank intervals of bare scores.
Does not belong here: where the scores or their replicates come from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dgi.index.ranking import (
    BANDS,
    band_codes,
    band_names,
    group_indistinguishable,
    measure_rank_uncertainty,
    rank_descending,
)

scores = st.lists(st.floats(0, 100).map(lambda x: round(x, 3)), min_size=1, max_size=30)


def uncertainty(scores, replicates):
    """Of one score: (U,) and (R, U)."""
    return measure_rank_uncertainty(np.asarray(scores)[:, None], np.asarray(replicates)[..., None])


def test_rank_one_is_the_highest_and_ties_share_the_better_rank():
    ranks = rank_descending(pd.Series([5.0, 9.0, 5.0, 1.0, np.nan]))
    assert list(ranks[:4]) == [2, 1, 2, 4]
    assert pd.isna(ranks[4])


def test_sixty_three_provinces_fall_into_papis_own_quarters():
    counts = Counter(band_names(np.random.default_rng(1).permutation(63) + 0.5))
    assert [counts[name] for name in BANDS] == [16, 16, 15, 16]


def test_thirteen_and_fourteen_districts_fall_into_quarters_too():
    for size, expected in ((13, [4, 3, 3, 3]), (14, [4, 3, 3, 4])):
        counts = Counter(band_names(np.arange(size, dtype=float)))
        assert [counts[name] for name in BANDS] == expected


def test_a_missing_score_has_no_band_and_moves_no_other():
    present = np.array([1.0, 2.0, 3.0, 4.0])
    with_gap = np.array([1.0, np.nan, 2.0, 3.0, 4.0])
    assert list(band_codes(with_gap)) == [3, -1, *band_codes(present)[1:]]
    assert band_names(with_gap)[1] == ""


def test_without_any_score_there_is_no_band():
    assert list(band_codes(np.full(3, np.nan))) == [-1, -1, -1]
    assert list(band_names(np.array([]))) == []


def test_one_unit_alone_is_in_the_high_band_and_equal_units_are_together():
    assert list(band_names(np.array([3.0]))) == ["high"]
    assert set(band_names(np.full(7, 2.5))) == {"high"}


@settings(max_examples=50, deadline=None, derandomize=True)
@given(scores)
def test_a_higher_score_never_has_a_lower_band_or_rank(values):
    values = np.array(values)
    order = np.argsort(-values, kind="stable")
    assert (np.diff(band_codes(values)[order]) >= 0).all()
    assert (np.diff(rank_descending(pd.Series(values)).to_numpy()[order]) >= 0).all()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(scores, st.floats(0.1, 10), st.floats(-50, 50))
def test_another_unit_of_measurement_changes_no_rank(values, factor, shift):
    values = pd.Series(values)
    moved = (values * factor + shift).round(9)
    pd.testing.assert_series_equal(
        rank_descending(values), rank_descending(moved), check_names=False
    )


def test_bands_are_taken_along_the_last_axis():
    table = np.array([[1.0, 2, 3, 4], [4.0, 3, 2, 1]])
    np.testing.assert_array_equal(band_codes(table), [[3, 2, 1, 0], [0, 1, 2, 3]])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 60))
def test_a_rank_interval_lies_between_one_and_the_number_of_units(seed, units, replicates):
    random = np.random.default_rng(seed)
    values = random.normal(size=units)
    got = uncertainty(values, values + random.normal(size=(replicates, units)))
    assert (got.low >= 1).all() and (got.high <= units).all()
    assert (got.low <= got.high).all()
    np.testing.assert_allclose(got.rank_shares.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(got.band_shares.sum(axis=-1), 1, rtol=1e-12)


def test_replicates_that_all_agree_leave_one_rank_and_a_certain_band():
    values = np.array([3.0, 1.0, 2.0])
    got = uncertainty(values, np.tile(values, (40, 1)))
    assert list(got.low[:, 0]) == list(got.high[:, 0]) == [1, 3, 2]
    np.testing.assert_array_equal(got.rank_shares[:, 0], [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(got.band_shares[:, 0].max(axis=-1), 1)


def test_units_that_cannot_be_told_apart_have_the_whole_range():
    random = np.random.default_rng(7)
    got = uncertainty(np.array([1.0, 1.1, 1.2]), random.normal(size=(3000, 3)))
    assert (got.low == 1).all() and (got.high == 3).all()
    np.testing.assert_allclose(got.rank_shares, 1 / 3, atol=0.04)


def test_a_suppressed_unit_has_no_interval_and_takes_no_rank_from_others():
    values = np.array([3.0, np.nan, 2.0])
    got = uncertainty(values, np.tile([3.0, 99.0, 2.0], (10, 1)))
    assert np.isnan(got.low[1]) and np.isnan(got.band_shares[1]).all()
    assert got.high[0] == 1 and got.high[2] == 2


def test_when_all_are_suppressed_nothing_is_said():
    got = uncertainty(np.full(2, np.nan), np.zeros((5, 2)))
    for part in (got.low, got.high, got.rank_shares, got.band_shares):
        assert np.isnan(part).all()


def test_rounding_noise_decides_no_rank():
    values = np.array([2.0, 2.0, 1.0])
    noise = 1e-13 * np.random.default_rng(1).normal(size=(50, 3))
    got = uncertainty(values, values + noise)
    assert list(got.low[:, 0]) == list(got.high[:, 0]) == [1, 1, 3]


# ---- groups


def letters(scores, se, df=20):
    scores, se = np.array(scores, float), np.array(se, float)
    return group_indistinguishable(scores, se**2, np.full(len(scores), float(df)))


def test_units_far_apart_have_letters_of_their_own_and_close_ones_share_one():
    assert letters([10, 1, 10.1], [0.1, 0.1, 0.1]) == ["a", "b", "a"]


def test_a_unit_between_two_that_differ_may_belong_to_both():
    assert letters([3.0, 2.0, 1.0], [0.4, 0.4, 0.4]) == ["a", "ab", "b"]


def test_nobody_can_be_told_apart_when_errors_are_large():
    assert letters([3, 2, 1], [9, 9, 9]) == ["a", "a", "a"]


def test_a_unit_without_a_score_has_no_letter():
    assert letters([3, np.nan, 1], [0.01, 0.01, 0.01]) == ["a", "", "b"]
    assert letters([np.nan, np.nan], [1, 1]) == ["", ""]


def test_a_unit_whose_error_is_not_known_cannot_be_told_apart_from_anybody():
    scores, variances = np.array([3.0, 2.0, 1.0]), np.full(3, 1e-4)
    no_freedom = group_indistinguishable(scores, variances, np.array([20.0, 0.0, 20.0]))
    assert no_freedom == ["a", "ab", "b"]
    unknown = np.where(np.arange(3) == 1, np.nan, variances)
    assert group_indistinguishable(scores, unknown, np.full(3, 20.0)) == ["a", "ab", "b"]


def test_scores_without_any_error_differ_when_they_differ():
    assert letters([2, 2, 1], [0, 0, 0]) == ["a", "a", "b"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(1, 9))
def test_two_units_share_a_letter_exactly_when_they_cannot_be_told_apart(seed, units):
    random = np.random.default_rng(seed)
    scores, variances = random.normal(size=units) * 3, random.uniform(0.01, 2, units)
    df = np.full(units, 15.0)
    got = group_indistinguishable(scores, variances, df)
    first, second = np.triu_indices(units, 1)
    spread = variances[first] + variances[second]
    freedom = spread**2 / ((variances[first] ** 2 + variances[second] ** 2) / 15)
    p = 2 * stats.t.sf(np.abs(scores[first] - scores[second]) / np.sqrt(spread), freedom)
    distinct = stats.false_discovery_control(p) < 0.05 if len(p) else p
    for i, j, apart in zip(first, second, distinct, strict=True):
        assert bool(set(got[i]) & set(got[j])) != apart
