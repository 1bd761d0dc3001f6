"""The whole chain through the command a user runs: workbooks in, reports and warehouse out.
Not here: single functions (tests/unit), or figures against other software (tests/oracle)."""

import shutil
import sqlite3
import subprocess
import sys
import zipfile

import dagster as dg
import openpyxl
import pandas as pd
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("small_province")

WORKBOOK = "mau-sample-2020-207-co-to-1.xlsx"


@pytest.fixture
def instance(small_province, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(small_province.home / "dagster"))
    with dg.DagsterInstance.from_config(str(small_province.home / "dagster")) as instance:
        yield instance


def test_every_product_is_there(small_province):
    reports = small_province.files("reports")
    assert "reports/2016/P1-ket-qua-papi-2016.xlsx" in reports
    assert "reports/2020/P7-khao-sat-hang-nam-2020.xlsx" in reports
    assert "reports/2019/profile-204-hoanh-bo-2019.xlsx" in reports
    assert "reports/2020/profile-204-hoanh-bo-2020.xlsx" not in reports


def test_materialisations_are_recorded_per_partition_with_what_they_were_made_from(instance):
    events = instance.fetch_materializations(dg.AssetKey("responses"), limit=100).records
    made = {
        str(event.partition_key): event.asset_materialization.metadata
        for event in events
        if "exists" not in event.asset_materialization.metadata
    }
    assert "193-ha-long|2019" in made and "204-hoanh-bo|2020" not in made
    metadata = made["193-ha-long|2019"]
    assert {"fingerprint", "sha256", "code_version", "rows_in", "rows_set_aside"} <= set(metadata)


def test_a_district_that_has_merged_is_recorded_as_absent_with_the_reason(instance):
    for asset in ("raw_responses", "indicator_estimates", "district_profile"):
        records = dg.AssetRecordsFilter(
            asset_key=dg.AssetKey(asset), asset_partitions=["204-hoanh-bo|2020"]
        )
        [record] = instance.fetch_materializations(records, limit=5).records
        metadata = record.asset_materialization.metadata
        assert metadata["exists"].value is False
        assert metadata["why"].value == "204-hoanh-bo was merged into 193-ha-long on 2020-01-01"


def test_what_is_recorded_as_absent_is_in_no_table(small_province):
    assert not list(small_province.home.glob("lake/*/survey_year=2020/district=204-hoanh-bo"))
    for table in ("survey_totals", "district_scores", "district_changes"):
        assert "204-hoanh-bo" not in set(small_province.table(table, 2020)["district"])


def test_check_results_are_bound_to_their_partition(instance):
    key = dg.AssetCheckKey(dg.AssetKey("responses"), "respondent_ids_are_unique")
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=50)
    assert {str(record.partition) for record in history} == {
        "193-ha-long|2019", "193-ha-long|2020", "204-hoanh-bo|2019", "207-co-to|2019",
        "207-co-to|2020",
    }  # fmt: skip
    assert {record.status.value for record in history} == {"SUCCEEDED"}


def test_a_second_refresh_finds_nothing_changed_and_rewrites_nothing(small_province):
    paths = [p for p in small_province.home.rglob("*") if p.is_file() and "dagster" not in p.parts]
    before = {path: path.stat().st_mtime_ns for path in paths if path.suffix != ".sqlite-wal"}
    done = small_province.refresh()
    assert done.returncode == 0
    assert "ranges" not in done.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_deleting_a_partition_and_refreshing_restores_the_same_bytes(small_province):
    before = small_province.files("lake", "reports")
    for folder in (small_province.home / "lake").glob("*/survey_year=2020/district=207-co-to"):
        shutil.rmtree(folder)
    done = small_province.refresh()
    assert done.returncode == 0, done.stdout
    assert small_province.files("lake", "reports") == before


