"""The vault: identities of respondents, encrypted, outside Dagster's paths, and the one secret.
Not here: what counts as an identity (dgi.ingest.privacy), or any table that analysts read."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from cryptography.exceptions import InvalidTag
from rich.console import Console

from dgi.ingest.privacy import seal, trace_of, unseal
from pipelines.files import from_parquet, to_parquet, write_atomically
from pipelines.settings import Settings

SHORTEST_SECRET, FEWEST_SIGNS = 16, 8  # characters, and different ones
TRACE = "(the secret that pseudonyms rest on)"
HOME_KEY = "pseudonyms.key"
KEPT, DROPPED, NOTHING = (
    "kept, encrypted",
    "dropped: DGI_SECRET_KEY is not set",
    "none were delivered",
)


class SecretError(ValueError):
    """The secret is too short to protect anybody."""


@dataclass(frozen=True)
class Vault:
    """Encrypted identities under one folder, a file for each district-year.

    `secret`: from the environment; blank: identities are dropped at the door, never kept in the
    clear, and pseudonyms are drawn from a key of the home folder that is made once.
    """

    folder: Path
    home: Path
    secret: str

    def pseudonym_key(self) -> bytes:
        """The secret that pseudonyms are drawn from."""
        if self.secret:
            return self._checked()
        path = self.home / HOME_KEY
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            # Made under another name and linked: of two workers one key wins, whole.
            draft = path.with_name(f".{HOME_KEY}-{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_bytes(secrets.token_bytes(32))
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        key = path.read_bytes()
        if len(key) < SHORTEST_SECRET:
            raise SecretError(
                f"{path} is empty or cut short, and pseudonyms rest on it: restore it from your"
                " backup. Without one, remove it; all district-years are then read anew."
            )
        return key

    def trace(self) -> dict[str, str]:
        """What tells one secret from another without giving it away, as a source of what was
        made with it: another secret, other pseudonyms."""
        return {TRACE: trace_of(self.pseudonym_key())}

    def pseudonym_source(self) -> str:
        """Where the pseudonyms' secret comes from, in words."""
        if self.secret:
            return "DGI_SECRET_KEY"
        return f"{HOME_KEY} in the home folder, since DGI_SECRET_KEY is not set"

    def keep(self, year: int, district: str, identities: pd.DataFrame) -> str:
        """Keep the identities of one district-year; returns what became of them, in words."""
        if not self.secret:
            return DROPPED
        path = self.path(year, district)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = to_parquet(identities)
        write_atomically(path, seal(content, self._checked(), f"{year}/{district}"))
        path.chmod(0o600)
        return KEPT

    def read(self, year: int, district: str) -> pd.DataFrame:
        """The identities of one district-year. Raises SecretError for another secret."""
        sealed = self.path(year, district).read_bytes()
        try:
            return from_parquet(unseal(sealed, self._checked(), f"{year}/{district}"))
        except InvalidTag:
            raise SecretError(
                "DGI_SECRET_KEY is not the one these identities were kept with: set that one."
            ) from None

    def path(self, year: int, district: str) -> Path:
        return self.folder / str(year) / f"{district}.sealed"

    def _checked(self) -> bytes:
        if len(self.secret) < SHORTEST_SECRET or len(set(self.secret)) < FEWEST_SIGNS:
            raise SecretError(
                f"DGI_SECRET_KEY has fewer than {SHORTEST_SECRET} characters, or fewer than"
                f" {FEWEST_SIGNS} different ones: choose a longer one that nobody can guess."
            )
        return self.secret.encode()


def open_vault(settings: Settings) -> Vault:
    """The vault of one set of folders."""
    return Vault(settings.vault, settings.home, settings.secret_key.get_secret_value())


def main() -> int:
    """`python -m pipelines.vault --year 2019 --district 193-ha-long --to FILE.csv`."""
    parser = argparse.ArgumentParser(description="Write the identities of one district-year out.")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--district", required=True)
    parser.add_argument("--to", type=Path, required=True, help="a new file; only you may read it")
    arguments = parser.parse_args()
    console = Console()
    try:
        identities = open_vault(Settings()).read(arguments.year, arguments.district)
        arguments.to.touch(mode=0o600, exist_ok=False)
    except (OSError, SecretError) as error:
        console.print(str(error), markup=False)
        return 1
    identities.to_csv(arguments.to, index=False, encoding="utf-8-sig")
    console.print(f"{len(identities)} interviews. Delete the file when you are done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
