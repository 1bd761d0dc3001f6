"""A survey year's sums of sampling units restated on the boundary of any day (method §2, §8).
Not here: which unit a commune lies in (dgi.facts.units), or the change itself (two_years.py)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from dgi.change.panel import SurveyYear
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.units import Units
from dgi.index.scores import PROVINCE
from dgi.index.totals import DRAWN_IN, TOTAL_COLUMNS, PsuTotals

IN_NO_UNIT = "divided"  # stands for a district's key: no unit is called so
# What is a sum over respondents, and so falls to a part in proportion to its share.
SUMS = [*TOTAL_COLUMNS.values(), "respondents_n", "unit_weight_sum", "unit_weight_square_sum"]


@dataclass(frozen=True)
class Restated:
    """A year's table on another boundary, and what became of the units of that boundary.

    `frame`: the table with `district` on the boundary and `drawn_in`, the district of the survey;
    rows of divided communes are in the district IN_NO_UNIT. `restated`: units that were drawn
    otherwise; `apportioned`: units with rows that were shared out; `refused`: units that part of
    a divided commune went to; `not_whole`: units that lack the rows of a part of their area.
    """

    frame: pd.DataFrame
    restated: frozenset[str]
    apportioned: frozenset[str]
    refused: frozenset[str]
    not_whole: frozenset[str]


def restate(
    table: pd.DataFrame, units: Units, of_day: date, on_day: date, lost: Collection[str] = ()
) -> Restated:
    """A year's sums by place, on the boundary of `on_day` (method §2).

    `table`: rows with district and commune_code as of `of_day` and any of the columns of SUMS,
    such as survey_totals (with stratum, psu, key) or group_totals; `lost`: districts of `of_day`
    that the table should hold and does not. Raises FactError for a commune that was not in force.

    A whole commune moves with its rows. Of an apportioned one each unit gets every sum times its
    share s. That is right for each column alike, since each is a sum over respondents (w, wy,
    wy^2, w^2, 1, and the residuals, which are linear in w): if a respondent lives in the part
    with probability s, the sum over those who do is s times the sum over all in expectation. So
    a part holds s n respondents with their own weights, not n respondents with weights s w: the
    count of a respondent over all parts is 1, nobody helps two units to reach min_n, and Kish's
    size (sum w)^2 / sum w^2 shrinks by s too. What is not in the error is that s is taken as
    known, and that who lives in which part is not. The parts stay one sampling unit of one
    stratum (`drawn_in`), so that the province's error counts it once.

    A divided commune, whose shares nobody knows, is in no unit. Its rows stay under IN_NO_UNIT:
    its stratum was drawn with it, and the province loses nobody. Every unit that a part of it
    went to is refused, also where the draw has passed it by: whether two years can be compared
    must not hang on the draw.
    """
    places = units.places_of_communes(units.communes_on(of_day)["commune_code"], of_day, on_day)
    drawn = places["commune_code"].map(
        units.communes_on(of_day).set_index("commune_code")["district"]
    )
    in_parts = places["how"] == "divided"
    refused = frozenset(places.loc[in_parts, "district"])
    not_whole = frozenset(places.loc[drawn.isin(lost), "district"])
    homes = places[~in_parts]
    moved = homes["district"].to_numpy() != drawn[~in_parts].to_numpy()
    shared = homes["how"] == "apportioned"

    targets = pd.concat(
        [
            homes[["commune_code", "district", "share"]],
            places.loc[in_parts, ["commune_code"]]
            .drop_duplicates()
            .assign(district=IN_NO_UNIT, share=1.0),
        ]
    )
    positions = pd.Series(np.arange(len(table)), name="row")
    links = (
        table[["commune_code"]]
        .reset_index(drop=True)
        .assign(row=positions)
        .merge(targets, on="commune_code", how="left", sort=False)
        .sort_values("row", kind="stable")
    )
    if links["district"].isna().any():
        units.places_of_communes(table["commune_code"], of_day, on_day)  # names the wrong codes
    frame = table.iloc[links["row"].to_numpy()].reset_index(drop=True)
    frame[DRAWN_IN] = frame["district"]
    frame["district"] = links["district"].to_numpy()
    share = links["share"].to_numpy()
    if (share != 1).any():
        for column in [name for name in SUMS if name in frame]:
            frame[column] = frame[column].to_numpy(float) * share
    if "psu" in frame and units.are_communes(of_day) != units.are_communes(on_day):
        # Codes were given anew: a sampling unit of the same name is another one.
        frame["psu"] = f"{of_day:%Y}: " + frame["psu"]
    return Restated(
        frame,
        frozenset(homes.loc[moved, "district"]),
        frozenset(homes.loc[shared, "district"]),
        refused,
        not_whole,
    )


def survey_year_of(
    moved: Restated,
    year: int,
    totals: PsuTotals,
    indicator_set: IndicatorSet,
    is_whole: bool,
    groups: pd.DataFrame | None = None,
) -> SurveyYear:
    """A restated year as it is compared. `totals`: those of the restated frame; `is_whole`: no
    district of the year's own is missing, so the province is there whatever its boundaries
    (method §8)."""
    too_few = unmeasured(totals) & moved.restated
    whole = set(totals.domains) - {IN_NO_UNIT} - moved.not_whole - moved.refused - too_few
    return SurveyYear(
        year,
        totals,
        indicator_set,
        frozenset(whole | {PROVINCE} if is_whole else whole),
        moved.restated,
        groups,
        moved.apportioned,
        moved.refused,
        frozenset(too_few),
    )


def unmeasured(totals: PsuTotals) -> set[str]:
    """Domains whose sampling units are no more than the strata they lie in (method §6, §8).

    A mean over the one unit of a stratum has no error that could be measured: linearised, the
    unit lies on its own mean, and the formula would say 0 where nothing is known.
    """
    degrees = totals.design.degrees_of_freedom(totals.unit, totals.domain)
    return {name for name, df in zip(totals.domains, degrees, strict=True) if df < 1}
