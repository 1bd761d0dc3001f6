"""Calibration of weights to known totals, their bounds, and non-response classes (method §5).
Not here: a survey's own stages and margins (weights.py), or any standard error (dgi.index)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Distance = Literal["linear", "raking", "logit"]
TOLERANCE = 1e-12  # relative gap to a total at which calibration stops
ACCEPTED = 1e-9  # relative gap above which calibration has failed
ROUNDS = 200
RAKE_TOLERANCE = 1e-10
RAKE_ROUNDS = 500
RANK = 1e-10  # singular values below this share of the largest are collinearity
RIDGES = 10.0 ** np.arange(-13, 7)  # added to the curvature: from Newton's step to a short one


@dataclass(frozen=True)
class Calibrated:
    """Calibrated `weights` (n,), their `ratio` g (n,) to the base weights, and how they came.

    `largest_gap`: of a column's sum from its total, relative. `converged` is always true:
    weights that miss a total are never returned, `calibrate` raises instead.
    """

    weights: np.ndarray
    ratio: np.ndarray
    rounds: int
    largest_gap: float
    converged: bool = True


@np.errstate(over="ignore", invalid="ignore")  # a step that overflows is not chosen
def calibrate(
    weights: np.ndarray,
    x: np.ndarray,
    totals: np.ndarray,
    distance: Distance = "linear",
    bounds: tuple[float, float] | None = None,
) -> Calibrated:
    """Weights nearest to the base `weights` (n,) under which `x` (n, P) sums to `totals` (P,).

    `distance`: 'linear' (the regression estimator; with `bounds`, truncated), 'raking' (never
    negative) or 'logit'. `bounds` (low, high): range of the ratio to the base weight, around 1;
    logit needs them, raking has none. Columns of `x` may be collinear, such as two whole margins,
    if their totals agree (method §5; Deville and Särndal 1992). Raises ValueError for unusable
    input, for bounds that cannot hold, and for a total not met: which column, and by how much.
    """
    base, x, totals = (np.asarray(array, dtype=float) for array in (weights, x, totals))
    low, high = _check_input(base, x, totals, distance, bounds)
    scale = np.abs(x).max(axis=0, initial=0)
    scale[scale == 0] = 1
    # Columns made orthonormal under the base weights, which cuts collinearity off once.
    _, size, right = np.linalg.svd(np.sqrt(base)[:, None] * (x / scale), full_matrices=False)
    kept = size > RANK * size.max(initial=0)
    basis = x / scale @ right[kept].T / size[kept]
    wanted = right[kept] @ (totals / scale) / size[kept]

    def judge(place: np.ndarray) -> tuple[float, float]:
        ratio, _, cost = _ratios(basis @ place, distance, low, high)
        return base @ cost - wanted @ place, float(np.linalg.norm(wanted - (base * ratio) @ basis))

    place, rounds = np.zeros(len(wanted)), 0
    while True:
        ratio, slope, _ = _ratios(basis @ place, distance, low, high)
        gaps = _relative_gaps(base * ratio, x, totals)
        if gaps.max(initial=0) < TOLERANCE or rounds == ROUNDS:
            break
        curvature, axes = np.linalg.eigh((basis.T * (base * slope)) @ basis)
        downhill = axes.T @ (wanted - (base * ratio) @ basis)
        places = place + (axes @ (downhill[:, None] / (np.abs(curvature)[:, None] + RIDGES))).T
        # The convex cost leads out of bounds where Newton is blind; once it is flat to rounding,
        # the misfit still tells steps apart.
        now, tried = judge(place), np.nan_to_num([judge(spot) for spot in places], nan=np.inf)
        by = int(not tried[:, 0].min() < now[0] - TOLERANCE * base.sum())
        if not tried[:, by].min() < now[by]:
            break
        place, rounds = places[tried[:, by].argmin()], rounds + 1
    if not gaps.max(initial=0) < ACCEPTED:
        worst = int(gaps.argmax())
        raise ValueError(
            f"column {worst} of x is off its total {totals[worst]:.6g} by {gaps[worst]:.2%} after "
            f"{rounds} rounds: check that the totals agree with one another and join its category "
            "to a neighbour"
            + (f"; or bounds {bounds} are infeasible: widen them" if bounds else "")
        )
    return Calibrated(base * ratio, ratio, rounds, float(gaps.max(initial=0)))


def _check_input(
    base: np.ndarray, x: np.ndarray, totals: np.ndarray, distance: str, bounds: tuple | None
) -> tuple[float, float]:
    """The bounds as two numbers; ValueError for what no calibration could use."""
    low, high = bounds or (-np.inf, np.inf)
    known = {("linear", False), ("linear", True), ("raking", False), ("logit", True)}
    finite = np.isfinite([base.sum(), x.sum(), totals.sum()]).all()
    for wrong, message in (
        (x.shape != (len(base), len(totals)), "x needs a row per weight and a column per total"),
        (not finite, "weights, x and totals must be numbers: fill or drop what is missing"),
        ((base < 0).any(), "base weights are below 0: correct the design"),
        ((distance, bounds is not None) not in known,
         "the distance must be linear, raking without bounds, or logit with bounds"),
        (not low < 1 < high, f"the bounds {low:g} to {high:g} of a ratio must hold 1 between them"),
    ):  # fmt: skip
        if wrong:
            raise ValueError(message)
    if bounds:
        least, most = base @ np.minimum(low * x, high * x), base @ np.maximum(low * x, high * x)
        for j in np.flatnonzero((totals < least) | (totals > most)):
            raise ValueError(
                f"the bounds {low:g} to {high:g} are infeasible: column {j} of x can only sum to "
                f"{least[j]:.6g} to {most[j]:.6g} and its total is {totals[j]:.6g}: widen them, "
                "or scale the base weights to the population first"
            )
    return low, high


def _ratios(
    u: np.ndarray, distance: str, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calibration function F(u), its slope and its integral (Deville and Särndal 1992, sec. 2)."""
    if distance == "raking":
        return np.exp(u), np.exp(u), np.exp(u)
    if distance == "linear":
        h = np.clip(1 + u, low, high) - 1
        free = ((low < 1 + u) & (1 + u < high)).astype(float)
        return 1 + h, free, h + h**2 / 2 + (1 + h) * (u - h)
    rate = (high - low) / ((1 - low) * (high - 1))
    z = rate * u + np.log((1 - low) / (high - 1))
    share = (1 + np.tanh(z / 2)) / 2
    slope = rate * (high - low) * share * (1 - share)
    return low + (high - low) * share, slope, low * u + (high - low) / rate * np.logaddexp(0, z)