def test_a_damaged_workbook_costs_its_district_and_nothing_else(small_province, instance):
    before = small_province.files("lake", "reports")
    path = small_province.landing / "2020" / "207-co-to" / WORKBOOK
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    try:
        done = small_province.refresh()
        assert done.returncode == 1
        assert WORKBOOK in done.stdout
        assert "207-co-to|2020" in done.stdout

        scores = small_province.table("district_scores", 2020).set_index(["district", "key"])
        assert scores.loc[("207-co-to", "total"), "flag"] == "unit_absent"
        assert scores.loc[("province", "total"), "flag"] == "unit_absent"
        assert scores.loc[("193-ha-long", "total"), "flag"] in ("observed", "reweighted")
        assert pd.isna(scores.loc[("province", "total"), "score"])
        changes = small_province.table("district_changes", 2020)
        changes = changes[changes["comparison"] == "previous"].set_index(["district", "key"])
        assert changes.loc[("207-co-to", "total"), "flag"] == "unit_absent"
        assert pd.notna(changes.loc[("193-ha-long", "total"), "change"])

        profile = "reports/2020/profile-207-co-to-2020.xlsx"
        assert not (small_province.home / profile).exists(), "an old profile beside a new report"
        report = small_province.home / "reports/2020/P7-khao-sat-hang-nam-2020.xlsx"
        words = _words(report)
        assert "Cô Tô" in words
        run = next(iter(instance.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]), limit=1)))  # fmt: skip
        assert run.dagster_run.tags["dagster/partition"] == "207-co-to|2020"
    finally:
        path.write_bytes(sound)
    assert small_province.refresh().returncode == 0
    shutil.rmtree(small_province.home / "reports/withdrawn")
    assert small_province.files("lake", "reports") == before


def test_a_workbook_in_a_folder_of_no_district_is_a_failure_with_the_nearest_key(small_province):
    folder = small_province.landing / "2020" / "193-halong"
    folder.mkdir()
    try:
        (folder / "team.xlsx").write_bytes(b"anything")
        done = small_province.refresh()
        assert done.returncode == 1
        assert "did you mean 193-ha-long?" in done.stdout
    finally:
        shutil.rmtree(folder)


def test_numbers_that_a_blocking_check_refuses_stop_what_depends_on_them(small_province):
    rules = small_province.folder / "data/checks/index.yaml"
    sound = rules.read_text(encoding="utf-8")
    before = small_province.files("lake", "reports")
    # No estimate can lie at or above 2 on its scale: every district is refused.
    rules.write_text(sound.replace("min_value: -1.0e-09", "min_value: 2"), encoding="utf-8")
    try:
        for _ in range(2):  # the refusal is not forgotten by the second run
            done = small_province.refresh("--year", "2020")
            assert done.returncode == 1
            assert not (
                small_province.home / "reports/2020/P7-khao-sat-hang-nam-2020.xlsx"
            ).exists()
    finally:
        rules.write_text(sound, encoding="utf-8")
    assert small_province.refresh().returncode == 0
    shutil.rmtree(small_province.home / "reports/withdrawn")
    assert small_province.files("lake", "reports") == before


def _words(path) -> str:
    book = openpyxl.load_workbook(path, read_only=True)
    return " ".join(
        str(value)
        for sheet in book.worksheets
        for row in sheet.iter_rows(values_only=True)
        for value in row
        if value is not None
    )


def test_hoanh_bo_is_counted_into_ha_long_when_2020_is_compared_with_2019(small_province):
    changes = small_province.table("district_changes", 2020)
    changes = changes[changes["comparison"] == "previous"]
    own = changes[(changes["district"] == "193-ha-long") & (changes["level"] == "total")].iloc[0]
    assert own["flag"] in ("boundary_restated", "common_core")
    scores = small_province.table("district_scores", 2019)
    total = scores[(scores["level"] == "total")].set_index("district")["score"]
    # On today's boundary the base lies between the two districts that became one.
    low, high = sorted([total["193-ha-long"], total["204-hoanh-bo"]])
    assert low < own["base_score"] < high
    assert own["base_n"] > own["n"]


