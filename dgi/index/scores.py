"""Scores: means added up the tree, exact linearised errors, ranks, bands (method §4, §6, §7).
Not here: the means themselves (estimation.py), or change between years (dgi.change)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import linearised_means, t_interval, weighted_means
from dgi.index.ranking import (
    BANDS,
    DIGITS,
    band_names,
    group_indistinguishable,
    measure_rank_uncertainty,
    rank_descending,
)
from dgi.index.replicates import design_for_resampling, draw_bootstrap, replicate_means
from dgi.index.totals import PsuTotals

PROVINCE = "province"
REPLICATES = 1000
NOISE = 1e-9
FLAGS = ("observed", "reweighted", "common_core", "suppressed_incomplete")
OBSERVED, REWEIGHTED, COMMON_CORE, SUPPRESSED = range(4)
BAND_SHARES = [f"{band}_share" for band in BANDS]
SCORE_COLUMNS = [
    "district", "level", "key", "code", "score", "se", "ci_low", "ci_high", "df", "n",
    "n_effective", "rank", "rank_low", "rank_high", "ranked_n", "band", "band_probability",
    *BAND_SHARES, "tie_group", "flag",
]  # fmt: skip
Aggregation = Literal["arithmetic", "geometric"]


@dataclass(frozen=True)
class ScoringRule:
    """How the tree turns indicator means into scores in each of D domains.

    For domain d and node k: score = constants[d, k] + coefficients[d, k] @ means[d]. `codes`
    (D, K): why a node is what it is, as a place in FLAGS.
    """

    nodes: pd.DataFrame
    keys: tuple[str, ...]
    constants: np.ndarray
    coefficients: np.ndarray
    codes: np.ndarray

    @property
    def is_scored(self) -> np.ndarray:
        """(D, K) whether a node has a score."""
        return self.codes != SUPPRESSED

    @property
    def flags(self) -> np.ndarray:
        """(D, K) the codes by name."""
        return np.array(FLAGS, dtype=object)[self.codes]

    def apply(self, means: np.ndarray) -> np.ndarray:
        """(..., K) scores from means (..., J) of one domain each; domains lead. NaN where none."""
        means = np.nan_to_num(means)
        if means.ndim == 2:
            scores = self.constants + np.einsum("dkj,dj->dk", self.coefficients, means)
            return np.where(self.is_scored, scores, np.nan)
        scores = self.constants[:, None, :] + means @ self.coefficients.transpose(0, 2, 1)
        return np.where(self.is_scored[:, None, :], scores, np.nan)


def scoring_rule(
    indicator_set: IndicatorSet, present: np.ndarray, partial: bool = False
) -> ScoringRule:
    """The linear rule of the tree, given which indicators have an estimate (method §4).

    `present`: (D, J) by domain, in the order of the set's indicators. A sub-dimension whose share
    of present indicators falls short of its min_share is suppressed, and so is every dimension
    and the total above it, unless `partial`: then they are the sum of the sub-dimensions that
    remain (the common core of method §8). Where some indicators are missing but enough are
    there, the others carry their weight: flag 'reweighted'.
    """
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"].reset_index(drop=True)
    indicators = indicator_set.at("indicator")
    present = np.atleast_2d(np.asarray(present, dtype=bool))
    low = indicators["scale_min"].to_numpy(float)
    span = indicators["scale_max"].to_numpy(float) - low
    sign = indicators["direction"].to_numpy(float)
    # t_j = offset_j + slope_j * mean_j is the indicator on 0..1, good at 1.
    slope = sign / span
    offset = np.where(sign > 0, -low / span, 1 + low / span)

    shape = (len(present), len(nodes))
    constants, coefficients = np.zeros(shape), np.zeros((*shape, len(indicators)))
    codes = np.full(shape, OBSERVED)
    subs = np.flatnonzero(nodes["level"] == "sub_dimension")
    own = indicators["parent"].to_numpy() == nodes["key"].to_numpy()[subs, None]  # (S, J)
    weight = own * indicators["weight"].to_numpy(float)
    kept = weight * present[:, None, :]
    found = (own & present[:, None, :]).sum(axis=2)
    asked = own.sum(axis=1)
    least = np.maximum(nodes["min_share"].fillna(0).to_numpy(float)[subs] * asked, 1)
    scored = found >= least
    thinned = scored & (found < asked)
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = np.where(thinned, weight.sum(axis=1) / kept.sum(axis=2), 1.0)
    kept = np.where(scored[..., None], kept * lift[..., None], 0.0)
    floor = nodes["scale_min"].to_numpy(float)[subs]
    width = nodes["scale_max"].to_numpy(float)[subs] - floor
    constants[:, subs] = np.where(scored, floor + width * (kept @ offset), 0.0)
    coefficients[:, subs] = width[:, None] * kept * slope
    codes[:, subs] = np.where(scored, np.where(thinned, REWEIGHTED, OBSERVED), SUPPRESSED)

    for level in ("dimension", "total"):
        above = np.flatnonzero(nodes["level"] == level)
        child = (nodes["parent"].to_numpy() == nodes["key"].to_numpy()[above, None]).astype(int)
        rated = codes != SUPPRESSED
        count = rated @ child.T
        constants[:, above] = (constants * rated) @ child.T
        coefficients[:, above] = np.einsum("ak,dk,dkj->daj", child, rated, coefficients)

        def any_is(code: int, child: np.ndarray = child) -> np.ndarray:
            return (codes == code) @ child.T > 0

        whole = count == child.sum(axis=1)
        code = np.where(any_is(REWEIGHTED), REWEIGHTED, OBSERVED)
        code = np.where(~whole | any_is(COMMON_CORE), COMMON_CORE, code)
        code = np.where((count == 0) | (~whole & (not partial)), SUPPRESSED, code)
        codes[:, above] = code
        constants[:, above] *= code != SUPPRESSED
        coefficients[:, above] *= (code != SUPPRESSED)[..., None]
    return ScoringRule(nodes, tuple(indicators["key"]), constants, coefficients, codes)


def has_estimate(totals: PsuTotals, indicator_set: IndicatorSet) -> np.ndarray:
    """(D, J) whether each indicator reached its min_n in each domain (method §4)."""
    min_n = indicator_set.at("indicator")["min_n"].to_numpy(float)
    return (totals.sums(totals.n) >= min_n) & (totals.sums(totals.w) > 0)


def without_noise(values: np.ndarray, nodes: pd.DataFrame) -> np.ndarray:
    """(D, K) values, 0 where below a billionth of the node's scale (method §6).

    Where everybody answers alike, sums leave rounding of 1e-16 that a test would call certain.
    """
    width = (nodes["scale_max"] - nodes["scale_min"]).to_numpy(float)
    return np.where(np.abs(values) < NOISE * width, 0.0, values)


@dataclass(frozen=True)
class Scores:
    """Scores of D domains on K nodes: `score`, `variance` (D, K), NaN where suppressed;
    `df` (D,); `z` (C, K) linearised values by cell, from which any combination has its error."""

    rule: ScoringRule
    score: np.ndarray
    variance: np.ndarray
    df: np.ndarray
    z: np.ndarray

    def to_frame(self, domains: Sequence[str]) -> pd.DataFrame:
        """Long: district, level, key, code, score, se, ci_low, ci_high, df, flag."""
        nodes = self.rule.nodes[["level", "key", "code"]]
        table = pd.concat([nodes] * len(domains), ignore_index=True)
        df = np.repeat(self.df, len(nodes))
        se = np.sqrt(self.variance.ravel())
        low, high = t_interval(self.score.ravel(), se, df)
        return table.assign(
            district=np.repeat(np.array(domains, dtype=object), len(nodes)),
            score=self.score.ravel(), se=se, ci_low=low, ci_high=high, df=df,
            flag=self.rule.flags.ravel(),
        )  # fmt: skip


def score_domains(
    totals: PsuTotals, indicator_set: IndicatorSet, aggregation: Aggregation = "arithmetic"
) -> Scores:
    """All scores of every domain with exact linearised errors (method §6).

    `totals`: indicators in the set's order. A score is linear in the means, so its linearised
    value is the same combination of theirs, every covariance counted. `aggregation` geometric:
    the total is the geometric mean of the dimensions times their number, its error by the
    delta method; a domain with a dimension at or below zero has none.
    """
    rule = scoring_rule(indicator_set, has_estimate(totals, indicator_set))
    means = weighted_means(totals)
    score = rule.apply(means)
    z = totals.combine(linearised_means(totals, means), rule.coefficients.transpose(0, 2, 1))
    if aggregation == "geometric":
        total = np.flatnonzero(rule.nodes["level"] == "total")
        parts = np.flatnonzero(rule.nodes["level"] == "dimension")
        whole, gradient = geometric_mean(score[:, parts], np.full(len(parts), 1 / len(parts)))
        score[:, total] = len(parts) * whole[:, None]
        slopes = np.nan_to_num(len(parts) * gradient)[totals.domain]
        z[:, total] = (z[:, parts] * slopes).sum(axis=1, keepdims=True)
    variance = totals.design.variances(z, totals.unit, totals.domain)
    variance = np.where(np.isnan(score), np.nan, without_noise(np.sqrt(variance), rule.nodes) ** 2)
    df = totals.design.degrees_of_freedom(totals.unit, totals.domain)
    return Scores(rule, score, variance, df, z)


def geometric_mean(parts: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """exp(sum_m weights_m log parts_m) and its gradient (method §6).

    `parts`: (D, M); `weights`: (M,). Returns (D,) and (D, M), which the delta method multiplies
    with the parts' linearised values. NaN where a part is missing or not above zero.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(parts > 0, parts, np.nan))
        whole = np.exp(logs @ weights)
        return whole, whole[:, None] * weights / parts


