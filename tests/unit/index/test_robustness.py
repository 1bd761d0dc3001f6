"""Belongs here: what must be true of the ranking under other choices, on small invented sets.
Does not belong here: comparison with other software (tests/oracle)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import HIGHEST, KEYS, LOWEST, print_on_threads, small_set

from dgi.index.robustness import (
    CHOICES,
    Runs,
    assess_ranking,
    average,
    bound_indices,
    draw_runs,
    estimate_indices,
    list_alternatives,
    measure_shift,
    normalise_means,
    rank_runs,
    read_weights,
    score_runs,
    summarise_ranks,
)

DISTRICTS = [f"{number}-d" for number in range(101, 109)]
SET = small_set()
POINTS = 64


def invented_means(seed: int = 1, units: int = len(DISTRICTS)) -> np.ndarray:
    shares = np.random.default_rng(seed).uniform(0.2, 0.8, (units, len(KEYS)))
    return LOWEST + (HIGHEST - LOWEST) * shares


def set_runs(count: int = 1, geometric=False, observed=False) -> Runs:
    weights = {level: np.tile(own, (count, 1)) for level, own in read_weights(SET).items()}
    return Runs(weights, np.full(count, geometric), np.full(count, observed), np.zeros(count, int))


def published_of(means: np.ndarray, indicator_set=SET) -> np.ndarray:
    """The sum of the sub-dimensions by hand, weights of missing indicators carried (method §4)."""
    placed = (means - LOWEST) / (HIGHEST - LOWEST)
    placed[:, [3, 5]] = 1 - placed[:, [3, 5]]

    def sub(columns, weights, low, high):
        present = ~np.isnan(placed[:, columns])
        part = np.where(present, placed[:, columns], 0) @ np.array(weights)
        return low + (high - low) * part / (present @ np.array(weights))

    return (
        sub([0, 1, 2], [0.5, 0.3, 0.2], 0.5, 5)
        + sub([3], [1.0], 0.5, 5)
        + sub([4, 5], [0.5, 0.5], 1, 10)
    )


def assess(means, published=None, districts=DISTRICTS, **changes):
    published = published_of(means.copy()) if published is None else published
    return assess_ranking(means, SET, districts, published, **{"points": POINTS, **changes})


def test_with_the_sets_own_choices_the_total_is_the_published_sum():
    means = invented_means()
    means[2, 1] = np.nan
    totals = score_runs(means[None], SET, set_runs())[0]
    np.testing.assert_allclose(totals, published_of(means.copy()), atol=1e-9)


def test_weights_that_do_not_add_up_to_one_keep_their_sum():
    means, tree = invented_means(), SET.tree.copy()
    tree.loc[tree["parent"] == "paying", "weight"] = 0.4
    own = replace(SET, tree=tree)
    weights = {level: table[None] for level, table in read_weights(own).items()}
    paid = (means[:, 4] + 1 - (means[:, 5] - 1) / 4) / 2
    totals = score_runs(means[None], own, replace(set_runs(), weights=weights))[0]
    np.testing.assert_allclose(totals, published_of(means.copy()) - 9 * 0.2 * paid, atol=1e-8)


def test_a_geometric_total_is_the_number_of_dimensions_times_their_geometric_mean():
    means = invented_means()
    first = invented_means()
    first[:, [4, 5]] = [1.0, 1.0]  # the second dimension is then 10
    second = published_of(means.copy()) - (published_of(first.copy()) - 10)
    both = (published_of(first.copy()) - 10, second)
    totals = score_runs(means[None], SET, set_runs(geometric=True))[0]
    np.testing.assert_allclose(totals, 2 * np.sqrt(both[0] * both[1]), atol=1e-8)


def test_without_any_change_all_ranks_are_the_published_and_there_is_no_variance_to_share():
    found = assess(invented_means(), spread=0.0, varying=("weights",))
    places = found.districts.set_index("district")
    for column in ("median_rank", "rank_low", "rank_high", "rank_min", "rank_max"):
        assert (places[column] == places["published_rank"]).all()
    assert (places["mean_shift"] == 0).all() and (places["share_in_published_band"] == 1).all()
    assert found.choices.drop(columns=["district", "choice"]).isna().all(axis=None)


def test_a_choice_that_varies_alone_explains_all_and_one_that_stays_is_not_reported():
    found = assess(invented_means(), varying=("dimension_left_out",), points=1024)
    assert set(found.choices["choice"]) == {"dimension_left_out"}
    shift = found.choices[found.choices["district"] == "province"].iloc[0]
    assert shift["first_order"] == pytest.approx(1, abs=0.05)
    assert shift["total_effect"] == pytest.approx(1, abs=0.05)
    assert shift["first_order_low"] <= shift["first_order"] <= shift["first_order_high"]
    assert shift["total_effect_low"] <= shift["total_effect"] <= shift["total_effect_high"]


def test_districts_in_another_order_get_the_same_rows():
    means, order = invented_means(), np.random.default_rng(2).permutation(len(DISTRICTS))
    one = assess(means)
    other = assess(means[order], districts=[DISTRICTS[place] for place in order])
    for name, keys in (
        ("districts", ["district"]),
        ("choices", ["district", "choice"]),
        ("alternatives", ["district", "choice", "alternative"]),
    ):
        left = getattr(one, name).sort_values(keys, ignore_index=True)
        right = getattr(other, name).sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(left, right, rtol=1e-9)


def test_another_unit_of_measurement_changes_nothing():
    means, tree = invented_means(), SET.tree.copy()
    is_own = (tree["key"] == "c").to_numpy()
    tree.loc[is_own, ["scale_min", "scale_max"]] *= 10.0
    moved = means.copy()
    moved[:, KEYS.index("c")] *= 10
    other = assess_ranking(moved, replace(SET, tree=tree), DISTRICTS, published_of(means.copy()),
                           points=POINTS)  # fmt: skip
    pd.testing.assert_frame_equal(assess(means).districts, other.districts)
    pd.testing.assert_frame_equal(assess(means).alternatives, other.alternatives)


def test_an_alternative_changes_one_choice_and_nothing_else():
    means = invented_means()
    found = assess(means).alternatives
    assert list(found.drop_duplicates(["choice", "alternative"])["alternative"]) == [
        "equal", "geometric", "observed_range", "dimension_1", "dimension_2",
    ]  # fmt: skip
    without = found[found["alternative"] == "dimension_1"].set_index("district")
    rest = means.copy()
    rest[:, :4] = LOWEST[:4]
    expected = rank_runs(published_of(rest)[None])[0]
    assert list(without.loc[DISTRICTS, "rank"]) == list(expected)
    assert (without["shift"] == without["rank"] - without["published_rank"]).all()


def test_a_district_without_a_total_has_no_rank_and_moves_no_other():
    means = invented_means()
    published = published_of(means.copy())
    fewer = assess(means[1:], published[1:], DISTRICTS[1:])
    means[0] = np.nan
    found = assess(means, np.r_[np.nan, published[1:]])
    assert found.districts.iloc[0].drop("district").isna().all()
    pd.testing.assert_frame_equal(found.districts[1:].reset_index(drop=True), fewer.districts)
    pd.testing.assert_frame_equal(found.choices, fewer.choices)
    assert "101-d" not in set(found.choices["district"]) | set(found.alternatives["district"])


def test_an_indicator_missing_in_one_district_is_carried_by_the_others_under_every_choice():
    means = invented_means()
    means[3, 0] = np.nan
    found = assess(means)
    assert found.districts["median_rank"].notna().all()
    filled = means.copy()
    filled[3, 0] = (0.3 * means[3, 1] + 0.2 * (means[3, 2] - 1) / 4) / 0.5
    expected = rank_runs(published_of(filled)[None])[0]
    assert list(found.districts["published_rank"]) == list(expected)


def test_figures_that_do_not_give_the_published_totals_are_refused():
    means = invented_means()
    with pytest.raises(ValueError, match="do not give the published totals"):
        assess(means, published_of(means.copy()) + 0.01)
    # A whole sub-dimension is missing, and yet a total is claimed.
    published = published_of(means.copy())
    means[0, 3] = np.nan
    with pytest.raises(ValueError, match="do not give"), np.errstate(invalid="ignore"):
        assess(means, published)


def test_one_district_alone_has_no_ranking_to_assess():
    published = np.where(np.arange(len(DISTRICTS)) == 0, 10.0, np.nan)
    got = assess(invented_means(), published)
    assert list(got.districts["district"]) == DISTRICTS
    assert got.districts.drop(columns="district").isna().all(axis=None)
    assert got.choices.empty and got.alternatives.empty
    whole = assess(invented_means(), published_of(invented_means()))
    for one, other in zip(vars(got).values(), vars(whole).values(), strict=True):
        assert list(one.columns) == list(other.columns)


def test_between_the_observed_ends_the_best_is_one_the_worst_is_zero_and_equals_are_half():
    means = invented_means()[None]
    means[0, :, 4] = 0.3
    placed = normalise_means(means, SET.at("indicator"), is_observed=True)[0]
    assert placed[:, 4] == pytest.approx(0.5)
    others = np.delete(placed, 4, axis=1)
    np.testing.assert_allclose(others.min(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(others.max(axis=0), 1, atol=1e-12)
    # Direction -1: the highest mean is the worst.
    assert placed[means[0, :, 3].argmax(), 3] == pytest.approx(0, abs=1e-12)


def test_a_geometric_mean_of_a_zero_is_refused():
    with pytest.raises(ValueError, match="above zero"):
        average(np.array([[[0.0, 1.0]]]), np.ones((1, 2)), np.ones((2, 1)), is_geometric=True)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6), st.floats(0.1, 10), st.integers(0, 99))
def test_a_mean_lies_within_its_parts_scales_with_them_and_is_highest_when_arithmetic(
    parts, factor, seed
):
    values = np.array(parts)[None, None]
    weights = np.random.default_rng(seed).uniform(0.1, 1, (1, len(parts)))
    parent = np.ones((len(parts), 1))
    means = [average(values, weights, parent, kind)[0, 0, 0] for kind in (False, True)]
    assert min(parts) - 1e-9 <= means[1] <= means[0] + 1e-9 <= max(parts) + 2e-9
    for kind in (False, True):
        scaled = average(values * factor, weights * factor, parent, kind)[0, 0, 0]
        assert scaled == pytest.approx(means[kind] * factor)


def test_drawn_weights_stay_within_the_spread_and_alternatives_are_equally_frequent():
    runs = draw_runs(SET, CHOICES, 1, 256, 0.25, seed=5)
    assert len(runs.replicate) == 256 * (len(CHOICES) + 2)
    for level in ("indicator", "sub_dimension"):
        ratio = runs.weights[level] / read_weights(SET)[level]
        assert ratio.min() >= 0.75 and ratio.max() <= 1.25 and ratio.std() > 0.1
    assert runs.is_geometric.mean() == pytest.approx(0.5, abs=0.01)
    assert runs.is_observed.mean() == pytest.approx(0.5, abs=0.01)
    left_out = runs.weights["dimension"] == 0
    assert (left_out.sum(axis=1) <= 1).all()
    np.testing.assert_allclose(left_out.mean(axis=0), 1 / 3, atol=0.02)


def test_choices_are_drawn_apart_and_one_that_does_not_vary_stays_as_published():
    runs = draw_runs(SET, CHOICES, 1, 256, 0.25, seed=5)
    assert (runs.is_geometric & runs.is_observed).mean() == pytest.approx(0.25, abs=0.02)
    runs = draw_runs(SET, ("aggregation",), 1, 64, 0.25, seed=5)
    assert runs.is_geometric.any() and not runs.is_observed.any() and not runs.replicate.any()
    for level, own in read_weights(SET).items():
        assert (runs.weights[level] == own).all()


def test_the_listed_alternatives_start_from_the_published_choices_and_equal_weights():
    names, runs = list_alternatives(SET)
    assert names[:2] == [("", "as_published"), ("weights", "equal")]
    for level, own in read_weights(SET).items():
        assert (runs.weights[level][0] == own).all() and (runs.weights[level][1] == 1).all()


def test_districts_closer_than_the_rounding_are_tied():
    means = invented_means()
    means[1] = means[0]
    means[1, 0] += 1e-13
    ranks = rank_runs(score_runs(means[None], SET, set_runs()))[0]
    assert ranks[0] == ranks[1]


def test_indices_do_not_depend_on_where_the_outcome_starts_and_lie_within_their_bounds():
    outcomes = np.random.default_rng(0).normal(size=(4, 256, 2))
    outcomes[1] += outcomes[0]
    one, other = bound_indices(outcomes, seed=1), bound_indices(outcomes + 50, seed=1)
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], atol=1e-9)
    for name in ("first_order", "total_effect"):
        low, high = one[f"{name}_low"], one[f"{name}_high"]
        assert (low[:, 0] < one[name][:, 0]).all() and (one[name][:, 0] < high[:, 0]).all()
        assert np.isnan(low[:, 1]).all() and np.isnan(high[:, 1]).all()


def test_sampling_error_is_one_more_choice_and_draws_that_agree_have_no_effect():
    means = invented_means()
    noise = np.random.default_rng(3).normal(0, 0.05, (50, *means.shape)) * (HIGHEST - LOWEST)
    drawn = assess(means, replicates=np.clip(means + noise, LOWEST, HIGHEST), points=256)
    shift = drawn.choices[drawn.choices["district"] == "province"].set_index("choice")
    assert list(shift.index) == [*CHOICES, "sampling"]
    assert shift.loc["sampling", "total_effect"] > 0.1
    agreed = assess(means, replicates=np.tile(means, (50, 1, 1)), points=256)
    still = agreed.choices.set_index("choice").loc["sampling"]
    assert (still["total_effect"].abs() < 1e-12).all()


def test_a_draw_without_an_answer_leaves_the_mean_and_a_suppressed_mean_stays_so():
    means = invented_means()
    means[3, 0] = np.nan
    draws = np.tile(invented_means(), (20, 1, 1))
    draws[:, 5, 2] = np.nan
    one, other = assess(means, replicates=draws), assess(means, replicates=means[None])
    pd.testing.assert_frame_equal(one.districts, other.districts)


def test_ranks_over_the_runs_are_summed_up_beside_the_published_ones():
    published = np.array([8.0, 6.0, 4.0, 2.0])
    swapped = np.array([6.0, 8.0, 4.0, 2.0])
    upside_down = published[::-1]
    runs = np.array([published] * 12 + [swapped] * 7 + [upside_down])
    places = summarise_ranks(runs, published)
    assert list(places["published_rank"]) == [1, 2, 3, 4]
    assert list(places["median_rank"]) == [1, 2, 3, 4]
    assert list(places["rank_low"]) == [1, 1, 2, 1]
    assert list(places["rank_high"]) == [2, 2, 3, 4]
    assert list(places["rank_min"]) == [1, 1, 2, 1] and list(places["rank_max"]) == [4, 3, 3, 4]
    np.testing.assert_allclose(places["mean_shift"], [10 / 20, 8 / 20, 1 / 20, 3 / 20])
    np.testing.assert_allclose(places["share_in_published_band"], [0.6, 0.6, 0.95, 0.95])


def test_the_mean_rank_shift_is_in_places():
    np.testing.assert_allclose(measure_shift(np.array([[1, 2, 3], [3, 2, 1]]), np.array([1, 2, 3])),
                               [0, 4 / 3])  # fmt: skip
    assert list(rank_runs(np.array([[5.0, 9.0, 5.0, 1.0]]))[0]) == [2, 1, 2, 4]


def test_an_outcome_that_never_varies_has_no_indices_beside_one_that_does():
    outcomes = np.random.default_rng(0).normal(size=(4, 32, 2))
    outcomes[..., 1] = 7.0
    first, total = estimate_indices(outcomes)
    assert np.isfinite(first[:, 0]).all() and np.isnan(first[:, 1]).all()
    assert np.isfinite(total[:, 0]).all() and np.isnan(total[:, 1]).all()


PRINT = """
from test_robustness import assess, invented_means
found = assess(invented_means(), seed=9, points=256)
for table in (found.districts, found.choices, found.alternatives):
    print(table.map(repr).to_csv(index=False))
"""


def test_the_result_is_the_same_to_the_last_digit_on_one_thread_or_two():
    printed = print_on_threads(PRINT, Path(__file__).parent)
    assert printed[0] == printed[1] and len(printed[0]) > 1000


def test_another_seed_draws_other_runs_and_the_same_seed_the_same():
    means = invented_means()
    pd.testing.assert_frame_equal(assess(means, seed=1).choices, assess(means, seed=1).choices)
    assert not assess(means, seed=1).choices.equals(assess(means, seed=2).choices)
