"""The sampling design as a value, and the variance it implies for any estimate (method §6).
Not here: estimates (dgi.index.estimation), weights (weights.py), replicates (dgi.index)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from dgi.facts.surveys import DesignRow, LonelyPsu

LONELY_POLICIES: tuple[str, ...] = get_args(LonelyPsu)


class LonelyPsuError(ValueError):
    """A stratum has one primary sampling unit and no policy was named for it."""


@dataclass(frozen=True)
class Stage:
    """One stage of selection: for each of the design's U lowest units, the unit of this stage
    that it lies in, that unit's stratum (both numbered from 0), and the sampling fraction there
    (0: drawn with replacement, or from so many that it does not matter)."""

    unit: np.ndarray
    stratum: np.ndarray
    fraction: np.ndarray


@dataclass(frozen=True)
class Deviations:
    """Scaled deviations (M, K) in domain order, their domains and primary units (M,), -1 where a
    row stands for several units or a lower stage."""

    rows: np.ndarray
    domain: np.ndarray
    unit: np.ndarray

    def variances(self, count: int) -> np.ndarray:
        """(count, K) sums of their squares by domain."""
        result = np.zeros((count, self.rows.shape[1]))
        starts = np.flatnonzero(np.diff(self.domain, prepend=-1))
        result[self.domain[starts]] = np.add.reduceat(self.rows**2, starts, axis=0)
        return result


def _in_domain_order(parts: Sequence[Deviations]) -> Deviations:
    if len(parts) == 1:
        return parts[0]
    domain = np.concatenate([part.domain for part in parts])
    order = np.argsort(domain, kind="stable")
    rows = np.concatenate([part.rows for part in parts])[order]
    return Deviations(rows, domain[order], np.concatenate([part.unit for part in parts])[order])


@dataclass(frozen=True)
class Design:
    """Stages of selection over U sampling units, first stage first, and the lonely-PSU policy.

    The U units are the primary sampling units, or those of the last stage for which a sampling
    fraction is stated. `lonely_psu` says what a stratum with one unit adds to a variance, with
    the meanings of R's `survey.lonely.psu`: fail (raise LonelyPsuError), certainty (nothing),
    adjust (the unit's distance from the mean over all units), average (as much as the others
    do on average); and merge: the stratum joins its neighbour, done when the design is made.
    """

    stages: tuple[Stage, ...]
    lonely_psu: LonelyPsu = "fail"

    @classmethod
    def of(
        cls,
        stratum: Sequence | np.ndarray,
        psu: Sequence | np.ndarray | None = None,
        population: np.ndarray | None = None,
        below: Sequence[tuple[np.ndarray, np.ndarray]] = (),
        lonely_psu: LonelyPsu = "fail",
        group: np.ndarray | None = None,
    ) -> Design:
        """A design from labels, one per lowest unit.

        `stratum`, `psu`: (U,) labels; without `psu` every row is a primary unit. `population`:
        (U,) primary units in the stratum's population, or sampling fractions where all are at
        most 1 (Inf or None: no finite population correction). `below`: for each further stage
        its unit labels and the population (or fraction) of units within the unit above.
        `group`: (U,) labels within which lonely strata may merge, such as districts. Raises
        ValueError for an unknown policy, a unit in two strata, or a stratum with more units
        than its population, or whose rows state different ones.
        """
        if lonely_psu not in LONELY_POLICIES:
            raise ValueError(f"lonely_psu is {lonely_psu!r}: it is one of {LONELY_POLICIES}")
        strata = pd.factorize(np.asarray(stratum), sort=True)[0]
        unit = np.arange(len(strata)) if psu is None else _number(strata, np.asarray(psu))
        stages = [_stage(unit, strata, population)]
        if lonely_psu == "merge":
            own = np.zeros(len(strata)) if group is None else np.asarray(group)
            stages = [_merge_lonely(stages[0], own)]
        for labels, size in below:
            above, unit = unit, _number(unit, np.asarray(labels))
            stages.append(_stage(unit, above, size))
        if len(np.unique(unit)) != len(unit):
            raise ValueError("a sampling unit is listed twice: give one row a unit")
        return cls(tuple(stages), lonely_psu)

    @property
    def size(self) -> int:
        """U, the number of lowest units."""
        return len(self.stages[0].unit)

    def where(self, rows: np.ndarray) -> Design:
        """The design of some of the units: whole strata, such as those of a district."""
        kept = [Stage(s.unit[rows], s.stratum[rows], s.fraction[rows]) for s in self.stages]
        return Design(tuple(kept), self.lonely_psu)

    def degrees_of_freedom(
        self, unit: np.ndarray, domain: np.ndarray, present: np.ndarray | None = None
    ) -> np.ndarray:
        """(D,) primary units minus strata of each domain, as those with a member in it count.

        `unit`, `domain`: (C,) the unit and domain of each cell, domains numbered from 0.
        `present`: (C, J) whether anybody in the cell answered each of J indicators: then (D, J),
        among the units where somebody did.
        """
        first = self.stages[0]
        seen = np.ones((len(unit), 1), dtype=bool) if present is None else present
        count = int(domain.max(initial=-1)) + 1

        def distinct(labels: np.ndarray) -> np.ndarray:
            pairs, place = np.unique(
                domain * (labels.max() + 1) + labels[unit], return_inverse=True
            )
            held = np.zeros((len(pairs), seen.shape[1]), dtype=bool)
            np.logical_or.at(held, place, seen)
            total = np.zeros((count, seen.shape[1]), dtype=int)
            np.add.at(total, pairs // (labels.max() + 1), held)
            return total

        found = distinct(first.unit) - distinct(first.stratum)
        return found[:, 0] if present is None else found

    def merge_lonely(self, group: np.ndarray) -> Design:
        """The same units with lonely strata merged within `group` (U,), where they can be."""
        first = self.stages[0]
        merged = _merge_lonely(first, np.asarray(group))
        return Design((merged, *self.stages[1:]), self.lonely_psu)

    def deviations(self, z: np.ndarray, unit: np.ndarray, domain: np.ndarray) -> Deviations:
        """Rows whose cross-products, summed by domain, are the covariance of the domains.

        `z`: (C, K) linearised totals of cells; `unit`, `domain`: (C,). Units without a cell in a
        domain count there as zeros, never as absent. NaN where a policy has nothing to go by.
        V = sum over stages of (product of the fractions above) (1-f) n/(n-1) sum (z - zbar)^2
        (method §6; Särndal, Swensson and Wretman 1992, 4.3). Raises LonelyPsuError.
        """
        parts = []
        above = np.ones(len(unit))
        for number, stage in enumerate(self.stages):
            found = self._stage_deviations(stage, z, unit, domain, above)
            parts.append(
                found if number == 0 else replace(found, unit=np.full(len(found.rows), -1))
            )
            above = above * stage.fraction[unit]
            if not above.any():
                break
        return _in_domain_order(parts)

    def variances(self, z: np.ndarray, unit: np.ndarray, domain: np.ndarray) -> np.ndarray:
        """(D, K) variance of each estimate in each domain, without forming covariances."""
        return self.deviations(z, unit, domain).variances(int(domain.max()) + 1)

    def covariances(self, z: np.ndarray, unit: np.ndarray, domain: np.ndarray) -> np.ndarray:
        """(D, K, K) joint covariance of the K estimates within each domain."""
        found = self.deviations(z, unit, domain)
        padded = pad_by_domain(found.rows, found.domain, int(domain.max()) + 1)
        return padded.transpose(0, 2, 1) @ padded

    def covariance(self, z: np.ndarray) -> np.ndarray:
        """(K, K) covariance of estimates whose linearised totals `z` (U, K) cover all units."""
        return self.covariances(z, np.arange(self.size), np.zeros(self.size, dtype=int))[0]

    def _stage_deviations(
        self, stage: Stage, z: np.ndarray, unit: np.ndarray, domain: np.ndarray, above: np.ndarray
    ) -> Deviations:
        strata = int(stage.stratum.max()) + 1
        first_of_unit = np.unique(stage.unit, return_index=True)[1]
        size = np.bincount(stage.stratum[first_of_unit], minlength=strata)
        fraction = np.zeros(strata)
        fraction[stage.stratum] = stage.fraction
        lonely = (size == 1) & (fraction < 1)
        if lonely.any() and self.lonely_psu in ("fail", "merge"):
            raise LonelyPsuError(
                f"{int(lonely.sum())} strata have one sampling unit"
                + (" and no neighbour to merge with" if self.lonely_psu == "merge" else "")
                + ": name a policy for them in data/designs.csv, column lonely_psu "
                f"({', '.join(LONELY_POLICIES[1:])})"
            )
        # Cells of one unit and domain add up before they are squared.
        key = (domain * strata + stage.stratum[unit]) * (stage.unit.max() + 1) + stage.unit[unit]
        z, key, first = _sum_by(z, key)
        domain, stratum, above = domain[first], stage.stratum[unit][first], above[first]
        own = stage.unit[unit][first]
        starts = np.flatnonzero(np.diff(domain * strata + stratum, prepend=-1))
        counts = np.diff(np.append(starts, len(z)))
        owner, group = domain[starts], stratum[starts]
        mean = np.add.reduceat(z, starts, axis=0) / size[group][:, None]
        factor = (1 - fraction) * size / np.where(size > 1, size - 1, 1)
        if self.lonely_psu in ("certainty", "average"):
            factor[lonely] = 0.0
        scale = factor[group] * above[starts]
        if self.lonely_psu == "adjust" and lonely.any():
            mean = np.where(lonely[group][:, None], _grand_mean(mean, size[group], owner), mean)
            # The mean of one unit is the unit: of its distance nothing is known.
            alone = np.bincount(owner, size[group]) == 1
            scale = np.where(alone[owner] & lonely[group], np.nan, scale)
        if self.lonely_psu == "average" and lonely.any():
            held = np.bincount(owner)
            measured = np.bincount(owner, ~lonely[group])
            # With no other stratum to average over the variance is not known.
            with np.errstate(divide="ignore"):
                share = np.where(measured > 0, held / measured, np.nan)
            scale = scale * share[owner]
        within = np.repeat(np.arange(len(starts)), counts)
        rows = (z - mean[within]) * np.sqrt(scale[within])[:, None]
        # Units of the stratum without a cell here are zeros: each lies `mean` below the mean.
        absent = size[group] - counts
        if absent.any():
            zeros = mean * np.sqrt(absent * scale)[:, None]
            nobody = Deviations(zeros, owner, np.full(len(owner), -1))
            return _in_domain_order([Deviations(rows, domain, own), nobody])
        return Deviations(rows, domain, own)


def sampling_units(responses: pd.DataFrame, design: DesignRow) -> pd.DataFrame:
    """District, stratum, psu, commune_code of each respondent, and psu_fraction: the share of the
    stratum's units that was drawn, 0 where the design states no population of units (method §6).

    Labels are a field team's: a stratum is made unique over districts, and a sampling unit is
    known by its commune, so that it is the same unit after its district has merged.
    """
    units = responses[["district", "commune_code"]].assign(
        stratum=responses["district"] + ": " + responses[design.stratum],
        psu=responses["commune_code"] + "/" + responses[design.psu],
    )
    if not design.psu_population:
        return units.assign(psu_fraction=0.0)
    drawn = units.groupby("stratum")["psu"].transform("nunique")
    return units.assign(psu_fraction=drawn / responses[design.psu_population].astype(float))


def pad_by_domain(rows: np.ndarray, domain: np.ndarray, count: int) -> np.ndarray:
    """Rows (M, K) sorted by domain as (count, largest, K), filled up with zeros (method §6)."""
    sizes = np.bincount(domain, minlength=count)
    padded = np.zeros((count, int(sizes.max(initial=0)), rows.shape[1]))
    padded[domain, position_in_domain(domain, count)] = rows
    return padded


def position_in_domain(domain: np.ndarray, count: int) -> np.ndarray:
    """(M,) place of each row among those of its domain; `domain` is sorted (method §6)."""
    sizes = np.bincount(domain, minlength=count)
    return np.arange(len(domain)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _number(above: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Numbers of units named by labels that need only be unique within the unit above."""
    own = pd.factorize(labels)[0]
    return pd.factorize(above.astype(np.int64) * (own.max(initial=0) + 1) + own)[0]


