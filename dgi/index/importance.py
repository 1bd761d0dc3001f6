"""What goes with citizens' satisfaction: regression within districts and relative weights (§9).
Not here: how far a district is behind (priorities.py), or drawing replicates (replicates.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import CONFIDENCE
from dgi.survey.design import Design, pad_by_domain

# A sub-dimension that fewer people have met carries too little to be told from noise.
MIN_ANSWERED_SHARE, MIN_ANSWERED = 0.10, 100
# Relative to a variance of one: below it a column or a combination of columns does not vary.
NO_VARIANCE = 1e-10
FIGURES = ["importance", "importance_low", "importance_high", "coefficient", "coefficient_se"]


@dataclass(frozen=True)
class Regression:
    """Coefficients (P,), their design-based covariance (P, P), residual degrees of freedom."""

    coefficients: np.ndarray
    covariance: np.ndarray
    df: int


def respondent_sub_dimensions(values: np.ndarray, indicator_set: IndicatorSet) -> np.ndarray:
    """Each respondent's own sub-dimension scores on 0..1, good at 1: (n, S) in the set's order.

    `values`: (n, J) as `indicator_values` gives them, in the order of the set's indicators. The
    weighted mean of the indicators the respondent has between their goalposts, reversed where
    direction is -1; NaN where the respondent has none (method §9).
    """
    indicators = indicator_set.at("indicator")
    low, high = (indicators[name].to_numpy(float) for name in ("scale_min", "scale_max"))
    unit = (np.asarray(values, dtype=float) - low) / (high - low)
    unit = np.where(indicators["direction"].to_numpy(float) < 0, 1 - unit, unit)
    own = indicators["parent"].to_numpy()[:, None] == indicator_set.at("sub_dimension")[
        "key"].to_numpy()  # fmt: skip
    carried = own * indicators["weight"].to_numpy(float)[:, None]
    weight = ~np.isnan(unit) @ carried
    return np.nan_to_num(unit) @ carried / np.where(weight > 0, weight, np.nan)


def fit_regression(
    y: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray,
    unit: np.ndarray,
    design: Design,
    absorbed: int = 0,
) -> Regression:
    """Survey-weighted least squares with the sandwich covariance of the design (Binder 1983).

    `y`: (n,), NaN where not answered; `x`: (n, P), complete, no column added; `weights`: (n,);
    `unit`: (n,) the design's unit each lies in. A respondent with no y or no weight is zeroed,
    not dropped (method §6). The error is that of method §6 with the influence w x e (X'WX)^-1;
    df are, as R's `svyglm`, sampling units less strata with an answer, plus 1, less the rank
    and the `absorbed` means taken out of y and x beforehand. Collinear columns: the solution of
    least norm, so equal columns have equal coefficients (method §9).
    Raises LonelyPsuError as the design does, ValueError where x is not complete.
    """
    if np.isnan(x).any():
        raise ValueError("a predictor is missing for some respondents: fill it before the fit")
    counted = ~np.isnan(y) & (weights > 0)
    root = np.sqrt(np.where(counted, weights, 0.0))
    target = root * np.where(counted, y, 0.0)
    size = np.linalg.norm(root[:, None] * x, axis=0)
    size = np.where(size > 0, size, 1.0)
    left, singular, right = np.linalg.svd(root[:, None] * x / size, full_matrices=False)
    kept = singular > NO_VARIANCE * max(singular.max(initial=0.0), np.finfo(float).tiny)
    inverse = right[kept].T / singular[kept] / size[:, None]
    projected = left[:, kept].T @ target
    residual = target - left[:, kept] @ projected
    influence = (left[:, kept] * residual[:, None]) @ inverse.T
    totals = np.zeros((design.size, x.shape[1]))
    np.add.at(totals, unit, influence)
    used = np.unique(unit[counted])
    df = design.degrees_of_freedom(used, np.zeros_like(used)).sum() + 1 - kept.sum() - absorbed
    return Regression(inverse @ projected, design.covariance(totals), int(df))


def relative_weights(correlation: np.ndarray) -> np.ndarray:
    """What each predictor carries of R²: Johnson's (2000) relative weights, (..., S), above 0.

    `correlation`: (..., S+1, S+1), the outcome last; zeros for a column that does not vary. The
    predictors are replaced by the uncorrelated variables nearest to them, Rxx^(1/2); squared
    loadings share out what each of those explains. They add up to R², also where predictors are
    collinear, and equal predictors have equal weights (method §9).
    """
    values, vectors = np.linalg.eigh(correlation[..., :-1, :-1])
    kept = values > NO_VARIANCE
    root = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.where(kept, 1.0, 0.0) / np.where(kept, root, 1.0)
    turned = np.swapaxes(vectors, -1, -2)
    explained = vectors @ (inverse[..., None] * (turned @ correlation[..., :-1, -1:]))
    loadings = (vectors * root[..., None, :]) @ turned
    return (loadings**2 @ explained**2)[..., 0]


def measure_importance(
    y: np.ndarray,
    x: np.ndarray,
    keys: list[str],
    weights: np.ndarray,
    unit: np.ndarray,
    district: np.ndarray,
    design: Design,
    factors: np.ndarray,
) -> pd.DataFrame:
    """How closely each sub-dimension goes with overall satisfaction, within districts (method §9).

    `y`: (n,) satisfaction, more is better, NaN where not answered; `x`: (n, S) respondents' own
    sub-dimension scores, NaN where not met; `unit`: (n,) the design's unit each lies in;
    `district`: (U,) label of each unit; `factors`: (R, U), R above 0, of a Rao-Wu bootstrap
    (Rao, Wu & Yue 1992). One row per key: importance, its share of R² (0..1, relative weights,
    Johnson 2000), with the central 95% of its replicates; coefficient and its error, in points
    of y per standard deviation of the score among those who have it; df; r_squared, within
    districts; answered_n; answered_share (by weight, of those with y); flag. Raises what
    `fit_regression` raises.

    District means are taken out of y and x: a difference between districts is no importance. A
    score that a respondent has not is set to the district's mean. So nobody is dropped for not
    having met a service, and importance is that for all citizens: R² of those who met it is
    thinned by their share, as it is by noise in the answers, and correlated sub-dimensions take
    over a little of what is lost. Under MIN_ANSWERED_SHARE or MIN_ANSWERED people:
    'suppressed_small_n'; where the score or y does not vary: 'no_variation'; neither takes
    part. Association, never an effect.
    """
    counted = ~np.isnan(y) & (weights > 0)
    w = np.where(counted, weights, 0.0)
    w = w / max(w.sum(), np.finfo(float).tiny)
    number, names = pd.factorize(np.asarray(district, dtype=object), sort=True)
    both = np.where(counted[:, None], np.column_stack([x, y]), np.nan)
    centred, spread = _centre(both, w, number[unit], len(names))
    present = ~np.isnan(both)
    n, share = present.sum(axis=0)[:-1], (w @ present)[:-1]
    few = (share < MIN_ANSWERED_SHARE) | (n < MIN_ANSWERED)
    flat = spread[:-1] * spread[-1] == 0
    flags = np.select([few, flat], ["suppressed_small_n", "no_variation"], "observed")
    table = pd.DataFrame({"key": keys, **dict.fromkeys(FIGURES, np.nan), "r_squared": np.nan,
                          "df": pd.NA, "answered_n": n, "answered_share": share,
                          "flag": flags}).astype({"df": "Int64"})  # fmt: skip
    used = np.append(flags == "observed", True)
    if used.sum() == 1:
        return table
    z = np.nan_to_num(centred[:, used]) / spread[used]
    products = _unit_products(np.hstack([z, present[:, used]]), w, unit, design.size)
    carried = relative_weights(_correlations(products, np.ones((1, design.size)), number))[0]
    drawn = relative_weights(_correlations(products, factors, number))
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = drawn / drawn.sum(axis=1, keepdims=True)
        importance = carried / carried.sum()
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail], axis=0)
    absorbed = len(np.unique(number[unit[counted]]))
    outcome = np.where(counted, z[:, -1] * spread[-1], np.nan)
    fit = fit_regression(outcome, z[:, :-1], w, unit, design, absorbed)
    if fit.df < 1:
        # Fewer sampling units than coefficients: nothing can be said of any of them.
        return table.assign(flag="suppressed_small_n")
    figures = [importance, low, high, fit.coefficients, np.sqrt(np.diag(fit.covariance))]
    table.loc[used[:-1], FIGURES] = np.column_stack(figures)
    return table.assign(r_squared=carried.sum(), df=fit.df).astype({"df": "Int64"})


def _centre(
    values: np.ndarray, w: np.ndarray, group: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Less the group's weighted mean of those who have it, and the spread left (0: none)."""
    present = ~np.isnan(values)
    member = (group == np.arange(groups)[:, None]) * w
    weight = member @ present
    means = member @ np.nan_to_num(values) / np.where(weight > 0, weight, 1.0)
    centred = values - means[group]
    square = w @ np.nan_to_num(centred) ** 2 / np.maximum(w @ present, np.finfo(float).tiny)
    scale = np.max(np.abs(np.nan_to_num(values)), axis=0, initial=0.0)
    return centred, np.where(square > (NO_VARIANCE * scale) ** 2, np.sqrt(square), 0.0)


def _unit_products(values: np.ndarray, w: np.ndarray, unit: np.ndarray, size: int) -> np.ndarray:
    """(U, K, K) sums of w v v' over each unit's respondents: all that any replicate needs."""
    order = np.argsort(unit, kind="stable")
    rows = values[order] * np.sqrt(w[order])[:, None]
    padded = pad_by_domain(rows, unit[order], size)
    return np.swapaxes(padded, 1, 2) @ padded


def _correlations(products: np.ndarray, factors: np.ndarray, district: np.ndarray) -> np.ndarray:
    """(R, P, P) within districts, centred anew under each replicate; zeros where no variance.

    `products`: (U, 2P, 2P) of [values zero where missing, 1 where present].
    """
    size = products.shape[1] // 2
    within = np.zeros((len(factors), size, size))
    for number in np.unique(district):
        own = district == number
        sums = np.tensordot(factors[:, own], products[own], axes=1)
        moment, crossed, weight = (
            sums[:, :size, :size], sums[:, size:, :size], sums[:, size:, size:])  # fmt: skip
        known = np.diagonal(weight, axis1=1, axis2=2)
        means = np.diagonal(crossed, axis1=1, axis2=2) / np.where(known > 0, known, 1.0)
        shifted = means[:, :, None] * crossed
        within += moment - shifted - np.swapaxes(shifted, 1, 2)
        within += means[:, :, None] * means[:, None, :] * weight
    variance = np.diagonal(within, axis1=1, axis2=2)
    varies = variance > NO_VARIANCE
    scale = varies / np.sqrt(np.where(varies, variance, 1.0))
    return within * scale[:, :, None] * scale[:, None, :]
