"""Belongs here: published PAPI as we hold it, against its own sums, ranks and a second source.
Does not belong here: the district survey, or why a score moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.ingest.facts import Facts
from dgi.papi.diagnosis import COMMON_CORE, diagnose
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
    return {
        year: diagnose(
            scores[year],
            facts.papi_set(year),
            scores.get(year - 1),
            facts.papi_set(year - 1) if year - 1 in scores else None,
        )
        for year in YEARS
    }


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


@pytest.mark.parametrize("year", YEARS)
def test_no_change_is_claimed_across_an_unpublished_figure(diagnoses, scores, year):
    table = diagnoses[year]
    before = scores.get(year - 1)
    unpublished = {
        (row.province_code, row.key)
        for frame in (scores[year], before)
        if frame is not None
        for row in frame[frame["score"].isna()].itertuples()
    }
    places = list(zip(table["province_code"], table["key"], strict=True))
    silent = pd.Series([place in unpublished for place in places], index=table.index)
    figures = ["change", "relative_change", "is_official_change", "contribution"]
    assert table.loc[silent, figures].isna().all(axis=None)
    # Nor by the common core, whose parts are the comparable sub-dimensions.
    parts = table[(table["level"] == "sub_dimension") & table["comparable"]]
    gaps = set(parts.loc[parts["change"].isna(), "province_code"])
    core = table[(table["level"] == COMMON_CORE) & table["province_code"].isin(gaps)]
    assert core["change"].isna().all()


@pytest.mark.parametrize("year", [2017, 2018, 2019, 2020, 2022])
def test_contributions_add_up_to_the_change_of_the_common_core(diagnoses, year):
    table = diagnoses[year]
    core = table[table["level"] == COMMON_CORE].set_index("province_code")["change"].dropna()
    assert len(core) > 50
    parts = table[table["comparable"]].groupby("province_code")["contribution"].sum()
    np.testing.assert_allclose(parts[core.index], core, rtol=0, atol=1e-12)


def test_the_first_year_has_no_change_at_all(diagnoses):
    assert diagnoses[2011]["change"].isna().all()
    assert set(diagnoses[2011]["flag"]) <= {"no_base_year", "suppressed_officially"}
