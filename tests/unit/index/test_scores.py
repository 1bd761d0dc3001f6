"""Belongs here: how means become scores, and when a score is withheld, ranked or shared.
Does not belong here: the means (test_estimation.py), or agreement with R (tests/oracle)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import (
    HIGHEST,
    KEYS,
    LOWEST,
    answers,
    print_on_threads,
    samples_of,
    score_one,
    share,
    small_set,
    table,
    totals_of,
)

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import weighted_means
from dgi.index.replicates import draw_bootstrap
from dgi.index.scores import (
    BAND_SHARES,
    PROVINCE,
    SCORE_COLUMNS,
    replicate_scores,
    score_districts,
    score_domains,
    scoring_rule,
)

ALL = np.ones(len(KEYS), dtype=bool)
NODES = ["total", "dimension_1", "knowing", "voting", "dimension_2", "paying"]
BEST = np.array([1, 1, 5, 0, 1, 1.0])  # d and f are bad things
WORST = np.array([0, 0, 1, 1, 0, 5.0])
few = settings(max_examples=20, deadline=None, derandomize=True)


def without(*keys):
    return np.array([key not in keys for key in KEYS])


def flags_of(rule):
    return dict(zip(rule.nodes["key"], rule.flags[0], strict=True))


def scores_of(rule, means):
    return dict(zip(rule.nodes["key"], rule.apply(np.atleast_2d(means))[0], strict=True))


def test_the_best_answers_reach_the_top_of_every_scale_and_the_worst_the_bottom():
    rule = scoring_rule(small_set(), ALL)
    assert list(rule.nodes["key"]) == NODES
    reached = rule.apply(np.array([BEST]))[0], rule.apply(np.array([WORST]))[0]
    np.testing.assert_allclose(reached[0], rule.nodes["scale_max"], rtol=1e-14)
    np.testing.assert_allclose(reached[1], rule.nodes["scale_min"], rtol=1e-13)
    assert set(rule.flags[0]) == {"observed"}


def test_a_score_worked_by_hand():
    """knowing runs 0.5 to 5: t = 0.5*0.4 + 0.3*0.5 + 0.2*(3-1)/4 = 0.45; voting: t = 1 - 0.2."""
    scores = scores_of(scoring_rule(small_set(), ALL), np.array([0.4, 0.5, 3, 0.2, 1, 1]))
    assert scores["knowing"] == pytest.approx(0.5 + 4.5 * 0.45, rel=1e-14)
    assert scores["voting"] == pytest.approx(0.5 + 4.5 * 0.8, rel=1e-14)
    assert scores["dimension_1"] == pytest.approx(scores["knowing"] + scores["voting"], rel=1e-14)
    assert scores["total"] == pytest.approx(scores["dimension_1"] + 10, rel=1e-14)


def test_a_missing_indicator_hands_its_weight_to_the_others():
    rule = scoring_rule(small_set(), without("b"))
    flags = flags_of(rule)
    assert flags["knowing"] == flags["dimension_1"] == flags["total"] == "reweighted"
    assert flags["voting"] == flags["dimension_2"] == "observed"
    means = np.array([0.4, 0.0, 3, 0.2, 1, 1])
    t = (0.5 * 0.4 + 0.2 * 0.5) / 0.7
    assert scores_of(rule, means)["knowing"] == pytest.approx(0.5 + 4.5 * t, rel=1e-14)
    assert (rule.coefficients[0][:, KEYS.index("b")] == 0).all()
    assert scores_of(rule, BEST)["knowing"] == pytest.approx(5, rel=1e-14)


def test_too_few_indicators_suppress_the_sub_dimension_and_all_above_it():
    rule = scoring_rule(small_set(), without("a", "b"))
    flags = flags_of(rule)
    for key in ("knowing", "dimension_1", "total"):
        assert flags[key] == "suppressed_incomplete"
    assert flags["voting"] == flags["paying"] == flags["dimension_2"] == "observed"
    assert not rule.is_scored[0, NODES.index("total")]


def test_half_of_two_is_below_a_share_of_six_tenths_and_enough_for_a_half():
    tree = table({"d": {"s": [share("a", "0.5"), share("b", "0.5")]}})
    strict = IndicatorSet.from_table("x", tree)
    tree.loc[tree["key"] == "s", "min_share"] = "0.5"
    lenient = IndicatorSet.from_table("x", tree)
    one = np.array([True, False])
    assert flags_of(scoring_rule(strict, one))["s"] == "suppressed_incomplete"
    assert flags_of(scoring_rule(lenient, one))["s"] == "reweighted"


def test_a_sub_dimension_without_a_single_indicator_is_never_scored():
    tree = table({"d": {"s": [share("a")]}}, min_share="0.01")
    rule = scoring_rule(IndicatorSet.from_table("x", tree), np.array([False]))
    assert set(rule.flags[0]) == {"suppressed_incomplete"}


def test_the_common_core_adds_up_what_remains_and_says_so():
    rule = scoring_rule(small_set(), without("d"), partial=True)
    flags, scores = flags_of(rule), scores_of(rule, BEST)
    assert flags["voting"] == "suppressed_incomplete"
    assert flags["dimension_1"] == flags["total"] == "common_core"
    assert flags["dimension_2"] == "observed"
    assert scores["dimension_1"] == pytest.approx(scores["knowing"], rel=1e-14)
    assert scores["total"] == pytest.approx(scores["knowing"] + scores["paying"], rel=1e-14)


def test_the_core_is_empty_when_nothing_remains():
    rule = scoring_rule(small_set(), ~ALL, partial=True)
    assert set(rule.flags[0]) == {"suppressed_incomplete"} and not rule.is_scored.any()


@few
@given(
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_scores_stay_on_their_scale_whatever_is_missing(shares, present):
    means = LOWEST + (HIGHEST - LOWEST) * np.array(shares)
    rule = scoring_rule(small_set(), np.array(present))
    got = rule.apply(means[None])[rule.is_scored]
    nodes = rule.nodes[rule.is_scored[0]]
    assert (got >= nodes["scale_min"] - 1e-12).all()
    assert (got <= nodes["scale_max"] + 1e-12).all()


@few
@given(st.integers(0, 10_000), st.lists(st.booleans(), min_size=6, max_size=6))
def test_parts_always_add_up_to_their_whole(seed, present):
    rule = scoring_rule(small_set(), np.array(present), partial=True)
    means = weighted_means(totals_of(answers(seed, missing=0)))[0]
    value = scores_of(rule, means)
    for key in ("total", "dimension_1", "dimension_2"):
        own = (rule.nodes["parent"] == key).to_numpy() & rule.is_scored[0]
        parts = [value[child] for child in rule.nodes.loc[own, "key"]]
        assert np.isnan(value[key]) if not parts else value[key] == pytest.approx(sum(parts))


# ---- units


def test_an_indicator_below_min_n_is_left_out_and_flagged_up_the_tree():
    frame = answers(1, missing=0)
    frame.loc[frame.index[10:], "b"] = np.nan
    table_ = score_one(totals_of(frame), small_set(min_n="11"))
    got = table_.set_index("key")
    assert got.loc["knowing", "flag"] == "reweighted" and got.loc["paying", "flag"] == "observed"
    assert np.isfinite(got["score"]).all() and np.isfinite(got["se"]).all()


def test_an_indicator_nobody_answered_leaves_finite_scores_and_errors():
    frame = answers(2).assign(b=np.nan)
    totals = totals_of(frame)
    scores = score_domains(totals, small_set())
    columns = ["score", "se", "ci_low", "ci_high"]
    assert np.isfinite(scores.to_frame(totals.domains)[columns].to_numpy(float)).all()
    factors = draw_bootstrap(totals.design, 20, np.random.default_rng(1)).factors
    assert np.isfinite(replicate_scores(totals, scores.rule, factors)).all()


def test_a_suppressed_score_is_blank_and_never_zero():
    frame = answers(3).assign(d=np.nan)
    table_ = score_one(totals_of(frame), small_set())
    got = table_.set_index("key")
    assert (
        got.loc[["voting", "dimension_1", "total"], ["score", "se", "ci_low"]].isna().all(axis=None)
    )
    assert (got.loc[["voting", "dimension_1", "total"], "flag"] == "suppressed_incomplete").all()
    assert got.loc[["knowing", "paying"], "score"].notna().all()


@few
@given(st.integers(0, 10_000), st.floats(1e-4, 1e4))
def test_scores_and_errors_know_nothing_of_the_scale_of_weights(seed, factor):
    frame = answers(seed)
    columns = ["score", "se", "ci_low", "ci_high"]
    one = score_one(totals_of(frame), small_set())
    scaled = frame.assign(weight=frame["weight"] * factor)
    two = score_one(totals_of(scaled), small_set())
    np.testing.assert_allclose(
        two[columns].to_numpy(float), one[columns].to_numpy(float), rtol=1e-9, atol=1e-12
    )


# ---- districts and the province

DISTRICTS = ["101-ha", "102-hb", "103-hc", "104-hd"]


def scored(frame, expected=None, **options):
    got, chances = score_districts(
        totals_of(frame),
        samples_of(frame),
        options.pop("indicator_set", small_set()),
        DISTRICTS if expected is None else expected,
        replicates=100,
        **options,
    )
    assert list(got.columns) == SCORE_COLUMNS
    ranked = got[got["rank"].notna()]
    sums = chances.groupby(["district", "key"])["probability"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    assert len(sums) == len(ranked)
    np.testing.assert_allclose(ranked[BAND_SHARES].sum(axis=1), 1.0, rtol=1e-12)
    assert (ranked["tie_group"] != "").all()
    return got


def at(scores, key="total"):
    return scores[scores["key"] == key].set_index("district")


def test_districts_are_ranked_and_the_province_is_not():
    got = at(scored(answers(4, DISTRICTS)))
    districts = got.drop(PROVINCE)
    assert sorted(districts["rank"]) == [1, 2, 3, 4] and (districts["ranked_n"] == 4).all()
    assert (districts["rank_low"] <= districts["rank"]).all()
    assert (districts["rank"] <= districts["rank_high"]).all()
    best = districts["score"].idxmax()
    assert districts.loc[best, "rank"] == 1 and districts.loc[best, "band"] == "high"
    assert pd.isna(got.loc[PROVINCE, "rank"]) and got.loc[PROVINCE, "band"] == ""


def test_the_province_is_all_its_people_not_the_mean_of_its_districts():
    frame = answers(5, DISTRICTS)
    frame.loc[frame["district"] == "101-ha", "weight"] *= 50
    got = at(scored(frame))
    whole = score_one(totals_of(frame), small_set())
    assert got.loc[PROVINCE, "score"] == whole.set_index("key").loc["total", "score"]
    assert got.loc[PROVINCE, "n"] == len(frame)
    assert abs(got.loc[PROVINCE, "score"] - got.loc["101-ha", "score"]) < 0.5
    assert got.loc[PROVINCE, "df"] == got.drop(PROVINCE)["df"].sum()


def test_an_absent_district_is_named_and_withholds_the_province():
    frame = answers(6, DISTRICTS[:3])
    got = at(scored(frame))
    for unit in ("104-hd", PROVINCE):
        assert got.loc[unit, "flag"] == "unit_absent"
        assert got.loc[unit, ["score", "se", "df", "n", "rank", "band_probability"]].isna().all()
    present = got.loc[DISTRICTS[:3]]
    assert sorted(present["rank"]) == [1, 2, 3] and (present["ranked_n"] == 3).all()
    assert (present["flag"] == "observed").all()


def test_a_suppressed_district_is_not_ranked_and_not_counted():
    frame = answers(7, DISTRICTS)
    frame.loc[frame["district"] == "102-hb", "d"] = np.nan
    got = at(scored(frame))
    assert got.loc["102-hb", "flag"] == "suppressed_incomplete"
    assert got.loc["102-hb", ["rank", "rank_low", "ranked_n", "band_probability"]].isna().all()
    assert got.loc["102-hb", "band"] == ""
    assert sorted(got.drop(["102-hb", PROVINCE])["rank"]) == [1, 2, 3]
    # Where it has a score it is ranked with the others.
    assert at(scored(frame), "paying").loc["102-hb", "ranked_n"] == 4


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.integers(0, 1000))
def test_the_same_answers_under_another_label_score_the_same_and_share_the_rank(seed):
    frame = answers(seed, ["101-ha"])
    twin = frame.assign(
        **{c: frame[c].str.replace("101-ha", "102-hb")
           for c in ("district", "stratum", "psu", "commune_code")}
    )  # fmt: skip
    got = at(scored(pd.concat([frame, twin], ignore_index=True), ["101-ha", "102-hb"]))
    columns = ["score", "se", "ci_low", "ci_high", "df", "n", "n_effective", "rank"]
    one, two = (got.loc[unit, columns].to_numpy(float) for unit in ("101-ha", "102-hb"))
    np.testing.assert_allclose(one, two, rtol=1e-12)
    assert got.loc[PROVINCE, "score"] == pytest.approx(one[0], rel=1e-12)
    assert got.loc[PROVINCE, "se"] == pytest.approx(one[1] / np.sqrt(2), rel=1e-9)


def test_a_districts_own_figures_do_not_depend_on_who_else_delivered():
    frame = answers(8, DISTRICTS)
    columns = ["score", "se", "ci_low", "ci_high", "df"]
    full = at(scored(frame)).loc["103-hc", columns].to_numpy(float)
    late = at(scored(frame[frame["district"] != "101-ha"])).loc["103-hc", columns]
    np.testing.assert_allclose(full, late.to_numpy(float), rtol=1e-13)


def test_the_seed_decides_the_rank_intervals_and_nothing_else():
    frame = answers(9, DISTRICTS)
    one, again = scored(frame, seed=1), scored(frame, seed=1)
    pd.testing.assert_frame_equal(one, again)
    other = scored(frame, seed=2)
    assert (one["band_probability"] != other["band_probability"]).any()
    drawn = ("rank_low", "rank_high", "band_probability", *BAND_SHARES)
    same = [column for column in SCORE_COLUMNS if column not in drawn]
    pd.testing.assert_frame_equal(one[same], other[same])


PRINT = """
from test_scores import DISTRICTS, answers, samples_of, small_set, score_districts, totals_of
frame = answers(11, DISTRICTS, psus=12)
tables = score_districts(totals_of(frame), samples_of(frame), small_set(), DISTRICTS, seed=3)
drawn = ["district", "key", "rank", "rank_low", "rank_high", "high_share", "low_share"]
print(tables[0][drawn].map(repr).to_csv(index=False), tables[1].map(repr).to_csv(index=False))
"""


def test_ranks_and_their_probabilities_are_the_same_on_one_thread_or_two():
    one, two = print_on_threads(PRINT, Path(__file__).parent)
    assert one == two and one.count(b"101-ha") > 6
