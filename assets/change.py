"""Change: each unit against earlier survey years and over the years, on today's boundary.
Not here: the arithmetic (dgi.change), or change in published PAPI (causes.py)."""

from collections.abc import Collection
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from assets.index import FACTS_OF_A_YEAR, districts_that_count, read_totals, weights_of
from dgi.change.boundaries import Restated, restate, survey_year_of
from dgi.change.claims import CLAIMS
from dgi.change.comparison import change_of_districts
from dgi.change.panel import SurveyYear
from dgi.change.trend import trend_of_districts
from dgi.change.two_years import sum_by_group
from dgi.facts.surveys import SurveyRow
from dgi.index.indicators import indicator_values
from dgi.index.scores import PROVINCE
from dgi.ingest.landing import has_delivery
from dgi.reports.claim_sentences import PLACEHOLDERS, add_claims
from dgi.reports.language import Pair
from dgi.survey.weights import sample_sizes
from pipelines.partitions import (
    SURVEY_YEARS,
    all_districts_of_the_year,
    districts_of,
    survey_year,
    this_year_and_all_before,
)
from pipelines.resources import FactsParam, SettingsParam

GROUP = "change"
TAGS = {"task": "T5"}
MADE_BY = [
    "data/indicator_sets",
    "data/questionnaires",
    *FACTS_OF_A_YEAR,
    "assets/index.py",
    "assets/change.py",
]
SENTENCES = ["dgi/reports/claim_sentences.py", "dgi/reports/language.py"]
COMPARED_BY = [*MADE_BY, *SENTENCES, "data/comparisons.csv", "data/labels/claims.csv"]
PROVINCE_NAME = Pair("Toàn tỉnh", "The province")


def _interviews(units: pd.Series, totals: pd.DataFrame, lost: Collection[str]) -> pd.Series:
    """Respondents of each unit, whole ones; NA where it is absent, or any of the province lost."""
    sizes = sample_sizes(totals).set_index("district")["n"]
    sizes[PROVINCE] = pd.NA if lost else sizes.sum()
    return np.floor(units.map(sizes).astype("Float64")).astype("Int64")


def _lost(year: int, table: pd.DataFrame) -> set[str]:
    """Districts of the year that its table lacks."""
    return set(districts_of(year)) - set(table["district"])


def _on_boundary(facts: FactsParam, survey: SurveyRow, year: int, table: pd.DataFrame) -> Restated:
    """A table of `year` on the boundary of `survey`: its rows go where their communes lie then."""
    then, now = facts.survey(year).reference_date, survey.reference_date
    return restate(table, facts.units, then, now, _lost(year, table))


