"""Estimates and their design-based errors, by linearisation over sampling units (method §4, §6).
Not here: the sums they are made from (totals.py), or how indicators add up (scores.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from dgi.index.sums import Answers
from dgi.index.totals import PsuTotals, reduce_to_cells
from dgi.survey.design import Design

CONFIDENCE = 0.95


def weighted_means(totals: PsuTotals) -> np.ndarray:
    """Hájek's (1971) means, (D, J): sum w y / sum w; NaN where nobody answered (method §4)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return totals.sums(totals.wy) / totals.sums(totals.w)


def linearised_means(totals: PsuTotals, means: np.ndarray) -> np.ndarray:
    """Linearised value of each mean, summed by cell: (C, J) (method §6).

    An indicator that nobody answered has no mean and adds nothing: its column is zero. Under
    calibration the value is that of the residuals (Binder 1983; Deville and Särndal 1992).
    """
    weight = totals.sums(totals.w)
    answered = weight > 0
    alike = np.where(answered, means, 0.0)[totals.domain] * totals.e
    z = (totals.ey - alike) / np.where(answered, weight, 1.0)[totals.domain]
    return np.where(answered[totals.domain], z, 0.0)


def estimate_ratios(
    totals: PsuTotals, numerator: Sequence[str], denominator: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of totals (D, K) of pairs of indicators, and their linearised values (method §6).

    Both of a pair should be missing together: a ratio over different people is another ratio.
    """
    top, bottom = totals.select(numerator), totals.select(denominator)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = totals.sums(top.wy) / totals.sums(bottom.wy)
        z = (top.ey - ratio[totals.domain] * bottom.ey) / totals.sums(bottom.wy)[totals.domain]
    return ratio, np.nan_to_num(z)


def estimate_contrasts(
    totals: PsuTotals, means: np.ndarray, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Linear combinations of means of any domains (K,), and their covariance (method §6).

    `coefficients`: (D, J, K). Domains that share sampling units are correlated; that is counted.
    """
    z = totals.combine(linearised_means(totals, means), coefficients)
    united = np.zeros((totals.design.size, coefficients.shape[2]))
    np.add.at(united, totals.unit, z)
    estimate = np.einsum("dj,djk->k", np.nan_to_num(means), coefficients)
    return estimate, totals.design.covariance(united)


def estimate_quantile(
    values: np.ndarray,
    weights: np.ndarray,
    unit: np.ndarray,
    domain: np.ndarray,
    design: Design,
    share: float = 0.5,
) -> pd.DataFrame:
    """A quantile by domain, such as the median, with Woodruff's (1952) interval (method §6).

    `values`: (n,), NaN where missing; `unit`, `domain`: as for reduce_to_cells. The quantile is
    the smallest value whose weighted share of answers at or below it reaches `share` (R's
    qrule="math"). The interval turns t limits of that share back into values; se is its half
    width over the t quantile, as R's svyquantile with interval.type="mean". Returns one row per
    domain: quantile, se, ci_low, ci_high, df.
    """
    answers = Answers.of(np.asarray(values, dtype=float)[:, None])
    levels = answers.levels[0]
    domain = np.asarray(domain)
    count = int(domain.max()) + 1
    kept = (answers.codes[:, 0] >= 0) & (domain >= 0)
    if not kept.any():
        raise ValueError("nobody in any domain has a value: there is no quantile")
    table = np.bincount(
        domain[kept] * len(levels) + answers.codes[kept, 0],
        np.asarray(weights, dtype=float)[kept],
        count * len(levels),
    ).reshape(count, -1)
    with np.errstate(invalid="ignore"):
        below = table.cumsum(axis=1) / table.sum(axis=1, keepdims=True)

    def value_at(shares: np.ndarray) -> np.ndarray:
        # Rounding in the sums must not push a share that is reached to the next value.
        reached = below >= shares[:, None] - 1e-12
        found = np.where(reached.any(axis=1), reached.argmax(axis=1), len(levels) - 1)
        return np.where(np.isnan(shares) | np.isnan(below[:, -1]), np.nan, levels[found])

    quantile = value_at(np.full(count, share))
    inside = np.where(np.isnan(values), np.nan, values <= quantile[np.maximum(domain, 0)])
    totals = reduce_to_cells(inside[:, None], weights, unit, domain, design, ["below"])
    reached = weighted_means(totals)
    z = linearised_means(totals, reached)
    spread = np.sqrt(totals.design.variances(z, totals.unit, totals.domain))
    df = totals.design.degrees_of_freedom(totals.unit, totals.domain)
    low, high = t_interval(reached, spread, df[:, None])
    ends = [value_at(np.clip(end[:, 0], 0, 1)) for end in (low, high)]
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, df)
    return pd.DataFrame(
        {
            "quantile": quantile,
            "se": (ends[1] - ends[0]) / (2 * half),
            "ci_low": ends[0],
            "ci_high": ends[1],
            "df": df,
        }
    )


def t_interval(
    estimate: np.ndarray, se: np.ndarray, df: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """95% interval by t with df degrees of freedom; NaN where df is 0 (method §6)."""
    quantile = stats.t.ppf(0.5 + CONFIDENCE / 2, df)
    return estimate - quantile * se, estimate + quantile * se


def p_against_zero(estimate: np.ndarray, se: np.ndarray, df: np.ndarray | int) -> np.ndarray:
    """Two-sided p of a t test (method §8); NaN where the error is 0 or not known: an error that
    the sample cannot show is no proof."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.abs(estimate / se), df)
    return np.where(se > 0, p, np.nan)


def estimate_indicators(totals: PsuTotals, min_n: np.ndarray) -> pd.DataFrame:
    """Every indicator of every domain: district, key, estimate, se, ci_low, ci_high, df, n,
    n_effective, deff, flag; domains in order, then keys.

    An indicator with fewer than `min_n` (J,) answers is suppressed: a flag, no figure
    (method §4). df is that of the units where somebody answered it, so that an indicator asked
    in few of them has the wide interval it deserves. deff compares with simple random sampling
    with replacement of the same n (R's `deff="replace"`); where everyone answers alike se is 0
    and deff, with no variance to compare, NaN.
    """
    means = weighted_means(totals)
    z = linearised_means(totals, means)
    n = totals.sums(totals.n)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = totals.sums(totals.wyy) / totals.sums(totals.w) - means**2
        varied = spread > 1e-12
        variance = np.where(varied, totals.design.variances(z, totals.unit, totals.domain), 0.0)
        deff = variance / (np.where(varied, spread, np.nan) * n / (n - 1) / n)
    df = totals.design.degrees_of_freedom(totals.unit, totals.domain, totals.n > 0)
    se = np.sqrt(variance)
    low, high = t_interval(means, se, df)
    with np.errstate(divide="ignore"):
        n_effective = np.where(deff > 0, n / deff, np.nan)
    table = pd.DataFrame(
        {
            "district": np.repeat(np.array(totals.domains, dtype=object), len(totals.keys)),
            "key": np.tile(np.array(totals.keys, dtype=object), len(totals.domains)),
            "estimate": means.ravel(),
            "se": se.ravel(),
            "ci_low": low.ravel(),
            "ci_high": high.ravel(),
            "df": df.ravel(),
            "n": n.astype("int64").ravel(),
            "n_effective": n_effective.ravel(),
            "deff": deff.ravel(),
            "flag": "observed",
        }
    )
    small = ((n < min_n) | np.isnan(means)).ravel()
    table.loc[small, ["estimate", "se", "ci_low", "ci_high", "n_effective", "deff"]] = np.nan
    table.loc[small, "flag"] = "suppressed_small_n"
    return table
