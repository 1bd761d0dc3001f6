"""Belongs here: what importance and priorities must be for any survey, and when they are withheld.
Not here: agreement with R (tests/oracle)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import small_set

from dgi.index.importance import (
    fit_regression,
    measure_importance,
    relative_weights,
    respondent_sub_dimensions,
)
from dgi.index.priorities import PRIORITY_COLUMNS, find_priorities
from dgi.survey.design import Design, LonelyPsuError

KEYS = ["knowing", "voting", "paying"]
FIGURES = ["importance", "importance_low", "importance_high", "coefficient", "coefficient_se",
           "r_squared"]  # fmt: skip
few = settings(max_examples=15, deadline=None, derandomize=True)
seeds = st.integers(0, 10_000)


def survey(seed, people=12, missing=0.15):
    """Arguments of measure_importance: 3 districts of 2 strata of 4 units, 3 sub-dimensions."""
    random = np.random.default_rng(seed)
    unit = np.repeat(np.arange(24), people)
    x = random.random((len(unit), 3)) + 0.4 * random.random((len(unit), 1))
    y = x @ [2.0, 1.0, 0.3] + random.normal(0, 0.7, len(unit)) + random.random(24)[unit]
    x[random.random(x.shape) < missing] = np.nan
    y[random.random(len(y)) < missing / 3] = np.nan
    return {
        "y": y,
        "x": x,
        "keys": KEYS,
        "weights": random.lognormal(0, 0.7, len(unit)),
        "unit": unit,
        "district": np.repeat(["101-ha", "102-vi", "103-mo"], 8),
        "design": Design.of(np.repeat(np.arange(6), 4)),
        "factors": random.integers(0, 3, (20, 24)).astype(float),
    }


def measure(arguments, **changes):
    return measure_importance(**{**arguments, **changes}).set_index("key")


def same(ours, theirs):
    np.testing.assert_allclose(
        ours[FIGURES].to_numpy(float), theirs[FIGURES].to_numpy(float), rtol=1e-8, atol=1e-12
    )


def correlation_of(columns):
    return np.corrcoef(np.column_stack(columns), rowvar=False)


def test_a_respondents_own_scores_worked_by_hand():
    """a, b, c make knowing; d, a bad thing, makes voting; e and f, a bad rating, make paying."""
    nan = np.nan
    values = np.array([[1, nan, 3, 1, nan, nan], [0, 1, 5, 0, 1, 5], [nan] * 6])
    expected = [[(0.5 + 0.2 * 0.5) / 0.7, 0, nan], [0.5, 1, 0.5], [nan] * 3]
    np.testing.assert_allclose(respondent_sub_dimensions(values, small_set()), expected)


@few
@given(seeds)
def test_order_of_rows_scale_of_weights_and_names_of_districts_do_not_matter(seed):
    arguments = survey(seed)
    expected = measure(arguments)
    order = np.random.default_rng(seed).permutation(len(arguments["y"]))
    rows = {name: arguments[name][order] for name in ("y", "x", "weights", "unit")}
    same(measure(arguments, **rows), expected)
    same(measure(arguments, weights=1e6 * arguments["weights"]), expected)
    same(measure(arguments, district=np.repeat(["z", "x", "y"], 8)), expected)


@few
@given(seeds)
def test_numbering_of_sampling_units_does_not_matter(seed):
    arguments = survey(seed)
    order = np.random.default_rng(seed).permutation(24)
    moved = {
        "unit": np.argsort(order)[arguments["unit"]],
        "district": arguments["district"][order],
        "design": Design.of(np.repeat(np.arange(6), 4)[order]),
        "factors": arguments["factors"][:, order],
    }
    same(measure(arguments, **moved), measure(arguments))


@few
@given(seeds)
def test_a_difference_between_districts_is_no_importance(seed):
    arguments = survey(seed)
    shift = np.repeat([0.0, 3.0, -5.0], 8)[arguments["unit"]]
    moved = measure(arguments, y=arguments["y"] + shift, x=arguments["x"] + 2 * shift[:, None])
    same(moved, measure(arguments))


@few
@given(seeds)
def test_a_replicate_is_the_measure_of_the_reweighted_survey(seed):
    arguments = survey(seed)
    factors = arguments["factors"][:1]
    drawn = measure(arguments, factors=factors)
    again = measure(arguments, weights=arguments["weights"] * factors[0][arguments["unit"]])
    for column in ("importance_low", "importance_high"):
        np.testing.assert_allclose(drawn[column], again["importance"], rtol=1e-9)


@few
@given(seeds)
def test_shares_add_up_to_one_and_relative_weights_to_r_squared(seed):
    table = measure(survey(seed))
    assert table["importance"].sum() == pytest.approx(1, abs=1e-12)
    assert (table["importance_low"] <= table["importance_high"]).all()
    random = np.random.default_rng(seed)
    x = random.normal(size=(60, 4)) @ random.normal(size=(4, 6))  # six columns of rank four
    y = random.normal(size=60) + x[:, 0]
    centred = x - x.mean(axis=0)
    left = y - y.mean() - centred @ np.linalg.lstsq(centred, y - y.mean(), rcond=1e-10)[0]
    r_squared = 1 - left @ left / ((y - y.mean()) @ (y - y.mean()))
    assert relative_weights(correlation_of([x, y])).sum() == pytest.approx(r_squared, rel=1e-9)


@few
@given(seeds)
def test_uncorrelated_predictors_weigh_their_squared_standardised_coefficients(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(50, 4))
    x, _ = np.linalg.qr(x - x.mean(axis=0))
    y = random.normal(size=50)
    expected = (x.T @ (y - y.mean())) ** 2 / ((y - y.mean()) @ (y - y.mean()))
    np.testing.assert_allclose(relative_weights(correlation_of([x, y])), expected, rtol=1e-9)


@few
@given(seeds)
def test_a_predictor_and_its_copy_share_one_weight_equally(seed):
    arguments = survey(seed)
    x = np.column_stack([arguments["x"], arguments["x"][:, 0]])
    table = measure(arguments, x=x, keys=[*KEYS, "copy"])
    for column in FIGURES:
        assert table.loc["copy", column] == pytest.approx(table.loc["knowing", column], rel=1e-6)
    assert table["importance"].sum() == pytest.approx(1)
    assert table["r_squared"].iloc[0] == pytest.approx(measure(arguments)["r_squared"].iloc[0])
    assert table["df"].iloc[0] == measure(arguments)["df"].iloc[0]


def test_a_service_that_half_of_the_people_met_keeps_about_half_of_its_r_squared():
    arguments = survey(1, people=2000, missing=0)
    x = arguments["x"][:, :1]
    half = np.where(np.random.default_rng(2).random(x.shape) < 0.5, np.nan, x)
    whole = measure(arguments, x=x, keys=["one"])
    thinned = measure(arguments, x=half, keys=["one"])
    assert thinned["r_squared"].item() / whole["r_squared"].item() == pytest.approx(0.5, abs=0.02)
    assert thinned["coefficient"].item() == pytest.approx(whole["coefficient"].item(), rel=0.02)


@pytest.mark.parametrize("people, met", [(12, 99), (100, 230)])  # too few; too small a share
def test_a_score_that_few_have_met_is_suppressed_and_the_others_are_measured_without_it(
    people, met
):
    arguments = survey(3, people=people, missing=0)
    x = arguments["x"].copy()
    x[met:, 1] = np.nan
    arguments["weights"][:] = 1
    table = measure(arguments, x=x)
    assert list(table["flag"]) == ["observed", "suppressed_small_n", "observed"]
    assert np.isnan(table.loc["voting", "importance"])
    assert table.loc["voting", "answered_n"] == met
    assert table.loc["voting", "answered_share"] == pytest.approx(met / len(x))
    pair = {"x": x[:, [0, 2]], "keys": ["knowing", "paying"]}
    same(table.loc[["knowing", "paying"]], measure(arguments, **pair))


def test_only_people_who_say_how_satisfied_they_are_are_counted():
    arguments = survey(6)
    counted = ~np.isnan(arguments["y"])
    known = ~np.isnan(arguments["x"][counted])
    assert list(measure(arguments)["answered_n"]) == list(known.sum(axis=0))


def test_a_replicate_without_the_only_unit_where_a_score_varies_gives_it_nothing():
    arguments = survey(7, missing=0)
    x = arguments["x"].copy()
    x[12:, 2] = 0.5
    without = np.ones((1, 24))
    without[0, 0] = 0
    table = measure(arguments, x=x, factors=without)
    assert table.loc["paying", "importance"] > 0
    assert table.loc["paying", ["importance_low", "importance_high"]].to_list() == [0, 0]
    assert table["importance_high"].sum() == pytest.approx(1)


def test_a_score_or_satisfaction_that_does_not_vary_has_no_importance():
    arguments = survey(4)
    flat = arguments["x"].copy()
    flat[:, 2] = np.where(np.isnan(flat[:, 2]), np.nan, 0.1 * (1 + arguments["unit"] // 8))
    table = measure(arguments, x=flat)
    assert list(table["flag"]) == ["observed", "observed", "no_variation"]
    assert np.isnan(table.loc["paying", "importance"])
    alike = measure(arguments, y=np.full(len(flat), 0.3))
    assert set(alike["flag"]) == {"no_variation"} and alike[FIGURES].isna().all(axis=None)
    silent = measure(arguments, y=np.full(len(flat), np.nan))
    assert set(silent["flag"]) == {"suppressed_small_n"} and silent["importance"].isna().all()


def test_a_regression_asks_for_complete_predictors_and_a_policy_for_lonely_units():
    arguments = survey(5)
    rest = (arguments["weights"], arguments["unit"])
    with pytest.raises(ValueError, match="fill it before"):
        fit_regression(arguments["y"], arguments["x"], *rest, arguments["design"])
    lonely = Design.of(np.append(np.zeros(23), 1))
    with pytest.raises(LonelyPsuError):
        fit_regression(arguments["y"], np.nan_to_num(arguments["x"]), *rest, lonely)


def importance(**changes):
    """Three sub-dimensions: knowing clearly above the average share of a third."""
    table = pd.DataFrame({
        "key": KEYS, "importance": [0.6, 0.3, 0.1], "importance_low": [0.4, 0.2, 0.05],
        "importance_high": [0.7, 0.4, 0.2], "coefficient": [0.5, 0.2, 0.1],
        "coefficient_se": 0.05, "r_squared": 0.4, "df": 20, "answered_n": 200,
        "answered_share": 0.9, "flag": "observed",
    })  # fmt: skip
    return table.assign(**changes)


def scores(places, se=0.01):
    """Scores of five districts and the province that stand at `places` (5,) on every scale."""
    subs = small_set().at("sub_dimension")
    rows = [
        {"district": name, "key": sub.key, "flag": "observed",
         "score": sub.scale_min + place * (sub.scale_max - sub.scale_min),
         "se": se * (sub.scale_max - sub.scale_min)}
        for name, place in zip(["a", "b", "c", "d", "e", "province"], [*places, 0.5], strict=True)
        for sub in subs.itertuples()
    ]  # fmt: skip
    return pd.DataFrame([*rows, {"district": "a", "key": "total", "flag": "observed"}])


PLACES = [0.2, 0.9, 0.6, 0.5, 0.4]  # the best quarter begins at 0.6, district c's place


def priorities(measured=None, placed=None):
    table = find_priorities(
        importance() if measured is None else measured,
        scores(PLACES) if placed is None else placed,
        small_set(),
    )
    return table.set_index(["district", "key"])


def test_gaps_priorities_and_quadrants_worked_by_hand():
    table = priorities()
    assert list(table.reset_index()[PRIORITY_COLUMNS].columns) == PRIORITY_COLUMNS
    assert len(table) == 18
    first = table.loc[("a", "knowing")]
    assert first["best_quarter"] == pytest.approx(0.6)
    assert first["gap"] == pytest.approx(0.4)
    assert first["gap_se"] == pytest.approx(0.01 * np.sqrt(2))
    assert first["priority"] == pytest.approx(0.24)
    assert list(table.loc["a", "priority_rank"]) == [1, 2, 3]
    assert list(table.loc["a", "quadrant"]) == ["act_first", "improve", "improve"]
    assert list(table.loc["b", "quadrant"]) == ["keep_up", "maintain", "maintain"]
    assert table.loc[("b", "knowing"), "gap"] == pytest.approx(-0.3)
    assert table.loc["b", "priority_rank"].isna().all() and (table.loc["b", "priority"] == 0).all()
    # The district that is the edge is at no distance from itself, and there is no error in that.
    assert table.loc[("c", "knowing"), "gap"] == pytest.approx(0, abs=1e-12)
    assert table.loc[("c", "knowing"), "gap_se"] == pytest.approx(0, abs=1e-9)


def test_an_edge_between_two_districts_carries_the_errors_of_both():
    """Of four places the edge is 0.75 of the third and 0.25 of the highest."""
    placed = scores(PLACES)
    placed.loc[placed["district"] == "d", ["score", "se"]] = np.nan
    placed.loc[placed["district"] == "d", "flag"] = "suppressed_incomplete"
    table = priorities(placed=placed)
    assert table.loc[("a", "voting"), "best_quarter"] == pytest.approx(0.75 * 0.6 + 0.25 * 0.9)
    error = 0.01 * np.sqrt(1 + 0.75**2 + 0.25**2)
    assert table.loc[("a", "voting"), "gap_se"] == pytest.approx(error)
    assert table.loc[("c", "voting"), "gap_se"] == pytest.approx(0.01 * 0.25 * np.sqrt(2))
    missing = table.loc[("d", "voting")]
    assert missing["flag"] == "suppressed_incomplete" and missing["quadrant"] == ""
    assert missing[["gap", "priority", "priority_rank"]].isna().all()


def test_a_gap_within_its_error_is_not_behind():
    table = priorities(placed=scores(PLACES, se=0.2))
    assert not table.loc["a", "is_behind"].any()
    assert list(table.loc["a", "quadrant"]) == ["keep_up", "maintain", "maintain"]
    assert (table.loc["a", "priority"] > 0).all()


def test_what_goes_with_less_satisfaction_is_neither_important_nor_a_priority():
    table = priorities(importance(coefficient=[-0.5, 0.2, 0.1]))
    assert not table.loc[("a", "knowing"), "is_important"]
    assert table.loc[("a", "knowing"), "priority"] == 0
    assert table.loc[("a", "voting"), "priority_rank"] == 1


def test_what_was_not_measured_has_a_gap_and_no_priority():
    measured = importance()
    measured.loc[1, ["importance", "importance_low", "importance_high", "coefficient"]] = np.nan
    measured.loc[1, "flag"] = "suppressed_small_n"
    row = priorities(measured).loc[("a", "voting")]
    assert row["gap"] == pytest.approx(0.4) and row["flag"] == "suppressed_small_n"
    assert np.isnan(row["priority"]) and row["quadrant"] == "" and pd.isna(row["is_important"])


def test_the_province_has_importance_and_a_place_and_no_gap():
    rows = priorities().loc["province"]
    assert list(rows["importance"]) == [0.6, 0.3, 0.1]
    np.testing.assert_allclose(rows["place"], 0.5)
    unknown = ["best_quarter", "gap", "priority", "priority_rank", "is_behind"]
    assert rows[unknown].isna().all(axis=None)
    assert set(rows["quadrant"]) == {""}


@few
@given(seeds)
def test_order_of_scores_and_of_importance_does_not_matter(seed):
    random = np.random.default_rng(seed)
    measured, placed = importance(), scores(random.random(5))
    expected = find_priorities(measured, placed, small_set())
    shuffled = find_priorities(
        measured.sample(frac=1, random_state=seed), placed.sample(frac=1, random_state=seed),
        small_set(),
    )  # fmt: skip
    pd.testing.assert_frame_equal(shuffled, expected)
