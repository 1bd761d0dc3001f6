"""Belongs here: change on one boundary and one set, what may be compared, and what must be said.
Does not belong here: agreement with R (tests/oracle), or change in published PAPI."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import (
    KEYS,
    answers,
    change_of_one,
    rating,
    score_one,
    share,
    small_set,
    table,
    totals_of,
)

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.change import (
    CHANGE_COLUMNS,
    change_of_districts,
    first_year_changes,
    is_restated,
    split_change,
    sum_by_group,
)
from dgi.index.scores import PROVINCE, scoring_rule
from dgi.index.totals import Calibration

DISTRICTS = ["101-ha", "102-hb", "103-hc"]
few = settings(max_examples=20, deadline=None, derandomize=True)


def two_years(seed, districts=("101-ha",), **options):
    """Two years of answers from the same PSUs, one PSU of each stratum replaced."""
    before, now = answers(seed, districts, **options), answers(seed + 1, districts, **options)
    fresh = now["psu"].str.endswith("/2")
    now["psu"] = now["psu"].where(~fresh, now["psu"] + "-new")
    return now, before


def changed(seed, current_set=None, base_set=None, **options):
    now, before = two_years(seed, **options)
    current_set = current_set or small_set()
    table_ = change_of_one(totals_of(now), totals_of(before), current_set, base_set or current_set)
    return table_.set_index("key")


# ---- two years


def test_a_year_compared_with_itself_has_no_change_and_no_error():
    totals = totals_of(answers(1))
    got = change_of_one(totals, totals, small_set(), small_set())
    np.testing.assert_array_equal(got["change"], 0)
    np.testing.assert_allclose(got["se"], 0, atol=1e-15)


def test_disjoint_samples_add_their_variances():
    now, before = answers(2), answers(3)
    before["psu"] = "old " + before["psu"]
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    apart = [score_one(totals_of(f), small_set())["se"] ** 2 for f in (now, before)]
    np.testing.assert_allclose(got["se"] ** 2, apart[0] + apart[1], rtol=1e-10)


# ---- one set


@few
@given(st.integers(0, 10_000))
def test_contributions_add_up_to_the_change_of_the_total(seed):
    got = changed(seed)
    subs = got[got["level"] == "sub_dimension"]
    assert subs["contribution"].sum() == pytest.approx(got.loc["total", "change"], abs=1e-12)
    dimensions = got[got["level"] == "dimension"]["contribution"].sum()
    assert dimensions == pytest.approx(got.loc["total", "change"], abs=1e-12)
    assert pd.isna(got.loc["total", "contribution"])


@few
@given(st.integers(0, 10_000))
def test_change_is_the_difference_of_the_two_years_scores(seed):
    now, before = two_years(seed)
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    this, last = (score_one(totals_of(frame), small_set())["score"] for frame in (now, before))
    np.testing.assert_allclose(got["score"], this, atol=1e-12)
    np.testing.assert_allclose(got["base_score"], last, atol=1e-12)
    np.testing.assert_allclose(got["change"], this - last, atol=1e-12)
    np.testing.assert_allclose(got["relative_change"], (this - last) / last, atol=1e-12)
    assert (got["flag"] == "observed").all() and got["comparable"].all()


@few
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_scale_of_either_years_weights_changes_nothing(seed, one, other):
    now, before = two_years(seed)
    columns = ["change", "se", "p_value"]
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    now["weight"], before["weight"] = now["weight"] * one, before["weight"] * other
    scaled = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    np.testing.assert_allclose(
        scaled[columns].to_numpy(float), got[columns].to_numpy(float), rtol=1e-7, atol=1e-10
    )


def test_an_indicator_of_one_year_only_is_left_out_of_both_and_the_core_is_named():
    other = table(
        {"dimension_1": {"knowing": [share("a", "0.5"), share("b", "0.3"), rating("c", "0.2")],
                         "voting": [share("d", "1", "1")]},
         "dimension_2": {"paying": [share("e", "0.5"), rating("f", "0.5", "-1")]}}
    )  # fmt: skip
    got = changed(4, small_set(), IndicatorSet.from_table("base", other))
    # d was counted the other way round, so voting cannot be compared.
    assert got.loc["voting", "flag"] == "break_in_series"
    assert pd.isna(got.loc["voting", "change"]) and pd.isna(got.loc["voting", "p_value"])
    assert got.loc[["dimension_1", "total"], "flag"].eq("common_core").all()
    assert not got.loc[["dimension_1", "total", "voting"], "comparable"].any()
    assert got.loc[["knowing", "paying", "dimension_2"], "flag"].eq("observed").all()
    subs = got[got["level"] == "sub_dimension"]["contribution"].sum()
    assert subs == pytest.approx(got.loc["total", "change"], abs=1e-12)


def test_a_sub_dimension_that_keeps_some_indicators_is_a_core_as_well():
    other = table(
        {"dimension_1": {"knowing": [share("a", "0.5"), share("z", "0.3"), rating("c", "0.2")],
                         "voting": [share("d", "1", "-1")]},
         "dimension_2": {"paying": [share("e", "0.5"), rating("f", "0.5", "-1")]}}
    )  # fmt: skip
    got = changed(5, small_set(), IndicatorSet.from_table("base", other))
    assert got.loc[["knowing", "dimension_1", "total"], "flag"].eq("common_core").all()
    assert got.loc[["voting", "paying", "dimension_2"], "flag"].eq("observed").all()
    assert got["change"].notna().all()


def test_a_changed_weight_restates_the_base_year():
    other = table(
        {"dimension_1": {"knowing": [share("a", "0.4"), share("b", "0.4"), rating("c", "0.2")],
                         "voting": [share("d", "1", "-1")]},
         "dimension_2": {"paying": [share("e", "0.5"), rating("f", "0.5", "-1")]}}
    )  # fmt: skip
    got = changed(6, small_set(), IndicatorSet.from_table("base", other))
    assert got.loc["knowing", "flag"] == "common_core"
    assert got.loc["paying", "flag"] == "observed"


def test_too_few_answers_in_either_year_leave_the_indicator_out():
    now, before = two_years(7, missing=0)
    before.loc[before.index[5:], "b"] = np.nan
    rules = small_set(min_n="10")
    got = change_of_one(totals_of(now), totals_of(before), rules, rules).set_index("key")
    assert got.loc["knowing", "flag"] == "common_core"
    now_alone = score_one(totals_of(now), rules)
    assert got.loc["knowing", "score"] != now_alone.set_index("key").loc["knowing", "score"]


def test_an_indicator_nobody_answered_spoils_no_other_change():
    now, before = two_years(8)
    before["b"] = np.nan
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    assert np.isfinite(got[["change", "se", "p_value"]].to_numpy(float)).all()


def test_a_base_year_that_never_asked_an_indicator_can_still_be_compared():
    now, before = two_years(9)
    known = [key for key in KEYS if key != "b"]
    got = change_of_one(
        totals_of(now), totals_of(before).select(known), small_set(), small_set()
    ).set_index("key")
    assert got.loc["knowing", "flag"] == "common_core"
    assert np.isfinite(got["se"].to_numpy(float)).all()


# ---- districts


def all_changes(seed, incomplete=(), restated=(), districts=DISTRICTS):
    now, before = two_years(seed, districts)
    got = change_of_districts(
        totals_of(now),
        totals_of(before),
        small_set(),
        small_set(),
        DISTRICTS,
        set(incomplete),
        set(restated),
    )
    assert list(got.columns) == CHANGE_COLUMNS
    return got.set_index(["district", "key"])


def test_every_district_and_the_province_have_every_node():
    got = all_changes(10)
    assert set(got.index.get_level_values("district")) == {*DISTRICTS, PROVINCE}
    assert len(got) == 4 * 6 and (got["flag"] == "observed").all()


def test_q_values_adjust_over_the_districts_of_one_level_without_the_province():
    got = all_changes(11)
    total = got.xs("total", level="key")
    p = total.drop(PROVINCE)["p_value"].sort_values()
    adjusted = np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(total.loc[p.index, "q_value"], adjusted, rtol=1e-12)
    assert total.loc[PROVINCE, "q_value"] == total.loc[PROVINCE, "p_value"]
    assert (got["q_value"] >= got["p_value"] - 1e-15).all()


def test_the_two_marks_are_given_side_by_side():
    got = all_changes(12)
    assert (got["is_significant"] == (got["q_value"] < 0.05)).all()
    assert (got["is_official_change"] == (got["relative_change"].abs() >= 0.05)).all()
    assert set(got["is_significant"].dropna()) | set(got["is_official_change"]) == {True, False}


def test_a_district_missing_in_a_year_withholds_its_change_and_the_provinces():
    got = all_changes(13, incomplete={"102-hb"})
    for unit in ("102-hb", PROVINCE):
        rows = got.loc[unit]
        assert (rows["flag"] == "unit_absent").all() and not rows["comparable"].any()
        silent = ["change", "se", "p_value", "q_value", "is_significant", "is_official_change"]
        assert rows[silent].isna().all(axis=None)
    assert got.loc["101-ha", "change"].notna().all()


def test_a_base_year_drawn_on_another_boundary_is_flagged_where_nothing_else_is():
    got = all_changes(14, restated={"101-ha"})
    assert (got.loc["101-ha", "flag"] == "boundary_restated").all()
    assert (got.loc["102-hb", "flag"] == "observed").all()
    assert got.loc["101-ha", "change"].notna().all()


def test_the_first_year_says_for_every_unit_that_there_is_none_before_it():
    got = first_year_changes(small_set(), DISTRICTS)
    assert list(got.columns) == CHANGE_COLUMNS
    assert len(got) == 4 * 6 and (got["flag"] == "no_base_year").all()
    assert not got["comparable"].any()
    assert (
        got.drop(columns=["district", "level", "key", "comparable", "flag"]).isna().all(axis=None)
    )


def test_a_dimension_lost_or_a_sub_dimension_moved_makes_a_core():
    def tree(dimensions):
        return IndicatorSet.from_table("t", table(dimensions))

    s = {key: [share(key)] for key in ("a", "b", "c")}
    three = tree({"d1": {"s1": s["a"]}, "d2": {"s2": s["b"]}, "d3": {"s3": s["c"]}})
    two = tree({"d1": {"s1": s["a"]}, "d2": {"s2": s["b"]}})
    rule = scoring_rule(two, np.array([True, True]), partial=True)
    restated = dict(zip(rule.nodes["key"], is_restated(rule, two, three)[0], strict=True))
    assert restated == {"total": True, "d1": False, "s1": False, "d2": False, "s2": False}


# ---- composition and rate


@few
@given(st.integers(0, 10_000))
def test_composition_and_rate_add_up_to_the_change_of_every_mean(seed):
    random = np.random.default_rng(seed)
    tables = []
    for _ in range(2):
        w = random.lognormal(size=(3, 5, 4)) * (random.random((3, 5, 4)) < 0.8)
        w[:, 0] = 1.0
        tables += [w * random.random((3, 5, 4)), w]
    composition, rate = split_change(*tables)
    now, before = (tables[i].sum(axis=1) / tables[i + 1].sum(axis=1) for i in (0, 2))
    np.testing.assert_allclose(composition + rate, now - before, atol=1e-12)


def test_the_same_answers_of_other_people_are_all_composition():
    w, before = np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])
    mean = np.array([[0.2], [0.6]])
    composition, rate = split_change(w * mean, w, before * mean, before)
    assert composition[0] == pytest.approx(0.3 - 0.4) and rate[0] == pytest.approx(0, abs=1e-15)


def test_other_answers_of_the_same_people_are_all_rate():
    w = np.array([[3.0], [1.0]])
    composition, rate = split_change(w * 0.5, w, w * 0.25, w)
    assert rate[0] == pytest.approx(0.25) and composition[0] == pytest.approx(0, abs=1e-15)


def test_a_group_that_was_not_there_before_is_composition():
    now, before = np.array([[1.0], [1.0]]), np.array([[1.0], [0.0]])
    composition, rate = split_change(now * [[0.2], [0.8]], now, before * 0.2, before)
    assert composition[0] == pytest.approx(0.3) and rate[0] == pytest.approx(0, abs=1e-15)


def people(frame, seed):
    random = np.random.default_rng(seed)
    return frame.assign(
        sex=random.choice(["male", "female"], len(frame)),
        age_group=random.choice(["18-29", "30-44"], len(frame)),
        area="urban",
    )


def test_groups_of_two_years_split_the_change_of_every_node_of_every_district():
    now, before = two_years(15, DISTRICTS, people=8)
    sums = [
        sum_by_group(frame[KEYS].to_numpy(float), frame["weight"].to_numpy(float), frame, KEYS)
        for frame in (people(now, 1), people(before, 2))
    ]
    assert (sums[0]["n"] > 0).all()
    assert set(sums[0]["respondent_group"]) <= {
        f"{sex} {age} urban" for sex in ("male", "female") for age in ("18-29", "30-44")
    }
    got = change_of_districts(
        totals_of(now), totals_of(before), small_set(), small_set(), DISTRICTS, groups=tuple(sums)
    )
    np.testing.assert_allclose(got["composition"] + got["rate"], got["change"], atol=1e-12)
    assert got["composition"].abs().max() > 1e-3
    # Without groups nothing is split, and nothing is said.
    plain = change_of_districts(
        totals_of(now), totals_of(before), small_set(), small_set(), DISTRICTS
    )
    assert plain[["composition", "rate"]].isna().all(axis=None)
    pd.testing.assert_series_equal(plain["change"], got["change"])


def test_a_district_where_nobody_was_asked_the_year_before_is_absent_and_borrows_nothing():
    now, before = two_years(16, DISTRICTS)
    for missing in (["102-hb"], ["102-hb", "103-hc"]):
        kept = before[~before["district"].isin(missing)]
        got = change_of_districts(
            totals_of(now), totals_of(kept), small_set(), small_set(), DISTRICTS
        ).set_index("district")
        for unit in [*missing, PROVINCE]:
            assert (got.loc[unit, "flag"] == "unit_absent").all()
            assert got.loc[unit, "change"].isna().all()
        assert got.loc["101-ha", "change"].notna().all()


def test_rounding_is_no_change_and_no_error_is_no_proof():
    now, before = two_years(17, DISTRICTS, people=5)
    alike = dict(zip(KEYS, [1.0, 0, 4, 0, 1, 2], strict=True))
    x = np.column_stack([np.arange(len(now)) % 2 == 0, np.ones(len(now))]).astype(float)
    totals = [
        totals_of(frame.assign(**alike), calibration=Calibration(x, frame["weight"].to_numpy()))
        for frame in (now, before)
    ]
    got = change_of_districts(*totals, small_set(), small_set(), DISTRICTS)
    assert (got["change"] == 0).all() and (got["se"] == 0).all()
    assert got[["p_value", "q_value", "is_significant"]].isna().all(axis=None)
