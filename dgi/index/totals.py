"""A survey reduced to its sampling units, which is all that estimates need (method §4, §6).
Not here: the pass over the answers (sums.py), estimates (estimation.py), or an answer's worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from dgi.index.sums import Answers, Calibration, sum_answers
from dgi.survey.design import Design, LonelyPsu, pad_by_domain, position_in_domain

UNIT_COLUMNS = ["district", "stratum", "psu", "commune_code"]
FRACTION = "psu_fraction"
DRAWN_IN = "drawn_in"  # the district of the survey, where another boundary has been put on it
# The sums of one unit and indicator, and the columns that keep them.
TOTAL_COLUMNS = {
    "wy": "weighted_sum",
    "w": "weight_sum",
    "wyy": "weighted_square_sum",
    "n": "n",
    "ey": "residual_sum",
    "e": "residual_weight_sum",
}


@dataclass(frozen=True)
class PsuTotals:
    """A survey reduced to its sampling units: all that estimates and errors need.

    A cell is one unit in one domain; cells are sorted by domain, stratum and unit. `units`: frame
    of the design's U units (psu, stratum, ...); `unit`, `domain`: (C,) numbers of each cell's
    unit and domain; `domains`: their D names. (C, J) sums over the cell's respondents who
    answered: `w` weight, `wy` weight*y, `wyy` weight*y^2, `n` answers; `ey`, `e` what is left of
    wy and w after regression on the calibration variables, equal to them without calibration.
    Units without an answer stay, as zeros: dropping them would understate the error.
    """

    design: Design
    units: pd.DataFrame
    unit: np.ndarray
    domain: np.ndarray
    domains: tuple[str, ...]
    keys: tuple[str, ...]
    wy: np.ndarray
    w: np.ndarray
    wyy: np.ndarray
    n: np.ndarray
    ey: np.ndarray
    e: np.ndarray

    def only(self, names: Sequence[str]) -> PsuTotals:
        """Some of the domains, with the units of every stratum they reach into: those without a
        respondent of theirs stay, as zeros."""
        chosen = [name for name in self.domains if name in set(names)]
        number = np.full(len(self.domains), -1)
        number[[self.domains.index(name) for name in chosen]] = np.arange(len(chosen))
        rows = number[self.domain] >= 0
        stratum = self.design.stages[0].stratum
        own = np.isin(stratum, stratum[self.unit[rows]])
        return replace(
            self._with(rows, slice(None)),
            design=self.design.where(own),
            units=self.units[own].reset_index(drop=True),
            unit=(np.cumsum(own) - 1)[self.unit[rows]],
            domain=number[self.domain][rows],
            domains=tuple(chosen),
        )

    def together(self, name: str) -> PsuTotals:
        """All domains as one, such as the province."""
        order = np.argsort(self.unit, kind="stable")
        starts = np.flatnonzero(np.diff(self.unit[order], prepend=-1))
        sums: dict[str, Any] = {
            field: np.add.reduceat(getattr(self, field)[order], starts, axis=0)
            for field in TOTAL_COLUMNS
        }
        unit = self.unit[order][starts]
        return replace(
            self, unit=unit, domain=np.zeros(len(unit), dtype=int), domains=(name,), **sums
        )

    def select(self, keys: Sequence[str]) -> PsuTotals:
        """The same units for the indicators of `keys`, in that order; zeros where not asked."""
        at = np.array([self.keys.index(key) if key in self.keys else -1 for key in keys])
        chosen = self._with(slice(None), at)
        zeros: dict[str, Any] = {
            field: np.where(at >= 0, getattr(chosen, field), 0.0) for field in TOTAL_COLUMNS
        }
        return replace(chosen, keys=tuple(keys), **zeros)

    def _with(self, rows: np.ndarray | slice, columns: np.ndarray | slice) -> PsuTotals:
        parts: dict[str, Any] = {
            field: getattr(self, field)[rows][:, columns] for field in TOTAL_COLUMNS
        }
        return replace(self, **parts)

    def domain_of_units(self) -> np.ndarray:
        """(U,) domain of each unit, where domains are unions of units."""
        domain = np.zeros(self.design.size, dtype=int)
        domain[self.unit] = self.domain
        return domain

    def sums(self, table: np.ndarray) -> np.ndarray:
        """(D, K) sums of a (C, K) table by domain."""
        starts = np.flatnonzero(np.diff(self.domain, prepend=-1))
        return np.add.reduceat(table, starts, axis=0)

    def combine(self, z: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """(C, K): cells' z (C, J) times the (D, J, K) coefficients of their domain."""
        count = len(self.domains)
        padded = pad_by_domain(z, self.domain, count) @ coefficients
        return padded[self.domain, position_in_domain(self.domain, count)]

    def to_frame(self) -> pd.DataFrame:
        """Long: one row per unit and indicator, in unit order then key order."""
        size = len(self.keys)
        frame = self.units.iloc[self.unit.repeat(size)].reset_index(drop=True)
        frame["key"] = np.tile(np.array(self.keys, dtype=object), len(self.unit))
        for field, column in TOTAL_COLUMNS.items():
            frame[column] = getattr(self, field).ravel()
        return frame

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, keys: Sequence[str], lonely_psu: LonelyPsu = "fail"
    ) -> PsuTotals:
        """The inverse of `to_frame`, domains being districts.

        With a column `drawn_in` (dgi.change.boundaries.restate) strata are those of the districts
        named there, and a domain may take part of a stratum or of a unit. Raises ValueError when
        a unit lacks one of the indicators or has it twice.
        """
        place = pd.Series(range(len(keys)), index=list(keys), dtype=float)
        frame = frame.assign(_place=frame["key"].map(place))
        drawn = [DRAWN_IN] if DRAWN_IN in frame else []
        order = ["district", *drawn, *UNIT_COLUMNS[1:]]
        frame = frame.sort_values([*order, "_place"], ignore_index=True)
        named = [*order, *([FRACTION] if FRACTION in frame else [])]
        units = frame[named].iloc[:: len(keys)].reset_index(drop=True)
        if not np.array_equal(frame["_place"], np.tile(np.arange(len(keys)), len(units))):
            raise ValueError(
                "the totals do not hold each indicator once for every sampling unit: materialise "
                "psu_totals anew for the year's districts"
            )
        sums: dict[str, Any] = {
            field: frame[column].to_numpy(float).reshape(len(units), len(keys))
            for field, column in TOTAL_COLUMNS.items()
        }
        cells = _restated_cells if drawn else _district_cells
        return cls(**cells(units, lonely_psu), keys=tuple(keys), **sums)