def _stage(unit: np.ndarray, stratum: np.ndarray, population: np.ndarray | None) -> Stage:
    """A stage with its fractions; a population counts units, a value up to 1 is a fraction."""
    if population is None:
        return Stage(unit, stratum, np.zeros(len(unit)))
    stated = np.broadcast_to(np.asarray(population, dtype=float), len(unit))
    strata = int(stratum.max()) + 1
    first = np.unique(unit, return_index=True)[1]
    taken = np.bincount(stratum[first], minlength=strata)[stratum]
    fraction = stated if (stated <= 1).all() else taken / stated
    bad = ~((fraction >= 0) & (fraction <= 1 + 1e-12))
    if bad.any():
        raise ValueError(
            f"{len(np.unique(stratum[bad]))} strata state fewer units in the population than were "
            "sampled, or none: correct the population counts of the design"
        )
    low, high = np.full(strata, np.inf), np.full(strata, -np.inf)
    np.minimum.at(low, stratum, fraction)
    np.maximum.at(high, stratum, fraction)
    if not np.allclose(low, high, rtol=1e-9, atol=0):
        raise ValueError(
            f"{int((~np.isclose(low, high)).sum())} strata state more than one population count: "
            "every row of a stratum carries the same"
        )
    return Stage(unit, stratum, np.minimum(fraction, 1.0))


