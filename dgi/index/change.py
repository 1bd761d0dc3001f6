"""Change between two survey years on one boundary and indicator set, with its error (method §8).
Not here: the scores of either year (scores.py), or published PAPI (dgi.papi)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from dgi.index.estimation import (
    LonelyPsu,
    PsuTotals,
    degrees_of_freedom,
    linearised_means,
    variances,
    weighted_means,
)
from dgi.index.indicators import IndicatorSet, common_indicators
from dgi.index.scores import PROVINCE, ScoringRule, has_estimate, scoring_rule

SIGNIFICANCE = 0.05
OFFICIAL_RULE = 0.05
CHANGE_COLUMNS = [
    "district", "level", "key", "base_score", "score", "change", "relative_change", "se",
    "ci_low", "ci_high", "df", "p_value", "q_value", "is_significant", "is_official_change",
    "contribution", "comparable", "flag",
]  # fmt: skip


def pair_strata(current: pd.DataFrame, base: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Common stratum labels of two years' PSUs, so that PSUs surveyed in both count once.

    `current`, `base`: psu, stratum of each year. Strata that share PSUs are one stratum when
    that pairs exactly one of each year (their labels may differ: a merged district renames
    them); strata in a tangle stay apart by year and the PSUs they share count as independent,
    which overstates the error and never understates it. Returns labels (C_t,), (C_base,).
    """
    shared = current.merge(base, on="psu", suffixes=("_now", "_before"))
    pairs = shared[["stratum_now", "stratum_before"]].drop_duplicates()
    once = ~pairs["stratum_now"].duplicated(keep=False)
    once &= ~pairs["stratum_before"].duplicated(keep=False)
    joined = pairs[once]
    label_now = {row.stratum_now: f"both {row.stratum_now}" for row in joined.itertuples()}
    label_before = {row.stratum_before: f"both {row.stratum_now}" for row in joined.itertuples()}
    now = [label_now.get(label, f"now {label}") for label in current["stratum"]]
    before = [label_before.get(label, f"before {label}") for label in base["stratum"]]
    return np.array(now), np.array(before)


