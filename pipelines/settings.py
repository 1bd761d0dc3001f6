"""Where things are: one typed settings class, read from DGI_* environment variables.
Not here: facts about the survey (data/), or anything that differs between survey years."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Paths and addresses; every default works on a fresh clone."""

    model_config = SettingsConfigDict(env_prefix="DGI_", frozen=True)

    home: Path = ROOT / "var"
    """Everything the pipeline makes: lake, reports, warehouse, Dagster's own records."""
    landing: Path = ROOT / "data" / "landing"
    """Files as received: <survey year>/<district key>/, or <survey year>/ for several districts."""
    data: Path = ROOT / "data"
    """The fact files."""
    warehouse_url: str = ""
    """SQLAlchemy address of the warehouse; blank: SQLite in the home folder."""
    secret_key: SecretStr = SecretStr("")
    """What pseudonyms and the encrypted identities rest on; blank: identities are dropped."""
    identities: Path = Path()
    """Folder of the encrypted identities; blank: `identities` in the home folder."""

    @property
    def vault(self) -> Path:
        return self.home / "identities" if self.identities == Path() else self.identities

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def returns(self) -> Path:
        return self.home / "returns"

    @property
    def editions(self) -> Path:
        return self.home / "editions"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def warehouse(self) -> str:
        return self.warehouse_url or f"sqlite:///{self.home / 'warehouse.sqlite'}"
