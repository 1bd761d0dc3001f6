"""Belongs here: slopes over the years, which years enter, and what is said when too few can.
Does not belong here: agreement with R (tests/oracle), or change between two years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import answers, rating, score_one, share, small_set, table, totals_of

from dgi.change.panel import SurveyYear
from dgi.change.trend import TREND_COLUMNS, trend_of_districts
from dgi.change.two_years import change_of_domains
from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.scores import PROVINCE

DISTRICTS = ["101-ha", "102-hb"]
few = settings(max_examples=10, deadline=None, derandomize=True)


def years(seed, count, sets=None, absent=None, first=2016):
    """`count` years of answers from the same PSUs; `absent`: {year: districts} not whole."""
    run = []
    for number in range(count):
        frame = answers(seed + number, DISTRICTS)
        missing = set((absent or {}).get(first + number, ()))
        frame = frame[~frame["district"].isin(missing)]
        own = (sets or {}).get(first + number, small_set())
        run.append(
            SurveyYear(first + number, totals_of(frame), own, frozenset(set(DISTRICTS) - missing))
        )
    return run


def trend(run):
    got = trend_of_districts(run, DISTRICTS)
    assert list(got.columns) == TREND_COLUMNS
    assert len(got) == 3 * 6
    return got.set_index(["district", "key"])


@few
@given(st.integers(0, 10_000))
def test_a_slope_is_the_least_squares_line_through_the_scores(seed):
    run = years(seed, 5)
    got = trend(run)
    for name in DISTRICTS:
        scores = [
            score_one(one.totals.only([name]), one.indicator_set).set_index("key")["score"]
            for one in run
        ]
        line = np.polyfit([one.year for one in run], pd.DataFrame(scores).to_numpy(), 1)[0]
        np.testing.assert_allclose(got.loc[name, "slope"], line, atol=1e-10)
    assert (got["years_n"] == 5).all() and (got["flag"] == "observed").all()


def test_the_error_of_a_trend_counts_shared_units_once():
    run = years(1, 4)
    same = [SurveyYear(one.year, run[0].totals, one.indicator_set, one.complete) for one in run]
    got = trend(same)
    # The same answers every year: no slope, and no error about it.
    np.testing.assert_allclose(got["slope"], 0, atol=1e-12)
    np.testing.assert_allclose(got["se"], 0, atol=1e-12)


def test_two_years_would_have_the_slope_and_error_of_their_change(monkeypatch):
    monkeypatch.setattr("dgi.change.trend.FEWEST_YEARS", 2)
    run = years(2, 2)
    got = trend(run)
    change, _ = change_of_domains(run[1].totals, run[0].totals, small_set(), small_set())
    change = change[change["level"] != "indicator"].set_index(["district", "key"])
    own = got.loc[change.index]
    np.testing.assert_allclose(own["slope"], change["change"], atol=1e-12)
    np.testing.assert_allclose(own["se"], change["se"], rtol=1e-10)
    assert (own["df"] == change["df"]).all()


def test_three_years_are_too_few_and_say_so():
    got = trend(years(3, 3))
    assert (got["flag"] == "too_few_years").all()
    silent = ["slope", "se", "p_value", "q_value", "is_significant", "years_n"]
    assert got[silent].isna().all(axis=None)


def test_a_missing_year_in_between_is_left_out_and_time_runs_on():
    run = years(4, 5, absent={2018: ["102-hb"]})
    got = trend(run)
    assert got.loc[("101-ha", "total"), "years_n"] == 5
    assert got.loc[("102-hb", "total"), "years_n"] == 4
    # The province is whole only when all its districts are.
    assert got.loc[(PROVINCE, "total"), "years_n"] == 4
    scores = [
        score_one(one.totals.only(["102-hb"]), small_set()).set_index("key").loc["total", "score"]
        for one in run if one.year != 2018
    ]  # fmt: skip
    line = np.polyfit([2016, 2017, 2019, 2020], scores, 1)[0]
    assert got.loc[("102-hb", "total"), "slope"] == pytest.approx(line, abs=1e-10)


def test_a_district_absent_in_one_of_four_years_has_too_few_for_a_trend():
    got = trend(years(4, 4, absent={2018: ["102-hb"]}))
    for unit in ("102-hb", PROVINCE):
        assert (got.loc[unit, "flag"] == "too_few_years").all()
        assert got.loc[unit, "slope"].isna().all()
    assert (got.loc["101-ha", "years_n"] == 4).all()


def test_a_district_absent_in_the_last_year_has_no_trend():
    got = trend(years(5, 5, absent={2020: ["102-hb"]}))
    assert (got.loc["102-hb", "flag"] == "too_few_years").all()
    assert got.loc[("101-ha", "total"), "slope"] == pytest.approx(
        trend(years(5, 5)).loc[("101-ha", "total"), "slope"]
    )


def test_a_question_that_changed_shortens_the_series_of_what_rests_on_it():
    other = IndicatorSet.from_table("old", table(
        {"dimension_1": {"knowing": [share("a", "0.5"), share("b", "0.3"), rating("c", "0.2")],
                         "voting": [share("d", "1", "1")]},
         "dimension_2": {"paying": [share("e", "0.5"), rating("f", "0.5", "-1")]}}
    ))  # fmt: skip
    got = trend(years(6, 6, sets={2016: other, 2017: other}))
    own = got.loc["101-ha"]
    # d was counted the other way round until 2017: its four comparable years remain.
    assert own.loc["voting", "first_year"] == 2018 and own.loc["voting", "flag"] == "observed"
    assert own.loc["paying", "first_year"] == 2016 and own.loc["paying", "flag"] == "observed"
    # The total takes all six years on what they share, and says so.
    assert own.loc["total", "years_n"] == 6 and own.loc["total", "flag"] == "common_core"
