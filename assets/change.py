"""Change: each unit against earlier survey years and over the years, on today's boundary.
Not here: the arithmetic (dgi.index), or change in published PAPI (causes.py)."""

from typing import Any

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from assets.index import FACTS_OF_A_YEAR, districts_that_count, read_totals, weights_of
from dgi.facts.surveys import SurveyRow
from dgi.index.change import sum_by_group
from dgi.index.claims import CLAIMS
from dgi.index.comparison import change_of_districts
from dgi.index.indicators import indicator_values
from dgi.index.panel import SurveyYear
from dgi.index.scores import PROVINCE
from dgi.index.trend import trend_of_districts
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


def _interviews(units: pd.Series, totals: pd.DataFrame) -> pd.Series:
    """Respondents of each unit; NA where it is absent, or a district absent from the province."""
    sizes = sample_sizes(totals).set_index("district")["n"]
    absent = set(units) - set(sizes.index) - {PROVINCE}
    sizes[PROVINCE] = pd.NA if absent else sizes.sum()
    return units.map(sizes)


def _homes(facts: FactsParam, survey: SurveyRow, table: pd.DataFrame) -> pd.Series:
    """The district of each row on the boundary of `survey`: where its commune lies then."""
    return facts.units.districts_of_communes(table["commune_code"], survey.reference_date)


def _not_whole(facts: FactsParam, survey: SurveyRow, year: int, table: pd.DataFrame) -> set[str]:
    """Districts of `survey`'s boundary that lack a part of their area in the totals of `year`."""
    lost = set(districts_of(year)) - set(table["district"])
    heirs = facts.units.communes_on(facts.survey(year).reference_date)
    communes = heirs.loc[heirs["district"].isin(lost), "commune_code"]
    return set(facts.units.districts_of_communes(communes, survey.reference_date))


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
    restated = total["flag"].str.contains("boundary_restated")
    told["restated_on_todays_boundary"] = ", ".join(
        sorted(set(total.loc[restated, "district"]))
    ) or "none"  # fmt: skip
    return told


def _year_on(
    facts: FactsParam, survey: SurveyRow, year: int, table: pd.DataFrame,
    groups: pd.DataFrame | None = None,
) -> SurveyYear:  # fmt: skip
    """The survey of `year` on the boundary of `survey`: its units go where their communes lie."""
    home = _homes(facts, survey, table)
    if groups is not None:
        groups = groups.assign(district=_homes(facts, survey, groups))
    return SurveyYear(
        year,
        read_totals(facts, year, table.assign(district=home)),
        facts.set_as_asked(year),
        frozenset(set(home) - _not_whole(facts, survey, year, table)),
        frozenset(home[home.to_numpy() != table["district"].to_numpy()]),
        groups,
    )


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
        years = {
            one: _year_on(facts, survey, one, table, group_totals.get(str(one)))
            for one, table in tables.items()
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
            n=_interviews(table["district"], tables[int(year)]),
            base_n=pd.NA,
            is_sample=table["base_year"].map(is_sample).eq(True) | is_sample[int(year)],
        )
        for base, rows in table.groupby("base_year"):
            then = tables[base].assign(district=_homes(facts, survey, tables[base]))
            table.loc[rows.index, "base_n"] = _interviews(rows["district"], then)
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
            run.append(_year_on(facts, survey, earlier, table))
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
