"""Reports: the Decision's products as workbooks, one asset each (P1, P7) and the district profiles.
Not here: sheets, texts or charts (dgi.reports, data/labels), or any computing."""

from collections.abc import Mapping
from datetime import date

import dagster as dg
import pandas as pd

from assets.causes import PROVINCE_CODE
from assets.declare import Frames, describe, for_each, note
from dgi.ingest.facts import Facts
from dgi.reports.annual_report import build_annual_report
from dgi.reports.district_profile import build_district_profile
from dgi.reports.language import Pair, Texts, make_texts
from dgi.reports.papi_report import build_papi_report
from dgi.reports.workbook import write_workbook
from pipelines.partitions import (
    PAPI_YEARS,
    all_districts_of_the_year,
    district_year,
    districts_of,
    papi_year,
    place,
    survey_year,
)
from pipelines.resources import FactsParam

GROUP = "reports"
MADE_BY = ["dgi/reports", "data/labels", "data/indicator_sets", "assets/reports.py"]
KINDS = ("excel",)
EARLIER_YEARS = dg.TimeWindowPartitionMapping(
    start_offset=PAPI_YEARS[0] - PAPI_YEARS[-1],
    end_offset=0,
    allow_nonexistent_upstream_partitions=True,
)
YEAR_OF_THE_DISTRICT = dg.MultiToSingleDimensionPartitionMapping("survey_year")


def _texts(facts: Facts) -> Texts:
    return make_texts(
        facts.yaml("labels/reports.yaml"),
        facts.table("labels/flags.csv"),
        facts.table("labels/bands.csv"),
    )


def _statement(facts: Facts, indicator_set: str) -> Pair:
    return Pair(**facts.set_statement(indicator_set))


