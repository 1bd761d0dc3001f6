"""Units through time: districts and communes with validity and successors (method §2).
Not here: their population (census tables) or anything measured about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import (
    CommuneCode,
    DistrictKey,
    OptionalDate,
    OptionalReal,
    Row,
    Text,
    check_rows,
    check_unique,
    raise_faults,
)

How = Literal["whole", "apportioned", "divided"]
SHARES = "data/units/shares.csv"
SHARE_GAP = 1e-9  # how far the shares of a commune may be from 1 together
REPAIR = "Correct the cell; data/units/README.md says what each column means."


class DistrictRow(Row):
    """One state of one unit of the index, between two dates: a district until 2025-06-30, one of
    the commune-level units that replaced districts from then on."""

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


class ShareRow(Row):
    """The part of a divided commune's people that went to one of its successors, if known."""

    commune_code: CommuneCode
    ended_on: date
    successor: CommuneCode
    share: OptionalReal = None
    basis: str = ""
    source: Text


def code_of(district: str) -> str:
    """The code in a unit's key: '193-ha-long' -> '193', '06652-ha-tu' -> '06652'."""
    return district.partition("-")[0]


def in_force(frame: pd.DataFrame, day: date) -> pd.DataFrame:
    """Rows valid on `day`: from `valid_from` (inclusive) to `valid_to` (exclusive)."""
    begins = frame["valid_from"].map(lambda value: value is None or value <= day)
    ends = frame["valid_to"].map(lambda value: value is None or day < value)
    return frame[begins & ends].reset_index(drop=True)


@dataclass(frozen=True)
class Units:
    """The register of units. `districts` and `communes` hold one row per state of a unit; `shares`
    one row per part of a divided commune."""

    districts: pd.DataFrame
    communes: pd.DataFrame
    shares: pd.DataFrame

    @classmethod
    def from_tables(
        cls, districts: pd.DataFrame, communes: pd.DataFrame, shares: pd.DataFrame | None = None
    ) -> Units:
        """Check and type the tables of text. Raises FactError with every wrong cell.

        Without `shares` the register knows no part of any divided commune.
        """
        if shares is None:
            shares = pd.DataFrame(columns=list(ShareRow.model_fields), dtype="str")
        district_rows = check_rows(districts, DistrictRow, "data/units/districts.csv", REPAIR)
        commune_rows = check_rows(communes, CommuneRow, "data/units/communes.csv", REPAIR)
        share_rows = check_rows(shares, ShareRow, SHARES, REPAIR)
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
        faults += _wrong_shares(share_rows, commune_rows)
        raise_faults(faults)
        return cls(district_rows, commune_rows, share_rows)

    def districts_on(self, day: date) -> pd.DataFrame:
        """Units of the index in force on `day`, ordered by key: one row per unit."""
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
        """Every unit's key in force on at least one of `days`, sorted: the partition register."""
        return sorted({key for day in days for key in self.districts_on(day)["district"]})

    def are_communes(self, day: date) -> bool:
        """Whether the units of the index are themselves communes on `day`, as from 2025-07-01."""
        communes = in_force(self.communes, day)
        return bool((communes["commune_code"] == communes["district_code"]).all())

    def heirs_of_communes(self, of_day: date, on_day: date) -> pd.DataFrame:
        """What every commune in force on `of_day` is, has become or was made of on `on_day`.

        Codes are used again for other communes, so the way goes from the state in force on
        `of_day` and from state to state by date, forwards or backwards. One row per commune and
        heir, main one first: commune_code, heir, share (of the commune's people; NaN where it is
        not known). Going back, a commune of several keeps no shares: how many people each gave
        is not in the register. A commune without an heir has no row.
        """
        if (of_day, on_day) not in self._heirs_by_days:
            lineage = _Lineage(self.communes, self.shares)
            rows = [
                (lineage.code(state), lineage.code(heir), share)
                for state in lineage.states_on(of_day)
                for heir, share in lineage.follow(state, on_day, of_day).items()
            ]
            table = pd.DataFrame(rows, columns=["commune_code", "heir", "share"])
            self._heirs_by_days[of_day, on_day] = table.astype({"share": float})
        return self._heirs_by_days[of_day, on_day].copy()

    @cached_property
    def _heirs_by_days(self) -> dict[tuple[date, date], pd.DataFrame]:
        return {}

    def places_of_communes(self, codes: pd.Series, of_day: date, on_day: date) -> pd.DataFrame:
        """Where each distinct commune of `codes`, in force on `of_day`, lies on `on_day`.

        `on_day` may be later or earlier. One row per commune and unit of the index, ordered by
        both: commune_code, district (the unit's key), share of the commune's people, how: 'whole'
        (share 1), 'apportioned' (in several units, by known shares) or 'divided' (in several, the
        shares not known: NaN). Raises FactError for a code that is not in force on `of_day`, or
        of which nothing is in force on `on_day`.
        """
        homes = self.communes_on(on_day).set_index("commune_code")["district"]
        heirs = self.heirs_of_communes(of_day, on_day)
        heirs = heirs[heirs["commune_code"].isin(codes.unique())]
        heirs = heirs.assign(district=heirs["heir"].map(homes)).dropna(subset=["district"])
        there = set(in_force(self.communes, of_day)["commune_code"])
        faults = [
            Fault(
                "data/units/communes.csv",
                f"the commune is in no unit on {on_day}"
                if code in there
                else f"the commune is not in force on {of_day}",
                REPAIR,
                value=str(code),
            )
            for code in sorted(set(codes.unique()) - set(heirs["commune_code"]))
        ]
        raise_faults(faults)
        # A sum over parts is known when every part is; a NaN among them makes it NaN.
        places = heirs.groupby(["commune_code", "district"], as_index=False)["share"].agg(
            lambda parts: parts.sum(skipna=False)
        )
        units = places.groupby("commune_code")["district"].transform("size")
        known = places["share"].notna().groupby(places["commune_code"]).transform("all")
        places["share"] = places["share"].where(known, np.nan).mask(units == 1, 1.0)
        places["how"] = np.select([units == 1, known], ["whole", "apportioned"], "divided")
        return places


