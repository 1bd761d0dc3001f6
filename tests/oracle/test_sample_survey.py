"""Belongs here: our figures of the simulated survey and of lonely PSUs, equal to R survey 4.1.1.
Does not belong here: how the golden figures were made (sample_survey.R), or whole-year tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stacked_design import stack_as_r
from survey_builders import commune, district

from dgi.change.boundaries import restate
from dgi.change.panel import join_strata, stack_years
from dgi.change.two_years import change_of_domains
from dgi.facts.indicator_sets import IndicatorRow, IndicatorSet
from dgi.facts.rows import check_rows
from dgi.facts.units import Units
from dgi.index.estimation import estimate_indicators, linearised_means, weighted_means
from dgi.index.scores import score_domains
from dgi.index.totals import PsuTotals, reduce_to_psu
from dgi.ingest.facts import read_table
from dgi.survey.design import LonelyPsuError

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
    assert set(theirs["domain"]) == set(totals.domains)
    table = estimate_indicators(totals, np.ones(len(items))).set_index(["district", "key"])
    for name, expected in theirs.groupby("domain"):
        ours = table.loc[name].loc[expected["term"]]
        close(ours["estimate"], expected["est"])
        close(ours["se"], expected["se"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()


@pytest.mark.parametrize("year", [2019, 2020])
def test_scores_of_districts_and_of_all_together_equal_r(answers, indicator_set, golden, year):
    theirs = golden[(golden["figure"] == "score") & (golden["year"] == year)]
    keys = list(indicator_set.at("indicator")["key"])
    totals = reduced(year_of(answers, year), keys)
    tables = [
        score_domains(unit, indicator_set).to_frame(unit.domains)
        for unit in (totals, totals.together("all"))
    ]
    table = pd.concat(tables).set_index(["district", "key"])
    for name, expected in theirs.groupby("domain"):
        ours = table.loc[name].loc[expected["term"]]
        close(ours["score"], expected["est"])
        close(ours["se"], expected["se"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()
        assert (ours["flag"] == "observed").all()


def communes_moved(codes, of_day, on_day):
    """A register in which each commune goes from one unit to another, whole."""
    rows = [district(unit, f"{unit}-x", end="2020-01-01") for unit in sorted(set(of_day))]
    rows += [district(unit, f"{unit}-y", start="2020-01-01") for unit in sorted(set(on_day))]
    states = [commune(code, old, end="2020-01-01", successor=code)
              for code, old in zip(codes, of_day, strict=True)]  # fmt: skip
    states += [commune(code, new, start="2020-01-01")
               for code, new in zip(codes, on_day, strict=True)]  # fmt: skip
    tables = (pd.DataFrame(one).astype("str") for one in (rows, states))
    return Units.from_tables(*tables)


def restated_scores(answers, indicator_set, year, new):
    """Scores of a year's rows on a boundary that gives each commune code its unit of `new`."""
    keys = list(indicator_set.at("indicator")["key"])
    own = year_of(answers, year)
    old = own.drop_duplicates("commune_code").set_index("commune_code")["district"].str[:3]
    codes = sorted(old.index)
    units = communes_moved(codes, [old[code] for code in codes], [new[code] for code in codes])
    frame = reduced(own, keys).to_frame()
    moved = restate(frame, units, date(2019, 7, 1), date(2020, 7, 1))
    totals = PsuTotals.from_frame(moved.frame, keys, "fail")
    return score_domains(totals, indicator_set).to_frame(totals.domains)


def same_as_r(table, theirs, name):
    ours = table.set_index(["district", "key"])
    for domain, expected in theirs.groupby("domain"):
        own = ours.loc[name(domain)].loc[expected["term"]]
        close(own["score"], expected["est"])
        close(own["se"], expected["se"])
        assert (own["df"].to_numpy() == expected["df"].to_numpy()).all()


def test_2019_restated_on_the_boundary_of_2020_equals_r_on_the_pooled_rows(
    answers, indicator_set, golden
):
    own = year_of(answers, 2019).drop_duplicates("commune_code").set_index("commune_code")
    table = restated_scores(answers, indicator_set, 2019, own["unit_2020"].str[:3])
    theirs = golden[golden["figure"] == "restated"]
    assert set(theirs["domain"]) == {"193-ha-long", "201-hai-ha", "207-co-to"}
    same_as_r(table, theirs, lambda domain: f"{domain[:3]}-y")


def test_units_that_take_part_of_a_stratum_equal_r_with_the_others_as_zeros(
    answers, indicator_set, golden
):
    codes = sorted(year_of(answers, 2020)["commune_code"].unique())
    new = {code: str(300 + place % 2) for place, code in enumerate(codes, start=1)}
    table = restated_scores(answers, indicator_set, 2020, new)
    theirs = golden[golden["figure"] == "cut"]
    assert set(theirs["domain"]) == {"0", "1"}
    same_as_r(table, theirs, lambda domain: f"{300 + int(domain)}-y")


