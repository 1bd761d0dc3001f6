"""Belongs here: what a Fay-Herriot fit must do whatever the areas, and the district table of it.
Does not belong here: figures of other software (tests/oracle)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from dgi.index import small_areas
from dgi.index.small_areas import estimate_small_areas, fit_fay_herriot

METHODS = ("reml", "ml", "fh")
EVERY = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def area_sets(draw):
    """(y, variance, x) of 6-14 areas, x with an intercept; variances up to 10,000 times apart."""
    m = draw(st.integers(6, 14))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    variance = 10 ** random.uniform(-2, draw(st.sampled_from([-1.5, 0, 2])), m)
    covariate = random.normal(50, 5, m)
    spread = draw(st.sampled_from([0.0, 0.5, 5.0]))
    y = 10 + 0.8 * covariate + random.normal(0, np.sqrt(variance + spread**2))
    return y, variance, np.column_stack([np.ones(m), covariate])


def same(left, right):
    np.testing.assert_allclose(left, right, rtol=1e-7, atol=1e-8)


@EVERY
@given(area_sets(), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_the_areas_only_orders_the_results(areas, method, random):
    y, d, x = areas
    order = random.sample(range(len(y)), len(y))
    model = fit_fay_herriot(y, d, x, method)
    moved = fit_fay_herriot(y[order], d[order], x[order], method)
    same(moved.estimate, model.estimate[order])
    same(moved.mse, model.mse[order])


@EVERY
@given(area_sets(), st.sampled_from(METHODS), st.sampled_from([1e-3, 7.0, 1e4]))
def test_another_unit_of_measurement_scales_estimates_and_errors(areas, method, factor):
    y, d, x = areas
    model = fit_fay_herriot(y, d, x, method)
    scaled = fit_fay_herriot(y * factor, d * factor**2, x, method)
    same(scaled.estimate / factor, model.estimate)
    same(scaled.mse / factor**2, model.mse)
    same(scaled.shrinkage, model.shrinkage)


@EVERY
@given(area_sets(), st.sampled_from(METHODS), st.sampled_from([-30.0, 1000.0]))
def test_a_constant_added_to_all_areas_shifts_the_estimates_by_it(areas, method, constant):
    y, d, x = areas
    model = fit_fay_herriot(y, d, x, method)
    shifted = fit_fay_herriot(y + constant, d, x, method)
    same(shifted.estimate - constant, model.estimate)
    same(shifted.mse, model.mse)


@EVERY
@given(area_sets(), st.sampled_from(METHODS))
def test_an_estimate_lies_between_the_direct_one_and_the_regression(areas, method):
    y, d, x = areas
    model = fit_fay_herriot(y, d, x, method)
    regression = x @ model.coefficients
    assert model.converged and model.model_variance >= 0
    assert (model.estimate >= np.minimum(y, regression) - 1e-9).all()
    assert (model.estimate <= np.maximum(y, regression) + 1e-9).all()
    same(model.estimate, model.shrinkage * y + (1 - model.shrinkage) * regression)


def restricted(a, y, d, x):
    """REML's likelihood by error contrasts, which is not how the core computes it."""
    contrasts = linalg.null_space(x.T)
    cov = contrasts.T @ np.diag(a + d) @ contrasts
    return stats.multivariate_normal.logpdf(contrasts.T @ y, cov=cov)


def profile(a, y, d, x):
    root = np.sqrt(a + d)
    beta = np.linalg.lstsq(x / root[:, None], y / root, rcond=None)[0]
    return stats.norm.logpdf(y, x @ beta, root).sum()


LIKELIHOODS = [("reml", restricted), ("ml", profile)]
OTHERS = np.concatenate([[0], np.geomspace(1e-5, 1e3, 80)])


@EVERY
@given(area_sets(), st.sampled_from(LIKELIHOODS))
def test_no_other_model_variance_is_likelier(areas, named):
    method, likelihood = named
    model = fit_fay_herriot(*areas, method)
    best = max(likelihood(a, *areas) for a in OTHERS)
    assert likelihood(model.model_variance, *areas) >= best - 1e-7
    assert model.log_likelihood == pytest.approx(profile(model.model_variance, *areas))
    assert model.aic == pytest.approx(6 - 2 * model.log_likelihood)
    assert model.bic == pytest.approx(3 * np.log(len(areas[0])) - 2 * model.log_likelihood)


@pytest.mark.parametrize(("method", "likelihood"), LIKELIHOODS)
def test_of_two_maxima_the_likelier_is_taken(method, likelihood):
    """Four precise areas that agree and five imprecise ones far apart pull it two ways."""
    y = np.array([0.0, 0.05, -0.05, 0.02, 9.0, -9.0, 8.0, -8.0, 10.0])
    taken = []
    for imprecise in (1.0, 7.0, 8.0, 9.0, 12.0):
        areas = (y, np.array([1e-3] * 4 + [imprecise] * 5), np.ones((9, 1)))
        model = fit_fay_herriot(*areas, method)
        best = max(likelihood(a, *areas) for a in OTHERS)
        assert likelihood(model.model_variance, *areas) >= best - 1e-9
        taken.append(model.model_variance > 1)
    assert set(taken) == {True, False}


