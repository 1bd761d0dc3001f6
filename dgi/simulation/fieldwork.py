"""What a tablet and its holder add to a simulated interview: times, form, place, made-up names.
Not here: whom the survey asks or what they answer; none of that changes by anything in here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.units import code_of
from dgi.simulation.assumptions import SampleAssumptions

TIME_FORM = "%d/%m/%Y %H:%M:%S"
PROVINCE = ((20.95, 21.55), (106.55, 107.95))  # degrees north and east that points are made up in
NIGHT = pd.Timedelta(hours=22, minutes=35)
RUSH = 0.28  # of the usual length: what a rushed interview takes
AGAIN = "respondent_id"


def add_fieldwork(
    rows: pd.DataFrame,
    questionnaire: Questionnaire,
    year: int,
    district: str,
    assumptions: SampleAssumptions,
) -> pd.DataFrame:
    """The rows of one district with the columns of fieldwork and of persons beside them.

    `rows`: workbook headers. Times follow one another through an interviewer's day; some are
    planted faults by the assumed chances: a night, rushed interviews, an old form. Names,
    telephone numbers and places are made up and say so. Each year and district has its own
    stream, so nothing else of the sample moves.
    """
    header = {name: column for column, name in questionnaire.known_headers().items()}
    assumed, rng = assumptions.fieldwork, assumptions.stream("fieldwork", year, district)
    count = len(rows)
    interviewer = rows[header["interviewer"]].astype(str)
    crew = sorted(interviewer.unique())
    member = interviewer.map({one: number for number, one in enumerate(crew)}).to_numpy()
    asked = rows[list(questionnaire.questions["column"])].notna().sum(axis=1).to_numpy()
    pace = rng.normal(0, assumed.interviewer_spread, len(crew))[member]
    minutes = (assumed.opening + assumed.per_question * asked) * np.exp(
        pace + rng.normal(0, assumed.spread, count)
    )
    gaps = rng.uniform(10, 35, count)
    day = pd.to_datetime(rows[header["interview_date"]], format="%d/%m/%Y")
    before = pd.Series(minutes + gaps).groupby([interviewer.to_numpy(), day.to_numpy()]).cumsum()
    since = before.to_numpy() - minutes - gaps
    start = day + pd.Timedelta(hours=8) + pd.to_timedelta(since + rng.uniform(0, 10), unit="min")
    planted = assumptions.stream("fieldwork faults", year, district)
    if planted.random() < assumed.rushing:
        rushed = (member == planted.integers(len(crew))) & (planted.random(count) < 0.1)
        minutes = np.where(rushed, minutes * RUSH, minutes)
    if planted.random() < assumed.night:
        row = planted.integers(count)
        start.iloc[row] = day.iloc[row] + NIGHT
    end = start + pd.to_timedelta(minutes, unit="min")
    sent = end + pd.to_timedelta(rng.uniform(1, 240, count), unit="min")
    release = day.min() + (day.max() - day.min()) * assumed.second_form
    version = np.where(day >= release, f"{year}.2", f"{year}.1")
    if planted.random() < assumed.old_form:
        version[(member == planted.integers(len(crew))) & (day >= release).to_numpy()] = f"{year}.1"
    (south, north), (west, east) = PROVINCE
    latitude, longitude = rng.uniform(south, north, count), rng.uniform(west, east, count)
    accuracy = rng.uniform(3, 15, count)
    serial = [f"{number:04d}" for number in range(1, count + 1)]
    given = {
        "submission": [
            f"uuid:{bytes(part.tolist()).hex()}" for part in rng.integers(0, 256, (count, 16))
        ],
        "started_at": start.dt.strftime(TIME_FORM),
        "ended_at": end.dt.strftime(TIME_FORM),
        "submitted_at": sent.dt.strftime(TIME_FORM),
        "form_version": version,
        "is_replacement": (rng.random(count) < assumed.replaced).astype(int),
        "device": [f"MAY{code_of(district)}-{number + 1:02d}" for number in member],
        "gps_point": [
            f"{north:.5f} {east:.5f} 0 {metres:.0f}"
            for north, east, metres in zip(latitude, longitude, accuracy, strict=True)
        ],
        "respondent_name": [f"Người trả lời mẫu {number}" for number in serial],
        "respondent_phone": [f"0000 00{number}" for number in serial],
        "respondent_address": [f"Địa chỉ mẫu số {number}" for number in serial],
        "interviewer_name": [f"Điều tra viên mẫu {number + 1}" for number in member],
    }
    columns = {header[name]: _cells(values) for name, values in given.items()}
    return pd.concat([rows, pd.DataFrame(columns, index=rows.index)], axis=1)


def ask_again(
    rows: pd.DataFrame,
    questionnaire: Questionnaire,
    year: int,
    district: str,
    assumptions: SampleAssumptions,
) -> pd.DataFrame:
    """Back-checks: some interviews of every interviewer, a few questions asked again.

    Most answers are the same; a few differ, as memory does. Returns workbook headers.
    """
    header = {name: column for column, name in questionnaire.known_headers().items()}
    assumed, rng = assumptions.fieldwork, assumptions.stream("back-checks", year, district)
    own = rows[rows[header[AGAIN]].notna()]
    chosen = own.groupby(own[header["interviewer"]].astype(str), group_keys=False).sample(
        frac=assumed.checked_again, random_state=rng
    )
    everyone = questionnaire.questions[questionnaire.questions["asked_if"] == ""]
    asked = everyone.iloc[np.sort(rng.choice(len(everyone), assumed.questions_again, False))]
    again = chosen.sort_index()[[header[AGAIN], *asked["column"]]].copy()
    for question in asked.itertuples(index=False):
        codes = questionnaire.codes(question.answers, "valid")
        other = rng.choice(codes, len(again))
        differs = rng.random(len(again)) < assumed.differing
        again[question.column] = again[question.column].where(
            ~differs, pd.Series(other.tolist(), index=again.index, dtype=object)
        )
    return again.reset_index(drop=True)


def _cells(values: object) -> pd.Series:
    """Plain Python values, as the workbook's writer takes them."""
    return pd.Series(np.asarray(values).tolist(), dtype=object)
