"""What assets are handed at run time: facts, settings, vault, labels, what partitions came from.
Not here: storage (io_managers.py), or anything an asset computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import dagster as dg

from dgi.ingest.facts import Facts
from pipelines.settings import Settings
from pipelines.vault import Vault


@dataclass(frozen=True)
class Made:
    """One kept partition that something was made from; `made_year` None, `district` '' where
    the asset is not partitioned so."""

    asset: str
    made_year: int | None
    district: str
    fingerprint: str
    code_version: str
    rows: int


@dataclass(frozen=True)
class ReceivedFile:
    """One file of a district-year as it was received."""

    file_year: int | None
    district: str
    file: str
    sha256: str


class Traces(Protocol):
    """Tells what partitions were made from; assets know no more of the stores than this."""

    def trace(
        self, roots: Iterable[tuple[str, str | None]]
    ) -> tuple[list[Made], list[ReceivedFile]]:
        """Partitions and files that `roots` (asset, partition) rest on."""
        ...


FactsParam = dg.ResourceParam[Facts]
SettingsParam = dg.ResourceParam[Settings]
VaultParam = dg.ResourceParam[Vault]
AncestryParam = dg.ResourceParam[Traces]
LabelsParam = dg.ResourceParam[Callable[[int], dict[int, str]]]
"""Of a survey year: its edition, and those of the years it is compared with, by year."""
