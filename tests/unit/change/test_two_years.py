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

from dgi.change.two_years import (
    change_beside_the_whole,
    change_of_domains,
    is_restated,
    split_change,
)
from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import estimate_indicators
from dgi.index.scores import scoring_rule

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
    nodes = got["level"] != "indicator"
    np.testing.assert_allclose(got.loc[nodes, "se"] ** 2, apart[0] + apart[1], rtol=1e-10)


# ---- one set


@few
@given(st.integers(0, 10_000))
def test_contributions_add_up_to_the_change_of_the_total(seed):
    got = changed(seed)
    subs = got[got["level"] == "sub_dimension"]
    assert subs["contribution"].sum() == pytest.approx(got.loc["total", "change"], abs=1e-12)
    for level in ("dimension", "indicator"):
        parts = got[got["level"] == level]["contribution"].sum()
        assert parts == pytest.approx(got.loc["total", "change"], abs=1e-12)
    assert pd.isna(got.loc["total", "contribution"])


@few
@given(st.integers(0, 10_000))
def test_change_is_the_difference_of_the_two_years_scores(seed):
    now, before = two_years(seed)
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    this, last = (score_one(totals_of(frame), small_set())["score"] for frame in (now, before))
    got, below = got[got["level"] != "indicator"], got[got["level"] == "indicator"]
    for frame, column in ((now, "score"), (before, "base_score")):
        totals = totals_of(frame).together("all")
        means = estimate_indicators(totals, np.ones(len(KEYS)))["estimate"]
        np.testing.assert_allclose(below[column], means, atol=1e-12)
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
    assert got.drop(index="b")["change"].notna().all()
    assert got.loc["b", "flag"] == "break_in_series" and got.loc["a", "flag"] == "observed"
    parts = got[got["level"] == "indicator"]["contribution"].sum()
    assert parts == pytest.approx(got.loc["total", "change"], abs=1e-12)


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
    assert got.loc["b", "flag"] == "suppressed_small_n" and pd.isna(got.loc["b", "change"])
    now_alone = score_one(totals_of(now), rules)
    assert got.loc["knowing", "score"] != now_alone.set_index("key").loc["knowing", "score"]


def test_an_indicator_nobody_answered_spoils_no_other_change():
    now, before = two_years(8)
    before["b"] = np.nan
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    others = got.loc[got["key"] != "b", ["change", "se", "p_value"]]
    assert np.isfinite(others.to_numpy(float)).all()


def test_a_base_year_that_never_asked_an_indicator_can_still_be_compared():
    now, before = two_years(9)
    known = [key for key in KEYS if key != "b"]
    got = change_of_one(
        totals_of(now), totals_of(before).select(known), small_set(), small_set()
    ).set_index("key")
    assert got.loc["knowing", "flag"] == "common_core"
    assert np.isfinite(got.drop(index="b")["se"].to_numpy(float)).all()


# ---- indicators


def test_an_indicator_says_whether_more_of_it_is_better():
    got = changed(20)
    assert got.loc[["d", "f"], "direction"].eq(-1).all()
    assert got.drop(index=["d", "f"])["direction"].eq(1).all()


def test_an_indicator_asked_in_few_units_has_few_degrees_of_freedom():
    now, before = two_years(21, missing=0)
    for frame in (now, before):
        frame.loc[~frame["psu"].isin(["101-ha/0/0", "101-ha/0/1", "101-ha/1/0"]), "b"] = np.nan
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    got = got.set_index("key")
    # Three units in two strata answered b; four units of each stratum stand in one year or both.
    assert got.loc["b", "df"] == 3 - 2
    assert (got.drop(index="b")["df"] == 8 - 2).all()


def test_a_base_of_nothing_has_a_change_and_no_relative_one():
    now, before = two_years(22)
    before["a"] = 0.0
    got = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    own = got.set_index("key").loc["a"]
    assert own["change"] > 0 and own["p_value"] < 0.05 and pd.isna(own["relative_change"])


# ---- beside the whole


def beside(now, before, names, current_set=None):
    current_set = current_set or small_set()
    totals = totals_of(now), totals_of(before)
    _, rule = change_of_domains(*(own.only(names) for own in totals), current_set, current_set)
    return rule, *change_beside_the_whole(*totals, rule, names)


@few
@given(st.integers(0, 10_000))
def test_the_movement_of_the_whole_is_taken_out_of_every_domain(seed):
    now, before = two_years(seed, DISTRICTS)
    _, net, _ = beside(now, before, DISTRICTS[1:])
    whole = change_of_one(totals_of(now), totals_of(before), small_set(), small_set())
    for number, name in enumerate(DISTRICTS[1:]):
        own = [totals_of(frame[frame["district"] == name]) for frame in (now, before)]
        alone = change_of_one(*own, small_set(), small_set())
        np.testing.assert_allclose(net[number], alone["change"] - whole["change"], atol=1e-12)


def test_the_error_beside_the_whole_is_that_of_a_jackknife_to_first_order():
    """Dropping units one by one, where each weighs little, gives nearly the linearised error."""
    few_units = {"strata": 1, "psus": 12, "people": 12, "missing": 0}
    now, before = (answers(seed, DISTRICTS[:2], **few_units) for seed in (31, 32))
    rule, net, se = beside(now, before, ["101-ha"])
    squares = np.zeros(net.shape)
    for psu, home in now[["psu", "district"]].drop_duplicates().itertuples(index=False):
        left = [frame[frame["psu"] != psu].copy() for frame in (now, before)]
        for frame in left:
            frame.loc[frame["district"] == home, "weight"] *= 12 / 11
        squares += (beside(*left, ["101-ha"])[1] - net) ** 2
    ratio = np.sqrt(squares * 11 / 12) / se
    assert np.abs(ratio[:, rule.nodes["key"].eq("total").to_numpy()] - 1).max() < 0.08


def test_a_whole_of_one_domain_moves_with_it_and_nothing_is_left():
    now, before = two_years(33)
    _, net, se = beside(now, before, ["101-ha"])
    assert (net == 0).all() and (se == 0).all()


def test_the_whole_is_measured_by_what_the_domain_can_be_measured_by():
    now, before = two_years(34, DISTRICTS, missing=0)
    before.loc[before["district"] == "102-hb", "b"] = np.nan
    rule, net, _ = beside(now, before, DISTRICTS)
    at = rule.nodes["key"].eq("knowing").to_numpy()
    core = [frame.assign(b=np.nan) for frame in (now, before)]
    whole = change_of_one(*map(totals_of, core), small_set(), small_set()).set_index("key")
    own = [totals_of(frame[frame["district"] == "102-hb"]) for frame in core]
    alone = change_of_one(*own, small_set(), small_set()).set_index("key")
    expected = alone.loc["knowing", "change"] - whole.loc["knowing", "change"]
    assert net[1, at][0] == pytest.approx(expected, abs=1e-12)


# ---- the set


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