def _merge_lonely(stage: Stage, group: np.ndarray) -> Stage:
    """Lonely strata joined with the next stratum of their group in label order, or the one
    before; one that is alone in its group, or wholly drawn, stays. Populations add up."""
    first = np.unique(stage.unit, return_index=True)[1]
    count = int(stage.stratum.max()) + 1
    size = np.bincount(stage.stratum[first], minlength=count)
    fraction = np.zeros(count)
    fraction[stage.stratum] = stage.fraction
    home = np.zeros(count, dtype=np.int64)
    home[stage.stratum] = pd.factorize(group, sort=True)[0]
    merged = np.arange(count)
    needy = (size == 1) & (fraction < 1)
    for own in np.unique(home[needy]):
        members = np.flatnonzero((home == own) & (fraction < 1))
        for place, lonely in enumerate(members):
            together = merged == merged[lonely]
            if size[together].sum() == 1 and len(members) > 1:
                near = members[place + 1] if place + 1 < len(members) else members[place - 1]
                merged[together] = merged[near]
    with np.errstate(divide="ignore"):
        population = np.bincount(merged, size / fraction, count)[merged]
    pooled = np.bincount(merged, size, count)[merged] / population
    kept = np.where(np.bincount(merged, minlength=count)[merged] > 1, pooled, fraction)
    stratum = pd.factorize(merged[stage.stratum], sort=True)[0]
    return Stage(stage.unit, stratum, kept[stage.stratum])


def _sum_by(z: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows summed by key in key order, the keys, and the first row of each."""
    if len(key) < 2 or (np.diff(key) > 0).all():
        return z, key, np.arange(len(key))
    order = np.argsort(key, kind="stable")
    keys, starts = np.unique(key[order], return_index=True)
    return np.add.reduceat(z[order], starts, axis=0), keys, order[starts]


def _grand_mean(mean: np.ndarray, size: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """For each stratum of each domain, the mean over all units of the domain's strata."""
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    total = np.add.reduceat(mean * size[:, None], starts, axis=0)
    units = np.add.reduceat(size, starts)
    return np.repeat(total / units[:, None], np.diff(np.append(starts, len(owner))), axis=0)
