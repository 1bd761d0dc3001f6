"""Why published PAPI moved or lags, and what each part took or gave (task T1, method §9).
Not here: the published figures (scores.py), or change in the district survey (dgi.index)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.ranking import band_names

OFFICIAL_RULE = 0.05
COMMON_CORE = "common_core"
DIAGNOSIS_COLUMNS = [
    "survey_year", "province_code", "level", "key", "code", "name_vi", "name_en", "score", "rank",
    "ranked_n", "band", "base_year", "base_score", "change", "relative_change",
    "is_official_change", "contribution", "national_median_change", "median", "gap_to_median",
    "best_quarter", "gap_to_best_quarter", "comparable", "flag",
]  # fmt: skip
CORE_NAMES = {
    "vi": "Phần chung so sánh được của hai năm",
    "en": "Common core of the two years",
}


def diagnose(
    scores: pd.DataFrame,
    structure: IndicatorSet,
    base_scores: pd.DataFrame | None,
    base_structure: IndicatorSet | None,
) -> pd.DataFrame:
    """The diagnosis of every province for one year (DIAGNOSIS_COLUMNS).

    `scores`, `base_scores`: published PAPI of the year and of the year before (scores.py), the
    latter None for the first year. For every node: place among the provinces published, gap to
    their median and to the edge of the best quarter (75th percentile), and change.

    Change is only taken over what both years measure alike (method §8): sub-dimensions with the
    same key, the earlier one restated on this year's scale. The row of level 'common_core' adds
    them up, and their contributions add up to its change exactly. A total or dimension made of
    other parts than the year before has no change but the flag 'break_in_series'; a part that
    one of the years did not publish has none either, and the core is then withheld.
    """
    nodes = structure.tree[structure.tree["level"] != "indicator"].reset_index(drop=True)
    now = _wide(scores, nodes)
    base = None
    if base_scores is not None and base_structure is not None:
        base = _restated(base_scores, base_structure, nodes)
    year = int(scores["survey_year"].iloc[0])
    comparable = _comparable(nodes, base_structure)
    table = _levels(now, nodes)
    core = None
    if base is not None:
        common = nodes.loc[(nodes["level"] == "sub_dimension") & comparable, "key"]
        core = _core_rows(now[common], base[common])
        before = base.reindex(columns=now.columns)
        before.loc[:, ~comparable.to_numpy()] = np.nan
        table["base_score"] = before.stack(future_stack=True).to_numpy()
        table["base_year"] = year - 1
    else:
        table["base_score"] = np.nan
        table["base_year"] = pd.NA
    table["comparable"] = np.tile(comparable.to_numpy(), len(now)) & (base is not None)
    if core is not None:
        table = pd.concat([table, core.assign(base_year=year - 1)], ignore_index=True)
    return _finish(table, scores, year)


def _wide(scores: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Provinces x nodes."""
    return scores.pivot(index="province_code", columns="key", values="score")[list(nodes["key"])]


def _scale(structure: IndicatorSet) -> pd.DataFrame:
    return structure.tree.set_index("key")[["scale_min", "scale_max"]]


def _restated(
    base_scores: pd.DataFrame, base_structure: IndicatorSet, nodes: pd.DataFrame
) -> pd.DataFrame:
    """The year before on this year's scales: lo' + (hi' - lo') (S - lo)/(hi - lo)."""
    before = base_scores.pivot(index="province_code", columns="key", values="score")
    keys = [key for key in nodes["key"] if key in before.columns]
    old = _scale(base_structure).loc[keys]
    new = nodes.set_index("key").loc[keys, ["scale_min", "scale_max"]]
    moved = ~np.isclose(old.to_numpy(float), new.to_numpy(float)).all(axis=1)
    unit = (before[keys] - old["scale_min"]) / (old["scale_max"] - old["scale_min"])
    scaled = new["scale_min"] + unit * (new["scale_max"] - new["scale_min"])
    # Scores on an unchanged scale are kept as published, to the last digit.
    kept = np.where(moved, scaled.to_numpy(), before[keys].to_numpy())
    return pd.DataFrame(kept, index=before.index, columns=keys)


