"""The warehouse: published tables by survey year, each year replaced in one transaction.
Not here: the columns (data/tables/columns.csv), the views' text (sql/views), or the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

VIEWS = Path(__file__).parent / "views"
TYPES: dict[str, type[sa.types.TypeEngine]] = {
    "text": sa.Text,
    "integer": sa.BigInteger,
    "number": sa.Double,
    "boolean": sa.Boolean,
    "date": sa.Date,
    "datetime": sa.DateTime,
}


class Warehouse:
    """A database of published tables. Derived and rebuildable: dropping it loses nothing.

    `columns`: rows of data/tables/columns.csv; `tables`: which of them are published.
    """

    def __init__(self, address: str, columns: pd.DataFrame, tables: list[str]):
        self.address = address
        self.metadata = sa.MetaData()
        for name in tables:
            rows = columns[(columns["table"] == name) & (columns["column"] != "*")]
            sa.Table(
                name,
                self.metadata,
                *(
                    sa.Column(row.column, TYPES[row.type](), index=row.is_key == "yes",
                              comment=row.meaning_en)
                    for row in rows.itertuples(index=False)
                ),
            )  # fmt: skip
        self.loads = sa.Table(
            "warehouse_loads",
            self.metadata,
            sa.Column("asset", sa.Text, primary_key=True),
            sa.Column("survey_year", sa.Text, primary_key=True),
            sa.Column("table_name", sa.Text, primary_key=True),
            sa.Column("sha256", sa.Text),
            sa.Column("row_n", sa.BigInteger),
        )
        self._engine: sa.Engine | None = None

    @property
    def engine(self) -> sa.Engine:
        """The connection pool; opened, and the tables and views made, at first use."""
        if self._engine is None:
            url = sa.make_url(self.address)
            if url.get_backend_name() == "sqlite" and url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            engine = sa.create_engine(url)
            with engine.begin() as connection:
                self._drop_outdated(connection)
                self.metadata.create_all(connection)
            self._engine = engine
        return self._engine

    def _drop_outdated(self, connection: sa.Connection) -> None:
        """Drop tables whose columns are not those declared now; the next refresh loads them."""
        inspector = sa.inspect(connection)
        standing = set(inspector.get_table_names())
        outdated = [
            table
            for name, table in self.metadata.tables.items()
            if name in standing
            and [c["name"] for c in inspector.get_columns(name)] != [c.name for c in table.columns]
        ]
        if outdated:
            for view in inspector.get_view_names():
                connection.execute(sa.text(f"DROP VIEW {view}"))
            self.metadata.drop_all(connection, tables=outdated)
            if self.loads.name in standing:
                connection.execute(sa.delete(self.loads))

    def remove(self, asset: str, survey_year: str | None) -> None:
        """Remove what one asset loaded for a year, in one transaction."""
        with self.engine.begin() as connection:
            self._clear(connection, asset, survey_year, list(self.loaded(asset, survey_year)))

    def _clear(
        self, connection: sa.Connection, asset: str, survey_year: str | None, tables: list[str]
    ) -> None:
        """Delete an asset's rows of one year from `tables`, and the record of its loads."""
        loads = self.loads
        connection.execute(
            sa.delete(loads).where(
                loads.c.asset == asset, loads.c.survey_year == (survey_year or "")
            )
        )
        for name in tables:
            table = self.metadata.tables[name]
            removal = sa.delete(table)
            if survey_year is not None:
                removal = removal.where(table.c.survey_year == int(survey_year))
            connection.execute(removal)

    def make_views(self) -> None:
        """Make the views of sql/views anew, in one transaction."""
        with self.engine.begin() as connection:
            for path in sorted(VIEWS.glob("*.sql")):
                connection.execute(sa.text(f"DROP VIEW IF EXISTS {path.stem}"))
                connection.execute(sa.text(path.read_text(encoding="utf-8")))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for queries."""
        with self.engine.connect() as connection:
            yield connection

    def replace(
        self,
        asset: str,
        survey_year: str | None,
        frames: Mapping[str, pd.DataFrame],
        digests: Mapping[str, str],
    ) -> None:
        """Replace one asset's rows of one year (or all, unpartitioned) in one transaction."""
        with self.engine.begin() as connection:
            self._clear(connection, asset, survey_year, list(frames))
            for name, frame in frames.items():
                table = self.metadata.tables[name]
                rows = _rows(frame[[column.name for column in table.columns]])
                if rows:
                    connection.execute(sa.insert(table), rows)
                connection.execute(
                    sa.insert(self.loads).values(
                        asset=asset, survey_year=survey_year or "", table_name=name,
                        sha256=digests[name], row_n=len(rows),
                    )
                )  # fmt: skip

    def loaded(self, asset: str, survey_year: str | None) -> dict[str, str]:
        """Digest of each table that an asset loaded for a year, {} when it has not."""
        query = sa.select(self.loads.c.table_name, self.loads.c.sha256).where(
            self.loads.c.asset == asset, self.loads.c.survey_year == (survey_year or "")
        )
        with self.read() as connection:
            return {row.table_name: row.sha256 for row in connection.execute(query)}

    def row_counts(self, asset: str, survey_year: str | None) -> dict[str, tuple[int, int]]:
        """For each table an asset loaded for a year: rows that stand in it, rows it was given."""
        counts = {}
        loads = self.loads
        given = sa.select(loads.c.table_name, loads.c.row_n).where(
            loads.c.asset == asset, loads.c.survey_year == (survey_year or "")
        )
        with self.read() as connection:
            for name, row_n in connection.execute(given).all():
                table = self.metadata.tables[name]
                query = sa.select(sa.func.count()).select_from(table)
                if survey_year is not None:
                    query = query.where(table.c.survey_year == int(survey_year))
                counts[name] = (int(connection.execute(query).scalar_one()), int(row_n))
        return counts


def _rows(frame: pd.DataFrame) -> list[dict]:
    """Rows for an insert: gaps as NULL, numpy scalars as Python's own."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.to_dict("records")
