"""Checks of the fieldwork: views the rules in data/checks/fieldwork.yaml look at.
Not here: the rules themselves, thresholds (data/fieldwork), or what is measured (dgi.fieldwork)."""

from __future__ import annotations

from itertools import product
from typing import Any

import dagster as dg
import pandas as pd

from checks.reports import workbook_views
from checks.suites import PARTITION, Views, suite_checks
from dgi.facts.fieldwork_rules import TOPICS
from pipelines.partitions import district_year, survey_year


def fieldwork_views(context: Any, fieldwork: dict[str, pd.DataFrame]) -> Views:
    """The checks of a topic and severity as one view, and all of them as another."""
    parts = [table.assign(**{PARTITION: key}) for key, table in fieldwork.items()]
    checks = pd.concat(parts, ignore_index=True)
    columns = [PARTITION, "status", "findings_n"]
    views = {
        f"{topic}_{severity}": checks.loc[
            (checks["topic"] == topic) & (checks["severity"] == severity), columns
        ]
        for topic, severity in product(TOPICS, ("error", "warn"))
    }
    return views | {"checks": checks[columns]}


def finding_views(context: Any, fieldwork_findings: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: key,
                "is_placed": (table["respondent_id"] == "")
                | ((table["file"] != "") & table["row"].notna()),
            }
        )
        for key, table in fieldwork_findings.items()
    ]
    return {"findings": pd.concat(rows, ignore_index=True)}


def interviewer_views(context: Any, interviewers: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame({PARTITION: key, "who": key + " " + table["interviewer"]})
        for key, table in interviewers.items()
    ]
    return {"interviewers": pd.concat(rows, ignore_index=True)}


def return_views(
    context: Any,
    return_workbook: dict[str, dict[str, bytes]],
    fieldwork: dict[str, pd.DataFrame],
) -> Views:
    views = [
        workbook_views({key: files}, bool(fieldwork[key]["is_sample"].any()))["files"]
        for key, files in return_workbook.items()
    ]
    return {"files": pd.concat(views, ignore_index=True)}


def rule_views(context: Any, form_rules: dict[str, pd.DataFrame]) -> Views:
    """Rules of answers: those of keys and persons are never held against anything here."""
    parts = [table.assign(**{PARTITION: key}) for key, table in form_rules.items()]
    rules = pd.concat(parts, ignore_index=True)
    own = rules["why_not"] != "kept_apart"
    return {"rules": rules.loc[own, [PARTITION, "is_evaluable"]]}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("fieldwork", "fieldwork", district_year, fieldwork_views),
    suite_checks("fieldwork", "fieldwork_findings", district_year, finding_views),
    suite_checks("fieldwork", "interviewers", district_year, interviewer_views),
    suite_checks(
        "fieldwork", "return_workbook", district_year, return_views, beside=("fieldwork",)
    ),
    suite_checks("fieldwork", "form_rules", survey_year, rule_views),
]