@EVERY
@given(area_sets())
def test_the_moment_method_solves_its_equation_or_stops_at_zero(areas):
    y, d, x = areas
    model = fit_fay_herriot(y, d, x, "fh")
    squares = ((y - x @ model.coefficients) ** 2 / (model.model_variance + d)).sum()
    left_over = squares - (len(y) - 2)
    assert left_over == pytest.approx(0, abs=1e-8) or (model.model_variance == 0 > left_over)


@EVERY
@given(area_sets(), st.sampled_from(METHODS))
def test_with_hardly_any_sampling_error_the_estimates_are_the_direct_ones(areas, method):
    y, d, x = areas
    y = y + 3 * (-1.0) ** np.arange(len(y))
    model = fit_fay_herriot(y, d * 1e-10, x, method)
    np.testing.assert_allclose(model.estimate, y, rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.mse, d * 1e-10, rtol=1e-6)


@EVERY
@given(area_sets(), st.sampled_from(["reml", "ml"]))
def test_an_area_without_estimate_is_as_one_whose_error_is_beyond_measure(areas, method):
    y, d, x = areas
    huge, missing = d.copy(), y.copy()
    huge[0], missing[0] = 1e14, np.nan
    limit, model = fit_fay_herriot(y, huge, x, method), fit_fay_herriot(missing, d, x, method)
    np.testing.assert_allclose(model.estimate, limit.estimate, rtol=1e-5)
    np.testing.assert_allclose(model.mse, limit.mse, rtol=1e-4)
    assert list(model.kind) == ["synthetic"] + ["model"] * (len(y) - 1)
    assert model.shrinkage[0] == 0
    same(model.estimate[0], x[0] @ model.coefficients)


def test_an_area_without_an_error_stays_out_of_the_fit_too():
    y, x = np.arange(8.0) ** 2, np.ones((8, 1))
    known = fit_fay_herriot(y[:7], np.ones(7), x[:7])
    for unknown in (np.nan, 0.0):
        model = fit_fay_herriot(y, np.array([1.0] * 7 + [unknown]), x)
        same(model.estimate[:7], known.estimate)
        assert model.kind[7] == "synthetic" and model.estimate[7] != y[7]


@pytest.mark.parametrize("method", METHODS)
def test_areas_on_the_regression_have_no_model_variance_and_all_shrink_to_it(method):
    x = np.column_stack([np.ones(9), np.arange(9.0)])
    model = fit_fay_herriot(x @ [3.0, 2.0], np.linspace(1, 2, 9), x, method)
    assert model.model_variance == 0 and model.converged
    assert (model.shrinkage == 0).all() and (model.kind == "model").all()
    same(model.estimate, x @ [3.0, 2.0])
    same(model.coefficients, [3.0, 2.0])


def test_the_stated_error_is_the_error_of_many_invented_surveys():
    random = np.random.default_rng(5)
    d, x = np.tile([2.0, 4.0, 6.0], 10), np.column_stack([np.ones(30), np.arange(30.0)])
    stated, made = [], []
    for _ in range(600):
        truth = x @ [50.0, 0.3] + random.normal(0, 2, 30)
        model = fit_fay_herriot(truth + random.normal(0, np.sqrt(d)), d, x)
        stated.append(model.mse)
        made.append((model.estimate - truth) ** 2)
    ratio = np.mean(stated, axis=0).reshape(10, 3).mean(0) / np.mean(made, 0).reshape(10, 3).mean(0)
    assert (np.abs(ratio - 1) < 0.06).all()


def test_input_that_bears_no_model_is_refused_in_words():
    y, d, x = np.arange(6.0), np.ones(6), np.column_stack([np.ones(6), [1, 5, 2, 4, 3, 9]])
    with pytest.raises(ValueError, match=r"4 areas .* at least 5: use fewer covariates"):
        fit_fay_herriot(y[:4], d[:4], x[:4])
    with pytest.raises(ValueError, match=r"4 areas .* at least 5"):
        fit_fay_herriot(np.where(y < 2, np.nan, y), d, x)
    with pytest.raises(ValueError, match="leave one out"):
        fit_fay_herriot(y, d, np.ones((6, 2)))
    with pytest.raises(ValueError, match="must be complete"):
        fit_fay_herriot(y, d, np.where(x == 9, np.nan, x))
    with pytest.raises(ValueError, match="variances finite, 0 or more"):
        fit_fay_herriot(y, -d, x)
    with pytest.raises(ValueError, match="variances finite"):
        fit_fay_herriot(y, d * np.inf, x)
    with pytest.raises(ValueError, match="'eb' is not known"):
        fit_fay_herriot(y, d, x, "eb")


