"""Belongs here: R's way to stack years, one design over the sampling units of all of them.
Does not belong here: our own way (dgi.change.panel), which this one is held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dgi.change.panel import join_strata
from dgi.index.totals import PsuTotals
from dgi.survey.design import Design


def stack_as_r(
    years: Sequence[PsuTotals], z: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Variance and df of svydesign(id=~psu, strata=~stratum) over the rows of all years: a unit
    of one year is a sampled zero in the others."""
    units = pd.concat(
        [
            totals.units[["stratum", "psu"]].assign(year=number, domain=totals.domain)
            for number, totals in enumerate(years)
        ],
        ignore_index=True,
    )
    units["joined"] = join_strata(units)
    place, index = pd.MultiIndex.from_frame(units[["domain", "joined", "psu"]]).factorize(sort=True)
    stacked = np.zeros((len(index), z[0].shape[1]))
    np.add.at(stacked, place, np.concatenate(z))
    domain = index.get_level_values(0).to_numpy()
    design = Design.of(index.get_level_values(1).to_numpy())
    rows = np.arange(design.size)
    return design.variances(stacked, rows, domain), design.degrees_of_freedom(rows, domain)
