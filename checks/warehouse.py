"""Checks of the warehouse: views the rules in data/checks/warehouse.yaml look at.
Not here: the rules themselves, or checks of the tables before they are loaded."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import papi_year, survey_year

COLUMNS = [PARTITION, "rows", "difference"]


def _row(partition: str, counts: tuple[int, int]) -> dict[str, Any]:
    return {PARTITION: partition, "rows": counts[0], "difference": counts[0] - counts[1]}


def reference_views(context: Any, published_reference: dict[str, tuple[int, int]]) -> Views:
    rows = [_row("", counts) for counts in published_reference.values()]
    return {"tables": pd.DataFrame(rows, columns=COLUMNS)}


def yearly_views(context: Any, **given: dict[str, dict[str, tuple[int, int]]]) -> Views:
    (loaded,) = given.values()
    rows = [_row(year, counts) for year, tables in loaded.items() for counts in tables.values()]
    return {"tables": pd.DataFrame(rows, columns=COLUMNS)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("warehouse", "published_reference", None, reference_views),
    suite_checks("warehouse", "published_papi", papi_year, yearly_views),
    suite_checks("warehouse", "published_fieldwork", survey_year, yearly_views),
    suite_checks("warehouse", "published_survey", survey_year, yearly_views),
    suite_checks("warehouse", "published_analysis", survey_year, yearly_views),
]
