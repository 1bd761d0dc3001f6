"""Years stacked on the sampling units they share, so that shared units count once (method §8).
Not here: what is compared between the years (change.py, trend.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dgi.index.totals import PsuTotals
from dgi.survey.design import Design


def join_strata(units: pd.DataFrame) -> np.ndarray:
    """(N,) number of the common stratum of each unit of several years (method §8).

    `units`: year, domain, stratum, psu, a row per unit and year. Strata of different years that
    share units are one stratum when they pair one to one (their labels may differ: a merged
    district renames them). Strata in a tangle, two of one year with one of another, stay apart
    by year and the units they share count as independent, which overstates the error and never
    understates it.
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
) -> tuple[np.ndarray, Design, np.ndarray]:
    """Linearised totals of a combination of years, their design and domains (method §8).

    `years`: totals with the same domains; `z`: for each year (C_t, K), already multiplied by what
    the year counts (+1 and -1 for a change). A unit of several years is one row, the sum of its
    values; one of a single year counts zero in the others. Returns z (U, K) sorted by domain,
    the design over its U rows, and their domain numbers (U,).
    """
    parts = [
        pd.DataFrame(
            {
                "year": number,
                "domain": totals.domain,
                "stratum": totals.design.stages[0].stratum[totals.unit],
                "psu": totals.units["psu"].to_numpy()[totals.unit],
            }
        )
        for number, totals in enumerate(years)
    ]
    units = pd.concat(parts, ignore_index=True)
    units["joined"] = join_strata(units)
    position, index = pd.MultiIndex.from_frame(units[["domain", "joined", "psu"]]).factorize(
        sort=True
    )
    stacked = np.zeros((len(index), z[0].shape[1]))
    np.add.at(stacked, position, np.concatenate(z))
    domain = index.get_level_values(0).to_numpy()
    policy = years[0].design.lonely_psu
    strata = index.get_level_values(1).to_numpy()
    return stacked, Design.of(strata, lonely_psu=policy, group=domain), domain
