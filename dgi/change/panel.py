"""Years stacked on the sampling units they share, so that shared units count once (method §8).
Not here: what is compared between the years (two_years.py, trend.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.totals import PsuTotals
from dgi.survey.design import Deviations


@dataclass(frozen=True)
class SurveyYear:
    """One survey year on the boundary of the year it is compared with.

    `totals`: its districts are that boundary's; `indicator_set`: what it was asked by;
    `complete`: the districts of that boundary that are whole in it, PROVINCE among them where no
    district of the year's own is missing; `restated`: those drawn on another boundary then;
    `groups`: its sums by group of respondents (two_years.sum_by_group) with districts of that
    boundary, None where there are none. Of the boundary's districts: `apportioned`, that share a
    commune's answers with another; `refused`, that a part of a divided commune went to;
    `too_few`, with too few sampling units there for an error.
    """

    year: int
    totals: PsuTotals
    indicator_set: IndicatorSet
    complete: frozenset[str]
    restated: frozenset[str] = frozenset()
    groups: pd.DataFrame | None = None
    apportioned: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    too_few: frozenset[str] = frozenset()


def join_strata(units: pd.DataFrame) -> np.ndarray:
    """(N,) number of the common stratum of each unit of several years (method §8).

    `units`: year, domain, stratum, psu, a row per unit and year. Strata of different years that
    share units are one stratum when they pair one to one (their labels may differ: a merged
    district renames them). Strata in a tangle, two of one year with one of another, stay apart
    by year, which leaves fewer degrees of freedom and never more.
    """
    own = units.groupby(["domain", "year", "stratum"], sort=True).ngroup().to_numpy()
    shared = pd.factorize(pd.MultiIndex.from_frame(units[["domain", "psu"]]))[0]
    count = int(own.max()) + 1
    links = coo_array(
        (np.ones(len(own)), (own, count + shared)), shape=[count + int(shared.max()) + 1] * 2
    )
    component = connected_components(links, directed=False)[1][:count]
    strata = pd.DataFrame({"stratum": own, "year": units["year"].to_numpy()}).drop_duplicates()
    strata["component"] = component[strata["stratum"]]
    tangled = strata.loc[strata.duplicated(["component", "year"]), "component"]
    apart = np.isin(component, tangled)
    joined = np.where(apart, component.max() + 1 + np.arange(count), component)
    return joined[own]


def stack_years(
    years: Sequence[PsuTotals], z: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Variance (D, K) and degrees of freedom (D,) of a combination of years (method §8).

    `years`: totals with the same domains; `z`: for each year (C_t, K), already multiplied by what
    the year counts (+1 and -1 for a change). Each year's units deviate from that year's own
    stratum means, by its own design (fractions and lonely policy); the deviations of a unit of
    several years add up before they are squared, so that it counts once and its covariance over
    time is in. With the same units every year this is R's stacked design, with none in common the
    sum of the years' variances. Degrees of freedom: distinct units less strata (`join_strata`).
    Raises ValueError when the years' domains differ.
    """
    if any(one.domains != years[0].domains for one in years):
        raise ValueError("the years do not have the same domains: compare only what both have")
    count = len(years[0].domains)
    rows, keys = [], []
    for number, (totals, own) in enumerate(zip(years, z, strict=True)):
        found = totals.design.deviations(own, totals.unit, totals.domain)
        names = _labels(totals)[found.unit]
        # A row that stands for no one unit stays the year's own, under a name nothing else has.
        nameless = np.flatnonzero(found.unit < 0)
        names[nameless] = list(zip(np.full(len(nameless), number), nameless, strict=True))
        rows.append(found.rows)
        keys.append(pd.DataFrame({"domain": found.domain, "unit": names}))
    place = pd.concat(keys).groupby(["domain", "unit"], sort=False).ngroup().to_numpy()
    domain = np.zeros(int(place.max()) + 1, dtype=int)
    domain[place] = np.concatenate([key["domain"] for key in keys])
    summed = np.zeros((len(domain), z[0].shape[1]))
    np.add.at(summed, place, np.concatenate(rows))
    order = np.argsort(domain, kind="stable")
    stacked = Deviations(summed[order], domain[order], np.full(len(order), -1))
    counted = [np.ones((len(totals.unit), 1), dtype=bool) for totals in years]
    return stacked.variances(count), degrees_of_freedom(years, counted)[:, 0]


def degrees_of_freedom(years: Sequence[PsuTotals], counted: Sequence[np.ndarray]) -> np.ndarray:
    """(D, K) distinct units of several years less their common strata (method §6, §8).

    `counted`: for each year (C_t, K) whether a cell counts for column k, such as those where
    somebody answered an indicator; a unit or stratum counts that has one in any of the years.
    """
    units = pd.concat(
        [
            pd.DataFrame(
                {
                    "year": number,
                    "domain": totals.domain,
                    "stratum": totals.design.stages[0].stratum[totals.unit],
                    "psu": _labels(totals)[totals.design.stages[0].unit[totals.unit]],
                }
            )
            for number, totals in enumerate(years)
        ],
        ignore_index=True,
    )
    units["joined"] = join_strata(units)
    domain, seen = units["domain"].to_numpy(), np.concatenate(list(counted))
    held = []
    for name in ("psu", "joined"):
        place = units.groupby(["domain", name]).ngroup().to_numpy()
        once = np.zeros((int(place.max()) + 1, seen.shape[1]), dtype=bool)
        np.logical_or.at(once, place, seen)
        of = np.zeros(len(once), dtype=int)
        of[place] = domain
        number = np.zeros((len(years[0].domains), seen.shape[1]), dtype=int)
        np.add.at(number, of, once)
        held.append(number)
    return held[0] - held[1]


def _labels(totals: PsuTotals) -> np.ndarray:
    """Name of each primary unit over the years: a label may stand again in another district."""
    first = totals.design.stages[0]
    label = np.empty(int(first.unit.max()) + 1, dtype=object)
    named = totals.units.reindex(columns=["district", "psu"]).fillna("")
    label[first.unit] = named["district"].astype(str) + " " + named["psu"].astype(str)
    return label
