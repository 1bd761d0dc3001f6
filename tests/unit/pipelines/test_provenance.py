"""Belongs here: partitions traced through their manifests down to the files as received.
Does not belong here: whether they are still true (freshness), or the tables made of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipelines.provenance import Ancestry, ChangedMeanwhileError
from pipelines.resources import ReceivedFile
from pipelines.stores import Lake, Manifest
from pipelines.vault import TRACE

FILE = "nhom-1.xlsx"


@dataclass
class Places:
    """What Ancestry asks of freshness: the lake, and where a partition lies in it."""

    lake: Lake

    def place(self, asset: str, partition: str | None) -> dict[str, str]:
        if partition is None:
            return {}
        district, _, year = partition.rpartition("|")
        place = {"survey_year": year}
        return {**place, "district": district} if district else place

    def keep(self, asset: str, partition: str, fingerprint: str, parents=None, **sources) -> None:
        named = {FILE: sources["file"]} if "file" in sources else {}
        trace = {TRACE: "0" * 16} if sources else {}
        manifest = Manifest(fingerprint, "code", parents or {}, {**named, **trace}, rows=3)
        self.lake.write_manifest(asset, self.place(asset, partition), manifest)


@pytest.fixture
def places(tmp_path) -> Places:
    """scores of 2019 <- totals of two districts <- their interviews; a third is absent."""
    kept = Places(Lake(tmp_path))
    for district, digest in (("a", "1" * 64), ("b", "2" * 64)):
        kept.keep("raw", f"{district}|2019", f"raw-{district}", file=digest)
        kept.keep("totals", f"{district}|2019", f"totals-{district}",
                  {f"raw/{district}|2019": f"raw-{district}"})  # fmt: skip
    parents = {f"totals/{one}|2019": f"totals-{one}" for one in ("a", "b")}
    kept.keep("scores", "2019", "scores", {**parents, "totals/c|2019": "absent"})
    kept.keep("changes", "2019", "changes", {**parents, "scores/2019": "scores"})
    return kept


def test_every_partition_stands_once_however_many_ways_lead_to_it(places):
    made, files = Ancestry(places).trace([("scores", "2019"), ("changes", "2019")])
    assert [(one.asset, one.made_year, one.district) for one in made] == [
        ("changes", 2019, ""), ("raw", 2019, "a"), ("raw", 2019, "b"), ("scores", 2019, ""),
        ("totals", 2019, "a"), ("totals", 2019, "b"),
    ]  # fmt: skip
    assert {(one.fingerprint, one.rows) for one in made if one.asset == "scores"} == {("scores", 3)}
    assert len(files) == 2


def test_files_carry_their_hash_and_the_trace_of_the_secret_is_no_file(places):
    _, files = Ancestry(places).trace([("totals", "a|2019")])
    assert files == [ReceivedFile(2019, "a", FILE, "1" * 64)]


def test_what_was_absent_is_not_looked_for(places):
    made, _ = Ancestry(places).trace([("scores", "2019")])
    assert "c" not in {one.district for one in made}


def test_a_parent_made_anew_meanwhile_is_told_and_not_mixed_in(places):
    places.keep("totals", "a|2019", "another")
    with pytest.raises(ChangedMeanwhileError, match=r"totals a\|2019"):
        Ancestry(places).trace([("scores", "2019")])


def test_a_parent_that_is_gone_is_told(places):
    with pytest.raises(ChangedMeanwhileError, match="no longer kept"):
        Ancestry(places).trace([("scores", "2020")])