def replicate_scores(totals: PsuTotals, rule: ScoringRule, factors: np.ndarray) -> np.ndarray:
    """(R, D, K) scores of every domain under each replicate; `factors`: (R, U) (method §7)."""
    return rule.apply(replicate_means(totals, factors)).transpose(1, 0, 2)


def score_districts(
    totals: PsuTotals,
    samples: pd.DataFrame,
    indicator_set: IndicatorSet,
    expected: Sequence[str],
    seed: int = 0,
    replicates: int = REPLICATES,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every district and the province, ranked; and the probability of each rank (method §7).

    `totals`: PSUs of all districts of the year; `samples`: as `sample_sizes` returns
    them; `expected`: districts the year must have. A district that is expected and not there
    gets rows with flag 'unit_absent' and no figure, and the province is withheld with it: a
    province without one of its districts is another province. Ranks are over unsuppressed,
    unrounded scores; their uncertainty by Rao-Wu bootstrap from one seeded stream. The second
    table has district, level, key, rank, probability for every district that is ranked.
    """
    present = list(totals.domains)
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    scores = score_domains(totals, indicator_set)
    design = design_for_resampling(totals.design, totals.domain_of_units())
    bootstrap = draw_bootstrap(design, replicates, np.random.default_rng(seed))
    drawn = replicate_scores(totals, scores.rule, bootstrap.factors)
    table, probabilities = _add_ranks(scores, present, drawn)
    absent = [district for district in expected if district not in present]
    parts = [table, *(_absent_rows(nodes, district) for district in absent)]
    if absent:
        parts.append(_absent_rows(nodes, PROVINCE))
    else:
        province = totals.together(PROVINCE)
        parts.append(score_domains(province, indicator_set).to_frame([PROVINCE]))
    whole = pd.concat(parts, ignore_index=True)
    whole[["band", "tie_group"]] = whole[["band", "tie_group"]].fillna("")
    counts = samples.set_index("district")
    whole["n"] = whole["district"].map(counts["n"])
    whole["n_effective"] = whole["district"].map(counts["n_effective"])
    if not absent:
        is_province = whole["district"] == PROVINCE
        whole.loc[is_province, "n"] = counts["n"].sum()
        whole.loc[is_province, "n_effective"] = counts["w"].sum() ** 2 / counts["ww"].sum()
    integers = ["df", "n", "rank", "rank_low", "rank_high", "ranked_n"]
    return whole[SCORE_COLUMNS].astype(dict.fromkeys(integers, "Int64")), probabilities


def _absent_rows(nodes: pd.DataFrame, district: str) -> pd.DataFrame:
    rows = nodes[["level", "key", "code"]].reset_index(drop=True)
    empty = dict.fromkeys(("score", "se", "ci_low", "ci_high", "df"), np.nan)
    return rows.assign(**empty, flag="unit_absent", district=district)


def _add_ranks(
    scores: Scores, districts: list[str], drawn: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank, interval, band, their probabilities and groups, over the districts with a score."""
    score = np.round(scores.score, DIGITS)
    sure = measure_rank_uncertainty(score, drawn)
    present = ~np.isnan(score)
    rank = rank_descending(pd.DataFrame(score)).to_numpy(float)
    bands = band_names(score.T).T
    own = np.argmax(np.array(BANDS, dtype=object) == bands[..., None], axis=-1)
    band_probability = np.take_along_axis(sure.band_shares, own[..., None], axis=-1)[..., 0]
    groups = [
        group_indistinguishable(score[:, k], scores.variance[:, k], scores.df)
        for k in range(score.shape[1])
    ]
    table = scores.to_frame(districts).assign(
        rank=rank.ravel(),
        rank_low=sure.low.ravel(),
        rank_high=sure.high.ravel(),
        ranked_n=np.where(present, present.sum(axis=0), np.nan).ravel(),
        band=bands.ravel(),
        band_probability=band_probability.ravel(),
        tie_group=np.array(groups, dtype=object).T.ravel(),
        **dict(zip(BAND_SHARES, sure.band_shares.reshape(-1, len(BANDS)).T, strict=True)),
    )
    places = len(districts)
    chances = (
        table[["district", "level", "key"]]
        .loc[table.index.repeat(places)]
        .assign(
            rank=np.tile(np.arange(1, places + 1), len(table)),
            probability=sure.rank_shares.ravel(),
        )
    )
    return table, chances.dropna(subset=["probability"]).reset_index(drop=True)
