"""Belongs here: what hygiene keeps and removes, and how text is read as numbers, days and codes.
Does not belong here: names of units, or what a column of a questionnaire accepts."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgi.facts.legacy_fonts import decode_legacy, decode_tcvn3, decode_vni, suspect_encoding
from dgi.facts.spelling import (
    clean,
    clean_text,
    fold,
    fold_text,
    pad_codes,
    read_dates,
    read_datetimes,
    read_numbers,
    spell_tones,
)

ROOT = Path(__file__).resolve().parents[3]
VIETNAMESE = "Hạ Long, Móng Cái, Cẩm Phả, Uông Bí, Bình Liêu, Tiên Yên, Đầm Hà, Ba Chẽ, Vân Đồn"
LETTERS = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
)
ODD = "\ufeff\u200b\u200c\u200d\u2060\xad\xa0\u2009\u3000\x00\x07\t\n\x85 _x0000_ÐðСе'=1./"
texts = st.text(alphabet=LETTERS + LETTERS.upper() + ODD, max_size=30) | st.text(max_size=30)


def numbers(*texts, **options) -> list[float]:
    return read_numbers(pd.Series(texts, dtype="str"), **options).tolist()


def one_number(text, **options) -> float:
    return numbers(text, **options)[0]


def moments(*texts) -> list[str | None]:
    read = read_datetimes(pd.Series(texts, dtype="str"))
    return [None if pd.isna(moment) else str(moment) for moment in read]


@given(texts)
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@given(texts)
def test_decomposed_text_is_cleaned_as_composed_text_is(text):
    assert clean(unicodedata.normalize("NFD", text)) == clean(unicodedata.normalize("NFC", text))


@given(texts)
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.none() | texts, max_size=20))
def test_a_column_is_cleaned_cell_by_cell_and_blanks_are_missing(cells):
    done = clean_text(pd.Series(cells, dtype="str"))
    expected = [clean(cell) or None if cell is not None else None for cell in cells]
    assert [None if pd.isna(cell) else cell for cell in done] == expected


@pytest.mark.parametrize(
    ("delivered", "plain"),
    [
        ("\ufeffstart", "start"),
        (" Hạ\xa0\u2009 Long\t", "Hạ Long"),
        ("Hạ\u200b Lo\xadng", "Hạ Long"),
        ("DTV_x0000_1", "DTV1"),
        ("DTV_x000D_1", "DTV1"),
        ("Ðầm Hà, ðảo", "Đầm Hà, đảo"),
        ("'06652", "06652"),
        ("O'Neill", "O'Neill"),
        ("С101а", "C101a"),  # Cyrillic С and а
        ("Κ12", "K12"),  # Greek Kappa
        ("Москва", "Москва"),
        ("１２", "12"),
        ("_x000_", "_x000_"),
    ],
)
def test_what_only_a_machine_sees_is_gone(delivered, plain):
    assert clean(delivered) == plain


def test_an_empty_column_and_a_column_of_blanks_are_cleaned():
    assert clean_text(pd.Series([], dtype="str")).empty
    assert clean_text(pd.Series([" ", "\u200b", None], dtype="str")).isna().all()


def test_where_a_tone_stands_does_not_matter_but_which_it_is_does():
    assert fold("Hoà Bình") == fold("HÒA BÌNH") == fold("hoa binh") == "hoa binh"
    assert spell_tones("Hoà") == spell_tones("Hòa") != spell_tones("Hoa")
    assert spell_tones("Hà Lầm") != spell_tones("Hà Lâm")
    assert list(fold_text(pd.Series(["Đ. Trần", None]))) == ["d tran", np.nan]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Qu¶ng Ninh", "Quảng Ninh"),
        ("HuyÖn C« T«", "Huyện Cô Tô"),
        ("HuyÖn §Çm Hµ", "Huyện Đầm Hà"),
        ("ThÞ x· §«ng TriÒu", "Thị xã Đông Triều"),
        ("Thµnh phè U«ng BÝ", "Thành phố Uông Bí"),
        ("Kh«ng biÕt", "Không biết"),
        ("phưêng", "phường"),
        ("DTV1", "DTV1"),
    ],
)
def test_text_typed_in_tcvn3_is_read_exactly(typed, read):
    # The letter ư is a soft hyphen in that font: hygiene must come after decoding.
    assert decode_tcvn3(typed.replace("ư", "\xad")) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Quaûng Ninh", "Quảng Ninh"),
        ("Huyeän Coâ Toâ", "Huyện Cô Tô"),
        ("Huyeän Ñaàm Haø", "Huyện Đầm Hà"),
        ("Thò xaõ Ñoâng Trieàu", "Thị xã Đông Triều"),
        ("Khoâng bieát", "Không biết"),
        ("TÖØ CHOÁI", "TỪ CHỐI"),
        ("phöôøng, xaõ, ñöôøng, kyõ, nguy", "phường, xã, đường, kỹ, nguy"),
        ("BÌNH LIEÂU", "BÌNH LIÊU"),
        ("nghæ, nghó, ñòa", "nghỉ, nghĩ, địa"),
    ],
)
def test_text_typed_in_vni_is_read_exactly(typed, read):
    assert decode_vni(typed) == read


def test_text_that_no_old_font_can_hold_stays_as_it_is():
    already = pd.Series(["Huyện Vân Đồn", None], dtype="str")
    assert decode_legacy(already, "tcvn3").iloc[0] == "Huyện Vân Đồn"
    assert decode_legacy(already, "vni").iloc[0] == "Huyện Vân Đồn"
    with pytest.raises(KeyError):
        decode_legacy(already, "vps")


def test_every_letter_of_tcvn3_has_its_byte():
    """The table of the standard, as glibc's iconv gives it, at the letters most often wrong."""
    standard = {0xA8: "ă", 0xA9: "â", 0xAE: "đ", 0xA7: "Đ", 0xB5: "à", 0xCB: "ậ", 0xD6: "ệ",
                0xDE: "ị", 0xE9: "ộ", 0xEE: "ợ", 0xF9: "ự", 0xFE: "ỵ", 0x85: "Ặ",
                0xC6: "ặ"}  # fmt: skip
    for byte, letter in standard.items():
        assert decode_tcvn3(bytes([byte]).decode("latin-1")) == letter
        assert decode_tcvn3(bytes([byte]).decode("cp1252")) == letter
    small = {decode_tcvn3(chr(byte)) for byte in range(0xA8, 0x100)}
    assert set(LETTERS) - set("abcdeghiklmnopqrstuvxy") <= small


