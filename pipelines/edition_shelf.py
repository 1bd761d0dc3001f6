"""The shelf of editions: folders written whole, never written again, and checked by their sums.
Not here: what goes into an edition (editions.py), or what differs from the last (changes)."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.files import from_parquet, sha256

RECORD, SUMS, CHANGES = "edition.json", "SHA256SUMS", "CHANGES"
TABLES, REPORTS = "tables", "reports"


class EditionError(RuntimeError):
    """An edition cannot be published, or is not what was published."""


@dataclass(frozen=True)
class Edition:
    """One published edition: its place on the shelf and its record, edition.json.

    `record`: edition, year, reason, reasons (given to refreshes since the edition before),
    code_version, base_editions {year: label}, content (what its identity is: artefact digests of
    the tables and reports, and the labels of the years before), made (fingerprint and artefacts
    of each partition of the year), inputs {delivered, facts, code, secret: {name: sha256}}.
    """

    year: int
    revision: int
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.year}.{self.revision}"

    @property
    def record(self) -> dict[str, Any]:
        return _record(self.folder / RECORD)

    @property
    def made(self) -> dict[str, dict[str, Any]]:
        """asset/partition -> its fingerprint and artefacts, as published."""
        return self.record["made"]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The published tables by name."""
        return {
            path.stem: from_parquet(path.read_bytes())
            for path in sorted((self.folder / TABLES).glob("*.parquet"))
        }

    def reports(self) -> dict[str, str]:
        """sha256 of each report file by name."""
        return {p.name: sha256(p.read_bytes()) for p in sorted((self.folder / REPORTS).glob("*"))}


@lru_cache(maxsize=64)
def _record(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes())  # an edition never changes: read once a process


class EditionShelf:
    """Editions under <root>/<year>/<year>.<revision>/."""

    def __init__(self, root: Path):
        self.root = root

    def editions(self, year: int | None = None) -> list[Edition]:
        """Editions of a year, or all, oldest first."""
        found = []
        for folder in self.root.glob("[0-9]*/[0-9]*.[0-9]*" if year is None else f"{year}/*.*"):
            name, _, revision = folder.name.partition(".")
            if name == folder.parent.name and revision.isdecimal():
                found.append(Edition(int(name), int(revision), folder))
        return sorted(found, key=lambda one: (one.year, one.revision))

    def newest(self, year: int) -> Edition | None:
        """The newest edition of a year, None when it was never published."""
        return next(reversed(self.editions(year)), None)

    def put(self, label: str, files: Mapping[str, bytes]) -> Path:
        """Put an edition on the shelf, whole and read-only, with its SHA256SUMS.

        `files`: content by path within the edition. It is written aside and renamed into place.
        Raises EditionError, touching nothing, where an edition of that label stands already.
        """
        folder = self.root / label.partition(".")[0] / label
        if folder.exists():
            raise EditionError(f"edition {label} is published: it is never written again")
        folder.parent.mkdir(parents=True, exist_ok=True)
        sums = "".join(f"{sha256(content)}  {name}\n" for name, content in sorted(files.items()))
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        try:
            for name, content in {**files, SUMS: sums.encode()}.items():
                path = aside / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(0o444)
            for inner in [*(path for path in aside.rglob("*") if path.is_dir()), aside]:
                inner.chmod(0o555)
            aside.rename(folder)  # fails on a folder that is not empty: nothing is replaced
        except BaseException:
            _remove(aside)
            raise
        return folder


def faults_of(edition: Edition) -> list[str]:
    """What is wrong with an edition's files, by its SHA256SUMS; [] when it is as published."""
    try:
        lines = (edition.folder / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return [f"{edition.label}: {SUMS} is missing"]
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {
        str(path.relative_to(edition.folder)): sha256(path.read_bytes())
        for path in edition.folder.rglob("*")
        if path.is_file() and path.name != SUMS
    }
    faults = [f"{edition.label}: {name} is missing" for name in sorted(expected.keys() - found)]
    faults += [
        f"{edition.label}: {name} does not belong" for name in sorted(found.keys() - expected)
    ]
    faults += [
        f"{edition.label}: {name} is not what was published"
        for name in sorted(found.keys() & expected)
        if found[name] != expected[name]
    ]
    return faults


def _remove(folder: Path) -> None:
    for inner in [folder, *folder.rglob("*")]:
        if inner.is_dir():
            inner.chmod(0o755)
    shutil.rmtree(folder)
