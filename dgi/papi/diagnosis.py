"""Why published PAPI moved or lags, and what each part took or gave (task T1, method §9).
Not here: the published figures (scores.py), or change in the district survey (dgi.change)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.ranking import band_names

OFFICIAL_RULE = 0.05
ID = ["province_code", "key"]
NATIONAL = ["national_median_change", "national_mean_change", "national_n"]
COMMON_CORE = "common_core"
DIAGNOSIS_COLUMNS = [
    "survey_year", "province_code", "level", "key", "code", "name_vi", "name_en", "score", "rank",
    "ranked_n", "band", "base_year", "base_score", "change", "relative_change",
    "is_official_change", "national_median_change", "national_mean_change", "national_n",
    "change_net_of_country", "contribution", "contribution_base_year", "contribution_median",
    "median", "gap_to_median", "best_quarter", "gap_to_best_quarter", "comparable", "flag",
]  # fmt: skip
CORE_NAMES = {
    "vi": "Phần chung so sánh được của hai năm",
    "en": "Common core of the two years",
}


@dataclass(frozen=True)
class PublishedYear:
    """Published PAPI of one year (scores.py) and the structure it was published by."""

    scores: pd.DataFrame
    structure: IndicatorSet


def diagnose(year: int, published: Mapping[int, PublishedYear], max_gap_years: int) -> pd.DataFrame:
    """The diagnosis of every province for one year (DIAGNOSIS_COLUMNS).

    `published`: that year and earlier ones; years before `year` - `max_gap_years` are not looked
    at. For every node: place among the provinces published, gap to their median and to the edge
    of the best quarter (75th percentile), and change.

    Change is against the last year in which the province's own figure was published (base_year,
    flag 'spans_years' where that is not the year before), and only over what both years measure
    alike (method §8): nodes of the same parts, the earlier one restated on this year's scale. A
    node made of other parts has no change but the flag 'break_in_series'; one that no year within
    reach published has 'no_valid_base'; one that is not published now 'suppressed_officially'.

    national_*: the change of the provinces that were published in the same two years;
    change_net_of_country: change less their median. The row of level 'common_core' adds up the
    comparable sub-dimensions, against the last year in which the province has all of them, and
    contributions are the sub-dimensions' changes since that year (contribution_base_year), so
    that they add up to its change exactly; contribution_median is the provinces' median of them.
    """
    own = published[year]
    nodes = own.structure.tree[own.structure.tree["level"] != "indicator"].reset_index(drop=True)
    now = own.scores.pivot(index="province_code", columns="key", values="score")[list(nodes["key"])]
    reach = [one for one in sorted(published) if year - max_gap_years <= one < year]
    table = _levels(now, nodes)
    if not reach:
        return _finish(table, own.scores, year, [])
    pairs = pd.concat([_pair(now, nodes, one, published[one]) for one in reach], ignore_index=True)
    # The last year in which the province's own figure was published, and no other; a figure
    # that is not published now is compared with none.
    held = pairs[pairs["is_published"] & pairs["score"].notna()].sort_values("base_year")
    held = held.drop_duplicates(ID, keep="last")
    kept = [*ID, "base_year", "base_score", "comparable", *NATIONAL]
    table = table.merge(held[kept], how="left", on=ID, validate="one_to_one")
    core, gave = _common_core(pairs[pairs["level"].eq("sub_dimension") & pairs["comparable"]])
    absent = [code for code in now.index if code not in set(core["province_code"])]
    core = pd.concat([core, pd.DataFrame({"province_code": absent})], ignore_index=True)
    core = core.assign(
        key=COMMON_CORE, level=COMMON_CORE, code="CORE", name_vi=CORE_NAMES["vi"],
        name_en=CORE_NAMES["en"], comparable=core["base_year"].notna(),
    )  # fmt: skip
    table = table.merge(gave, how="left", on=ID, validate="one_to_one")
    table = pd.concat([table, core], ignore_index=True)
    return _finish(table, own.scores, year, sorted(set(pairs.loc[pairs["is_known"], "key"])))


def _levels(now: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """One row per province and node with median and best quarter of the provinces published."""
    table = _long(now, "score")
    facts = nodes.set_index("key")
    for name in ("level", "code", "name_vi", "name_en"):
        table[name] = table["key"].map(facts[name])
    table["median"] = table["key"].map(now.median())
    table["best_quarter"] = table["key"].map(now.quantile(0.75))
    table["band"] = _bands(table, "key")
    return table


def _long(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    table = wide.rename_axis(columns="key").stack(future_stack=True).rename(name)
    return table.rename_axis(ID).reset_index()


def _bands(table: pd.DataFrame, by: str) -> pd.Series:
    return table.groupby(by)["score"].transform(lambda score: band_names(score.to_numpy()))


def _pair(now: pd.DataFrame, nodes: pd.DataFrame, year: int, before: PublishedYear) -> pd.DataFrame:
    """Every figure beside that of one earlier year, on this year's scale, and how far the
    provinces published in both years moved: one row per province and node."""
    old = before.scores.pivot(index="province_code", columns="key", values="score")
    old = old.reindex(now.index).reindex(columns=now.columns)
    table = _long(now, "score").assign(base_year=year)
    table["level"] = table["key"].map(nodes.set_index("key")["level"])
    table["is_known"] = table["key"].isin(set(before.structure.tree["key"]))
    table["is_published"] = _long(old, "old")["old"].notna()
    same = dict(zip(nodes["key"], _comparable(nodes, before.structure), strict=True))
    table["comparable"] = table["key"].map(same).astype(bool)
    restated = _long(_restated(old, before.structure, nodes), "old")["old"]
    table["base_score"] = restated.where(table["comparable"])
    return _beside_the_country(table, "key")


def _beside_the_country(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """With change and NATIONAL: median, mean and number of the provinces' changes, by group."""
    table["change"] = table["score"] - table["base_score"]
    changes = table.groupby(by)["change"]
    for name, function in zip(NATIONAL, ("median", "mean", "count"), strict=True):
        table[name] = changes.transform(function)
    return table


