"""When and how long: durations, order of times, nights, field window, pace and form versions.
Not here: how interviewers compare (interviewers.py), or what is too long or too early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dgi.fieldwork.measures import (
    Measured,
    find_delivered,
    list_interviews,
    list_measured,
    not_taken,
    sort_interviews,
)

# Shorter times count as this long, so that an instant is an extreme and not an infinity.
LEAST_MINUTES = 1 / 60
DAY_MINUTES = 24 * 60
WHY_NOT = {
    "started_at": "no_start_times",
    "ended_at": "no_end_times",
    "submitted_at": "no_submission_times",
}


def measure_speed(responses: pd.DataFrame, min_interviews: int = 10) -> Measured:
    """Median minutes of the district over minutes of the interview: 2 is twice as fast.

    Not taken below `min_interviews` interviews with both times. Adds minutes. Interviews that
    end before they start have no duration; less than a second counts as a second.
    """
    return _measure_durations(
        responses, min_interviews, lambda minutes: minutes.median() / minutes, "minutes"
    )


def measure_slowness(responses: pd.DataFrame, min_interviews: int = 10) -> Measured:
    """Minutes of the interview over the median minutes of the district; as measure_speed."""
    return _measure_durations(
        responses, min_interviews, lambda minutes: minutes / minutes.median(), "minutes"
    )


def measure_brevity(responses: pd.DataFrame) -> Measured:
    """Interviews of this length that would fit an hour: 60 / minutes.

    A lower bound of m minutes is the threshold 60 / m, so larger is worse here too.
    """
    return _measure_durations(responses, 1, lambda minutes: 60 / minutes, "minutes")


def measure_length(responses: pd.DataFrame) -> Measured:
    """Minutes from start to end of the interview."""
    return _measure_durations(responses, 1, lambda minutes: minutes)


def measure_end_before_start(responses: pd.DataFrame) -> Measured:
    """Minutes by which the interview ends before it starts; 0 where it does not."""
    return _measure_reversal(responses, "ended_at", "started_at")


def measure_sent_before_end(responses: pd.DataFrame) -> Measured:
    """Minutes by which the interview was sent before it ended; 0 where it was not."""
    return _measure_reversal(responses, "submitted_at", "ended_at")


def measure_overlaps(responses: pd.DataFrame) -> Measured:
    """Minutes shared with an interview the same interviewer had begun before; 0 where none.

    Of each overlapping pair the later interview is listed, against that earlier one (`other`)
    which ends last.
    """
    rows, why_not = _sort_by_start(responses)
    if why_not:
        return not_taken(why_not)
    earlier = _earlier_that_ends_last(rows)
    ends = rows["ended_at"].reindex(earlier).array
    until = rows["ended_at"].where(rows["ended_at"] <= ends, ends)
    minutes = _minutes(rows["started_at"], until).fillna(0).clip(lower=0)
    names = rows["respondent_id"].reindex(earlier).array
    return list_interviews(rows, minutes, other=pd.Series(names).where(minutes > 0, ""))


def measure_short_gaps(responses: pd.DataFrame) -> Measured:
    """60 / minutes from the end of the interviewer's interview before, that day, to this start.

    One row per interview with one before it; pairs that overlap are measured as overlaps. A gap
    of m minutes is the threshold 60 / m. Adds minutes and same_village.
    """
    rows, why_not = _sort_by_start(responses)
    if why_not:
        return not_taken(why_not)
    earlier = _earlier_that_ends_last(rows)
    before = rows.reindex(earlier).reset_index(drop=True)
    minutes = _minutes(before["ended_at"], rows["started_at"])
    same_day = before["ended_at"].dt.normalize() == rows["started_at"].dt.normalize()
    is_kept = same_day & (minutes >= 0)
    if not is_kept.any():
        return not_taken("no_gaps")
    minutes = minutes.clip(lower=LEAST_MINUTES)
    same_village = (before["village_code"] == rows["village_code"]).astype(bool)
    return list_interviews(
        rows,
        60 / minutes,
        is_kept,
        other=before["respondent_id"],
        minutes=minutes,
        same_village=same_village,
    )


def measure_days_outside(
    responses: pd.DataFrame, first: date, last: date, column: str = "interview_date"
) -> Measured:
    """Days before the first or after the last day of fieldwork; 0 inside.

    `column`: interview_date, or started_at, which also shows a clock set to the future.
    """
    rows = sort_interviews(responses)
    days = _times(rows, column).dt.normalize()
    if days.isna().all():
        return not_taken("no_interviews" if rows.empty else "no_start_times")
    outside = np.maximum(_days(days, pd.Timestamp(first)), _days(pd.Timestamp(last), days))
    return list_interviews(rows, outside.clip(lower=0), days.notna())


def measure_night(responses: pd.DataFrame, morning: float = 5.0, evening: float = 22.0) -> Measured:
    """Minutes of the interview before `morning` or after `evening` (hours of the local clock).

    An interview begun at night counts a minute at least, with or without an end. Many nights at
    once are rather a clock set to another time zone than work at night.
    """
    rows = sort_interviews(responses)
    starts = _times(rows, "started_at")
    if starts.isna().all():
        return not_taken("no_interviews" if rows.empty else "no_start_times")
    ends = _times(rows, "ended_at").where(lambda end: end >= starts, starts)
    night = DAY_MINUTES - 60 * (evening - morning)

    def nights_until(times: pd.Series) -> pd.Series:
        """Minutes of night from the first midnight to each time."""
        days = times.dt.normalize()
        clock = _minutes(days, times)
        passed = clock.clip(upper=60 * morning) + (clock - 60 * evening).clip(lower=0)
        return _days(starts.min().normalize(), days) * night + passed

    clock = _minutes(starts.dt.normalize(), starts)
    begun = (clock < 60 * morning) | (clock >= 60 * evening)
    minutes = (nights_until(ends) - nights_until(starts)).clip(lower=begun.astype(float))
    return list_interviews(rows, minutes, starts.notna())


def measure_date_mismatch(responses: pd.DataFrame) -> Measured:
    """Days between the date of the interview as written and the day its start was recorded."""
    rows = sort_interviews(responses)
    days = _times(rows, "started_at").dt.normalize()
    if days.isna().all():
        return not_taken("no_interviews" if rows.empty else "no_start_times")
    written = _times(rows, "interview_date").dt.normalize()
    return list_interviews(rows, _days(days, written).abs(), days.notna() & written.notna())


def measure_pace(responses: pd.DataFrame) -> Measured:
    """Interviews of one interviewer on one day (interview_date). Adds day."""
    if responses.empty:
        return not_taken("no_interviews")
    days = pd.to_datetime(responses["interview_date"]).dt.normalize().rename("day")
    counts = responses.groupby([responses["interviewer"], days]).size().reset_index(name="n")
    return list_measured(counts["n"], interviewer=counts["interviewer"], day=counts["day"])


def measure_outdated_versions(responses: pd.DataFrame, min_interviews: int = 2) -> Measured:
    """Days since a newer form version than the interview's own was first used; 0 if none was.

    Versions are ordered by the day they first appear; the day of release itself counts 0. A
    version with fewer than `min_interviews` interviews (a trial) makes no other outdated.
    """
    rows = sort_interviews(responses)
    versions = find_delivered(rows, "form_version")
    given = versions.notna()
    if not given.any():
        return not_taken("no_interviews" if rows.empty else "no_form_versions")
    rows, versions = rows[given], versions[given]
    days = pd.to_datetime(rows["interview_date"]).dt.normalize()
    by_version = days.groupby(versions.to_numpy())
    released = by_version.min()[by_version.size() >= min_interviews]
    firsts = np.sort(released.unique())
    own = by_version.transform("min").to_numpy()
    newer = np.searchsorted(firsts, own, side="right")
    since = pd.Series(np.append(firsts, np.datetime64("NaT"))[newer], index=rows.index)
    return list_interviews(rows, _days(since, days).fillna(0).clip(lower=0))


def measure_uncommon_versions(responses: pd.DataFrame) -> Measured:
    """1 - share of the interviews with a known form version that have the interview's own."""
    rows = sort_interviews(responses)
    versions = find_delivered(rows, "form_version")
    given = versions.notna()
    if not given.any():
        return not_taken("no_interviews" if rows.empty else "no_form_versions")
    count = versions[given].groupby(versions[given].to_numpy()).transform("size")
    return list_interviews(rows[given], 1 - count / given.sum())


