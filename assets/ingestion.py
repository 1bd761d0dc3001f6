"""Ingestion: the workbooks of one district-year as received, every cell as text.
Not here: what a cell means (quality.py types it), or reading a file (dgi.ingest)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from dgi.ingest.workbooks import read_district_year
from pipelines.partitions import district_year, place
from pipelines.resources import FactsParam, SettingsParam


@dg.asset(
    partitions_def=district_year,
    **describe(
        "raw_responses",
        "ingestion",
        "One row is one interview as delivered: text cells, with file, sheet and row.",
        ["data/questionnaires", "data/surveys.csv", "assets/ingestion.py"],
        kinds=("excel", "parquet"),
        tags={"task": "T4"},
    ),
)
def raw_responses(
    context: dg.AssetExecutionContext, facts: FactsParam, settings: SettingsParam
) -> Frames:
    def delivered(key: str) -> pd.DataFrame:
        year, district = place(key)
        headers = facts.questionnaire(facts.survey(year).questionnaire).headers()
        folder = settings.landing / str(year) / district
        table, files = read_district_year(folder, list(headers))
        note(
            context,
            key,
            sample_data=bool(table["is_sample"].any()),
            workbooks=dg.MetadataValue.md(
                "| file | rows | sha256 | remark |\n|---|---|---|---|\n"
                + "\n".join(
                    f"| {file.name} | {file.rows} | {file.sha256[:16]} | "
                    f"{'same bytes as ' + file.same_as if file.same_as else ''} |"
                    for file in files
                )
            ),
        )
        # The bytes that were read, not those that may lie there by the time this is kept.
        table.attrs["sources"] = {file.name: file.sha256 for file in files}
        return table

    return for_each(context, delivered)
