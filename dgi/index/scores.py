"""Scores: means added up the tree, exact linearised errors, ranks, bands (method §4, §6, §7).
Not here: the means themselves (estimation.py), or change between years (change.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.index.estimation import (
    LonelyPsu,
    PsuTotals,
    degrees_of_freedom,
    linearised_means,
    rao_wu_multipliers,
    replicate_means,
    t_interval,
    variances,
    weighted_means,
)
from dgi.index.indicators import IndicatorSet
from dgi.index.ranking import band_names, rank_descending, rank_uncertainty

PROVINCE = "province"
REPLICATES = 1000
SCORE_COLUMNS = [
    "district", "level", "key", "code", "score", "se", "ci_low", "ci_high", "df", "n",
    "n_effective", "rank", "rank_low", "rank_high", "ranked_n", "band", "band_probability", "flag",
]  # fmt: skip


@dataclass(frozen=True)
class ScoringRule:
    """How the tree turns indicator means into scores when some indicators are missing.

    For node k: score_k = constant_k + sum_j coefficients_kj * mean_j. `flags`: why a node is
    what it is (observed, reweighted, suppressed_incomplete).
    """

    nodes: pd.DataFrame
    keys: tuple[str, ...]
    constants: np.ndarray
    coefficients: np.ndarray
    flags: np.ndarray

    @property
    def is_scored(self) -> np.ndarray:
        """(K,) whether a node has a score."""
        return self.flags != "suppressed_incomplete"


def scoring_rule(
    indicator_set: IndicatorSet, present: np.ndarray, partial: bool = False
) -> ScoringRule:
    """The linear rule of the tree, given which indicators have an estimate (method §4).

    `present`: (J,) in the order of the set's indicators. A sub-dimension whose share of present
    indicators falls short of its min_share is suppressed, and so is every dimension and the
    total above it, unless `partial`: then they are the sum of the sub-dimensions that remain
    (the common core of method §8). Where some indicators are missing but enough are there, the
    others carry their weight: flag 'reweighted'.
    """
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"].reset_index(drop=True)
    indicators = indicator_set.at("indicator")
    row_of = {key: number for number, key in enumerate(nodes["key"])}
    constants = np.zeros(len(nodes))
    coefficients = np.zeros((len(nodes), len(indicators)))
    flags = np.full(len(nodes), "observed", dtype=object)
    present = np.asarray(present, dtype=bool)
    span = (indicators["scale_max"] - indicators["scale_min"]).to_numpy(float)
    sign = indicators["direction"].to_numpy(float)
    # t_j = offset_j + slope_j * mean_j is the indicator on 0..1, good at 1.
    slope = sign / span
    offset = np.where(
        sign > 0,
        -indicators["scale_min"].to_numpy(float) / span,
        1 + indicators["scale_min"].to_numpy(float) / span,
    )
    for node in nodes[nodes["level"] == "sub_dimension"].itertuples():
        own = (indicators["parent"] == node.key).to_numpy()
        weight = indicators["weight"].to_numpy(float) * own
        kept = weight * present
        if (own & present).sum() < max((node.min_share or 0.0) * own.sum(), 1):
            flags[node.Index] = "suppressed_incomplete"
            continue
        if (own & ~present).any():
            flags[node.Index] = "reweighted"
            kept *= weight.sum() / kept.sum()
        width = node.scale_max - node.scale_min
        constants[node.Index] = node.scale_min + width * (kept * offset).sum()
        coefficients[node.Index] = width * kept * slope
    for level in ("dimension", "total"):
        for node in nodes[nodes["level"] == level].itertuples():
            children = [row_of[key] for key in nodes.loc[nodes["parent"] == node.key, "key"]]
            scored = [row for row in children if flags[row] != "suppressed_incomplete"]
            if not scored or (len(scored) < len(children) and not partial):
                flags[node.Index] = "suppressed_incomplete"
                continue
            constants[node.Index] = constants[scored].sum()
            coefficients[node.Index] = coefficients[scored].sum(axis=0)
            if any(flags[row] == "reweighted" for row in scored):
                flags[node.Index] = "reweighted"
            if len(scored) < len(children) or any(flags[row] == "common_core" for row in scored):
                flags[node.Index] = "common_core"
    return ScoringRule(nodes, tuple(indicators["key"]), constants, coefficients, flags)


def has_estimate(totals: PsuTotals, indicator_set: IndicatorSet) -> np.ndarray:
    """(J,) whether each indicator reached its min_n in this domain."""
    min_n = indicator_set.at("indicator")["min_n"].to_numpy(float)
    return totals.n.sum(axis=0) >= min_n


def score_unit(
    totals: PsuTotals,
    indicator_set: IndicatorSet,
    lonely_psu: LonelyPsu = "fail",
    factors: np.ndarray | None = None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """All scores of one unit, and their bootstrap replicates.

    `totals`: the unit's PSUs, indicators in the set's order; `factors`: (R, C) Rao-Wu factors.
    Returns a frame (level, key, code, score, se, ci_low, ci_high, df, flag), one row per node,
    NaN where suppressed, and replicates (R, K), shape (0, K) without factors. The error is the
    exact linearised one: the score is linear in the means, so its linearised value is the same
    combination of theirs, every covariance counted (method §6).
    """
    rule = scoring_rule(indicator_set, has_estimate(totals, indicator_set))
    means = np.nan_to_num(weighted_means(totals))
    z = linearised_means(totals, means) @ rule.coefficients.T
    stratum = totals.psu["stratum"].to_numpy()
    df = degrees_of_freedom(stratum)
    score = np.where(rule.is_scored, rule.constants + rule.coefficients @ means, np.nan)
    se = np.where(rule.is_scored, np.sqrt(variances(z, stratum, lonely_psu)), np.nan)
    low, high = t_interval(score, se, df)
    table = rule.nodes[["level", "key", "code"]].assign(
        score=score, se=se, ci_low=low, ci_high=high, df=df, flag=rule.flags
    )
    replicates = np.empty((0, len(rule.nodes)))
    if factors is not None:
        drawn = np.nan_to_num(replicate_means(totals, factors))
        replicates = rule.constants + drawn @ rule.coefficients.T
    return table, replicates


def score_districts(
    totals: PsuTotals,
    samples: pd.DataFrame,
    indicator_set: IndicatorSet,
    expected: list[str],
    lonely_psu: LonelyPsu = "fail",
    seed: int = 0,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """Every district and the province, ranked (SCORE_COLUMNS).

    `totals`: PSUs of all districts of the year; `samples`: as `sample_sizes` returns
    them; `expected`: districts the year must have. A district that is expected and not there
    gets rows with flag 'unit_absent' and no figure, and the province is withheld with it: a
    province without one of its districts is another province. Ranks are over unsuppressed,
    unrounded scores; intervals by Rao-Wu bootstrap, one seeded stream a district.
    """
    present = sorted(set(totals.psu["district"]))
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    tables, drawn = [], []
    for district in present:
        unit = totals.where((totals.psu["district"] == district).to_numpy())
        stream = np.random.default_rng([seed, *district.encode()])
        factors = rao_wu_multipliers(unit.psu["stratum"].to_numpy(), replicates, stream)
        table, replicate = score_unit(unit, indicator_set, lonely_psu, factors)
        tables.append(table.assign(district=district))
        drawn.append(replicate)
    absent = [district for district in expected if district not in present]
    tables += [_absent_rows(nodes, district) for district in absent]
    if absent:
        province = _absent_rows(nodes, PROVINCE)
    else:
        province, _ = score_unit(totals, indicator_set, lonely_psu)
        province["district"] = PROVINCE
    scores = pd.concat([*tables, province], ignore_index=True)
    counts = samples.set_index("district")
    scores["n"] = scores["district"].map(counts["n"])
    scores["n_effective"] = scores["district"].map(counts["n_effective"])
    if not absent:
        is_province = scores["district"] == PROVINCE
        scores.loc[is_province, "n"] = counts["n"].sum()
        scores.loc[is_province, "n_effective"] = counts["w"].sum() ** 2 / counts["ww"].sum()
    ranked = _add_ranks(scores, present, list(nodes["key"]), np.array(drawn))
    return ranked[SCORE_COLUMNS].astype({"df": "Int64", "n": "Int64"})


def _absent_rows(nodes: pd.DataFrame, district: str) -> pd.DataFrame:
    rows = nodes[["level", "key", "code"]].reset_index(drop=True)
    empty = dict.fromkeys(("score", "se", "ci_low", "ci_high", "df"), np.nan)
    return rows.assign(**empty, flag="unit_absent", district=district)


def _add_ranks(
    scores: pd.DataFrame, districts: list[str], keys: list[str], drawn: np.ndarray
) -> pd.DataFrame:
    """Rank, rank interval, band and its probability, over the districts that have a score."""
    for column in ("rank", "rank_low", "rank_high", "ranked_n", "band_probability"):
        scores[column] = np.nan
    scores["band"] = ""
    is_district = scores["district"].isin(districts)
    for number, key in enumerate(keys):
        rows = scores.index[is_district & (scores["key"] == key)]
        values = scores.loc[rows, "score"]
        uncertain = rank_uncertainty(values.to_numpy(), drawn[:, :, number].T)
        scores.loc[rows, "rank"] = rank_descending(values)
        scores.loc[rows, "ranked_n"] = np.where(values.notna(), values.notna().sum(), np.nan)
        scores.loc[rows, "band"] = band_names(values.to_numpy())
        for column, numbers in uncertain.items():
            scores.loc[rows, column] = numbers
    integers = ["rank", "rank_low", "rank_high", "ranked_n"]
    return scores.astype(dict.fromkeys(integers, "Int64"))
