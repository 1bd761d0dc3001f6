"""Checks of diagnosis and priorities: views the rules in data/checks/causes.yaml look at.
Not here: the rules themselves, or checks of the figures diagnosed (reference.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import papi_year, survey_year


def diagnosis_views(context: Any, papi_diagnosis: dict[str, pd.DataFrame]) -> Views:
    sums, rows = [], []
    for year, table in papi_diagnosis.items():
        core = table[table["level"] == "common_core"].set_index("province_code")["change"]
        parts = table[table["level"] == "sub_dimension"].groupby("province_code")["contribution"]
        difference = (core - parts.sum()).dropna().to_numpy(float)
        sums.append(pd.DataFrame({PARTITION: year, "difference": difference}))
        # A change is claimed only where both years measured the same thing.
        claims = table["change"].notna() & ~table["comparable"].fillna(False).astype(bool)
        spans = table["change"].notna() & (table["base_year"] < table["survey_year"] - 1)
        rows.append(
            pd.DataFrame(
                {
                    PARTITION: year,
                    "claims_across_a_break": claims.astype(int),
                    "is_span_told": ~spans | table["flag"].str.contains("spans_years"),
                }
            )
        )
    return {"sums": pd.concat(sums), "rows": pd.concat(rows)}


def priority_views(context: Any, priorities: dict[str, pd.DataFrame]) -> Views:
    rows, sums, years = [], [], []
    for year, table in priorities.items():
        total = table.groupby("district")["importance"].sum(min_count=1).dropna()
        sums.append(pd.DataFrame({PARTITION: year, "difference": total.to_numpy(float) - 1}))
        founded = table["is_important"].fillna(False) & table["is_behind"].fillna(False)
        rows.append(
            pd.DataFrame(
                {
                    PARTITION: year,
                    "importance": table["importance"],
                    "interval_width": table["importance_high"] - table["importance_low"],
                    "first_is_founded": (founded | (table["quadrant"] != "act_first")).astype(bool),
                }
            )
        )
        years.append({PARTITION: year, "r_squared": table["r_squared"].max()})
    return {"rows": pd.concat(rows), "sums": pd.concat(sums), "years": pd.DataFrame(years)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("causes", "papi_diagnosis", papi_year, diagnosis_views),
    suite_checks("causes", "priorities", survey_year, priority_views),
]
