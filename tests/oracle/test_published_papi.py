"""Belongs here: published PAPI as we hold it, against its own sums, ranks and a second source.
Does not belong here: the district survey, or why a score moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.ingest.facts import Facts
from dgi.papi.diagnosis import COMMON_CORE, PublishedYear, diagnose
from dgi.papi.scores import TOLERANCE, sum_differences

ROOT = Path(__file__).resolve().parents[2]
YEARS = range(2011, 2025)
QUANG_NINH = "P14"
RANKS = {2016: (62, 63), 2017: (32, 63), 2019: (3, 63), 2020: (1, 63), 2022: (1, 61), 2024: (1, 61)}
UNPUBLISHED = (2018, 2021, 2023)


@pytest.fixture(scope="module")
def facts():
    return Facts(ROOT / "data")


@pytest.fixture(scope="module")
def scores(facts):
    return {year: facts.papi_scores(year) for year in YEARS}


@pytest.fixture(scope="module")
def diagnoses(facts, scores):
    published = {year: PublishedYear(scores[year], facts.papi_set(year)) for year in YEARS}
    reach = facts.papi_policy.max_gap_years
    return {year: diagnose(year, published, reach) for year in YEARS}


@pytest.fixture(scope="module")
def every_row(diagnoses):
    return pd.concat(diagnoses.values(), ignore_index=True)


def of(rows, year, province, key):
    own = rows[(rows["survey_year"] == year) & (rows["province_code"] == province)]
    return own[own["key"] == key].iloc[0]


def total_of(scores, province):
    rows = scores[(scores["province_code"] == province) & (scores["level"] == "total")]
    return rows.iloc[0]


@pytest.mark.parametrize("year", YEARS)
def test_published_parts_add_up_for_every_province(facts, scores, year):
    structure = facts.papi_set(year)
    table = sum_differences(scores[year], structure)
    assert table["difference"].abs().max() < TOLERANCE == 1e-4
    # Every total and dimension that is published was checked, not only a few of them.
    whole = scores[year][scores[year]["level"].isin(["total", "dimension"])]
    complete = whole.dropna(subset=["score"])
    partial = scores[year].groupby("province_code")["score"].transform(lambda s: s.isna().any())
    fully_published = complete[~partial.loc[complete.index]]
    assert len(table) >= len(fully_published) > 300
    assert set(table["province_code"]) >= set(fully_published["province_code"])


@pytest.mark.parametrize(("year", "place"), RANKS.items())
def test_quang_ninh_stands_where_it_was_published_to_stand(scores, year, place):
    total = total_of(scores[year], QUANG_NINH)
    assert (total["rank"], total["ranked_n"]) == place
    assert total["flag"] == "observed"


@pytest.mark.parametrize("year", UNPUBLISHED)
def test_quang_ninh_has_no_rank_where_none_was_published_and_the_reason_stands_by(
    facts, scores, year
):
    total = total_of(scores[year], QUANG_NINH)
    assert pd.isna(total["score"]) and pd.isna(total["rank"])
    assert total["flag"] == "suppressed_officially"
    reasons = facts.papi_suppressions
    own = reasons[(reasons["survey_year"] == year) & (reasons["province_code"] == QUANG_NINH)]
    assert "total" in set(own["key"])
    assert (own["reason_vi"].str.len() > 10).all() and (own["reason_en"].str.len() > 10).all()
    blank = scores[year][scores[year]["province_code"] == QUANG_NINH]
    assert set(own["key"]) == set(blank.loc[blank["score"].isna(), "key"])


def test_in_2018_only_dimensions_2_and_4_with_their_parts_are_missing(facts):
    reasons = facts.papi_suppressions
    own = reasons[(reasons["survey_year"] == 2018) & (reasons["province_code"] == QUANG_NINH)]
    assert set(own.loc[own["level"] == "dimension", "key"]) == {"dimension_2", "dimension_4"}


def test_the_total_of_2016_is_the_one_that_started_it_all(scores):
    assert round(total_of(scores[2016], QUANG_NINH)["score"], 3) == 32.979


def test_figures_equal_the_second_source(scores):
    """github.com/mdtrinh/vietnamdata, PAPI_2011-2016.xlsx; ours were transcribed elsewhere."""
    source = pd.read_csv(Path(__file__).parent / "data" / "papi_second_source.csv")
    long = source.drop(columns="name_as_printed").melt(
        ["survey_year", "province_code"], var_name="key", value_name="second"
    )
    ours = pd.concat([table for year, table in scores.items() if year <= 2016])
    both = long.merge(ours, on=["survey_year", "province_code", "key"], validate="one_to_one")
    assert len(both) == len(long) == 8 * 6 * 7
    assert (both["second"].isna() == both["score"].isna()).all()
    # The total there is the unweighted sum; six digits are printed here.
    np.testing.assert_allclose(both["score"], both["second"], rtol=0, atol=1.5e-5, equal_nan=True)


def test_the_common_core_of_2018_moves_by_less_than_half_a_percent(diagnoses, scores):
    core = diagnoses[2018].query("level == @COMMON_CORE").dropna(subset=["change"])
    assert len(core) > 55
    assert 100 * core["relative_change"].mean() == pytest.approx(0.04, abs=0.5)
    # The bare totals would have said a fifth: two dimensions were added.
    total = {
        year: scores[year].query("level == 'total'").set_index("province_code")["score"]
        for year in (2017, 2018)
    }
    bare = (total[2018] / total[2017] - 1).mean()
    assert 100 * bare == pytest.approx(20.8, abs=0.5)


def test_every_change_is_against_the_last_year_that_published_the_figure(every_row, scores, facts):
    """All 14 years, 63 provinces and nodes, walked beside the published files."""
    long = pd.concat(scores.values())
    published = long.dropna(subset=["score"]).set_index(["province_code", "key"])["survey_year"]
    years_of = published.groupby(level=[0, 1]).agg(set)
    reach = facts.papi_policy.max_gap_years
    rows = every_row[every_row["level"] != COMMON_CORE]
    assert set(every_row["province_code"]) == set(facts.provinces["province_code"])
    claims = 0
    for row in rows.itertuples():
        held = years_of.get((row.province_code, row.key), set())
        earlier = [one for one in held if row.survey_year - reach <= one < row.survey_year]
        last = max(earlier, default=None) if row.survey_year in held else None
        assert (None if pd.isna(row.base_year) else row.base_year) == last
        if pd.isna(row.change):
            assert row.flag in ("suppressed_officially", "no_base_year", "no_valid_base",
                                "break_in_series"), row  # fmt: skip
            assert pd.isna(row.is_official_change) and pd.isna(row.change_net_of_country)
            continue
        claims += 1
        assert row.survey_year in held and last in held
        assert row.flag == ("observed" if last == row.survey_year - 1 else "spans_years")
    assert claims > 25_000


def test_no_figure_of_an_unpublished_part_is_compared(every_row, facts):
    hidden = facts.papi_suppressions[["survey_year", "province_code", "key"]]
    now = every_row.merge(hidden, on=["survey_year", "province_code", "key"])
    assert len(now) == len(hidden) == 378
    figures = ["score", "change", "relative_change", "contribution", "change_net_of_country"]
    assert now[figures].isna().all(axis=None)
    assert set(now["flag"]) == {"suppressed_officially"}
    base = hidden.rename(columns={"survey_year": "base_year"})
    assert every_row.merge(base, on=["base_year", "province_code", "key"]).empty


def test_a_common_core_has_all_its_parts_in_both_years(every_row, scores):
    cores = every_row[(every_row["level"] == COMMON_CORE) & every_row["change"].notna()]
    parts = every_row[every_row["contribution"].notna()]
    by = ["survey_year", "province_code"]
    sums = parts.groupby(by).agg(
        contribution=("contribution", "sum"), score=("score", "sum"),
        since=("contribution_base_year", "nunique"), base_year=("contribution_base_year", "first"),
    )  # fmt: skip
    cores = cores.set_index(by)
    assert set(sums.index) == set(cores.index)
    sums = sums.loc[cores.index]
    assert (sums["since"] == 1).all() and (sums["base_year"] == cores["base_year"]).all()
    np.testing.assert_allclose(sums["contribution"], cores["change"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(sums["score"], cores["score"], rtol=0, atol=1e-12)
    # And no province that lacks a part in either year has one against that year.
    published = pd.concat(scores.values()).set_index([*by, "key"])["score"]
    base = parts[["contribution_base_year", "province_code", "key"]]
    assert published.reindex(pd.MultiIndex.from_frame(base)).notna().all()


def test_the_country_is_the_provinces_published_in_the_same_two_years(every_row):
    rows = every_row.dropna(subset=["change"])
    groups = rows.groupby(["survey_year", "base_year", "key"])["change"]
    # A pair of years that serves some provinces as their own is measured over all of them.
    whole = groups.transform("count") == rows["national_n"]
    assert whole.mean() > 0.9
    np.testing.assert_allclose(
        groups.transform("median")[whole], rows.loc[whole, "national_median_change"], atol=1e-12
    )
    np.testing.assert_allclose(
        groups.transform("mean")[whole], rows.loc[whole, "national_mean_change"], atol=1e-12
    )
    assert (groups.transform("count") <= rows["national_n"]).all()
    net = rows["change"] - rows["national_median_change"]
    np.testing.assert_allclose(net, rows["change_net_of_country"], rtol=0, atol=1e-12)


def test_quang_ninh_in_2022_counts_from_2020_and_falls_nowhere_that_it_did_not(every_row, scores):
    own = every_row[(every_row["survey_year"] == 2022) & (every_row["province_code"] == QUANG_NINH)]
    assert set(own["base_year"]) == {2020}
    assert of(every_row, 2022, QUANG_NINH, "total")["flag"] == "break_in_series"
    assert of(every_row, 2022, QUANG_NINH, COMMON_CORE)["flag"] == "common_core;spans_years"
    tables = [scores[year].query("province_code == @QUANG_NINH") for year in (2020, 2022)]
    then, now = (table.set_index("key")["score"] for table in tables)
    alike = own[own["change"].notna() & (own["level"] != COMMON_CORE)].set_index("key")
    assert set(alike["flag"]) == {"spans_years"}
    assert set(alike.index) >= {f"dimension_{n}" for n in (1, 2, 3, 4, 6, 7, 8)}
    assert "dimension_5" not in alike.index  # it lost a part
    same = [key for key in alike.index if key not in ("certification", "land_use_certificates",
                                                      "commune_procedures")]  # fmt: skip
    np.testing.assert_allclose(alike.loc[same, "change"], (now - then)[same], atol=1e-12)


def test_quang_ninh_in_2019_takes_each_part_from_the_year_that_published_it(every_row):
    """Dimensions 2 and 4 were not published in 2018, the others were."""
    base = {n: of(every_row, 2019, QUANG_NINH, f"dimension_{n}")["base_year"] for n in range(1, 9)}
    assert base == {1: 2018, 2: 2017, 3: 2018, 4: 2017, 5: 2018, 6: 2018, 7: 2018, 8: 2018}
    assert of(every_row, 2019, QUANG_NINH, "dimension_4")["flag"] == "spans_years"
    assert of(every_row, 2019, QUANG_NINH, "dimension_2")["flag"] == "break_in_series"
    # New in 2018 and not published then: there is nothing to count from.
    assert of(every_row, 2019, QUANG_NINH, "access_to_information")["flag"] == "no_valid_base"
    core = of(every_row, 2019, QUANG_NINH, COMMON_CORE)
    assert (core["base_year"], core["national_n"]) == (2017, 63)


def test_beyond_the_reach_of_the_policy_there_is_no_change(every_row, facts):
    assert facts.papi_policy.max_gap_years == 2
    # Bắc Giang: nothing in 2021, four dimensions and so no total in 2022.
    assert of(every_row, 2023, "P15", "total")["flag"] == "no_valid_base"
    assert of(every_row, 2023, "P15", "dimension_1")["flag"] == "no_valid_base"
    assert of(every_row, 2023, "P15", "dimension_3")["flag"] == "observed"


def test_one_year_of_reach_is_the_year_before_and_nothing_else(facts, scores):
    published = {
        year: PublishedYear(scores[year], facts.papi_set(year)) for year in (2020, 2021, 2022)
    }
    rows = diagnose(2022, published, 1)
    own = rows[rows["province_code"] == QUANG_NINH]
    assert own["change"].isna().all()
    assert set(own["flag"]) == {"no_valid_base"}


def test_the_first_year_has_no_change_at_all(diagnoses):
    assert diagnoses[2011]["change"].isna().all()
    assert set(diagnoses[2011]["flag"]) <= {"no_base_year", "suppressed_officially"}
