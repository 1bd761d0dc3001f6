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

BEFORE, AFTER, LATEST = date(2019, 7, 1), date(2020, 7, 1), date(2025, 7, 1)


@pytest.fixture(scope="module")
def facts():
    return Facts(Path(__file__).resolve().parents[3] / "data")


def refusal(districts=DISTRICTS, communes=COMMUNES) -> str:
    with pytest.raises(FactError) as caught:
        Units.from_tables(districts, communes)
    return str(caught.value)


def places(code, of_day, on_day, register=None):
    """Unit -> (share, how) of one commune."""
    table = (register or units()).places_of_communes(pd.Series([code]), of_day, on_day)
    assert set(table["commune_code"]) == {code}
    shares = table["share"].astype(object).where(table["share"].notna(), None)
    return dict(zip(table["district"], zip(shares, table["how"], strict=True), strict=True))


def home(code, of_day, on_day, register=None):
    [(unit, (share, how))] = places(code, of_day, on_day, register).items()
    assert (share, how) == (1.0, "whole")
    return unit


def test_a_unit_is_there_from_its_first_day_to_the_day_before_its_last():
    register = units()
    assert "204-hoanh-bo" in set(register.districts_on(date(2019, 12, 31))["district"])
    assert "204-hoanh-bo" not in set(register.districts_on(date(2020, 1, 1))["district"])


def test_a_unit_that_changed_its_type_is_one_row_on_every_day():
    for day, kind in ((date(2011, 2, 25), "Thị xã"), (date(2011, 2, 26), "Thành phố")):
        rows = units().districts_on(day).set_index("district")
        assert rows.loc["196-uong-bi", "type_vi"] == kind


def test_hoanh_bo_lies_in_ha_long_from_2020_on():
    assert home("07030", BEFORE, BEFORE) == "204-hoanh-bo"
    assert home("07030", BEFORE, AFTER) == "193-ha-long"
    assert home("07030", AFTER, BEFORE) == "204-hoanh-bo"


def test_a_commune_that_ended_is_followed_to_where_it_went():
    assert home("06652", BEFORE, BEFORE) == "193-ha-long"
    assert home("06652", BEFORE, AFTER) == "193-ha-long"


def test_successors_are_followed_more_than_once_and_never_in_a_circle():
    chain = [commune("06901", "193", end="2019-01-01", successor="06902"),
             commune("06902", "193", start="2019-01-01", end="2020-01-01", successor="06903"),
             commune("06903", "193", start="2020-01-01")]  # fmt: skip
    circle = [commune("06911", "193", end="2019-01-01", successor="06912"),
              commune("06912", "193", end="2019-01-01", successor="06911")]  # fmt: skip
    register = Units.from_tables(DISTRICTS, pd.DataFrame(chain + circle).astype("str"))
    early = date(2018, 7, 1)
    assert home("06901", early, AFTER, register) == "193-ha-long"
    assert home("06903", AFTER, early, register) == "193-ha-long"
    with pytest.raises(FactError, match="in no unit on 2020-07-01"):
        home("06911", early, AFTER, register)


def test_a_commune_split_between_districts_is_divided_unless_the_shares_are_known():
    nowhere = (None, "divided")
    assert places("07033", BEFORE, AFTER) == {"193-ha-long": nowhere, "196-uong-bi": nowhere}
    register = Units.from_tables(DISTRICTS, COMMUNES, parts("0.25", "0.75"))
    assert places("07033", BEFORE, AFTER, register) == {
        "193-ha-long": (0.25, "apportioned"),
        "196-uong-bi": (0.75, "apportioned"),
    }


def test_a_commune_split_within_one_district_stays_in_it():
    assert home("07036", BEFORE, AFTER) == "193-ha-long"


def test_a_commune_made_of_parts_of_two_districts_is_divided_on_the_way_back():
    # 06649 took over a part of 07033 of Hoành Bồ: how many of its people came from there?
    nowhere = (None, "divided")
    assert places("06649", AFTER, BEFORE) == {"193-ha-long": nowhere, "204-hoanh-bo": nowhere}
    # So it stays where the shares of 07033 are known: they are shares of the other commune.
    register = Units.from_tables(DISTRICTS, COMMUNES, parts("0.25", "0.75"))
    assert set(places("06649", AFTER, BEFORE, register).values()) == {nowhere}


def test_a_code_that_is_used_again_is_followed_from_the_day_it_was_asked_on():
    rows = [commune("06901", "193", end="2020-01-01", successor="06902"),
            commune("06902", "193", start="2020-01-01"),
            commune("06901", "196", start="2020-01-01")]  # fmt: skip
    register = Units.from_tables(DISTRICTS, pd.DataFrame(rows).astype("str"))
    assert home("06901", BEFORE, AFTER, register) == "193-ha-long"
    assert home("06901", AFTER, AFTER, register) == "196-uong-bi"


