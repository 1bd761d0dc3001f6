"""Belongs here: years and units that are no partitions, and pairs of the two that cannot exist.
Does not belong here: what a refresh makes of those that can (tests/end_to_end)."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import dagster as dg
import pytest

from pipelines.absences import ASSETS, absences, explain_absence, report_absences
from pipelines.freshness import Freshness, Verdicts
from pipelines.partitions import (
    DISTRICTS,
    FACTS,
    SURVEY_YEARS,
    district_year,
    district_year_key,
    districts_of,
    survey_year,
    this_year_and_all_before,
    this_year_and_the_one_before,
    year_before,
)
from pipelines.stores import Lake


def upstream(mapping, year: int) -> list[int]:
    asked = survey_year.subset_with_partition_keys([str(year)])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        asked, survey_year, survey_year
    )
    return sorted(int(key) for key in found.partitions_subset.get_partition_keys())


def test_years_without_a_survey_are_no_partitions():
    keys = [int(key) for key in survey_year.get_partition_keys()]
    assert keys == SURVEY_YEARS and {2021, 2022, 2023, 2024}.isdisjoint(keys)


@pytest.mark.parametrize("year", SURVEY_YEARS)
def test_the_year_before_is_the_survey_year_before_however_long_ago(year):
    before = year_before(year)
    assert upstream(this_year_and_the_one_before, year) == [*([before] if before else []), year]
    assert upstream(this_year_and_all_before, year) == [y for y in SURVEY_YEARS if y <= year]


def test_2025_is_told_against_2020_and_2016_against_none():
    assert year_before(2025) == 2020 and year_before(2016) is None


@pytest.mark.parametrize(
    ("district", "day", "vi", "en"),
    [
        ("204-hoanh-bo", date(2020, 7, 1), "đã nhập vào 193-ha-long từ ngày 01/01/2020",
         "was merged into 193-ha-long on 2020-01-01"),
        ("207-co-to", date(2025, 7, 1), "không còn từ ngày 01/07/2025; địa bàn nay thuộc 07192",
         "ended on 2025-07-01; its area now lies in 07192-co-to"),
        ("06652-ha-tu", date(2020, 7, 1), "chỉ có từ ngày 01/07/2025",
         "has been there only since 2025-07-01"),
    ],
)  # fmt: skip
def test_the_register_says_why_a_unit_is_not_there(district, day, vi, en):
    reason = explain_absence(FACTS.units, district, day)
    assert vi in reason["vi"] and en in reason["en"]


def test_every_pair_either_exists_or_cannot():
    cannot = set(absences(SURVEY_YEARS))
    can = {str(district_year_key(d, year)) for year in SURVEY_YEARS for d in districts_of(year)}
    assert not cannot & can
    assert cannot | can == set(map(str, district_year.get_partition_keys()))
    assert len(can) == 69 + 54 and len(cannot) == 68 * 6 - 123 and len(DISTRICTS) == 68


def test_each_pair_is_told_once_for_each_asset_with_its_reason():
    with dg.instance_for_test() as instance:
        assert report_absences(instance, [2020]) == 55 * len(ASSETS)
        assert report_absences(instance, [2020]) == 0
        key = dg.AssetKey("psu_totals")
        assert len(instance.get_materialized_partitions(key)) == 55
        records = dg.AssetRecordsFilter(asset_key=key, asset_partitions=["204-hoanh-bo|2020"])
        [record] = instance.fetch_materializations(records, limit=5).records
        told = record.asset_materialization.metadata
        assert told["exists"].value is False
        assert "merged into 193-ha-long" in told["why"].value
        assert "nhập vào 193-ha-long" in told["vì sao"].value


def test_what_was_told_is_no_data_to_any_reader(tmp_path):
    lake = Lake(tmp_path)
    with dg.instance_for_test() as instance:
        report_absences(instance, [2020])
    assert not list(tmp_path.rglob("*"))
    truth = Freshness(lake, {"psu_totals": lake}, {}, Verdicts(lake, {}))
    node = SimpleNamespace(partitions_def=district_year, code_version="1")
    truth.graph = SimpleNamespace(
        get=lambda key: node,
        get_parents_partitions=lambda *_: SimpleNamespace(parent_partitions=[]),
    )
    assert not truth.is_true("psu_totals", "204-hoanh-bo|2020")
