"""Belongs here: laws of estimates, their errors and the bootstrap on samples small enough to check.
Does not belong here: agreement with other software (tests/oracle), or scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import KEYS, answers, totals_of

from dgi.index.estimation import (
    LonelyPsuError,
    PsuTotals,
    count_respondents,
    covariance,
    degrees_of_freedom,
    estimate_indicators,
    linearised_means,
    rao_wu_multipliers,
    reduce_to_psu,
    replicate_means,
    sample_sizes,
    variances,
    weighted_means,
)

NUMBERS = ["estimate", "se", "ci_low", "ci_high", "df", "n", "n_effective", "deff"]
EVERYONE = np.ones(len(KEYS))
seeds = st.integers(0, 10_000)
few = settings(max_examples=20, deadline=None, derandomize=True)


def numbers(totals, min_n=EVERYONE):
    return estimate_indicators(totals, min_n)[NUMBERS].to_numpy(float)


def test_a_mean_and_its_error_worked_by_hand():
    """Two strata of two PSUs, one person each: y = 0, 1 | 1, 1, equal weights."""
    frame = pd.DataFrame({"district": "d", "stratum": [1, 1, 2, 2], "psu": [1, 2, 3, 4]})
    frame["commune_code"] = frame["psu"]
    totals = reduce_to_psu(np.array([[0.0], [1], [1], [1]]), np.ones(4), frame, ["y"])
    row = estimate_indicators(totals, np.ones(1)).iloc[0]
    # z = (y - 3/4)/4: -3/16, 1/16 | 1/16, 1/16; V = 2 * 2 * (2/16)^2 = 1/16
    assert row["estimate"] == 0.75
    assert row["se"] == pytest.approx(0.25, abs=1e-15)
    assert row["df"] == 2
    assert row["ci_high"] == pytest.approx(0.75 + 4.302652729749464 * 0.25, abs=1e-12)
    # Simple random sampling of 4 with the same spread: (3/16) * 4/3 / 4 = 1/16.
    assert row["deff"] == pytest.approx(1.0, abs=1e-12)


@few
@given(seeds, st.floats(1e-6, 1e6))
def test_the_scale_of_the_weights_changes_nothing(seed, factor):
    frame = answers(seed)
    scaled = frame.assign(weight=frame["weight"] * factor)
    np.testing.assert_allclose(
        numbers(totals_of(scaled)), numbers(totals_of(frame)), rtol=1e-8, atol=1e-12
    )


@few
@given(seeds)
def test_the_order_of_the_rows_changes_nothing(seed):
    frame = answers(seed, districts=("101-ha", "102-hb"))
    shuffled = frame.sample(frac=1, random_state=seed)
    np.testing.assert_allclose(
        numbers(totals_of(shuffled)), numbers(totals_of(frame)), rtol=1e-10, atol=1e-14
    )
    pd.testing.assert_frame_equal(totals_of(shuffled).psu, totals_of(frame).psu)


@few
@given(seeds)
def test_an_answer_repeated_at_half_the_weight_changes_no_mean_and_no_error(seed):
    frame = answers(seed)
    halved = frame.assign(weight=frame["weight"] / 2)
    doubled = pd.concat([halved, halved], ignore_index=True)
    columns = ["estimate", "se"]
    one = estimate_indicators(totals_of(frame), EVERYONE)[columns].to_numpy(float)
    two = estimate_indicators(totals_of(doubled), EVERYONE)[columns].to_numpy(float)
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-14)


@few
@given(seeds)
def test_linearised_values_add_up_to_nothing(seed):
    totals = totals_of(answers(seed))
    z = linearised_means(totals, weighted_means(totals))
    np.testing.assert_allclose(z.sum(axis=0), 0, atol=1e-12)


@few
@given(seeds)
def test_variances_are_the_diagonal_of_the_covariance(seed):
    totals = totals_of(answers(seed))
    z = linearised_means(totals, weighted_means(totals))
    stratum = totals.psu["stratum"].to_numpy()
    joint = covariance(z, stratum)
    np.testing.assert_allclose(np.diag(joint), variances(z, stratum), rtol=1e-12, atol=1e-18)
    assert np.linalg.eigvalsh(joint).min() > -1e-12


def test_sampling_everyone_leaves_no_sampling_error():
    totals = totals_of(answers(1))
    z = linearised_means(totals, weighted_means(totals))
    assert (variances(z, totals.psu["stratum"].to_numpy(), "fail", 1.0) == 0).all()


def test_a_psu_where_nobody_answered_stays_in_the_design():
    frame = answers(2, missing=0)
    frame.loc[frame["psu"] == frame["psu"].iloc[0], "a"] = np.nan
    totals = totals_of(frame)
    assert len(totals.psu) == frame["psu"].nunique()
    table = estimate_indicators(totals, EVERYONE).set_index("key")
    assert table.loc["a", "df"] == table.loc["b", "df"]
    kept = totals_of(frame[frame["a"].notna()])
    without = estimate_indicators(kept, EVERYONE).set_index("key")
    assert without.loc["a", "se"] != table.loc["a", "se"]


def test_an_indicator_nobody_answered_is_suppressed_and_spoils_no_other():
    frame = answers(3)
    complete = estimate_indicators(totals_of(frame), EVERYONE).set_index("key")
    frame["b"] = np.nan
    totals = totals_of(frame)
    table = estimate_indicators(totals, EVERYONE).set_index("key")
    assert table.loc["b", "flag"] == "suppressed_small_n"
    assert table.loc["b", ["estimate", "se", "ci_low", "ci_high", "deff"]].isna().all()
    others = [key for key in KEYS if key != "b"]
    assert np.isfinite(table.loc[others, NUMBERS].to_numpy(float)).all()
    pd.testing.assert_frame_equal(table.loc[others], complete.loc[others])
    assert np.isfinite(covariance(
        linearised_means(totals, weighted_means(totals)), totals.psu["stratum"].to_numpy()
    )).all()  # fmt: skip


def test_answers_of_weight_zero_give_finite_errors_elsewhere():
    frame = answers(4)
    frame.loc[frame["a"].notna(), "weight"] = 0.0
    frame.loc[frame["a"].isna(), "weight"] = 1.0
    totals = totals_of(frame)
    z = linearised_means(totals, weighted_means(totals))
    assert np.isfinite(z).all()
    assert (z[:, KEYS.index("a")] == 0).all()


def test_an_indicator_below_its_smallest_number_of_answers_has_a_flag_and_no_figure():
    frame = answers(5, missing=0)
    frame.loc[frame.index[24:], "a"] = np.nan
    totals = totals_of(frame.iloc[:])
    at_limit = np.where(np.array(KEYS) == "a", 24, 1)
    assert (estimate_indicators(totals, at_limit)["flag"] == "observed").all()
    frame.loc[frame.index[23], "a"] = np.nan
    table = estimate_indicators(totals_of(frame), at_limit).set_index("key")
    assert table.loc["a", "flag"] == "suppressed_small_n"
    assert pd.isna(table.loc["a", "estimate"]) and table.loc["a", "n"] == 23
    assert (table.drop("a")["flag"] == "observed").all()


def test_an_answer_that_everyone_gives_has_no_error_and_no_design_effect():
    frame = answers(6).assign(a=1.0)
    row = estimate_indicators(totals_of(frame), EVERYONE).set_index("key").loc["a"]
    assert row["estimate"] == 1 and row["se"] == pytest.approx(0, abs=1e-15)
    assert pd.isna(row["deff"])


def test_a_psu_in_two_strata_is_refused_with_where_to_look_and_no_cell():
    frame = answers(7)
    frame.loc[0, "stratum"] = "another"
    with pytest.raises(ValueError, match=r"1 primary sampling units.*Tang, PSU") as caught:
        totals_of(frame)
    assert frame.loc[0, "psu"] not in str(caught.value)


def test_a_lonely_psu_needs_a_policy_that_is_named():
    frame = answers(8, strata=2, psus=3)
    frame = frame[(frame["stratum"] != "101-ha/1") | (frame["psu"] == "101-ha/1/0")]
    totals = totals_of(frame)
    with pytest.raises(LonelyPsuError, match="1 strata have one"):
        estimate_indicators(totals, EVERYONE)
    se = {
        policy: estimate_indicators(totals, EVERYONE, policy)["se"].to_numpy()
        for policy in ("certainty", "adjust", "average")
    }
    assert (se["certainty"] <= se["adjust"]).all()
    np.testing.assert_allclose(se["average"], se["certainty"] * np.sqrt(2), rtol=1e-12)
    assert degrees_of_freedom(totals.psu["stratum"].to_numpy()) == 2


def test_totals_survive_the_way_through_a_table():
    totals = totals_of(answers(9, districts=("101-ha", "102-hb")))
    again = PsuTotals.from_frame(totals.to_frame(), KEYS)
    pd.testing.assert_frame_equal(again.psu, totals.psu)
    for name in ("wy", "w", "wyy", "n"):
        np.testing.assert_array_equal(getattr(again, name), getattr(totals, name))
    assert again.select(["f", "a"]).keys == ("f", "a")
    np.testing.assert_array_equal(again.select(["f", "a"]).wy, totals.wy[:, [5, 0]])


def test_effective_sample_size_is_kishs():
    frame = answers(10)
    counted = count_respondents(frame, frame["weight"].to_numpy())
    row = sample_sizes(counted.assign(is_sample=False)).iloc[0]
    w = frame["weight"]
    assert row["n"] == len(frame)
    assert row["n_effective"] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
    equal = count_respondents(frame, np.full(len(frame), 3.0))
    assert sample_sizes(equal.assign(is_sample=False)).loc[0, "n_effective"] == len(frame)


# ---- bootstrap

STRATA = np.array(["x"] * 5 + ["y"] * 3 + ["z"] + ["w"] * 2)


def test_bootstrap_factors_of_a_stratum_always_add_up_to_its_psus():
    factors = rao_wu_multipliers(STRATA, 200, np.random.default_rng(1))
    assert factors.shape == (200, len(STRATA)) and (factors >= 0).all()
    for label in np.unique(STRATA):
        own = label == STRATA
        np.testing.assert_allclose(factors[:, own].sum(axis=1), own.sum(), rtol=1e-12)


def test_bootstrap_factors_are_one_on_average_and_in_a_stratum_of_one_psu_always():
    factors = rao_wu_multipliers(STRATA, 20_000, np.random.default_rng(2))
    np.testing.assert_allclose(factors.mean(axis=0), 1, atol=0.04)
    assert (factors[:, STRATA == "z"] == 1).all()


def test_the_same_seed_gives_the_same_bootstrap():
    draw = [rao_wu_multipliers(STRATA, 50, np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*draw)
    other = rao_wu_multipliers(STRATA, 50, np.random.default_rng(4))
    assert (draw[0] != other).any()


def test_the_bootstrap_finds_the_linearised_error_again():
    frame = answers(11, strata=3, psus=8, people=6, missing=0)
    totals = totals_of(frame)
    stratum = totals.psu["stratum"].to_numpy()
    means = replicate_means(totals, rao_wu_multipliers(stratum, 4000, np.random.default_rng(5)))
    exact = np.sqrt(variances(linearised_means(totals, weighted_means(totals)), stratum))
    np.testing.assert_allclose(means.std(axis=0), exact, rtol=0.1)


def test_a_replicate_in_which_nobody_answered_repeats_the_mean():
    totals = totals_of(answers(12))
    nobody = np.zeros((1, len(totals.psu)))
    np.testing.assert_array_equal(replicate_means(totals, nobody)[0], weighted_means(totals))
