"""Checks of the files as received: views the rules in data/checks/ingestion.yaml look at.
Not here: the rules themselves, or checks of typed answers (quality.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import district_year


def delivery_views(context: Any, raw_responses: dict[str, pd.DataFrame]) -> Views:
    deliveries, rows = [], []
    for key, table in raw_responses.items():
        deliveries.append(
            {PARTITION: key, "rows": len(table), "origins": table["is_sample"].nunique()}
        )
        place = table["_file"] + ":" + table["_row"].astype("str")
        rows.append(pd.DataFrame({PARTITION: key, "place": key + place}))
    return {"deliveries": pd.DataFrame(deliveries), "rows": pd.concat(rows)}


def file_views(context: Any, delivered_files: dict[str, pd.DataFrame]) -> Views:
    files = pd.concat([t.assign(**{PARTITION: key}) for key, t in delivered_files.items()])
    is_accounted = (files["rows"] > 0) | (files["same_as"] != "")
    facts = {"is_accounted": is_accounted, "has_remarks": files["remarks"] != ""}
    return {"files": files[[PARTITION]].assign(**facts).reset_index(drop=True)}


def column_views(context: Any, delivered_columns: dict[str, pd.DataFrame]) -> Views:
    return {
        "columns": pd.concat(
            [t[["use"]].assign(**{PARTITION: key}) for key, t in delivered_columns.items()],
            ignore_index=True,
        )
    }


def back_check_views(
    context: Any, raw_back_checks: dict[str, pd.DataFrame], responses: dict[str, pd.DataFrame]
) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: key,
                "is_of_an_interview": table["respondent_id"].isin(responses[key]["respondent_id"]),
            }
        )
        for key, table in raw_back_checks.items()
        if key in responses
    ]
    return {"back_checks": pd.concat(rows, ignore_index=True)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("ingestion", "raw_responses", district_year, delivery_views),
    suite_checks("ingestion", "delivered_files", district_year, file_views),
    suite_checks("ingestion", "delivered_columns", district_year, column_views),
    suite_checks(
        "ingestion", "raw_back_checks", district_year, back_check_views, beside=("responses",)
    ),
]
