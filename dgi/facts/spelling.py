"""How text is spelt: hygiene, folding for comparison, numbers, dates, codes that lost a zero.
Not here: old Vietnamese fonts (legacy_fonts.py), or names of units (unit_names.py)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

import numpy as np
import pandas as pd

LARGEST_WHOLE = 2**53  # beyond it a spreadsheet's number has lost digits
HOURS_EAST = 7  # Vietnam: UTC+7 all year since 1975

PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
ESCAPE = re.compile(r"_x00[01][0-9A-Fa-f]_")  # how a workbook writes a control character
SPACES = re.compile(" +")
TEXT_MARK = re.compile(r"'+(?=[\d=+@-])")  # Excel's mark of text, where it came along
LATIN = re.compile("[0-9A-Za-zÀ-ɏḀ-ỿ]")
OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0400-\u04ff]")

_TO_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_OUT = (
    *range(0x20), *range(0x7F, 0xA0), 0xAD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF,
    *range(0xFFF9, 0xFFFC),
)  # fmt: skip
# Letters of old files and of other keyboards that a reader takes for Vietnamese ones.
_LETTERS = {0xD0: "Đ", 0x189: "Đ", 0xF0: "đ", 0x256: "đ", 0x2044: "/"}
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
HYGIENE = (
    dict.fromkeys(_OUT, "") | {ord(letter): " " for letter in _TO_SPACE} | _LETTERS | _WIDE
)  # fmt: skip
LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXo",
)


def map_spellings(text: pd.Series, function: Callable[[str], str | None]) -> pd.Series:
    """`function` of each distinct text, once; missing stays missing, '' and None become so."""
    positions, found = pd.factorize(text)
    spellings = np.asarray(found, dtype=object).tolist()
    done = [function(str(spelling)) or None for spelling in spellings]
    if done == spellings:
        return text
    words = np.array([*done, None], dtype=object)
    return pd.Series(words[positions], index=text.index, dtype="str", name=text.name)


def clean(text: str) -> str:
    """Text without what only a machine sees; '' where nothing else is left.

    NFC; no byte-order marks, zero-width or control characters; every kind of space one space,
    none at the ends; Ð as Đ; no leading apostrophe before a number; Cyrillic and Greek letters
    that look Latin are Latin where the rest of the text is. Cleaning twice changes nothing.
    """
    if PLAIN.fullmatch(text) and "_x00" not in text and text[0] != "'":
        return text
    while ESCAPE.search(text):
        text = ESCAPE.sub("", text)
    words = unicodedata.normalize("NFC", text.translate(HYGIENE))
    if OTHER_SCRIPT.search(words):
        latin = words.translate(LOOK_ALIKES)
        if not OTHER_SCRIPT.search(latin) and LATIN.search(words):
            words = unicodedata.normalize("NFC", latin)
    words = SPACES.sub(" ", words).strip()
    return TEXT_MARK.sub("", words) if TEXT_MARK.match(words) else words


def clean_text(text: pd.Series) -> pd.Series:
    """A column of text, each cell cleaned; what is blank after that is missing."""
    return map_spellings(text, clean)


def fold(text: str) -> str:
    """Text as a key for comparison: no tones or marks, no case, đ as d, words of letters and
    digits with one space between them. Where a tone stands (hoà, hòa) does not matter."""
    bare = unicodedata.normalize("NFD", clean(text).casefold()).replace("đ", "d")
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    # Once more: without its marks a letter of another script may look Latin.
    return " ".join(re.findall(r"[^\W_]+", clean(bare)))


def fold_text(text: pd.Series) -> pd.Series:
    """A column of text, each cell folded."""
    return map_spellings(text, fold)


def spell_tones(text: str) -> str:
    """Text in small letters with each word's tone mark at its end: hoà and hòa are alike, hoa
    and hóa are not. A key for comparison where tones count."""
    words = []
    for word in re.findall(r"\w+", unicodedata.normalize("NFC", clean(text).casefold())):
        parts = unicodedata.normalize("NFD", word)
        tones = "".join(letter for letter in parts if letter in TONES)
        words.append("".join(letter for letter in parts if letter not in TONES) + tones)
    return " ".join(words)


TONES = "\u0300\u0301\u0303\u0309\u0323"  # huyền, sắc, ngã, hỏi, nặng


def _number(text: str, whole: bool, decimal: str | None) -> float:
    """One number; NaN where it is none, or could be two."""
    words = text.replace("\u2212", "-").replace("\u2013", "-").lstrip("'")
    sign = -1.0 if words.startswith("-") else 1.0
    digits = words[1:] if words[:1] in ("-", "+") else words
    if re.fullmatch(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?", digits):
        digits = digits.replace(" ", "")
    if re.fullmatch(r"\d+", digits):
        return sign * float(digits)
    if re.fullmatch(r"\d+(?:[.,]\d+)?[eE][+-]?\d{1,3}", digits):
        return sign * float(digits.replace(",", "."))
    for point, group in ((",", "."), (".", ",")):
        if decimal not in (None, point):
            continue
        mark, tail = re.escape(group), re.escape(point)
        if whole and decimal is None and re.fullmatch(rf"[1-9]\d{{0,2}}{tail}\d{{3}}", digits):
            return np.nan  # 1.234 is one thousand or a little more than one
        grouped = re.fullmatch(rf"([1-9]\d{{0,2}}(?:{mark}\d{{3}})+)(?:{tail}(\d+))?", digits)
        if grouped and (decimal or grouped[2] or digits.count(group) > 1):
            return sign * float(f"{grouped[1].replace(group, '')}.{grouped[2] or 0}")
        if re.fullmatch(rf"\d*{tail}\d+|\d+{tail}", digits):
            return sign * float(digits.replace(point, "."))
    return np.nan


def read_numbers(text: pd.Series, *, whole: bool = False, decimal: str | None = None) -> pd.Series:
    """Numbers as float, NaN where none is written.

    A comma or a point may be the decimal mark, the other one groups thousands ('1.234,5').
    `whole`: the column holds whole numbers; anything else is NaN, and so is '1.234', which is
    one thousand to one writer and one to another, unless `decimal` (',' or '.') is declared.
    Infinite and inexactly large numbers (over 2**53) are NaN.
    """
    positions, spellings = pd.factorize(text)
    read = [_number(clean(str(spelling)), whole, decimal) for spelling in spellings]
    values = np.array([*read, np.nan])
    values[~(np.abs(values) <= LARGEST_WHOLE)] = np.nan
    if whole:
        values[values != np.round(values)] = np.nan
    return pd.Series(values[positions], index=text.index, name=text.name)


_CLOCK = (
    r"(?:[T ] ?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?))?)?"
)
DAY_FORMS = (
    re.compile(r"(?P<day>\d{1,2})([/.-])(?P<month>\d{1,2})\2(?P<year>\d{4})" + _CLOCK),
    re.compile(r"(?P<year>\d{4})([/-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + _CLOCK),
    re.compile(r"(?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}), (?P<year>\d{4})" + _CLOCK),
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _moment(text: str) -> np.datetime64:
    """One moment on Vietnam's clock; NaT where none is written."""
    nothing = np.datetime64("NaT", "us")
    found = next((form for form in (f.fullmatch(text) for f in DAY_FORMS) if form), None)
    if found is None:
        return nothing
    parts = found.groupdict()
    month = parts["month"]
    number = MONTHS.index(month) + 1 if month in MONTHS else int(month) if month.isdigit() else 0
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if parts["half"]:
        if not 1 <= hour <= 12:
            return nothing
        hour = hour % 12 + 12 * (parts["half"] in "Pp")
    if hour > 23 or minute > 59 or second > 59:
        return nothing
    try:
        day = np.datetime64(f"{parts['year']}-{number:02d}-{int(parts['day']):02d}", "us")
    except ValueError:
        return nothing
    moment = day + np.timedelta64(hour * 3600 + minute * 60 + second, "s")
    if parts["zone"]:
        moment += np.timedelta64(HOURS_EAST * 60 - _minutes_east(parts["zone"]), "m")
    return moment


