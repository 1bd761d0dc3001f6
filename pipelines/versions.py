"""Code versions: a digest of the code and fact files that decide what an asset makes.
Not here: the state of any partition (freshness.py)."""

from __future__ import annotations

import hashlib
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
        # Facts are where the settings say; code is where this file is.
        root = DATA.parent if part.startswith("data/") else ROOT
        path = DATA / part.removeprefix("data/") if part.startswith("data/") else ROOT / part
        if not path.exists():
            raise FileNotFoundError(f"code_version names {part}, which is not there")
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            relative = file.relative_to(root)
            if not SKIPPED & set(relative.parts):
                name = relative if root == ROOT else Path("data", file.relative_to(DATA))
                digest.update(str(name).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
