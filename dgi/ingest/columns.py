"""Every delivered column by its name in the questionnaire, or set aside by a line that says so.
Not here: which sheet and row the headers stand in (exports.py), or what single headers mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.column_maps import ANY_FILE, ColumnMap
from dgi.facts.rows import FIRST_ROW
from dgi.facts.spelling import map_spellings
from dgi.ingest.column_faults import (
    column_letter,
    describe_missing,
    describe_no_header,
    describe_repeated,
    describe_stale,
    describe_swapped,
    describe_unknown,
    suggest_map,
)
from dgi.ingest.contents import codes_of, find_swapped
from dgi.ingest.headers import HeaderBook, Meaning, plain
from dgi.ingest.options import describe_conflict, read_ticks
from dgi.ingest.sheets import TextSheet

LEAST_RECOGNISED = 0.5  # share of the expected headers before a row counts as the header
ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
PLACEHOLDERS = {"n/a", "na", "#n/a", "null"}  # what tools write where nothing was answered


@dataclass(frozen=True)
class Column:
    """One delivered column. `use`: read, identity, multiple, set_aside or drop; `name`: of the
    questionnaire, '' where it has none; `how`: what told it (map, header, key, option, segment,
    text, label, system, identity_word, blank)."""

    position: int
    header: str
    name: str
    use: str
    how: str
    clock: str = ""


@dataclass(frozen=True)
class Columns:
    """All columns of a sheet, by position. `map_lines`: lines of the column map that were used,
    by their number in its file."""

    columns: tuple[Column, ...]
    map_lines: frozenset[int] = field(default_factory=frozenset)

    def names(self, *uses: str) -> dict[str, Column]:
        """The columns of some uses that have a name, by it."""
        return {c.name: c for c in self.columns if c.name and c.use in uses}


@dataclass(frozen=True)
class Delivered:
    """A sheet by name. `interviews`: text columns by the questionnaire's names, then _file,
    _sheet, _row; `set_aside`: columns that go no further, by header, same index."""

    interviews: pd.DataFrame
    set_aside: pd.DataFrame


def count_recognised(header: Sequence[str], book: HeaderBook, required: Iterable[str]) -> int:
    """How many of the required names a row of cells would give as a header."""
    meanings = [book.find_question(text) for text in header if text]
    names = {meaning.name for meaning in meanings if meaning}
    for parent in names & set(book.parents):
        names |= set(book.parents[parent].values())
    return len(names & set(required))


def read_columns(sheet: TextSheet, book: HeaderBook, column_map: ColumnMap, file: str) -> Columns:
    """What every column of a sheet is. `file`: the delivered file's name, with its folders.

    Raises WorkbookError with every column that is unknown, missing, twice there, or changed
    places with another, each with the line that would settle it, and every line of the map that
    is out of date. No fault repeats what stands in a row that is no header. Raises FactError for
    a map that names what the questionnaire does not have.
    """
    column_map.check_against(book.names)
    columns, used = _resolve(sheet, book, column_map, file)
    required = book.questionnaire.headers()
    found = _names_found(columns, book)
    if len(found & set(required.values())) < LEAST_RECOGNISED * len(required):
        raise WorkbookError([describe_no_header(sheet, file)])
    unknown = [column for column in columns if column.use == ""]
    missing = {name: header for header, name in required.items() if name not in found}
    labels = {c.header: sheet.labels[c.position] if sheet.labels else "" for c in unknown}
    lines = suggest_map(labels, missing, book.questionnaire)
    faults = [
        *_stale_in_file(column_map, file, used),
        *(describe_repeated(c.name, c.header, c.position, file, sheet) for c in _repeats(columns)),
        *(
            describe_unknown(c.header, c.position, lines[c.header], column_map.where, sheet, file)
            for c in unknown
        ),
        *describe_missing(missing, lines, column_map.where, sheet, file),
    ]
    texts = {c.name: sheet.frame[c.position] for c in columns if c.name and c.use == "read"}
    headers = {c.name: c.header for c in columns}
    faults += [
        describe_swapped(headers[one], headers[other], file, sheet)
        for one, other in find_swapped(texts, book.fits)
    ]
    if faults:
        raise WorkbookError(faults)
    return Columns(tuple(columns), used)


def name_columns(sheet: TextSheet, columns: Columns, book: HeaderBook, file: str) -> Delivered:
    """A sheet's rows by name: answers as codes of their lists where their text says which.

    Placeholders (n/a) are blank. Raises WorkbookError where the columns of a question with
    several answers contradict each other.
    """
    frame, lists, questionnaire = sheet.frame, book.lists, book.questionnaire
    own_list = dict(zip(questionnaire.questions["question"], questionnaire.questions["answers"],
                        strict=True))  # fmt: skip
    both = pd.concat([questionnaire.fixed, questionnaire.carried])
    own_list |= {row.name: row.answers for row in both.itertuples(index=False) if row.answers}
    named = columns.names("read", "identity")
    read: dict[str, pd.Series] = {}
    for name, column in named.items():
        text = frame[column.position]
        if column.use == "read":
            text = map_spellings(text, _without_placeholder)
        if column.clock:
            text = map_spellings(text, _with_zone)
        if name in own_list:
            text = codes_of(text, lists[own_list[name]], sheet.value_labels.get(column.position))
        read[name] = text
    faults = []
    for parent, options in book.parents.items():
        common = next((c for c in columns.columns if (c.use, c.name) == ("multiple", parent)), None)
        given = {name: frame[named[name].position] for name in options.values() if name in named}
        ticks = read_ticks(options, {name: lists[own_list[name]] for name in options.values()},
                           pd.DataFrame(given, index=frame.index),
                           None if common is None else frame[common.position])  # fmt: skip
        read |= ticks.columns
        if ticks.conflict.any() and common is not None:
            rows = [int(row) for row in frame.index[ticks.conflict]]
            faults.append(describe_conflict(file, sheet.name, common.header, rows))
    if faults:
        raise WorkbookError(faults)
    order = [name for name in questionnaire.known_headers().values() if name in read]
    interviews = pd.DataFrame({name: read[name] for name in order}, index=frame.index)
    interviews["_file"], interviews["_sheet"] = file, sheet.name
    interviews["_row"] = frame.index.to_numpy("int64")
    aside = {
        c.position: c.header
        for c in columns.columns
        if c.use == "set_aside" or (c.use == "identity" and not c.name)
    }
    set_aside = frame[list(aside)].set_axis(_distinct(aside), axis=1)
    return Delivered(interviews, set_aside)


def _distinct(headers: Mapping[int, str]) -> list[str]:
    """Headers with the column's letter where one is blank or stands twice."""
    all_of_them = list(headers.values())
    return [
        header if header and all_of_them.count(header) == 1
        else f"{header} ({column_letter(position)})".strip()
        for position, header in headers.items()
    ]  # fmt: skip


