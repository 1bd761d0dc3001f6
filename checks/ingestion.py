"""Checks of the workbooks as received: views the rules in data/checks/ingestion.yaml look at.
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


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("ingestion", "raw_responses", district_year, delivery_views)
]
