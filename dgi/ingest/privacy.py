"""Privacy at the door: pseudonyms for form numbers, persons' columns split off, odd cells masked.
Not here: keeping the identities (pipelines/vault.py), or what an answer means (dgi.fieldwork)."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from dgi.facts.questionnaire import Questionnaire

PSEUDONYM_DIGITS = 16  # 64 bits: no two of a survey's thousands of forms share one by chance
GIVEN = {"respondent_id": "form_number", "submission": "submission_given"}
MARK = "?"  # opens a mask; no code, number, date or declared text begins with it
MASK_DIGITS = 12
LARGEST_CODE_DIGITS = 7  # codes and counts; a telephone or identity number is longer
SHAPES = {
    "code": rf"[-+]?\d{{1,{LARGEST_CODE_DIGITS}}}([.,]0+)?|\.[a-z]?",
    "integer": rf"[-+]?\d{{1,{LARGEST_CODE_DIGITS}}}([.,]0+)?",
    "number": r"[-+]?(0|[1-9]\d{0,6})?([.,]\d{1,17})?([eE][-+]?\d{1,2})?",
    "date": r"(\d{4}([/.-])\d{1,2}\2\d{1,2}|\d{1,2}([/.-])\d{1,2}\3\d{4})"
    r"([T ](?=\d{1,2}[:.])[\d:.]{1,15} ?([AaPp][Mm])?(Z|[+-][\d:]{2,6})?)?"
    r"|[A-Z][a-z]{2} \d{1,2}, \d{4}( [\d:]{1,8}( [AP]M)?)?",
    "text": r"[\w.-]{1,20}",
}  # fmt: skip
SHAPES["datetime"] = SHAPES["date"]
# No text with these in it is passed on: telephone numbers, citizen identity numbers, e-mail
# addresses. (The shapes of codes and numbers are too short for any of them.)
PERSONAL = re.compile(
    r"(?<!\d)(?:\+?84|0)[235789](?:[ .-]?\d){8,9}(?!\d)|(?<!\d)0\d{2}(?:[ .-]?\d){9}(?!\d)|\d{9,}"
    r"|[^@\s]+@[^@\s]+\.\w+"
)


class Keys:
    """What is drawn from the one secret: pseudonyms of a survey year, masks, the vault's key.

    `secret`: bytes that nobody outside knows. A year's pseudonyms have a key of their own, so
    that one form number in two years is not two answers of one person.
    """

    def __init__(self, secret: bytes, survey_year: int):
        self._pseudonyms = _derive(secret, f"pseudonyms of {survey_year}")
        self._masks = _derive(secret, f"masks of {survey_year}")

    def pseudonym(self, form: str) -> str:
        """16 hexadecimal digits that stand for one form number; '' for a blank one."""
        name = _plain(form)
        return _keyed(self._pseudonyms, name, PSEUDONYM_DIGITS) if name else ""

    def fingerprint(self, text: str) -> str:
        """The mask of a cell: equal texts have equal masks, and nothing else can be read off it."""
        return MARK + _keyed(self._masks, _plain(text), MASK_DIGITS)


@dataclass(frozen=True)
class Split:
    """`answers`: what may go on, pseudonymous; `identities`: what may not, one row per interview.

    Both have _file, _sheet and _row; `identities` has respondent_id (the pseudonym),
    form_number (as delivered) and the persons' columns. `masked`: column -> cells masked.
    """

    answers: pd.DataFrame
    identities: pd.DataFrame
    masked: dict[str, int]


def split_identities(
    delivered: pd.DataFrame, set_aside: pd.DataFrame, questionnaire: Questionnaire, keys: Keys
) -> Split:
    """Split delivered interviews into answers under a pseudonym, and identities.

    `delivered`: text columns by the questionnaire's names, plus _file, _sheet, _row, is_sample;
    `set_aside`: columns that nobody declared, by header, same index. What goes on has no
    persons' column, form numbers only as pseudonyms, and no cell whose text is not in the shape
    of its column's type or pattern: what is typed in the wrong column may be a name.
    """
    persons = [name for name in questionnaire.names("identity") if name in delivered]
    who = [name for name in questionnaire.names("key") if name in delivered]
    answers = delivered.drop(columns=persons)
    for name in who:
        answers[name] = _each_spelling(delivered[name], keys.pseudonym)
    given = delivered[who].rename(columns={name: GIVEN[name] for name in who})
    places = delivered[["_file", "_sheet", "_row"]]
    identities = pd.concat(
        [places, answers[who], given, delivered[persons], set_aside.add_prefix("column: ")], axis=1
    )
    shapes = _shapes(questionnaire)
    masked = {}
    for name in answers.columns:
        if name in who or name.startswith("_") or name == "is_sample":
            continue
        values, count = _mask(answers[name], shapes[name], keys)
        if count:
            answers[name], masked[name] = values, count
    return Split(answers, identities, masked)


@dataclass(frozen=True)
class _Shape:
    """What the text of a column may look like; `is_free`: its words could hold a person's."""

    pattern: re.Pattern[str]
    is_free: bool

    def fits(self, text: str) -> bool:
        is_shaped = self.pattern.fullmatch(text) is not None
        return is_shaped and not (self.is_free and PERSONAL.search(text))


