"""Belongs here: typed interviews of one district with their times, for the tests of fieldwork.
Does not belong here: delivered text (survey_builders.py), or what must be true of a measure."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import survey_builders

from dgi.facts.questionnaire import Questionnaire

FIRST, LAST = date(2019, 8, 15), date(2019, 11, 15)
HOURS = ("started_at", "ended_at", "submitted_at")
LISTS = {"five": range(1, 6), "yes_no": range(2), "source": range(1, 4)}
SCALES = pd.DataFrame(
    [
        (answers, str(code), kind, "", label_vi, label_en)
        for answers, codes in LISTS.items()
        for code, kind, label_vi, label_en in [
            *((code, "valid", f"mức {code}", f"level {code}") for code in codes),
            (888, "dont_know", "Không biết", "Don't know"),
            (999, "refused", "Từ chối trả lời", "Refused"),
        ]
    ],
    columns=["answers", "code", "kind", "also", "label_vi", "label_en"],
)
SCALES.loc[(SCALES["answers"] == "source") & (SCALES["code"] == "3"), ["label_vi", "label_en"]] = (
    "Nguồn khác", "Another source",
)  # fmt: skip


def form(lists: str = "five " * 30) -> Questionnaire:
    """Questions q0, q1, ... of one section, each with the answer list named at its place."""
    questions = pd.DataFrame(
        [(f"q{n}", f"C{n}", answers, "") for n, answers in enumerate(lists.split())],
        columns=["question", "column", "answers", "asked_if"],
    ).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")
    return Questionnaire.from_tables("form", questions, SCALES, survey_builders.FIXED)


def answers_at_random(count: int, questionnaire: Questionnaire, seed: int = 1) -> pd.DataFrame:
    """Valid answers to every question, each as likely as the next; nullable 32-bit integers."""
    draw = np.random.default_rng(seed)
    lists = questionnaire.questions.set_index("question")["answers"]
    return pd.DataFrame(
        {
            name: pd.array(draw.choice(questionnaire.codes(own, "valid"), count), dtype="Int32")
            for name, own in lists.items()
        }
    )


def interviews(
    count: int, questionnaire: Questionnaire | None = None, seed: int = 1, **cells
) -> pd.DataFrame:
    """Sound typed responses: four interviews an interviewer and day, an hour apart, 40 minutes.

    `cells` by column name, one value or one per row.
    """
    number = np.arange(count)
    day = pd.Timestamp(FIRST) + pd.to_timedelta(number // 8, unit="D")
    start = day + pd.to_timedelta(8 + number // 2 % 4, unit="h")
    frame = pd.DataFrame(
        {
            "respondent_id": pd.array([f"{n:016x}" for n in number], dtype="str"),
            "interview_date": day.astype("datetime64[us]"),
            "commune_code": pd.array([f"{6649 + n // 16:05}" for n in number], dtype="str"),
            "village_code": pd.array([f"06649-{n // 8:02}" for n in number], dtype="str"),
            "interviewer": pd.array([f"DTV{n % 2}" for n in number], dtype="str"),
            "age": pd.array(18 + number * 7 % 53, dtype="Int64"),
            "started_at": start.astype("datetime64[us]"),
            "ended_at": (start + pd.Timedelta(minutes=40)).astype("datetime64[us]"),
            "submitted_at": (start + pd.Timedelta(minutes=50)).astype("datetime64[us]"),
            "form_version": pd.array(["v1"] * count, dtype="str"),
            "device": pd.array([f"M{n % 2}" for n in number], dtype="str"),
            "submission": pd.array([f"uuid:{n}" for n in number], dtype="str"),
        }
    )
    frame = pd.concat([frame, answers_at_random(count, questionnaire or form(), seed)], axis=1)
    return frame.assign(**cells)


def set_cells(frame: pd.DataFrame, row: int, **cells) -> pd.DataFrame:
    """A copy with some cells of one row changed."""
    changed = frame.copy()
    for name, value in cells.items():
        changed.loc[row, name] = pd.Timestamp(value) if name in HOURS else value
    return changed


def without(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """As a delivery without these columns is typed: they are there, and hold nothing."""
    return frame.assign(**{name: frame[name].where(np.zeros(len(frame), bool)) for name in names})


def shuffle(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows in another order, under the labels they had."""
    return frame.sample(frac=1, random_state=seed)