def stack_years(
    z_now: np.ndarray, z_before: np.ndarray, current: pd.DataFrame, base: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Linearised PSU totals of the change and the stratum of each stacked PSU.

    `z_now`: (C_t, K), `z_before`: (C_base, K). A PSU of both years is one row, z_t - z_base;
    a PSU of one year has zero in the other (method §8). Returns z (C, K) and strata (C,).
    """
    strata_now, strata_before = pair_strata(current, base)
    stacked = pd.MultiIndex.from_arrays(
        [np.concatenate([strata_now, strata_before]), pd.concat([current["psu"], base["psu"]])]
    )
    position, units = stacked.factorize(sort=True)
    z = np.zeros((len(units), z_now.shape[1]))
    np.add.at(z, position[: len(z_now)], z_now)
    np.add.at(z, position[len(z_now) :], -z_before)
    return z, units.get_level_values(0).to_numpy()


def change_of_unit(
    current: PsuTotals,
    base: PsuTotals,
    current_set: IndicatorSet,
    base_set: IndicatorSet,
    lonely_psu: LonelyPsu = "fail",
) -> pd.DataFrame:
    """Change of every node of one unit: one rule of scoring, applied to both years.

    The rule is the current set's, over the indicators that both versions ask alike and both
    years could estimate; what is left out makes the dimensions and the total a common core
    (flag 'common_core', comparable False). Contributions are the sub-dimensions' own changes in
    points, so they add up to the change of the total exactly.
    """
    common = common_indicators(current_set, base_set)
    keys = list(current_set.at("indicator")["key"])
    shared = np.array([key in set(common) for key in keys])
    aligned = _align(base, keys)
    present = has_estimate(current, current_set) & has_estimate(aligned, current_set) & shared
    rule = scoring_rule(current_set, present, partial=True)
    means = np.nan_to_num(weighted_means(current))
    before = np.nan_to_num(weighted_means(aligned))
    z, strata = stack_years(
        linearised_means(current, means) @ rule.coefficients.T,
        linearised_means(aligned, before) @ rule.coefficients.T,
        current.psu,
        aligned.psu,
    )
    scored = rule.is_scored
    change = np.where(scored, rule.coefficients @ (means - before), np.nan)
    base_score = np.where(scored, rule.constants + rule.coefficients @ before, np.nan)
    se = np.where(scored, np.sqrt(variances(z, strata, lonely_psu)), np.nan)
    df = degrees_of_freedom(strata)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = 2 * stats.t.sf(np.abs(change / se), df)
    half = stats.t.ppf(0.975, df) * se
    # What is asked alike but was answered by too few is no break of the questionnaire.
    askable = scoring_rule(current_set, shared, partial=True).is_scored
    flags = np.where(scored, rule.flags, "break_in_series")
    flags = np.where(~scored & askable, "suppressed_small_n", flags)
    is_total = (rule.nodes["level"] == "total").to_numpy()
    flags = np.where(_is_restated(rule, current_set, base_set) & scored, "common_core", flags)
    return rule.nodes[["level", "key"]].assign(
        base_score=base_score,
        score=base_score + change,
        change=change,
        relative_change=change / base_score,
        se=se,
        ci_low=change - half,
        ci_high=change + half,
        df=df,
        p_value=p_value,
        contribution=np.where(is_total, np.nan, change),
        comparable=flags == "observed",
        flag=flags,
    )


def _own_weights(tree: pd.DataFrame, keys: pd.Series) -> list[dict[str, float]]:
    """For each node, the weight of every indicator directly under it."""
    own = tree[tree["level"] == "indicator"].groupby("parent")
    table = {key: dict(zip(rows["key"], rows["weight"], strict=True)) for key, rows in own}
    return [table.get(key, {}) for key in keys]


def _is_restated(
    rule: ScoringRule, current_set: IndicatorSet, base_set: IndicatorSet
) -> np.ndarray:
    """(K,) whether the base year is measured otherwise than it was published.

    So it is for a sub-dimension that lost or gained an indicator, or changed a weight or its
    scale, and for every dimension and total above one or short of one.
    """
    nodes = rule.nodes
    scales = base_set.tree.set_index("key")[["scale_min", "scale_max"]]
    before = scales.reindex(nodes["key"]).to_numpy(float)
    moved = ~np.isclose(nodes[["scale_min", "scale_max"]].to_numpy(float), before).all(axis=1)
    restated = np.isin(rule.flags, ["reweighted", "common_core"])
    weights = [_own_weights(tree, nodes["key"]) for tree in (current_set.tree, base_set.tree)]
    reweighed = np.array([now != before for now, before in zip(*weights, strict=True)])
    restated |= (nodes["level"] == "sub_dimension").to_numpy() & (moved | reweighed)
    for level in ("dimension", "total"):
        for row in nodes.index[nodes["level"] == level]:
            key = nodes.loc[row, "key"]
            children = (nodes["parent"] == key).to_numpy()
            before_children = set(base_set.tree.loc[base_set.tree["parent"] == key, "key"])
            restated[row] |= restated[children].any()
            restated[row] |= set(nodes.loc[children, "key"]) != before_children
    return restated


def _align(totals: PsuTotals, keys: list[str]) -> PsuTotals:
    """Base-year totals in the current set's indicator order, zeros where it was not asked."""
    at = {key: number for number, key in enumerate(totals.keys)}
    columns = np.array([at.get(key, -1) for key in keys])

    def take(table: np.ndarray) -> np.ndarray:
        return np.where(columns >= 0, table[:, columns], 0.0)

    return PsuTotals(
        totals.psu, tuple(keys), take(totals.wy), take(totals.w), take(totals.wyy), take(totals.n)
    )


def change_of_districts(
    current: PsuTotals,
    base: PsuTotals,
    current_set: IndicatorSet,
    base_set: IndicatorSet,
    expected: list[str],
    incomplete: set[str],
    restated: set[str],
    lonely_psu: LonelyPsu = "fail",
) -> pd.DataFrame:
    """Change of every district and the province (CHANGE_COLUMNS).

    Both totals carry, in psu['district'], the district on today's boundary. `expected`:
    districts of the current year; `incomplete`: those missing in either year or missing a part
    of their base-year area; `restated`: those whose base year was drawn on another boundary
    (flag 'boundary_restated'). q values: Benjamini-Hochberg over the districts of one level.
    """
    tables = []
    nodes = current_set.tree[current_set.tree["level"] != "indicator"]
    for district in expected:
        if district in incomplete:
            tables.append(_absent_change(nodes, district))
            continue
        unit_now = current.where((current.psu["district"] == district).to_numpy())
        unit_before = base.where((base.psu["district"] == district).to_numpy())
        table = change_of_unit(unit_now, unit_before, current_set, base_set, lonely_psu)
        if district in restated:
            others = table["flag"].where(table["flag"] != "observed", "")
            table["flag"] = [";".join(filter(None, (f, "boundary_restated"))) for f in others]
        tables.append(table.assign(district=district))
    if incomplete:
        tables.append(_absent_change(nodes, PROVINCE))
    else:
        province = change_of_unit(current, base, current_set, base_set, lonely_psu)
        tables.append(province.assign(district=PROVINCE))
    changes = pd.concat(tables, ignore_index=True)
    changes["q_value"] = np.nan
    family = [changes["level"], changes["district"] == PROVINCE]
    for _, rows in changes.dropna(subset=["p_value"]).groupby(family).groups.items():
        adjusted = stats.false_discovery_control(changes.loc[rows, "p_value"], method="bh")
        changes.loc[rows, "q_value"] = adjusted
    has_change = changes["change"].notna()
    changes["is_significant"] = (changes["q_value"] < SIGNIFICANCE).where(has_change)
    official = changes["relative_change"].abs() >= OFFICIAL_RULE
    changes["is_official_change"] = official.where(has_change)
    return changes[CHANGE_COLUMNS].astype(
        {"is_significant": "boolean", "is_official_change": "boolean", "df": "Int64"}
    )


def _absent_change(nodes: pd.DataFrame, district: str) -> pd.DataFrame:
    """Rows that say a change cannot be known, because the unit is missing in one of the years."""
    numbers = ["base_score", "score", "change", "relative_change", "se", "ci_low", "ci_high",
               "df", "p_value", "contribution"]  # fmt: skip
    rows = nodes[["level", "key"]].reset_index(drop=True)
    return rows.assign(
        **dict.fromkeys(numbers, np.nan), comparable=False, flag="unit_absent",
        district=district,
    )  # fmt: skip


def first_year_changes(indicator_set: IndicatorSet, expected: list[str]) -> pd.DataFrame:
    """Rows of a year that has no survey before it: flag 'no_base_year', no figure."""
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    rows = [_absent_change(nodes, unit) for unit in [*expected, PROVINCE]]
    table = pd.concat(rows, ignore_index=True).assign(
        flag="no_base_year", q_value=np.nan, is_significant=pd.NA, is_official_change=pd.NA
    )
    return table[CHANGE_COLUMNS].astype(
        {"is_significant": "boolean", "is_official_change": "boolean", "df": "Int64"}
    )
