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
    estimate_contrasts,
    estimate_indicators,
    estimate_quantile,
    linearised_means,
    weighted_means,
)
from dgi.index.sums import Answers, Calibration
from dgi.index.totals import PsuTotals, reduce_to_cells, reduce_to_psu
from dgi.survey.design import Design, LonelyPsuError

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
    pd.testing.assert_frame_equal(totals_of(shuffled).units, totals_of(frame).units)


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
def test_doubling_every_row_leaves_the_means_and_shrinks_the_errors_as_theory_says(seed):
    """The copies are new units of the same strata: V becomes (n_h - 1)/(2 n_h - 1) of itself."""
    frame = answers(seed, psus=4)
    copies = frame.assign(**{name: frame[name] + " again" for name in ("psu", "commune_code")})
    doubled = pd.concat([frame, copies], ignore_index=True)
    one, two = (estimate_indicators(totals_of(f), EVERYONE) for f in (frame, doubled))
    np.testing.assert_allclose(two["estimate"], one["estimate"], rtol=1e-12)
    np.testing.assert_allclose(two["se"] ** 2, one["se"] ** 2 * 3 / 7, rtol=1e-9, atol=1e-18)
    assert (two["df"] == 2 * one["df"] + 2).all()


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
    joint = totals.design.covariance(z)
    alone = totals.design.variances(z, totals.unit, totals.domain)[0]
    np.testing.assert_allclose(np.diag(joint), alone, rtol=1e-12, atol=1e-18)
    assert np.linalg.eigvalsh(joint).min() > -1e-12


def test_sampling_everyone_leaves_no_sampling_error():
    totals = totals_of(answers(1))
    z = linearised_means(totals, weighted_means(totals))
    whole = Design.of(totals.units["stratum"], population=np.ones(len(totals.units)))
    assert (whole.covariance(z) == 0).all()


def test_a_psu_where_nobody_answered_stays_in_the_design():
    frame = answers(2, missing=0)
    frame.loc[frame["psu"] == frame["psu"].iloc[0], "a"] = np.nan
    totals = totals_of(frame)
    assert len(totals.units) == frame["psu"].nunique()
    table = estimate_indicators(totals, EVERYONE).set_index("key")
    # Its zero counts in the variance; degrees of freedom are those of the units that answered.
    assert table.loc["a", "df"] == table.loc["b", "df"] - 1
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
    z = linearised_means(totals, weighted_means(totals))
    assert np.isfinite(totals.design.covariance(z)).all()


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
    assert row["estimate"] == 1 and row["se"] == 0
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
    with pytest.raises(LonelyPsuError, match="1 strata have one"):
        estimate_indicators(totals_of(frame), EVERYONE)
    tables = {
        policy: estimate_indicators(totals_of(frame, lonely_psu=policy), EVERYONE)
        for policy in ("certainty", "adjust", "average", "merge")
    }
    se = {policy: table["se"].to_numpy() for policy, table in tables.items()}
    assert (se["certainty"] <= se["adjust"]).all()
    np.testing.assert_allclose(se["average"], se["certainty"] * np.sqrt(2), rtol=1e-12)
    assert (tables["adjust"]["df"] == 2).all()
    # Merged with its neighbour: four units in one stratum.
    one = estimate_indicators(totals_of(frame.assign(stratum="all")), EVERYONE)
    np.testing.assert_allclose(se["merge"], one["se"], rtol=1e-12)
    assert (tables["merge"]["df"] == 3).all()


def test_totals_survive_the_way_through_a_table():
    totals = totals_of(answers(9, districts=("101-ha", "102-hb")))
    again = PsuTotals.from_frame(totals.to_frame(), KEYS)
    pd.testing.assert_frame_equal(again.units, totals.units)
    for name in ("wy", "w", "wyy", "n", "ey", "e"):
        np.testing.assert_array_equal(getattr(again, name), getattr(totals, name))
    assert again.select(["f", "a"]).keys == ("f", "a")
    np.testing.assert_array_equal(again.select(["f", "a"]).wy, totals.wy[:, [5, 0]])


def test_a_table_that_lacks_an_indicator_of_a_unit_is_refused():
    table = totals_of(answers(9)).to_frame()
    with pytest.raises(ValueError, match="materialise psu_totals anew"):
        PsuTotals.from_frame(table.drop(index=3), KEYS)


def test_a_weight_below_zero_or_missing_is_refused():
    frame = answers(9)
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="1 weights are negative or not a number"):
            totals_of(frame.assign(weight=frame["weight"].where(frame.index != 2, bad)))


@few
@given(seeds)
def test_coded_answers_are_worth_what_they_were(seed):
    values = answers(seed)[KEYS].to_numpy(float)
    coded = Answers.of(values)
    assert coded.codes.dtype == np.int8
    np.testing.assert_array_equal(coded.values(), np.nan_to_num(values))
    np.testing.assert_array_equal(coded.codes < 0, np.isnan(values))


# ---- domains


