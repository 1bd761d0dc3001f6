"""Belongs here: when a delivery asks for its partition, and that it asks once.
Does not belong here: what the run it asks for makes (tests/end_to_end)."""

from __future__ import annotations

import dagster as dg
import pytest

from pipelines.definitions import Pipeline
from pipelines.delivered import LANDING, SO_FAR
from pipelines.partitions import SURVEY_YEARS, district_year_key
from pipelines.sensors import CONTENT, FILES, landing
from pipelines.settings import Settings

OURS, THEIRS = (str(district_year_key(d, 2019)) for d in ("193-ha-long", "207-co-to"))


@pytest.fixture
def place(tmp_path):
    pipeline = Pipeline(Settings(home=tmp_path / "home", landing=tmp_path / "landing"))
    cursors, told = [None], []

    def look() -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            cursor=cursors[-1],
            resources={
                "settings": pipeline.settings,
                "freshness": pipeline.freshness,
                "closed_years": pipeline.closed_years,
            },
        )
        found = landing(context)
        cursors.append(found.cursor)
        told.append({(event.asset_key, event.partition) for event in found.asset_events})
        return list(found.run_requests or [])

    def put(name: str, content: bytes, district: str = "193-ha-long") -> None:
        path = tmp_path / "landing" / "2019" / district / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    look.put, look.cursors, look.told = put, cursors, told  # type: ignore[attr-defined]
    return look


def test_a_new_file_asks_for_its_partition_once_it_rests(place):
    assert place() == []
    place.put("a.xlsx", b"half")
    assert place() == []
    place.put("a.xlsx", b"whole")
    assert place() == []
    (request,) = place()
    assert str(request.partition_key) == OURS
    assert len(request.tags[CONTENT]) == 64 and request.tags[FILES] == "1"
    assert request.run_key == f"{OURS}:{request.tags[CONTENT]}"
    assert place() == [] and place() == []


def test_a_changed_file_a_correction_and_a_back_check_ask_again(place):
    place.put("a.xlsx", b"one")
    place()
    seen = {place()[0].run_key}
    for name in ("a.xlsx", "corrections/log.csv", "back-checks/again.csv"):
        place.put(name, b"two")
        place()
        (request,) = place()
        assert str(request.partition_key) == OURS
        seen.add(request.run_key)
    assert len(seen) == 4


def test_a_shared_file_asks_for_every_district_and_no_name_is_in_a_tag(place):
    place.put("../Nguyễn Văn A.csv", b"all", "x")
    place()
    requests = place()
    assert len(requests) == 14 and {OURS, THEIRS} <= {str(r.partition_key) for r in requests}
    assert not any("Nguyễn" in str(request.tags) for request in requests)


def test_dagster_is_told_once_of_content_that_rests_and_when_it_is_gone(place, tmp_path):
    place.put("a.xlsx", b"one")
    place()
    assert place.told[-1] == set()
    place()
    ours = {(LANDING, OURS)}
    ours |= {(SO_FAR, str(year)) for year in SURVEY_YEARS if year >= 2019}
    assert place.told[-1] == ours
    place()
    assert place.told[-1] == set()
    (tmp_path / "landing/2019/193-ha-long/a.xlsx").unlink()
    place(), place()
    assert place.told[-1] == ours


def test_a_delivery_for_a_published_year_asks_for_nothing_and_says_what_it_waits_for(
    place, tmp_path
):
    (tmp_path / "home/editions/2019/2019.1").mkdir(parents=True)
    place.put("a.xlsx", b"late")
    place()
    assert place() == []
    assert (LANDING, OURS) in place.told[-1]


def test_a_lost_cursor_asks_with_the_same_run_key(place):
    place.put("a.xlsx", b"one")
    place()
    (first,) = place()
    place.cursors.append(None)
    place()
    (again,) = place()
    assert again.run_key == first.run_key
