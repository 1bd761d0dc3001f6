"""Respondent weights: design, non-response, trimming, raking to census margins (method §5).
Not here: estimates or their errors (dgi.index.estimation)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from dgi.errors import Fault
from dgi.facts import CommuneCode, DistrictKey, Row, Text, raise_faults
from dgi.survey.units import Units

MARGINS = ("sex_age", "area")
TRIM_LOW, TRIM_HIGH = 0.2, 5.0  # times the median: the range that method §5 asks to state
RAKE_TOLERANCE = 1e-10
RAKE_ROUNDS = 500
LARGEST_GAP = 1e-6  # relative, of any margin's category: more is an error


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
    Raises FactError when a sex-age share does not add up to 1 or a district has none.
    """
    adults = commune_adults[["commune_code", "adults"]].copy()
    adults["district"] = units.districts_of_communes(adults["commune_code"], day)
    adults["area"] = _area_on(adults["commune_code"], units, day)
    area = adults.groupby(["district", "area"], as_index=False)["adults"].sum()

    shares = sex_age.groupby("district")["share"].sum()
    faults = [
        Fault("data/census/sex_age.csv", "the shares of a district add up to 1",
              "Correct the shares.", value=f"{district}: {total}")
        for district, total in shares.items()
        if abs(total - 1) > 1e-6
    ]  # fmt: skip
    origin = units.districts_of_communes(commune_adults["commune_code"], census_day)
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


def _area_on(codes: pd.Series, units: Units, day: date) -> pd.Series:
    """Urban or rural on `day` of each commune code, following successors when it has ended."""
    area = units.communes_on(day).set_index("commune_code")["area"]
    heirs = units.communes.set_index("commune_code")["successor"]

    def find(code: str) -> str:
        seen = set()
        while code not in area.index and code not in seen:
            seen.add(code)
            later = heirs.loc[[code]]
            code = next((s.split(";")[0] for s in later if s and s != code), code)
        return str(area.get(code, "rural"))

    return codes.map({code: find(code) for code in codes.unique()})


@dataclass(frozen=True)
class WeightReport:
    """What a data engineer asks of a set of weights."""

    rounds: int
    converged: bool
    largest_gap: float  # largest |achieved / wanted - 1| over the margins' categories
    trimmed_n: int
    kish_design_effect: float
    weight_cv: float
    weight_min: float
    weight_max: float


def base_weights(responses: pd.DataFrame) -> np.ndarray:
    """Design weight: 1 / (stage probabilities), times adults per interview in the village.

    `responses` needs commune_prob, village_prob, village_adults, village_code. Sharing the
    village's adults over the interviews it kept is the non-response adjustment within the
    last-stage unit (method §5). Returns (n,), persons per respondent.
    """
    kept = responses.groupby("village_code")["village_code"].transform("size").to_numpy(float)
    stages = (responses["commune_prob"] * responses["village_prob"]).to_numpy(float)
    return responses["village_adults"].to_numpy(float) / kept / stages


def rake(
    weights: np.ndarray, codes: list[np.ndarray], targets: list[np.ndarray]
) -> tuple[np.ndarray, int, float]:
    """Iterative proportional fitting of `weights` (n,) to one target vector per margin.

    `codes[m]`: category number of each respondent in margin m; `targets[m]`: population of
    each category, above zero, all margins with one common sum. Returns raked weights, rounds
    used, and the largest relative gap left. Raises ValueError for a category that has a
    population and no respondent: no weight can stand for people nobody was asked among.
    """
    raked = np.asarray(weights, dtype=float).copy()
    for margin, (code, target) in enumerate(zip(codes, targets, strict=True)):
        empty = np.flatnonzero((np.bincount(code, raked, len(target)) == 0) & (target > 0))
        if len(empty):
            raise ValueError(f"margin {margin} has population but no respondent in {empty}")
    gap = np.inf
    for round_number in range(1, RAKE_ROUNDS + 1):
        for code, target in zip(codes, targets, strict=True):
            raked *= (target / np.bincount(code, raked, len(target)))[code]
        gap = max(
            float(np.abs(np.bincount(code, raked, len(target)) / target - 1).max())
            for code, target in zip(codes, targets, strict=True)
        )
        if gap < RAKE_TOLERANCE:
            return raked, round_number, gap
    return raked, RAKE_ROUNDS, gap


