"""Causes: where published PAPI fell or lags (task T1), and where districts could act first.
Not here: the district survey's own change (change.py)."""

import dagster as dg
import numpy as np
import pandas as pd

from assets.declare import Frames, describe, for_each, markdown_table, note
from assets.index import FACTS_OF_A_YEAR, districts_that_count, weights_of
from dgi.index.importance import measure_importance, respondent_sub_dimensions
from dgi.index.indicators import indicator_values
from dgi.index.priorities import find_priorities
from dgi.index.replicates import design_for_resampling, draw_bootstrap
from dgi.index.scores import PROVINCE, REPLICATES
from dgi.index.totals import number_units
from dgi.papi.diagnosis import PublishedYear, diagnose
from dgi.survey.design import sampling_units
from pipelines.partitions import (
    PAPI_YEARS,
    all_districts_of_the_year,
    papi_year,
    survey_year,
    this_year_and_those_within_reach,
)
from pipelines.resources import FactsParam

PROVINCE_CODE = "P14"


@dg.asset(
    partitions_def=papi_year,
    ins={"papi_scores": dg.AssetIn(partition_mapping=this_year_and_those_within_reach)},
    **describe(
        "papi_diagnosis",
        "causes",
        "One row is one province and one node of published PAPI: its place, its gap to the median "
        "and to the best quarter, and its change on what both years measure alike, since the last "
        "year in which that part was published, beside the country's.",
        ["data/indicator_sets", "data/papi/policy.csv", "assets/causes.py"],
        tags={"task": "T1"},
    ),
)
def papi_diagnosis(
    context: dg.AssetExecutionContext, facts: FactsParam, papi_scores: Frames
) -> Frames:
    reach = facts.papi_policy.max_gap_years

    def diagnosed(year: str) -> pd.DataFrame:
        lacking = [
            str(one)
            for one in PAPI_YEARS
            if int(year) - reach <= one < int(year) and str(one) not in papi_scores
        ]
        if lacking:
            # Without them a year that was published would pass for one that was not.
            raise dg.Failure(
                f"papi_scores of {', '.join(lacking)} is missing: materialise it first"
            )
        years = {
            int(one): PublishedYear(scores, facts.papi_set(int(one)))
            for one, scores in papi_scores.items()
        }
        table = diagnose(int(year), years, reach)
        own = table[table["province_code"] == PROVINCE_CODE]
        parts = own[own["level"] == "sub_dimension"].dropna(subset=["contribution"])
        beyond = parts["contribution"] - parts["contribution_median"]
        worst = parts.loc[beyond.nsmallest(3).index]
        bases = own["base_year"].value_counts()
        note(
            context,
            year,
            compared_with=", ".join(f"{base}: {n} figures" for base, n in sorted(bases.items()))
            or "no earlier year",
            took_more_than_the_median_province=", ".join(
                f"{row.key} {row.contribution:+.3f}" for row in worst.itertuples(index=False)
            ),
            flags=dg.MetadataValue.json(own["flag"].value_counts().to_dict()),
        )
        return table

    return for_each(context, diagnosed, papi_scores)


@dg.asset(
    partitions_def=survey_year,
    ins={
        "responses": dg.AssetIn(partition_mapping=all_districts_of_the_year),
        "respondent_weights": dg.AssetIn(partition_mapping=all_districts_of_the_year),
    },
    **describe(
        "priorities",
        "causes",
        "One row is one district (or the province) and sub-dimension: how closely it goes with "
        "citizens' overall satisfaction, how far the district is behind the best quarter, and "
        "both together. Association, never effect.",
        ["data/indicator_sets", "data/questionnaires", *FACTS_OF_A_YEAR, "assets/causes.py",
         "assets/index.py"],
        tags={"task": "T5"},
    ),
)  # fmt: skip
def priorities(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    survey_totals: Frames,
    district_scores: Frames,
    responses: Frames,
    respondent_weights: Frames,
) -> Frames:
    def found(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        indicator_set = facts.indicator_set(survey.indicator_set)
        questionnaire = facts.questionnaire(survey.questionnaire)
        question = facts.satisfaction_question(survey.questionnaire)
        design = facts.design(survey.design)
        own = districts_that_count(year, survey_totals[year], responses)
        people = pd.concat([responses[key] for key in own], ignore_index=True)
        # By district: an id is unique in its district only.
        weights = pd.concat([weights_of(responses[key], respondent_weights[key]) for key in own])
        unit, units, drawn = number_units(sampling_units(people, design), design.lonely_psu)
        values = indicator_values(people, indicator_set.at("indicator"), questionnaire)
        district = units["district"].to_numpy()
        resampled = design_for_resampling(drawn, district)
        stream = np.random.default_rng(int(year))
        importance = measure_importance(
            questionnaire.valid_answers(people, question)
            if question
            else np.full(len(people), np.nan),
            respondent_sub_dimensions(values, indicator_set),
            list(indicator_set.at("sub_dimension")["key"]),
            weights["weight"].to_numpy(float),
            unit,
            district,
            drawn,
            draw_bootstrap(resampled, REPLICATES, stream).factors,
        )
        if not question:
            importance = importance.assign(flag="not_asked")
        table = find_priorities(importance, district_scores[year], indicator_set)
        acting = table[(table["quadrant"] == "act_first") & (table["district"] != PROVINCE)]
        first = acting.sort_values(["district", "priority_rank"]).groupby("district").head(3)
        note(
            context,
            year,
            share_of_satisfaction_explained=float(table["r_squared"].max()),
            act_first=markdown_table(
                ("district", "order", "sub-dimension", "importance", "gap ± se"),
                [
                    (row.district, row.priority_rank, row.key, f"{row.importance:.1%}",
                     f"{row.gap:.3f} ± {row.gap_se:.3f}")
                    for row in first.itertuples(index=False)
                ],
            ),
        )  # fmt: skip
        is_sample = bool(survey_totals[year]["is_sample"].any())
        return table.assign(survey_year=int(year), is_sample=is_sample)

    return for_each(context, found, survey_totals, district_scores)
