"""How an asset is declared: one grammar for group, owner, kinds, schema and code version.
Not here: any particular asset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.partitions import FACTS
from pipelines.schemas import Schemas
from pipelines.versions import code_version

# What every asset rests on, taken whole: a rule for which file decides which number would be
# wrong one day, and a wrong number left standing costs more than a minute of work done again.
BASE = [
    "data/tables/columns.csv", "dgi/facts", "dgi/errors.py", "dgi/fieldwork", "dgi/ingest",
    "dgi/survey", "dgi/index", "dgi/change", "dgi/papi", "assets/declare.py",
    "pipelines/partitions.py", "pipelines/schemas.py", "pipelines/files.py", "pipelines/stores.py",
    "pipelines/vault.py", "pipelines/io_managers.py",
]  # fmt: skip
OWNER = "team:data-engineering"
SCHEMAS = Schemas(FACTS.table("tables/columns.csv"))
Frames = dict[str, Any]


def describe(
    name: str,
    group: str,
    description: str,
    made_by: list[str],
    *,
    kinds: tuple[str, ...] = ("pandas", "parquet"),
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Arguments that every asset declaration shares.

    `description`: its first sentence is "One row is …"; `made_by`: code and fact files, from the
    repository's root, whose change makes what is kept untrue.
    """
    metadata: dict[str, Any] = {"made_by": sorted({*BASE, *made_by})}
    if SCHEMAS.has(name):
        metadata["dagster/column_schema"] = SCHEMAS.table_schema(name)
    return {
        "description": description,
        "group_name": group,
        "kinds": set(kinds),
        "owners": [OWNER],
        "tags": dict(tags or {}),
        "metadata": metadata,
        "code_version": code_version(*sorted({*BASE, *made_by})),
    }


def for_each(
    context: dg.AssetExecutionContext, compute: Callable[[str], Any], *inputs: Mapping[str, Any]
) -> Frames:
    """`compute(partition key)` for every partition of the run, in key order.

    Raises when one of `inputs` lacks a partition that the run is to make.
    """
    keys = sorted(str(key) for key in context.partition_keys)
    lacking = sorted({key for key in keys for given in inputs if key not in given})
    if lacking:
        raise dg.Failure(
            f"upstream of {', '.join(lacking)} is missing or out of date: materialise it first"
        )
    return {key: compute(key) for key in keys}


def note(
    context: dg.AssetExecutionContext, partition: str, asset: str | None = None, **facts: Any
) -> None:
    """Metadata on one partition's materialisation."""
    context.add_asset_metadata(facts, asset_key=asset, partition_key=partition)


def markdown_table(
    headers: Sequence[str], rows: Sequence[Sequence[object]]
) -> dg.MarkdownMetadataValue:
    """A small table as metadata that the UI shows as a table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))
