"""What was delivered as Dagster sees it: two external assets, and who rests on them.
Not here: reading a delivery (assets/ingestion.py), or our own rule of staleness (freshness.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.events import DagsterEventType

from dgi.ingest.landing import BACK_CHECKS, CORRECTIONS, content_of, district_folders
from pipelines.partitions import SURVEY_YEARS, district_year_key, districts_of

LANDING = dg.AssetKey("landing_folder")
SO_FAR = dg.AssetKey("landing_so_far")
NOTHING = "nothing delivered"
READERS = {
    "raw_responses": "",
    "delivered_files": "",
    "delivered_columns": "",
    "raw_back_checks": BACK_CHECKS,
    "responses": CORRECTIONS,
}
"""Assets that open files, and in which subfolder: all that rests on deliveries begins here."""


def rest_on_deliveries(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The assets, each that rests on deliveries with the external asset it rests on as a parent.

    Dagster calls a partition stale when a direct parent has another data version and goes no
    step further; so that a changed workbook shows at everything made from it, each of them
    names the landing folder itself: by district and year, or over all years so far where
    the asset looks back. How far one looks back is read off the partition mappings.
    """
    graph = AssetGraph.from_assets(list(assets))
    back: dict[dg.AssetKey, int | None] = {}

    def years_back(key: dg.AssetKey) -> int | None:
        """Years before its own whose deliveries an asset rests on; None: on no delivery."""
        if key not in back:
            found = [0] if key.path[-1] in READERS else []
            for parent in graph.get(key).parent_keys:
                further = years_back(parent)
                mapping = graph.get_partition_mapping(key, parent)
                if further is not None:
                    if isinstance(mapping, dg.TimeWindowPartitionMapping):
                        further -= mapping.start_offset
                    found.append(further)
            back[key] = max(found, default=None)
        return back[key]

    return [
        _with_parents(asset, {
            key: _parent(years)
            for key in asset.keys
            if (years := years_back(key)) is not None
        })
        for asset in assets
    ]  # fmt: skip


def _parent(years: int) -> dg.AssetDep:
    """The external asset that holds what an asset rests on that looks so many years back."""
    if years == 0:
        return dg.AssetDep(LANDING)
    return dg.AssetDep(SO_FAR)


def _with_parents(
    asset: dg.AssetsDefinition, parents: Mapping[dg.AssetKey, dg.AssetDep]
) -> dg.AssetsDefinition:
    """The asset with one more parent, from which no value is loaded, for each key named.

    `AssetsDefinition.map_asset_specs` is meant for this but, in Dagster 1.13, turns arguments of
    the function into inputs without a value and then refuses them; this keeps them.
    """
    if not parents:
        return asset
    specs = [
        spec.merge_attributes(deps=[parents[spec.key]]) if spec.key in parents else spec
        for spec in asset.specs
    ]
    names = {dep.asset_key.path[-1] for dep in parents.values()}
    ins: dict[str, Any] = {
        **asset.op.input_dict,
        **{name: dg.In(dg.Nothing) for name in sorted(names)},
    }
    return dg.AssetsDefinition.dagster_internal_init(
        **{
            **asset.get_attributes_dict(),
            "node_def": asset.op.with_replaced_properties(name=asset.op.name, ins=ins),
            "specs": specs,
        }
    )


def look(landing: Path) -> dict[dg.AssetKey, dict[str, str]]:
    """The version of what lies in the landing folder now, by external asset and partition."""
    found: dict[str, str] = {}
    for year in SURVEY_YEARS:
        for district in districts_of(year):
            content = content_of(district_folders(landing, year, district))
            found[str(district_year_key(district, year))] = content.sha256 if content else NOTHING
    return versions_of(found)


def versions_of(found: Mapping[str, str]) -> dict[dg.AssetKey, dict[str, str]]:
    """Versions of all external assets, from those of the district-years."""
    so_far, versions = [], {}
    for year in SURVEY_YEARS:
        keys = (str(district_year_key(district, year)) for district in districts_of(year))
        so_far += sorted(f"{key}={found.get(key, NOTHING)}" for key in keys)
        is_empty = all(one.endswith(NOTHING) for one in so_far)
        digest = hashlib.sha256("\n".join(so_far).encode()).hexdigest()
        versions[str(year)] = NOTHING if is_empty else digest
    return {LANDING: dict(found), SO_FAR: versions}


def news(
    found: Mapping[dg.AssetKey, Mapping[str, str]],
    told: Mapping[dg.AssetKey, Mapping[str, str]],
) -> list[dg.AssetObservation]:
    """An observation of every partition whose version is not the one told before; of a folder
    in which nothing ever was, none."""
    return [
        dg.AssetObservation(key, partition=partition, tags={DATA_VERSION_TAG: version})
        for key, versions in found.items()
        for partition, version in versions.items()
        if told.get(key, {}).get(partition, NOTHING) != version
    ]


def told_before(instance: dg.DagsterInstance) -> dict[dg.AssetKey, dict[str, str]]:
    """The version of each partition of the external assets that Dagster heard of last."""
    return {
        key: {
            partition: tags[DATA_VERSION_TAG]
            for partition, tags in instance.event_log_storage.get_latest_tags_by_partition(
                key, DagsterEventType.ASSET_OBSERVATION, [DATA_VERSION_TAG]
            ).items()
            if DATA_VERSION_TAG in tags
        }
        for key in (LANDING, SO_FAR)
    }


def report(instance: dg.DagsterInstance, landing: Path) -> int:
    """Tell Dagster what lies in the landing folder, where it differs from what it heard last."""
    observations = news(look(landing), told_before(instance))
    for observation in observations:
        instance.report_runless_asset_event(observation)
    return len(observations)
