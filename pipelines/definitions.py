"""The code location: assets, checks, jobs, schedules, resources together. Dagster loads this.
Not here: any of those things themselves."""

from __future__ import annotations

import dagster as dg

from assets import (
    causes,
    change,
    index,
    ingestion,
    quality,
    ranking,
    reference,
    reports,
    warehouse,
)
from assets.declare import SCHEMAS
from checks import STAGES, all_checks
from checks.suites import guarded_assets
from dgi.ingest.workbooks import hash_file, list_workbooks
from pipelines.freshness import Freshness, Verdicts, landing_sources
from pipelines.io_managers import StoreIOManager
from pipelines.jobs import asset_jobs, refresh_year
from pipelines.partitions import FACTS
from pipelines.schedules import annual_refresh
from pipelines.settings import Settings
from pipelines.stores import Lake, ReportShelf, Store, WarehouseStore
from sql.warehouse import Warehouse

PUBLISHED = [
    "decision_items", "administrative_units", "indicators", "survey_sets", "papi_scores",
    "papi_diagnosis", "indicator_estimates", "district_scores", "district_changes",
    "rank_probabilities", "district_trends", "small_area_scores", "robustness", "ranking_choices",
    "ranking_alternatives", "priorities",
]  # fmt: skip
ASSETS = dg.load_assets_from_modules(
    [reference, causes, ingestion, quality, index, change, ranking, reports, warehouse]
)


class Pipeline:
    """One pipeline over one set of folders: its definitions, stores and freshness."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.lake = Lake(settings.lake)
        self.reports = ReportShelf(settings.reports, self.lake)
        self.warehouse = Warehouse(settings.warehouse, SCHEMAS.columns, PUBLISHED)
        kept_by: dict[str, Store] = {
            "io_manager": self.lake,
            "reports": self.reports,
            "warehouse": WarehouseStore(self.warehouse),
        }
        stores = {
            key.path[-1]: kept_by[asset.get_io_manager_key_for_asset_key(key)]
            for asset in ASSETS
            if isinstance(asset, dg.AssetsDefinition)
            for key in asset.keys
        }
        verdicts = Verdicts(self.lake, guarded_assets(STAGES))
        received = landing_sources(settings.landing, list_workbooks, hash_file)
        self.freshness = Freshness(self.lake, stores, {"raw_responses": received}, verdicts)
        self.definitions = dg.Definitions(
            assets=ASSETS,
            asset_checks=all_checks(),
            jobs=[*asset_jobs, refresh_year],
            schedules=[annual_refresh],
            resources={
                "facts": FACTS,
                "settings": settings,
                "freshness": self.freshness,
                **{
                    name: StoreIOManager(store, self.freshness, SCHEMAS)
                    for name, store in kept_by.items()
                },
            },
        )
        self.freshness.graph = self.definitions.resolve_asset_graph()


pipeline = Pipeline(Settings())
defs = pipeline.definitions
