"""Ranks and bands of unrounded scores, and how sure they are (method §7).
Not here: the scores, or the resampling of sampling units (estimation.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd

BANDS = ("high", "upper_middle", "lower_middle", "low")


def rank_descending(scores: pd.Series) -> pd.Series:
    """Rank 1 for the highest score; ties share the better rank; a missing score has none."""
    return scores.rank(method="min", ascending=False)


def band_codes(scores: np.ndarray) -> np.ndarray:
    """Quartile band of each score along the last axis: 0 high ... 3 low, -1 where NaN.

    The cuts are the 75th, 50th and 25th percentiles (linear interpolation) of the scores
    present; a score on a cut belongs to the better band. With 63 units this gives PAPI's own
    16 / 16 / 15 / 16 (method §7).
    """
    scores = np.asarray(scores, dtype=float)
    if scores.size == 0 or np.isnan(scores).all():
        return np.full(scores.shape, -1)
    with np.errstate(invalid="ignore"):
        quantile = np.nanquantile if np.isnan(scores).any() else np.quantile  # the latter is fast
        cuts = quantile(scores, [0.75, 0.5, 0.25], axis=-1, keepdims=True)
        bands = (scores < cuts[0]).astype(int) + (scores < cuts[1]) + (scores < cuts[2])
    return np.where(np.isnan(scores), -1, bands)


def band_names(scores: np.ndarray) -> np.ndarray:
    """Band of each score by name, '' where there is no score."""
    codes = band_codes(scores)
    return np.array([*BANDS, ""], dtype=object)[codes]


def rank_uncertainty(scores: np.ndarray, replicates: np.ndarray, level: float = 0.95) -> dict:
    """Rank interval and band probability of each unit from replicates of all units together.

    `scores`: (U,), NaN where suppressed; `replicates`: (R, U). Returns arrays of length U:
    rank_low (best plausible rank), rank_high, band_probability (share of replicates in which
    the unit falls in the band of its published score); NaN where suppressed. The interval
    holds the central `level` of the replicate ranks.
    """
    scores = np.asarray(scores, dtype=float)
    present = ~np.isnan(scores)
    low = np.full(scores.shape, np.nan)
    high, probability = low.copy(), low.copy()
    if present.sum() == 0:
        return {"rank_low": low, "rank_high": high, "band_probability": probability}
    drawn = np.asarray(replicates, dtype=float)[:, present]
    ranks = 1 + (drawn[:, :, None] < drawn[:, None, :]).sum(axis=2)
    tail = (1 - level) / 2
    low[present] = np.quantile(ranks, tail, axis=0, method="inverted_cdf")
    high[present] = np.quantile(ranks, 1 - tail, axis=0, method="inverted_cdf")
    probability[present] = (band_codes(drawn) == band_codes(scores[present])).mean(axis=0)
    return {"rank_low": low, "rank_high": high, "band_probability": probability}
