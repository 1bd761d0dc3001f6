"""What assets are handed at run time: the facts, the settings and the vault.
Not here: storage (io_managers.py), or anything an asset computes."""

from __future__ import annotations

import dagster as dg

from dgi.ingest.facts import Facts
from pipelines.settings import Settings
from pipelines.vault import Vault

FactsParam = dg.ResourceParam[Facts]
SettingsParam = dg.ResourceParam[Settings]
VaultParam = dg.ResourceParam[Vault]
