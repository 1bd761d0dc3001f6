"""Responses typed by the questionnaire, and the rows and answers set aside with rule and reason.
Not here: reading a text (values.py), repeated interviews (repeats.py), weights, or the index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.facts.units import Units
from dgi.fieldwork.reasons import CODED, MISSING_COLUMNS, list_missing, reasons_of
from dgi.fieldwork.rejections import SetAside
from dgi.fieldwork.repeats import KEYS, find_copies, linked_interviews
from dgi.fieldwork.values import KINDS, Answers, Reading, read_answers, read_column

AGE_GROUPS = (("18-29", 18, 29), ("30-44", 30, 44), ("45-59", 45, 59), ("60-70", 60, 70))
WORDS = {"area": {1: "urban", 2: "rural"}, "sex": {1: "male", 2: "female"}}


@dataclass(frozen=True)
class TypedResponses:
    """One delivery typed.

    `responses`: one row per interview kept, sorted by respondent_id; `rejected`: one row per
    interview (scope row or duplicate) or value (scope answer) set aside; `missing`: one row per
    answer of a kept interview that is no valid answer, with its reason.
    """

    responses: pd.DataFrame
    rejected: pd.DataFrame
    missing: pd.DataFrame


def age_groups(age: pd.Series) -> pd.Series:
    """Age group label of each age in completed years; NA outside 18-70."""
    labels = pd.Series(pd.NA, index=age.index, dtype="str")
    for label, low, high in AGE_GROUPS:
        labels[(age >= low) & (age <= high)] = label
    return labels


def fieldwork_columns(questionnaire: Questionnaire) -> pd.DataFrame:
    """Rows of the columns an interview may carry and that are not of persons."""
    return questionnaire.carried[questionnaire.carried["role"] != "identity"]


def type_responses(
    raw: pd.DataFrame,
    questionnaire: Questionnaire,
    survey: SurveyRow,
    units: Units,
    district: str,
) -> TypedResponses:
    """Type the raw rows of one district-year.

    `raw`: one row per interview, text by the questionnaire's names (columns of fieldwork where
    delivered), plus _file, _sheet, _row, is_sample, and is_corrected and is_withdrawn where
    corrections were applied. Every row is in responses or in rejected, with scope 'row' or
    'duplicate', never both; a value set aside is a rejected row with scope 'answer' and is
    missing in responses. The order of rows and columns changes nothing.
    """
    frame = _with_all_columns(raw, questionnaire)
    aside = SetAside(frame)
    aside.reject(frame["is_withdrawn"], "interview_was_withdrawn", "")
    design = _read(frame, questionnaire.fixed, questionnaire)
    fieldwork = _read(frame, fieldwork_columns(questionnaire), questionnaire)
    answers = read_answers(frame[list(questionnaire.questions["question"])], questionnaire)

    keys = frame[[name for name in KEYS if name in frame]]
    interviews = linked_interviews(keys.where(aside.open_rows, ""))
    content = {name: read for name, read in design.items() if name not in KEYS}
    copies = find_copies(frame, interviews, content, fieldwork, answers)
    aside.reject(copies, "interview_was_delivered_twice", "respondent_id", "duplicate")
    _reject_unsound(aside, design, questionnaire, survey, units, district)
    # Last, so that of several interviews with one id the only sound one is kept.
    contested = interviews.where(aside.open_rows).duplicated(keep=False)
    aside.reject(contested, "respondent_id_is_contested", "respondent_id")

    for name, read in fieldwork.items():
        aside.drop_values(read.is_unreadable | read.is_outside, "value_is_in_range", name)
    codes, reasons = _settle(answers, questionnaire, aside)

    kept = frame["respondent_id"][aside.open_rows].sort_values().index
    responses = pd.DataFrame(
        {
            "survey_year": np.full(len(kept), survey.survey_year),
            "district": pd.array([district], dtype="str").take(np.zeros(len(kept), dtype=int)),
            **{name: _worded(name, read).loc[kept].array for name, read in design.items()},
        }
    )
    responses["age_group"] = age_groups(responses["age"])
    for name in ("is_sample", "is_corrected"):
        responses[name] = frame.loc[kept, name].array
    for name, read in fieldwork.items():
        responses[name] = _worded(name, read).mask(read.is_outside).loc[kept].array
    columns = {name: _whole(codes[kept, n]) for n, name in enumerate(_questions(questionnaire))}
    responses = pd.concat([responses, pd.DataFrame(columns, index=responses.index)], axis=1)
    missing = list_missing(
        reasons[kept], responses["respondent_id"], _questions(questionnaire)
    ).assign(survey_year=survey.survey_year, district=district)
    rejected = aside.table(survey.survey_year, district)
    return TypedResponses(responses, rejected, missing[MISSING_COLUMNS])


def _questions(questionnaire: Questionnaire) -> list[str]:
    return list(questionnaire.questions["question"])


def _with_all_columns(raw: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """The raw rows with every column that may be delivered, blank where it was not."""
    frame = raw.reset_index(drop=True)
    absent = {name: "" for name in fieldwork_columns(questionnaire)["name"] if name not in frame}
    unsaid = {name: False for name in ("is_corrected", "is_withdrawn") if name not in frame}
    frame = frame.assign(**unsaid, **absent)
    for name in KEYS:
        if name in frame:
            frame[name] = frame[name].fillna("").astype("str").str.strip()
    flags = ["is_sample", "is_corrected", "is_withdrawn"]
    return frame.astype(dict.fromkeys(flags, bool))


def _read(
    frame: pd.DataFrame, columns: pd.DataFrame, questionnaire: Questionnaire
) -> dict[str, Reading]:
    return {
        column.name: read_column(frame[column.name], column, questionnaire)
        for column in columns.itertuples(index=False)
    }


def _reject_unsound(
    aside: SetAside,
    design: dict[str, Reading],
    questionnaire: Questionnaire,
    survey: SurveyRow,
    units: Units,
    district: str,
) -> None:
    """Set aside the rows that break a rule of their own, by the first rule in this order."""
    aside.reject(design["respondent_id"].is_blank, "respondent_id_is_given", "respondent_id")
    for name, read in design.items():
        aside.reject(read.values.isna(), "required_value_is_readable", name)
        aside.reject(read.is_outside, "value_is_in_range", name)
    communes = units.communes_on(survey.reference_date)
    own = set(communes.loc[communes["district"] == district, "commune_code"])
    foreign = ~design["commune_code"].values.isin(own)
    aside.reject(foreign, "commune_is_in_the_district", "commune_code")


def _settle(
    answers: Answers, questionnaire: Questionnaire, aside: SetAside
) -> tuple[np.ndarray, np.ndarray]:
    """Codes that stand (NaN where none) and the reason of each answer, once skips are followed."""
    names = _questions(questionnaire)
    codes = np.where(np.isin(answers.kinds, CODED), answers.codes, np.nan)
    set_aside = np.zeros(codes.shape, dtype=bool)
    while True:
        asked = questionnaire.is_asked(pd.DataFrame(codes, columns=names)).to_numpy()
        # A follow-up of an answer that is itself set aside was not to be asked either.
        more = ~np.isnan(codes) & ~asked
        if not more.any():
            break
        set_aside |= more
        codes = np.where(more, np.nan, codes)
    # An option left unticked because nobody read it out is no answer, so there is no fault.
    answered = set_aside & (answers.kinds != KINDS.index("not_selected"))
    wrong = np.isin(answers.kinds, [KINDS.index("unreadable"), KINDS.index("unlisted")])
    for rule, faults in (("answer_is_in_the_list", wrong), ("answer_was_to_be_asked", answered)):
        for number in np.flatnonzero(faults.any(axis=0)):
            aside.drop_values(pd.Series(faults[:, number]), rule, names[number])
    return codes, reasons_of(answers, asked, set_aside)


def _worded(name: str, read: Reading) -> pd.Series:
    """Values of a column, codes that name something in plain words."""
    return read.values.map(WORDS[name]).astype("str") if name in WORDS else read.values


def _whole(codes: np.ndarray) -> pd.arrays.IntegerArray:
    """Codes as nullable 32-bit integers; NaN becomes NA."""
    absent = np.isnan(codes)
    return pd.arrays.IntegerArray(np.where(absent, 0, codes).astype(np.int32), absent)


def answer_profile(responses: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """How each question was answered, in shares only.

    One row per question: question, asked_n, unlisted_n (codes outside the list),
    unasked_n (answers where the skip says none), missing_share, dont_know_share and
    refused_share of those asked (0 where nobody was).
    """
    questions = questionnaire.questions
    codes = responses[list(questions["question"])].astype(float)
    asked = questionnaire.is_asked(codes).to_numpy()
    table = codes.to_numpy()
    given = ~np.isnan(table)

    def among(kind: str | None) -> np.ndarray:
        lists = [questionnaire.codes(answers, kind) for answers in questions["answers"]]
        return np.column_stack([np.isin(table[:, n], own) for n, own in enumerate(lists)])

    size = np.maximum(asked.sum(axis=0), 1)
    return pd.DataFrame(
        {
            "question": questions["question"].to_numpy(),
            "asked_n": asked.sum(axis=0),
            "unlisted_n": (given & ~among(None)).sum(axis=0),
            "unasked_n": (given & ~asked).sum(axis=0),
            "missing_share": (asked & ~given).sum(axis=0) / size,
            "dont_know_share": (asked & among("dont_know")).sum(axis=0) / size,
            "refused_share": (asked & among("refused")).sum(axis=0) / size,
        }
    )