def trim(weights: np.ndarray, low: float = TRIM_LOW, high: float = TRIM_HIGH) -> np.ndarray:
    """Weights brought inside `low` and `high` times their median, the excess shared out.

    The sum is kept: what is cut off is spread over the others in proportion (method §5).
    """
    weights = np.asarray(weights, dtype=float)
    total, median = weights.sum(), np.median(weights)
    bounded = np.clip(weights, low * median, high * median)
    inside = (bounded > low * median) & (bounded < high * median)
    if inside.any():
        share = 1 + (total - bounded.sum()) / bounded[inside].sum()
        if share > 0:
            return np.where(inside, bounded * share, bounded)
    # So few weights are left inside that they cannot carry the excess: all of them do.
    return bounded * (total / bounded.sum())


def kish_design_effect(weights: np.ndarray) -> float:
    """n * sum w^2 / (sum w)^2: what unequal weights alone cost (Kish 1965)."""
    weights = np.asarray(weights, dtype=float)
    return float(len(weights) * (weights**2).sum() / weights.sum() ** 2)


def weigh_district(
    responses: pd.DataFrame, margins: pd.DataFrame
) -> tuple[pd.DataFrame, WeightReport]:
    """Weights of one district's respondents, raked to its margins.

    `margins`: the district's rows of `district_margins`. A sex-age cell nobody was interviewed
    in is joined to the same sex's nearest age group before raking. Returns one row per respondent
    (respondent_id, base_weight, weight) and the report.
    """
    base = base_weights(responses)
    categories = {
        "sex_age": (responses["sex"] + " " + responses["age_group"]).to_numpy(str),
        "area": responses["area"].to_numpy(str),
    }
    codes, targets = [], []
    for name in MARGINS:
        wanted = margins[margins["margin"] == name].set_index("category")["population"]
        wanted = _join_empty_cells(wanted, set(categories[name]))
        labels = list(wanted.index)
        position = {label: number for number, label in enumerate(labels)}
        unknown = sorted(set(categories[name]) - set(labels))
        if unknown:
            raise ValueError(
                f"the census margin {name} has nobody in {', '.join(unknown)}, but interviews "
                "were taken there: correct data/census or the workbook's area and sex columns"
            )
        codes.append(np.array([position[label] for label in categories[name]]))
        targets.append(wanted.to_numpy(float))
    raked, rounds, gap = rake(base, codes, targets)
    trimmed = trim(raked)
    trimmed_n = int((~np.isclose(trimmed / raked, np.median(trimmed / raked))).sum())
    if trimmed_n:
        raked, rounds, gap = rake(trimmed, codes, targets)
    if gap > LARGEST_GAP:
        raise ValueError(
            f"raking did not reach the census margins (off by {gap:.1%} after {rounds} rounds): "
            "the margins in data/census disagree with one another or with who was interviewed"
        )
    report = WeightReport(
        rounds=rounds,
        converged=gap < RAKE_TOLERANCE,
        largest_gap=gap,
        trimmed_n=trimmed_n,
        kish_design_effect=kish_design_effect(raked),
        weight_cv=float(raked.std() / raked.mean()),
        weight_min=float(raked.min()),
        weight_max=float(raked.max()),
    )
    table = pd.DataFrame(
        {
            "respondent_id": responses["respondent_id"].to_numpy(),
            "base_weight": base,
            "weight": raked,
        }
    )
    return table, report


def _join_empty_cells(wanted: pd.Series, observed: set[str]) -> pd.Series:
    """Give the population of a category nobody answered in to the next one of the same kind."""
    labels = [str(label) for label in wanted.index]
    joined = {label: float(value) for label, value in zip(labels, wanted, strict=True)}
    for number, label in enumerate(labels):
        if label in observed or joined[label] == 0:
            continue
        group = label.split(" ")[0]
        near = [
            other
            for other in sorted(labels, key=lambda x: abs(labels.index(x) - number))
            if other in observed and other.split(" ")[0] == group
        ]
        if near:  # else it stays, and raking refuses it: nobody speaks for those people
            joined[near[0]] += joined[label]
            joined[label] = 0.0
    kept = {label: value for label, value in joined.items() if value > 0}
    return pd.Series(kept, dtype=float)
