"""Years stacked on the sampling units they share, so that shared units count once (method §8).
Not here: what is compared between the years (change.py, trend.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dgi.index.totals import PsuTotals
from dgi.survey.design import Deviations


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
    rows, keys, units = [], [], []
    for number, (totals, own) in enumerate(zip(years, z, strict=True)):
        found = totals.design.deviations(own, totals.unit, totals.domain)
        first = totals.design.stages[0]
        label = np.empty(int(first.unit.max()) + 1, dtype=object)
        label[first.unit] = totals.units["psu"].to_numpy()
        names = label[found.unit]
        # A row that stands for no one unit stays the year's own, under a name nothing else has.
        nameless = np.flatnonzero(found.unit < 0)
        names[nameless] = list(zip(np.full(len(nameless), number), nameless, strict=True))
        rows.append(found.rows)
        keys.append(pd.DataFrame({"domain": found.domain, "unit": names}))
        units.append(
            pd.DataFrame(
                {
                    "year": number,
                    "domain": totals.domain,
                    "stratum": first.stratum[totals.unit],
                    "psu": label[first.unit[totals.unit]],
                }
            )
        )
    place = pd.concat(keys).groupby(["domain", "unit"], sort=False).ngroup().to_numpy()
    domain = np.zeros(int(place.max()) + 1, dtype=int)
    domain[place] = np.concatenate([key["domain"] for key in keys])
    summed = np.zeros((len(domain), z[0].shape[1]))
    np.add.at(summed, place, np.concatenate(rows))
    order = np.argsort(domain, kind="stable")
    stacked = Deviations(summed[order], domain[order], np.full(len(order), -1))
    return stacked.variances(count), _degrees_of_freedom(pd.concat(units, ignore_index=True), count)


def _degrees_of_freedom(units: pd.DataFrame, count: int) -> np.ndarray:
    """(D,) distinct units of several years less their common strata."""
    strata = units.assign(joined=join_strata(units)).drop_duplicates(["domain", "joined"])
    distinct = units.drop_duplicates(["domain", "psu"])
    found = (np.bincount(table["domain"], minlength=count) for table in (distinct, strata))
    return np.subtract(*found)
