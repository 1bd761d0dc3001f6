"""Code versions: a digest of the code and fact files that decide what an asset makes.
Not here: the state of any partition (freshness.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.settings import ROOT, Settings

DATA = Settings().data.resolve()
SKIPPED = {"__pycache__", "landing", ".DS_Store"}


def code_version(*parts: str) -> str:
    """Short digest of the files and folders that decide what an asset makes.

    `parts`: paths from the repository's root, code and fact files alike. A changed byte in any
    of them makes every partition of the asset stale: a wrong number left standing costs more
    than a few seconds of work done again.
    """
    digest = hashlib.sha256()
    for part in sorted(parts):
        for name, file in _files(part):
            digest.update(name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def file_hashes(*parts: str) -> dict[str, str]:
    """sha256 of each file that `parts` name, by its path from the repository's root."""
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for part in parts
        for name, file in _files(part)
    }


def _files(part: str) -> Iterator[tuple[str, Path]]:
    """Every file of a part, by name. Facts are where the settings say; code where this file is."""
    root = DATA.parent if part.startswith("data/") else ROOT
    path = DATA / part.removeprefix("data/") if part.startswith("data/") else ROOT / part
    if not path.exists():
        raise FileNotFoundError(f"code_version names {part}, which is not there")
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        relative = file.relative_to(root)
        if not SKIPPED & set(relative.parts):
            yield str(relative if root == ROOT else Path("data", file.relative_to(DATA))), file
