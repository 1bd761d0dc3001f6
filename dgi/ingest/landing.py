"""The landing folder: which files lie there for a district-year, and the hash of their content.
Not here: opening any of them (door.py), or what they hold (deliveries.py)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CORRECTIONS = "corrections"
BACK_CHECKS = "back-checks"
SUBFOLDERS = (CORRECTIONS, BACK_CHECKS)
# What file managers leave behind beside other people's files.
OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Folders:
    """Where the files of one district-year lie.

    `own`: the district's folder; `shared`: the year's folder, whose files hold several
    districts; `corrections`, `back_checks`: subfolders of the district's own.
    """

    own: Path
    shared: Path

    @property
    def corrections(self) -> Path:
        return self.own / CORRECTIONS

    @property
    def back_checks(self) -> Path:
        return self.own / BACK_CHECKS


@dataclass(frozen=True)
class Content:
    """What lies in a district-year's folders: one hash over all of it, and how many files."""

    sha256: str
    files: int


def district_folders(landing: Path, year: int | str, district: str) -> Folders:
    """The folders of one district-year."""
    return Folders(landing / str(year) / district, landing / str(year))


def list_files(folder: Path) -> list[Path]:
    """Files of one folder in name order; hidden, lock and system files are no deliveries."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.name[0] not in ".~" and path.name.lower() not in OF_THE_SYSTEM
    )


def name_of(path: Path) -> str:
    """A file's name as text; bytes that are no UTF-8 (an old archive's) are spelt out."""
    return path.name.encode("utf-8", "backslashreplace").decode("utf-8")


def has_delivery(landing: Path, year: int) -> bool:
    """Whether any file with interviews was delivered for a survey year."""
    folders = [landing / str(year), *(landing / str(year)).glob("[!.]*")]
    return any(list_files(folder) for folder in folders)


def hash_file(path: Path) -> str:
    """sha256 of the bytes, hexadecimal; a file that has not been touched is not read again."""
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=4096)
def _hash(path: Path, modified: int, size: int, inode: int) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hashes(*folders: Path) -> dict[str, str]:
    """File -> hash of its bytes; a file outside the first folder is named from that folder."""
    first = folders[0]
    return {
        ("" if folder == first else f"{_way(first, folder)}/") + name_of(path): hash_file(path)
        for folder in folders
        for path in list_files(folder)
    }


def _way(first: Path, folder: Path) -> str:
    return ".." if folder == first.parent else folder.name


def content_of(folders: Folders) -> Content | None:
    """One hash over everything that lies there for a district-year, None when nothing does."""
    found = hashes(folders.own, folders.shared, folders.corrections, folders.back_checks)
    if not found:
        return None
    digest = hashlib.sha256()
    for name, sha256 in sorted(found.items()):
        digest.update(f"{name}\0{sha256}\n".encode())
    return Content(digest.hexdigest(), len(found))
