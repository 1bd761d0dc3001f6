"""Ingestion: the files of one district-year as received, every cell as text, nobody named in it.
Not here: what a cell means (quality.py types it), or reading a file (dgi.ingest)."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.declare import OWNER, Frames, describe, for_each, markdown_table, note
from dgi.ingest.deliveries import read_back_checks, read_delivery
from dgi.ingest.landing import district_folders
from dgi.ingest.privacy import Keys
from pipelines.partitions import district_year, place, survey_year
from pipelines.resources import FactsParam, SettingsParam, VaultParam

MADE_BY = [
    "data/questionnaires", "data/column_maps", "data/units", "data/surveys.csv",
    "assets/ingestion.py",
]  # fmt: skip
TASK = {"task": "T4"}
# What others put there: Dagster is told of its content, and does not make it.
DELIVERED = [
    dg.AssetSpec(
        name,
        description=description,
        partitions_def=partitions_def,
        group_name="ingestion",
        owners=[OWNER],
        kinds={"file"},
        tags=TASK,
    )
    for name, partitions_def, description in (
        (
            "landing_folder",
            district_year,
            "One row is one file delivered for the district and year: interviews, correction "
            "logs, back-checks. Its data version is the hash of all of them.",
        ),
        (
            "landing_so_far",
            survey_year,
            "One row is one file delivered for the year or any survey year before it, with which "
            "it is compared. Its data version is the hash of all of them.",
        ),
    )
]


def _out(name: str, description: str) -> dg.AssetOut:
    kinds = ("excel", "parquet")
    return dg.AssetOut(**describe(name, "ingestion", description, MADE_BY, kinds=kinds, tags=TASK))


@dg.multi_asset(
    partitions_def=district_year,
    outs={
        "raw_responses": _out(
            "raw_responses",
            "One row is one interview as delivered: text cells under a pseudonym, with file, "
            "sheet and row.",
        ),
        "delivered_files": _out(
            "delivered_files", "One row is one file delivered, with its hash and what it held."
        ),
        "delivered_columns": _out(
            "delivered_columns",
            "One row is one column of a delivered file: its header, and what it was read as.",
        ),
    },
)
def deliveries(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    settings: SettingsParam,
    vault: VaultParam,
) -> Iterator[dg.Output]:
    files: Frames = {}
    columns: Frames = {}

    def delivered(key: str) -> pd.DataFrame:
        year, district = place(key)
        folders = district_folders(settings.landing, year, district)
        keys = Keys(vault.pseudonym_key(), year)
        delivery = read_delivery(folders, district, facts.form(year), keys)
        identities = vault.keep(year, district, delivery.identities)
        # The bytes that were read, not those that may lie there by the time this is kept.
        sources = delivery.sources | vault.trace()
        columns[key] = _of_partition(delivery.columns, year, district, sources)
        files[key] = _of_partition(delivery.files, year, district, sources)
        shown = delivery.files[["file", "format", "rows", "sha256", "same_as", "remarks"]]
        note(
            context,
            key,
            "raw_responses",
            sample_data=bool(delivery.raw["is_sample"].any()),
            identities=identities,
            pseudonyms=vault.pseudonym_source(),
            masked_cells=dg.MetadataValue.json(delivery.masked),
            files=markdown_table(list(shown.columns), shown.to_numpy().tolist()),
        )
        delivery.raw.attrs["sources"] = sources
        return delivery.raw

    raw = for_each(context, delivered)
    yield dg.Output(raw, output_name="raw_responses")
    yield dg.Output(files, output_name="delivered_files")
    yield dg.Output(columns, output_name="delivered_columns")


@dg.asset(
    partitions_def=district_year,
    **describe(
        "raw_back_checks",
        "ingestion",
        "One row is one re-interview as delivered: the questions asked again, as text.",
        MADE_BY,
        kinds=("excel", "parquet"),
        tags=TASK,
    ),
)
def raw_back_checks(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    settings: SettingsParam,
    vault: VaultParam,
) -> Frames:
    def delivered(key: str) -> pd.DataFrame:
        year, district = place(key)
        folders = district_folders(settings.landing, year, district)
        keys = Keys(vault.pseudonym_key(), year)
        table, sources = read_back_checks(folders, facts.form(year, is_again=True), keys)
        table.attrs["sources"] = sources | vault.trace()
        return table

    return for_each(context, delivered)


def _of_partition(
    table: pd.DataFrame, year: int, district: str, sources: dict[str, str]
) -> pd.DataFrame:
    table = table.copy()
    table.insert(0, "district", district)
    table.insert(0, "survey_year", year)
    table.attrs["sources"] = sources
    return table
