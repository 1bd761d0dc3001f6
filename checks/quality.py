"""Checks of typed responses and what was set aside: views for data/checks/quality.yaml.
Not here: the rules themselves, or checks of weights and estimates (index.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from dgi.fieldwork.responses import answer_profile
from pipelines.partitions import district_year, place

DESIGN = ["respondent_id", "commune_code", "stratum", "psu", "area", "sex", "age_group",
          "commune_prob", "village_prob", "village_adults"]  # fmt: skip


def response_views(context: Any, responses: dict[str, pd.DataFrame]) -> Views:
    facts = context.resources.facts
    rows, questions, districts = [], [], []
    for key, table in responses.items():
        year, _ = place(key)
        survey = facts.survey(year)
        rows.append(table[DESIGN].assign(**{PARTITION: key}))
        profile = answer_profile(table, facts.questionnaire(survey.questionnaire))
        questions.append(profile.assign(**{PARTITION: key}))
        days = pd.to_datetime(table["interview_date"])
        outside = ~days.between(
            pd.Timestamp(survey.fieldwork_start), pd.Timestamp(survey.fieldwork_end)
        )
        districts.append(
            {
                PARTITION: key,
                "share_of_planned_sample": len(table) / survey.sample_per_district,
                "share_outside_fieldwork": float(outside.mean()),
                "fewest_units_in_a_stratum": table.groupby("stratum")["psu"].nunique().min(),
            }
        )
    return {
        "rows": pd.concat(rows, ignore_index=True),
        "questions": pd.concat(questions, ignore_index=True),
        "districts": pd.DataFrame(districts),
    }


def rejection_views(
    context: Any,
    rejected_responses: dict[str, pd.DataFrame],
    raw_responses: dict[str, pd.DataFrame],
    responses: dict[str, pd.DataFrame],
) -> Views:
    balance = []
    for key, rejected in rejected_responses.items():
        rows_out = int(rejected["scope"].isin(["row", "duplicate"]).sum())
        received = len(raw_responses[key])
        balance.append(
            {
                PARTITION: key,
                "rows_lost": received - len(responses[key]) - rows_out,
                "share_of_rows_set_aside": rows_out / received,
            }
        )
    return {"balance": pd.DataFrame(balance)}


def missing_views(context: Any, missing_answers: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: key,
                "reason": table["reason"],
                "place": key + table["respondent_id"] + table["question"],
            }
        )
        for key, table in missing_answers.items()
    ]
    return {"missing": pd.concat(rows, ignore_index=True)}


def correction_views(context: Any, applied_corrections: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame({PARTITION: key, "when": table["when"]})
        for key, table in applied_corrections.items()
    ]
    return {"corrections": pd.concat(rows, ignore_index=True)}


def corrected_views(
    context: Any,
    corrected_responses: dict[str, pd.DataFrame],
    raw_responses: dict[str, pd.DataFrame],
) -> Views:
    rows = [
        {PARTITION: key, "rows_lost": len(raw_responses[key]) - len(table)}
        for key, table in corrected_responses.items()
    ]
    return {"corrected": pd.DataFrame(rows)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("quality", "responses", district_year, response_views),
    suite_checks(
        "quality",
        "rejected_responses",
        district_year,
        rejection_views,
        beside=("raw_responses", "responses"),
    ),
    suite_checks("quality", "missing_answers", district_year, missing_views),
    suite_checks(
        "quality",
        "corrected_responses",
        district_year,
        corrected_views,
        beside=("raw_responses",),
    ),
    suite_checks("quality", "applied_corrections", district_year, correction_views),
]