def test_an_unknown_code_is_refused_and_every_wrong_code_is_listed():
    with pytest.raises(FactError) as caught:
        codes = pd.Series(["06649", "99999", "07033", "88888", "99999"])
        units().places_of_communes(codes, BEFORE, AFTER)
    assert len(caught.value.faults) == 2
    assert "the commune is not in force on 2019-07-01" in str(caught.value)


def parts(*shares, **changes):
    """Shares of 07033, which went to 06649 and 06820."""
    rows = [
        {"commune_code": "07033", "ended_on": "2020-01-01", "successor": to, "share": share,
         "basis": "a list of households" if share else "", "source": "test", **changes}
        for to, share in zip(("06649", "06820"), shares, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        (parts("0.25", "0.7"), "add up to 1"),
        (parts("-0.5", "1.5"), "lie in 0-1"),
        (parts("0.25", ""), "all known or all blank"),
        (parts("0.25", "0.75", basis=""), "says what it rests on"),
        (parts("0.25", "0.75", ended_on="2021-01-01"), "a row for each of its successors"),
        (parts("0.25", "0.75").iloc[:1], "a row for each of its successors"),
    ],
)
def test_wrong_shares_of_a_divided_commune_are_refused(shares, says):
    with pytest.raises(FactError, match=says) as caught:
        Units.from_tables(DISTRICTS, COMMUNES, shares)
    assert "data/units/shares.csv" in str(caught.value) and "07033 until" in str(caught.value)


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


def test_the_province_has_fourteen_districts_then_thirteen_then_fifty_four_communes(facts):
    counts = {
        year: len(facts.units.districts_on(date(year, 7, 1))) for year in (2016, 2019, 2020, 2025)
    }
    assert counts == {2016: 14, 2019: 14, 2020: 13, 2025: 54}


def test_communes_after_every_recorded_change_are_as_many_as_it_says(facts):
    events = facts.table("units/events.csv")
    assert len(events) > 10
    for event in events.itertuples():
        there = facts.units.communes_on(date.fromisoformat(event.effective_date))
        assert len(there) == int(event.communes_after), event.event
        assert there["commune_code"].is_unique


def test_every_commune_of_2019_has_one_home_on_the_boundary_of_2020(facts):
    communes = facts.units.communes_on(BEFORE)
    found = facts.units.places_of_communes(communes["commune_code"], BEFORE, AFTER)
    assert (found["how"] == "whole").all() and len(found) == len(communes)
    was = communes["district"].where(communes["district"] != "204-hoanh-bo", "193-ha-long")
    homes = found.set_index("commune_code")["district"].reindex(communes["commune_code"])
    assert (homes.to_numpy() == was.to_numpy()).all()
    assert (communes["district"] == "204-hoanh-bo").sum() == 13


def test_no_year_has_a_district_with_the_unused_code_197(facts):
    assert "197" not in set(facts.units.districts["district_code"])


def test_ha_phong_is_followed_into_the_new_ward_that_bears_its_code(facts):
    assert home("06652", AFTER, LATEST, facts.units) == "06652-ha-tu"
    assert home("06664", AFTER, LATEST, facts.units) == "06652-ha-tu"  # the old Hà Tu ward
    assert home("06652", LATEST, AFTER, facts.units) == "193-ha-long"


def test_every_unit_of_2025_is_its_own_commune_and_covers_the_province(facts):
    there = facts.units.communes_on(LATEST)
    assert (there["district"].str[:5] == there["commune_code"]).all() and len(there) == 54
    assert facts.units.are_communes(LATEST) and not facts.units.are_communes(AFTER)
    old = facts.units.communes_on(AFTER)["commune_code"]
    found = facts.units.places_of_communes(old, AFTER, LATEST)
    assert set(found["district"]) == set(there["district"])


def test_every_divided_commune_has_its_parts_listed_and_none_of_the_shares_is_made_up(facts):
    divided = facts.units.communes[facts.units.communes["successor"].str.contains(";")]
    wanted = {
        (row.commune_code, row.valid_to, to)
        for row in divided.itertuples()
        for to in row.successor.split(";")
    }
    shares = facts.units.shares
    listed = set(zip(shares["commune_code"], shares["ended_on"], shares["successor"], strict=True))
    assert listed == wanted and len(divided) == 12 and len(wanted) == 25
    assert shares["share"].isna().all()


@pytest.mark.parametrize("days", [(BEFORE, AFTER), (AFTER, LATEST), (LATEST, AFTER)])
def test_the_parts_of_a_commune_are_one_whole_or_unknown(facts, days):
    codes = facts.units.communes_on(days[0])["commune_code"]
    found = facts.units.places_of_communes(codes, *days)
    sums = found.groupby("commune_code")["share"].sum(min_count=1)
    assert ((sums - 1).abs() < 1e-12)[sums.notna()].all()
    assert (found["share"].isna() == (found["how"] == "divided")).all()
