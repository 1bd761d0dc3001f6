"""Schedules: the yearly refresh, after fieldwork has ended.
Not here: what a refresh does (refresh.py)."""

import dagster as dg

from pipelines.jobs import refresh_year
from pipelines.partitions import SURVEY_YEARS, TIMEZONE


@dg.schedule(
    job=refresh_year,
    cron_schedule="0 6 1 12 *",  # 1 December, two weeks after the registers' fieldwork_end
    execution_timezone=TIMEZONE,
    description="Each 1 December: refresh the survey year whose fieldwork has just ended.",
)
def annual_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    year = context.scheduled_execution_time.year
    if year not in SURVEY_YEARS:
        return dg.SkipReason(f"survey year {year} is not in data/surveys.csv: add its row first")
    return dg.RunRequest(run_key=str(year), partition_key=str(year))
