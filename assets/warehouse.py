"""Warehouse: the published tables loaded for analysts, each year in one transaction.
Not here: the tables' columns (data/tables), the views (sql/views), or any computing."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each
from pipelines.partitions import all_districts_of_the_year, papi_year, place, survey_year
from pipelines.resources import LabelsParam

GROUP = "warehouse"
LOADING = ["sql", "assets/warehouse.py"]
KINDS = ("sql", "sqlalchemy")


@dg.asset(
    io_manager_key="warehouse",
    **describe(
        "published_reference",
        GROUP,
        "One row is one reference table in the warehouse: the Decision, units, indicators.",
        LOADING,
        kinds=KINDS,
    ),
)
def published_reference(
    decision_items: pd.DataFrame,
    administrative_units: pd.DataFrame,
    indicators: pd.DataFrame,
    survey_sets: pd.DataFrame,
) -> Frames:
    return {
        "decision_items": decision_items,
        "administrative_units": administrative_units,
        "indicators": indicators,
        "survey_sets": survey_sets,
    }


@dg.asset(
    partitions_def=papi_year,
    io_manager_key="warehouse",
    **describe(
        "published_papi",
        GROUP,
        "One row is one published-PAPI table of one year in the warehouse.",
        LOADING,
        kinds=KINDS,
        tags={"task": "T1"},
    ),
)
def published_papi(
    context: dg.AssetExecutionContext, papi_scores: Frames, papi_diagnosis: Frames
) -> Frames:
    def tables(year: str) -> Frames:
        return {"papi_scores": papi_scores[year], "papi_diagnosis": papi_diagnosis[year]}

    return for_each(context, tables, papi_scores, papi_diagnosis)


@dg.asset(
    partitions_def=survey_year,
    io_manager_key="warehouse",
    ins={
        name: dg.AssetIn(partition_mapping=all_districts_of_the_year)
        for name in ("delivered_files", "fieldwork", "interviewers")
    },
    **describe(
        "published_fieldwork",
        GROUP,
        "One row is one table of one survey year in the warehouse: files delivered, checks of the "
        "fieldwork, interviewers by code, rules of the form. No answer is in them.",
        LOADING,
        kinds=KINDS,
        tags={"task": "T4"},
    ),
)
def published_fieldwork(
    context: dg.AssetExecutionContext,
    delivered_files: Frames,
    fieldwork: Frames,
    interviewers: Frames,
    form_rules: Frames,
) -> Frames:
    given = {"delivered_files": delivered_files, "fieldwork": fieldwork,
             "interviewers": interviewers}  # fmt: skip

    def tables(year: str) -> Frames:
        gathered = {
            name: pd.concat(
                [frames[key] for key in sorted(frames) if place(key)[0] == int(year)],
                ignore_index=True,
            )
            for name, frames in given.items()
        }
        return gathered | {"form_rules": form_rules[year]}

    return for_each(context, tables, form_rules)


@dg.asset(
    partitions_def=survey_year,
    io_manager_key="warehouse",
    ins={"indicator_estimates": dg.AssetIn(partition_mapping=all_districts_of_the_year)},
    **describe(
        "published_survey",
        GROUP,
        "One row is one table of one survey year in the warehouse: indicator estimates, scores "
        "and changes of the districts and the province, under the label of their edition.",
        LOADING,
        kinds=KINDS,
        tags={"task": "T5"},
    ),
)
def published_survey(
    context: dg.AssetExecutionContext,
    labels: LabelsParam,
    indicator_estimates: Frames,
    province_estimates: Frames,
    district_scores: Frames,
    rank_probabilities: Frames,
    district_changes: Frames,
) -> Frames:
    def tables(year: str) -> Frames:
        own = [indicator_estimates[key] for key in sorted(indicator_estimates)
               if place(key)[0] == int(year)]  # fmt: skip
        label = labels(int(year))
        changes = district_changes[year].assign(edition=label[int(year)])
        changes["base_edition"] = changes["base_year"].map(label).astype("str")
        return {
            "indicator_estimates": pd.concat([*own, province_estimates[year]], ignore_index=True),
            "district_scores": district_scores[year].assign(edition=label[int(year)]),
            "rank_probabilities": rank_probabilities[year],
            "district_changes": changes,
        }

    return for_each(context, tables, province_estimates, district_scores, district_changes)


@dg.asset(
    partitions_def=survey_year,
    io_manager_key="warehouse",
    **describe(
        "published_analysis",
        GROUP,
        "One row is one table of one survey year in the warehouse: trends, model-based scores, "
        "robustness of the ranking, and priorities.",
        LOADING,
        kinds=KINDS,
        tags={"task": "T5"},
    ),
)
def published_analysis(
    context: dg.AssetExecutionContext,
    district_trends: Frames,
    small_area_scores: Frames,
    robustness: Frames,
    ranking_choices: Frames,
    ranking_alternatives: Frames,
    priorities: Frames,
) -> Frames:
    given = {
        "district_trends": district_trends,
        "small_area_scores": small_area_scores,
        "robustness": robustness,
        "ranking_choices": ranking_choices,
        "ranking_alternatives": ranking_alternatives,
        "priorities": priorities,
    }

    def tables(year: str) -> Frames:
        return {name: frames[year] for name, frames in given.items()}

    return for_each(context, tables, *given.values())
