"""Census tables: adults of every commune, their sex and age, as margins of districts (method §5).
Not here: the weights that are raked to them (dgi.survey.weights)."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import CommuneCode, DistrictKey, Row, Text, raise_faults
from dgi.facts.units import Units


class CommuneAdultsRow(Row):
    """Adults of one commune in one census."""

    census: Text
    commune_code: CommuneCode
    adults: float
    source: Text


class CensusRow(Row):
    """One census: the day whose communes and districts it counts."""

    census: Text
    reference_date: date
    statement_vi: Text
    statement_en: Text
    source: Text


class SexAgeRow(Row):
    """Share of a district's adults in one sex and age group."""

    census: Text
    district: DistrictKey
    sex: Literal["male", "female"]
    age_group: Literal["18-29", "30-44", "45-59", "60-70"]
    share: float
    source: Text


def district_margins(
    commune_adults: pd.DataFrame, sex_age: pd.DataFrame, units: Units, census_day: date, day: date
) -> pd.DataFrame:
    """Adults of each district by margin, on the boundary of `day` (method §2, §5).

    `census_day`: the day whose communes and districts the census tables name. Returns
    district, margin ('sex_age' or 'area'), category, population; the categories of a
    margin add up to the district. A census district that has merged adds to its successor.
    Raises FactError when a sex-age share does not add up to 1, a district has none, or a commune
    was divided between districts in shares that are not known.
    """
    codes = commune_adults["commune_code"]
    homes = units.places_of_communes(codes, census_day, day)
    adults = commune_adults[["commune_code", "adults"]].merge(homes, on="commune_code")
    divided = adults.loc[adults["how"] == "divided", "commune_code"].drop_duplicates()
    raise_faults(
        Fault("data/census/commune_adults.csv",
              f"the commune's people went to several units by {day}, in shares not known",
              "Give the census of the new units a name of its own, or the shares to"
              " data/units/shares.csv.", column="commune_code", value=code)
        for code in divided
    )  # fmt: skip
    adults["adults"] *= adults["share"]
    adults["area"] = adults["commune_code"].map(_areas_on(units, census_day, day))
    area = adults.groupby(["district", "area"], as_index=False)["adults"].sum()

    shares = sex_age.groupby("district")["share"].sum()
    faults = [
        Fault("data/census/sex_age.csv", "the shares of a district add up to 1",
              "Correct the shares.", value=f"{district}: {total}")
        for district, total in shares.items()
        if abs(total - 1) > 1e-6
    ]  # fmt: skip
    origin = adults["commune_code"].map(
        units.communes_on(census_day).set_index("commune_code")["district"]
    )
    totals = adults.assign(origin=origin).groupby(["district", "origin"], as_index=False)
    cells = totals["adults"].sum().merge(sex_age, left_on="origin", right_on="district",
                                         suffixes=("", "_census"))  # fmt: skip
    missing = set(units.districts_on(day)["district"]) - set(cells["district"])
    faults += [
        Fault("data/census/sex_age.csv", "a district has no census rows",
              "Add its rows, or correct data/units.", value=district)
        for district in sorted(missing)
    ]  # fmt: skip
    raise_faults(faults)
    cells["category"] = cells["sex"] + " " + cells["age_group"]
    cells["population"] = cells["adults"] * cells["share"]
    by_sex_age = cells.groupby(["district", "category"], as_index=False)["population"].sum()
    by_area = area.rename(columns={"area": "category", "adults": "population"})
    return pd.concat(
        [by_sex_age.assign(margin="sex_age"), by_area.assign(margin="area")], ignore_index=True
    )[["district", "margin", "category", "population"]].sort_values(
        ["district", "margin", "category"], ignore_index=True
    )


def _areas_on(units: Units, census_day: date, day: date) -> pd.Series:
    """Urban or rural on `day`, by code of the communes of `census_day`: as their main heir is."""
    area = units.communes_on(day).set_index("commune_code")["area"]
    heirs = units.heirs_of_communes(census_day, day).drop_duplicates("commune_code")
    return heirs.set_index("commune_code")["heir"].map(area)
