"""What all tests share: the repository's root, and a small province for whole-chain tests.
Not here: fixtures that only one room needs."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
KEPT_DISTRICTS = ("193-ha-long", "204-hoanh-bo", "207-co-to")


@dataclass(frozen=True)
class SmallProvince:
    """Three districts and two survey years, one of them after the merger, in folders of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DGI_DATA": str(self.folder / "data"),
            "DGI_LANDING": str(self.landing),
            "DGI_HOME": str(self.home),
            "DGI_SECRET_KEY": "a secret of the tests",
            "PYTHONPATH": str(ROOT),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def refresh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m pipelines.refresh`, as a user runs it."""
        command = [sys.executable, "-m", "pipelines.refresh", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file under the home folder's `folders` by relative path."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for folder in folders
            for path in sorted((self.home / folder).rglob("*"))
            if path.is_file()
        }

    def table(self, name: str, year: int) -> pd.DataFrame:
        return pd.read_parquet(self.home / f"lake/{name}/survey_year={year}/part.parquet")


def _filter_rows(path: Path, keep) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if keep(row))


def make_small_province(folder: Path, years: Sequence[str] = ("2019", "2020")) -> SmallProvince:
    """The repository's facts, cut down to three districts and a few survey years."""
    data = folder / "data"
    shutil.copytree(ROOT / "data", data, ignore=shutil.ignore_patterns("landing"))
    codes = {key.partition("-")[0] for key in KEPT_DISTRICTS}
    _filter_rows(data / "units/districts.csv", lambda row: row["district_code"] in codes)
    # Communes of other districts, and all units after 2025, are not in this small province.
    _filter_rows(
        data / "units/communes.csv",
        lambda row: row["district_code"] in codes and not row["valid_from"].startswith("2025"),
    )
    communes = pd.read_csv(data / "units/communes.csv", dtype=str, keep_default_na=False)
    known = set(communes["commune_code"])
    communes["successor"] = [
        ";".join(code for code in successor.split(";") if code in known)
        for successor in communes["successor"]
    ]
    communes.to_csv(data / "units/communes.csv", index=False)
    _filter_rows(data / "units/shares.csv", lambda row: False)
    _filter_rows(data / "census/commune_adults.csv", lambda row: row["commune_code"] in known)
    _filter_rows(data / "census/sex_age.csv", lambda row: row["district"] in KEPT_DISTRICTS)
    _filter_rows(data / "surveys.csv", lambda row: row["survey_year"] in years)
    # The baseline is a year that this small province has.
    comparisons = (data / "comparisons.csv").read_text(encoding="utf-8")
    (data / "comparisons.csv").write_text(
        comparisons.replace(",fixed,2016,", f",fixed,{min(years)},"), encoding="utf-8"
    )
    events = pd.read_csv(data / "units/events.csv", dtype=str, keep_default_na=False)
    start, end = communes["valid_from"], communes["valid_to"].replace("", "9999")
    events["communes_after"] = [
        str(int(((start <= day) & (day < end)).sum())) for day in events["effective_date"]
    ]
    events.to_csv(data / "units/events.csv", index=False)
    return SmallProvince(folder)


@pytest.fixture(scope="session")
def small_province(tmp_path_factory) -> SmallProvince:
    """A small province refreshed once from simulated workbooks; tests restore what they change."""
    province = make_small_province(tmp_path_factory.mktemp("small"))
    done = province.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return province
