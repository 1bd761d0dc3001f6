"""What assets are handed at run time: the facts, the settings, the vault, labels of editions.
Not here: storage (io_managers.py), or anything an asset computes."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from dgi.ingest.facts import Facts
from pipelines.settings import Settings
from pipelines.vault import Vault

FactsParam = dg.ResourceParam[Facts]
SettingsParam = dg.ResourceParam[Settings]
VaultParam = dg.ResourceParam[Vault]
LabelsParam = dg.ResourceParam[Callable[[int], dict[str, str]]]
"""Of a survey year: its `edition` and the `base_edition` it is compared with, blank for none."""
