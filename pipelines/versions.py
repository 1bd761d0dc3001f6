"""Code versions: a digest of the code and fact files that decide what an asset makes.
Not here: the state of any partition (freshness.py)."""

from __future__ import annotations

import hashlib

from pipelines.settings import ROOT

SKIPPED = {"__pycache__", "landing", ".DS_Store"}


def code_version(*parts: str) -> str:
    """Short digest of the files and folders that decide what an asset makes.

    `parts`: paths from the repository's root, code and fact files alike. A changed byte in any
    of them makes every partition of the asset stale: a wrong number left standing costs more
    than a few seconds of work done again.
    """
    digest = hashlib.sha256()
    for part in sorted(parts):
        path = ROOT / part
        if not path.exists():
            raise FileNotFoundError(f"code_version names {part}, which is not in the repository")
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            if not SKIPPED & set(file.relative_to(ROOT).parts):
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