class _Lineage:
    """States of communes linked to the states that took them over, each by its date."""

    def __init__(self, communes: pd.DataFrame, shares: pd.DataFrame):
        self._codes = list(communes["commune_code"])
        self._begins = [day or date.min for day in communes["valid_from"]]
        self._ends = [day or date.max for day in communes["valid_to"]]
        self._states: dict[str, list[int]] = defaultdict(list)
        for state, code in enumerate(self._codes):
            self._states[code].append(state)
        known = {
            (row.commune_code, row.ended_on, row.successor): row.share
            for row in shares.itertuples(index=False)
        }
        self._later: dict[int, dict[int, float]] = {}
        self._earlier: dict[int, list[int]] = defaultdict(list)
        for state, text in enumerate(communes["successor"]):
            codes = text.split(";") if text else []
            ended = self._ends[state]
            found = {}
            for code in codes:
                share = known.get((self._codes[state], ended, code)) if len(codes) > 1 else 1.0
                for heir in self._in_force(code, ended):
                    found[heir] = np.nan if share is None else float(share)
                    self._earlier[heir].append(state)
            self._later[state] = found

    def code(self, state: int) -> str:
        return self._codes[state]

    def states_on(self, day: date) -> list[int]:
        """States in force on `day`, by code."""
        return [s for code in sorted(self._states) for s in self._in_force(code, day)]

    def follow(self, state: int, day: date, until: date = date.max) -> Mapping[int, float]:
        """States in force on `day` that hold people of `state`, with the share of its people.

        Each step goes strictly onwards in time, or back, so that there is no circle. On the way
        back a state of today is made of itself, where it was there on `day`, and of all that
        joined it from then on and before `until`, the day on which it is looked at.
        """
        if day >= self._ends[state]:
            found: dict[int, float] = defaultdict(float)
            for heir, share in self._later[state].items():
                for last, part in self.follow(heir, day).items():
                    found[last] += share * part
            return found
        origins = {state: 1.0} if self._begins[state] <= day else {}
        joined = [one for one in self._earlier[state] if day < self._ends[one] <= until]
        for one in joined:
            origins |= self.follow(one, day, self._ends[one])
        if len(joined) + (state in origins) > 1:
            return dict.fromkeys(origins, np.nan)
        return origins

    def _in_force(self, code: str, day: date) -> list[int]:
        return [s for s in self._states.get(code, []) if self._begins[s] <= day < self._ends[s]]


def _wrong_shares(shares: pd.DataFrame, communes: pd.DataFrame) -> list[Fault]:
    """One Fault for each divided commune whose parts are not those of communes.csv, are known
    only in part, or do not add up to 1; and for each known share without a basis."""
    faults = check_unique(shares, ["commune_code", "ended_on", "successor"], SHARES)
    divided = communes[communes["successor"].str.contains(";")]
    parts = {
        (row.commune_code, row.valid_to): set(row.successor.split(";"))
        for row in divided.itertuples(index=False)
    }
    for (code, ended), rows in shares.groupby(["commune_code", "ended_on"]):
        value = f"{code} until {ended}"
        known = rows["share"].notna()
        if set(rows["successor"]) != parts.get((code, ended)):
            faults.append(Fault(SHARES, "a divided commune has a row for each of its successors",
                                "Give it the successors that communes.csv names on that day.",
                                column="successor", value=value))  # fmt: skip
        if known.any() and not known.all():
            faults.append(Fault(SHARES, "the shares of a commune are all known or all blank",
                                REPAIR, column="share", value=value))  # fmt: skip
        elif known.all() and (not rows["share"].between(0, 1).all()
                              or abs(rows["share"].sum() - 1) > SHARE_GAP):  # fmt: skip
            faults.append(Fault(SHARES, "the shares of a commune lie in 0-1 and add up to 1",
                                REPAIR, column="share", value=value))  # fmt: skip
        if (known & (rows["basis"] == "")).any():
            faults.append(Fault(SHARES, "a share that is known says what it rests on", REPAIR,
                                column="basis", value=value))  # fmt: skip
    return faults


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
