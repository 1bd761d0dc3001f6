"""Vietnamese typed in the fonts of the years before Unicode: TCVN3 (.VnTime ...) and VNI.
Not here: hygiene of text that is Unicode already (spelling.py), or fonts of cells (readers)."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from dgi.facts.spelling import TONES, fold, map_spellings

# TCVN 5712-1, bytes 0x80 to 0xFF. The five marks at 0xB0 are combining tones.
_TCVN_LETTERS = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ\xa0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
# VNI: a letter and, after it, the mark it carries; a few letters have a place of their own.
_TONED = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_ROOFED = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_BREVED = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_ALONE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị",
              "î": "ỵ"}  # fmt: skip


def _tcvn_table() -> dict[int, str]:
    """Character as it reaches us -> letter: each byte as Latin-1 and as Windows-1252 shows it."""
    table = {}
    for byte, letter in enumerate(_TCVN_LETTERS, start=0x80):
        table[byte] = letter
        shown = bytes([byte]).decode("cp1252", "ignore")
        if shown:
            table[ord(shown)] = letter
    return table


def _vni_pairs() -> dict[str, str]:
    """Two characters -> one letter, in small and capital letters."""
    marks = [(letter, "", _TONED) for letter in "aeouyôö"]
    marks += [(letter, "\u0302", _ROOFED) for letter in "aeo"] + [("a", "\u0306", _BREVED)]
    pairs = {}
    for letter, hat, tones in marks:
        base = _VNI_ALONE.get(letter, letter)
        for mark, tone in tones.items():
            whole = unicodedata.normalize("NFC", base + hat + tone)
            for first, letters in ((letter, whole), (letter.upper(), whole.upper())):
                pairs[first + mark] = pairs[first + mark.upper()] = letters
    return pairs


TCVN = _tcvn_table()
VNI_PAIRS = _vni_pairs()
VNI_ALONE = {ord(sign): letter for sign, letter in _VNI_ALONE.items()} | {
    ord(sign.upper()): letter.upper() for sign, letter in _VNI_ALONE.items()
}
_VNI_PIECES = re.compile("|".join(map(re.escape, VNI_PAIRS)) + "|.", re.S)


def decode_tcvn3(text: str) -> str:
    """Text typed in a TCVN3 font as Unicode; text that cannot be so typed stays as it is.

    A capital font (.VnTimeH) shows small letters as capitals: such a text comes out small.
    """
    if any(ord(letter) > 0x7F and ord(letter) not in TCVN for letter in text):
        return text
    return unicodedata.normalize("NFC", text.translate(TCVN))


def decode_vni(text: str) -> str:
    """Text typed in a VNI font as Unicode; text that cannot be so typed stays as it is."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return text

    def letter(piece: re.Match[str]) -> str:
        return VNI_PAIRS.get(piece[0]) or piece[0].translate(VNI_ALONE)

    return unicodedata.normalize("NFC", _VNI_PIECES.sub(letter, text))


def _single_bytes(codec: str) -> dict[int, int]:
    """Character -> byte in a single-byte codec; bytes it does not use stand for themselves."""
    shown = {byte: bytes([byte]).decode(codec, "ignore") for byte in range(256)}
    return {byte: byte for byte in range(256)} | {
        ord(letter): byte for byte, letter in shown.items() if letter
    }


_MISREADINGS = [_single_bytes(codec) for codec in ("cp1252", "latin-1", "cp1258")]


def _read_as_utf8(text: str) -> str:
    """UTF-8 that was read as a Western or the Vietnamese Windows page, read rightly; text that
    is none stays as it is."""
    for table in _MISREADINGS:
        if all(ord(letter) in table for letter in text):
            try:
                return bytes(table[ord(letter)] for letter in text).decode("utf-8")
            except UnicodeDecodeError:
                continue
    return text


DECODERS = {"tcvn3": decode_tcvn3, "vni": decode_vni}
# What a text may be that is no Vietnamese as it stands; the key is what to declare.
SUSPECTS = DECODERS | {"utf-8": _read_as_utf8}


def decode_legacy(text: pd.Series, font: str) -> pd.Series:
    """A column typed in an old font ('tcvn3' or 'vni') as Unicode. Raises KeyError for another."""
    return map_spellings(text, DECODERS[font])


# How a Vietnamese syllable is built, without its marks. Loose: it tells garbage, not spelling.
_SYLLABLE = re.compile(
    r"(?:b|ch?|d|gh?|gi|h|kh?|l|m|ngh?|nh?|ph?|qu|r|s|th?|tr|v|x)?[aeiouy]{1,3}(?:ch?|m|ng?h?|p|t)?"
)
_LETTERS = set("aăâbcdđeêghiklmnoôơpqrstuưvxy")


def _is_syllable(word: str) -> bool:
    parts = unicodedata.normalize("NFD", word.casefold())
    if sum(parts.count(tone) for tone in TONES) > 1:
        return False
    toneless = unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES))
    return set(toneless) <= _LETTERS and _SYLLABLE.fullmatch(fold(word)) is not None


_WORDS = re.compile(r"[^\s\d.,;:!?()\[\]{}\"“”/\\_'+*=<>|-]+")


def _share_of_syllables(text: str) -> float:
    """Of the words with a letter that is not ASCII, the share that could be Vietnamese."""
    words = [word for word in _WORDS.findall(text) if not word.isascii()]
    return sum(map(_is_syllable, words)) / len(words) if words else 1.0


LEAST_WRONG = 0.2  # share of the words that are no Vietnamese before a column is suspected
MOST_TEXTS = 2000  # distinct texts of a column that are looked at, the first ones
LEAST_BETTER = 0.9  # share that must be Vietnamese once read as suspected


def suspect_encoding(text: pd.Series) -> str:
    """What a column of text seems to be typed in: '' (nothing odd), tcvn3, vni or utf-8.

    'utf-8' means that UTF-8 was read as something else on its way here. A column is suspected
    when many of its words with marks cannot be Vietnamese and nearly all are once read so; it is
    for people to declare it. Judged on the distinct texts, each once, the first 2000 of them.
    """
    texts = np.asarray(pd.factorize(text)[1], dtype=object).tolist()
    odd = [spelling for spelling in map(str, texts) if not spelling.isascii()][:MOST_TEXTS]
    joined = "\n".join(odd)
    as_it_is = _share_of_syllables(joined)
    if not odd or as_it_is > 1 - LEAST_WRONG:
        return ""
    readings = {name: "\n".join(map(decode, odd)) for name, decode in SUSPECTS.items()}
    shares = {name: _share_of_syllables(reading) for name, reading in readings.items()}
    # Of two that fit, the one that explains more signs: VNI writes a letter with two of them.
    name = max(shares, key=lambda suspect: (shares[suspect], -len(readings[suspect])))
    return name if shares[name] >= LEAST_BETTER else ""
