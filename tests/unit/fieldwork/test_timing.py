"""Belongs here: durations, the order of times, nights, days, pace and versions of planted cases.
Does not belong here: how a text becomes a time (test_responses.py), or thresholds."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import survey_builders
from fieldwork_builders import FIRST, LAST, interviews, set_cells, shuffle, without
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.fieldwork import timing
from dgi.fieldwork.responses import type_responses

WINDOW = {"first": FIRST, "last": LAST}
ID = [f"{n:016x}" for n in range(64)]
# Each measure, its arguments, the columns it needs and what it says without them.
MEASURES = [
    (timing.measure_speed, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_slowness, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_brevity, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_length, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_end_before_start, {},
     {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_sent_before_end, {},
     {"ended_at": "no_end_times", "submitted_at": "no_submission_times"}),
    (timing.measure_overlaps, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_short_gaps, {}, {"started_at": "no_start_times", "ended_at": "no_end_times"}),
    (timing.measure_days_outside, WINDOW, {}),
    (timing.measure_days_outside, {**WINDOW, "column": "started_at"},
     {"started_at": "no_start_times"}),
    (timing.measure_night, {}, {"started_at": "no_start_times"}),
    (timing.measure_date_mismatch, {}, {"started_at": "no_start_times"}),
    (timing.measure_pace, {}, {}),
    (timing.measure_outdated_versions, {}, {"form_version": "no_form_versions"}),
    (timing.measure_uncommon_versions, {}, {"form_version": "no_form_versions"}),
]  # fmt: skip


def values(measured) -> dict[str, float]:
    """Values that are not 0, by interview."""
    assert measured.taken
    frame = measured.frame.set_index("respondent_id")["value"]
    return frame[frame != 0].to_dict()


def lasting(rows: pd.DataFrame, row: int, minutes: float) -> pd.DataFrame:
    return set_cells(rows, row, ended_at=rows["started_at"][row] + timedelta(minutes=minutes))


@pytest.mark.parametrize(("measure", "arguments", "needs"), MEASURES)
def test_times_that_were_not_delivered_are_not_taken_and_not_passed(measure, arguments, needs):
    assert measure(interviews(16), **arguments).taken
    for column, why_not in needs.items():
        for rows in (without(interviews(16), column), interviews(16).drop(columns=column)):
            measured = measure(rows, **arguments)
            assert (measured.taken, measured.why_not, measured.base) == (False, why_not, 0)
            assert measured.frame.empty and "value" in measured.frame
    assert measure(interviews(0), **arguments).why_not == "no_interviews"


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    order=st.integers(0, 10**6),
    low=st.floats(-10, 100),
    more=st.floats(0, 100),
)
def test_order_changes_nothing_and_a_higher_threshold_adds_nothing(seed, order, low, more):
    draw = np.random.default_rng(seed)
    rows = interviews(40)
    for name in ("started_at", "ended_at", "submitted_at"):
        moved = rows[name] + pd.to_timedelta(draw.integers(-900, 900, 40), unit="min")
        rows[name] = moved.where(draw.random(40) > 0.1).astype("datetime64[us]")
    rows["form_version"] = draw.choice(["v1", "v2", "v3"], 40)
    for measure, arguments, _ in MEASURES:
        measured = measure(rows, **arguments)
        again = measure(shuffle(rows, order), **arguments)
        pd.testing.assert_frame_equal(measured.frame, again.frame, check_exact=True)
        assert np.isfinite(measured.frame["value"]).all()
        assert measured.base == len(measured.frame)
        assert set(measured.findings(low + more).index) <= set(measured.findings(low).index)


def test_speed_and_slowness_are_multiples_of_the_median():
    rows = lasting(lasting(interviews(20), 3, 10), 4, 120)
    assert values(timing.measure_speed(rows))[ID[3]] == 4
    assert values(timing.measure_slowness(rows))[ID[4]] == 3
    assert timing.measure_speed(rows).findings(2)["minutes"].tolist() == [10]


def test_too_few_interviews_have_no_median_to_speak_of():
    assert timing.measure_speed(interviews(9)).why_not == "too_few_interviews"
    assert timing.measure_speed(interviews(9), min_interviews=9).taken


def test_a_bound_in_minutes_is_kept_exactly():
    rows = lasting(lasting(lasting(interviews(6), 0, 25), 1, 25.1), 2, 24.9)
    found = timing.measure_brevity(rows).findings(60 / 25)
    assert list(found["respondent_id"]) == [ID[0], ID[2]]
    assert list(timing.measure_length(lasting(rows, 3, 90)).findings(90)["value"]) == [90]


def test_an_interview_of_no_time_at_all_is_the_fastest_and_still_a_number():
    measured = timing.measure_brevity(lasting(interviews(6), 2, 0))
    assert values(measured)[ID[2]] == pytest.approx(3600)


def test_an_interview_that_ends_before_it_starts_has_no_duration():
    rows = lasting(interviews(20), 5, -30)
    assert values(timing.measure_end_before_start(rows)) == {ID[5]: 30}
    assert ID[5] not in set(timing.measure_speed(rows).frame["respondent_id"])
    assert timing.measure_speed(rows).base == 19


def test_an_interview_sent_before_it_ended_is_found():
    rows = interviews(8)
    rows = set_cells(rows, 2, submitted_at=rows["ended_at"][2] - timedelta(minutes=3))
    assert values(timing.measure_sent_before_end(rows)) == {ID[2]: 3}


def test_an_overlap_is_laid_to_the_later_interview_and_names_the_earlier():
    rows = interviews(16)
    # Interview 2 of DTV0 starts ten minutes before interview 0 of DTV0 ends.
    rows = set_cells(rows, 2, started_at=rows["ended_at"][0] - timedelta(minutes=10))
    measured = timing.measure_overlaps(rows)
    assert values(measured) == {ID[2]: 10}
    assert measured.findings(1)["other"].tolist() == [ID[0]]
    # Another interviewer's interviews run at the same hours and are no overlap.
    assert measured.base == 16


def test_a_long_interview_overlaps_with_all_that_begin_in_it():
    measured = timing.measure_overlaps(lasting(interviews(8), 0, 24 * 60))
    assert values(measured) == {ID[2]: 40, ID[4]: 40, ID[6]: 40}
    assert set(measured.findings(1)["other"]) == {ID[0]}


def test_one_inside_another_shares_its_whole_length():
    rows = interviews(4)
    rows = set_cells(
        rows, 2, started_at=rows["started_at"][0] + timedelta(minutes=5),
        ended_at=rows["started_at"][0] + timedelta(minutes=12),
    )  # fmt: skip
    assert values(timing.measure_overlaps(rows)) == {ID[2]: 7}


def test_a_gap_is_measured_from_the_end_before_on_the_same_day():
    rows = interviews(24)
    rows = set_cells(rows, 2, started_at=rows["ended_at"][0] + timedelta(minutes=1))
    measured = timing.measure_short_gaps(rows)
    assert list(measured.findings(60 / 1)["respondent_id"]) == [ID[2]]
    assert list(measured.findings(60 / 20)["minutes"].unique()) == [1, 20]
    # Three days, two interviewers, four interviews each: three gaps a day and interviewer.
    assert measured.base == 18
    assert timing.measure_short_gaps(rows.iloc[[0, 8, 16]]).why_not == "no_gaps"


def test_days_outside_the_field_window_are_counted_from_the_nearest_day_in_it():
    rows = interviews(6)
    rows.loc[0, "interview_date"] = pd.Timestamp(FIRST) - pd.Timedelta(days=3)
    rows.loc[1, "interview_date"] = pd.Timestamp(LAST) + pd.Timedelta(days=2)
    rows.loc[2, "interview_date"] = pd.Timestamp(LAST)
    assert values(timing.measure_days_outside(rows, FIRST, LAST)) == {ID[0]: 3, ID[1]: 2}
    rows = set_cells(interviews(6), 4, started_at="2030-11-15 23:59")
    starts = timing.measure_days_outside(rows, FIRST, LAST, "started_at")
    assert values(starts) == {ID[4]: 365 * 11 + 3}


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2019-08-15 04:30", "2019-08-15 05:10", 30),
        ("2019-08-15 05:00", "2019-08-15 05:40", 0),
        ("2019-08-15 21:30", "2019-08-15 22:15", 15),
        ("2019-08-15 22:00", "2019-08-15 22:00", 1),
        ("2019-08-15 21:00", "2019-08-16 06:00", 7 * 60),
        ("2019-08-15 12:00", "2019-08-17 12:00", 2 * 7 * 60),
        ("2019-08-15 02:00", None, 1),
        ("2019-08-15 02:00", "2019-08-14 12:00", 1),
        ("2019-08-15 12:00", None, 0),
    ],
)
def test_minutes_of_night_are_counted_across_midnights(start, end, minutes):
    rows = set_cells(interviews(8), 3, started_at=start, ended_at=end)
    assert values(timing.measure_night(rows)) == ({ID[3]: minutes} if minutes else {})


def test_times_are_read_as_the_delivery_is_typed():
    raw = survey_builders.delivered(
        3, started_at=["15/08/2019 23:10:00", "15/08/2019 08:00", ""], form_version="v1"
    )
    typed = type_responses(
        raw, survey_builders.questionnaire(), survey_builders.SURVEY, survey_builders.units(),
        survey_builders.DISTRICT,
    ).responses  # fmt: skip
    assert timing.measure_night(typed).frame["value"].tolist() == [1, 0]
    assert timing.measure_speed(typed).why_not == "no_end_times"
    assert timing.measure_uncommon_versions(typed).base == 3
    assert timing.measure_pace(typed).findings(3)["interviewer"].tolist() == ["DTV1"]


def test_other_hours_of_night_may_be_agreed():
    rows = set_cells(interviews(4), 1, started_at="2019-08-15 19:00", ended_at="2019-08-15 19:40")
    rows = set_cells(rows, 2, started_at="2019-08-15 05:40", ended_at="2019-08-15 06:10")
    assert values(timing.measure_night(rows, morning=6, evening=19.5)) == {ID[1]: 10, ID[2]: 20}


def test_a_date_that_differs_from_the_recorded_start_is_found():
    rows = set_cells(interviews(8), 5, started_at="2019-08-18 23:00")
    assert values(timing.measure_date_mismatch(rows)) == {ID[5]: 3}


def test_pace_counts_the_interviews_of_an_interviewer_and_day():
    rows = interviews(32)
    rows.loc[8:15, ["interview_date", "interviewer"]] = [pd.Timestamp("2019-08-20"), "DTV7"]
    found = timing.measure_pace(rows).findings(8)
    assert found[["interviewer", "day", "value"]].to_numpy().tolist() == [
        ["DTV7", pd.Timestamp("2019-08-20"), 8]
    ]
    assert timing.measure_pace(rows).frame["value"].sum() == 32


def test_a_version_is_outdated_from_the_day_after_a_newer_one_came():
    # Eight interviews a day; version v2 comes with the third day.
    rows = interviews(32, form_version=["v1"] * 16 + ["v2"] * 4 + ["v1"] * 5 + ["v2"] * 7)
    assert values(timing.measure_outdated_versions(rows)) == {ID[24]: 1}


def test_a_version_tried_once_makes_no_other_outdated():
    rows = interviews(32, form_version=["v1"] * 8 + ["trial"] + ["v1"] * 23)
    assert values(timing.measure_outdated_versions(rows)) == {}
    assert len(values(timing.measure_outdated_versions(rows, min_interviews=1))) == 16


def test_of_two_versions_that_came_the_same_day_neither_is_outdated():
    rows = interviews(32, form_version=["v1", "v2"] * 16)
    assert values(timing.measure_outdated_versions(rows)) == {}


def test_the_rarer_a_version_the_higher_its_value():
    rows = interviews(10, form_version=["v1"] * 9 + ["x"])
    measured = timing.measure_uncommon_versions(rows)
    assert measured.frame["value"].tolist() == pytest.approx([0.1] * 9 + [0.9])
