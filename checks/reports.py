"""Checks of the report files as written: views the rules in data/checks/reports.yaml look at.
Not here: the rules themselves, or checks of the tables a report shows."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from pipelines.partitions import district_year, papi_year, survey_year

SAMPLE_MARK = "DỮ LIỆU MẪU / SAMPLE DATA"


def _file_facts(content: bytes) -> dict[str, int]:
    """Sheets, formula cells and sheets without the sample mark, from the workbook's own parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)]
        sheets = [archive.read(name).decode() for name in names]
    return {
        "sheets": len(sheets),
        "formulas": sum(len(re.findall(r"<f[ >/]", sheet)) for sheet in sheets),
        "sheets_without_mark": sum(SAMPLE_MARK not in sheet for sheet in sheets),
    }


def workbook_views(files: Mapping[str, Mapping[str, bytes]], is_sample: bool) -> Views:
    rows = []
    for partition, contents in files.items():
        for content in contents.values():
            facts = _file_facts(content)
            marked = facts.pop("sheets_without_mark") if is_sample else 0
            rows.append({PARTITION: partition, **facts, "unmarked_sheets": marked})
    return {"files": pd.DataFrame(rows)}


def papi_views(context: Any, papi_report: dict[str, dict[str, bytes]]) -> Views:
    return workbook_views(papi_report, is_sample=False)


def annual_views(
    context: Any,
    annual_report: dict[str, dict[str, bytes]],
    district_scores: dict[str, pd.DataFrame],
) -> Views:
    views = [
        workbook_views({year: files}, bool(district_scores[year]["is_sample"].any()))["files"]
        for year, files in annual_report.items()
    ]
    return {"files": pd.concat(views, ignore_index=True)}


def profile_views(
    context: Any,
    district_profile: dict[str, dict[str, bytes]],
    indicator_estimates: dict[str, pd.DataFrame],
) -> Views:
    views = [
        workbook_views({key: files}, bool(indicator_estimates[key]["is_sample"].any()))["files"]
        for key, files in district_profile.items()
    ]
    return {"files": pd.concat(views, ignore_index=True)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks("reports", "papi_report", papi_year, papi_views),
    suite_checks(
        "reports",
        "annual_report",
        survey_year,
        annual_views,
        beside=("district_scores",),
    ),
    suite_checks(
        "reports",
        "district_profile",
        district_year,
        profile_views,
        beside=("indicator_estimates",),
    ),
]
