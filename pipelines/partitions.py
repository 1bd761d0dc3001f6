"""Partitions, read from the registers: published PAPI years, survey years, districts.
Not here: which assets use them, or which partitions are stale (freshness.py)."""

from __future__ import annotations

import warnings
from datetime import datetime

import dagster as dg

from dgi.ingest.facts import Facts
from pipelines.settings import Settings

# Mappings over two dimensions and partitioned checks are marked beta or preview in this Dagster;
# their use is deliberate, pinned by constraints.txt and covered by the graph tests.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

YEAR = "survey_year"
DISTRICT = "district"
TIMEZONE = "Asia/Ho_Chi_Minh"

FACTS = Facts(Settings().data)


def _years(years: list[int]) -> dg.TimeWindowPartitionsDefinition:
    """One partition for each of `years`, which ascend; a year exists from its first day on, since
    its survey is refreshed before the year is over.

    The years between that are not among them are excluded, and Dagster's mappings count what is
    left: one step back from a year is the one before it here, however long ago.
    """
    first, last = years[0], years[-1]
    between = sorted(set(range(first, last)) - set(years))
    return dg.TimeWindowPartitionsDefinition(
        start=str(first),
        end=str(last + 1),
        end_offset=1,
        fmt="%Y",
        cron_schedule="0 0 1 1 *",
        timezone=TIMEZONE,
        exclusions=[datetime(year, 1, 1) for year in between],
    )


SURVEY_YEARS = [int(year) for year in FACTS.surveys["survey_year"]]
PAPI_YEARS = sorted(int(year) for year in FACTS.papi_sources["survey_year"])
DISTRICTS = FACTS.units.district_keys(list(FACTS.surveys["reference_date"]))

papi_year = _years(PAPI_YEARS)
survey_year = _years(SURVEY_YEARS)
district_year = dg.MultiPartitionsDefinition(
    {DISTRICT: dg.StaticPartitionsDefinition(DISTRICTS), YEAR: survey_year}
)

all_districts_of_the_year = dg.MultiToSingleDimensionPartitionMapping(YEAR)
this_year_and_the_one_before = dg.TimeWindowPartitionMapping(
    start_offset=-1, end_offset=0, allow_nonexistent_upstream_partitions=True
)
this_year_and_all_before = dg.TimeWindowPartitionMapping(
    start_offset=1 - len(SURVEY_YEARS), end_offset=0, allow_nonexistent_upstream_partitions=True
)

# Published PAPI: the years that a figure may be compared with, by data/papi/policy.csv.
this_year_and_those_within_reach = dg.TimeWindowPartitionMapping(
    start_offset=-FACTS.papi_policy.max_gap_years,
    end_offset=0,
    allow_nonexistent_upstream_partitions=True,
)


def districts_of(year: int) -> list[str]:
    """Districts that exist on the boundary of a survey year, in key order."""
    day = FACTS.survey(year).reference_date
    return list(FACTS.units.districts_on(day)["district"])


def year_before(year: int) -> int | None:
    """The survey year before `year`, which need not be the calendar's; None for the first."""
    return max((other for other in SURVEY_YEARS if other < year), default=None)


def district_year_key(district: str, year: int) -> dg.MultiPartitionKey:
    """The partition of one district in one survey year."""
    return dg.MultiPartitionKey({DISTRICT: district, YEAR: str(year)})


def dimensions(
    partitions_def: dg.PartitionsDefinition | None, partition: str | None
) -> dict[str, str]:
    """A partition key as its dimensions, year first: {} for an unpartitioned asset."""
    if partition is None or partitions_def is None:
        return {}
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        key = partitions_def.get_partition_key_from_str(str(partition))
        return {name: key.keys_by_dimension[name] for name in (YEAR, DISTRICT)}
    return {YEAR: str(partition)}


def place(partition: str) -> tuple[int, str]:
    """Survey year and district key of a district-year partition key."""
    found = dimensions(district_year, partition)
    return int(found[YEAR]), found[DISTRICT]


def year_of(partition: str) -> int:
    """Year of a partition key of any grid, by year or by district and year."""
    return int(partition) if partition.isdecimal() else place(partition)[0]
