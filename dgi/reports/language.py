"""Belongs here: report texts in two languages, numbers written inside sentences, lists of names.
Does not belong here: the texts themselves (data/labels), cell formats (style.py), any figure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

MINUS = "\N{MINUS SIGN}"
NOT_APPLICABLE = "\N{EN DASH}"


class Pair(NamedTuple):
    """The same thing in Vietnamese and in English."""

    vi: str
    en: str


@dataclass(frozen=True)
class Flag:
    """One row of data/labels/flags.csv: why a figure is missing or needs care."""

    flag: str
    marker: str
    name: Pair
    meaning: Pair


@dataclass(frozen=True)
class Band:
    """One row of data/labels/bands.csv; order 1 is the highest band."""

    band: str
    name: Pair
    order: int
    colour: str


def number(value: float, decimals: int = 2, signed: bool = False) -> Pair:
    """A number for a sentence: '1.234,50' in Vietnamese, '1,234.50' in English.

    >>> number(-1234.5, signed=True).vi
    '−1.234,50'
    """
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not re.search("[1-9]", text)
    sign = "" if is_zero else MINUS if value < 0 else "+" if signed else ""
    # One character at a time, or swapping comma and dot would undo itself.
    return Pair(sign + text.translate(str.maketrans(",.", ".,")), sign + text)


def percent(share: float, decimals: int = 1, signed: bool = False) -> Pair:
    """A share (0.05) as a percentage ('5,0%', '5.0%')."""
    vi, en = number(100 * share, decimals, signed)
    return Pair(f"{vi}%", f"{en}%")


def probability(value: float) -> Pair:
    """'= 0,012', or '< 0,001' where the rounded figure would read as impossible."""
    if value < 0.001:
        return Pair("< 0,001", "< 0.001")
    shown = number(value, 3)
    return Pair(f"= {shown.vi}", f"= {shown.en}")


def joined(items: Iterable[Pair]) -> Pair:
    """'a, b và c' and 'a, b and c'; separated by ';' when an item has a comma of its own."""
    pairs = list(items)
    return Pair(_join([pair.vi for pair in pairs], "và"), _join([pair.en for pair in pairs], "and"))


def _join(parts: list[str], last: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    separator = "; " if any("," in part for part in parts) else ", "
    return f"{separator.join(parts[:-1])} {last} {parts[-1]}"


def fold(name: str) -> str:
    """A name without tones and case, to recognise one unit in two spellings."""
    plain = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


@dataclass(frozen=True)
class Texts:
    """All report texts, the flags and the bands, as read from data/labels."""

    strings: Mapping[str, Mapping[str, str]]
    flags: Mapping[str, Flag]
    bands: Mapping[str, Band]

    def say(self, key: str, **values: object) -> Pair:
        """The text of `key` in both languages, its {placeholders} filled.

        A value may be a Pair (each language takes its own), or anything `str` understands.
        Raises KeyError naming the key or the placeholder that is missing.
        """
        if key not in self.strings:
            raise KeyError(f"no report text {key!r} in data/labels/reports.yaml")
        text = self.strings[key]
        return Pair(*(_fill(text, language, values) for language in ("vi", "en")))

    def has(self, key: str) -> bool:
        return key in self.strings

    @property
    def markers(self) -> dict[str, str]:
        """flag -> marker, e.g. {'suppressed_officially': '[x]'}."""
        return {flag.flag: flag.marker for flag in self.flags.values()}

    def marks(self, flag: object) -> str:
        """The markers of a flag cell, which may hold several flags parted by ';'."""
        return " ".join(filter(None, (self._marker(name) for name in split_flags(flag))))

    def _marker(self, name: str) -> str:
        if name not in self.flags:
            raise KeyError(f"flag {name!r} is not in data/labels/flags.csv")
        return self.flags[name].marker

    def band_name(self, band: object) -> Pair:
        """The band's names; a dash where there is no band."""
        if is_missing(band) or band == "":
            return Pair(NOT_APPLICABLE, NOT_APPLICABLE)
        return self.bands[str(band)].name


def _fill(text: Mapping[str, str], language: str, values: Mapping[str, object]) -> str:
    chosen = {
        name: getattr(value, language) if isinstance(value, Pair) else value
        for name, value in values.items()
    }
    return unicodedata.normalize("NFC", text[language].format(**chosen))


def make_texts(
    strings: Mapping[str, Mapping[str, str]], flags: pd.DataFrame, bands: pd.DataFrame
) -> Texts:
    """Texts from the three label files: reports.yaml (dict), flags.csv and bands.csv (frames)."""
    clean = flags.fillna("")
    return Texts(
        strings=strings,
        flags={
            row.flag: Flag(
                row.flag,
                row.marker,
                Pair(row.name_vi, row.name_en),
                Pair(row.meaning_vi, row.meaning_en),
            )
            for row in clean.itertuples()
        },
        bands={
            row.band: Band(row.band, Pair(row.name_vi, row.name_en), int(row.order), row.colour)
            for row in bands.sort_values("order").itertuples()
        },
    )


def split_flags(flag: object) -> list[str]:
    """['common_core', 'boundary_restated'] from 'common_core;boundary_restated'; [] from NA."""
    if is_missing(flag):
        return []
    return [part.strip() for part in str(flag).split(";") if part.strip()]


def is_missing(value: object) -> bool:
    """Is this scalar None, NaN or NA?"""
    return value is None or bool(pd.isna(value))


def is_true(value: object) -> bool:
    """Is this scalar True, with NA read as 'not known to be true'?"""
    return not is_missing(value) and bool(value)
