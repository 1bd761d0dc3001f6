"""Belongs here: how numbers, lists and texts are written in two languages.
Does not belong here: workbooks."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

import dgi.reports
from dgi.reports.language import Pair, fold, joined, number, percent, split_flags

CONTRACT_FLAGS = {
    "observed", "reweighted", "suppressed_small_n", "suppressed_incomplete",
    "suppressed_officially", "not_asked", "unit_absent", "break_in_series", "common_core",
    "no_base_year", "no_valid_base", "spans_years", "boundary_restated",
    "model_based", "no_variation", "too_few_years",
    "boundary_apportioned", "boundary_divided",
}  # fmt: skip
# Keys put together in the code from a part that is data.
BUILT = re.compile(r"^(short|column|annual\.(changes|changes_dimensions|summary|sub|"
                   r"dimensions|indicators|sample))\.")  # fmt: skip


def sources() -> str:
    room = Path(dgi.reports.__file__).parent
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(room.glob("*.py")))


def test_vietnamese_numbers_take_a_comma_and_a_thousands_dot():
    assert number(-1234.5, signed=True) == Pair("−1.234,50", "−1,234.50")
    assert percent(0.0525, signed=True) == Pair("+5,2%", "+5.2%")


def test_a_number_that_rounds_to_zero_has_no_sign():
    assert number(-0.001, signed=True) == Pair("0,00", "0.00")


def test_lists_end_with_and():
    a, b, c = Pair("a", "x"), Pair("b", "y"), Pair("c, d", "z")
    assert joined([a, b]) == Pair("a và b", "x and y")
    assert joined([a, b, c]) == Pair("a; b và c, d", "x, y and z")


def test_names_fold_without_tones():
    assert fold("Đông Triều") == fold("dong trieu")


def test_several_flags_in_one_cell_give_several_markers(texts):
    assert split_flags("common_core; boundary_restated") == ["common_core", "boundary_restated"]
    assert texts.marks("common_core;boundary_restated") == "[k] [g]"
    assert texts.marks(pd.NA) == "" == texts.marks("observed")


def test_an_unknown_flag_or_key_is_named(texts):
    with pytest.raises(KeyError, match="nonsense"):
        texts.marks("nonsense")
    with pytest.raises(KeyError, match=r"no\.such"):
        texts.say("no.such")


def test_all_texts_are_nfc_and_have_the_same_placeholders(texts):
    for key, text in texts.strings.items():
        assert set(text) == {"vi", "en"}, key
        holes = [set(re.findall(r"{(\w+)}", text[language])) for language in ("vi", "en")]
        # A contents line carries one language per line.
        assert holes[0] == holes[1] or key == "cover.contents_line", key
        assert all(unicodedata.is_normalized("NFC", part) for part in text.values()), key


def test_every_key_used_exists_and_every_key_is_used(texts):
    code = sources()
    used = set(re.findall(r'"((?:[a-z_0-9]+\.)+[a-z_0-9]+)"', code))
    spoken = {key for key in used if key.split(".")[0] in {k.split(".")[0] for k in texts.strings}}
    assert spoken - set(texts.strings) == set()
    unused = {key for key in texts.strings if key not in used and not BUILT.match(key)}
    assert unused == set()


def test_every_flag_of_the_contract_has_a_marker_of_its_own(texts):
    assert set(texts.flags) == CONTRACT_FLAGS
    markers = [flag.marker for flag in texts.flags.values() if flag.flag != "observed"]
    assert all(re.fullmatch(r"\[[a-z]\]", marker) for marker in markers)
    assert len(set(markers)) == len(markers)


def test_bands_run_from_dark_to_light(texts):
    assert list(texts.bands) == ["high", "upper_middle", "lower_middle", "low"]
    lightness = [sum(int(b.colour[i : i + 2], 16) for i in (0, 2, 4)) for b in texts.bands.values()]
    assert lightness == sorted(lightness)