def year(seed=1, districts=13, keys=(("total", "total"), ("dimension", "d1"))):
    random = np.random.default_rng(seed)
    true = np.random.default_rng(0).normal(50, 4, districts)
    rows = [
        {"district": f"D{number:02}", "level": level, "key": key,
         "score": true[number] + random.normal(0, 2), "se": random.uniform(1, 3)}
        for number in range(districts)
        for level, key in keys
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_every_district_and_node_has_one_row_in_the_callers_order_and_the_province_none():
    current = year()
    province = current.head(2).assign(district="province", score=0.0)
    table = estimate_small_areas(pd.concat([province, current]), pd.concat([year(2), province]))
    pd.testing.assert_frame_equal(
        table[["district", "level", "key", "direct_score", "direct_se"]],
        current.rename(columns={"score": "direct_score", "se": "direct_se"}),
    )
    assert list(table.columns[5:]) == [
        "model_score", "model_se", "shrinkage", "kind", "covariate", "helps", "flag"
    ]  # fmt: skip
    assert set(table["flag"]) == {"model_based"} and set(table["kind"]) == {"model"}
    assert set(table["covariate"]) == {"base_year"}
    pd.testing.assert_frame_equal(table, estimate_small_areas(current, year(2)))


def test_each_node_is_fitted_by_itself():
    current, base = year(), year(2)
    whole = estimate_small_areas(current, base)
    alone = estimate_small_areas(current[current["key"] == "d1"], base)
    pd.testing.assert_frame_equal(whole[whole["key"] == "d1"].reset_index(drop=True), alone)


def test_the_model_helps_only_where_its_error_is_below_the_direct_one():
    current = year()
    current.loc[0, "se"] = 0.2
    table = estimate_small_areas(current, year(2))
    assert list(table["helps"]) == list(table["model_se"] < table["direct_se"])
    assert table["helps"].any()


def test_a_year_without_a_year_before_has_a_common_mean_as_its_regression():
    current = year(keys=[("total", "total")])
    table = estimate_small_areas(current)
    model = fit_fay_herriot(current["score"], current["se"] ** 2, np.ones((13, 1)))
    same(table["model_score"], model.estimate)
    assert set(table["covariate"]) == {"none"}


def test_a_district_without_base_score_takes_the_common_mean_and_the_others_keep_theirs():
    current, base = year(keys=[("total", "total")]), year(2, keys=[("total", "total")])
    base.loc[3, "score"] = np.nan
    expected = estimate_small_areas(current.drop(index=3), base).set_index("district")
    for earlier in (base, base.drop(index=3)):
        table = estimate_small_areas(current, earlier).set_index("district")
        assert table.loc["D03", "covariate"] == "none"
        assert table.loc["D03", "model_score"] == pytest.approx(
            estimate_small_areas(current)["model_score"][3]
        )
        pd.testing.assert_frame_equal(table.drop(index="D03"), expected)


def test_an_absent_district_stays_out_of_the_fit_and_its_figure_is_synthetic():
    current, base = year(), year(2)
    gone = current["district"] == "D05"
    current.loc[gone, ["score", "se"]] = np.nan
    table = estimate_small_areas(current, base)
    assert set(table.loc[gone, "kind"]) == {"synthetic"} and not table.loc[gone, "helps"].any()
    assert (table.loc[gone, "shrinkage"] == 0).all() and table.loc[gone, "model_se"].gt(0).all()
    others = estimate_small_areas(current[~gone], base)
    pd.testing.assert_frame_equal(table[~gone].reset_index(drop=True), others)


def test_too_few_districts_or_none_at_all_give_rows_without_a_model_figure():
    few = estimate_small_areas(year(districts=3), year(2, districts=3))
    suppressed = year()
    suppressed[["score", "se"]] = np.nan
    for table in (few, estimate_small_areas(suppressed, year(2))):
        assert set(table["kind"]) == {"none"} and set(table["covariate"]) == {"none"}
        assert table[["model_score", "model_se", "shrinkage"]].isna().all(axis=None)
        assert not table["helps"].any() and set(table["flag"]) == {"model_based"}
    assert estimate_small_areas(year().head(0)).empty


def test_a_base_year_in_which_all_districts_are_equal_tells_nothing_and_is_left_out():
    table = estimate_small_areas(year(), year(2).assign(score=50.0))
    pd.testing.assert_frame_equal(table, estimate_small_areas(year()))


def test_a_district_that_has_a_node_twice_is_refused():
    with pytest.raises(ValueError, match="not unique"):
        estimate_small_areas(pd.concat([year(), year().head(1)]), year(2))


def test_a_search_that_does_not_settle_is_flagged_and_its_figures_are_not_published(monkeypatch):
    monkeypatch.setattr(small_areas, "ROUNDS", 1)
    current = year()
    total = current[current["key"] == "total"]
    assert not fit_fay_herriot(total["score"], total["se"] ** 2, np.ones((13, 1))).converged
    with pytest.raises(ValueError, match="total: the model variance did not settle in 1 rounds"):
        estimate_small_areas(current)
