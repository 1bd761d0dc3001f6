"""Belongs here: laws of bootstrap and jackknife replicates, and that they find linearised errors.
Does not belong here: agreement with R (tests/oracle), or ranks drawn from replicates."""

from __future__ import annotations

import numpy as np
import pytest
from index_builders import answers, totals_of

from dgi.index.estimation import linearised_means, weighted_means
from dgi.index.replicates import (
    design_for_resampling,
    draw_bootstrap,
    make_jackknife,
    replicate_means,
    replicate_means_of_respondents,
)
from dgi.index.sums import Calibration
from dgi.survey.design import Design

STRATA = np.array(["x"] * 5 + ["y"] * 3 + ["z"] + ["w"] * 2)


def drawn(count, seed, **options):
    design = Design.of(STRATA, **options)
    return draw_bootstrap(design, count, np.random.default_rng(seed)).factors


def test_bootstrap_factors_of_a_stratum_always_add_up_to_its_psus():
    factors = drawn(200, 1)
    assert factors.shape == (200, len(STRATA)) and (factors >= 0).all()
    for label in np.unique(STRATA):
        own = label == STRATA
        np.testing.assert_allclose(factors[:, own].sum(axis=1), own.sum(), rtol=1e-12)


def test_bootstrap_factors_are_one_on_average_and_in_a_stratum_of_one_psu_always():
    factors = drawn(20_000, 2)
    np.testing.assert_allclose(factors.mean(axis=0), 1, atol=0.04)
    assert (factors[:, STRATA == "z"] == 1).all()


def test_the_same_seed_gives_the_same_bootstrap():
    draw = [drawn(50, 3) for _ in range(2)]
    np.testing.assert_array_equal(*draw)
    other = drawn(50, 4)
    assert (draw[0] != other).any()


def test_the_bootstrap_finds_the_linearised_error_again():
    frame = answers(11, strata=3, psus=8, people=6, missing=0)
    totals = totals_of(frame)
    factors = draw_bootstrap(totals.design, 4000, np.random.default_rng(5)).factors
    means = replicate_means(totals, factors)[0]
    z = linearised_means(totals, weighted_means(totals))
    exact = np.sqrt(totals.design.variances(z, totals.unit, totals.domain))[0]
    np.testing.assert_allclose(means.std(axis=0), exact, rtol=0.1)


def test_a_replicate_in_which_nobody_answered_repeats_the_mean():
    totals = totals_of(answers(12))
    nobody = np.zeros((1, len(totals.units)))
    np.testing.assert_array_equal(replicate_means(totals, nobody)[0], weighted_means(totals))


def test_a_replicate_draws_the_same_however_it_is_cut_into_chunks(monkeypatch):
    whole = drawn(300, 6)
    monkeypatch.setattr("dgi.index.replicates.CHUNK", 50)
    np.testing.assert_array_equal(drawn(300, 6), whole)


def test_a_stratum_of_which_all_units_were_taken_does_not_vary():
    every = np.array([5] * 5 + [30] * 3 + [1] + [2] * 2, dtype=float)
    factors = drawn(200, 7, population=every)
    assert (factors[:, STRATA != "y"] == 1).all()
    assert factors[:, STRATA == "y"].std() > 0.1


def test_the_calibrated_bootstrap_finds_the_calibrated_error():
    frame = answers(13, strata=3, psus=8, people=6, missing=0.1)
    groups = np.random.default_rng(1).integers(0, 3, len(frame))
    x = (groups[:, None] == np.arange(3)).astype(float)
    totals = totals_of(frame, calibration=Calibration(x, frame["weight"].to_numpy()))
    factors = draw_bootstrap(totals.design, 4000, np.random.default_rng(5)).factors
    z = linearised_means(totals, weighted_means(totals))
    exact = np.sqrt(totals.design.variances(z, totals.unit, totals.domain))[0]
    np.testing.assert_allclose(replicate_means(totals, factors)[0].std(axis=0), exact, rtol=0.1)


def test_the_jackknife_finds_the_error_of_a_total_exactly():
    totals = totals_of(answers(14, strata=3, psus=4, missing=0))
    jackknife = make_jackknife(totals.design)
    replicated = jackknife.factors @ totals.wy
    exact = totals.design.covariance(totals.wy)
    np.testing.assert_allclose(jackknife.covariance(replicated, totals.wy.sum(axis=0)), exact)


def test_the_jackknife_refuses_a_lonely_psu():
    with pytest.raises(ValueError, match="one primary unit"):
        make_jackknife(Design.of(STRATA))


def test_delivered_replicate_weights_give_the_means_they_imply():
    values = np.array([[1.0, np.nan], [0.0, 4.0], [1.0, 2.0]])
    weights = np.array([[1.0, 0.0], [1.0, 2.0], [2.0, 2.0]])
    got = replicate_means_of_respondents(values, weights)
    np.testing.assert_allclose(got, [[0.75, 8 / 3], [0.5, 3.0]])


@pytest.mark.parametrize("asked", [3, 6, 12])
def test_calibrated_replicates_of_a_rarely_asked_indicator_stay_near_its_scale(asked):
    frame = answers(15, strata=2, psus=12, people=8, missing=0)
    few = frame["psu"].isin(frame["psu"].unique()[:: 12 // asked * 2][:asked])
    frame["a"] = frame["a"].where(few)
    x = np.column_stack([np.arange(len(frame)) % 2 == 0, np.arange(len(frame)) % 2 == 1])
    totals = totals_of(frame, calibration=Calibration(x, frame["weight"].to_numpy()))
    factors = draw_bootstrap(totals.design, 2000, np.random.default_rng(5)).factors
    drawn = replicate_means(totals, factors)[0, :, 0]
    z = linearised_means(totals, weighted_means(totals))
    exact = np.sqrt(totals.design.variances(z, totals.unit, totals.domain))[0, 0]
    assert drawn.std() == pytest.approx(exact, rel=0.15)
    assert drawn.min() > -0.5 and drawn.max() < 1.5


def test_a_lonely_unit_varies_with_its_neighbours_unless_it_is_certain():
    frame = answers(16, strata=2, psus=3)
    frame = frame[(frame["stratum"] != "101-ha/1") | (frame["psu"] == "101-ha/1/0")]
    for policy, varies in (("adjust", True), ("average", True), ("certainty", False)):
        totals = totals_of(frame, lonely_psu=policy)
        design = design_for_resampling(totals.design, totals.domain_of_units())
        factors = draw_bootstrap(design, 200, np.random.default_rng(1)).factors
        assert (factors[:, -1].std() > 0.1) == varies


def test_a_bootstrap_of_several_stages_is_refused():
    design = Design.of(
        np.zeros(4), np.array([1, 1, 2, 2]), np.full(4, 2.0), [(np.arange(4), np.full(4, 9.0))]
    )
    with pytest.raises(ValueError, match="further stages"):
        draw_bootstrap(design, 10, np.random.default_rng(1))
