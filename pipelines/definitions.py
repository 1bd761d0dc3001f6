"""The code location: assets, checks, jobs, schedules, resources together. Dagster loads this.
Not here: any of those things themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import dagster as dg

from assets import (
    causes,
    change,
    comparability,
    fieldwork,
    index,
    ingestion,
    lineage,
    quality,
    ranking,
    reference,
    reports,
    warehouse,
)
from assets.declare import SCHEMAS
from checks import STAGES, all_checks
from checks.suites import guarded_assets
from dgi.ingest.landing import Folders, district_folders, hashes
from pipelines.closing import ClosedYears
from pipelines.delivered import rest_on_deliveries
from pipelines.edition_content import YearContent
from pipelines.edition_shelf import EditionShelf
from pipelines.freshness import Freshness, Verdicts
from pipelines.io_managers import StoreIOManager
from pipelines.jobs import asset_jobs, refresh_year
from pipelines.partitions import FACTS
from pipelines.provenance import Ancestry
from pipelines.schedules import annual_refresh
from pipelines.sensors import landing
from pipelines.settings import Settings
from pipelines.stores import Lake, ReportShelf, Store, WarehouseStore
from pipelines.vault import open_vault
from sql.warehouse import Warehouse

PUBLISHED = [
    "decision_items", "administrative_units", "indicators", "survey_sets", "papi_scores",
    "papi_diagnosis", "indicator_estimates", "district_scores", "district_changes",
    "rank_probabilities", "district_trends", "small_area_scores", "robustness", "ranking_choices",
    "ranking_alternatives", "priorities", "delivered_files", "fieldwork", "interviewers",
    "form_rules", "set_comparisons", "indicator_questions", "provenance", "source_files",
]  # fmt: skip
LOADED = dg.load_assets_from_modules(
    [
        reference,
        causes,
        ingestion,
        quality,
        fieldwork,
        index,
        change,
        comparability,
        ranking,
        reports,
        warehouse,
        lineage,
    ]
)
ASSETS = rest_on_deliveries([one for one in LOADED if isinstance(one, dg.AssetsDefinition)])


class Pipeline:
    """One pipeline over one set of folders: its definitions, stores and freshness."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.lake = Lake(settings.lake)
        self.reports = ReportShelf(settings.reports, self.lake)
        self.returns = ReportShelf(settings.returns, self.lake)
        self.warehouse = Warehouse(settings.warehouse, SCHEMAS.columns, PUBLISHED)
        self.loaded = WarehouseStore(self.warehouse, self.lake)
        self.columns = SCHEMAS.columns
        kept_by: dict[str, Store] = {
            "io_manager": self.lake,
            "reports": self.reports,
            "returns": self.returns,
            "warehouse": self.loaded,
        }
        stores = {
            key.path[-1]: kept_by[asset.get_io_manager_key_for_asset_key(key)]
            for asset in ASSETS
            for key in asset.keys
        }
        verdicts = Verdicts(self.lake, guarded_assets(STAGES))
        self.vault = open_vault(settings)
        self.editions = EditionShelf(settings.editions)
        self.closed_years = ClosedYears(self.editions)
        self.freshness = Freshness(
            self.lake, stores, self._sources(), verdicts, self.closed_years.is_closed
        )
        self.content = YearContent(self.freshness, self.editions, self.reports)
        self.definitions = dg.Definitions(
            assets=[*ASSETS, *ingestion.DELIVERED],
            asset_checks=all_checks(),
            jobs=[*asset_jobs, refresh_year],
            schedules=[annual_refresh],
            sensors=[landing],
            resources={
                "facts": FACTS,
                "settings": settings,
                "vault": self.vault,
                "freshness": self.freshness,
                "ancestry": Ancestry(self.freshness),
                "closed_years": self.closed_years,
                "labels": self.content.labels,
                **{
                    name: StoreIOManager(
                        store, self.freshness, SCHEMAS, self.closed_years, settings.landing
                    )
                    for name, store in kept_by.items()
                },
            },
        )
        self.freshness.graph = self.definitions.resolve_asset_graph()

    def _sources(self) -> dict[str, Callable[[Mapping[str, str]], dict[str, str]]]:
        """What lies outside the graph: files of a district-year by name and hash, for each asset
        that reads them, a trace of the secret that pseudonyms are drawn from, and the
        labels of editions where tables carry them."""

        def folders(place: Mapping[str, str]) -> Folders:
            return district_folders(self.settings.landing, place["survey_year"], place["district"])

        def interviews(place: Mapping[str, str]) -> dict[str, str]:
            own = folders(place)
            return hashes(own.own, own.shared) | self.vault.trace()

        def corrections(place: Mapping[str, str]) -> dict[str, str]:
            return hashes(folders(place).corrections)

        def back_checks(place: Mapping[str, str]) -> dict[str, str]:
            return hashes(folders(place).back_checks) | self.vault.trace()

        def labels(place: Mapping[str, str]) -> dict[str, str]:
            # Labels are put to the published tables: another label, other rows.
            found = self.content.labels(int(place["survey_year"]))
            return {f"edition of {year}": label for year, label in found.items()}

        sources: dict[str, Callable[[Mapping[str, str]], dict[str, str]]]
        deliveries = ("raw_responses", "delivered_files", "delivered_columns")
        typed = ("responses", "rejected_responses", "missing_answers", "applied_corrections",
                 "corrected_responses")  # fmt: skip
        sources = dict.fromkeys(deliveries, interviews)
        sources["published_survey"] = labels
        return sources | dict.fromkeys(typed, corrections) | {"raw_back_checks": back_checks}


pipeline = Pipeline(Settings())
defs = pipeline.definitions
