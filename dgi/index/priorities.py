"""Where a district is furthest behind in what goes with citizens' satisfaction (method §9).
Not here: what goes with it (importance.py), or the scores and their errors (scores.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.scores import PROVINCE

BEST_QUARTER = 0.75
BEHIND_ERRORS = 1.645  # one-sided 95%
PRIORITY_COLUMNS = [
    "district", "key", "code", "importance", "importance_low", "importance_high", "is_important",
    "coefficient", "coefficient_se", "r_squared", "df", "answered_n", "answered_share", "score",
    "place", "best_quarter", "gap", "gap_se", "is_behind", "priority", "priority_rank",
    "quadrant", "flag",
]  # fmt: skip


def find_priorities(
    importance: pd.DataFrame, scores: pd.DataFrame, indicator_set: IndicatorSet
) -> pd.DataFrame:
    """Importance against the gap to the best quarter: one row per unit and sub-dimension.

    `importance`: as `measure_importance` returns it; `scores`: district, key, score, se, flag,
    of any level, districts sampled independently. Returns PRIORITY_COLUMNS, in district order
    and the set's. place: the score on 0..1 of its scale; best_quarter: 75th percentile of the
    districts' places; gap: best_quarter - place, below zero when above it; gap_se: errors of
    all districts that make the edge counted, their order held fixed.

    is_behind: gap > BEHIND_ERRORS gap_se. is_important: importance_low above the average share
    (1 / sub-dimensions measured) and a coefficient above zero, that is, who scores higher is
    more satisfied. quadrant: act_first (important and behind), keep_up (important), improve
    (behind), maintain; '' where importance or gap is unknown. priority: importance x
    max(gap, 0), and 0 without a coefficient above zero; priority_rank: within the district,
    none where priority is 0. The province has importance and place, and no peers. Association:
    nothing here says what acting would bring (method §9).
    """
    subs = indicator_set.at("sub_dimension")[["key", "code", "scale_min", "scale_max"]]
    subs = subs.merge(importance.rename(columns={"flag": "importance_flag"}), on="key", how="left")
    table = subs.assign(order=range(len(subs))).merge(
        scores[["district", "key", "score", "se", "flag"]], on="key", how="inner"
    )
    table = table.sort_values(["district", "order"], ignore_index=True)
    width = table["scale_max"] - table["scale_min"]
    table["place"] = (table["score"] - table["scale_min"]) / width
    table["place_se"] = table["se"] / width
    table[["best_quarter", "gap_se"]] = np.nan
    peers = table[(table["district"] != PROVINCE) & table["place"].notna()]
    for rows in peers.groupby("key").groups.values():
        edge, errors = _best_quarter(*table.loc[rows, ["place", "place_se"]].to_numpy(float).T)
        table.loc[rows, "best_quarter"] = edge
        table.loc[rows, "gap_se"] = errors
    table["gap"] = table["best_quarter"] - table["place"]
    measured = table["importance"].notna()
    good = table["coefficient"] > 0
    average = 1 / max(int(importance["importance"].notna().sum()), 1)
    important = good & (table["importance_low"] > average)
    behind = table["gap"] > BEHIND_ERRORS * table["gap_se"]
    placed = table["gap"].notna()
    table["is_important"] = important.astype("boolean").where(measured)
    table["is_behind"] = behind.astype("boolean").where(placed)
    priority = table["importance"] * table["gap"].clip(lower=0)
    table["priority"] = priority.where(good | priority.isna(), 0.0)
    ranked = table["priority"].where(table["priority"] > 0)
    table["priority_rank"] = ranked.groupby(table["district"]).rank(method="min", ascending=False)
    quadrant = np.select([important & behind, important, behind],
                         ["act_first", "keep_up", "improve"], "maintain")  # fmt: skip
    table["quadrant"] = np.where(measured & placed, quadrant, "")
    table["flag"] = [
        ";".join(dict.fromkeys(part for part in parts if part != "observed")) or "observed"
        for parts in zip(table["flag"], table["importance_flag"], strict=True)
    ]
    return table[PRIORITY_COLUMNS].astype({"priority_rank": "Int64"})


def _best_quarter(place: np.ndarray, se: np.ndarray) -> tuple[float, np.ndarray]:
    """The edge, a fixed combination c of ordered places, and the error of edge - place of each."""
    order = np.argsort(place, kind="stable")
    at = BEST_QUARTER * (len(place) - 1)
    below = int(at)
    combined = np.zeros(len(place))
    combined[order[below]] = 1 - (at - below)
    combined[order[min(below + 1, len(place) - 1)]] += at - below
    edge = float(combined @ place)
    variance = combined**2 @ se**2 + (1 - 2 * combined) * se**2
    return edge, np.sqrt(np.maximum(variance, 0.0))
