"""Belongs here: two years published, one corrected: what is refused, made anew and told, and where.
Does not belong here: single rules of comparing, closing and shelving (tests/unit/pipelines)."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys

import openpyxl
import pandas as pd
import pytest

from tests.conftest import ROOT, SmallProvince, make_small_province

pytestmark = pytest.mark.xdist_group("editions")

DISTRICTS = ("193-ha-long", "204-hoanh-bo", "207-co-to")
WORKBOOK = "2018/207-co-to/mau-sample-2018-207-co-to-1.xlsx"
CAUSE = f"delivered {WORKBOOK} (changed)"
OF_THE_DISTRICT = (
    "raw_responses", "delivered_files", "delivered_columns", "raw_back_checks", "responses",
    "rejected_responses", "missing_answers", "corrected_responses", "applied_corrections",
    "fieldwork", "fieldwork_findings", "interviewers", "return_workbook", "respondent_weights",
    "psu_totals", "indicator_estimates",
)  # fmt: skip
OF_ITS_YEAR = (
    "survey_totals", "province_estimates", "district_scores", "rank_probabilities",
    "group_totals", "published_fieldwork", "robustness", "ranking_choices",
    "ranking_alternatives", "priorities",
)  # fmt: skip
OF_LATER_YEARS_TOO = (
    "district_changes", "district_trends", "small_area_scores", "annual_report",
    "published_survey", "published_analysis", "provenance", "source_files", "published_lineage",
)  # fmt: skip
RUN = """
import sys
from pipelines.definitions import pipeline
from pipelines.runs import dagster_instance
job = pipeline.definitions.resolve_job_def("district_year")
with dagster_instance(pipeline.settings) as instance:
    result = job.execute_in_process(
        instance=instance, partition_key="207-co-to|2018", raise_on_error=False
    )
