"""Checks of change and trends of the survey: views the rules in data/checks/change.yaml look at.
Not here: the rules themselves, or checks of either year's scores (index.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import survey_year


def change_views(context: Any, district_changes: dict[str, pd.DataFrame]) -> Views:
    sums, rows, years, changed = [], [], [], []
    for year, table in district_changes.items():
        unit = ["comparison", "district"]
        total = table[table["level"] == "total"].set_index(unit)["change"]
        for level in ("sub_dimension", "indicator"):
            parts = table[table["level"] == level].groupby(unit)["contribution"].sum()
            difference = (total - parts).dropna().to_numpy(float)
            sums.append(pd.DataFrame({PARTITION: year, "difference": difference}))
        known = table["change"].notna()
        changed.append(table.loc[known, ["se", "composition"]].assign(**{PARTITION: year}))
        rows.append(
            pd.DataFrame(
                {
                    PARTITION: year,
                    "is_flagged": known | (table["flag"] != "observed"),
                    "size_in_se": (table["change"] / table["se"]).abs()
                    .where(table["level"] == "total"),
                    "q_below_p": (table["q_value"] < table["p_value"] - 1e-12).astype(int),
                    # A claim of better or worse needs a certain change of what is measured alike.
                    "unfounded": (
                        table["claim"].isin(["improved", "declined"])
                        & ~((table["q_value"] < 0.05) & table["comparable"])
                    ).astype(int),
                    "unsplit": table["change"] - table["composition"] - table["rate"],
                }
            )
        )  # fmt: skip
        whole = table[(table["district"] == "province") & (table["level"] == "total")]
        whole = whole[whole["comparison"] == "previous"]
        ratio = (whole["n"].astype(float) / whole["base_n"].astype(float)).to_numpy()
        years.append(pd.DataFrame({PARTITION: year, "interviews_against_base_year": ratio}))
    views = {"sums": sums, "rows": rows, "years": years, "changed": changed}
    return {name: pd.concat(frames) for name, frames in views.items()}


def group_views(
    context: Any, group_totals: dict[str, pd.DataFrame], survey_totals: dict[str, pd.DataFrame]
) -> Views:
    rows, gaps = [], []
    for year, table in group_totals.items():
        rows.append(table[["weight_sum", "n"]].assign(**{PARTITION: year}))
        own = table.groupby(["district", "key"])["weight_sum"].sum()
        whole = survey_totals[year].groupby(["district", "key"])["weight_sum"].sum()
        gap = (own.reindex(whole.index, fill_value=0) / whole.where(whole > 0) - 1).abs()
        gaps.append(pd.DataFrame({PARTITION: year, "gap": gap.dropna().to_numpy(float)}))
    return {"rows": pd.concat(rows), "gaps": pd.concat(gaps)}


def trend_views(context: Any, district_trends: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: year,
                "is_flagged": table["slope"].notna() | (table["flag"] == "too_few_years"),
                "years_n": table["years_n"].astype(float),
            }
        )
        for year, table in district_trends.items()
    ]
    fitted = [
        table.loc[table["slope"].notna(), ["se"]].assign(**{PARTITION: year})
        for year, table in district_trends.items()
    ]
    return {"rows": pd.concat(rows), "fitted": pd.concat(fitted)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("change", "district_changes", survey_year, change_views),
    suite_checks("change", "group_totals", survey_year, group_views, beside=["survey_totals"]),
    suite_checks("change", "district_trends", survey_year, trend_views),
]