def _with_zone(text: str) -> str:
    """A time of Greenwich that does not say so, saying so."""
    return text if ":" not in text or ZONE.search(text) else text + "Z"


def _without_placeholder(text: str) -> str:
    return "" if text.casefold() in PLACEHOLDERS else text


def _resolve(
    sheet: TextSheet, book: HeaderBook, column_map: ColumnMap, file: str
) -> tuple[list[Column], frozenset[int]]:
    """Every column as it is known, use '' where it is not, and the map's lines that were used."""
    lines: dict[str, tuple[int, Any]] = {}
    for number, row in column_map.lines_for(file).iterrows():
        lines.setdefault(plain(row["header"]), (int(str(number)) + FIRST_ROW, row))
    columns, used = [], set()
    for position, header in enumerate(sheet.header):
        label = sheet.labels[position] if sheet.labels else ""
        line, row = lines.get(plain(header), (0, None))
        if row is not None:
            used.add(line)
            columns.append(Column(position, header, row["name"], row["use"], "map"))
        elif not header and not label and sheet.frame[position].isna().all():
            columns.append(Column(position, header, "", "drop", "blank"))
        else:
            meaning = book.find(header, label) or Meaning("", "", "")
            columns.append(Column(position, header, *meaning))
    return _settle_tools(columns, book), frozenset(used)


def _settle_tools(columns: list[Column], book: HeaderBook) -> list[Column]:
    """Of several columns of one name, a tool's own and those of usual words give way: they are
    set aside when the questionnaire's column is there, or a tool's that stands higher in its
    table (KEY before instanceID)."""
    ranked: dict[str, list[tuple[int, int]]] = {}
    for column in columns:
        if column.name:
            rank = {"system": 1 + book.rank_of(column.header), "identity_word": 10**6}
            ranked.setdefault(column.name, []).append((rank.get(column.how, 0), column.position))
    first = {name: min(places)[1] for name, places in ranked.items()}
    return [
        replace(c, name="", use="set_aside")
        if c.name and c.how in ("system", "identity_word") and c.position != first[c.name]
        else c
        for c in columns
    ]


def _names_found(columns: Iterable[Column], book: HeaderBook) -> set[str]:
    """Names that a sheet gives, options told by their common column included."""
    names = {c.name for c in columns if c.use in ("read", "identity")}
    for column in columns:
        if column.use == "multiple":
            names |= set(book.parents[column.name].values())
    return names


def _repeats(columns: Iterable[Column]) -> list[Column]:
    seen: set[tuple[str, bool]] = set()
    again = []
    for column in columns:
        key = (column.name, column.use == "multiple")
        if column.name and key in seen:
            again.append(column)
        seen.add(key)
    return again


def find_stale_lines(column_map: ColumnMap, read: Iterable[Columns]) -> list[Fault]:
    """Faults of the map's lines that no file of those read has used."""
    used = frozenset[int]().union(*(columns.map_lines for columns in read))
    return [
        describe_stale(column_map, line)
        for line in range(FIRST_ROW, len(column_map.lines) + FIRST_ROW)
        if line not in used
    ]


def _stale_in_file(column_map: ColumnMap, file: str, used: frozenset[int]) -> list[Fault]:
    """The map's lines that name this file, not just all, and find no such header in it."""
    own = column_map.lines_for(file)
    named = own.index[own["files"] != ANY_FILE]
    return [
        describe_stale(column_map, at + FIRST_ROW) for at in named if at + FIRST_ROW not in used
    ]
