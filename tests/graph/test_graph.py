"""The asset graph as a reviewed snapshot: keys, groups, dependencies, partitions, checks, jobs.
Not here: what an asset computes, or whether a run succeeds (tests/end_to_end)."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import dagster as dg
import grimp
import pytest

from assets.declare import OWNER
from pipelines.definitions import ASSETS, defs
from pipelines.delivered import LANDING, READERS, SO_FAR
from pipelines.jobs import STAGES
from pipelines.partitions import DISTRICTS, FACTS, district_year_key, districts_of, place

SNAPSHOT = Path(__file__).parent / "graph.json"
GROUPS = ["reference", "ingestion", "quality", "index", "change", "causes", "reports", "warehouse"]


def described() -> dict:
    graph = defs.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        partitions = node.partitions_def
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "partitions": type(partitions).__name__ if partitions else None,
            "kinds": sorted(node.kinds),
            "tags": {k: v for k, v in sorted(node.tags.items()) if not k.startswith("dagster/")},
            "checks": sorted(check.name for check in node.check_keys),
        }
    jobs = {
        name: sorted(node.name for node in defs.resolve_job_def(name).nodes_in_topological_order)
        for name in [*(stage.name for stage in STAGES), "refresh_year"]
    }
    sensors = {sensor.name: sorted(target.job_name for target in sensor.targets)
               for sensor in defs.sensors or []}  # fmt: skip
    return {"assets": assets, "jobs": jobs, "schedules": ["annual_refresh"], "sensors": sensors}


def test_the_graph_is_the_one_reviewed():
    found = json.dumps(described(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("DGI_UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert found == SNAPSHOT.read_text(encoding="utf-8"), (
        "the graph changed: review it, then DGI_UPDATE_SNAPSHOT=1 pytest tests/graph"
    )


def test_definitions_load():
    dg.Definitions.validate_loadable(defs)


def test_every_asset_says_what_a_row_is_and_who_owns_it():
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description.startswith("One row is "), key
        assert node.group_name in GROUPS, key
        assert node.owners == [OWNER], key
        assert node.kinds, key
        if not node.is_external:  # what others deliver is not made by our code
            assert node.code_version, key
            assert node.check_keys, f"{key} has no check"


def test_every_kept_table_has_its_columns_described():
    files = {"papi_report", "annual_report", "district_profile", "return_workbook"}
    loads = {
        f"published_{what}"
        for what in ("reference", "papi", "fieldwork", "survey", "analysis", "lineage")
    }
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        name = key.to_user_string()
        if name not in files | loads:
            assert "dagster/column_schema" in graph.get(key).metadata, name


def test_stages_cover_every_asset_once():
    staged = [asset for stage in STAGES for asset in stage.assets]
    graph = defs.resolve_asset_graph()
    made = graph.materializable_asset_keys
    assert sorted(staged) == sorted(key.to_user_string() for key in made)


def test_all_that_rests_on_deliveries_names_the_landing_folder_as_a_parent():
    graph = defs.resolve_asset_graph()
    landing = {LANDING, SO_FAR}
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        readers = {dg.AssetKey(name) for name in READERS}
        rests = key in readers or bool(readers & graph.get_ancestor_asset_keys(key))
        assert bool(landing & node.parent_keys) == rests, key


@pytest.mark.parametrize(
    ("asset", "partition", "expected"),
    [
        ("psu_totals", "193-ha-long|2019", {("landing_folder", "193-ha-long|2019")}),
        ("district_changes", "2019", {("landing_so_far", "2019")}),
        ("district_profile", "193-ha-long|2019", {("landing_so_far", "2019")}),
        ("district_trends", "2018", {("landing_so_far", "2018")}),
    ],
)
def test_which_deliveries_a_partition_rests_on(asset, partition, expected):
    found = defs.resolve_asset_graph().get_parents_partitions(dg.AssetKey(asset), partition)
    landing = {
        (parent.asset_key.path[-1], str(parent.partition_key))
        for parent in found.parent_partitions
        if parent.asset_key in (LANDING, SO_FAR)
    }
    assert landing == expected


def test_partitions_follow_the_register():
    assert len(DISTRICTS) == 14 + 54  # districts, and the units that replaced them in 2025
    assert len(districts_of(2019)) == 14 and len(districts_of(2025)) == 54
    assert "204-hoanh-bo" not in districts_of(2020)
    assert place(str(district_year_key("193-ha-long", 2019))) == (2019, "193-ha-long")


def test_column_file_describes_no_column_twice():
    table = FACTS.table("tables/columns.csv")
    assert not table.duplicated(["table", "column"]).any()
    assert set(table["type"]) <= {
        "text",
        "integer",
        "number",
        "boolean",
        "date",
        "datetime",
    }


def test_great_expectations_is_not_imported_at_load():
    code = "import sys, pipelines.definitions; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_schedule_asks_for_the_year_whose_fieldwork_has_ended():
    schedule = defs.resolve_schedule_def("annual_refresh")
    on = dg.build_schedule_context(
        scheduled_execution_time=datetime(2019, 12, 1, 6), repository_def=defs.get_repository_def()
    )
    (request,) = schedule.evaluate_tick(on).run_requests
    assert request.partition_key == "2019"
    off = dg.build_schedule_context(
        scheduled_execution_time=datetime(2031, 12, 1, 6), repository_def=defs.get_repository_def()
    )
    assert "surveys.csv" in schedule.evaluate_tick(off).skip_message


@pytest.mark.parametrize(
    "stage",
    [
        "reference",
        "causes",
        "ingestion",
        "quality",
        "fieldwork",
        "index",
        "change",
        "reports",
        "warehouse",
    ],
)
def test_a_change_in_any_code_a_stage_imports_makes_its_assets_stale(stage):
    imports = grimp.build_graph("dgi", "assets", "pipelines", "sql", "checks")
    used = {
        name.replace(".", "/") + ".py"
        for name in imports.find_upstream_modules(f"assets.{stage}")
        if name.startswith("dgi.") and not imports.find_children(name)
    }
    declared = {
        part
        for asset in ASSETS
        for key in asset.keys
        if asset.group_names_by_key[key] == {"fieldwork": "quality"}.get(stage, stage)
        for part in asset.metadata_by_key[key]["made_by"]
    }
    uncovered = sorted(
        path for path in used
        if path not in declared and not any(path.startswith(f"{part}/") for part in declared)
    )  # fmt: skip
    assert not uncovered, f"name them in made_by of assets/{stage}.py"


def test_nothing_looks_at_another_partition_that_may_be_made_at_the_same_time():
    graph = defs.resolve_asset_graph()
    stage_of = {dg.AssetKey(asset): stage for stage in STAGES for asset in stage.assets}
    for key, stage in stage_of.items():
        for parent in graph.get(key).parent_keys & stage_of.keys():
            mapping = graph.get_partition_mapping(key, parent)
            if stage_of[parent].phase == stage.phase:
                assert stage_of[parent] is stage, (key, parent)
                assert getattr(mapping, "start_offset", 0) == 0, (key, parent)
            assert stage_of[parent].phase <= stage.phase, (key, parent)


def test_stages_stand_in_the_order_of_their_phases():
    phases = [stage.phase for stage in STAGES]
    assert phases == sorted(phases)