def test_the_users_own_workbook_is_processed_without_the_sample_mark(small_province, tmp_path):
    folder = small_province.landing / "2020" / "207-co-to"
    path = folder / WORKBOOK
    sound = path.read_bytes()
    book = openpyxl.load_workbook(path)
    del book["Bia"]
    try:
        path.unlink()
        book.save(folder / "doi-khao-sat.xlsx")
        assert small_province.refresh("--year", "2020").returncode == 0
        scores = small_province.table("district_scores", 2020)
        by_district = scores.groupby("district")["is_sample"].all()
        assert not by_district["207-co-to"]
        assert by_district["193-ha-long"]
        profile = small_province.home / "reports/2020/profile-207-co-to-2020.xlsx"
        assert "DỮ LIỆU MẪU" in _words(profile), "its page shows the sample province beside it"
        assert not (folder / WORKBOOK).exists(), "sample data never joins a user's folder"
    finally:
        (folder / "doi-khao-sat.xlsx").unlink()
        path.write_bytes(sound)
        assert small_province.refresh().returncode == 0


def test_the_warehouse_answers_the_questions_of_its_views(small_province):
    with sqlite3.connect(small_province.home / "warehouse.sqlite") as connection:
        ranks = connection.execute(
            "SELECT district_name_vi, rank FROM who_ranks_where"
            " WHERE survey_year = 2019 AND level = 'total' AND rank IS NOT NULL ORDER BY rank"
        ).fetchall()
        assert [rank for _, rank in ranks] == [1, 2, 3]
        sure = connection.execute(
            "SELECT rank, tie_group, choices_rank_low, choices_rank_high, model_score"
            " FROM how_sure_is_the_ranking WHERE survey_year = 2019"
        ).fetchall()
        assert len(sure) == 3
        for rank, letters, low, high, _ in sure:
            assert letters and 1 <= low <= high <= 3 and 1 <= rank <= 3
        to_act = connection.execute(
            "SELECT quadrant, importance, gap FROM where_to_act_first WHERE survey_year = 2019"
        ).fetchall()
        assert len(to_act) == 3 * 29
        assert {row[0] for row in to_act} <= {"act_first", "keep_up", "improve", "maintain"}
        changed = connection.execute(
            "SELECT count(*) FROM who_changed WHERE survey_year = 2020 AND level = 'total'"
            " AND comparison = 'previous'"
        ).fetchone()
        assert changed == (3,)
        parts, total = connection.execute(
            "SELECT sum(contribution), max(total_change) FROM why_it_changed"
            " WHERE survey_year = 2020 AND district = 'province'"
            " AND comparison = 'previous'"
        ).fetchone()
        assert parts == pytest.approx(total, abs=1e-9)


def test_no_answer_and_no_respondent_reaches_warehouse_or_dagster(small_province):
    known = pd.read_parquet(
        small_province.home / "lake/responses/survey_year=2020/district=207-co-to/part.parquet"
    )
    respondents = [str(value).encode() for value in known["respondent_id"].head(20)]
    outside = [(small_province.home / "warehouse.sqlite").read_bytes()]
    outside += [p.read_bytes() for p in (small_province.home / "dagster").rglob("*.db*")]
    for path in (small_province.home / "reports").rglob("*.xlsx"):
        with zipfile.ZipFile(path) as archive:  # packed: the bytes of the file itself say nothing
            outside += [archive.read(name) for name in archive.namelist()]
    assert len(outside) > 100
    assert not [r for r in respondents for content in outside if r in content]


JOB = """
from pipelines.definitions import pipeline
from pipelines.runs import dagster_instance
job = pipeline.definitions.resolve_job_def("refresh_year")
with dagster_instance(pipeline.settings) as instance:
    result = job.execute_in_process(instance=instance, partition_key="2020")
assert result.success
"""


def test_the_job_of_one_year_makes_what_is_stale_of_it(small_province):
    before = small_province.files("lake", "reports")
    shutil.rmtree(small_province.home / "lake/district_scores/survey_year=2020")
    done = subprocess.run(
        [sys.executable, "-c", JOB], env=small_province.environment, cwd=ROOT, check=False
    )
    assert done.returncode == 0
    assert small_province.files("lake", "reports") == before
