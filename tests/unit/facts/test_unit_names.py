"""Belongs here: which district or commune a written name means on a day, and which it cannot.
Does not belong here: where a commune lies on another boundary (test_units.py)."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgi.facts.unit_names import (
    HOW,
    REFUSED,
    fold_name,
    match_commune,
    match_district,
    split_unit_word,
)
from dgi.ingest.facts import Facts

UNITS = Facts(Path(__file__).resolve().parents[3] / "data").units
D2018, D2020, D2025 = date(2018, 7, 1), date(2020, 7, 1), date(2025, 8, 1)
DISTRICTS = UNITS.districts_on(D2018)
SHORT = {"Thành phố": ("TP ", "TP.", "TP. ", "T.P ", "thanh pho ", "THÀNH PHỐ "),
         "Thị xã": ("TX ", "TX.", "TX. ", "T.X. ", "thi xa ", "THỊ XÃ "),
         "Huyện": ("H ", "H.", "H. ", "huyen ", "HUYỆN ")}  # fmt: skip


def district(text, day=D2018):
    return tuple(match_district(pd.Series([text]), UNITS, day).iloc[0])


def commune(text, day=D2018, home=None):
    return tuple(match_commune(pd.Series([text]), UNITS, day, home).iloc[0])


@pytest.mark.parametrize("unit", list(DISTRICTS.itertuples()), ids=lambda unit: unit.district)
def test_each_of_the_fourteen_districts_is_known_by_every_usual_spelling(unit):
    english = {"city": "City", "town": "Town", "rural district": "District"}[unit.type_en]
    spellings = [
        unit.district_code, f"{unit.district_code}.0", unit.district, unit.name_with_type_vi,
        unit.name_vi, unit.name_vi.upper(), unit.name_en, f"{unit.name_en} {english}",
        unicodedata.normalize("NFD", unit.name_with_type_vi),
        unit.name_with_type_vi.replace("Đ", "Ð"), f"  {unit.name_vi}\xa0",
        f"{unit.name_with_type_vi}, tỉnh Quảng Ninh", f"{unit.name_vi}, Quảng Ninh",
        *(short + unit.name_vi for short in SHORT[unit.type_vi]),
        *(short + unit.name_en for short in SHORT[unit.type_vi]),
    ]  # fmt: skip
    found = match_district(pd.Series(spellings), UNITS, D2018)
    assert list(found["code"]) == [unit.district_code] * len(spellings)
    assert set(found["how"]) <= {"code", "key", "name"}


def test_every_commune_of_a_day_is_known_by_its_code_and_within_its_district_by_its_name():
    for day in (D2018, D2020):
        communes = UNITS.communes_on(day)
        by_code = match_commune(communes["commune_code"].str.lstrip("0"), UNITS, day)
        assert list(by_code["code"]) == list(communes["commune_code"])
        for home, own in communes.groupby("district"):
            for names in (own["name_vi"], own["name_vi"].map(fold_name_with_type)):
                found = match_commune(names.astype("str"), UNITS, day, home)
                assert list(found["code"]) == list(own["commune_code"])


def fold_name_with_type(name: str) -> str:
    """'Phường Hà Tu' -> 'p. ha tu'."""
    short = {"phường": "p.", "xã": "x.", "thị trấn": "tt."}[split_unit_word(name)[0]]
    return f"{short} {fold_name(name)}"


def test_the_provinces_name_is_no_district():
    assert district("Quảng Ninh")[:2] == ("", "province")
    assert district("Tỉnh Quảng Ninh")[:2] == ("", "province")
    # There is such a district, in the province of Quảng Bình.
    assert district("Huyện Quảng Ninh")[:2] == ("", "other_province")
    assert district("huyen quang ninh")[:2] == ("", "other_province")


def test_a_name_of_another_day_is_known_and_said_to_be_so():
    assert district("Huyện Yên Hưng")[:2] == ("206", "old_name")
    assert district("Yên Hưng")[:2] == ("206", "old_name")
    assert district("Huyện Đông Triều")[:2] == ("205", "old_name")
    assert district("TP Đông Triều")[:2] == ("205", "later_name")
    assert district("Huyện Hạ Long")[:2] == ("193", "other_type")


def test_a_unit_that_has_ended_is_refused_with_its_heir():
    assert district("Hoành Bồ", D2018)[0] == "204"
    for text in ("Hoành Bồ", "204", "204-hoanh-bo", "H. Hoành Bồ"):
        assert district(text, D2020) == ("", "ended", "193-ha-long")
    assert commune("Quan Lạn", D2025) == ("", "ended", "06994")


def test_a_code_taken_over_in_2025_is_another_unit():
    assert commune("06652", D2018)[0] == commune("06652", D2025)[0] == "06652"
    assert commune("Phường Hà Phong", D2018)[0] == "06652"
    assert commune("Phường Hà Phong", D2025)[:2] == ("", "ended")
    assert commune("Phường Hà Tu", D2018)[0] == "06664"
    assert commune("Phường Hà Tu", D2025)[0] == "06652"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Quan Lạn", "07024"), ("quan lan", "07024"), ("xã Quan Lạn", "07024"),
        ("Phương Đông", "06832"), ("phuong dong", "06832"), ("phuong phuong dong", "06832"),
        ("P. Phương Nam", "06835"), ("Hoà Bình", "07045"), ("TT Đầm Hà", "06895"),
        ("Xã Đầm Hà", "06916"), ("P.Hà Tu", "06664"), ("Hà Tu, TP Hạ Long, Quảng Ninh", "06664"),
    ],
)  # fmt: skip
def test_communes_whose_names_look_like_a_unit_word_or_another_unit(name, code):
    assert commune(name)[0] == code


def test_one_name_of_two_units_is_ambiguous_until_the_rest_decides():
    code, how, candidates = commune("Cộng Hòa")
    assert (code, how) == ("", "ambiguous")
    assert candidates == "Xã Cộng Hòa (06799); Phường Cộng Hòa (07150)"
    assert commune("Cộng Hòa, Cẩm Phả")[0] == "06799"
    assert commune("Phường Cộng Hòa")[0] == "07150"
    assert commune("Cộng Hòa", home="206-quang-yen")[0] == "07150"
    assert commune("Đầm Hà")[1] == "ambiguous"


def test_a_commune_of_another_district_is_refused():
    assert commune("06652", home="193-ha-long")[0] == "06652"
    assert commune("06652", home="207-co-to")[:2] == ("", "other_district")
    assert commune("Hà Tu", home="207-co-to")[:2] == ("", "unknown")


def test_an_unknown_name_is_refused_with_the_nearest_ones():
    assert district("Hạ Lonh") == (
        "", "unknown", "Thành phố Hạ Long (193); Huyện Hải Hà (201)"
    )  # fmt: skip
    assert district("Paris") == ("", "unknown", "")
    assert commune("99999")[:2] == ("", "unknown")
    assert "Phường Bãi Cháy" in commune("Bãi Chái")[2]


def test_missing_names_stay_missing_and_rows_keep_their_labels():
    names = pd.Series(["Cô Tô", None, "Cô Tô"], index=[7, 3, 9], dtype="str")
    found = match_district(names, UNITS, D2018)
    assert list(found.index) == [7, 3, 9]
    assert list(found["code"]) == ["207", "", "207"]
    assert list(found["how"]) == ["name", "", "name"]


@given(st.text(max_size=20))
def test_whatever_is_written_gives_a_unit_of_the_day_or_none(text):
    code, how, _ = district(text)
    assert (code in set(DISTRICTS["district_code"])) == (how in HOW)
    assert (code == "") == (how in ("", *REFUSED))
