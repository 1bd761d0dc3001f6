"""Belongs here: what Dagster itself shows as stale, asked of its own resolver, as JSON.
Does not belong here: what must be stale (tests/end_to_end)."""

import json

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from pipelines.closing import SURVEY_ASSETS
from pipelines.definitions import pipeline
from pipelines.delivered import report
from pipelines.runs import dagster_instance


def find_stale() -> list[list[str]]:
    """[asset, partition] of everything kept that Dagster calls stale, in order."""
    graph = pipeline.freshness.graph
    with dagster_instance(pipeline.settings) as instance:
        report(instance, pipeline.settings.landing)
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        found = []
        for asset in sorted(SURVEY_ASSETS):
            for key in sorted(instance.get_materialized_partitions(dg.AssetKey(asset))):
                if resolver.get_status(dg.AssetKey(asset), key) is StaleStatus.STALE:
                    found.append([asset, key])
    return found


if __name__ == "__main__":
    print(json.dumps(find_stale()))
