"""The hand between Dagster and the stores: partitions in and out, with a manifest for each.
Not here: file formats (stores.py), or what makes a partition stale (freshness.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from pipelines.closing import REASON, ClosedYears
from pipelines.delivered import LANDING, READERS, report
from pipelines.event_log import DATA_VERSION
from pipelines.files import sha256
from pipelines.freshness import Freshness, Seen
from pipelines.partitions import year_of
from pipelines.schemas import Schemas
from pipelines.stores import Store

PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class NotMadeError(RuntimeError):
    """An upstream partition is missing, or was made from something that has changed since."""


class StoreIOManager(dg.IOManager):
    """Keeps values in one store.

    A partitioned asset hands over, and receives, a mapping of partition key to value, for one
    partition or a whole range alike: one process serves many partitions. Of a grid gathered by
    year only the partitions that are still true are loaded, so what cannot be trusted is absent
    and not silently old. What belongs to a published year is changed only by a run that carries
    a reason, the tag `dgi/reason`.
    """

    def __init__(
        self,
        store: Store,
        freshness: Freshness,
        schemas: Schemas,
        closed_years: ClosedYears,
        landing: Path,
    ):
        self.store = store
        self.landing = landing
        self.freshness = freshness
        self.schemas = schemas
        self.closed_years = closed_years

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        asset = context.asset_key.path[-1]
        keys: list[str | None] = [None]
        if context.has_asset_partitions:
            keys = [str(key) for key in context.asset_partition_keys]
            missing = [key for key in keys if key not in obj]
            if missing:
                raise NotMadeError(f"{asset} gave no value for {', '.join(map(str, missing))}")
        reason = _reason(context)
        freshness = self._as_judged(context)
        made = []
        for key in keys:
            value = obj if key is None else obj[key]
            read = getattr(value, "attrs", {}).get("sources")
            if isinstance(value, pd.DataFrame):
                value = self.schemas.conform(asset, value)
            elif isinstance(value, dict) and all(self.schemas.has(name) for name in value):
                value = {name: self.schemas.conform(name, frame) for name, frame in value.items()}
            place = freshness.place(asset, key)
            if self.closed_years.is_closed(asset, place):
                self._guard(asset, key, place, reason, value)
            made.append((key, place, value, read))
        seen: Seen = {}
        versions = {}
        for key, place, value, read in made:  # every one was allowed before the first is written
            kept = freshness.lake.read_manifest(asset, place)
            artefacts, rows = self.store.write(asset, place, value)
            manifest = freshness.expected(asset, key, seen, read)
            because = reason if self.closed_years.is_closed(asset, place) else ""
            if kept is not None and kept.artefacts == artefacts:
                because = because or kept.reason  # made again, and nothing became different
            freshness.lake.write_manifest(
                asset, place, replace(manifest, artefacts=artefacts, rows=rows, reason=because)
            )
            versions[key] = sha256(json.dumps(artefacts, sort_keys=True).encode())
            context.step_context.add_asset_metadata(
                metadata={
                    "dagster/partition_row_count" if key else "dagster/row_count": rows,
                    "code_version": manifest.code_version,
                    "fingerprint": manifest.fingerprint[:16],
                    "inputs": dg.MetadataValue.json(
                        {"made from": sorted(manifest.parents), "files": manifest.sources}
                    ),
                    "sha256": dg.MetadataValue.json(artefacts),
                    DATA_VERSION: versions[key],
                }
                | ({"reason": because} if because else {}),
                asset_key=context.asset_key,
                partition_key=key,
            )
        if asset in READERS:
            # A run that nobody asked the sensor or the refresh for: Dagster hears what was read
            # before it notes what this was made from, else it would look stale for ever.
            report(context.step_context.instance, self.landing)
            context.step_context.wipe_input_asset_version_info(LANDING)
        # Of all that this step made; event_log.py gives each partition the version of its own.
        content = json.dumps([versions[key] for key in keys]).encode()
        version = versions[keys[0]] if len(keys) == 1 else sha256(content)
        context.step_context.set_data_version(context.asset_key, dg.DataVersion(version))

    def _as_judged(self, context: dg.InputContext | dg.OutputContext) -> Freshness:
        """What counts as true in this run: with a reason, the years it makes are open again."""
        if not _reason(context):
            return self.freshness
        tags = context.step_context.run_tags
        own = [tags[name] for name in (PARTITION, RANGE_START, RANGE_END) if name in tags]
        years = [year_of(key) for key in own]
        return self.freshness.reopened(range(min(years), max(years) + 1) if years else ())

    def _guard(
        self, asset: str, key: str | None, place: dict[str, str], reason: str, value: Any
    ) -> None:
        """Refuse to change what belongs to a published year unless there is a reason."""
        kept = self.freshness.lake.read_manifest(asset, place)
        self.closed_years.refuse_unless(
            asset, key, place, reason, self.store.digests(value), kept.artefacts if kept else {}
        )

    def load_input(self, context: dg.InputContext) -> Any:
        asset = context.asset_key.path[-1]
        freshness = self._as_judged(context)
        judges = context.step_context.op_def.tags.get("dgi/judges") == "yes"
        if not context.has_asset_partitions:
            if not freshness.is_true(asset, None, judged=not judges):
                self._refuse(asset, None)
            return self.store.read(asset, {})
        wanted = sorted(str(key) for key in context.asset_partition_keys)
        seen: Seen = {}
        found = [
            key for key in wanted
            if freshness.is_true(asset, key, seen, judged=not judges)
        ]  # fmt: skip
        if not found:
            self._refuse(asset, ", ".join(wanted))
        return {key: self.store.read(asset, freshness.place(asset, key)) for key in found}

    def _refuse(self, asset: str, key: str | None) -> None:
        raise NotMadeError(
            f"{asset} {key or ''} is missing, was made from inputs that have changed since, or "
            "did not pass its blocking checks: `make refresh` makes it anew, and says why when it "
            "cannot"
        )


def _reason(context: dg.InputContext | dg.OutputContext) -> str:
    """The reason that somebody gave for this run; blank: none."""
    return str(context.step_context.run_tags.get(REASON, "")).strip()
