"""Table schemas from data/tables/columns.csv: enforced on what is kept, shown in the UI.
Not here: the columns themselves, which are data, or how a frame is stored (stores.py)."""

from __future__ import annotations

import dagster as dg
import pandas as pd

ARROW_FRIENDLY = {"text": "str", "number": "float64"}


class SchemaError(ValueError):
    """A frame does not have the columns that data/tables/columns.csv says its table has."""


class Schemas:
    """Columns of every table. `columns`: rows of data/tables/columns.csv."""

    def __init__(self, columns: pd.DataFrame):
        self.columns = columns
        self._tables = dict(iter(columns.groupby("table", sort=False)))

    def has(self, table: str) -> bool:
        """Whether the table is described."""
        return table in self._tables

    def conform(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame in the declared column order and types. Raises SchemaError."""
        rows = self._tables[table]
        named = [name for name in rows["column"] if name != "*"]
        extra = [name for name in frame.columns if name not in named]
        missing = [name for name in named if name not in frame.columns]
        if missing or (extra and "*" not in set(rows["column"])):
            raise SchemaError(
                f"table {table}: missing columns {missing}, undeclared columns {extra}. Correct "
                "the asset, or declare the columns in data/tables/columns.csv"
            )
        frame = frame[named + extra].copy()
        for row in rows[rows["column"] != "*"].itertuples(index=False):
            frame[row.column] = _typed(frame[row.column], row.type)
        return frame

    def table_schema(self, table: str) -> dg.TableSchema:
        """The columns as the Dagster UI shows them: name, type, unit and meaning."""
        return dg.TableSchema(
            columns=[
                dg.TableColumn(
                    name=row.column,
                    type=f"{row.type} ({row.unit})" if row.unit else row.type,
                    description=f"{row.meaning_en} / {row.meaning_vi}",
                )
                for row in self._tables[table].itertuples(index=False)
            ]
        )


def _typed(column: pd.Series, kind: str) -> pd.Series:
    """One column as its declared type; gaps stay gaps."""
    if kind in ARROW_FRIENDLY:
        return column.astype(ARROW_FRIENDLY[kind])
    if kind == "integer":
        return column.astype("Int64")
    if kind == "boolean":
        return column.astype("boolean")
    if kind == "datetime":
        return pd.to_datetime(column).astype("datetime64[us]")
    # A plain calendar date: a time of day would invent precision.
    return pd.to_datetime(column).dt.date.astype(object).where(column.notna(), None)