def test_change_on_the_boundary_of_2020_equals_r_with_shared_psus_as_one_cluster(
    answers, indicator_set, golden
):
    keys = list(indicator_set.at("indicator")["key"])
    now = reduced(year_of(answers, 2020), keys, unit="unit_2020")
    before = reduced(year_of(answers, 2019), keys, unit="unit_2020")
    theirs = golden[golden["figure"] == "change"]
    assert set(theirs["domain"]) == {"193-ha-long", "201-hai-ha", "207-co-to"} == set(now.domains)
    scores = [score_domains(totals, indicator_set) for totals in (now, before)]
    variance, df = stack_as_r([now, before], [scores[0].z, -scores[1].z])
    change = scores[0].score - scores[1].score
    nodes = list(scores[0].rule.nodes["key"])
    table, _ = change_of_domains(now, before, indicator_set, indicator_set)
    table = table.set_index(["district", "key"])
    for number, name in enumerate(now.domains):
        expected = theirs[theirs["domain"] == name].set_index("term").loc[nodes]
        close(change[number], expected["est"])
        close(np.sqrt(variance[number]), expected["se"])
        assert (df[number] == expected["df"].to_numpy()).all()
        ours = table.loc[name].loc[nodes]
        close(ours["change"], expected["est"])
        assert (ours["df"].to_numpy() == expected["df"].to_numpy()).all()
        # Most units are in both years, so that R's stacking is near ours.
        np.testing.assert_allclose(ours["se"], expected["se"], rtol=0.2)


def test_ha_long_of_2019_is_pooled_with_hoanh_bo_and_its_strata_are_renamed(answers):
    own = answers[answers["unit_2020"] == "193-ha-long"]
    before, now = year_of(own, 2019), year_of(own, 2020)
    assert set(before["district"]) == {"193-ha-long", "204-hoanh-bo"}
    assert set(now["district"]) == {"193-ha-long"}
    units = own.rename(columns={"survey_year": "year", "unit_2020": "domain"})
    units = units[["year", "domain", "stratum", "psu", "panel_stratum"]].drop_duplicates()
    labels = pd.Series(join_strata(units), index=units.index)
    # The same grouping as R's labels, whatever the groups are called.
    assert labels.groupby(units["panel_stratum"]).nunique().eq(1).all()
    assert units["panel_stratum"].nunique() == labels.nunique()
    renamed = set(before.loc[before["stratum"] == "204-hoanh-bo-rural", "panel_stratum"])
    assert renamed == set(now.loc[now["stratum"] == "193-ha-long-rural", "panel_stratum"])


def test_ignoring_shared_psus_would_give_another_error(answers, items):
    own = answers[answers["unit_2020"] == "207-co-to"]
    now, before = reduced(year_of(own, 2020), items), reduced(year_of(own, 2019), items)
    z_now = linearised_means(now, weighted_means(now))
    z_before = linearised_means(before, weighted_means(before))
    variance, df = stack_years([now, before], [z_now, -z_before])
    apart = now.design.variances(z_now, now.unit, now.domain)
    apart = apart + before.design.variances(z_before, before.unit, before.domain)
    assert (df < 2 * now.design.degrees_of_freedom(now.unit, now.domain)).all()
    assert not np.allclose(variance, apart, rtol=0.01)


LONELY_ITEMS = ["share", "rating", "rare"]


def lopsided(policy):
    rows = pd.read_csv(DATA / "lonely_psu.csv")
    rows["district"], rows["commune_code"] = "toy", rows["psu"]
    values, weights = rows[LONELY_ITEMS].to_numpy(float), rows["weight"].to_numpy(float)
    return reduce_to_psu(values, weights, rows, LONELY_ITEMS, lonely_psu=policy)


@pytest.mark.parametrize("policy", ["certainty", "adjust", "average"])
def test_each_policy_for_a_lonely_psu_equals_r(policy):
    theirs = pd.read_csv(DATA / "lonely_psu_r.csv")
    theirs = theirs[theirs["figure"] == policy].set_index("term").loc[LONELY_ITEMS]
    ours = estimate_indicators(lopsided(policy), np.ones(3))
    close(ours["estimate"], theirs["est"])
    close(ours["se"], theirs["se"])
    assert (ours["df"].to_numpy() == theirs["df"].to_numpy()).all()


def test_a_lonely_psu_without_a_policy_is_an_error_that_says_where_to_name_one():
    with pytest.raises(LonelyPsuError, match=r"1 strata.*lonely_psu"):
        estimate_indicators(lopsided("fail"), np.ones(3))