failed = [e for e in result.all_events if e.is_step_failure]
print(failed[0].step_failure_data.error.cause.message)
"""


@pytest.fixture(scope="module")
def province(tmp_path_factory) -> SmallProvince:
    """Three districts, 2018 and 2019, refreshed and published once, in that order."""
    made = make_small_province(tmp_path_factory.mktemp("editions"), ("2018", "2019"))
    done = made.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    for year in ("2018", "2019"):
        done = python(made, "-m", "pipelines.editions", "publish", year, "--reason", "Lần đầu")
        assert done.returncode == 0, done.stdout + done.stderr
    return made


def python(province: SmallProvince, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=province.environment, cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def stale(province: SmallProvince) -> set[tuple[str, str]]:
    """What Dagster itself shows as stale."""
    done = python(province, "-m", "tests.builders.stale_partitions")
    assert done.returncode == 0, done.stderr
    return {(asset, key) for asset, key in json.loads(done.stdout)}


def correct_a_workbook(province: SmallProvince) -> None:
    """Forty respondents of Cô Tô in 2018 answer question C404 otherwise."""
    path = province.landing / WORKBOOK
    book = openpyxl.load_workbook(path)
    sheet = book["TraLoi"]
    column = next(cell.column for cell in sheet[1] if cell.value == "C404")
    for row in range(2, 42):
        cell = sheet.cell(row, column)
        cell.value = 1 if cell.value == 2 else 2
    book.save(path)


def manifests(province: SmallProvince) -> dict[str, bytes]:
    return {
        name: content
        for name, content in province.files("lake").items()
        if name.endswith("manifest.json")
    }


def labels(province: SmallProvince) -> tuple[list, list]:
    with sqlite3.connect(province.home / "warehouse.sqlite") as connection:
        scores = "SELECT DISTINCT survey_year, edition FROM district_scores ORDER BY 1"
        changes = (
            "SELECT DISTINCT survey_year, edition, base_edition FROM district_changes ORDER BY 1"
        )
        return connection.execute(scores).fetchall(), connection.execute(changes).fetchall()


def test_a_late_correction_is_refused_then_taken_in_for_a_reason_and_told_in_new_editions(
    province,
):
    first = province.files("editions")
    assert labels(province) == (
        [(2018, "2018.1"), (2019, "2019.1")],
        [(2018, "2018.1", None), (2019, "2019.1", "2018.1")],
    )
    assert stale(province) == set()
    again = python(province, "-m", "pipelines.editions", "publish", "2018", "--reason", "x")
    assert again.returncode == 0
    assert province.files("editions") == first, "the same content is the same edition"

    before = manifests(province)
    shutil.rmtree(province.home / "lake/responses/survey_year=2018/district=193-ha-long")
    assert province.refresh().returncode == 0, "what was lost comes back as published"
    assert manifests(province) == before
    assert stale(province) == set(), "made again alone, of the same content"

    correct_a_workbook(province)
    touched = {(asset, "207-co-to|2018") for asset in OF_THE_DISTRICT}
    touched |= {(asset, "2018") for asset in (*OF_ITS_YEAR, *OF_LATER_YEARS_TOO)}
    touched |= {(asset, "2019") for asset in OF_LATER_YEARS_TOO}
    touched |= {
        ("district_profile", f"{district}|{year}")
        for district in DISTRICTS
        for year in (2018, 2019)
    }
    assert stale(province) == touched

    done = province.refresh()
    assert done.returncode == 1
    assert f"{WORKBOOK} thay đổi / changed" in done.stdout
    assert "closed since edition 2018.1" in done.stdout
    assert manifests(province) == before
    refused = python(province, "-c", RUN)
    assert "ấn bản 2018.1" in refused.stdout and "dgi/reason" in refused.stdout, refused.stderr
    assert manifests(province) == before

    done = province.refresh("--reason", "Đội khảo sát sửa phiếu")
    assert done.returncode == 0, done.stdout
    after = manifests(province)
    remade = {name for name in before if after[name] != before[name]}
    assert remade and remade < after.keys()
    assert not [
        name for name in remade
        if ("survey_year=2019/district" in name and "district_profile" not in name)
        or (name.count("193-ha-long") and "district_profile" not in name)
    ]  # fmt: skip
    assert stale(province) == set()
    assert labels(province)[1] == [(2018, "2018.2", None), (2019, "2019.2", "2018.2")]

    early = python(province, "-m", "pipelines.editions", "publish", "2019", "--reason", "x")
    assert early.returncode == 1
    assert "make publish YEAR=2018 first" in early.stdout
    proposed = python(province, "-m", "pipelines.editions", "propose", "2018")
    assert proposed.returncode == 0 and "2018.2" in proposed.stdout
    for year in ("2018", "2019"):
        done = python(province, "-m", "pipelines.editions", "publish", year, "--reason", "Sửa")
        assert done.returncode == 0, done.stdout + done.stderr
    files = province.files("editions")
    assert {name: files[name] for name in first} == first, "a published edition never changes"
    assert python(province, "-m", "pipelines.editions", "verify").returncode == 0
    sums = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"],
        cwd=province.home / "editions/2018/2018.2", check=False,
    )  # fmt: skip
    assert sums.returncode == 0

    for year in (2018, 2019):
        old, new = f"editions/{year}/{year}.1", f"editions/{year}/{year}.2"
        changes = pd.read_csv(io.BytesIO(files[f"{new}/CHANGES.csv"]), keep_default_na=False)
        assert set(changes["cause"]) == {CAUSE}
        words = files[f"{new}/CHANGES.md"].decode()
        assert "Đội khảo sát sửa phiếu" in words and WORKBOOK in words
        for name in sorted(files):
            if name.startswith(f"{new}/tables/") and name.endswith(".parquet"):
                table = name.rsplit("/", 1)[-1].removesuffix(".parquet")
                differ = _differing(files[name.replace(new, old)], files[name])
                assert differ == int((changes["table"] == table).sum()), table
    record = json.loads(files["editions/2019/2019.2/edition.json"])
    assert record["base_editions"] == {"2018": "2018.2"}


def _differing(old: bytes, new: bytes) -> int:
    """Values that differ by more than the rounding, row by row; the same rows in both."""
    before, after = (pd.read_parquet(io.BytesIO(one)) for one in (old, new))
    assert before.shape == after.shape
    count = 0
    for column in before.columns.difference(["edition", "base_edition"]):
        one, other = before[column], after[column]
        if pd.api.types.is_float_dtype(one):
            one, other = one.round(9), other.round(9)
        both_missing = one.isna() & other.isna()
        count += int((~both_missing & ~(one == other).fillna(False).astype(bool)).sum())
    return count
