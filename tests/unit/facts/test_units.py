"""Belongs here: which units there are on a day, and where a commune lies on another boundary.
Does not belong here: how many people live in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from survey_builders import COMMUNES, DISTRICTS, commune, district, units

from dgi.errors import FactError
from dgi.facts.units import Units
from dgi.ingest.facts import Facts

BEFORE, AFTER = date(2019, 7, 1), date(2020, 7, 1)


@pytest.fixture(scope="module")
def facts():
    return Facts(Path(__file__).resolve().parents[3] / "data")


def refusal(districts=DISTRICTS, communes=COMMUNES) -> str:
    with pytest.raises(FactError) as caught:
        Units.from_tables(districts, communes)
    return str(caught.value)


def home(code, day, register=None):
    register = register or units()
    return register.districts_of_communes(pd.Series([code]), day).iloc[0]


def test_a_unit_is_there_from_its_first_day_to_the_day_before_its_last():
    register = units()
    assert "204-hoanh-bo" in set(register.districts_on(date(2019, 12, 31))["district"])
    assert "204-hoanh-bo" not in set(register.districts_on(date(2020, 1, 1))["district"])


def test_a_unit_that_changed_its_type_is_one_row_on_every_day():
    for day, kind in ((date(2011, 2, 25), "Thị xã"), (date(2011, 2, 26), "Thành phố")):
        rows = units().districts_on(day).set_index("district")
        assert rows.loc["196-uong-bi", "type_vi"] == kind


def test_hoanh_bo_lies_in_ha_long_from_2020_on():
    assert home("07030", BEFORE) == "204-hoanh-bo"
    assert home("07030", AFTER) == "193-ha-long"


def test_a_commune_that_ended_is_followed_to_where_it_went():
    assert home("06652", BEFORE) == "193-ha-long"
    assert home("06652", AFTER) == "193-ha-long"


def test_successors_are_followed_more_than_once_and_never_in_a_circle():
    chain = [commune("06901", "193", end="2019-01-01", successor="06902"),
             commune("06902", "193", start="2019-01-01", end="2020-01-01", successor="06903"),
             commune("06903", "193", start="2020-01-01")]  # fmt: skip
    circle = [commune("06911", "193", end="2019-01-01", successor="06912"),
              commune("06912", "193", end="2019-01-01", successor="06911")]  # fmt: skip
    register = Units.from_tables(DISTRICTS, pd.DataFrame(chain + circle).astype("str"))
    assert home("06901", AFTER, register) == "193-ha-long"
    with pytest.raises(FactError, match="in no district"):
        home("06911", AFTER, register)


def test_a_commune_split_between_districts_is_refused_with_both_named():
    with pytest.raises(FactError) as caught:
        home("07033", AFTER)
    message = str(caught.value)
    assert "data/units/communes.csv" in message and "'07033'" in message
    assert "parts went to 193-ha-long, 196-uong-bi by 2020-07-01" in message


def test_a_commune_split_within_one_district_stays_in_it():
    assert home("07036", AFTER) == "193-ha-long"


def test_an_unknown_code_is_refused_and_every_wrong_code_is_listed():
    with pytest.raises(FactError) as caught:
        units().districts_of_communes(pd.Series(["06649", "99999", "07033", "88888"]), AFTER)
    assert len(caught.value.faults) == 3
    assert "the commune is in no district on 2020-07-01" in str(caught.value)


def test_districts_come_back_in_the_order_of_the_codes():
    codes = pd.Series(["06820", "06649", "06820"], index=[7, 3, 9])
    got = units().districts_of_communes(codes, BEFORE)
    assert list(got) == ["196-uong-bi", "193-ha-long", "196-uong-bi"]
    assert list(got.index) == [7, 3, 9]


def test_the_keys_of_several_days_are_all_that_were_ever_there():
    keys = units().district_keys([BEFORE, AFTER])
    assert keys == ["193-ha-long", "196-uong-bi", "204-hoanh-bo"]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("area", "suburban", "area is urban or rural"),
        ("district_code", "999", "the district code is not in districts.csv"),
        ("successor", "06649;12345", "a successor is not in the register"),
        ("commune_code", "6649", ""),
        ("valid_to", "01/07/2025", ""),
    ],
)
def test_a_wrong_cell_of_the_communes_is_named(column, value, says):
    communes = COMMUNES.copy()
    communes.loc[0, column] = value
    message = refusal(communes=communes)
    assert f"data/units/communes.csv, row 2, column {column}" in message
    assert says in message and value.split(";")[-1] in message
    assert "data/units/README.md says what each column means" in message


def test_a_state_that_stands_twice_is_refused_in_either_table():
    twice = pd.concat([COMMUNES, COMMUNES.iloc[[0]]], ignore_index=True)
    assert f"row {len(twice) + 1}" in refusal(communes=twice)
    again = pd.DataFrame([*DISTRICTS.to_dict("records"), district("193", "193-ha-long")])
    assert "data/units/districts.csv" in refusal(districts=again.fillna("").astype("str"))


def test_a_district_key_is_its_code_and_its_name_in_ascii():
    wrong = DISTRICTS.copy()
    wrong.loc[0, "district"] = "Hạ Long"
    assert "row 2, column district" in refusal(districts=wrong)


# ---- the register itself


def test_the_province_has_fourteen_districts_then_thirteen_then_none(facts):
    counts = {
        year: len(facts.units.districts_on(date(year, 7, 1))) for year in (2016, 2019, 2020, 2025)
    }
    assert counts == {2016: 14, 2019: 14, 2020: 13, 2025: 0}


def test_communes_after_every_recorded_change_are_as_many_as_it_says(facts):
    events = facts.table("units/events.csv")
    assert len(events) > 10
    for event in events.itertuples():
        there = facts.units.communes_on(date.fromisoformat(event.effective_date))
        assert len(there) == int(event.communes_after), event.event
        assert there["commune_code"].is_unique


def test_every_commune_of_2019_has_one_home_on_the_boundary_of_2020(facts):
    communes = facts.units.communes_on(BEFORE)
    homes = facts.units.districts_of_communes(communes["commune_code"], AFTER)
    was = communes["district"].where(communes["district"] != "204-hoanh-bo", "193-ha-long")
    assert (homes == was).all()
    assert (communes["district"] == "204-hoanh-bo").sum() == 13


def test_no_year_has_a_district_with_the_unused_code_197(facts):
    assert "197" not in set(facts.units.districts["district_code"])