def reduce_to_psu(
    answers: Answers | np.ndarray,
    weights: np.ndarray,
    respondents: pd.DataFrame,
    keys: Sequence[str],
    calibration: Calibration | None = None,
    lonely_psu: LonelyPsu = "fail",
) -> PsuTotals:
    """One pass over the respondents of districts, for all indicators at once (method §4).

    `answers`: Answers, or values (n, J) with NaN where missing; `weights`: (n,), not negative;
    `respondents`: n rows with psu, stratum, commune_code, district. Returns PsuTotals with the
    districts as domains. Raises ValueError for a PSU in two strata or communes, or a weight that
    is negative or not a number.
    """
    position, units, _ = number_units(respondents, lonely_psu)
    sums = sum_answers(answers, weights, position, len(units), calibration)
    return PsuTotals(**_district_cells(units, lonely_psu), keys=tuple(keys), **sums)


def number_units(
    respondents: pd.DataFrame, lonely_psu: LonelyPsu = "fail"
) -> tuple[np.ndarray, pd.DataFrame, Design]:
    """The sampling units of districts, sorted by district, stratum and psu (method §6).

    `respondents`: as for reduce_to_psu; a column psu_fraction, the share of the stratum's units
    that was drawn, makes the finite population correction. Returns the
    number of each respondent's unit (n,), the units (U rows) and the design over them. Raises
    ValueError for a unit in two strata or communes.
    """
    named = [*UNIT_COLUMNS, *([FRACTION] if FRACTION in respondents else [])]
    position, index = pd.MultiIndex.from_frame(respondents[named]).factorize(sort=True)
    units = pd.DataFrame(index.to_frame(index=False).to_numpy(), columns=named)
    twice = units.duplicated(["district", "psu"])
    if twice.any():
        raise ValueError(
            f"{int(twice.sum())} primary sampling units lie in more than one stratum or commune: "
            "correct the columns Tang, PSU and MaXa of the district's workbook"
        )
    return position, units, _district_design(units, lonely_psu)


