"""Belongs here: when a line of a year's column map is told as unused, and when that is not known.
Does not belong here: which line a column was read by (test_map_lines.py)."""

from types import SimpleNamespace

import pandas as pd

from checks.ingestion import MAP_RULE, map_line_views
from checks.suites import judge
from dgi.facts.column_maps import ColumnMap
from pipelines.partitions import district_year_key, districts_of

NAMES = ["files", "header", "name", "use", "note"]
MAP = ColumnMap.from_table(
    pd.DataFrame([("*", "Ghi chú", "", "drop", ""), ("*", "Khác", "", "drop", "")], columns=NAMES),
    "data/column_maps/2019.csv",
)
FACTS = SimpleNamespace(
    column_map=lambda year: MAP if year == 2019 else ColumnMap.empty("data/column_maps/2020.csv")
)
LAST = districts_of(2019)[-1]


def delivered(year: int, *districts: str) -> dict[str, pd.DataFrame]:
    """The table delivered_columns of some districts; only in the last was a column mapped."""
    columns = [(year, "x", "a.csv", "MaPhieu", "header"), (year, "x", "a.csv", "Ghi chú", "map")]
    names = ["survey_year", "district", "file", "header", "how"]
    return {
        str(district_year_key(district, year)): pd.DataFrame(
            columns[: 1 + (district == LAST)], columns=names
        ).assign(district=district)
        for district in districts
    }


def test_a_line_that_only_the_last_district_uses_is_used():
    year = delivered(2019, *districts_of(2019))
    lines = map_line_views(FACTS, year, ["2019"])["map_lines"]
    assert lines[["line", "is_used"]].to_numpy().tolist() == [[2, True], [3, False]]


def test_the_verdict_is_the_years_own():
    tables = delivered(2019, *districts_of(2019)) | delivered(2020, *districts_of(2020))
    views = map_line_views(FACTS, tables, ["2019", "2020"])
    verdicts = judge([MAP_RULE], views, ["2019", "2020"])
    assert MAP_RULE.severity == "warn" and not MAP_RULE.blocking
    old, new = (verdicts[MAP_RULE.name, year] for year in ("2019", "2020"))
    assert (old.passed, old.rows, old.failing, old.error) == (False, 2, 1, "")
    assert new.passed and not new.error


def test_no_line_is_called_unused_while_a_district_is_absent():
    tables = delivered(2019, *districts_of(2019)[:-1])
    views = map_line_views(FACTS, tables, ["2019"])
    verdict = judge([MAP_RULE], views, ["2019"])[MAP_RULE.name, "2019"]
    assert views["map_lines"].empty and verdict.passed and not verdict.error
