"""Checks of robustness and small areas: views the rules in data/checks/ranking.yaml look at.
Not here: the rules themselves, or checks of the published scores and ranks (index.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import survey_year

STAGE = "ranking"
Tables = dict[str, pd.DataFrame]


def robustness_views(context: Any, robustness: Tables, district_scores: Tables) -> Views:
    rows, years = [], []
    for year, table in robustness.items():
        totals = district_scores[year].query("level == 'total'").set_index("district")["rank"]
        ranked = table.dropna(subset=["published_rank"])
        order = ranked[["rank_min", "rank_low", "median_rank", "rank_high", "rank_max"]]
        is_ordered = (order.astype(float).diff(axis=1).iloc[:, 1:] >= 0).all(axis=1)
        off = (ranked["published_rank"] - ranked["district"].map(totals)).fillna(99).astype(int)
        rows.append(pd.DataFrame({PARTITION: year, "is_ordered": is_ordered, "off_published": off}))
        years.append({PARTITION: year, "mean_shift": float(ranked["mean_shift"].mean())})
    return {"rows": pd.concat(rows), "years": pd.DataFrame(years)}


def choice_views(context: Any, ranking_choices: Tables) -> Views:
    rows = [
        table.loc[table["district"] == "province", ["first_order", "total_effect"]].assign(
            **{PARTITION: year}
        )
        for year, table in ranking_choices.items()
    ]
    return {"rows": pd.concat(rows)}


def alternative_views(context: Any, ranking_alternatives: Tables) -> Views:
    rows = []
    for year, table in ranking_alternatives.items():
        rank = table["rank"].astype(float)
        beyond = rank - table["district"].nunique()
        rows.append(pd.DataFrame({PARTITION: year, "rank": rank, "beyond_n": beyond}))
    return {"rows": pd.concat(rows)}


def small_area_views(context: Any, small_area_scores: Tables, district_scores: Tables) -> Views:
    rows = []
    for year, table in small_area_scores.items():
        published = district_scores[year].set_index(["district", "key"])["score"]
        own = table.join(published, on=["district", "key"])
        rows.append(
            pd.DataFrame(
                {
                    PARTITION: year,
                    "is_marked": own["flag"] == "model_based",
                    "difference": (own["direct_score"] - own["score"]).to_numpy(float),
                    "has_error": own["model_score"].isna() | own["model_se"].notna(),
                }
            )
        )
    return {"rows": pd.concat(rows)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks(STAGE, "robustness", survey_year, robustness_views, ["district_scores"]),
    suite_checks(STAGE, "ranking_choices", survey_year, choice_views),
    suite_checks(STAGE, "ranking_alternatives", survey_year, alternative_views),
    suite_checks(STAGE, "small_area_scores", survey_year, small_area_views, ["district_scores"]),
]
