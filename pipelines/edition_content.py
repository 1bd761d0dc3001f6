"""What an edition of a year is made of: its content, its label, and the inputs behind it.
Not here: where editions stand (edition_shelf.py), or how two of them differ (changes)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines.closing import SURVEY_ASSETS
from pipelines.delivered import READERS
from pipelines.edition_shelf import EditionShelf
from pipelines.files import sha256
from pipelines.freshness import ABSENT, Freshness
from pipelines.jobs import STAGES
from pipelines.partitions import YEAR, district_year_key, districts_of, place
from pipelines.stores import Manifest, ReportShelf, WarehouseStore
from pipelines.vault import TRACE
from pipelines.versions import file_hashes

Partition = tuple[str, str | None]


@dataclass(frozen=True)
class Inputs:
    """What something was made from, as {name: sha256}: delivered files by
    <year>/<district>/<file>, fact files and code by path, and a trace of the secret."""

    delivered: dict[str, str]
    facts: dict[str, str]
    code: dict[str, str]
    secret: dict[str, str]


class YearContent:
    """What is kept of a survey year that an edition would hold, and what it is called.

    The label follows from what is kept and from the shelf, by no clock: the newest edition's
    where the content is that edition's, else the next number, which is a proposal until it is
    published. Nothing that carries a label is part of the content it is decided from: that is
    the lake's tables, before labels are put to them, the report files, and the labels of the
    years before, which are decided first.
    """

    def __init__(self, freshness: Freshness, shelf: EditionShelf, reports: ReportShelf):
        self.freshness = freshness
        self.shelf = shelf
        self.lake = freshness.lake
        stores = {asset: freshness.stores[asset] for asset in sorted(SURVEY_ASSETS)}
        self.published = [a for a, store in stores.items() if isinstance(store, WarehouseStore)]
        self.products = [a for a, store in stores.items() if store is reports]

    def labels(self, year: int) -> dict[int, str]:
        """The edition of a year, and of every year before that its changes are told against."""
        known: dict[int, str] = {}
        return {one: self.label(one, known) for one in [*self.years_before(year), year]}

    def label(self, year: int, known: dict[int, str] | None = None) -> str:
        """Label of what is kept of a year. `known`: labels found out already."""
        known = {} if known is None else known
        if year not in known:
            newest = self.shelf.newest(year)
            if newest is None:
                known[year] = f"{year}.1"
            elif self.content(year, known) == newest.record["content"]:
                known[year] = newest.label
            else:
                known[year] = f"{year}.{newest.revision + 1}"
        return known[year]

    def is_published(self, year: int) -> bool:
        """Whether what is kept of a year is what its newest edition holds."""
        newest = self.shelf.newest(year)
        return newest is not None and self.label(year) == newest.label

    def content(self, year: int, known: dict[int, str] | None = None) -> dict[str, str]:
        """What makes an edition that edition: {asset/partition: digest of its artefacts}, and
        {edition/<year>: label} of the years before that it rests on."""
        found = {f"{asset}/{key}": _digest(kept.artefacts) for asset, key, kept in self.kept(year)}
        known = {} if known is None else known
        before = self.years_before(year)
        return found | {f"edition/{one}": self.label(one, known) for one in before}

    def kept(self, year: int) -> Iterator[tuple[str, str | None, Manifest]]:
        """What an edition of the year is content of, where it is kept: tables, report files."""
        wanted = {
            partition
            for asset in self.published
            for partition in self.freshness.parents(asset, str(year))
        }
        wanted |= {one for one in self.of_the_year(year) if one[0] in self.products}
        for asset, key in sorted(wanted, key=str):
            where = self.freshness.place(asset, key)
            kept = self.lake.read_manifest(asset, where)
            if kept is not None and where.get(YEAR) == str(year):
                yield asset, key, kept

    def of_the_year(self, year: int) -> list[tuple[str, str]]:
        """Every partition of a survey year that may be kept, in order."""
        districts = [str(district_year_key(district, year)) for district in districts_of(year)]
        return [
            (asset, key)
            for stage in STAGES
            for asset in stage.assets
            if asset in SURVEY_ASSETS
            for key in (districts if stage.grain == "district_year" else [str(year)])
        ]

    def years_before(self, year: int) -> list[int]:
        """Earlier years from whose answers something of this year was made."""
        found = set()
        for _, _, kept in self.kept(year):
            for parent, fingerprint in kept.parents.items():
                asset, _, key = parent.partition("/")
                if asset == "survey_totals" and fingerprint != ABSENT and int(key) < year:
                    found.add(int(key))
        return sorted(found)

    def ancestors(self, partitions: Iterable[Partition]) -> set[Partition]:
        """The partitions given and all that they are made from, over all years."""
        found: set[Partition] = set()
        waiting = list(partitions)
        while waiting:
            partition = waiting.pop()
            if partition not in found:
                found.add(partition)
                waiting += self.freshness.parents(*partition)
        return found

    def everything(self, year: int) -> set[Partition]:
        """All that a year's edition holds, and what it is made from."""
        published: list[Partition] = [(asset, str(year)) for asset in self.published]
        return self.ancestors([*published, *((asset, key) for asset, key, _ in self.kept(year))])

    def inputs(self, partitions: Iterable[Partition]) -> Inputs:
        """Inputs of partitions as their manifests recorded them; facts and code as they are."""
        delivered: dict[str, str] = {}
        secret: dict[str, str] = {}
        parts: set[str] = set()
        for asset, key in sorted(partitions, key=str):
            parts |= set(self.freshness.graph.get(dg.AssetKey(asset)).metadata["made_by"])
            kept = self.lake.read_manifest(asset, self.freshness.place(asset, key))
            if asset in READERS and kept is not None and key is not None:
                delivered |= delivered_names(asset, key, kept.sources)
                secret |= {TRACE: kept.sources[TRACE]} if TRACE in kept.sources else {}
        files = file_hashes(*sorted(parts))
        facts = {name: digest for name, digest in files.items() if name.startswith("data/")}
        code = {name: digest for name, digest in files.items() if name not in facts}
        return Inputs(delivered, facts, code, secret)

    def made(self, year: int) -> dict[str, dict[str, Any]]:
        """Fingerprint and artefacts of every partition that is kept of the year."""
        return {
            f"{asset}/{key}": {"fingerprint": kept.fingerprint, "artefacts": kept.artefacts}
            for asset, key in self.of_the_year(year)
            if (kept := self.lake.read_manifest(asset, self.freshness.place(asset, key)))
        }

    def reasons(self, year: int) -> list[str]:
        """Reasons given for what was made anew of a year since its newest edition."""
        newest = self.shelf.newest(year)
        before = newest.made if newest else {}
        found = set()
        for asset, key in self.of_the_year(year):
            kept = self.lake.read_manifest(asset, self.freshness.place(asset, key))
            known = before.get(f"{asset}/{key}", {}).get("fingerprint")
            if kept is not None and kept.reason and kept.fingerprint != known:
                found.add(kept.reason)
        return sorted(found)


def delivered_names(asset: str, key: str, sources: dict[str, str]) -> dict[str, str]:
    """The files that an asset read, named from the landing folder: {name: sha256}."""
    year, district = place(key)
    folder = f"{year}/{district}/{READERS[asset]}"
    return {
        posixpath.normpath(f"{folder}/{name}"): digest
        for name, digest in sources.items()
        if name != TRACE
    }


def _digest(artefacts: dict[str, str]) -> str:
    return sha256(json.dumps(artefacts, sort_keys=True).encode())
