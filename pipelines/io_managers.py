"""The hand between Dagster and the stores: partitions in and out, with a manifest for each.
Not here: file formats (stores.py), or what makes a partition stale (freshness.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dagster as dg
import pandas as pd

from pipelines.freshness import Freshness, Seen
from pipelines.schemas import Schemas
from pipelines.stores import Store


class NotMadeError(RuntimeError):
    """An upstream partition is missing, or was made from something that has changed since."""


class StoreIOManager(dg.IOManager):
    """Keeps values in one store.

    A partitioned asset hands over, and receives, a mapping of partition key to value, for one
    partition or a whole range alike: one process serves many partitions. Of a grid gathered by
    year only the partitions that are still true are loaded, so what cannot be trusted is absent
    and not silently old.
    """

    def __init__(self, store: Store, freshness: Freshness, schemas: Schemas):
        self.store = store
        self.freshness = freshness
        self.schemas = schemas

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        asset = context.asset_key.path[-1]
        keys: list[str | None] = [None]
        if context.has_asset_partitions:
            keys = [str(key) for key in context.asset_partition_keys]
            missing = [key for key in keys if key not in obj]
            if missing:
                raise NotMadeError(f"{asset} gave no value for {', '.join(map(str, missing))}")
        seen: Seen = {}
        for key in keys:
            value = obj if key is None else obj[key]
            read = getattr(value, "attrs", {}).get("sources")
            if isinstance(value, pd.DataFrame):
                value = self.schemas.conform(asset, value)
            elif isinstance(value, dict) and all(self.schemas.has(name) for name in value):
                value = {name: self.schemas.conform(name, frame) for name, frame in value.items()}
            place = self.freshness.place(asset, key)
            artefacts, rows = self.store.write(asset, place, value)
            manifest = self.freshness.expected(asset, key, seen, read)
            self.freshness.lake.write_manifest(
                asset, place, replace(manifest, artefacts=artefacts, rows=rows)
            )
            context.step_context.add_asset_metadata(
                metadata={
                    "dagster/partition_row_count" if key else "dagster/row_count": rows,
                    "code_version": manifest.code_version,
                    "fingerprint": manifest.fingerprint[:16],
                    "inputs": dg.MetadataValue.json(
                        {"made from": sorted(manifest.parents), "files": manifest.sources}
                    ),
                    "sha256": dg.MetadataValue.json(artefacts),
                },
                asset_key=context.asset_key,
                partition_key=key,
            )

    def load_input(self, context: dg.InputContext) -> Any:
        asset = context.asset_key.path[-1]
        judges = context.step_context.op_def.tags.get("dgi/judges") == "yes"
        if not context.has_asset_partitions:
            if not self.freshness.is_true(asset, None, judged=not judges):
                self._refuse(asset, None)
            return self.store.read(asset, {})
        wanted = sorted(str(key) for key in context.asset_partition_keys)
        seen: Seen = {}
        found = [
            key for key in wanted
            if self.freshness.is_true(asset, key, seen, judged=not judges)
        ]  # fmt: skip
        if not found:
            self._refuse(asset, ", ".join(wanted))
        return {key: self.store.read(asset, self.freshness.place(asset, key)) for key in found}

    def _refuse(self, asset: str, key: str | None) -> None:
        raise NotMadeError(
            f"{asset} {key or ''} is missing, was made from inputs that have changed since, or "
            "did not pass its blocking checks: `make refresh` makes it anew, and says why when it "
            "cannot"
        )
