"""Names of districts and communes, however they are spelt, matched to codes on a given day.
Not here: the register of units itself (units.py), or what was asked in one."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.spelling import clean, fold, spell_tones
from dgi.facts.units import Units, code_of

PROVINCE = "Quảng Ninh"  # also the name of a district, in Quảng Bình
SHOWN = 3  # candidates named with a refused text
DISTRICT_DIGITS, COMMUNE_DIGITS = 3, 5  # of a code, until 2025-06-30 and from then on
NEAR = 0.6  # least likeness of a candidate, by difflib

# Unit words as they are written, longest first; a point or a space follows.
UNIT_WORDS = {
    "thành phố": "thành phố", "thanh pho": "thành phố", "tp": "thành phố", "t.p": "thành phố",
    "thị xã": "thị xã", "thi xa": "thị xã", "tx": "thị xã", "t.x": "thị xã",
    "thị trấn": "thị trấn", "thi tran": "thị trấn", "tt": "thị trấn", "t.t": "thị trấn",
    "đặc khu": "đặc khu", "dac khu": "đặc khu", "huyện": "huyện", "huyen": "huyện", "h": "huyện",
    "quận": "quận", "quan": "quận", "q": "quận", "phường": "phường", "phuong": "phường",
    "p": "phường", "xã": "xã", "xa": "xã", "x": "xã", "tỉnh": "tỉnh", "tinh": "tỉnh",
}  # fmt: skip
ENGLISH_WORDS = {
    "city": "thành phố", "town": "thị xã", "district": "huyện", "rural district": "huyện",
    "ward": "phường", "commune": "xã", "townlet": "thị trấn", "township": "thị trấn",
    "special zone": "đặc khu", "province": "tỉnh",
}  # fmt: skip
_BEFORE = re.compile(
    r"(" + "|".join(re.escape(w) for w in sorted(UNIT_WORDS, key=len, reverse=True))
    + r")(?:\s*\.\s*|\s+)(?=\w)", re.I,
)  # fmt: skip
_AFTER = re.compile(r"\s+(" + "|".join(sorted(ENGLISH_WORDS, key=len, reverse=True)) + r")", re.I)

# How a text was recognised, surest first; 'without_tones' and later ones are worth telling.
HOW = ("code", "key", "name", "without_tones", "other_type", "old_name", "later_name")
# Why it was refused.
REFUSED = ("ambiguous", "ended", "province", "other_province", "other_district", "unknown")


def split_unit_word(name: str) -> tuple[str, str]:
    """'TP.Hạ Long' -> ('thành phố', 'Hạ Long'): the kind of unit, '' where none, and its name."""
    text = clean(name)
    before = _BEFORE.match(text)
    if before:
        return UNIT_WORDS[before[1].casefold()], text[before.end() :].strip()
    for after in _AFTER.finditer(text):
        if after.end() == len(text):
            return ENGLISH_WORDS[after[1].casefold()], text[: after.start()].strip()
    return "", text


def fold_name(name: str) -> str:
    """A unit's name as a key for comparison: folded, without the word for its kind."""
    return fold(split_unit_word(name)[1])