@dg.asset(
    partitions_def=survey_year,
    ins={
        "responses": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "respondent_weights": dg.AssetIn(partition_mapping=all_districts_of_the_year),
    },
    **describe(
        "group_totals",
        GROUP,
        "One row is one indicator among the respondents of one commune, sex, age group and area: "
        "the weighted sums that split a change into who was asked and what they said.",
        [*MADE_BY, "data/questionnaires"],
        tags=TAGS,
    ),
)
def group_totals(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    survey_totals: Frames,
    responses: Frames,
    respondent_weights: Frames,
) -> Frames:
    def summed(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        indicators = facts.indicator_set(survey.indicator_set).at("indicator")
        questionnaire = facts.questionnaire(survey.questionnaire)
        tables = []
        for key in districts_that_count(year, survey_totals[year], responses):
            people = responses[key]
            tables.append(
                sum_by_group(
                    indicator_values(people, indicators, questionnaire),
                    weights_of(people, respondent_weights[key])["weight"].to_numpy(float),
                    people,
                    list(indicators["key"]),
                )
            )
        table = pd.concat(tables, ignore_index=True)
        note(context, year, groups=table["respondent_group"].nunique(), districts=len(tables))
        is_sample = bool(survey_totals[year]["is_sample"].any())
        return table.assign(survey_year=int(year), is_sample=is_sample)

    return for_each(context, summed, survey_totals)


def _summary(changes: pd.DataFrame) -> dict[str, Any]:
    """What the year's comparisons came to, for the reader of the materialisation."""
    total = changes[(changes["level"] == "total") & (changes["district"] != PROVINCE)]
    told: dict[str, Any] = {}
    for name, own in total.groupby("comparison", sort=False):
        bases = own.groupby(own["base_year"].astype("str").replace("<NA>", "none"))["district"]
        told |= {
            f"{name}_base_years": "; ".join(f"{base}: {', '.join(units)}" for base, units in bases),
            f"{name}_totals_changed_significantly": int(own["is_significant"].sum()),
            f"{name}_totals_changed_by_the_official_rule": int(own["is_official_change"].sum()),
        }
    for said, flag in (
        ("restated_on_todays_boundary", "boundary_restated"),
        ("shared_out_between_units", "boundary_apportioned"),
        ("not_compared_because_divided", "boundary_divided"),
    ):
        concerned = total["flag"].str.contains(flag)
        told[said] = ", ".join(sorted(set(total.loc[concerned, "district"]))) or "none"
    return told


def _year_on(
    facts: FactsParam, year: int, moved: Restated, is_whole: bool,
    groups: pd.DataFrame | None = None,
) -> SurveyYear:  # fmt: skip
    """A year as it is compared, its table and groups being on the boundary already."""
    totals = read_totals(facts, year, moved.frame)
    return survey_year_of(moved, year, totals, facts.set_as_asked(year), is_whole, groups)


@dg.asset(
    partitions_def=survey_year,
    ins={
        "survey_totals": dg.AssetIn(partition_mapping=this_year_and_all_before),
        "group_totals": dg.AssetIn(partition_mapping=this_year_and_all_before),
    },
    **describe(
        "district_changes",
        GROUP,
        "One row is one district's (or the province's) change in one node or indicator of the "
        "index by one comparison (data/comparisons.csv), on today's boundary and the indicators "
        "both years ask alike, with what may be claimed of it.",
        COMPARED_BY,
        tags=TAGS,
    ),
)
def district_changes(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    settings: SettingsParam,
    survey_totals: Frames,
    group_totals: Frames,
) -> Frames:
    claims = facts.claims(CLAIMS, PLACEHOLDERS)

    def changed(year: str) -> pd.DataFrame:
        survey, expected = facts.survey(int(year)), districts_of(int(year))
        tables = {int(key): table for key, table in survey_totals.items() if key <= year}
        lost = {one: _lost(one, table) for one, table in tables.items()}
        # Every year's sampling units go where their communes lie on this year's boundary.
        moved = {one: _on_boundary(facts, survey, one, table) for one, table in tables.items()}
        groups = {
            int(key): _on_boundary(facts, survey, int(key), table).frame
            for key, table in group_totals.items() if key <= year
        }  # fmt: skip
        years = {
            one: _year_on(facts, one, own, not lost[one], groups.get(one))
            for one, own in moved.items()
        }
        now = years.pop(int(year))
        # A survey that was taken and could not be used is no valid base, not an unheard-of one.
        taken = {
            one for one in SURVEY_YEARS
            if one in years or (one < int(year) and has_delivery(settings.landing, one))
        }  # fmt: skip
        compared = [
            change_of_districts(now, list(years.values()), comparison, expected, taken)
            for comparison in facts.comparisons
            if comparison.base_year is None or comparison.base_year < int(year)
        ]
        table = pd.concat(compared, ignore_index=True)
        is_sample = {one: bool(own["is_sample"].any()) for one, own in tables.items()}
        table = table.assign(
            survey_year=int(year),
            boundary_date=survey.reference_date,
            n=_interviews(table["district"], tables[int(year)], lost[int(year)]),
            base_n=pd.NA,
            edition=pd.NA,  # labels are put on when the rows are published
            base_edition=pd.NA,
            is_sample=table["base_year"].map(is_sample).eq(True) | is_sample[int(year)],
        )
        for base, rows in table.groupby("base_year"):
            found = _interviews(rows["district"], moved[base].frame, lost[base])
            table.loc[rows.index, "base_n"] = found
        note(context, year, **_summary(table))
        tree = facts.indicator_set(survey.indicator_set).tree
        names = facts.units.districts_on(survey.reference_date).set_index("district")
        named = {
            unit: Pair(str(row["name_vi"]), str(row["name_en"])) for unit, row in names.iterrows()
        }
        return add_claims(table, tree, named | {PROVINCE: PROVINCE_NAME}, claims)

    return for_each(context, changed, survey_totals)


@dg.asset(
    partitions_def=survey_year,
    ins={"survey_totals": dg.AssetIn(partition_mapping=this_year_and_all_before)},
    **describe(
        "district_trends",
        GROUP,
        "One row is the slope, points a year, of one district (or the province) and node over the "
        "survey years that can be compared, four at least, on today's boundary.",
        MADE_BY,
        tags=TAGS,
    ),
)
def district_trends(
    context: dg.AssetExecutionContext, facts: FactsParam, survey_totals: Frames
) -> Frames:
    def fitted(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        expected = districts_of(int(year))
        run, is_sample = [], False
        for earlier in sorted(int(key) for key in survey_totals if int(key) <= int(year)):
            table = survey_totals[str(earlier)]
            moved = _on_boundary(facts, survey, earlier, table)
            run.append(_year_on(facts, earlier, moved, not _lost(earlier, table)))
            is_sample |= bool(table["is_sample"].any())
        trends = trend_of_districts(run, expected)
        total = trends[(trends["level"] == "total") & (trends["district"] != PROVINCE)]
        note(
            context,
            year,
            years=", ".join(str(one.year) for one in run),
            totals_with_a_trend=int(total["slope"].notna().sum()),
            totals_rising_significantly=int((total["is_significant"] & total["slope"].gt(0)).sum()),
            totals_falling_significantly=int(
                (total["is_significant"] & total["slope"].lt(0)).sum()
            ),
        )
        return trends.assign(
            survey_year=int(year), boundary_date=survey.reference_date, is_sample=is_sample
        )

    return for_each(context, fitted, survey_totals)
