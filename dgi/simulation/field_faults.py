"""Habits of interviewers and slips of the office, planted in a simulated delivery and listed.
Not here: how often they come (data/sample), the slips of single cells (simulate), what finds them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire, parse_condition
from dgi.facts.surveys import SurveyRow
from dgi.simulation.assumptions import SampleAssumptions
from dgi.simulation.fieldwork import TIME_FORM

PLANTED_COLUMNS = ["district", "fault", "row", "respondent_id", "interviewer"]
SCALE_CODES = 3  # an answer list with as many valid codes has a middle to tick
FURTHEST_DAYS = 9  # after the last day of fieldwork
ENDS = (18, 30, 45, 60, 70)  # a heaped age stays in its age group, so no weight moves
HARD_SPACE = "\N{NO-BREAK SPACE}"
CODED_TEXT, WORDED_TEXT = ("commune_code", "stratum", "psu"), (
    "respondent_name", "respondent_address", "interviewer_name")  # fmt: skip


def plant_faults(
    rows: pd.DataFrame,
    untouched: np.ndarray,
    questionnaire: Questionnaire,
    survey: SurveyRow,
    district: str,
    assumptions: SampleAssumptions,
) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """The rows of one district with the faults its streams draw, and which row shows which fault.

    `rows`: workbook headers, fieldwork and persons included; `untouched`: bool, rows without a
    fault of a single cell, of which rows are taken. Each fault has its own stream: switching one
    on or off moves no other. Age groups, skips, ids and design stay as they are.
    """
    scene = _Scene(rows.copy(), questionnaire, survey)
    assumed = assumptions.faults
    free = np.flatnonzero(untouched)
    planted: list[tuple[str, int]] = []
    for fault, plant in KINDS.items():
        rng = assumptions.stream("field fault", fault, survey.survey_year, district)
        if rng.random() >= getattr(assumed, fault).chance:
            continue
        own = plant(scene, free, rng, getattr(assumed, fault))
        planted += [(fault, int(row)) for row in own]
        if fault in OF_FEW_ROWS:
            free = np.setdiff1d(free, own)
    return scene.frame, planted


class _Scene:
    """The rows of one district and what is known of their columns."""

    def __init__(self, frame: pd.DataFrame, questionnaire: Questionnaire, survey: SurveyRow):
        self.frame = frame
        self.questionnaire = questionnaire
        self.survey = survey
        self.header = {name: column for column, name in questionnaire.known_headers().items()}

    @cached_property
    def opinions(self) -> pd.DataFrame:
        """Questions that no other depends on, so that a changed answer opens or closes none."""
        questions = self.questionnaire.questions
        conditions = [parse_condition(text) for text in questions["asked_if"]]
        filters = {condition[0] for condition in conditions if condition}
        return questions[~questions["question"].isin(filters)]

    def has(self, *names: str) -> list[str]:
        return [self.header[name] for name in names if self.header.get(name) in self.frame]

    def of_one_interviewer(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Those of the rows that one interviewer, drawn among all, has asked."""
        who = self.frame[self.header["interviewer"]].to_numpy(str)
        return rows[who[rows] == rng.choice(np.unique(who))]

    def answered(self, row: int) -> pd.DataFrame:
        """The opinions to which a row holds an answer."""
        given = self.frame.loc[row, list(self.opinions["column"])].notna()
        return self.opinions[given.to_numpy()]


