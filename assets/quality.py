"""Quality: responses typed by the questionnaire, and every row or answer set aside with its reason.
Not here: the rules of typing (dgi.fieldwork.responses), or the suites that judge it (checks)."""

from collections.abc import Iterator

import dagster as dg

from assets.declare import Frames, describe, for_each, note
from dgi.fieldwork.responses import type_responses
from pipelines.partitions import district_year, place
from pipelines.resources import FactsParam

MADE_BY = [
    "data/questionnaires",
    "data/units",
    "data/surveys.csv",
    "assets/quality.py",
]


@dg.multi_asset(
    partitions_def=district_year,
    outs={
        "responses": dg.AssetOut(
            **describe(
                "responses",
                "quality",
                "One row is one respondent: typed design columns and coded answers.",
                MADE_BY,
                tags={"task": "T4"},
            )
        ),
        "rejected_responses": dg.AssetOut(
            **describe(
                "rejected_responses",
                "quality",
                "One row is one interview or one answer set aside, with rule, reason and place.",
                MADE_BY,
                tags={"task": "T4"},
            )
        ),
    },
)
def typed_responses(
    context: dg.AssetExecutionContext, facts: FactsParam, raw_responses: Frames
) -> Iterator[dg.Output]:
    set_aside: Frames = {}

    def typed(key: str):
        year, district = place(key)
        survey = facts.survey(year)
        questionnaire = facts.questionnaire(survey.questionnaire)
        raw = raw_responses[key]
        responses, rejected = type_responses(raw, questionnaire, survey, facts.units, district)
        set_aside[key] = rejected
        rows_out = int((rejected["scope"] == "row").sum())
        by_rule = dg.MetadataValue.json(rejected["rule"].value_counts().to_dict())
        note(context, key, "responses", rows_in=len(raw), rows_set_aside=rows_out)
        note(context, key, "rejected_responses", rows_in=len(raw), by_rule=by_rule)
        return responses

    kept = for_each(context, typed, raw_responses)
    yield dg.Output(kept, output_name="responses")
    yield dg.Output(set_aside, output_name="rejected_responses")
