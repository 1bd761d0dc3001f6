"""Ranks and bands of unrounded scores, how sure they are, and who cannot be told apart (method §7).
Not here: the scores, or the resampling of sampling units (replicates.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from dgi.index.estimation import CONFIDENCE

BANDS = ("high", "upper_middle", "lower_middle", "low")
SIGNIFICANCE = 0.05
DIGITS = 9  # scores nearer than this are tied: the order of additions must not decide a rank


def rank_descending(scores: pd.Series) -> pd.Series:
    """Rank 1 for the highest score; ties share the better one; no score, no rank (method §7)."""
    return scores.rank(method="min", ascending=False)


def band_codes(scores: np.ndarray) -> np.ndarray:
    """Quartile band of each score along the last axis: 0 high ... 3 low, -1 where NaN.

    The cuts are the 75th, 50th and 25th percentiles (linear interpolation) of the scores
    present; a score on a cut belongs to the better band. With 63 units this gives PAPI's own
    16 / 16 / 15 / 16 (method §7).
    """
    scores = np.asarray(scores, dtype=float)
    if scores.size == 0:
        return np.full(scores.shape, -1)
    present = ~np.isnan(scores)
    ordered = np.sort(scores, axis=-1)  # NaN last
    last = np.maximum(present.sum(axis=-1, keepdims=True) - 1, 0)
    bands = np.zeros(scores.shape, dtype=int)
    for quantile in (0.75, 0.5, 0.25):
        place = quantile * last
        low = np.floor(place).astype(int)
        under = np.take_along_axis(ordered, low, axis=-1)
        over = np.take_along_axis(ordered, np.minimum(low + 1, last), axis=-1)
        bands += scores < under + (over - under) * (place - low)
    return np.where(present, bands, -1)


def band_names(scores: np.ndarray) -> np.ndarray:
    """Band of each score by name, '' where there is no score (method §7)."""
    codes = band_codes(scores)
    return np.array([*BANDS, ""], dtype=object)[codes]


@dataclass(frozen=True)
class RankUncertainty:
    """How sure the ranks of U units on K scores are; NaN where a score is suppressed.

    `low`, `high`: (U, K) best and worst plausible rank; `rank_shares`: (U, K, U) probability of
    rank 1, 2, ...; `band_shares`: (U, K, 4) probability of each band, best first.
    """

    low: np.ndarray
    high: np.ndarray
    rank_shares: np.ndarray
    band_shares: np.ndarray


def measure_rank_uncertainty(scores: np.ndarray, replicates: np.ndarray) -> RankUncertainty:
    """Rank intervals and probabilities from replicates of all units together (method §7).

    `scores`: (U, K), NaN where suppressed; `replicates`: (R, U, K). The interval holds the
    central 95% of the replicate ranks. Replicates are compared to nine decimals, so that the
    order in which a machine adds up cannot decide a rank.
    """
    present = ~np.isnan(scores)
    drawn = np.where(present, np.round(replicates, DIGITS), np.nan).transpose(0, 2, 1)  # (R, K, U)
    ranks = 1 + (drawn[..., :, None] < drawn[..., None, :]).sum(axis=-1)
    bands = band_codes(drawn)

    def shares(of: np.ndarray, places: range) -> np.ndarray:
        table = np.stack([(of == place).mean(axis=0) for place in places], axis=-1)
        return np.where(present[..., None], table.transpose(1, 0, 2), np.nan)

    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return RankUncertainty(
        np.where(present, low.T, np.nan),
        np.where(present, high.T, np.nan),
        shares(ranks, range(1, len(scores) + 1)),
        shares(bands, range(len(BANDS))),
    )


def group_indistinguishable(scores: np.ndarray, variances: np.ndarray, df: np.ndarray) -> list[str]:
    """Letters of the groups of units that cannot be told apart; '' without a score (method §7).

    `scores`, `variances`, `df`: (U,) of units with samples of their own, so that the variance of
    a difference is the sum of theirs and its t test has Welch and Satterthwaite's df. All pairs
    are one family (Benjamini-Hochberg, q < 0.05). Two units that share a letter cannot be told
    apart; a unit in no group with another stands alone (compact letter display, Piepho 2004).
    Letters run from the group with the best score.
    """
    units = np.flatnonzero(~np.isnan(scores))
    units = units[np.argsort(-scores[units], kind="stable")]
    first, second = np.triu_indices(len(units), 1)
    a, b = units[first], units[second]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = variances[a] + variances[b]
        freedom = spread**2 / (variances[a] ** 2 / df[a] + variances[b] ** 2 / df[b])
        p = 2 * stats.t.sf(np.abs(scores[a] - scores[b]) / np.sqrt(spread), freedom)
    # Two scores without any error differ when they differ; where an error is not known, or
    # rests on no degrees of freedom, nobody can be told apart.
    p = np.where(spread > 0, p, (scores[a] == scores[b]).astype(float))
    p = np.where((df[a] > 0) & (df[b] > 0) & ~np.isnan(spread), p, 1.0)
    distinct = stats.false_discovery_control(p) < SIGNIFICANCE if len(p) else np.zeros(0, bool)
    groups = [set(range(len(units)))] if len(units) else []
    for i, j in zip(first[distinct], second[distinct], strict=True):
        torn = [group for group in groups if i in group and j in group]
        groups = [group for group in groups if group not in torn]
        for part in [group - {one} for group in torn for one in (i, j)]:
            if not any(part <= group for group in groups):
                groups = [group for group in groups if not group <= part] + [part]
    letters = [""] * len(scores)
    for number, group in enumerate(sorted(groups, key=sorted)):
        for unit in sorted(group):
            letters[units[unit]] += _letter(number)
    return letters


def _letter(number: int) -> str:
    """a ... z, then a1 ... z1, and so on."""
    cycle, place = divmod(number, 26)
    return chr(ord("a") + place) + (str(cycle) if cycle else "")