def cells(frame, domain, key="a"):
    """Totals of one indicator by a domain that may cut through sampling units."""
    unit, units = pd.factorize(frame["psu"])
    strata = frame.groupby("psu", sort=False)["stratum"].first()[units]
    return reduce_to_cells(
        frame[[key]].to_numpy(float), frame["weight"].to_numpy(float), unit,
        pd.factorize(domain, sort=True)[0], Design.of(strata.to_numpy()), [key],
    )  # fmt: skip


@few
@given(seeds)
def test_a_domain_is_its_rows_among_zeros_never_a_sample_of_its_own(seed):
    frame = answers(seed, missing=0, people=6)
    women = np.random.default_rng(seed).random(len(frame)) < 0.5
    totals = cells(frame, np.where(women, "1 women", "2 men"))
    means = weighted_means(totals)
    z = linearised_means(totals, means)
    ours = totals.design.variances(z, totals.unit, totals.domain)
    for number, member in enumerate((women, ~women)):
        # The same by zeroing: a total over all rows, none dropped.
        w = frame["weight"].to_numpy() * member
        value = frame["a"].to_numpy()
        mean = (w * value).sum() / w.sum()
        rows = pd.Series(w * (value - mean) / w.sum()).groupby(frame["psu"]).sum()
        strata = frame.groupby("psu")["stratum"].first()[rows.index].to_numpy()
        expected = Design.of(strata).covariance(rows.to_numpy()[:, None])
        assert means[number, 0] == pytest.approx(mean, rel=1e-12)
        assert ours[number, 0] == pytest.approx(expected[0, 0], rel=1e-9, abs=1e-18)


def test_a_contrast_of_domains_counts_the_units_they_share():
    frame = answers(20, missing=0, people=6)
    women = np.arange(len(frame)) % 2 == 0
    totals = cells(frame, np.where(women, "1", "2"))
    means = weighted_means(totals)
    coefficients = np.array([[[1.0]], [[-1.0]]])
    difference, joint = estimate_contrasts(totals, means, coefficients)
    assert difference[0] == pytest.approx(means[0, 0] - means[1, 0], rel=1e-12)
    z = linearised_means(totals, means)
    apart = totals.design.variances(z, totals.unit, totals.domain).sum()
    assert joint[0, 0] != pytest.approx(apart, rel=1e-3)
    whole = cells(frame, np.full(len(frame), "all"))
    assert len(whole.unit) == frame["psu"].nunique()


def test_respondents_of_no_domain_are_set_aside_and_their_units_stay():
    frame = answers(21, missing=0)
    domain = np.where(frame["psu"] == frame["psu"].iloc[0], -1, 0)
    unit, units = pd.factorize(frame["psu"])
    strata = frame.groupby("psu", sort=False)["stratum"].first()[units].to_numpy()
    totals = reduce_to_cells(
        frame[KEYS].to_numpy(float), frame["weight"].to_numpy(float), unit, domain,
        Design.of(strata), KEYS,
    )  # fmt: skip
    assert totals.design.size == len(units) and len(totals.unit) == len(units) - 1
    np.testing.assert_array_equal(
        totals.design.degrees_of_freedom(totals.unit, totals.domain), [len(units) - 1 - 2]
    )


@few
@given(seeds, st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_is_the_first_value_that_reaches_the_share(seed, share):
    frame = answers(seed, missing=0.1)
    value = np.random.default_rng(seed).normal(size=len(frame))
    value[frame["a"].isna()] = np.nan
    unit, units = pd.factorize(frame["psu"])
    strata = frame.groupby("psu", sort=False)["stratum"].first()[units].to_numpy()
    got = estimate_quantile(
        value, frame["weight"], unit, np.zeros(len(frame), dtype=int), Design.of(strata), share
    ).iloc[0]
    present = ~np.isnan(value)
    w = frame["weight"].to_numpy()[present]
    reached = w[value[present] <= got["quantile"]].sum() / w.sum()
    before = w[value[present] < got["quantile"]].sum() / w.sum()
    assert before < share <= reached + 1e-12
    assert got["ci_low"] <= got["quantile"] <= got["ci_high"]


# ---- calibration


@few
@given(seeds)
def test_what_the_calibration_fixes_has_no_error(seed):
    frame = answers(seed, missing=0, people=6)
    x = np.column_stack([frame["a"] == 1, frame["a"] == 0]).astype(float)
    if not x.any(axis=0).all():
        return
    totals = totals_of(frame, calibration=Calibration(x, frame["weight"].to_numpy()))
    table = estimate_indicators(totals, EVERYONE).set_index("key")
    assert table.loc["a", "se"] == pytest.approx(0, abs=1e-12)
    plain = estimate_indicators(totals_of(frame), EVERYONE).set_index("key")
    np.testing.assert_array_equal(table["estimate"], plain["estimate"])
    assert (table.loc[["b", "c", "e"], "se"] > 0).all()


def test_a_constant_alone_as_calibration_changes_no_mean_of_complete_answers():
    """Means are ratios already: knowing the population's size adds nothing."""
    frame = answers(22, missing=0)
    calibration = Calibration(np.ones((len(frame), 1)), frame["weight"].to_numpy())
    one = numbers(totals_of(frame, calibration=calibration))
    np.testing.assert_allclose(one, numbers(totals_of(frame)), rtol=1e-9)
