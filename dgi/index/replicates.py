"""Replicate weights: Rao-Wu bootstrap, jackknife, delivered ones, and their variance (§6, §7).
Not here: linearised errors (dgi.survey.design), or ranks from replicates (ranking.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgi.index.estimation import linearised_means, weighted_means
from dgi.index.totals import PsuTotals
from dgi.survey.design import Design, pad_by_domain

CHUNK = 1 << 22  # draws at a time: memory stays flat, the stream of numbers is the same


@dataclass(frozen=True)
class Replicates:
    """R sets of weights that mimic the design.

    `factors`: (R, C) multipliers of the weights; `scale`: (R,) what each squared deviation
    counts; `around_estimate`: deviations from the estimate itself (R's mse=TRUE), else from the
    mean of the replicates.
    """

    factors: np.ndarray
    scale: np.ndarray
    around_estimate: bool = False

    def covariance(self, replicated: np.ndarray, estimate: np.ndarray) -> np.ndarray:
        """(K, K) covariance from replicated estimates (R, K); `estimate` (K,)."""
        centre = estimate if self.around_estimate else replicated.mean(axis=0)
        deviation = (replicated - centre) * np.sqrt(self.scale)[:, None]
        return deviation.T @ deviation


def draw_bootstrap(design: Design, count: int, generator: np.random.Generator) -> Replicates:
    """Rao-Wu rescaled bootstrap of the primary units (Rao, Wu and Yue 1992) (method §7).

    In each stratum n_h - 1 of its n_h units are drawn with replacement; a unit drawn r times
    gets 1 - s + s r n_h/(n_h-1) with s = sqrt(1 - f_h). A stratum with one unit keeps it as it
    is. The result depends on the generator's state and the units' order only, not on threads.
    Raises ValueError for a design that states fractions of further stages: they would be lost.
    """
    if len(design.stages) > 1 and design.stages[0].fraction.any():
        raise ValueError("a bootstrap of primary units cannot show the error of further stages")
    first = design.stages[0]
    strata = int(first.stratum.max()) + 1
    members = np.unique(first.unit, return_index=True)[1]
    members = members[np.argsort(first.stratum[members], kind="stable")]
    size = np.bincount(first.stratum[members], minlength=strata)
    starts = np.cumsum(size) - size
    drawn = np.repeat(np.arange(strata), np.maximum(size - 1, 0))
    units = len(members)
    times = np.empty((count, units))
    step = max(CHUNK // max(len(drawn), 1), 1)
    for begin in range(0, count, step):
        rows = min(step, count - begin)
        picked = (generator.random((rows, len(drawn))) * size[drawn]).astype(np.int64)
        picked += starts[drawn] + np.arange(rows)[:, None] * units
        table = np.bincount(picked.ravel(), minlength=rows * units)
        times[begin : begin + rows] = table.reshape(rows, units)
    own = first.stratum[members]
    share = np.sqrt(1 - first.fraction[members])
    lonely = size[own] == 1
    stretch = np.where(lonely, 0.0, share * size[own] / np.maximum(size[own] - 1, 1))
    by_unit = np.where(lonely, 1.0, 1 - share + times * stretch)
    place = np.empty(int(first.unit.max()) + 1, dtype=np.int64)
    place[first.unit[members]] = np.arange(units)
    return Replicates(by_unit[:, place[first.unit]], np.full(count, 1 / max(count - 1, 1)))


def make_jackknife(design: Design) -> Replicates:
    """Delete-one-unit jackknife: JK1 with one stratum, JKn with several (method §6).

    Units of the replicate's stratum other than the one left out count n_h/(n_h-1) times, as in
    R's as.svrepdesign (Wolter 2007, 4.5). Raises ValueError for a stratum with one primary unit:
    leaving it out leaves nothing.
    """
    first = design.stages[0]
    members = np.unique(first.unit, return_index=True)[1]
    own = first.stratum[members]
    size = np.bincount(own)
    if (size[own] == 1).any():
        raise ValueError("a stratum has one primary unit: merge it before a jackknife")
    same = own[:, None] == first.stratum
    factors = np.where(same, (size[own] / (size[own] - 1.0))[:, None], 1.0)
    factors[first.unit[members][:, None] == first.unit] = 0.0
    scale = (size[own] - 1) / size[own] * (1 - first.fraction[members])
    return Replicates(factors, scale)


def replicate_means(totals: PsuTotals, factors: np.ndarray) -> np.ndarray:
    """Means of each domain under each replicate: (D, R, J) (method §7); `factors`: (R, U).

    Of totals that were not calibrated: the ratio mean under the replicate's weights, repeating
    the mean where nobody answered. Of calibrated ones, to first order, as if each replicate were
    calibrated again: the mean plus what the linearised values move it; the ratio of calibrated
    sums would run away where few units were asked.
    """
    count, size = len(totals.domains), len(totals.keys)
    cells = pad_by_domain(factors.T[totals.unit], totals.domain, count).transpose(0, 2, 1)
    means = weighted_means(totals)
    if not np.array_equal(totals.ey, totals.wy):
        z = linearised_means(totals, means)
        # Padding is zero in both, and so adds nothing.
        return means[:, None, :] + (cells - 1) @ pad_by_domain(z, totals.domain, count)
    sums = cells @ pad_by_domain(np.hstack([totals.wy, totals.w]), totals.domain, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = sums[..., :size] / sums[..., size:]
    return np.where(sums[..., size:] > 0, drawn, means[:, None, :])


def design_for_resampling(design: Design, group: np.ndarray) -> Design:
    """The design with lonely strata merged inside `group` (U,), such as districts (method §7).

    A stratum of one unit cannot be resampled: under the policies that give it an error
    (adjust, average) its unit varies with those of the neighbouring stratum; a certain one stays.
    """
    is_measured = design.lonely_psu in ("adjust", "average")
    return design.merge_lonely(group) if is_measured else design


def replicate_means_of_respondents(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means under delivered replicate weights: (R, J) (method §6).

    `values`: (n, J), NaN where missing; `weights`: (n, R) the replicate weights themselves.
    """
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights.T @ np.where(present, values, 0.0)) / (weights.T @ present)
