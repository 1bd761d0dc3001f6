"""Belongs here: an edition put on the shelf stands as it is; a closed year is changed for a reason.
Does not belong here: what an edition holds (tests/end_to_end/test_editions.py)."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pipelines.closing import ClosedYearError, ClosedYears
from pipelines.edition_shelf import EditionError, EditionShelf, faults_of

MADE = {"psu_totals/193-ha-long|2018": {"fingerprint": "f", "artefacts": {"part": "published"}}}
FILES = {"edition.json": json.dumps({"made": MADE}).encode(), "tables/a.csv": b"a\n1\n"}
PLACE = {"survey_year": "2018", "district": "193-ha-long"}
KEY = "193-ha-long|2018"


@pytest.fixture
def shelf(tmp_path) -> EditionShelf:
    return EditionShelf(tmp_path / "editions")


def test_an_edition_is_whole_read_only_and_has_its_sums(shelf):
    folder = shelf.put("2018.1", FILES)
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {
        "edition.json", "tables/a.csv", "SHA256SUMS",
    }  # fmt: skip
    assert not any(
        path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
        for path in (folder, *folder.rglob("*"))
    )
    assert faults_of(shelf.newest(2018)) == []
    assert [p.name for p in folder.parent.iterdir()] == ["2018.1"]


def test_an_edition_that_stands_is_never_written_again(shelf):
    folder = shelf.put("2018.1", FILES)
    with pytest.raises(EditionError, match=r"2018\.1 is published"):
        shelf.put("2018.1", {"edition.json": b"{}"})
    assert (folder / "tables/a.csv").read_bytes() == b"a\n1\n"


def test_a_write_that_fails_leaves_no_edition_and_no_leftovers(shelf, monkeypatch):
    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        shelf.put("2018.1", FILES)
    assert shelf.editions() == []
    assert list((shelf.root / "2018").iterdir()) == []


def test_newest_counts_revisions_as_numbers(shelf):
    for revision in (2, 10, 9):
        shelf.put(f"2018.{revision}", FILES)
    assert shelf.newest(2018).label == "2018.10"
    assert shelf.newest(2019) is None


@pytest.mark.parametrize("damage", ["changed", "missing", "added"])
def test_what_was_done_to_an_edition_is_named(shelf, damage):
    folder = shelf.put("2018.1", FILES)
    for path in (folder, folder / "tables", folder / "tables/a.csv"):
        path.chmod(0o755)
    if damage == "changed":
        (folder / "tables/a.csv").write_bytes(b"a\n2\n")
    elif damage == "missing":
        (folder / "tables/a.csv").unlink()
    else:
        (folder / "tables/b.csv").write_bytes(b"b")
    (fault,) = faults_of(shelf.newest(2018))
    assert "2018.1: tables/" in fault


@pytest.fixture
def years(shelf) -> ClosedYears:
    shelf.put("2018.1", FILES)
    return ClosedYears(shelf)


def guard(years: ClosedYears, digests: dict[str, str], reason: str = "", **place: str) -> None:
    years.refuse_unless("psu_totals", KEY, PLACE | place, reason, digests, {"part": "kept"})


def test_a_closed_year_refuses_other_bytes_and_says_which_year_edition_and_how_to_go_on(years):
    with pytest.raises(ClosedYearError) as refusal:
        guard(years, {"part": "other"})
    for words in ("2018", "2018.1", "dgi/reason", 'make refresh REASON="lý do"', KEY):
        assert words in str(refusal.value)
    with pytest.raises(ClosedYearError):
        guard(years, {"part": "other"}, reason="  ")


def test_with_a_reason_in_an_open_year_or_with_the_same_bytes_nothing_is_refused(years):
    guard(years, {"part": "other"}, reason="Sửa phiếu")
    guard(years, {"part": "other"}, survey_year="2019")
    guard(years, {"part": "kept"})
    guard(years, {"part": "published"})


def test_published_papi_and_reference_tables_are_never_closed(years):
    assert not years.is_closed("papi_scores", {"survey_year": "2018"})
    assert not years.is_closed("indicators", {})
    assert years.is_closed("annual_report", {"survey_year": "2018"})