class _Register:
    """The names of one level on a day, by every key under which a unit may be sought.

    `states`: rows with code, names (tuple), state ('now', 'earlier', 'later'), successor.
    """

    def __init__(self, states: pd.DataFrame):
        self.index: dict[tuple[str, str], dict[Any, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        now = states[states["state"] == "now"]
        self.in_force = set(now["code"])
        gone = states[states["state"] == "ended"].sort_values("valid_to")
        self.ended = dict(zip(gone["code"], gone["successor"], strict=True))
        self.shown = dict(zip(now["code"], now["shown"], strict=True))
        for row in states.itertuples(index=False):
            for name in row.names:
                kind, bare = split_unit_word(name)
                toned, folded = spell_tones(bare), fold(bare)
                keys = {"typed": (kind, toned), "bare": toned,
                        "folded typed": (kind, folded), "folded": folded}  # fmt: skip
                for form, key in keys.items():
                    self.index[row.state, form][key].add(row.code)

    def find(self, text: str, within: set[str] | None = None) -> tuple[str, str, str]:
        """(code, how, candidates) of one name; `within`: only among these codes."""
        inside = self.in_force if within is None else self.in_force & within
        kind, bare = split_unit_word(text)
        for (state, form), key, how in _keys_sought(text, kind, bare):
            found = self.index[state, form][key]
            if found and state == "ended":
                return "", "ended", "; ".join(sorted({self.ended[code] for code in found} - {""}))
            standing = found & inside
            if len(standing) > 1:
                return "", "ambiguous", self._show(standing)
            if standing:
                return min(standing), how, ""
        near = difflib.get_close_matches(fold(bare), self._folded_names(inside), SHOWN, NEAR)
        names = self.index["now", "folded"]
        return "", "unknown", self._show({code for key in near for code in names[key] & inside})

    def _folded_names(self, inside: set[str]) -> list[str]:
        return sorted(key for key, codes in self.index["now", "folded"].items() if codes & inside)

    def _show(self, codes: set[str]) -> str:
        return "; ".join(f"{self.shown[code]} ({code})" for code in sorted(codes))


def _keys_sought(text: str, kind: str, bare: str) -> list[tuple[tuple[str, str], Any, str]]:
    """Where to look for a name, in order: (state, form), the key, how it would be recognised."""
    # The whole text too: a name may itself begin like a unit word (Quan Lạn, Phương Đông).
    forms: list[tuple[str, Any, str]] = [
        ("bare", spell_tones(text), "name"),
        ("folded", fold(text), "without_tones"),
    ]
    if kind:
        forms[0:0] = [("typed", (kind, spell_tones(bare)), "name")]
        forms[2:2] = [("folded typed", (kind, fold(bare)), "without_tones")]
    sought = [(("now", form), key, how) for form, key, how in forms]
    for state, how in (("earlier", "old_name"), ("later", "later_name")):
        sought += [((state, form), key, how) for form, key, _ in forms]
    if kind:
        # A unit that has ended and is named with its kind is not the one of another kind.
        sought += [(("ended", "typed"), (kind, spell_tones(bare)), "ended"),
                   (("now", "bare"), spell_tones(bare), "other_type"),
                   (("now", "folded"), fold(bare), "other_type")]  # fmt: skip
    return sought + [(("ended", form), key, "ended") for form, key, _ in forms]


def _states(frame: pd.DataFrame, code: str, day: date) -> pd.DataFrame:
    """The register's rows with the state each stands in on `day`.

    A code that went on under a new name in 2025, when districts ended, is another unit: its
    names of the other era are those of a unit that has ended, or is not yet there.
    """
    begins = frame["valid_from"].map(lambda value: value is None or value <= day)
    ends = frame["valid_to"].map(lambda value: value is not None and value <= day)
    now = begins & ~ends
    eras = frame["district_code"].str.len() > DISTRICT_DIGITS
    same_unit = frame[code].map(dict(zip(frame.loc[now, code], eras[now], strict=True))) == eras
    state = np.select([now, ends & same_unit, ends, same_unit], ["now", "earlier", "ended",
                                                               "later"], "")  # fmt: skip
    kept = frame.assign(state=state, code=frame[code])
    return kept[kept["state"] != ""]


def _padded(number: str) -> str:
    """A district's code as it is, a commune's with the zeros that a spreadsheet took away."""
    return number if len(number) == DISTRICT_DIGITS else number.zfill(COMMUNE_DIGITS)


def _match(text: pd.Series, find) -> pd.DataFrame:
    """`find` of each distinct text, once: a frame of code, how, candidates with text's index."""
    positions, spellings = pd.factorize(text)
    found = [find(clean(str(spelling))) for spelling in spellings]
    rows = np.array([*found, ("", "", "")], dtype=object)
    return pd.DataFrame(
        rows[positions], index=text.index, columns=["code", "how", "candidates"]
    ).astype("str")


def match_district(text: pd.Series, units: Units, day: date) -> pd.DataFrame:
    """Which district each text names on `day`.

    A district is the unit of the index at the time, from 2025-07-01 a commune-level unit.
    Accepted: code, key (193-ha-long), name with or without its kind (TP., TX., H. ...), without
    tones, in English, an earlier or later name of a district that is there on the day. Returns
    `text`'s index with code (GSO code, '' where refused), how (one of HOW, or why refused: one
    of REFUSED, '' for a missing text), candidates (the nearest districts, or the heirs of one
    that has ended). The province's own name is no district.
    """
    frame = units.districts.assign(
        names=[tuple({row.name_with_type_vi, row.name_vi, row.name_en,
                      f"{row.name_en} {row.type_en}"}) for row in units.districts.itertuples()],
        shown=units.districts["name_with_type_vi"],
    )  # fmt: skip
    states = _states(frame, "district_code", day)
    register = _Register(states)
    keys = dict(zip(states["district"], states["code"], strict=True))

    def find(words: str) -> tuple[str, str, str]:
        number = re.fullmatch(r"(\d{3,5})(?:[.,]0+)?", words)
        code = _padded(number[1]) if number else keys.get(words.casefold(), "")
        if code in register.in_force:
            return code, "code" if number else "key", ""
        if code in register.ended:
            return "", "ended", register.ended[code]
        words = _without_province(words)
        kind, bare = split_unit_word(words)
        if fold(bare) == fold(PROVINCE):
            return "", "province" if kind in ("", "tỉnh") else "other_province", ""
        return register.find(words)

    return _match(text, find)


def match_commune(
    text: pd.Series, units: Units, day: date, district: str | None = None
) -> pd.DataFrame:
    """Which commune-level unit each text names on `day`; `district`: its key or code, if known.

    Accepted: the code, also without its first zeros, and names as `match_district` does;
    'Hà Tu, Hạ Long' names the district too. One name in several districts, or of a townlet and
    a commune, is ambiguous unless the rest of the text decides. Returns as `match_district`.
    """
    frame = units.communes.assign(
        names=[(name,) for name in units.communes["name_vi"]], shown=units.communes["name_vi"]
    )
    states = _states(frame, "commune_code", day)
    register = _Register(states)
    today = units.communes_on(day)
    homes = today.groupby("district_code")["commune_code"].agg(set).to_dict()
    within = None if district is None else homes.get(code_of(district), set())

    def find(words: str) -> tuple[str, str, str]:
        number = re.fullmatch(r"(\d{4,5})(?:[.,]0+)?", words)
        if number:
            code = number[1].zfill(5)
            if code in (register.in_force if within is None else within):
                return code, "code", ""
            if code in register.in_force:
                return "", "other_district", register.shown[code]
            is_old = code in register.ended
            return "", "ended" if is_old else "unknown", register.ended.get(code, "")
        words = _without_province(words)
        name, comma, place = words.rpartition(",")
        if comma and within is None:
            home = match_district(pd.Series([place]), units, day)["code"].iloc[0]
            if home:
                return register.find(name.strip(), homes.get(home, set()))
        return register.find(words, within)

    return _match(text, find)


def _without_province(words: str) -> str:
    """'Hạ Long, tỉnh Quảng Ninh' -> 'Hạ Long'."""
    name, comma, place = words.rpartition(",")
    return name.strip() if comma and fold_name(place) == fold(PROVINCE) else words