def _minutes_east(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:]))


def read_datetimes(text: pd.Series) -> pd.Series:
    """Moments as datetime64[us] on Vietnam's clock (UTC+7, without a zone), NaT where none.

    Read are d/m/yyyy (or - or .), yyyy-mm-dd and 'Sep 8, 2017', each with or without a time of
    day and a zone; a time without a zone is Vietnam's. The month never comes first in digits;
    31/02/2018 is no date. Fractions of seconds are cut.
    """
    positions, spellings = pd.factorize(text)
    read = [_moment(clean(str(spelling))) for spelling in spellings]
    values = np.array([*read, np.datetime64("NaT")], dtype="datetime64[us]")
    return pd.Series(values[positions], index=text.index, name=text.name)


def read_dates(text: pd.Series) -> pd.Series:
    """Days as datetime64[us] at midnight, NaT where none; written as in `read_datetimes`."""
    return read_datetimes(text).dt.normalize()


def pad_codes(text: pd.Series, width: int, known: Collection[str]) -> pd.Series:
    """Codes with the zeros a spreadsheet ate, where that makes a known code.

    '6652' and '6652.0' become '06652' (`width` 5) if that is in `known`; so does the first part
    of '6652-3'. All else stays as it is, codes that are whole already included.
    """

    def pad(code: str) -> str:
        parts = re.fullmatch(r"'?(\d+)(?:[.,]0+)?(-\d+)?", code)
        if parts is None:
            return code
        whole = parts[1].zfill(width)
        return whole + (parts[2] or "") if whole in known else code

    return map_spellings(text, pad)


def column_letter(position: int) -> str:
    """0 -> 'A', 26 -> 'AA': a column as a spreadsheet calls it."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