def _restated(old: pd.DataFrame, structure: IndicatorSet, nodes: pd.DataFrame) -> pd.DataFrame:
    """An earlier year on this year's scales: lo' + (hi' - lo') (S - lo)/(hi - lo)."""
    scale = ["scale_min", "scale_max"]
    then = structure.tree.set_index("key")[scale].reindex(old.columns)
    new = nodes.set_index("key")[scale].reindex(old.columns)
    moved = ~np.isclose(then.to_numpy(float), new.to_numpy(float)).all(axis=1)
    unit = (old - then["scale_min"]) / (then["scale_max"] - then["scale_min"])
    scaled = new["scale_min"] + unit * (new["scale_max"] - new["scale_min"])
    # Scores on an unchanged scale are kept as published, to the last digit.
    return scaled.where(moved[None, :] & np.ones(old.shape, dtype=bool), old)


def _comparable(nodes: pd.DataFrame, base_structure: IndicatorSet) -> pd.Series:
    """Whether each node is made of the same parts in both structures."""
    base = base_structure.tree
    before = {key: set(rows["key"]) for key, rows in base.groupby("parent")}
    now = {key: set(rows["key"]) for key, rows in nodes.groupby("parent")}
    known = set(base["key"])

    def same(key: str) -> bool:
        if key not in known or now.get(key, set()) != before.get(key, set()):
            return False
        return all(same(child) for child in now.get(key, set()))

    return nodes["key"].map(same)


def _common_core(parts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The common core of each province that has one, and what each part gave to its change.

    `parts`: rows of _pair of the comparable sub-dimensions, over all earlier years within reach.
    """
    years = parts.groupby(["base_year", "province_code"], as_index=False)
    core = years[["score", "base_score"]].sum(skipna=False)
    # pandas' own sum by group leaves gaps out; one gap and there is no core.
    gaps = parts.assign(gap=parts["change"].isna()).groupby(["base_year", "province_code"])["gap"]
    whole = ~gaps.any().to_numpy()
    core = _beside_the_country(core[whole].reset_index(drop=True), "base_year")
    by_year = core.groupby("base_year")["score"]
    core = core.assign(
        rank=by_year.rank(method="min", ascending=False), ranked_n=by_year.transform("count"),
        median=by_year.transform("median"), band=_bands(core, "base_year"),
        best_quarter=by_year.transform(lambda score: score.quantile(0.75)),
    )  # fmt: skip
    core = core.sort_values("base_year").drop_duplicates("province_code", keep="last")
    gave = parts.merge(core[["province_code", "base_year"]], on=["province_code", "base_year"])
    gave = gave.rename(
        columns={"change": "contribution", "base_year": "contribution_base_year",
                 "national_median_change": "contribution_median"}
    )  # fmt: skip
    columns = ["contribution", "contribution_base_year", "contribution_median"]
    return core.drop(columns="change"), gave[[*ID, *columns]]


def _finish(
    table: pd.DataFrame, scores: pd.DataFrame, year: int, known: Collection[str]
) -> pd.DataFrame:
    """Changes, gaps and flags on the assembled rows; `known`: keys of the years within reach,
    none where there are no such years."""
    table = table.reindex(columns=[*DIAGNOSIS_COLUMNS])
    table["survey_year"] = year
    table["comparable"] = table["comparable"].eq(True)
    table["change"] = table["score"] - table["base_score"]
    table["relative_change"] = table["change"] / table["base_score"]
    official = table["relative_change"].abs() >= OFFICIAL_RULE
    table["is_official_change"] = official.where(table["change"].notna()).astype("boolean")
    table[NATIONAL] = table[NATIONAL].where(table["change"].notna())
    table["change_net_of_country"] = table["change"] - table["national_median_change"]
    table["gap_to_median"] = table["score"] - table["median"]
    table["gap_to_best_quarter"] = table["score"] - table["best_quarter"]
    core = table["level"] == COMMON_CORE
    published = scores.set_index(["province_code", "key"])
    index = pd.MultiIndex.from_frame(table[ID])
    for name in ("rank", "ranked_n"):
        table[name] = table[name].where(core, published[name].reindex(index).to_numpy())
    incomplete = scores.loc[scores["score"].isna() & scores["key"].isin(known), "province_code"]
    hidden = np.where(core, table["province_code"].isin(incomplete), table["score"].isna())
    has_base = table["base_year"].notna()
    spans = table["base_year"] < year - 1
    table["flag"] = np.select(
        [core & has_base & spans, core & has_base, hidden, np.full(len(table), not len(known)),
         ~has_base & (core | table["key"].isin(known)), ~table["comparable"], spans],
        [f"{COMMON_CORE};spans_years", COMMON_CORE, "suppressed_officially", "no_base_year",
         "no_valid_base", "break_in_series", "spans_years"],
        "observed",
    )  # fmt: skip
    order = {"total": 0, COMMON_CORE: 1, "dimension": 2, "sub_dimension": 3}
    table["_order"] = table["level"].map(order)
    table = table.sort_values(["province_code", "_order", "code"], ignore_index=True)
    integers = ["rank", "ranked_n", "base_year", "contribution_base_year", "national_n"]
    return table[DIAGNOSIS_COLUMNS].astype(dict.fromkeys(integers, "Int64"))
