"""Where made things are kept: lake, report files, warehouse. Each is written whole or not at all.
Not here: whether a thing is still true (freshness.py), or how Dagster hands it over."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from pipelines.files import from_parquet, sha256, to_parquet, write_atomically
from sql.warehouse import Warehouse

FRAMES_KEPT = 128  # decoded frames in memory: one year of districts over a few stages


@dataclass(frozen=True)
class Manifest:
    """What a made thing is: the fingerprint of all it was made from, and of what it holds."""

    fingerprint: str
    code_version: str
    parents: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    artefacts: dict[str, str] = field(default_factory=dict)  # name -> sha256
    rows: int = 0
    reason: str = ""  # why it was made anew although its year was published

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        return cls(**json.loads(content))


class Store(Protocol):
    """Keeps what one kind of asset makes."""

    def write(self, asset: str, place: Mapping[str, str], value: Any) -> tuple[dict[str, str], int]:
        """Keep `value`; returns artefact name -> sha256, and the number of rows."""
        ...

    def digests(self, value: Any) -> dict[str, str]:
        """Artefact name -> sha256 that writing `value` would give; nothing is written."""
        ...

    def read(self, asset: str, place: Mapping[str, str]) -> Any:
        """The value kept."""
        ...

    def holds(self, asset: str, place: Mapping[str, str], artefacts: Mapping[str, str]) -> bool:
        """Whether these very artefacts are still there."""
        ...

    def withdraw(self, asset: str, place: Mapping[str, str]) -> None:
        """Take what is no longer true away from its readers."""
        ...


def folder_of(asset: str, place: Mapping[str, str]) -> Path:
    """table/survey_year=…/district=…"""
    return Path(asset, *(f"{name}={value}" for name, value in place.items()))


class Lake:
    """Frames as Parquet, one file per table and partition; manifests of every store beside them."""

    FILE = "part.parquet"

    def __init__(self, root: Path):
        self.root = root
        self._read: OrderedDict[str, pd.DataFrame] = OrderedDict()

    def path(self, asset: str, place: Mapping[str, str]) -> Path:
        return self.root / folder_of(asset, place) / self.FILE

    def write(self, asset: str, place: Mapping[str, str], value: Any) -> tuple[dict[str, str], int]:
        content = to_parquet(value)
        write_atomically(self.path(asset, place), content)
        return {self.FILE: sha256(content)}, len(value)

    def digests(self, value: Any) -> dict[str, str]:
        return {self.FILE: sha256(to_parquet(value))}

    def read(self, asset: str, place: Mapping[str, str]) -> pd.DataFrame:
        """The frame kept. A file read a moment ago by another step is not decoded again; frames
        are copies on write, so what one reader does to its own nobody else sees."""
        content = self.path(asset, place).read_bytes()
        digest = sha256(content)
        frame = self._read.pop(digest, None)
        self._read[digest] = from_parquet(content) if frame is None else frame
        while len(self._read) > FRAMES_KEPT:
            self._read.popitem(last=False)
        return self._read[digest].copy(deep=False)

    def holds(self, asset: str, place: Mapping[str, str], artefacts: Mapping[str, str]) -> bool:
        path = self.path(asset, place)
        return path.is_file() and artefacts.get(self.FILE) == sha256(path.read_bytes())

    def write_manifest(self, asset: str, place: Mapping[str, str], manifest: Manifest) -> None:
        write_atomically(self.root / folder_of(asset, place) / "manifest.json", manifest.to_bytes())

    def write_note(self, asset: str, place: Mapping[str, str], name: str, note: object) -> None:
        """Keep a small JSON note beside a partition."""
        content = json.dumps(note, sort_keys=True, indent=1, ensure_ascii=False).encode()
        write_atomically(self.root / folder_of(asset, place) / name, content)

    def read_note(self, asset: str, place: Mapping[str, str], name: str) -> object:
        """A note kept beside a partition, None when there is none or it cannot be read."""
        try:
            return json.loads((self.root / folder_of(asset, place) / name).read_bytes())
        except (OSError, ValueError):
            return None

    def withdraw(self, asset: str, place: Mapping[str, str]) -> None:
        """Nothing to do: whoever reads a table in the lake asks whether it is still true."""

    def read_manifest(self, asset: str, place: Mapping[str, str]) -> Manifest | None:
        path = self.root / folder_of(asset, place) / "manifest.json"
        try:
            return Manifest.from_bytes(path.read_bytes())
        except (OSError, ValueError, TypeError):
            return None  # never made, or not by this version: it is made again


class ReportShelf:
    """Report files: a mapping of file name to bytes, under <reports>/<survey year>/."""

    def __init__(self, root: Path, manifests: Lake):
        self.root = root
        self.manifests = manifests

    def path(self, place: Mapping[str, str], name: str) -> Path:
        return self.root / place["survey_year"] / name

    def write(self, asset: str, place: Mapping[str, str], value: Any) -> tuple[dict[str, str], int]:
        for name, content in sorted(value.items()):
            write_atomically(self.path(place, name), content)
        return self.digests(value), len(value)

    def digests(self, value: Any) -> dict[str, str]:
        return {name: sha256(content) for name, content in sorted(value.items())}

    def read(self, asset: str, place: Mapping[str, str]) -> dict[str, bytes]:
        manifest = self.manifests.read_manifest(asset, place)
        names = manifest.artefacts if manifest else {}
        return {name: self.path(place, name).read_bytes() for name in names}

    def holds(self, asset: str, place: Mapping[str, str], artefacts: Mapping[str, str]) -> bool:
        return bool(artefacts) and all(
            self.path(place, name).is_file()
            and sha256(self.path(place, name).read_bytes()) == digest
            for name, digest in artefacts.items()
        )

    def withdraw(self, asset: str, place: Mapping[str, str]) -> None:
        """Take report files that are no longer true off the shelf: moved aside, not lost."""
        manifest = self.manifests.read_manifest(asset, place)
        for name in manifest.artefacts if manifest else {}:
            path = self.path(place, name)
            if path.is_file():
                aside = self.root / "withdrawn" / place["survey_year"] / name
                aside.parent.mkdir(parents=True, exist_ok=True)
                path.replace(aside)


class WarehouseStore:
    """Published tables in the warehouse: a mapping of table name to frame, replaced per year.

    The frames that it was given are kept in the lake as well, `<asset>/…/<table>.parquet`: what
    was published is known to the byte, whatever database holds it.
    """

    def __init__(self, warehouse: Warehouse, lake: Lake):
        self.warehouse = warehouse
        self.lake = lake

    def path(self, asset: str, place: Mapping[str, str], table: str) -> Path:
        return self.lake.root / folder_of(asset, place) / f"{table}.parquet"

    def write(self, asset: str, place: Mapping[str, str], value: Any) -> tuple[dict[str, str], int]:
        digests = {}
        for table, frame in sorted(value.items()):
            content = to_parquet(frame)
            digests[table] = sha256(content)
            write_atomically(self.path(asset, place, table), content)
        self.warehouse.replace(asset, place.get("survey_year"), value, digests)
        if not place:
            self.warehouse.make_views()  # with the reference tables: once a change of sql/
        return digests, sum(len(frame) for frame in value.values())

    def digests(self, value: Any) -> dict[str, str]:
        return {table: sha256(to_parquet(frame)) for table, frame in sorted(value.items())}

    def read(self, asset: str, place: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Rows that stand in each table for the year, and rows it was given: for the checks."""
        return self.warehouse.row_counts(asset, place.get("survey_year"))

    def withdraw(self, asset: str, place: Mapping[str, str]) -> None:
        """Remove the year's rows of an asset that is no longer true."""
        self.warehouse.remove(asset, place.get("survey_year"))

    def holds(self, asset: str, place: Mapping[str, str], artefacts: Mapping[str, str]) -> bool:
        return self.warehouse.loaded(asset, place.get("survey_year")) == dict(artefacts) and all(
            path.is_file() and sha256(path.read_bytes()) == digest
            for path, digest in (
                (self.path(asset, place, table), digest) for table, digest in artefacts.items()
            )
        )
