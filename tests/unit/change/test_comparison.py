"""Belongs here: which year each unit is compared with, and the table of all units' changes.
Does not belong here: the arithmetic of one change (test_two_years.py), agreement with R."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import KEYS, answers, small_set, totals_of

from dgi.change.comparison import (
    CHANGE_COLUMNS,
    adjust_p_values,
    change_of_districts,
    choose_base_years,
)
from dgi.change.panel import SurveyYear
from dgi.change.two_years import sum_by_group
from dgi.facts.comparisons import ComparisonRow
from dgi.index.scores import PROVINCE
from dgi.index.sums import Calibration

DISTRICTS = ["101-ha", "102-hb", "103-hc"]
NODES = 6 + len(KEYS)
few = settings(max_examples=20, deadline=None, derandomize=True)
TEXT = dict.fromkeys(["name_vi", "name_en", "note_vi", "note_en"], "x")
PREVIOUS = ComparisonRow(comparison="previous", kind="previous", max_gap_years=2, **TEXT)
BASELINE = ComparisonRow(comparison="baseline", kind="fixed", base_year=2016, **TEXT)


def survey(year, seed=None, absent=(), restated=(), groups=None, frame=None, districts=DISTRICTS):
    """One survey year from `seed`; districts in `absent` were not surveyed in it."""
    if frame is None:
        frame = answers(year if seed is None else seed, districts)
    frame = frame[~frame["district"].isin(absent)]
    whole = frozenset(set(frame["district"]))
    return SurveyYear(year, totals_of(frame), small_set(), whole, frozenset(restated), groups)


def changes(now, *earlier, comparison=PREVIOUS, taken=()):
    got = change_of_districts(now, earlier, comparison, DISTRICTS, taken)
    assert list(got.columns) == CHANGE_COLUMNS
    assert len(got) == 4 * NODES and not got.duplicated(["district", "key"]).any()
    assert got["district"].unique().tolist() == [*DISTRICTS, PROVINCE]
    return got.set_index(["district", "key"])


# ---- which year


def test_a_unit_is_compared_with_the_last_year_in_which_it_is_whole():
    whole = {2018: {"a", "b"}, 2019: {"a"}, 2020: {"a", "b"}}
    chosen = choose_base_years(PREVIOUS, 2020, whole, ["a", "b"])
    assert chosen == {"a": 2019, "b": 2018, PROVINCE: 2018}


def test_a_year_beyond_the_gap_is_no_base_and_neither_is_a_later_one():
    whole = {2017: {"a"}, 2020: {"a"}, 2021: {"a"}}
    assert choose_base_years(PREVIOUS, 2020, whole, ["a"]) == {"a": None, PROVINCE: None}


def test_a_fixed_base_is_that_year_or_none():
    whole = {2016: {"a"}, 2019: {"a", "b"}, 2020: {"a", "b"}}
    chosen = choose_base_years(BASELINE, 2020, whole, ["a", "b"])
    assert chosen == {"a": 2016, "b": None, PROVINCE: None}
    assert set(choose_base_years(BASELINE, 2016, whole, ["a"]).values()) == {None}


@few
@given(
    st.dictionaries(st.integers(2010, 2019), st.sets(st.sampled_from("abc"))),
    st.sets(st.sampled_from("abc")),
    st.integers(1, 5),
)
def test_a_base_year_is_never_one_in_which_the_unit_is_not_whole(whole, now, gap):
    rule = PREVIOUS.model_copy(update={"max_gap_years": gap})
    chosen = choose_base_years(rule, 2020, {**whole, 2020: now}, list("abc"))
    for unit, base in chosen.items():
        needed = set("abc") if unit == PROVINCE else {unit}
        usable = (
            [y for y in whole if 2020 - gap <= y and needed <= whole[y]] if needed <= now else []
        )
        assert base == max(usable, default=None)


def test_a_district_that_failed_last_year_is_compared_with_the_year_before_it_and_says_so():
    now, last, older = survey(2020), survey(2019, absent=["102-hb"]), survey(2018)
    got = changes(now, last, older)
    assert got.loc["101-ha", "base_year"].eq(2019).all()
    assert got.loc["102-hb", "base_year"].eq(2018).all()
    assert got.loc["102-hb", "flag"].eq("spans_years").all()
    assert got.loc["102-hb", "comparable"].all()
    # The province is compared over years in which every district is whole.
    assert got.loc[PROVINCE, "base_year"].eq(2018).all()
    assert got.loc[PROVINCE, "flag"].eq("spans_years").all()
    direct = changes(now, older)
    figures = ["change", "se", "p_value", "change_net", "change_net_se"]
    pd.testing.assert_frame_equal(got.loc["102-hb", figures], direct.loc["102-hb", figures])
    # 2019 has no whole province, so nothing can be taken out of the others' change since then.
    assert got.loc["101-ha", ["change_net", "net_p_value"]].isna().all(axis=None)


def test_a_district_without_a_whole_year_in_reach_is_refused_and_never_set_to_zero():
    now, last = survey(2020), survey(2019, absent=["102-hb"])
    older = survey(2017)
    got = changes(now, last, older)
    for unit in ("102-hb", PROVINCE):
        rows = got.loc[unit]
        assert (rows["flag"] == "no_valid_base").all() and not rows["comparable"].any()
        told = ["comparison", "level", "direction", "comparable", "flag"]
        assert rows.drop(columns=told).isna().all(axis=None)
    assert got.loc["101-ha", "change"].notna().all()


def test_a_district_absent_this_year_has_no_change_and_neither_has_the_province():
    got = changes(survey(2020, absent=["103-hc"]), survey(2019))
    for unit in ("103-hc", PROVINCE):
        assert (got.loc[unit, "flag"] == "unit_absent").all()
        assert got.loc[unit, "change"].isna().all()
    assert got.loc["101-ha", "change"].notna().all()


def test_a_first_year_has_no_base_and_one_after_a_failed_survey_no_valid_base():
    assert (changes(survey(2020))["flag"] == "no_base_year").all()
    assert (changes(survey(2020), taken={2019})["flag"] == "no_valid_base").all()
    assert (changes(survey(2020), taken={2015})["flag"] == "no_base_year").all()
    assert (
        changes(survey(2020), comparison=BASELINE, taken={2019})["flag"] == "no_base_year"
    ).all()


def test_the_baseline_stands_beside_the_year_before_and_spans_by_its_name():
    years = [survey(2019), survey(2018), survey(2016)]
    got = changes(survey(2020), *years, comparison=BASELINE)
    assert got["base_year"].eq(2016).all() and got["comparison"].eq("baseline").all()
    assert (got["flag"] == "observed").all() and got["change"].notna().all()


def test_years_in_between_do_not_touch_a_comparison():
    apart = changes(survey(2020), survey(2016), comparison=BASELINE)
    amid = changes(survey(2020), survey(2019), survey(2016), survey(2017), comparison=BASELINE)
    pd.testing.assert_frame_equal(amid, apart)


# ---- the table


def test_every_district_and_the_province_have_every_node_and_indicator():
    got = changes(survey(2020), survey(2019))
    assert (got["flag"] == "observed").all() and got["base_year"].eq(2019).all()
    assert set(got["level"]) == {"total", "dimension", "sub_dimension", "indicator"}


def by_hand(p):
    p = p.sort_values()
    return np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]


def test_q_values_adjust_over_the_districts_of_one_level_without_the_province():
    got = changes(survey(2020), survey(2019))
    total = got.xs("total", level="key")
    adjusted = by_hand(total.drop(PROVINCE)["p_value"])
    np.testing.assert_allclose(total.loc[adjusted.index, "q_value"], adjusted, rtol=1e-12)
    assert total.loc[PROVINCE, "q_value"] == total.loc[PROVINCE, "p_value"]
    assert (got["q_value"] >= got["p_value"] - 1e-15).all()
    below = got[(got["level"] == "indicator")].drop(PROVINCE, level="district")
    adjusted = by_hand(below["p_value"])
    np.testing.assert_allclose(below.loc[adjusted.index, "q_value"], adjusted, rtol=1e-12)


def test_units_with_other_base_years_are_of_one_family():
    got = changes(survey(2020), survey(2019, absent=["102-hb"]), survey(2018))
    total = got.xs("total", level="key").drop(PROVINCE)
    assert total["base_year"].nunique() == 2
    adjusted = by_hand(total["p_value"])
    np.testing.assert_allclose(total.loc[adjusted.index, "q_value"], adjusted, rtol=1e-12)


def test_a_missing_p_value_takes_no_part_in_the_adjustment():
    table = pd.DataFrame(
        {"district": list("abc"), "level": "total", "p_value": [0.01, np.nan, 0.04]}
    )
    np.testing.assert_allclose(adjust_p_values(table), [0.02, np.nan, 0.04], rtol=1e-15)


def test_the_two_marks_are_given_side_by_side():
    got = changes(survey(2020), survey(2019))
    assert (got["is_significant"] == (got["q_value"] < 0.05)).all()
    assert (got["is_official_change"] == (got["relative_change"].abs() >= 0.05)).all()
    assert set(got["is_significant"].dropna()) | set(got["is_official_change"]) == {True, False}


def test_a_base_year_drawn_on_another_boundary_is_flagged_where_nothing_else_is():
    got = changes(survey(2020), survey(2019, restated=["101-ha"]))
    assert (got.loc["101-ha", "flag"] == "boundary_restated").all()
    assert (got.loc["102-hb", "flag"] == "observed").all()
    assert got.loc["101-ha", "change"].notna().all()


def test_the_movement_of_the_province_is_taken_out_of_the_districts_and_not_of_itself():
    got = changes(survey(2020), survey(2019))
    assert got.loc[PROVINCE, ["change_net", "change_net_se", "net_p_value"]].isna().all(axis=None)
    for name in DISTRICTS:
        expected = got.loc[name, "change"] - got.loc[PROVINCE, "change"]
        np.testing.assert_allclose(got.loc[name, "change_net"], expected, atol=1e-12)
    # The province holds the district: the errors are not those of two independent samples.
    apart = np.hypot(got.loc["101-ha", "se"], got.loc[PROVINCE, "se"])
    assert (got.loc["101-ha", "change_net_se"] < apart).all()


def test_one_label_in_two_districts_is_two_units_of_the_province():
    frames = [answers(seed, DISTRICTS) for seed in (41, 42)]
    named = changes(survey(2020, frame=frames[0]), survey(2019, frame=frames[1]))
    short = [frame.assign(psu=frame["psu"].str.split("/", n=1).str[1]) for frame in frames]
    assert short[0].groupby("psu")["district"].nunique().max() == 3
    got = changes(survey(2020, frame=short[0]), survey(2019, frame=short[1]))
    pd.testing.assert_frame_equal(got, named)


def people(frame, seed):
    random = np.random.default_rng(seed)
    return frame.assign(
        sex=random.choice(["male", "female"], len(frame)),
        age_group=random.choice(["18-29", "30-44"], len(frame)),
        area="urban",
    )


def test_groups_of_two_years_split_the_change_of_every_node_and_indicator():
    frames = [people(answers(seed, DISTRICTS, people=8), seed) for seed in (15, 16)]
    sums = [
        sum_by_group(frame[KEYS].to_numpy(float), frame["weight"].to_numpy(float), frame, KEYS)
        for frame in frames
    ]
    assert (sums[0]["n"] > 0).all()
    assert set(sums[0]["respondent_group"]) <= {
        f"{sex} {age} urban" for sex in ("male", "female") for age in ("18-29", "30-44")
    }
    years = [
        survey(year, frame=frame, groups=own)
        for year, frame, own in zip((2020, 2019), frames, sums, strict=True)
    ]
    got = changes(*years)
    np.testing.assert_allclose(got["composition"] + got["rate"], got["change"], atol=1e-12)
    assert got["composition"].abs().max() > 1e-3
    # Without groups nothing is split, and nothing is said.
    plain = changes(*(survey(y, frame=f) for y, f in zip((2020, 2019), frames, strict=True)))
    assert plain[["composition", "rate"]].isna().all(axis=None)
    pd.testing.assert_series_equal(plain["change"], got["change"])


def test_a_district_where_nobody_was_asked_borrows_nothing():
    """It is said to be whole, and is not among the totals: it is absent all the same."""
    frame = answers(17, DISTRICTS)
    kept = totals_of(frame[frame["district"] != "102-hb"])
    then = SurveyYear(2019, kept, small_set(), frozenset(DISTRICTS))
    got = changes(survey(2020), then)
    assert (got.loc["102-hb", "flag"] == "no_valid_base").all()
    assert got.loc["102-hb", "change"].isna().all()


def test_rounding_is_no_change_and_no_error_is_no_proof():
    alike = dict(zip(KEYS, [1.0, 0, 4, 0, 1, 2], strict=True))
    years = []
    for year in (2020, 2019):
        frame = answers(year, DISTRICTS, people=5)
        x = np.column_stack([np.arange(len(frame)) % 2 == 0, np.ones(len(frame))]).astype(float)
        totals = totals_of(
            frame.assign(**alike), calibration=Calibration(x, frame["weight"].to_numpy())
        )
        years.append(SurveyYear(year, totals, small_set(), frozenset(DISTRICTS)))
    got = changes(*years)
    assert (got["change"] == 0).all() and (got["se"] == 0).all()
    assert got[["p_value", "q_value", "is_significant"]].isna().all(axis=None)