def _copy(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, assumed) -> np.ndarray:
    """Forms filled in from earlier ones of the same interviewer, a few answers changed."""
    own = scene.of_one_interviewer(rows, rng)
    pairs = min(assumed.rows, len(own) // 2)
    drawn = rng.permutation(own)[: 2 * pairs].reshape(2, pairs)
    sources, copies = drawn.min(axis=0), drawn.max(axis=0)
    columns = list(scene.questionnaire.questions["column"])
    scene.frame.loc[copies, columns] = scene.frame.loc[sources, columns].to_numpy(object)
    for copy in copies:
        answered = scene.answered(copy)
        size = max(1, round(assumed.share * len(answered)))
        for place in rng.choice(len(answered), size, replace=False):
            question = answered.iloc[place]
            others = [code for code in scene.questionnaire.codes(question["answers"], "valid")
                      if code != scene.frame.at[copy, question["column"]]]  # fmt: skip
            scene.frame.at[copy, question["column"]] = int(rng.choice(others))
    return copies


def _answer_alike(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, assumed) -> np.ndarray:
    """Interviews in which every scale is ticked at one place."""
    drawn = rng.choice(rows, min(assumed.rows, len(rows)), replace=False)
    for row in drawn:
        for question in scene.answered(row).itertuples(index=False):
            codes = scene.questionnaire.codes(question.answers, "valid")
            if len(codes) >= SCALE_CODES:
                scene.frame.at[row, question.column] = codes[len(codes) // 2]
    return drawn


def _leave_blank(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, assumed) -> np.ndarray:
    """Interviews of one interviewer in which questions were passed over."""
    own = scene.of_one_interviewer(rows, rng)
    drawn = rng.choice(own, min(assumed.rows, len(own)), replace=False)
    for row in drawn:
        answered = scene.answered(row)["column"].to_numpy(str)
        blank = rng.choice(answered, round(assumed.share * len(answered)), replace=False)
        scene.frame.loc[row, list(blank)] = None
    return drawn


def _round_ages(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, _) -> np.ndarray:
    """All ages that one interviewer wrote down end in 0 or 5."""
    column = scene.header["age"]
    own = scene.of_one_interviewer(rows, rng)
    age = scene.frame[column].iloc[own].to_numpy(int)
    group = np.searchsorted(ENDS[1:-1], age, side="right")
    first = np.take(ENDS, group)
    last = np.take(ENDS, group + 1) - (group < len(ENDS) - 2)
    heaped = (age + 2) // 5 * 5
    heaped = np.where(heaped < first, heaped + 5, np.where(heaped > last, heaped - 5, heaped))
    scene.frame.loc[own, column] = np.array(heaped.tolist(), dtype=object)
    return own[heaped != age]


def _come_late(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, assumed) -> np.ndarray:
    """Interviews some days after the fieldwork had ended."""
    drawn = rng.choice(rows, min(assumed.rows, len(rows)), replace=False)
    column = scene.header["interview_date"]
    for row, days in zip(drawn, rng.integers(1, FURTHEST_DAYS + 1, len(drawn)), strict=True):
        day = scene.survey.fieldwork_end + timedelta(days=int(days))
        moved = pd.Timestamp(day) - pd.to_datetime(scene.frame.at[row, column], format="%d/%m/%Y")
        scene.frame.at[row, column] = day.strftime("%d/%m/%Y")
        for header in scene.has("started_at", "ended_at", "submitted_at"):
            time = pd.to_datetime(scene.frame.at[row, header], format=TIME_FORM) + moved
            scene.frame.at[row, header] = time.strftime(TIME_FORM)
    return drawn


def _write_commas(scene: _Scene, rows: np.ndarray, rng: np.random.Generator, _) -> np.ndarray:
    """Probabilities as text with a decimal comma, as an office program set to Vietnamese does."""
    for header in scene.has("commune_prob", "village_prob"):
        scene.frame[header] = [f"{value:.6f}".replace(".", ",") for value in scene.frame[header]]
    return np.arange(len(scene.frame))


def _spell_loosely(
    scene: _Scene, rows: np.ndarray, rng: np.random.Generator, assumed
) -> np.ndarray:
    """Hard spaces behind codes, and Vietnamese letters with their marks apart (NFD)."""
    drawn = rng.choice(rows, min(assumed.rows, len(rows)), replace=False)
    for header in scene.has(*CODED_TEXT):
        scene.frame.loc[drawn, header] = scene.frame.loc[drawn, header] + HARD_SPACE
    for header in scene.has(*WORDED_TEXT):
        scene.frame.loc[drawn, header] = [
            unicodedata.normalize("NFD", word) for word in scene.frame.loc[drawn, header]
        ]
    return drawn


Plant = Callable[..., np.ndarray]
KINDS: dict[str, Plant] = {
    "copied": _copy,
    "answered_alike": _answer_alike,
    "left_blank": _leave_blank,
    "outside_fieldwork": _come_late,
    "loose_spelling": _spell_loosely,
    "rounded_ages": _round_ages,
    "decimal_commas": _write_commas,
}
OF_FEW_ROWS = ("copied", "answered_alike", "left_blank", "outside_fieldwork")


def list_planted(
    district: str, rows: pd.DataFrame, planted: list[tuple[str, int]], questionnaire: Questionnaire
) -> pd.DataFrame:
    """PLANTED_COLUMNS: each fault and row (position in `rows`), with its id and interviewer."""
    header = {name: column for column, name in questionnaire.headers().items()}
    table = pd.DataFrame(planted, columns=["fault", "row"]).astype({"fault": str, "row": int})
    own = rows.iloc[table["row"]]
    return table.assign(
        district=district,
        respondent_id=own[header["respondent_id"]].to_numpy(),
        interviewer=own[header["interviewer"]].to_numpy(),
    ).sort_values(["fault", "row"], ignore_index=True)[PLANTED_COLUMNS]
