"""Belongs here: margins of districts from census tables, on the boundary of any day.
Does not belong here: the weights that are raked to them (tests/unit/survey)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from survey_builders import units

from dgi.errors import FactError
from dgi.facts.census import district_margins
from dgi.fieldwork.responses import AGE_GROUPS

AGES = [group[0] for group in AGE_GROUPS]
CELLS = [f"{sex} {age}" for sex in ("female", "male") for age in AGES]


CENSUS_DAY = date(2019, 4, 1)
ADULTS = pd.DataFrame(
    {"commune_code": ["06649", "06652", "07030", "07036", "06820"],
     "adults": [1000.0, 500, 300, 200, 800]}
)  # fmt: skip


def sex_age(*districts) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"district": d, "sex": sex, "age_group": age,
             "share": 0.125 + (0.05 if d == "204-hoanh-bo" and sex == "male" else
                               -0.05 if d == "204-hoanh-bo" else 0)}
            for d in districts for sex in ("female", "male") for age in AGES
        ]
    )  # fmt: skip


SHARES = sex_age("193-ha-long", "196-uong-bi", "204-hoanh-bo")


def population(table, unit, margin):
    own = table[(table["district"] == unit) & (table["margin"] == margin)]
    return own.set_index("category")["population"]


def test_each_margin_adds_up_to_the_districts_adults():
    table = district_margins(ADULTS, SHARES, units(), CENSUS_DAY, date(2019, 7, 1))
    totals = table.groupby(["district", "margin"])["population"].sum().unstack()
    np.testing.assert_allclose(totals["area"], totals["sex_age"], rtol=1e-12)
    assert totals.loc["193-ha-long", "area"] == 1500 and totals.loc["204-hoanh-bo", "area"] == 500
    assert set(population(table, "204-hoanh-bo", "area").index) == {"rural", "urban"}


def test_a_district_that_joined_another_brings_its_people_and_their_ages():
    table = district_margins(ADULTS, SHARES, units(), CENSUS_DAY, date(2020, 7, 1))
    assert "204-hoanh-bo" not in set(table["district"])
    assert population(table, "193-ha-long", "area").sum() == 2000
    cells = population(table, "193-ha-long", "sex_age")
    assert cells["male 18-29"] == pytest.approx(1500 * 0.125 + 500 * 0.175)
    assert population(table, "193-ha-long", "area")["rural"] == 300


def test_shares_that_do_not_add_up_and_districts_without_any_are_refused_together():
    wrong = sex_age("193-ha-long", "196-uong-bi")
    wrong.loc[0, "share"] += 0.1
    with pytest.raises(FactError) as caught:
        district_margins(ADULTS, wrong, units(), CENSUS_DAY, date(2019, 7, 1))
    message = str(caught.value)
    assert "data/census/sex_age.csv" in message and "193-ha-long: 1.1" in message
    assert "a district has no census rows (found '204-hoanh-bo')" in message