def _comparable(nodes: pd.DataFrame, base_structure: IndicatorSet | None) -> pd.Series:
    """Whether each node is made of the same parts in both structures."""
    if base_structure is None:
        return pd.Series(False, index=nodes.index)
    base = base_structure.tree
    before = {key: set(rows["key"]) for key, rows in base.groupby("parent")}
    now = {key: set(rows["key"]) for key, rows in nodes.groupby("parent")}
    known = set(base["key"])

    def same(key: str) -> bool:
        if key not in known or now.get(key, set()) != before.get(key, set()):
            return False
        return all(same(child) for child in now.get(key, set()))

    return nodes["key"].map(same)


def _levels(now: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """One row per province and node with median and best quarter of the provinces published."""
    table = now.stack(future_stack=True).rename("score").reset_index()
    table.columns = pd.Index(["province_code", "key", "score"])
    facts = nodes.set_index("key")
    for name in ("level", "code", "name_vi", "name_en"):
        table[name] = table["key"].map(facts[name])
    table["median"] = table["key"].map(now.median())
    table["best_quarter"] = table["key"].map(now.quantile(0.75))
    bands = {key: band_names(now[key].to_numpy()) for key in now.columns}
    table["band"] = pd.DataFrame(bands, index=now.index).stack(future_stack=True).to_numpy()
    return table


def _core_rows(now: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """The sum of the comparable sub-dimensions in both years, per province."""
    core = pd.DataFrame(
        {
            "score": now.sum(axis=1, skipna=False),
            "base_score": base.reindex(now.index).sum(axis=1, skipna=False),
        }
    )
    known = core["score"].where(core["base_score"].notna())
    return core.reset_index().assign(
        key=COMMON_CORE,
        level=COMMON_CORE,
        code="CORE",
        name_vi=CORE_NAMES["vi"],
        name_en=CORE_NAMES["en"],
        median=known.median(),
        best_quarter=known.quantile(0.75),
        band=band_names(known.to_numpy()),
        comparable=True,
    )


def _finish(table: pd.DataFrame, scores: pd.DataFrame, year: int) -> pd.DataFrame:
    """Changes, gaps, national movement and flags on the assembled rows."""
    table["survey_year"] = year
    table["change"] = table["score"] - table["base_score"]
    table["relative_change"] = table["change"] / table["base_score"]
    official = table["relative_change"].abs() >= OFFICIAL_RULE
    table["is_official_change"] = official.where(table["change"].notna()).astype("boolean")
    table["contribution"] = table["change"].where(table["level"] == "sub_dimension")
    table["national_median_change"] = table.groupby("key")["change"].transform("median")
    table["gap_to_median"] = table["score"] - table["median"]
    table["gap_to_best_quarter"] = table["score"] - table["best_quarter"]
    published = scores.set_index(["province_code", "key"])
    index = pd.MultiIndex.from_frame(table[["province_code", "key"]])
    for name in ("rank", "ranked_n", "flag"):
        table[name] = published[name].reindex(index).to_numpy()
    core = table["level"] == COMMON_CORE
    table.loc[core, "rank"] = table[core]["score"].rank(method="min", ascending=False)
    table.loc[core, "ranked_n"] = table.loc[core, "score"].notna().sum()
    table["flag"] = table["flag"].astype(object)
    table.loc[core, "flag"] = np.where(
        table.loc[core, "change"].notna(), COMMON_CORE, "suppressed_officially"
    )
    seen = table["flag"] == "observed"
    table.loc[seen & table["base_year"].isna(), "flag"] = "no_base_year"
    has_base = table["base_year"].notna()
    table.loc[seen & has_base & ~table["comparable"].astype(bool), "flag"] = "break_in_series"
    unknown = seen & has_base & table["comparable"].astype(bool) & table["change"].isna()
    table.loc[unknown, "flag"] = "base_suppressed"
    order = {"total": 0, COMMON_CORE: 1, "dimension": 2, "sub_dimension": 3}
    table["_order"] = table["level"].map(order)
    table = table.sort_values(["province_code", "_order", "code"], ignore_index=True)
    types = {"rank": "Int64", "ranked_n": "Int64", "base_year": "Int64"}
    return table[DIAGNOSIS_COLUMNS].astype(types)
