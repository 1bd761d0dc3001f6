"""Belongs here: every published score of a refresh, walked to its parts and files by the warehouse.
Does not belong here: the view's rules on small tables (tests/unit/pipelines)."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pandas as pd
import pytest
import sqlalchemy as sa

from dgi.index.scores import PROVINCE
from pipelines.lineage import add_up, read_lineage
from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("small_province")
YEARS = (2019, 2020)


@pytest.fixture(scope="module")
def connection(small_province):
    engine = sa.create_engine(f"sqlite:///{small_province.home / 'warehouse.sqlite'}")
    with engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("year", YEARS)
def test_the_walk_reproduces_every_node_of_every_district(small_province, connection, year):
    scores = small_province.table("district_scores", year)
    walked = 0
    for unit, own in scores.groupby("district"):
        lineage = read_lineage(connection, year, str(unit))
        checked = add_up(lineage.rows)
        assert checked["difference"].max() < 1e-9
        by_key = lineage.rows.set_index("path").loc[checked["path"], "key"]
        published = own.dropna(subset=["score"]).set_index("key")["score"]
        computed = pd.Series(checked["computed"].to_numpy(), by_key.to_numpy())
        assert set(computed.index) == set(published.index)
        assert (computed - published).abs().max() < 1e-9
        walked += len(checked)
    assert walked == scores["score"].notna().sum() > 100


@pytest.mark.parametrize("year", YEARS)
def test_the_files_named_are_the_files_that_lie_there(small_province, connection, year):
    files = read_lineage(connection, year, PROVINCE).files
    lying = {
        (path.parent.name, path.name): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (small_province.landing / str(year)).glob("*/*.xlsx")
    }
    named = files.set_index(["district_of_file", "file"])["sha256"].to_dict()
    assert {place: digest for place, digest in named.items() if place in lying} == lying


def test_every_district_has_its_own_code_versions_and_fingerprints(connection):
    table = pd.read_sql("SELECT * FROM provenance WHERE survey_year = 2020", connection)
    own = table[table["made_year"] == 2020]
    assert {"raw_responses", "respondent_weights", "psu_totals", "indicator_estimates",
            "district_scores", "district_changes"} <= set(own["asset"])  # fmt: skip
    # A change rests on the year before as well.
    assert 2019 in set(table.loc[table["asset"] == "psu_totals", "made_year"])


def test_what_can_be_compared_is_said_for_every_key_and_named_base(connection):
    table = pd.read_sql("SELECT * FROM what_can_be_compared", connection)
    counts = table.groupby(["survey_year", "comparison"]).size()
    assert set(counts.index) == {(2019, "baseline"), (2020, "baseline"), (2020, "previous")}
    # One set and one questionnaire serve both years.
    assert set(table["status"]) == {"comparable"} and table["has_change"].all()


def test_the_command_prints_a_branch(small_province):
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.lineage", "--year", "2019", "--unit", "193-ha-long",
         "--key", "dimension_1"],
        env=small_province.environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Khớp: 5 điểm" in done.stdout
