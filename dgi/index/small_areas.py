"""Small-area estimates: a district's own score drawn to a regression over districts (method §11).
Not here: the direct scores and their errors (scores.py); nothing here takes their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from dgi.index.scores import PROVINCE

Method = Literal["reml", "ml", "fh"]
GRID = 100
ROUNDS = 100


@dataclass(frozen=True)
class AreaModel:
    """Fitted y_i = x_i'b + v_i + e_i, var v_i = model_variance, var e_i known (method §11).

    `estimate` (m,) is the EBLUP and `mse` (m,) its second-order error, squared units of y;
    `shrinkage` (m,) is the direct estimate's share, 1 direct ... 0 regression; `kind` (m,) is
    'model', or 'synthetic' for an area that could not enter the fit and gets x'b. A
    model_variance of 0 is truncated there: every shrinkage is 0 and every estimate x'b.
    `log_likelihood`, `aic` and `bic` are of the full likelihood whatever the method. `converged`
    says whether the search settled within ROUNDS; figures without it must not be used.
    """

    coefficients: np.ndarray
    coefficient_se: np.ndarray
    model_variance: float
    estimate: np.ndarray
    mse: np.ndarray
    shrinkage: np.ndarray
    kind: np.ndarray
    log_likelihood: float
    aic: float
    bic: float
    rounds: int
    converged: bool


def fit_fay_herriot(
    direct: np.ndarray, variance: np.ndarray, x: np.ndarray, method: Method = "reml"
) -> AreaModel:
    """Area-level model of Fay & Herriot (1979); `direct`, `variance` (m,), `x` (m, p) (method §11).

    An intercept is a column of x. An area whose direct or variance is NaN, or its variance 0,
    stays out of the fit and is 'synthetic'. The mse adds the errors of b and of the model
    variance (Prasad & Rao 1990; Datta & Lahiri 2000; Rao & Molina 2015, ch. 6); a synthetic
    area's is its limit as the variance grows. Under 'fh' with very unequal variances it can fall
    below 0. Raises ValueError on input that bears no model; a search that does not settle raises
    nothing and is flagged in `converged`.
    """
    y, d, x = (np.asarray(values, dtype=float) for values in (direct, variance, x))
    if method not in ("reml", "ml", "fh"):
        raise ValueError(f"method {method!r} is not known: use reml, ml or fh")
    if not np.isfinite(x).all() or np.isinf([y, d]).any() or (d < 0).any():
        raise ValueError("the covariates must be complete and the variances finite, 0 or more")
    fitted, p = ~np.isnan(y) & (d > 0), x.shape[1]
    m = int(fitted.sum())
    if m <= p + 2:
        raise ValueError(
            f"{m} areas have an estimate with an error, and a model with {p} coefficients needs "
            f"at least {p + 3}: use fewer covariates, or publish the direct estimates alone"
        )
    if np.linalg.matrix_rank(x[fitted]) < p:
        raise ValueError("the covariates repeat one another or do not vary: leave one out")
    basis, back = np.linalg.qr(x[fitted])
    a, rounds, converged = _find_model_variance(y[fitted], d[fitted], basis, method)
    weights, inverse, beta, *_ = _regress(np.array([a]), y[fitted], d[fitted], basis, method)
    beta = np.linalg.solve(back, beta[0])
    spread = np.linalg.solve(back, np.linalg.solve(back, inverse[0]).T)
    # Outside the fit an area has no weight and all of b: one formula then serves every area.
    w, b = np.zeros(len(y)), np.ones(len(y))
    w[fitted], b[fitted] = weights[0], d[fitted] * weights[0]
    synthetic = x @ beta
    residual = np.where(fitted, y - synthetic, 0.0)
    s1, s2 = w.sum(), (w**2).sum()
    error_of_a = 2 * m / s1**2 if method == "fh" else 2 / s2
    bias_of_a = {
        "reml": 0.0,
        "ml": -np.sum(spread * ((x.T * w**2) @ x)) / s2,
        "fh": 2 * (m * s2 - s1**2) / s1**3,
    }[method]
    leverage = np.einsum("mp,pq,mq->m", x, spread, x)
    likelihood = float(0.5 * (np.log(weights / (2 * np.pi)).sum() - (w * residual**2).sum()))
    return AreaModel(
        coefficients=beta,
        coefficient_se=np.sqrt(np.diag(spread)),
        model_variance=a,
        estimate=synthetic + a * w * residual,
        mse=a * b + b**2 * (leverage + 2 * w * error_of_a - bias_of_a),
        shrinkage=a * w,
        kind=np.where(fitted, "model", "synthetic").astype(object),
        log_likelihood=likelihood,
        aic=-2 * likelihood + 2 * (p + 1),
        bic=-2 * likelihood + float(np.log(m)) * (p + 1),
        rounds=rounds,
        converged=converged,
    )


def estimate_small_areas(current: pd.DataFrame, base: pd.DataFrame | None = None) -> pd.DataFrame:
    """Model scores beside the direct ones, in points, by district and node (method §11).

    `current`, `base`: direct scores of this year and of the year before on this year's boundary
    (district, level, key, score, se); province rows are ignored. Adds model_score, model_se,
    shrinkage, kind, covariate ('base_year', or 'none' where a district has no base score: then
    the node's intercept-only model), helps (model_se below direct_se), flag. By REML, node by
    node, not benchmarked; a node with too few districts has no model figure, kind 'none'. The
    model takes each se and the base score as known (Ybarra & Lohr 2008 would not) and the years'
    sampling errors as independent, which units surveyed in both years are not: `helps` rests on
    an mse that may so be too small. Raises ValueError where a fit does not converge or a
    district has a node twice.
    """
    columns = ["district", "level", "key", "score", "se"]
    table = current.loc[current["district"] != PROVINCE, columns]
    table = table.rename(columns={"score": "direct_score", "se": "direct_se"})
    earlier = (current.head(0) if base is None else base).rename(columns={"score": "base_score"})
    earlier = earlier[["district", "key", "base_score"]]
    table = table.merge(earlier, on=["district", "key"], how="left", validate="one_to_one")
    figures = ["model_score", "model_se", "shrinkage"]
    table = table.assign(**dict.fromkeys(figures, np.nan), kind="none", covariate="none")
    for key, node in table.groupby("key", sort=False):
        design = node[["base_score"]].astype(float).assign(one=1.0)
        # The second fit overwrites the first wherever a district has its base score.
        for covariate, x in (("none", design[["one"]]), ("base_year", design.dropna())):
            own = node.loc[x.index]
            y, d = own["direct_score"].to_numpy(float), own["direct_se"].to_numpy(float) ** 2
            entering = x[~np.isnan(y) & (d > 0)]
            p = x.shape[1]
            if len(entering) <= p + 2 or np.linalg.matrix_rank(entering) < p:
                continue
            model = fit_fay_herriot(y, d, x.to_numpy())
            if not model.converged:
                raise ValueError(f"{key}: the model variance did not settle in {ROUNDS} rounds")
            numbers = [model.estimate, np.sqrt(model.mse), model.shrinkage]
            table.loc[x.index, figures] = np.column_stack(numbers)
            table.loc[x.index, "kind"] = model.kind
            table.loc[x.index, "covariate"] = covariate
    table["helps"] = table["model_se"] < table["direct_se"]
    return table.drop(columns="base_score").assign(flag="model_based")


def _regress(
    a: np.ndarray, y: np.ndarray, d: np.ndarray, basis: np.ndarray, method: Method
) -> tuple[np.ndarray, ...]:
    """At each model variance a (k,): weights (k, m), (X'WX)^-1 (k, p, p), coefficients (k, p),
    slope (k,), above 0 where the method wants a larger a, and log-likelihood (k,)."""
    w = 1 / (a[:, None] + d)
    inverse = np.linalg.inv((basis.T * w[:, None, :]) @ basis)
    beta = np.einsum("kpq,mq,km,m->kp", inverse, basis, w, y)
    residual = y - beta @ basis.T
    squares, trace = (w * residual**2).sum(axis=1), w.sum(axis=1)
    likelihood = 0.5 * (np.log(w).sum(axis=1) - squares)
    if method == "fh":
        return w, inverse, beta, squares - (basis.shape[0] - basis.shape[1]), likelihood
    if method == "reml":
        trace = trace - np.einsum("kpq,mp,mq,km->k", inverse, basis, basis, w**2)
        likelihood = likelihood + 0.5 * np.linalg.slogdet(inverse)[1]
    return w, inverse, beta, ((w * residual) ** 2).sum(axis=1) - trace, likelihood


def _find_model_variance(
    y: np.ndarray, d: np.ndarray, basis: np.ndarray, method: Method
) -> tuple[float, int, bool]:
    """The method's model variance, at least 0; rounds taken; whether the search settled."""
    squares = ((y - basis @ (basis.T @ y)) ** 2).sum()
    # From this bound on every slope is below 0, so no root lies to the right of it.
    bound = d.max() + 2 * squares / (basis.shape[0] - basis.shape[1])
    grid = np.geomspace(d.min(), d.min() + bound, GRID) - d.min()
    *_, slope, likelihood = _regress(grid, y, d, basis, method)
    # 0 itself is a candidate where the slope falls from it; of several the likeliest is taken.
    rises = np.concatenate([[True], slope > 0])
    tops = np.flatnonzero(rises[:-1] & ~rises[1:])
    top = tops[np.argmax(likelihood[tops])]
    low, high, rounds = grid[max(top - 1, 0)], grid[top], 0
    while high - low > 1e-14 * (high + d.min()) and rounds < ROUNDS:
        points = np.linspace(low, high, GRID)
        falls = _regress(points, y, d, basis, method)[3] <= 0
        # Rounding may lift the last point's slope above 0: the end of the bracket stays its end.
        at = max(int(np.argmax(falls)), 1) if falls.any() else GRID - 1
        low, high, rounds = points[at - 1], points[at], rounds + 1
    return float(high), rounds, bool(high - low <= 1e-14 * (high + d.min()))