def _shapes(questionnaire: Questionnaire) -> dict[str, _Shape]:
    columns = pd.concat([questionnaire.fixed, questionnaire.carried])
    shapes = {
        row.name: _Shape(re.compile(row.pattern or SHAPES[row.type]), row.type == "text")
        for row in columns.itertuples(index=False)
    }
    code = _Shape(re.compile(SHAPES["code"]), is_free=False)
    return shapes | dict.fromkeys(questionnaire.questions["question"], code)


def _mask(column: pd.Series, shape: _Shape, keys: Keys) -> tuple[pd.Series, int]:
    """The column with every cell of another shape masked, and how many were."""
    positions, spellings = pd.factorize(column)
    texts = list(map(str, spellings))
    is_masked = np.array([*(not shape.fits(text) for text in texts), False])  # last: a blank cell
    if not is_masked.any():
        return column, 0
    for number in np.flatnonzero(is_masked):
        texts[number] = keys.fingerprint(texts[number])
    words = np.array([*texts, None], dtype=object)
    count = int(is_masked[positions].sum())
    return pd.Series(words[positions], index=column.index, dtype="str"), count


def _each_spelling(column: pd.Series, function) -> pd.Series:
    positions, spellings = pd.factorize(column)
    words = np.array([*(function(str(text)) for text in spellings), ""], dtype=object)
    return pd.Series(words[positions], index=column.index, dtype="str")


def _plain(text: str) -> str:
    """A spelling without what only the eye tells apart: '1', '1.0' and ' 1' are one."""
    cleaned = " ".join(unicodedata.normalize("NFC", text).split()).upper()
    return re.sub(r"^(\d+)\.0+$", r"\1", cleaned)


def _derive(secret: bytes, purpose: str) -> bytes:
    return hmac.new(secret, purpose.encode(), hashlib.sha256).digest()


def _keyed(key: bytes, text: str, digits: int) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:digits]


def trace_of(secret: bytes) -> str:
    """16 hexadecimal digits that tell one secret from another and give nothing of it away."""
    return _derive(secret, "trace").hex()[:16]


def seal(content: bytes, secret: bytes, place: str) -> bytes:
    """Bytes encrypted for one place: the same bytes give the same cipher (AES-SIV, RFC 5297)."""
    return _cipher(secret).encrypt(content, [place.encode()])


def unseal(sealed: bytes, secret: bytes, place: str) -> bytes:
    """What `seal` was given. Raises cryptography's InvalidTag for another secret or place."""
    return _cipher(secret).decrypt(sealed, [place.encode()])


def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(_derive(secret, "vault, first half") + _derive(secret, "vault, second half"))
