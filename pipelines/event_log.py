"""Dagster's SQLite event log with its engines kept: the same files, far less time an event.
Not here: anything about what is run; PostgreSQL instances do not use this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa
from dagster._core.definitions.data_version import (
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    SqliteEventLogStorage,
)

DATA_VERSION = "data_version"  # metadata of a partition's materialisation: its content's digest
KEPT_ENGINES = 8  # the cross-run index and the newest runs


class KeptEngineEventLog(SqliteEventLogStorage):
    """Makes one SQLAlchemy engine a database file instead of one an event.

    Dagster's own class makes an engine for every event it stores, and with it a fresh dialect
    and an empty statement cache: some 17 ms an event, more than most of our own functions take.
    The one method that does so is overridden here; dagster is pinned below 1.14 for it, and
    tests/end_to_end covers a whole refresh and the UI through it.
    """

    def __init__(self, *args, **kwargs):
        self._engines: dict[str, sa.Engine] = {}
        self._checks_known = False
        self._held: tuple[ExitStack, dict[str, sa.Connection]] | None = None
        super().__init__(*args, **kwargs)

    @staticmethod
    def from_config_value(inst_data, config_value) -> KeptEngineEventLog:
        return KeptEngineEventLog(inst_data=inst_data, **config_value)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Events stored inside share one transaction a database file: thousands of small ones
        take seconds, not minutes. For one thread, while nobody else writes."""
        with self._db_lock, ExitStack() as stack:
            self._held = stack, {}
            try:
                yield
            finally:
                self._held = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        if self._held is None:
            with self._db_lock, self._begin(shard) as connection:
                yield connection
            return
        stack, held = self._held
        if shard not in held:
            held[shard] = stack.enter_context(self._begin(shard))
        yield held[shard]

    @contextmanager
    def _begin(self, shard: str) -> Iterator[sa.Connection]:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            sa.event.listen(engine, "connect", _sync_at_checkpoints)
        self._engines[shard] = engine
        while len(self._engines) > KEPT_ENGINES:
            self._engines.pop(next(iter(self._engines))).dispose()
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.connect() as connection, connection.begin():
            yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event; a materialisation with the data version of its own partition.

        A run over a range of partitions has, in Dagster, one data version for all of them: a
        partition made alone would look changed although its content is the same.
        """
        happened = event.dagster_event
        if happened is not None and happened.is_step_materialization:
            made = happened.step_materialization_data.materialization
            if DATA_VERSION in made.metadata:
                version = str(made.metadata[DATA_VERSION].value)
                assert isinstance(made.tags, dict)  # each event has tags of its own
                made.tags.update(
                    {DATA_VERSION_TAG: version, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}
                )
        super().store_event(event)

    @property
    def supports_asset_checks(self) -> bool:
        self._checks_known = self._checks_known or super().supports_asset_checks
        return self._checks_known


def _sync_at_checkpoints(connection, _record) -> None:
    """In write-ahead mode the disk need not be waited for at each event.

    A crash of the process loses nothing; a power cut may lose the newest run records, and the
    next refresh, which trusts the manifests in the lake and not the records, makes them anew.
    """
    connection.execute("PRAGMA synchronous=NORMAL")