def _relative_gaps(weights: np.ndarray, x: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Distance of each column's sum from its total, against the larger size of both."""
    size = np.maximum(np.abs(totals), np.abs(weights) @ np.abs(x))
    return np.abs(weights @ x - totals) / np.where(size > 0, size, 1)


def indicator_columns(codes: list[np.ndarray], sizes: list[int]) -> np.ndarray:
    """The `x` (n, sum of `sizes`) of `calibrate` for margins: a column per category (method §5).

    `codes[m]` (n,): category of each respondent in margin m, 0 to `sizes[m]` - 1 (anything else
    raises ValueError). Its totals are the targets of `rake`, one margin after the other.
    """
    if any(((code < 0) | (code >= size)).any() for code, size in zip(codes, sizes, strict=True)):
        raise ValueError(f"a category number is not among the {sizes} of its margin")
    return np.hstack([np.eye(size)[code] for code, size in zip(codes, sizes, strict=True)])


def post_stratify(
    weights: np.ndarray, codes: np.ndarray, target: np.ndarray, name: str = "the stratification"
) -> np.ndarray:
    """Weights (n,) scaled to the population `target` (S,) of each stratum `codes` (n,), 0 to S-1.

    Raises ValueError for a stratum that has a population and no respondent: no weight can stand
    for people nobody was asked among (method §5; Holt and Smith 1979). `name`: for its message.
    """
    sums = np.bincount(codes, weights, len(target))
    empty = np.flatnonzero((sums == 0) & (target > 0))
    if len(empty):
        raise ValueError(f"{name} has population but no respondent in {empty}: join categories")
    return weights * (target / np.where(sums > 0, sums, 1))[codes]


def rake(
    weights: np.ndarray, codes: list[np.ndarray], targets: list[np.ndarray]
) -> tuple[np.ndarray, int, float]:
    """Iterative proportional fitting of `weights` (n,) to one target vector per margin.

    `codes[m]`: category number of each respondent in margin m; `targets[m]`: population of
    each category, above zero, all margins with one common sum. Returns raked weights, rounds
    used, and the largest relative gap left, for the caller to judge (method §5; Deming and
    Stephan 1940). Raises ValueError for a category that has a population and no respondent.
    """
    raked, gap = np.asarray(weights, dtype=float), np.inf
    margins = list(zip(codes, targets, strict=True))
    for round_number in range(1, RAKE_ROUNDS + 1):
        for number, (code, target) in enumerate(margins):
            raked = post_stratify(raked, code, target, f"margin {number}")
        gap = max(
            float(np.abs(np.bincount(code, raked, len(target)) / target - 1).max())
            for code, target in margins
        )
        if gap < RAKE_TOLERANCE:
            return raked, round_number, gap
    return raked, RAKE_ROUNDS, gap


def bound_weights(weights: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """Weights (n,) brought inside `lower` and `upper`, in their own unit, with their sum kept.

    What is cut off is shared out equally among the weights that were not cut, and again while a
    share takes one over a bound; the cut ones take a share only when all others stand at a bound
    (method §5; Potter 1990). Raises ValueError when the sum does not fit inside the bounds.
    """
    weights = np.asarray(weights, dtype=float)
    total, count = weights.sum(), len(weights)
    if not count * lower * (1 - TOLERANCE) <= total <= count * upper * (1 + TOLERANCE):
        raise ValueError(
            f"{count} weights cannot sum to {total:.6g} inside {lower:.6g} to {upper:.6g}: "
            "widen the range, or look for a wrong selection probability"
        )
    bounded = np.clip(weights, lower, upper)
    uncut = bounded == weights
    for _ in range(2 * count):  # each round but the last brings a weight to its bound
        excess = total - bounded.sum()
        room = bounded < upper if excess > 0 else bounded > lower
        takers = room & uncut if (room & uncut).any() else room
        if abs(excess) <= 1e-15 * total or not takers.any():
            break
        bounded[takers] = np.clip(bounded[takers] + excess / takers.sum(), lower, upper)
    return bounded


def adjust_nonresponse(base: np.ndarray, responded: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Base weights (n,) of all who were asked, carried by those of their cell who responded.

    `responded` (n,) true or false; `cell` (n,) labels of adjustment classes, each of which keeps
    its sum. Returns (n,), zero for who did not respond (method §5; Oh and Scheuren 1983). Raises
    ValueError naming the cells in which nobody responded.
    """
    labels, codes = np.unique(cell, return_inverse=True)
    silent = labels[np.bincount(codes, responded) == 0]
    if len(silent):
        raise ValueError(f"nobody responded in cell {', '.join(map(str, silent))}: join it to one")
    return post_stratify(np.where(responded, base, 0.0), codes, np.bincount(codes, base))
