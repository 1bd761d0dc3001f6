"""Checks of the PAPI diagnosis: views the rules in data/checks/causes.yaml look at.
Not here: the rules themselves, or checks of the figures diagnosed (reference.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import papi_year


def diagnosis_views(context: Any, papi_diagnosis: dict[str, pd.DataFrame]) -> Views:
    sums, rows = [], []
    for year, table in papi_diagnosis.items():
        core = table[table["level"] == "common_core"].set_index("province_code")["change"]
        parts = table[table["level"] == "sub_dimension"].groupby("province_code")["contribution"]
        difference = (core - parts.sum()).dropna().to_numpy(float)
        sums.append(pd.DataFrame({PARTITION: year, "difference": difference}))
        # A change is claimed only where both years measured the same thing.
        claims = table["change"].notna() & ~table["comparable"].fillna(False).astype(bool)
        rows.append(pd.DataFrame({PARTITION: year, "claims_across_a_break": claims.astype(int)}))
    return {"sums": pd.concat(sums), "rows": pd.concat(rows)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("causes", "papi_diagnosis", papi_year, diagnosis_views)
]
