"""Belongs here: laws of respondent weights: design, margins, trimming, and what they cost.
Does not belong here: agreement with R's rake (tests/oracle), or estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from index_builders import answers

from dgi.facts.surveys import DesignRow
from dgi.fieldwork.responses import AGE_GROUPS
from dgi.survey.calibration import calibrate, indicator_columns, rake
from dgi.survey.weights import (
    AT_BOUND,
    TRIM_HIGH,
    TRIM_LOW,
    base_weights,
    calibration_columns,
    count_respondents,
    kish_design_effect,
    margin_codes,
    sample_sizes,
    stage_weights,
    trim,
    weigh_district,
    weigh_respondents,
)

AGES = [group[0] for group in AGE_GROUPS]
CELLS = [f"{sex} {age}" for sex in ("female", "male") for age in AGES]


def interviews(seed=0, count=160, drop=()) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "respondent_id": [f"R{n:03}" for n in range(count)],
            "village_code": [f"V{n // 16}" for n in range(count)],
            "village_adults": np.repeat(random.integers(200, 900, count // 16 + 1), 16)[:count],
            "commune_prob": np.repeat(random.uniform(0.2, 0.9, count // 16 + 1), 16)[:count],
            "village_prob": np.repeat(random.uniform(0.1, 0.5, count // 16 + 1), 16)[:count],
            "sex": random.choice(["female", "male"], count),
            "age_group": random.choice(AGES, count),
            "area": np.where(np.arange(count) // 16 % 2 == 0, "urban", "rural"),
        }
    )
    return frame[~(frame["sex"] + " " + frame["age_group"]).isin(drop)].reset_index(drop=True)


def margins(urban=0.4, population=20_000.0) -> pd.DataFrame:
    share = np.array([0.12, 0.14, 0.13, 0.11, 0.13, 0.14, 0.12, 0.11])
    rows = [("sex_age", cell, population * s) for cell, s in zip(CELLS, share, strict=True)]
    rows += [("area", "rural", population * (1 - urban)), ("area", "urban", population * urban)]
    return pd.DataFrame(rows, columns=["margin", "category", "population"]).assign(district="d")


def sums(frame, weights, column):
    return frame.assign(w=weights.to_numpy()).groupby(column)["w"].sum()


def test_a_base_weight_is_the_inverse_of_the_chance_to_be_asked():
    frame = pd.DataFrame(
        {"village_code": ["a", "a", "b"], "village_adults": [100, 100, 90],
         "commune_prob": [0.5, 0.5, 1.0], "village_prob": [0.2, 0.2, 0.3]}
    )  # fmt: skip
    np.testing.assert_allclose(base_weights(frame), [500, 500, 300], rtol=1e-15)


def test_a_stage_weight_is_one_over_the_product_of_the_stages():
    np.testing.assert_allclose(stage_weights([[0.5, 0.2], [1, 0.25]]), [10, 4], rtol=1e-15)


@pytest.mark.parametrize("wrong", [0.0, 1.2, -0.1, np.nan])
def test_a_chance_outside_zero_to_one_is_refused_with_how_many_and_where(wrong):
    with pytest.raises(ValueError, match=r"2 rows .*XacSuatXa"):
        stage_weights([[0.5, wrong], [0.5, 1.0], [wrong, wrong]])


def test_those_who_answered_speak_for_those_of_their_village_who_did_not():
    whole = interviews()
    fewer = whole[whole.index != 3].reset_index(drop=True)
    by_village = [sums(f, pd.Series(base_weights(f)), "village_code") for f in (whole, fewer)]
    pd.testing.assert_series_equal(*by_village)


def test_weights_of_a_district_add_up_to_both_margins():
    frame = interviews(1)
    table, report = weigh_district(frame, margins())
    assert report.converged and report.largest_gap < 1e-9
    assert list(table["respondent_id"]) == list(frame["respondent_id"])
    wanted = margins().set_index("category")["population"]
    by_area = sums(frame, table["weight"], "area")
    np.testing.assert_allclose(by_area, wanted[by_area.index], rtol=1e-9)
    cell = sums(frame.assign(cell=frame["sex"] + " " + frame["age_group"]), table["weight"], "cell")
    np.testing.assert_allclose(cell, wanted[cell.index], rtol=1e-9)
    assert (table["weight"] > 0).all()
    assert report.weight_min == table["weight"].min()
    assert report.weight_max == table["weight"].max()
    assert report.kish_design_effect == pytest.approx(kish_design_effect(table["weight"]))
    assert report.weight_cv**2 == pytest.approx(report.kish_design_effect - 1)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 10_000),
    st.lists(st.floats(0.2, 5), min_size=3, max_size=3),
    st.lists(st.floats(0.2, 5), min_size=4, max_size=4),
)
def test_raked_weights_add_up_to_every_margin(seed, first, second):
    random = np.random.default_rng(seed)
    codes = [random.integers(0, 3, 60), random.integers(0, 4, 60)]
    assume(len(set(zip(*codes, strict=True))) == 12)
    targets = [1000 * np.array(t) / sum(t) for t in (first, second)]
    raked, rounds, gap = rake(random.lognormal(0, 1, 60), codes, targets)
    assert gap < 1e-9 and rounds <= 500 and (raked > 0).all()
    for code, target in zip(codes, targets, strict=True):
        np.testing.assert_allclose(np.bincount(code, raked), target, rtol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_raking_forgets_the_scale_of_the_weights(seed, factor):
    random = np.random.default_rng(seed)
    codes, weights = [np.arange(60) % 3, np.arange(60) // 3 % 4], random.lognormal(0, 1, 60)
    targets = [np.array([100.0, 200, 300]), np.array([150.0] * 4)]
    one, two = (rake(w, codes, targets)[0] for w in (weights, weights * factor))
    np.testing.assert_allclose(one, two, rtol=1e-8)


def test_weights_that_meet_the_margins_are_left_as_they_are():
    codes, targets = [np.array([0, 0, 1, 1])], [np.array([3.0, 7.0])]
    raked, rounds, gap = rake(np.array([1.0, 2, 3, 4]), codes, targets)
    np.testing.assert_allclose(raked, [1, 2, 3, 4], rtol=1e-15)
    assert rounds == 1 and gap < 1e-12


def test_raking_does_not_change_the_weights_it_was_given():
    weights = np.ones(4)
    rake(weights, [np.array([0, 0, 1, 1])], [np.array([3.0, 7.0])])
    assert (weights == 1).all()


def test_people_nobody_was_asked_among_cannot_be_weighted_for():
    with pytest.raises(ValueError, match="margin 0 has population but no respondent"):
        rake(np.ones(2), [np.array([0, 0])], [np.array([1.0, 1.0])])


def test_margins_that_contradict_each_other_are_reported_as_not_reached():
    raked, rounds, gap = rake(
        np.ones(4), [np.array([0, 0, 1, 1])] * 2, [np.array([3.0, 7]), np.array([5.0, 5])]
    )
    assert rounds == 500 and gap > 0.1 and np.isfinite(raked).all()


def test_an_empty_sex_age_cell_is_joined_to_a_neighbour_of_the_same_sex():
    frame = interviews(2, drop=["male 60-70"])
    table, report = weigh_district(frame, margins())
    assert report.converged
    wanted = margins().set_index("category")["population"]
    cell = sums(frame.assign(cell=frame["sex"] + " " + frame["age_group"]), table["weight"], "cell")
    joined = wanted["male 45-59"] + wanted["male 60-70"]
    assert cell["male 45-59"] == pytest.approx(joined, rel=1e-9)
    assert cell["female 60-70"] == pytest.approx(wanted["female 60-70"], rel=1e-9)
    assert table["weight"].sum() == pytest.approx(20_000, rel=1e-9)


def test_a_sex_or_an_area_without_respondents_is_refused():
    men = [cell for cell in CELLS if cell.startswith("male")]
    with pytest.raises(ValueError, match="population but no respondent"):
        weigh_district(interviews(3, drop=men), margins())
    urban = interviews(3).query("area == 'urban'").reset_index(drop=True)
    with pytest.raises(ValueError, match="population but no respondent"):
        weigh_district(urban, margins())


def test_interviews_where_the_census_has_nobody_are_refused_with_what_to_correct():
    only_rural = margins()[margins()["category"] != "urban"]
    with pytest.raises(ValueError, match=r"margin area has nobody in urban.*correct data/census"):
        weigh_district(interviews(4), only_rural)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(5, 200), st.floats(0.1, 2.0), st.floats(1e-6, 1e6))
def test_trimmed_weights_lie_in_the_range_and_keep_their_sum(seed, count, spread, factor):
    weights = np.random.default_rng(seed).lognormal(0, spread, count)
    median = np.median(weights)
    assume(TRIM_LOW * median <= weights.mean() <= TRIM_HIGH * median)
    trimmed = trim(weights)
    assert trimmed.sum() == pytest.approx(weights.sum(), rel=1e-12)
    assert (trimmed >= TRIM_LOW * median).all() and (trimmed <= TRIM_HIGH * median).all()
    np.testing.assert_allclose(trim(weights * factor), trimmed * factor, rtol=1e-9)
    order = np.random.default_rng(seed).permutation(count)
    np.testing.assert_allclose(trim(weights[order]), trimmed[order], rtol=1e-9)


def test_a_sum_that_no_weights_in_the_range_can_have_is_refused():
    with pytest.raises(ValueError, match=r"15 weights cannot sum to 351.07 inside 0.2 to 5"):
        trim(np.array([0.01] * 7 + [1.0] + [50.0] * 7))


def test_weights_inside_the_range_are_not_trimmed():
    weights = np.array([0.5, 1.0, 2.0, 1.5])
    np.testing.assert_allclose(trim(weights), weights, rtol=1e-15)


def within(table, report, slack):
    weights = table["weight"]
    least, most = report.lower_bound * (1 - slack), report.upper_bound * (1 + slack)
    return ((weights >= least) & (weights <= most)).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_lopsided_village_is_cut_to_the_bounds_and_the_margins_still_hold(seed):
    frame = interviews(seed, count=320)
    frame.loc[0:15, "village_prob"] /= 20
    table, report = weigh_district(frame, margins())
    assert report.trimmed_n > 0 and report.converged and report.weights_within_bounds
    assert within(table, report, AT_BOUND)
    assert report.upper_bound / report.lower_bound == pytest.approx(TRIM_HIGH / TRIM_LOW)
    wanted = margins().set_index("category")["population"]
    by_area = sums(frame, table["weight"], "area")
    np.testing.assert_allclose(by_area, wanted[by_area.index], rtol=1e-9)
    near = [np.isclose(table["weight"], bound, rtol=2e-6) for bound in
            (report.lower_bound, report.upper_bound)]  # fmt: skip
    assert report.trimmed_n == (near[0] | near[1]).sum()


def test_where_margins_and_bounds_cannot_both_hold_the_margins_do_and_the_report_says_so():
    frame = interviews(7)
    table, report = weigh_district(frame, margins(urban=0.01))  # half of them asked, 1% lives there
    assert report.converged and not report.weights_within_bounds
    assert not within(table, report, AT_BOUND) and report.trimmed_n > 0
    urban = table.loc[frame["area"] == "urban", "weight"]
    assert urban.sum() == pytest.approx(200, rel=1e-9)


def test_weights_that_need_no_cut_are_the_raked_ones_and_none_is_reported():
    frame = interviews(8)
    frame["village_adults"], frame["commune_prob"], frame["village_prob"] = 500, 0.5, 0.2
    table, report = weigh_district(frame, margins(urban=0.5))
    codes, targets = margin_codes(frame, margins(urban=0.5))
    np.testing.assert_array_equal(table["weight"], rake(base_weights(frame), codes, targets)[0])
    assert report.trimmed_n == 0 and report.weights_within_bounds


def test_the_categories_of_a_district_are_those_its_weights_are_calibrated_to():
    frame = interviews(9, drop=["male 60-70"])
    codes, targets = margin_codes(frame, margins())
    assert [len(target) for target in targets] == [7, 2]
    x = indicator_columns(codes, [7, 2])
    table, _ = weigh_district(frame, margins())
    np.testing.assert_allclose(table["weight"] @ x, np.concatenate(targets), rtol=1e-9)
    found = calibrate(base_weights(frame), x, np.concatenate(targets), "raking").weights
    np.testing.assert_allclose(found, rake(base_weights(frame), codes, targets)[0], rtol=1e-8)


def test_equal_weights_cost_nothing_and_unequal_ones_something():
    assert kish_design_effect(np.full(7, 3.0)) == pytest.approx(1)
    assert kish_design_effect(np.array([1.0, 3.0])) == pytest.approx(2 * 10 / 16)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40), st.floats(1e-3, 1e3))
def test_kishs_effect_is_at_least_one_and_knows_no_scale(weights, factor):
    weights = np.array(weights)
    effect = kish_design_effect(weights)
    assert 1 - 1e-12 <= effect <= len(weights) + 1e-9
    assert kish_design_effect(weights * factor) == pytest.approx(effect, rel=1e-9)


# ---- as the design says

DESIGN = {"design": "d", "weights": "delivered", "weight": "given", "stratum": "s", "psu": "p",
          "psu_population": "", "lonely_psu": "fail", "note_vi": "x", "note_en": "x"}  # fmt: skip


def test_delivered_weights_are_used_as_they_are():
    frame = interviews(1).assign(given=2.5)
    design = DesignRow.model_validate(DESIGN)
    table, report = weigh_respondents(frame, margins(), design)
    assert report is None and calibration_columns(frame, margins(), design) is None
    assert (table["weight"] == 2.5).all() and (table["base_weight"] == 2.5).all()
    assert list(table["respondent_id"]) == list(frame["respondent_id"])


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0])
def test_a_delivered_weight_that_is_no_weight_is_refused_with_its_column(bad):
    frame = interviews(1).assign(given=2.5)
    frame.loc[3, "given"] = bad
    with pytest.raises(ValueError, match=r"1 delivered weights.*column given"):
        weigh_respondents(frame, margins(), DesignRow.model_validate(DESIGN))


def test_computed_weights_come_with_the_columns_they_were_calibrated_to():
    frame = interviews(2)
    design = DesignRow.model_validate({**DESIGN, "weights": "computed", "weight": ""})
    table, report = weigh_respondents(frame, margins(), design)
    x = calibration_columns(frame, margins(), design)
    assert report.converged and x.shape[0] == len(frame)
    own = margins()
    wanted = own["population"].sum()
    assert table["weight"].to_numpy() @ x.sum(axis=1) == pytest.approx(wanted, rel=1e-9)


def test_effective_sample_size_is_kishs():
    frame = answers(10)
    counted = count_respondents(frame, frame["weight"].to_numpy())
    row = sample_sizes(counted.assign(is_sample=False)).iloc[0]
    w = frame["weight"]
    assert row["n"] == len(frame)
    assert row["n_effective"] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
    equal = count_respondents(frame, np.full(len(frame), 3.0))
    assert sample_sizes(equal.assign(is_sample=False)).loc[0, "n_effective"] == len(frame)