@pytest.mark.parametrize(
    ("column", "suspected"),
    [
        (["Qu¶ng Ninh", "HuyÖn C« T«"], "tcvn3"),
        (["Quaûng Ninh", "Huyeän Coâ Toâ"], "vni"),
        (["Quảng Ninh".encode().decode("latin-1"), "1"], "utf-8"),
        (["Cẩm Phả".encode().decode("cp1258"), None], "utf-8"),
        (VIETNAMESE.split(", "), ""),
        (["30 °C", "«tốt»", "café", "5 €"], ""),
        (["1", "2", None], ""),
        ([], ""),
    ],
)
def test_garbled_text_is_recognised_and_good_text_is_left_in_peace(column, suspected):
    assert suspect_encoding(pd.Series(column, dtype="str")) == suspected


def test_names_of_all_units_are_good_vietnamese():
    data = pd.read_csv(ROOT / "data/units/communes.csv", dtype=str)["name_vi"]
    assert suspect_encoding(data.astype("str")) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12), ("-3", -3), ("\u22123", -3), ("+4", 4), ("0,35", 0.35), ("0.35", 0.35),
        (".5", 0.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1.234.567", 1234567),
        ("1 234,5", 1234.5), ("'12", 12), ("1.5E+05", 150000), ("2e3", 2000),
        ("4.932", 4.932), ("012", 12),
    ],
)  # fmt: skip
def test_a_number_is_read_in_either_habit(text, number):
    assert one_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["", "x", "inf", "nan", "1e999", "12a", "1.2.3", "1.234.5", "35%", "1,2,3",
             "99999999999999999999"]
)  # fmt: skip
def test_what_is_no_number_is_missing(text):
    assert np.isnan(one_number(text))


def test_a_thousands_point_in_a_whole_number_is_refused_until_declared():
    assert np.isnan(one_number("1.234", whole=True))
    assert np.isnan(one_number("1,234", whole=True))
    assert one_number("1.234", whole=True, decimal=",") == 1234
    assert one_number("1,234", whole=True, decimal=".") == 1234
    assert np.isnan(one_number("1.234", whole=True, decimal="."))
    assert np.isnan(one_number("0.123", decimal=","))
    assert numbers("12.0", "12,00", "12.5", whole=True)[:2] == [12, 12]


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_survive_as_they_are(number):
    assert numbers(str(number), f"{number}.0", whole=True) == [number, number]


@given(st.dates(min_value=pd.Timestamp("1900-01-01").date()))
def test_a_day_is_the_same_however_it_is_written(day):
    spellings = [f"{day:%d/%m/%Y}", f"{day.day}/{day.month}/{day.year}", f"{day:%d-%m-%Y}",
                 f"{day:%d.%m.%Y}", day.isoformat(), f"{day:%b} {day.day}, {day.year}",
                 f"{day.isoformat()} 00:00:00"]  # fmt: skip
    read = read_dates(pd.Series(spellings, dtype="str"))
    assert set(read) == {pd.Timestamp(day)}


def test_the_month_never_comes_first():
    assert moments("09/08/2017") == ["2017-08-09 00:00:00"]
    assert moments("09/13/2017", "31/02/2018", "29/02/2019", "0/1/2019") == [None] * 4


def test_what_is_no_day_is_missing():
    assert moments("42986", "08/09/17", "8/9-2017", "8/2017", "x", None) == [None] * 6
    assert moments("08/09/2017 25:00", "2017-09-08T10:61:00", "Sep 8, 2017 13:00 PM") == [None] * 3


def test_times_of_every_tool_are_told_on_vietnams_clock():
    assert moments(
        "2017-09-08T23:30:00.000Z",
        "2017-09-08T10:20:30.123+07:00",
        "2017-09-08T05:20:30+0200",
        "2017-09-07T22:20:30-05",
        "Sep 8, 2017 10:20:30 AM",
        "Sep 8, 2017 12:20:30 PM",
        "Sep 8, 2017 12:20:30 AM",
        "8/9/2017 10:20",
    ) == [
        "2017-09-09 06:30:00", "2017-09-08 10:20:30", "2017-09-08 10:20:30", "2017-09-08 10:20:30",
        "2017-09-08 10:20:30", "2017-09-08 12:20:30", "2017-09-08 00:20:30", "2017-09-08 10:20:00",
    ]  # fmt: skip


def test_a_code_gets_its_zero_back_only_where_that_makes_a_known_code():
    codes = pd.Series(["6652", "6652.0", "06652", "6652-3", "9999", "652", "Hà Tu", None])
    assert list(pad_codes(codes, 5, {"06652"}).fillna("")) == [
        "06652", "06652", "06652", "06652-3", "9999", "652", "Hà Tu", "",
    ]  # fmt: skip
