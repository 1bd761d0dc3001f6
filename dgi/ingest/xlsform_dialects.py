"""How tools write an XLSForm: headings, types of rows, languages of labels, conditions, limits.
Not here: what a form's rows become (xlsform.py), or what is said of them (xlsform_words.py)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from dgi.facts.spelling import clean, fold
from dgi.ingest.refusals import Note
from dgi.ingest.sheets import TextSheet

HEADINGS = {"relevance": "relevant", "value": "name", "caption": "label", "listname": "list_name"}
TEXTS = re.compile(r"(label|caption)\s*(?:::?)\s*(.+)", re.IGNORECASE)
SELECT = re.compile(
    r"(?:(select_multiple|select all that apply(?: from)?|add select multiple prompt using)"
    r"|(?:select_one|select1|select one from|add select one prompt using))\s+(\S+)(?:\s+(.*))?",
    re.IGNORECASE,
)
TYPES = {
    "int": "integer", "string": "text", "barcode": "text", "datetime": "datetime",
    "gps": "geopoint", "location": "geopoint", "photo": "image", "range": "decimal",
}  # fmt: skip
BLOCK = re.compile(r"(begin|end)_(group|repeat)")
FILES = ("image", "audio", "video", "file")
KINDS = {
    "dont_know": {"khong biet", "khong biet khong nho", "khong ro", "don t know", "dont know",
                  "do not know", "does not know", "dk"},
    "refused": {"tu choi", "tu choi tra loi", "khong tra loi", "refused", "refusal",
                "refused to answer", "refuse to answer", "prefer not to say",
                "prefer not to answer"},
}  # fmt: skip
TRUE = {"yes", "true", "true()", "1"}
FALSE = {"", "no", "false", "false()", "0"}


@dataclass
class Sheet:
    """One sheet by the headings we know. `rows`: columns by heading, index = row number in the
    file, '' where blank; `labels`: language ('vi', 'en', '' or other) -> heading in `rows`."""

    name: str
    rows: pd.DataFrame
    labels: dict[str, str]
    notes: list[Note] = field(default_factory=list)


def read_sheet(sheet: TextSheet, known: tuple[str, ...]) -> Sheet:
    """A sheet's columns by heading. Each column that is not among `known`, no label or there a
    second time is noted with how many cells it fills, as it goes no further."""
    columns: dict[str, pd.Series] = {}
    labels: dict[str, str] = {}
    notes = []
    for position, given in enumerate(sheet.header):
        cells = sheet.frame[position].fillna("").map(clean)
        heading, language = _heading(given)
        is_label = heading == "label" and language not in labels
        if is_label:
            labels[language] = heading = f"label {language}"
        if is_label or (heading in known and heading not in columns):
            columns[heading] = cells
        elif (cells != "").any():
            first = int(cells.index[cells != ""][0])
            count = str(int((cells != "").sum()))
            notes.append(Note("column", sheet.name, first, given or f"#{position + 1}", count))
    nothing = pd.Series("", index=sheet.frame.index, dtype="str")
    rows = pd.DataFrame({own: columns.get(own, nothing) for own in (*known, *labels.values())})
    return Sheet(sheet.name, rows, labels, notes)


def _heading(given: str) -> tuple[str, str]:
    words = clean(given)
    translated = TEXTS.fullmatch(words)
    if translated:
        return "label", _language(translated[2])
    plain = re.sub(r"[\s_]+", "_", words.casefold())
    return HEADINGS.get(plain, plain), ""


def _language(words: str) -> str:
    """'vi' or 'en' for their many names, else the language as written."""
    parts = fold(words).split()
    if {"vi", "vie", "vietnamese", "viet"} & set(parts):
        return "vi"
    return "en" if {"en", "eng", "english"} & set(parts) else clean(words)


def label_reader(sheet: Sheet, language: str) -> Callable[[pd.Series], tuple[str, str]]:
    """Reads (Vietnamese, English) of a row; a missing one is the other, or any text there is.

    `language`: that of a plain 'label', by the form's settings. Notes languages that are left.
    """
    labels = dict(sheet.labels)
    plain = _language(language) if language else ""
    if "" in labels and plain in ("vi", "en") and plain not in labels:
        labels[plain] = labels.pop("")
    rest = [column for own, column in labels.items() if own not in ("vi", "en")]
    # A plain label is in the language that has no column of its own.
    ordered = {
        own: [labels[one] for one in (own, "", other) if one in labels] + rest[:1]
        for own, other in (("vi", "en"), ("en", "vi"))
    }
    needed = {*ordered["vi"][:1], *ordered["en"][:1]}
    for own, column in labels.items():
        filled = sheet.rows[column] != ""
        if column in rest and column not in needed and filled.any():
            first = int(filled.index[filled][0])
            count = str(int(filled.sum()))
            sheet.notes.append(
                Note("language", sheet.name, first, f"label::{own}".rstrip(":"), count)
            )

    def read(row: pd.Series) -> tuple[str, str]:
        vi, en = (next((row[column] for column in ordered[own] if row[column]), "")
                  for own in ("vi", "en"))  # fmt: skip
        return vi, en

    return read


class Kind(NamedTuple):
    """What a row of the survey is. `kind`: a type in our words; `choices`: its list."""

    kind: str
    choices: str = ""
    rest: str = ""


def read_type(text: str) -> Kind:
    """The type of a row, however a tool spells it."""
    words = re.sub(r"^(select|begin|end)[ _]+(one|multiple|group|repeat)\b", r"\1_\2", text,
                   flags=re.IGNORECASE)  # fmt: skip
    words = re.sub(r"^(select_(?:one|multiple)) from ", r"\1 ", words, flags=re.IGNORECASE)
    selected = SELECT.fullmatch(words)
    if selected:
        kind = "select_multiple" if selected[1] else "select_one"
        return Kind(kind, selected[2], selected[3] or "")
    plain = words.casefold()
    return Kind(TYPES.get(plain, plain))


def guess_kind(vi: str, en: str) -> str:
    """The kind of an answer by its label: valid unless it says don't know or refused."""
    said = {fold(vi), fold(en)}
    return next((kind for kind, words in KINDS.items() if said & words), "valid")