def _note_files(context: dg.AssetExecutionContext, key: str, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        note(context, key, file=name, bytes=len(content))


@dg.asset(
    partitions_def=papi_year,
    io_manager_key="reports",
    ins={"papi_scores": dg.AssetIn(partition_mapping=EARLIER_YEARS)},
    **describe(
        "papi_report",
        GROUP,
        "One row is one file: product P1, the report of Quảng Ninh's published PAPI results of "
        "the year (Decision 3051 asks for 2016), as an Excel workbook with real figures.",
        [*MADE_BY, "data/papi", "data/units"],
        kinds=KINDS,
        tags={"product": "P1", "task": "T1"},
    ),
)
def papi_report(
    context: dg.AssetExecutionContext, facts: FactsParam, papi_scores: Frames,
    papi_diagnosis: Frames,
) -> Frames:  # fmt: skip
    texts = _texts(facts)
    published = pd.concat([papi_scores[key] for key in sorted(papi_scores)], ignore_index=True)
    names = facts.provinces.set_index("province_code").loc[PROVINCE_CODE]

    def report(year: str) -> dict[str, bytes]:
        source = facts.papi_sources.set_index("survey_year").loc[int(year), "source"]
        book = build_papi_report(
            int(year),
            PROVINCE_CODE,
            published,
            papi_diagnosis[year],
            facts.papi_set(int(year)).tree,
            texts,
            facts.papi_suppressions,
            created=date(int(year), 12, 31),
            province_name=Pair(str(names["name_vi"]), str(names["name_en"])),
            sources=[str(source)],
        )
        files = {f"P1-ket-qua-papi-{year}.xlsx": write_workbook(book)}
        _note_files(context, year, files)
        return files

    return for_each(context, report, papi_scores, papi_diagnosis)


@dg.asset(
    partitions_def=survey_year,
    io_manager_key="reports",
    ins={
        "indicator_estimates": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "responses": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "rejected_responses": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "respondent_weights": dg.AssetIn(partition_mapping=all_districts_of_the_year),
    },
    **describe(
        "annual_report",
        GROUP,
        "One row is one file: product P7, the report of the year's district survey, as an Excel "
        "workbook; absent districts are named and the province then withheld.",
        [*MADE_BY, "data/surveys.csv", "data/units"],
        kinds=KINDS,
        tags={"product": "P7", "task": "T5"},
    ),
)
def annual_report(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    indicator_estimates: Frames,
    responses: Frames,
    rejected_responses: Frames,
    respondent_weights: Frames,
    province_estimates: Frames,
    district_scores: Frames,
    district_changes: Frames,
) -> Frames:
    texts = _texts(facts)

    def report(year: str) -> dict[str, bytes]:
        survey = facts.survey(int(year))
        own = sorted(key for key in indicator_estimates if place(key)[0] == int(year))
        estimates = pd.concat(
            [*(indicator_estimates[key] for key in own), province_estimates[year]],
            ignore_index=True,
        )
        names = facts.units.districts_on(survey.reference_date).set_index("district")
        present = {place(key)[1] for key in own}
        absent = [
            Pair(str(names.loc[unit, "name_with_type_vi"]), str(names.loc[unit, "name_en"]))
            for unit in districts_of(int(year))
            if unit not in present
        ]
        book = build_annual_report(
            int(year),
            district_scores[year],
            district_changes[year],
            estimates,
            facts.indicator_set(survey.indicator_set).tree,
            texts,
            _statement(facts, survey.indicator_set),
            _sample_quality(own, responses, rejected_responses, respondent_weights),
            absent,
            created=survey.fieldwork_end,
        )
        files = {f"P7-khao-sat-hang-nam-{year}.xlsx": write_workbook(book)}
        _note_files(context, year, files)
        return files

    return for_each(context, report, district_scores, district_changes, province_estimates)


def _sample_quality(
    keys: list[str], responses: Frames, rejected: Frames, weights: Frames
) -> pd.DataFrame:
    """Interviews received, kept and set aside in each district, and what its design is."""
    rows = []
    for key in keys:
        table, out, weight = responses[key], rejected[key], weights[key]["weight"]
        rows_out = int((out["scope"] == "row").sum())
        rows.append(
            {
                "district": place(key)[1],
                "received_n": len(table) + rows_out,
                "kept_n": len(table),
                "rows_set_aside_n": rows_out,
                "answers_set_aside_n": int((out["scope"] == "answer").sum()),
                "strata_n": table["stratum"].nunique(),
                "psu_n": table["psu"].nunique(),
                "weight_deff": len(weight) * (weight**2).sum() / weight.sum() ** 2,
            }
        )
    return pd.DataFrame(rows)


@dg.asset(
    partitions_def=district_year,
    io_manager_key="reports",
    ins={
        "district_scores": dg.AssetIn(partition_mapping=YEAR_OF_THE_DISTRICT),
        "district_changes": dg.AssetIn(partition_mapping=YEAR_OF_THE_DISTRICT),
        "province_estimates": dg.AssetIn(partition_mapping=YEAR_OF_THE_DISTRICT),
    },
    **describe(
        "district_profile",
        GROUP,
        "One row is one file: two printable pages about one district in one year, beside the "
        "province and the best district.",
        [*MADE_BY, "data/surveys.csv"],
        kinds=KINDS,
        tags={"product": "P7", "task": "T5"},
    ),
)
def district_profile(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    indicator_estimates: Frames,
    province_estimates: Frames,
    district_scores: Frames,
    district_changes: Frames,
) -> Frames:
    texts = _texts(facts)

    def profile(key: str) -> dict[str, bytes]:
        year, district = place(key)
        survey = facts.survey(year)
        book = build_district_profile(
            year,
            district,
            district_scores[str(year)],
            district_changes[str(year)],
            pd.concat([indicator_estimates[key], province_estimates[str(year)]]),
            facts.indicator_set(survey.indicator_set).tree,
            texts,
            _statement(facts, survey.indicator_set),
            created=survey.fieldwork_end,
        )
        files = {f"profile-{district}-{year}.xlsx": write_workbook(book)}
        _note_files(context, key, files)
        return files

    return for_each(context, profile, indicator_estimates)
