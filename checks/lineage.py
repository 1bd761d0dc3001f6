"""Checks of comparability and lineage: views the rules in data/checks/lineage.yaml look at.
Not here: the rules themselves, or checks of the figures traced (index.py, change.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from checks.warehouse import yearly_views
from pipelines.partitions import survey_year

# Where nothing differs there is nothing to say; everywhere else it is said.
SILENT = ("comparable", "entered", "left")


def comparison_views(context: Any, set_comparisons: dict[str, pd.DataFrame]) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: year,
                "status": table["status"],
                "repeats": table.duplicated(["comparison", "level", "key"]).astype(int),
                "is_told": table["status"].isin(SILENT)
                | (table["what_differs_vi"].ne("") & table["what_differs_en"].ne("")),
            }
        )
        for year, table in set_comparisons.items()
    ]
    return {"rows": pd.concat(rows)}


def question_views(context: Any, indicator_questions: dict[str, pd.DataFrame]) -> Views:
    rows = [
        table[["text_vi", "answers"]].assign(**{PARTITION: year})
        for year, table in indicator_questions.items()
    ]
    return {"rows": pd.concat(rows)}


def provenance_views(
    context: Any, provenance: dict[str, pd.DataFrame], source_files: dict[str, pd.DataFrame]
) -> Views:
    rows, districts = [], []
    for year, table in provenance.items():
        repeats = table.duplicated(["asset", "made_year", "district"]).astype(int)
        rows.append(table[["fingerprint"]].assign(**{PARTITION: year}, repeats=repeats))
        read = table[table["asset"] == "raw_responses"][["made_year", "district"]]
        files = source_files[year].rename(columns={"file_year": "made_year"})
        has_file = read.merge(files, how="left", on=["made_year", "district"])["sha256"].notna()
        districts.append(pd.DataFrame({PARTITION: year, "has_file": has_file}))
    return {"rows": pd.concat(rows), "districts": pd.concat(districts)}


def file_views(context: Any, source_files: dict[str, pd.DataFrame]) -> Views:
    rows = [table[["sha256"]].assign(**{PARTITION: year}) for year, table in source_files.items()]
    return {"rows": pd.concat(rows)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("lineage", "set_comparisons", survey_year, comparison_views),
    suite_checks("lineage", "indicator_questions", survey_year, question_views),
    suite_checks("lineage", "provenance", survey_year, provenance_views, beside=["source_files"]),
    suite_checks("lineage", "source_files", survey_year, file_views),
    suite_checks("lineage", "published_lineage", survey_year, yearly_views),
]
