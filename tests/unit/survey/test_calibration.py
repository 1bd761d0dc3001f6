"""Belongs here: laws of calibration: totals met, bounds kept, scale and order of no effect.
Does not belong here: agreement with R survey (tests/oracle), or a district's own margins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.survey.calibration import (
    adjust_nonresponse,
    bound_weights,
    calibrate,
    indicator_columns,
    post_stratify,
    rake,
)

METHODS = [("linear", None), ("raking", None), ("linear", (0.3, 3.0)), ("logit", (0.3, 3.0))]
SEEDS = st.integers(0, 100_000)
METHOD = st.sampled_from(METHODS)


def survey(seed, spread=1.0, lopsided=1.0):
    """Base weights, two whole margins and a quantity, and totals that ratios 0.35-2.9 meet."""
    random = np.random.default_rng(seed)
    count = int(random.integers(40, 200))
    base = random.lognormal(0, lopsided, count)
    codes = [random.permutation(np.arange(count) % 3), random.permutation(np.arange(count) % 4)]
    x = np.column_stack([indicator_columns(codes, [3, 4]), random.normal(600, 90, count)])
    ratio = np.clip(random.lognormal(0, spread, count), 0.35, 2.9)
    return base, x, (base * ratio) @ x


@settings(max_examples=200, deadline=None, derandomize=True)
@given(SEEDS, METHOD, st.floats(0.05, 1.5), st.floats(0.1, 2.5))
def test_calibrated_weights_meet_every_total_inside_their_bounds(seed, method, spread, lopsided):
    base, x, totals = survey(seed, spread, lopsided)
    found = calibrate(base, x, totals, *method)
    np.testing.assert_allclose(found.weights @ x, totals, rtol=1e-8)
    np.testing.assert_allclose(found.ratio * base, found.weights, rtol=1e-15)
    assert found.converged and found.largest_gap < 1e-9
    if method[1]:
        assert (found.ratio >= 0.3).all() and (found.ratio <= 3).all()
    if method[0] != "linear":
        assert (found.weights > 0).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, METHOD)
def test_calibrated_weights_do_not_know_the_order_of_the_rows(seed, method):
    base, x, totals = survey(seed, 0.5)
    order = np.random.default_rng(seed).permutation(len(base))
    one = calibrate(base, x, totals, *method).weights[order]
    np.testing.assert_allclose(calibrate(base[order], x[order], totals, *method).weights, one,
                               rtol=1e-7)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, METHOD, st.floats(1e-6, 1e6))
def test_the_ratio_does_not_know_the_unit_of_the_weights(seed, method, factor):
    base, x, totals = survey(seed, 0.5)
    one = calibrate(base, x, totals, *method).ratio
    two = calibrate(base * factor, x, totals * factor, *method).ratio
    np.testing.assert_allclose(two, one, rtol=1e-7)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(["linear", "raking"]), st.floats(1e-4, 1e4))
def test_without_bounds_the_weights_do_not_know_the_scale_of_the_base(seed, distance, factor):
    base, x, totals = survey(seed, 0.5)
    one = calibrate(base, x, totals, distance).weights
    np.testing.assert_allclose(calibrate(base * factor, x, totals, distance).weights, one,
                               rtol=1e-6, atol=1e-9 * one.max())  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(METHODS[1:]))
def test_calibrating_twice_changes_nothing(seed, method):
    base, x, totals = survey(seed, 0.5)
    once = calibrate(base, x, totals, *method).weights
    again = calibrate(once, x, totals, *method)
    np.testing.assert_allclose(again.weights, once, rtol=1e-9)
    assert again.rounds <= 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SEEDS)
def test_one_margin_is_post_stratified_by_every_distance_without_bounds(seed):
    random = np.random.default_rng(seed)
    base, code = random.lognormal(0, 1, 60), random.permutation(np.arange(60) % 5)
    target = random.uniform(50, 500, 5)
    wanted = post_stratify(base, code, target)
    np.testing.assert_allclose(np.bincount(code, wanted), target, rtol=1e-12)
    x = indicator_columns([code], [5])
    for distance in ("linear", "raking"):
        found = calibrate(base, x, target, distance).weights
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
    np.testing.assert_allclose(rake(base, [code], [target])[0], wanted, rtol=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SEEDS)
def test_raking_by_turns_and_raking_at_once_give_the_same_weights(seed):
    random = np.random.default_rng(seed)
    base, codes = random.lognormal(0, 1, 60), [np.arange(60) % 3, np.arange(60) // 3 % 4]
    targets = [np.array([100.0, 200, 300]), random.permutation([90.0, 120, 180, 210])]
    by_turns = rake(base, codes, targets)[0]
    at_once = calibrate(base, indicator_columns(codes, [3, 4]), np.concatenate(targets), "raking")
    np.testing.assert_allclose(by_turns, at_once.weights, rtol=1e-8)


def test_the_linear_ratio_is_the_textbooks_regression_estimator():
    random = np.random.default_rng(1)
    base, x = random.lognormal(0, 1, 50), np.column_stack([np.ones(50), random.normal(5, 2, 50)])
    totals = np.array([90.0, 470.0])
    multiplier = np.linalg.solve((x.T * base) @ x, totals - base @ x)
    found = calibrate(base, x, totals)
    np.testing.assert_allclose(found.ratio, 1 + x @ multiplier, rtol=1e-10)
    assert found.rounds == 1


def test_weights_that_stand_at_bounds_after_an_overshoot_come_back():
    # The first step throws all of the first category far beyond its bound.
    base = np.array([1.0] * 50 + [1e-4] * 2)
    x = indicator_columns([np.repeat([0, 1], [50, 2]), np.repeat([0, 1], [26, 26])], [2, 2])
    ratio = np.r_[np.linspace(0.11, 0.13, 50), 9.0, 9.5]
    for distance in ("linear", "logit"):
        found = calibrate(base, x, (base * ratio) @ x, distance, (0.1, 10))
        np.testing.assert_allclose(found.weights @ x, (base * ratio) @ x, rtol=1e-9)


@pytest.mark.parametrize(("distance", "bounds"), METHODS)
def test_margins_that_contradict_each_other_are_refused_with_column_and_distance(distance, bounds):
    codes = [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])]
    totals = np.array([2.0, 2, 2, 2.2])
    with pytest.raises(ValueError, match=r"column \d of x is off its total 2.* by \d\.\d+% after"):
        calibrate(np.ones(4), indicator_columns(codes, [2, 2]), totals, distance, bounds)


@pytest.mark.parametrize("distance", ["linear", "logit"])
def test_bounds_that_cannot_hold_are_called_infeasible(distance):
    x = indicator_columns([np.array([0, 0, 1, 1])], [2])
    with pytest.raises(ValueError, match=r"infeasible: column 1 of x can only sum to 1 to 4 and"):
        calibrate(np.ones(4), x, np.array([2.0, 5.0]), distance, (0.5, 2))
    both = indicator_columns([np.array([0, 0, 1]), np.array([0, 1, 1])], [2, 2])
    with pytest.raises(ValueError, match=r"off its total .* infeasible"):  # each alone is possible
        calibrate(np.ones(3), both, np.array([3.6, 0.6, 0.6, 3.6]), distance, (0.5, 2))


def test_a_category_nobody_answered_in_is_refused_by_its_column():
    x = indicator_columns([np.array([0, 0, 2])], [3])
    with pytest.raises(ValueError, match=r"column 1 of x is off its total 4 by 100.00%"):
        calibrate(np.ones(3), x, np.array([2.0, 4, 1]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"distance": "logit"}, "logit with bounds"),
        ({"distance": "raking", "bounds": (0.5, 2)}, "raking without bounds"),
        ({"distance": "cubic"}, "distance must be"),
        ({"bounds": (1.1, 2)}, "bounds 1.1 to 2 of a ratio must hold 1"),
        ({"weights": np.array([1.0, -1, 1])}, "below 0"),
        ({"weights": np.array([1.0, np.nan, 1])}, "must be numbers"),
        ({"x": np.ones((2, 1))}, "a row per weight"),
    ],
)
def test_unusable_input_is_refused_in_words(change, said):
    given_ = {"weights": np.ones(3), "x": np.ones((3, 1)), "totals": np.array([3.0])} | change
    with pytest.raises(ValueError, match=said):
        calibrate(**given_)


def test_a_base_weight_of_zero_stays_zero():
    found = calibrate(np.array([0.0, 1, 2]), np.ones((3, 1)), np.array([6.0]), "raking")
    np.testing.assert_allclose(found.weights, [0, 2, 4], rtol=1e-12)


def test_margins_become_one_column_per_category():
    x = indicator_columns([np.array([0, 1]), np.array([2, 0])], [2, 3])
    assert x.tolist() == [[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]]
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match="category number"):
            indicator_columns([np.array([0, wrong])], [2])


def test_a_stratum_with_people_and_no_respondent_is_refused_by_its_number():
    with pytest.raises(ValueError, match=r"population but no respondent in \[1\]"):
        post_stratify(np.ones(2), np.array([0, 2]), np.array([1.0, 5, 1]))
    whole = post_stratify(np.ones(2), np.array([0, 2]), np.array([3.0, 0, 4]))
    assert whole.tolist() == [3, 4]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(SEEDS, st.integers(1, 80), st.floats(0.1, 3), st.floats(0, 1), st.floats(1, 5))
def test_bounded_weights_lie_inside_and_keep_their_sum_and_their_order(
    seed, count, spread, low, high
):
    weights = np.random.default_rng(seed).lognormal(0, spread, count)
    lower, upper = low * weights.mean(), high * weights.mean()
    bounded = bound_weights(weights, lower, upper)
    assert bounded.sum() == pytest.approx(weights.sum(), rel=1e-12)
    assert (bounded >= lower).all() and (bounded <= upper).all()
    order = np.argsort(weights)
    assert (np.diff(bounded[order]) >= -1e-9 * weights.mean()).all()
    np.testing.assert_allclose(bound_weights(bounded, lower, upper), bounded, rtol=1e-12)


def test_what_is_cut_off_is_shared_equally_until_all_of_it_is_placed():
    # 4 are cut from 14; a share of 2 takes 9 over 10, and the 1 left goes to the last.
    assert bound_weights(np.array([14.0, 9, 3]), 0, 10).tolist() == [10, 10, 6]
    # Only a cut weight has room left: 10 is at its bound, and 1 had been lifted to 2.
    assert bound_weights(np.array([14.0, 9.5, 1]), 2, 10).tolist() == [10, 10, 4.5]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SEEDS)
def test_those_who_responded_carry_the_weights_of_their_cell(seed):
    random = np.random.default_rng(seed)
    base, cell = random.lognormal(0, 1, 60), random.choice(["a", "b", "c"], 60)
    responded = random.random(60) < 0.6
    responded[[np.argmax(cell == name) for name in "abc"]] = True
    adjusted = adjust_nonresponse(base, responded, cell)
    assert (adjusted[~responded] == 0).all()
    for name in "abc":
        mine = (cell == name) & responded
        assert adjusted[cell == name].sum() == pytest.approx(base[cell == name].sum(), rel=1e-12)
        np.testing.assert_allclose(adjusted[mine] / base[mine], (adjusted / base)[mine][0])


def test_a_cell_in_which_nobody_responded_is_refused_by_name():
    with pytest.raises(ValueError, match="nobody responded in cell north, south"):
        adjust_nonresponse(np.ones(3), np.array([True, False, False]),
                           np.array(["east", "north", "south"]))  # fmt: skip