def reduce_to_cells(
    answers: Answers | np.ndarray,
    weights: np.ndarray,
    unit: np.ndarray,
    domain: np.ndarray,
    design: Design,
    keys: Sequence[str],
) -> PsuTotals:
    """The same for any domain, also one that cuts through units, such as a sex (method §4).

    `unit`: (n,) row of the design each respondent lies in; `domain`: (n,) number of the domain,
    from 0 without gaps, or -1 for a respondent in none. Under calibration make a domain a column
    of its own instead (NaN outside it): its residuals reach units where nobody belongs to it.
    """
    first = design.stages[0]
    count = design.size
    # Whole numbers that sort by domain, stratum, unit; respondents of no domain are set aside.
    order = np.lexsort([np.arange(count), first.unit, first.stratum])
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    domain, unit = np.asarray(domain), np.asarray(unit)
    inside = domain >= 0
    if not inside.all():
        answers = answers if isinstance(answers, Answers) else Answers.of(answers)
        answers = Answers(answers.codes[inside], answers.levels)
        weights, domain, unit = np.asarray(weights)[inside], domain[inside], unit[inside]
    cell = domain.astype(np.int64) * count + rank[unit]
    held = np.flatnonzero(np.bincount(cell))
    domains = held // count
    if not np.array_equal(np.unique(domains), np.arange(domains.max(initial=0) + 1)):
        raise ValueError("domains are numbered from 0 without gaps: one of them has no respondent")
    number = np.zeros(int(held[-1]) + 1, dtype=np.int64)
    number[held] = np.arange(len(held))
    sums = sum_answers(answers, weights, number[cell], len(held))
    return PsuTotals(
        design=design,
        units=pd.DataFrame({"psu": first.unit, "stratum": first.stratum}),
        unit=order[held % count],
        domain=domains,
        domains=tuple(str(number) for number in range(int(domains[-1]) + 1)),
        keys=tuple(keys),
        **sums,
    )


def _district_design(units: pd.DataFrame, lonely_psu: LonelyPsu) -> Design:
    stratum = pd.MultiIndex.from_frame(units[["district", "stratum"]]).factorize(sort=True)[0]
    population = units[FRACTION].to_numpy(float) if FRACTION in units else None
    group = pd.factorize(units["district"])[0]
    return Design.of(stratum, population=population, lonely_psu=lonely_psu, group=group)


def _district_cells(units: pd.DataFrame, lonely_psu: LonelyPsu) -> dict[str, Any]:
    """Numbering of sampling units sorted by district, stratum and psu, districts as domains."""
    domain, names = pd.factorize(units["district"], sort=True)
    return {
        "design": _district_design(units, lonely_psu),
        "units": units,
        "unit": np.arange(len(units)),
        "domain": domain,
        "domains": tuple(names),
    }


def _restated_cells(cells: pd.DataFrame, lonely_psu: LonelyPsu) -> dict[str, Any]:
    """Numbering of cells sorted by district of today, the units being those that were drawn."""
    drawn = cells.drop(columns="district").rename(columns={DRAWN_IN: "district"})
    unit, index = pd.MultiIndex.from_frame(drawn).factorize(sort=True)
    units = pd.DataFrame(index.to_frame(index=False).to_numpy(), columns=list(drawn))
    domain, names = pd.factorize(cells["district"], sort=True)
    numbers = {"unit": unit, "domain": domain, "domains": tuple(names)}
    return _district_cells(units, lonely_psu) | numbers
