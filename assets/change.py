"""Change: each unit against the survey year before and over the years, on today's boundary.
Not here: the arithmetic (dgi.index), or change in published PAPI (causes.py)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from assets.index import FACTS_OF_A_YEAR, districts_that_count, read_totals, weights_of
from dgi.facts.surveys import SurveyRow
from dgi.index.change import change_of_districts, first_year_changes, sum_by_group
from dgi.index.indicators import indicator_values
from dgi.index.scores import PROVINCE
from dgi.index.trend import SurveyYear, trend_of_districts
from dgi.ingest.landing import has_delivery
from dgi.survey.weights import sample_sizes
from pipelines.partitions import (
    SURVEY_YEARS,
    all_districts_of_the_year,
    districts_of,
    survey_year,
    this_year_and_all_before,
    this_year_and_the_one_before,
)
from pipelines.resources import FactsParam, SettingsParam

GROUP = "change"
TAGS = {"task": "T5"}
MADE_BY = ["data/indicator_sets", *FACTS_OF_A_YEAR, "assets/index.py", "assets/change.py"]


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


@dg.asset(
    partitions_def=survey_year,
    ins={
        "survey_totals": dg.AssetIn(partition_mapping=this_year_and_the_one_before),
        "group_totals": dg.AssetIn(partition_mapping=this_year_and_the_one_before),
    },
    **describe(
        "district_changes",
        GROUP,
        "One row is one district's (or the province's) change in one node of the index since the "
        "survey year before, on today's boundary and the indicators both years ask alike.",
        MADE_BY,
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
    def changed(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        current_set = facts.indicator_set(survey.indicator_set)
        expected = districts_of(int(year))
        before = int(year) - 1
        shared = {"survey_year": int(year), "boundary_date": survey.reference_date}
        shared |= {"edition": pd.NA, "base_edition": pd.NA}  # labelled when published
        if before not in SURVEY_YEARS or str(before) not in survey_totals:
            table = first_year_changes(current_set, expected)
            note(context, year, compared_with="no survey year before it")
            if before in SURVEY_YEARS and has_delivery(settings.landing, before):
                # A survey that was taken and could not be used is absent, not unheard of.
                table = table.assign(flag="unit_absent")
                note(context, year, compared_with=f"{before}, none of which could be used")
            is_sample = bool(survey_totals[year]["is_sample"].any())
            return table.assign(
                **shared, base_year=pd.NA, n=pd.NA, base_n=pd.NA, is_sample=is_sample
            )
        base_set = facts.indicator_set(facts.survey(before).indicator_set)
        now, then = survey_totals[year], survey_totals[str(before)]
        # The base year on today's boundary: its sampling units go where their communes lie now.
        home = _homes(facts, survey, then)
        restated = set(home[home.to_numpy() != then["district"].to_numpy()])
        incomplete = set(expected) - set(now["district"])
        incomplete |= _not_whole(facts, survey, before, then)
        groups = None
        if {year, str(before)} <= set(group_totals):
            earlier = group_totals[str(before)]
            home_of_groups = _homes(facts, survey, earlier)
            groups = (group_totals[year], earlier.assign(district=home_of_groups))
        table = change_of_districts(
            read_totals(facts, int(year), now),
            read_totals(facts, before, then.assign(district=home)),
            current_set,
            base_set,
            expected,
            incomplete,
            restated,
            groups,
        )
        marked = table[(table["level"] == "total") & (table["district"] != PROVINCE)]
        note(
            context,
            year,
            compared_with=before,
            restated_on_todays_boundary=", ".join(sorted(restated)) or "none",
            incomplete=", ".join(sorted(incomplete)) or "none",
            totals_changed_significantly=int(marked["is_significant"].sum()),
            totals_changed_by_the_official_rule=int(marked["is_official_change"].sum()),
            largest_part_by_composition=float(marked["composition"].abs().max())
            if groups
            else "not split: group_totals of one of the years is missing",
        )
        is_sample = bool(now["is_sample"].any() or then["is_sample"].any())
        return table.assign(
            **shared,
            base_year=before,
            n=_interviews(table["district"], now),
            base_n=_interviews(table["district"], then.assign(district=home)),
            is_sample=is_sample,
        )

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
            home = _homes(facts, survey, table)
            run.append(
                SurveyYear(
                    earlier,
                    read_totals(facts, earlier, table.assign(district=home)),
                    facts.indicator_set(facts.survey(earlier).indicator_set),
                    frozenset(set(home) - _not_whole(facts, survey, earlier, table)),
                )
            )
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
