"""Units through time: districts and communes with validity and successors (method §2).
Not here: their population (census tables) or anything measured about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import (
    CommuneCode,
    DistrictKey,
    OptionalDate,
    Row,
    Text,
    check_rows,
    check_unique,
    raise_faults,
)

REPAIR = "Correct the cell; data/units/README.md says what each column means."


class DistrictRow(Row):
    """One state of one district: its name and type between two dates."""

    district_code: Text
    district: DistrictKey
    province_code: Text
    name_vi: Text
    name_with_type_vi: Text
    name_en: Text
    type_vi: Text
    type_en: Text
    valid_from: OptionalDate
    valid_to: OptionalDate
    successor: str = ""
    created_by: str = ""
    ended_by: str = ""
    source: Text


class CommuneRow(Row):
    """One state of one commune-level unit: ward, townlet, commune or special zone."""

    commune_code: CommuneCode
    name_vi: Text
    type_vi: Text
    area: Text
    district_code: str = ""
    valid_from: OptionalDate
    valid_to: OptionalDate
    successor: str = ""
    created_by: str = ""
    ended_by: str = ""
    source: Text


def in_force(frame: pd.DataFrame, day: date) -> pd.DataFrame:
    """Rows valid on `day`: from `valid_from` (inclusive) to `valid_to` (exclusive)."""
    begins = frame["valid_from"].map(lambda value: value is None or value <= day)
    ends = frame["valid_to"].map(lambda value: value is None or day < value)
    return frame[begins & ends].reset_index(drop=True)


@dataclass(frozen=True)
class Units:
    """The register of units. `districts` and `communes` hold one row per state of a unit."""

    districts: pd.DataFrame
    communes: pd.DataFrame

    @classmethod
    def from_tables(cls, districts: pd.DataFrame, communes: pd.DataFrame) -> Units:
        """Check and type the two tables of text. Raises FactError with every wrong cell."""
        district_rows = check_rows(districts, DistrictRow, "data/units/districts.csv", REPAIR)
        commune_rows = check_rows(communes, CommuneRow, "data/units/communes.csv", REPAIR)
        where = "data/units/communes.csv"
        codes = set(district_rows["district_code"])
        known = set(commune_rows["commune_code"])
        faults = check_unique(district_rows, ["district", "valid_from"], "data/units/districts.csv")
        faults += check_unique(commune_rows, ["commune_code", "valid_from"], where)
        for number, row in enumerate(commune_rows.itertuples(index=False), start=2):
            if row.area not in ("urban", "rural"):
                faults.append(Fault(where, "area is urban or rural", REPAIR, row=number,
                                    column="area", value=row.area))  # fmt: skip
            if row.district_code and row.district_code not in codes:
                faults.append(Fault(where, "the district code is not in districts.csv", REPAIR,
                                    row=number, column="district_code",
                                    value=row.district_code))  # fmt: skip
            unknown = [code for code in row.successor.split(";") if code and code not in known]
            if unknown:
                faults.append(Fault(where, "a successor is not in the register", REPAIR,
                                    row=number, column="successor",
                                    value=";".join(unknown)))  # fmt: skip
        faults += _overlaps(district_rows, "district", "data/units/districts.csv")
        faults += _overlaps(commune_rows, "commune_code", where)
        raise_faults(faults)
        return cls(district_rows, commune_rows)

    def districts_on(self, day: date) -> pd.DataFrame:
        """Districts in force on `day`, ordered by key: one row per district."""
        return in_force(self.districts, day).sort_values("district", ignore_index=True)

    def communes_on(self, day: date) -> pd.DataFrame:
        """Communes in force on `day` with their district key, ordered by code."""
        if day not in self._communes_by_day:
            keys = self.districts_on(day).set_index("district_code")["district"]
            communes = in_force(self.communes, day).sort_values("commune_code", ignore_index=True)
            homes = communes["district_code"].map(keys)
            self._communes_by_day[day] = communes.assign(district=homes)
        return self._communes_by_day[day].copy()

    @cached_property
    def _communes_by_day(self) -> dict[date, pd.DataFrame]:
        return {}  # asked for once a file and district, of the same few days

    def district_keys(self, days: list[date]) -> list[str]:
        """Every district key in force on at least one of `days`, sorted: the partition register."""
        return sorted({key for day in days for key in self.districts_on(day)["district"]})

    def districts_of_communes(self, codes: pd.Series, day: date) -> pd.Series:
        """District key, on the boundary of `day`, of each commune code of that day or before.

        A commune that has ended is followed along its successors. Returns text, aligned with
        `codes`. Raises FactError for a code the register does not know, and for a commune whose
        parts went to different districts, which cannot be assigned whole (method §2).
        """
        current = self.communes_on(day).set_index("commune_code")["district"]
        next_codes = self.communes[self.communes["successor"] != ""].sort_values(
            "valid_from", na_position="first", key=lambda s: pd.to_datetime(s)
        )
        successors = {row.commune_code: row.successor.split(";") for row in next_codes.itertuples()}
        found: dict[str, str] = {}
        faults = []
        for code in codes.unique():
            homes = _homes(code, current, successors)
            if len(homes) == 1:
                found[code] = homes.pop()
            else:
                rule = (
                    f"the commune is in no district on {day}"
                    if not homes
                    else f"the commune's parts went to {', '.join(sorted(homes))} by {day}"
                )
                faults.append(Fault("data/units/communes.csv", rule, REPAIR, value=str(code)))
        raise_faults(faults)
        return codes.map(found)


def _overlaps(frame: pd.DataFrame, key: str, where: str) -> list[Fault]:
    """One Fault for each state that begins before the unit's earlier state has ended."""
    faults = []
    for unit, states in frame.groupby(key):
        ordered = sorted(
            zip(states["valid_from"], states["valid_to"], strict=True),
            key=lambda state: state[0] or date.min,
        )
        for (_, ended), (begins, _) in pairwise(ordered):
            if ended is None or (begins or date.min) < ended:
                faults.append(Fault(where, "two states of a unit overlap", REPAIR,
                                    column="valid_from", value=f"{unit}: {begins}"))  # fmt: skip
    return faults


def _homes(code: str, current: pd.Series, successors: dict[str, list[str]]) -> set[str]:
    """Districts that a commune's territory lies in, following successors once each."""
    homes: set[str] = set()
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        unit = waiting.pop()
        if unit in seen:
            continue
        seen.add(unit)
        home = current.get(unit)
        if isinstance(home, str):
            homes.add(home)
        else:
            waiting.extend(successors.get(unit, []))
    return homes