class Term(NamedTuple):
    """One test of a condition: the answer `code` was given to `question` (or, negated, not)."""

    question: str
    code: str
    is_negated: bool = False
    is_equality: bool = False


QUESTION, CODE = r"\$\{\s*([\w.-]+)\s*\}", r"(?:'([^']*)'|\"([^\"]*)\"|(-?\d+))"
SELECTED = re.compile(rf"selected\s*\(\s*{QUESTION}\s*,\s*{CODE}\s*\)")
EQUAL = re.compile(rf"{QUESTION}\s*=\s*{CODE}")
NOT = re.compile(r"not\s*\((.*)\)")


def read_condition(text: str) -> list[Term] | None:
    """A condition as tests of which one must hold; None where it is more than that."""
    parts = split_at(strip_brackets(text), "or")
    if len(parts) > 1:
        terms = [read_condition(part) for part in parts]
        return None if None in terms else [one for own in terms for one in own or ()]
    term = parts[0]
    negated = NOT.fullmatch(term)
    inner = strip_brackets(negated[1]) if negated else term
    for pattern in (SELECTED, EQUAL):
        found = pattern.fullmatch(inner)
        if found and not (negated and pattern is EQUAL):
            code = next(own for own in found.groups()[1:] if own is not None)
            return [Term(found[1], code.strip(), bool(negated), pattern is EQUAL)]
    return None


NUMBER = r"(-?\d+(?:\.\d+)?)"
LIMIT = re.compile(rf"\.\s*(>=|<=|>|<)\s*{NUMBER}|{NUMBER}\s*(>=|<=|>|<)\s*\.")
REGEX = re.compile(r"regex\s*\(\s*\.\s*,\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)")
TURNED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


class Limits(NamedTuple):
    """Least and largest value accepted, and the pattern of a text; '' where none is set."""

    low: str = ""
    high: str = ""
    pattern: str = ""


def read_limits(text: str, is_whole: bool) -> Limits | None:
    """A constraint as limits; None where it says more or other than our columns can hold.

    `is_whole`: whether the values are whole numbers, of which '> 17' is '>= 18'.
    """
    limits = {"low": "", "high": "", "pattern": ""}
    for part in split_at(strip_brackets(text), "and"):
        own = strip_brackets(part)
        limit, pattern = LIMIT.fullmatch(own), REGEX.fullmatch(own)
        if pattern:
            side, value = "pattern", _whole(pattern[1] if pattern[1] is not None else pattern[2])
        elif limit:
            sign = limit[1] or TURNED[limit[4]]
            side, value = ("low" if sign[0] == ">" else "high"), limit[2] or limit[3]
            if len(sign) == 1:
                if not is_whole or "." in value:
                    return None
                value = str(int(value) + (1 if side == "low" else -1))
        else:
            return None
        if limits[side] or not value:
            return None
        limits[side] = value
    return Limits(**limits)


def _whole(pattern: str) -> str:
    """A pattern that must match a text whole, without the anchors that make it do so; '' for one
    that would match a part."""
    ours = re.fullmatch(r"\^\(\?:(.*)\)\$", pattern)
    if ours:
        return ours[1].replace(r"\x27", "'")
    anchored = re.fullmatch(r"\^(.*)\$", pattern)
    return f"(?:{anchored[1]})" if anchored and "|" in pattern else anchored[1] if anchored else ""


def strip_brackets(text: str) -> str:
    """Without brackets around the whole of it."""
    own = text.strip()
    while own.startswith("(") and own.endswith(")") and _closes_at(own) == len(own) - 1:
        own = own[1:-1].strip()
    return own


def _closes_at(text: str) -> int:
    """Where the bracket that opens the text is closed; -1 if nowhere."""
    return next((at for at, depth in _depths(text) if depth == 0 and text[at] == ")"), -1)


def _depths(text: str) -> list[tuple[int, int]]:
    """(position, open brackets after it) of each letter that is in no quotes."""
    depth, quote, found = 0, "", []
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
            continue
        if letter in "'\"":
            quote = letter
            continue
        depth += (letter == "(") - (letter == ")")
        found.append((at, depth))
    return found


def split_at(text: str, word: str) -> list[str]:
    """Parts of an expression between `word`s that stand in no brackets or quotes."""
    outside = {at for at, depth in _depths(text) if depth == 0}
    cuts = [found for found in re.finditer(rf"(?<![\w.$-]){word}(?![\w.-])", text)
            if found.start() in outside]  # fmt: skip
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