def durations_of(rows: pd.DataFrame) -> pd.Series:
    """Minutes from start to end, a second at least; NaN where unknown or the end comes first."""
    minutes = _minutes(_times(rows, "started_at"), _times(rows, "ended_at"))
    return minutes.where(minutes >= 0).clip(lower=LEAST_MINUTES)


def _measure_durations(
    responses: pd.DataFrame,
    min_interviews: int,
    value_of: Callable[[pd.Series], pd.Series],
    extra: str = "",
) -> Measured:
    rows = sort_interviews(responses)
    why_not = _why_no_durations(rows)
    minutes = durations_of(rows)
    if not why_not and minutes.notna().sum() < min_interviews:
        why_not = "too_few_interviews"
    if why_not:
        return not_taken(why_not)
    extras = {extra: minutes} if extra else {}
    return list_interviews(rows, value_of(minutes), minutes.notna(), **extras)


def _measure_reversal(responses: pd.DataFrame, later: str, earlier: str) -> Measured:
    rows = sort_interviews(responses)
    after, before = _times(rows, later), _times(rows, earlier)
    for name, times in ((earlier, before), (later, after)):
        if times.isna().all():
            return not_taken("no_interviews" if rows.empty else WHY_NOT[name])
    minutes = _minutes(after, before)
    if minutes.isna().all():
        return not_taken(WHY_NOT[later])
    return list_interviews(rows, minutes.clip(lower=0), minutes.notna())


