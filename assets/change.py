"""Change: each district and the province against the survey year before, on today's boundary.
Not here: the arithmetic (dgi.index.change), or change in published PAPI (causes.py)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from dgi.index.change import change_of_districts, first_year_changes
from dgi.index.estimation import PsuTotals, sample_sizes
from dgi.index.scores import PROVINCE
from dgi.ingest.workbooks import has_delivery
from pipelines.partitions import (
    SURVEY_YEARS,
    districts_of,
    survey_year,
    this_year_and_the_one_before,
)
from pipelines.resources import FactsParam, SettingsParam


def _interviews(units: pd.Series, totals: pd.DataFrame) -> pd.Series:
    """Respondents of each unit; NA where it is absent, or a district absent from the province."""
    sizes = sample_sizes(totals).set_index("district")["n"]
    absent = set(units) - set(sizes.index) - {PROVINCE}
    sizes[PROVINCE] = pd.NA if absent else sizes.sum()
    return units.map(sizes)


@dg.asset(
    partitions_def=survey_year,
    ins={"survey_totals": dg.AssetIn(partition_mapping=this_year_and_the_one_before)},
    **describe(
        "district_changes",
        "change",
        "One row is one district's (or the province's) change in one node of the index since the "
        "survey year before, on today's boundary and the indicators both years ask alike.",
        ["data/indicator_sets", "data/surveys.csv", "data/units", "assets/change.py"],
        tags={"task": "T5"},
    ),
)
def district_changes(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    settings: SettingsParam,
    survey_totals: Frames,
) -> Frames:
    def changed(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        current_set = facts.indicator_set(survey.indicator_set)
        expected = districts_of(int(year))
        before = int(year) - 1
        shared = {"survey_year": int(year), "boundary_date": survey.reference_date}
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
        base_survey = facts.survey(before)
        base_set = facts.indicator_set(base_survey.indicator_set)
        now, then = survey_totals[year], survey_totals[str(before)]
        # The base year on today's boundary: its sampling units go where their communes lie now.
        home = facts.units.districts_of_communes(then["commune_code"], survey.reference_date)
        restated = set(home[home.to_numpy() != then["district"].to_numpy()])
        lost = set(districts_of(before)) - set(then["district"])
        heirs = facts.units.communes_on(base_survey.reference_date)
        lost_communes = heirs.loc[heirs["district"].isin(lost), "commune_code"]
        incomplete = set(expected) - set(now["district"])
        incomplete |= set(facts.units.districts_of_communes(lost_communes, survey.reference_date))
        table = change_of_districts(
            PsuTotals.from_frame(now, list(current_set.at("indicator")["key"])),
            PsuTotals.from_frame(then.assign(district=home), list(base_set.at("indicator")["key"])),
            current_set,
            base_set,
            expected,
            incomplete,
            restated,
            survey.lonely_psu,
        )
        marked = table[(table["level"] == "total") & (table["district"] != "province")]
        note(
            context,
            year,
            compared_with=before,
            restated_on_todays_boundary=", ".join(sorted(restated)) or "none",
            incomplete=", ".join(sorted(incomplete)) or "none",
            totals_changed_significantly=int(marked["is_significant"].sum()),
            totals_changed_by_the_official_rule=int(marked["is_official_change"].sum()),
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
