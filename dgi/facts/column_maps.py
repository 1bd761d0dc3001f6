"""What delivered columns are called: a year's column map, columns of tools, words for persons.
Not here: reading a file's columns by them (dgi.ingest.columns), or the questionnaire's names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import numpy as np
import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import FIRST_ROW, Row, Text, Year, check_rows, check_unique, raise_faults

REPAIR = "Correct the cell; data/column_maps/README.md says what each column means."
ANY_FILE = "*"


class ColumnMapRow(Row):
    """One delivered header and what becomes of its column."""

    files: Text
    """Which files: a pattern of the file's name, * for all."""
    header: Text
    name: str = ""
    use: Literal["read", "set_aside", "drop"]
    note: str = ""


class SystemColumnRow(Row):
    """A column that a collection tool adds to every export."""

    header: Text
    """May hold * for any part."""
    tool: Text
    name: str = ""
    use: Literal["read", "identity", "set_aside", "drop"]
    clock: Literal["", "UTC"] = ""
    """UTC: its times are not Vietnam's although they do not say so."""
    note: str = ""


class IdentityWordRow(Row):
    """A usual header of a column about persons; `name`: the questionnaire's, where it has one."""

    word: Text
    name: str = ""
    note: str = ""


class EncodingRow(Row):
    """What a file cannot tell itself: how its text is coded and what separates its cells."""

    survey_year: Year
    files: Text
    encoding: str = ""
    separator: str = ""
    note: str = ""


def fits_file(pattern: str, file: str) -> bool:
    """Whether a pattern names a file: by its whole name (with folders) or its last part."""
    return fnmatchcase(file, pattern) or fnmatchcase(file.rpartition("/")[2], pattern)


@dataclass(frozen=True)
class ColumnMap:
    """The column map of one survey year. `lines`: files, header, name, use, note, in order;
    the line's number in the file is its index plus 2."""

    where: str
    lines: pd.DataFrame

    @classmethod
    def from_table(cls, table: pd.DataFrame, where: str) -> ColumnMap:
        """Check and type a table of text. Raises FactError with every wrong cell."""
        lines = check_rows(table, ColumnMapRow, where, REPAIR)
        faults = check_unique(lines, ["files", "header"], where)
        for number, row in enumerate(lines.itertuples(index=False), start=FIRST_ROW):
            if (row.use == "read") != (row.name != ""):
                faults.append(Fault(where, "a column that is read has a name, no other has one",
                                    REPAIR, row=number, column="name", value=row.name))  # fmt: skip
        raise_faults(faults)
        return cls(where, lines)

    @classmethod
    def empty(cls, where: str) -> ColumnMap:
        """The map of a year whose files have the questionnaire's own headers."""
        return cls(where, pd.DataFrame(columns=list(ColumnMapRow.model_fields), dtype="str"))

    def check_against(self, names: Collection[str]) -> None:
        """Raises FactError for a name the year's questionnaire does not have."""
        raise_faults(
            Fault(self.where, "the year's questionnaire has no column or question of that name",
                  REPAIR, row=int(number) + FIRST_ROW, column="name", value=row["name"])
            for number, row in self.lines.iterrows()
            if row["name"] and row["name"] not in names
        )  # fmt: skip

    def lines_for(self, file: str) -> pd.DataFrame:
        """The lines that speak of one file; a line that names it comes before those of all."""
        fits = np.array([fits_file(pattern, file) for pattern in self.lines["files"]], dtype=bool)
        own = self.lines[fits]
        return own.sort_values("files", key=lambda files: files == ANY_FILE, kind="stable")


def check_system_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of collection tools, checked. Raises FactError with every wrong cell."""
    where = "data/column_maps/system_columns.csv"
    rows = check_rows(table, SystemColumnRow, where, REPAIR)
    raise_faults(check_unique(rows, ["header", "tool"], where))
    return rows


def check_identity_words(table: pd.DataFrame) -> pd.DataFrame:
    """The usual headers of persons' columns, checked. Raises FactError with every wrong cell."""
    where = "data/column_maps/identity_words.csv"
    rows = check_rows(table, IdentityWordRow, where, REPAIR)
    raise_faults(check_unique(rows, ["word"], where))
    return rows


def check_encodings(table: pd.DataFrame) -> pd.DataFrame:
    """The declared encodings, checked. Raises FactError with every wrong cell."""
    where = "data/column_maps/encodings.csv"
    rows = check_rows(table, EncodingRow, where, REPAIR)
    raise_faults(check_unique(rows, ["survey_year", "files"], where))
    return rows


def find_encoding(encodings: pd.DataFrame, survey_year: int, file: str) -> tuple[str, str]:
    """(encoding, separator) declared for one file, '' where nothing is: the first line that
    names it."""
    for row in encodings[encodings["survey_year"] == survey_year].itertuples(index=False):
        if fits_file(row.files, file):
            return row.encoding, row.separator
    return "", ""