def _why_no_durations(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "no_interviews"
    for name in ("started_at", "ended_at"):
        if _times(rows, name).isna().all():
            return WHY_NOT[name]
    return "" if durations_of(rows).notna().any() else "no_end_times"


def _sort_by_start(responses: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Interviews that have a duration, by interviewer and start; why none, if none."""
    rows = sort_interviews(responses)
    why_not = _why_no_durations(rows)
    if why_not:
        return rows, why_not
    timed = rows[durations_of(rows).notna()]
    ordered = timed.sort_values(["interviewer", "started_at", "respondent_id"], ignore_index=True)
    return ordered, "too_few_interviews" if len(timed) < 2 else ""


def _earlier_that_ends_last(rows: pd.DataFrame) -> pd.Series:
    """Of each row, the label of the interviewer's earlier row that ends last; NA for the first."""
    ends = rows["ended_at"].groupby(rows["interviewer"])
    so_far = ends.cummax()
    before = so_far.groupby(rows["interviewer"]).shift()
    is_record = before.isna() | (rows["ended_at"] > before)
    holder = rows.index.to_series().where(is_record).groupby(rows["interviewer"]).ffill()
    return holder.groupby(rows["interviewer"]).shift()


def _times(rows: pd.DataFrame, name: str) -> pd.Series:
    return pd.to_datetime(find_delivered(rows, name)).astype("datetime64[us]")


def _minutes(start: pd.Series, end: pd.Series) -> pd.Series:
    return (end - start).dt.total_seconds() / 60


def _days(start: Any, end: Any) -> pd.Series:
    """Whole days from midnight to midnight, negative backwards."""
    return (end - start).dt.total_seconds() / (60 * DAY_MINUTES)
