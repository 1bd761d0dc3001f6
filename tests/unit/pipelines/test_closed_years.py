"""Belongs here: what a published year is to the refresh: true as kept, left alone, told when late.
Does not belong here: the refusal to write it (test_edition_shelf.py), or real runs (end_to_end)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from pipelines.definitions import Pipeline
from pipelines.jobs import STAGES
from pipelines.late import late_changes, left_alone
from pipelines.partitions import dimensions, district_year
from pipelines.settings import Settings
from pipelines.stores import Manifest

GRID = next(stage for stage in STAGES if stage.name == "district_year")
KEY = "207-co-to|2018"
FRAME = pd.DataFrame({"n": [1, 2]})


@dataclass
class House:
    """A pipeline over empty folders, into which a test puts what it needs."""

    pipeline: Pipeline
    folder: Path

    def keep(self, asset: str, key: str, sources: dict[str, str]) -> None:
        """Keep a partition that was made by other code, from files of these hashes."""
        lake, place = self.pipeline.lake, dimensions(district_year, key)
        artefacts, rows = lake.write(asset, place, FRAME)
        made = Manifest("of other code", "v", {}, sources, artefacts, rows)
        lake.write_manifest(asset, place, made)
        verdict = {"rules": "other rules", "of": artefacts, "passed": True}
        lake.write_note(asset, place, "verdict.json", verdict)

    def publish(self, year: int, made: dict[str, dict] | None = None) -> None:
        edition = self.folder / f"home/editions/{year}/{year}.1"
        edition.mkdir(parents=True)
        (edition / "edition.json").write_text(json.dumps({"made": made or {}}))

    def deliver(self, name: str) -> None:
        path = self.folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"late")


@pytest.fixture
def house(tmp_path) -> House:
    settings = Settings(home=tmp_path / "home", landing=tmp_path / "landing")
    return House(Pipeline(settings), tmp_path)


def test_what_is_kept_of_a_published_year_is_true_for_others_until_a_reason_is_given(house):
    house.keep("missing_answers", KEY, {})
    truth = house.pipeline.freshness
    assert not truth.is_true("missing_answers", KEY), "other code made it"
    house.publish(2018)
    assert truth.is_true("missing_answers", KEY)
    assert not truth.reopened([2018]).is_true("missing_answers", KEY)
    assert truth.reopened([2019]).is_true("missing_answers", KEY), "another year is opened"
    truth.lake.path("missing_answers", dimensions(district_year, KEY)).write_bytes(b"damaged")
    assert not truth.is_true("missing_answers", KEY), "what is damaged is not what was published"


def test_partitions_of_a_published_year_are_left_alone_and_open_years_are_not(house):
    house.publish(2018)
    assert left_alone(house.pipeline, GRID, [KEY, "207-co-to|2019"]) == [KEY]
    papi = next(stage for stage in STAGES if stage.name == "papi_year")
    assert left_alone(house.pipeline, papi, ["2018"]) == []


def test_what_was_lost_and_would_come_back_as_published_is_not_left_alone(house):
    # As a refresh makes them: each from those before it, whatever order the stage lists them in.
    expected = house.pipeline.freshness.reopened([2018]).expected
    prints: dict[tuple[str, str | None], str] = {}
    for _ in GRID.assets:
        prints |= {(asset, KEY): expected(asset, KEY, prints).fingerprint for asset in GRID.assets}
    made = {f"{asset}/{KEY}": {"fingerprint": prints[asset, KEY]} for asset in GRID.assets}
    house.publish(2018, made)
    assert left_alone(house.pipeline, GRID, [KEY]) == []
    house.deliver("2018/207-co-to/team.xlsx")
    assert left_alone(house.pipeline, GRID, [KEY]) == [KEY]
    failures, _ = late_changes(house.pipeline, {GRID.name: [KEY]})
    assert any("is lost and would not come back" in str(failure) for failure in failures)


def test_a_late_file_of_any_kind_is_a_failure_that_names_it_and_how_to_go_on(house):
    house.publish(2018)
    house.keep("raw_responses", KEY, {"old.xlsx": "1"})
    house.deliver("2018/207-co-to/team.xlsx")
    house.deliver("2018/207-co-to/corrections/log.csv")
    (failure,), sentences = late_changes(house.pipeline, {"district_year": [KEY]})
    for words in (
        "2018/207-co-to/team.xlsx mới / new",
        "2018/207-co-to/corrections/log.csv mới / new",
        "2018/207-co-to/old.xlsx không còn / gone",
        "edition 2018.1",
        "make refresh REASON=",
    ):
        assert words in str(failure)
    assert sentences == []


def test_changed_code_alone_is_told_and_is_no_failure(house):
    house.publish(2018)
    house.publish(2019)
    failures, sentences = late_changes(
        house.pipeline, {"district_year": [KEY], "survey_year": ["2018", "2019"]}
    )
    assert failures == []
    assert [sentence[:4] for sentence in sentences] == ["2018", "2019"]
    assert all("code or facts changed" in sentence for sentence in sentences)
