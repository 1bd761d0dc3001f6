"""Belongs here: our figures of the simulated survey and of lonely PSUs, equal to R survey 4.1.1.
Does not belong here: how the golden figures were made (sample_survey.R), or whole-year tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.facts import check_rows
from dgi.index.change import change_of_unit, pair_strata, stack_years
from dgi.index.estimation import (
    LonelyPsuError,
    degrees_of_freedom,
    estimate_indicators,
    linearised_means,
    reduce_to_psu,
    variances,
    weighted_means,
)
from dgi.index.indicators import IndicatorRow, IndicatorSet
from dgi.index.scores import score_unit
from dgi.ingest.facts import read_table

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-9  # relative, against R
FIRST_ITEM = "knows_leaders"


def close(ours, theirs):
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=TOLERANCE, atol=0
    )


@pytest.fixture(scope="module")
def answers():
    text = dict.fromkeys(["psu", "commune_code"], "str")
    return pd.read_csv(DATA / "sample_survey.csv", dtype=text)


@pytest.fixture(scope="module")
def items(answers):
    columns = list(answers.columns)
    return columns[columns.index(FIRST_ITEM) :]


@pytest.fixture(scope="module")
def indicator_set():
    """Three sub-dimensions of the set; the dimensions are cut short, so scales do not add up."""
    tree = check_rows(read_table(DATA / "sample_survey_tree.csv"), IndicatorRow, "tree", "-")
    tree["direction"] = tree["direction"].map({"-1": -1, "1": 1, "+1": 1, "": 1})
    return IndicatorSet("sample_survey_tree", tree)


@pytest.fixture(scope="module")
def golden():
    return pd.read_csv(DATA / "sample_survey_r.csv")


def reduced(rows, items, unit="district"):
    respondents = rows.assign(district=rows[unit])
    weights = rows["weight"].to_numpy(float)
    return reduce_to_psu(rows[items].to_numpy(float), weights, respondents, items)


def year_of(answers, year):
    return answers[answers["survey_year"] == year]


@pytest.mark.parametrize("year", [2019, 2020])
def test_indicator_means_by_district_equal_r(answers, items, golden, year):
    theirs = golden[(golden["figure"] == "mean") & (golden["year"] == year)]
    totals = reduced(year_of(answers, year), items)
    assert set(theirs["domain"]) == set(totals.psu["district"])
    for name, expected in theirs.groupby("domain"):
        unit = totals.where((totals.psu["district"] == name).to_numpy())
        ours = estimate_indicators(unit, np.ones(len(items))).set_index("key").loc[expected["term"]]
        close(ours["estimate"], expected["est"])
        close(ours["se"], expected["se"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()


@pytest.mark.parametrize("year", [2019, 2020])
def test_scores_of_districts_and_of_all_together_equal_r(answers, indicator_set, golden, year):
    theirs = golden[(golden["figure"] == "score") & (golden["year"] == year)]
    keys = list(indicator_set.at("indicator")["key"])
    totals = reduced(year_of(answers, year), keys)
    for name, expected in theirs.groupby("domain"):
        own = (totals.psu["district"] == name).to_numpy() | (name == "all")
        table, _ = score_unit(totals.where(own), indicator_set)
        ours = table.set_index("key").loc[expected["term"]]
        close(ours["score"], expected["est"])
        close(ours["se"], expected["se"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()
        assert (ours["flag"] == "observed").all()


def test_change_on_the_boundary_of_2020_equals_r_with_shared_psus_as_one_cluster(
    answers, indicator_set, golden
):
    keys = list(indicator_set.at("indicator")["key"])
    now = reduced(year_of(answers, 2020), keys, unit="unit_2020")
    before = reduced(year_of(answers, 2019), keys, unit="unit_2020")
    theirs = golden[golden["figure"] == "change"]
    assert set(theirs["domain"]) == {"193-ha-long", "201-hai-ha", "207-co-to"}
    for name, expected in theirs.groupby("domain"):
        table = change_of_unit(
            now.where((now.psu["district"] == name).to_numpy()),
            before.where((before.psu["district"] == name).to_numpy()),
            indicator_set,
            indicator_set,
        )
        ours = table.set_index("key").loc[expected["term"]]
        close(ours["change"], expected["est"])
        close(ours["se"], expected["se"])
        close(ours["p_value"], expected["p_value"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()


def test_ha_long_of_2019_is_pooled_with_hoanh_bo_and_its_strata_are_renamed(answers):
    own = answers[answers["unit_2020"] == "193-ha-long"]
    before, now = year_of(own, 2019), year_of(own, 2020)
    assert set(before["district"]) == {"193-ha-long", "204-hoanh-bo"}
    assert set(now["district"]) == {"193-ha-long"}
    psu = {
        year: rows[["psu", "stratum", "panel_stratum"]].drop_duplicates()
        for year, rows in own.groupby("survey_year")
    }
    labels = pair_strata(psu[2020], psu[2019])
    assert list(labels[0]) == list(psu[2020]["panel_stratum"])
    assert list(labels[1]) == list(psu[2019]["panel_stratum"])
    renamed = before.loc[before["stratum"] == "204-hoanh-bo-rural", "panel_stratum"]
    assert set(renamed) == {"both 193-ha-long-rural"}


def test_ignoring_shared_psus_would_give_another_error(answers, items):
    own = answers[answers["unit_2020"] == "207-co-to"]
    now, before = reduced(year_of(own, 2020), items), reduced(year_of(own, 2019), items)
    z_now = linearised_means(now, weighted_means(now))
    z_before = linearised_means(before, weighted_means(before))
    z, strata = stack_years(z_now, z_before, now.psu, before.psu)
    apart = variances(z_now, now.psu["stratum"].to_numpy())
    apart += variances(z_before, before.psu["stratum"].to_numpy())
    assert degrees_of_freedom(strata) < 2 * degrees_of_freedom(now.psu["stratum"].to_numpy())
    assert not np.allclose(variances(z, strata), apart, rtol=0.01)


LONELY_ITEMS = ["share", "rating", "rare"]


@pytest.fixture(scope="module")
def lopsided():
    rows = pd.read_csv(DATA / "lonely_psu.csv")
    rows["district"], rows["commune_code"] = "toy", rows["psu"]
    weights = rows["weight"].to_numpy(float)
    return reduce_to_psu(rows[LONELY_ITEMS].to_numpy(float), weights, rows, LONELY_ITEMS)


@pytest.mark.parametrize("policy", ["certainty", "adjust", "average"])
def test_each_policy_for_a_lonely_psu_equals_r(lopsided, policy):
    theirs = pd.read_csv(DATA / "lonely_psu_r.csv")
    theirs = theirs[theirs["figure"] == policy].set_index("term").loc[LONELY_ITEMS]
    ours = estimate_indicators(lopsided, np.ones(3), policy)
    close(ours["estimate"], theirs["est"])
    close(ours["se"], theirs["se"])
    assert (ours["df"].to_numpy() == theirs["df"].to_numpy()).all()


def test_a_lonely_psu_without_a_policy_is_an_error_that_says_where_to_name_one(lopsided):
    with pytest.raises(LonelyPsuError, match=r"1 strata.*lonely_psu"):
        estimate_indicators(lopsided, np.ones(3))
