"""Checks of the files as received: views the rules in data/checks/ingestion.yaml look at.
Not here: the rules themselves, or checks of typed answers (quality.py)."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, judge, load_rules, suite_checks
from dgi.facts.column_maps import ColumnMap
from dgi.facts.rows import FIRST_ROW
from dgi.ingest.facts import Facts
from dgi.ingest.map_lines import find_unused_lines
from pipelines.partitions import district_year, districts_of, place, survey_year

(MAP_RULE,) = [r for r in load_rules("ingestion") if r.name == "every_map_line_is_used"]


def delivery_views(context: Any, raw_responses: dict[str, pd.DataFrame]) -> Views:
    deliveries, rows = [], []
    for key, table in raw_responses.items():
        deliveries.append(
            {PARTITION: key, "rows": len(table), "origins": table["is_sample"].nunique()}
        )
        place = table["_file"] + ":" + table["_row"].astype("str")
        rows.append(pd.DataFrame({PARTITION: key, "place": key + place}))
    return {"deliveries": pd.DataFrame(deliveries), "rows": pd.concat(rows)}


def file_views(context: Any, delivered_files: dict[str, pd.DataFrame]) -> Views:
    files = pd.concat([t.assign(**{PARTITION: key}) for key, t in delivered_files.items()])
    is_accounted = (files["rows"] > 0) | (files["same_as"] != "")
    facts = {"is_accounted": is_accounted, "has_remarks": files["remarks"] != ""}
    return {"files": files[[PARTITION]].assign(**facts).reset_index(drop=True)}


def column_views(context: Any, delivered_columns: dict[str, pd.DataFrame]) -> Views:
    return {
        "columns": pd.concat(
            [t[["use"]].assign(**{PARTITION: key}) for key, t in delivered_columns.items()],
            ignore_index=True,
        )
    }


def back_check_views(
    context: Any, raw_back_checks: dict[str, pd.DataFrame], responses: dict[str, pd.DataFrame]
) -> Views:
    rows = [
        pd.DataFrame(
            {
                PARTITION: key,
                "is_of_an_interview": table["respondent_id"].isin(responses[key]["respondent_id"]),
            }
        )
        for key, table in raw_back_checks.items()
        if key in responses
    ]
    return {"back_checks": pd.concat(rows, ignore_index=True)}


def map_line_views(
    facts: Facts, delivered_columns: dict[str, pd.DataFrame], years: Sequence[str]
) -> Views:
    """One row per line of each year's column map. Of a year that lacks a district there is none:
    a line that no file has used yet may be that district's."""
    parts = [pd.DataFrame(columns=[PARTITION, "line", "is_used"])]
    for year in years:
        own = _of_year(delivered_columns, year)
        if not _absent(own, year):
            parts.append(_lines_of(facts.column_map(int(year)), own).assign(**{PARTITION: year}))
    return {"map_lines": pd.concat(parts, ignore_index=True)}


def _of_year(delivered_columns: dict[str, pd.DataFrame], year: str) -> dict[str, pd.DataFrame]:
    """District -> its table."""
    places = {key: place(key) for key in delivered_columns}
    return {district: delivered_columns[key] for key, (own, district) in places.items()
            if own == int(year)}  # fmt: skip


def _absent(delivered: dict[str, pd.DataFrame], year: str) -> list[str]:
    return sorted(set(districts_of(int(year))) - set(delivered))


def _lines_of(column_map: ColumnMap, delivered: dict[str, pd.DataFrame]) -> pd.DataFrame:
    lines = column_map.lines.index + FIRST_ROW
    unused = {fault.row for fault in find_unused_lines(column_map, delivered.values())}
    return pd.DataFrame({"line": lines, "is_used": ~lines.isin(list(unused))})


# A line is out of date only where the year as a whole is known, so this is said of a yearly table.
@dg.multi_asset_check(
    name="column_map_checks",
    specs=[
        dg.AssetCheckSpec(
            name=MAP_RULE.name,
            asset=MAP_RULE.asset,
            description=f"{MAP_RULE.rule_en} / {MAP_RULE.rule_vi}",
            partitions_def=survey_year,
            additional_deps=["delivered_columns"],
        )
    ],
    ins={"delivered_columns": dg.AssetIn("delivered_columns")},
    required_resource_keys={"facts"},
)
def column_map_checks(
    context: dg.AssetCheckExecutionContext, delivered_columns: dict[str, pd.DataFrame]
) -> Iterator[Any]:
    years = [str(key) for key in context.partition_keys]
    views = map_line_views(context.resources.facts, delivered_columns, years)
    verdicts = judge([MAP_RULE], views, years)
    lines = views[MAP_RULE.view]
    for year in years:
        verdict = verdicts[MAP_RULE.name, year]
        unused = lines.loc[(lines[PARTITION] == year) & ~lines["is_used"].astype(bool), "line"]
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(MAP_RULE.asset),
            check_name=MAP_RULE.name,
            passed=verdict.passed and not verdict.error,
            severity=dg.AssetCheckSeverity.WARN,
            description="" if verdict.passed else f"{MAP_RULE.rule_en} {verdict.error}".strip(),
            metadata={
                "rule": f"{MAP_RULE.rule_vi} / {MAP_RULE.rule_en}",
                "map": f"data/column_maps/{year}.csv",
                "rows_checked": verdict.rows,
                "failing_rows": verdict.failing,
                "lines": dg.MetadataValue.json([int(line) for line in unused]),
                "absent_districts": dg.MetadataValue.json(
                    _absent(_of_year(delivered_columns, year), year)
                ),
                "what_to_do": f"{MAP_RULE.next_vi} / {MAP_RULE.next_en}",
            },
            partition=year,
            blocking=False,
        )
    yield dg.Output(None, output_name=f"{MAP_RULE.asset}_{MAP_RULE.name}")


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("ingestion", "raw_responses", district_year, delivery_views),
    suite_checks("ingestion", "delivered_files", district_year, file_views),
    suite_checks("ingestion", "delivered_columns", district_year, column_views),
    suite_checks(
        "ingestion", "raw_back_checks", district_year, back_check_views, beside=("responses",)
    ),
    column_map_checks,
]
