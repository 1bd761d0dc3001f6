"""Which lines of a year's column map the delivered files used, once the whole year is there.
Not here: reading one file by the map (columns.py), or the map itself (dgi.facts.column_maps)."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from dgi.errors import Fault
from dgi.facts.column_maps import ColumnMap
from dgi.facts.rows import FIRST_ROW
from dgi.ingest.columns import Columns, find_stale_lines
from dgi.ingest.headers import plain

SHARED = "../"
"""How the name of a file in the year's folder begins, as a district's delivery calls it."""


def find_unused_lines(column_map: ColumnMap, delivered: Iterable[pd.DataFrame]) -> list[Fault]:
    """A fault for every line of a year's map that no column of any of its files was read by.

    `delivered`: of each district of the year the table delivered_columns (survey_year, district,
    file, header, how; one row per column of a file).
    """
    used = (Columns((), _lines_used(column_map, columns)) for columns in delivered)
    return find_stale_lines(column_map, used)


def _lines_used(column_map: ColumnMap, columns: pd.DataFrame) -> frozenset[int]:
    """Numbers of the map's lines that the columns of one district's files were read by."""
    used: set[int] = set()
    mapped = columns[columns["how"] == "map"]
    for (year, district, file), own in mapped.groupby(["survey_year", "district", "file"]):
        where = f"{year}/{district}/{file}"
        if file.startswith(SHARED):
            where = f"{year}/{file.removeprefix(SHARED)}"
        headers = column_map.lines_for(where)["header"].map(plain)
        # Of two lines with one header the first is read by: one that names the file, then of all.
        first = headers[~headers.duplicated()]
        found = first[first.isin(own["header"].map(plain))]
        used.update(int(at) + FIRST_ROW for at in found.index)
    return frozenset(used)
