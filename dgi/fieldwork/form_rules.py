"""Delivered answers against the year's form: what was not to be asked, is missing, out of bounds.
Not here: how a condition is evaluated (dgi.facts.form_checks), or reading a form (dgi.ingest)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.form_checks import PARTS, FormRules, check_form, list_parts
from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.measures import Measured, list_measured, not_taken
from dgi.fieldwork.values import KINDS, clean, read_answers, read_column

PART_OF_KIND = {
    "answered_when_not_relevant": "relevant",
    "blank_when_required": "required",
    "constraint_broken": "constraint",
}
TODAY = re.compile(r"\btoday\(\s*\)")
UNREADABLE = KINDS.index("unreadable")
BLANK_KINDS = [KINDS.index(kind) for kind in ("left_blank", "not_asked")]
REASON_KINDS = [KINDS.index(kind) for kind in ("dont_know", "refused")]
# Codes by which the delivery itself says why there is no answer: no interviewer's fault.
EXPLAINED = [KINDS.index(kind) for kind in ("not_asked", "not_selected", "suppressed")]
RULE_TABLE_COLUMNS = ["question", "part", "expression", "is_evaluable", "piece", "why_not"]


@dataclass(frozen=True)
class JudgedForm:
    """One district-year held against its form.

    `faults`: respondent_id, interviewer, question, kind; `interviews_n`: interviews judged;
    `questions_n`: by kind, the questions that could be judged.
    """

    faults: pd.DataFrame
    interviews_n: int
    questions_n: Mapping[str, int]


def judge_form(
    form_rules: FormRules,
    delivered: pd.DataFrame,
    responses: pd.DataFrame,
    rejected: pd.DataFrame,
    questionnaire: Questionnaire,
) -> JudgedForm:
    """Hold the interviews that were kept against the form, as they were delivered and corrected.

    `delivered`: text by the questionnaire's names, with _file and _row; `rejected`: file, row,
    scope, column of what was set aside. What was set aside is told already: an interview that is
    not kept is not judged, and a cell that was set aside has no fault of the form besides.
    """
    kept = _keep(delivered, responses, rejected)
    answers, explained = type_answers(kept, questionnaire, form_rules.spellings)
    rules = _on_the_day(form_rules.rules, answers)
    violations, unread = check_form(rules, answers)
    parents = questionnaire.options()
    is_told = _is_set_aside(violations, kept, rejected, parents)
    found = violations[~is_told & ~_is_explained(violations, explained)]
    first = {parent: next(iter(options.values())) for parent, options in parents.items()}
    interviewers = responses.set_index("respondent_id")["interviewer"]
    ids = kept.loc[found["row"], "respondent_id"]
    faults = pd.DataFrame(
        {
            "respondent_id": ids.array,
            "interviewer": ids.map(interviewers).array,
            "question": found["question"].replace(first).array,
            "kind": found["kind"].array,
        }
    )
    return JudgedForm(faults, len(kept), _count_judged(rules, unread))


def measure_form_faults(judged: JudgedForm, kind: str) -> Measured:
    """1 for each answer with a fault of one kind, by interview and question.

    `kind`: of `check_form`. Base: interviews x questions that could be judged.
    """
    if not judged.interviews_n:
        return not_taken("no_interviews")
    if not judged.questions_n[kind]:
        return not_taken("no_form_rules")
    own = judged.faults[judged.faults["kind"] == kind]
    listed = list_measured(
        np.ones(len(own)),
        respondent_id=own["respondent_id"],
        interviewer=own["interviewer"],
        question=own["question"],
    )
    return replace(listed, base=judged.interviews_n * judged.questions_n[kind])


def type_answers(
    delivered: pd.DataFrame, questionnaire: Questionnaire, spellings: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Delivered answers as a form's conditions read them, and what the delivery explains itself.

    Returns, a row per row of `delivered`: text by column: codes by their number (or the form's
    name of them), numbers and days as the form writes them, as delivered where they cannot be
    read, '' where blank; of a question with several answers, under its own name, the options
    ticked, parted by spaces. And bool by question: a code says why there is no answer. Columns
    of persons and keys are not among them, nor columns that were not delivered.
    """
    names = {
        question: dict(zip(own["code"], own["name"], strict=True))
        for question, own in spellings.groupby("question")
    }
    typed: dict[str, Any] = {}
    for column in _open_columns(questionnaire).itertuples(index=False):
        if column.name in delivered:
            read = read_column(delivered[column.name], column, questionnaire)
            written = _write_column(read.values, column.type, names.get(column.name, {}))
            is_lost = read.is_unreadable.to_numpy(bool)
            words = clean(delivered[column.name]).to_numpy(object) if is_lost.any() else ""
            typed[column.name] = np.where(is_lost, words, written)
    asked = [name for name in questionnaire.questions["question"] if name in delivered]
    chosen = questionnaire.questions[questionnaire.questions["question"].isin(asked)]
    answers = read_answers(delivered[asked], replace(questionnaire, questions=chosen))
    is_blank = np.isin(answers.kinds, BLANK_KINDS)
    unreadable = answers.kinds == UNREADABLE
    codes = np.where(is_blank | unreadable, np.nan, answers.codes)
    for number, name in enumerate(asked):
        written = _write_numbers(codes[:, number], names.get(name, {}))
        is_lost = unreadable[:, number]
        words = clean(delivered[name]).to_numpy(object) if is_lost.any() else ""
        typed[name] = np.where(is_lost, words, written)
    for parent, options in questionnaire.options().items():
        if set(options.values()) <= set(asked):
            at = [asked.index(question) for question in options.values()]
            typed[parent] = _join_options(list(options), answers.codes[:, at], answers.kinds[:, at])
    explained = pd.DataFrame(np.isin(answers.kinds, EXPLAINED), columns=asked)
    return pd.DataFrame(typed, index=delivered.index, dtype="str"), explained


def list_form_rules(form_rules: FormRules, questionnaire: Questionnaire) -> pd.DataFrame:
    """Every rule of a form, and whether it can be evaluated over delivered answers.

    RULE_TABLE_COLUMNS: why_not is '' where it can be; else not_understood, no_column (the piece
    is no column of the questionnaire) or kept_apart (it is a key, or kept with the identities).
    """
    columns = [*_open_columns(questionnaire)["name"], *questionnaire.questions["question"]]
    nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    answers, _ = type_answers(nothing, questionnaire, form_rules.spellings)
    _, unread = check_form(_on_the_day(form_rules.rules, answers), answers)
    table = list_parts(form_rules.rules).merge(
        unread[["question", "part", "piece"]], on=["question", "part"], how="left"
    )
    is_evaluable = table["piece"].isna()
    piece = table["piece"].fillna("")
    named = piece.str.strip("${} ").str.split("/").str[-1]
    apart = questionnaire.names("identity") + questionnaire.names("key")
    is_name = piece.str.startswith(("${", "../", "/")) | (piece == table["question"])
    why_not = np.where(is_name, np.where(named.isin(apart), "kept_apart", "no_column"),
                       "not_understood")  # fmt: skip
    why_not = np.where(is_evaluable, "", why_not)
    table = table.assign(is_evaluable=is_evaluable, piece=piece, why_not=why_not)
    return table[RULE_TABLE_COLUMNS]


def _open_columns(questionnaire: Questionnaire) -> pd.DataFrame:
    """Rows of the columns that are neither of persons nor keys: a key comes as a pseudonym."""
    both = pd.concat([questionnaire.fixed, questionnaire.carried], ignore_index=True)
    return both[~both["role"].isin(["identity", "key"])]


def _on_the_day(rules: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """The rules with today() as it was on the tablet: the day of each interview."""
    if "interview_date" not in answers:
        return rules
    dated = rules[list(PARTS)].apply(
        lambda part: part.str.replace(TODAY, lambda _: "${interview_date}", regex=True)
    )
    return rules.assign(**dated)


def _write_column(values: pd.Series, kind: str, names: Mapping[int, str]) -> np.ndarray:
    """Typed values as text, '' where there is none."""
    if kind == "text":
        return values.fillna("").to_numpy(object)
    if kind in ("date", "datetime"):
        day_or_moment = "%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%S"
        return values.dt.strftime(day_or_moment).fillna("").to_numpy(object)
    return _write_numbers(values.to_numpy(float, na_value=np.nan), names)


def _write_numbers(numbers: np.ndarray, names: Mapping[int, str]) -> np.ndarray:
    """Numbers as a form writes them, or by the name it has for a code; '' for NaN."""
    different, at = np.unique(numbers, return_inverse=True)
    words = [
        "" if np.isnan(one) else names.get(one, np.format_float_positional(one, trim="-"))
        for one in different
    ]
    return np.array(words, dtype=object)[at]


def _join_options(options: list[str], codes: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The options ticked, parted by spaces; the code of the reason where none was, and why.

    `codes`, `kinds`: as read, a column per option.
    """
    is_ticked = (kinds == KINDS.index("valid")) & (codes != 0)
    is_reason = np.isin(kinds, REASON_KINDS) & ~is_ticked.any(axis=1, keepdims=True)
    first = is_reason & (np.cumsum(is_reason, axis=1) == 1)
    joined = np.full(len(codes), "", dtype=object)
    for number, option in enumerate(options):
        reason = _write_numbers(np.where(first[:, number], codes[:, number], np.nan), {})
        joined = joined + np.where(is_ticked[:, number], f"{option} ", reason)
    return pd.Series(joined, dtype="str").str.strip().to_numpy(object)


def _keep(delivered: pd.DataFrame, responses: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """The delivered rows that became responses."""
    out = rejected.loc[rejected["scope"] != "answer", ["file", "row"]]
    places = pd.MultiIndex.from_frame(delivered[["_file", "_row"]])
    frame = delivered.assign(respondent_id=delivered["respondent_id"].astype("str").str.strip())
    is_known = frame["respondent_id"].isin(responses["respondent_id"])
    is_out = places.isin(pd.MultiIndex.from_frame(out))
    return frame[is_known & ~is_out].reset_index(drop=True)


def _is_set_aside(
    violations: pd.DataFrame,
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
    parents: Mapping[str, Mapping[str, str]],
) -> np.ndarray:
    """Whether the cell of each violation, or one option of it, was set aside already."""
    places = kept.loc[violations["row"], ["_file", "_row"]].reset_index(drop=True)
    cells = places.assign(column=violations["question"].array)
    told = rejected.loc[rejected["scope"] == "answer", ["file", "row", "column"]]
    of_option = {own: parent for parent, options in parents.items() for own in options.values()}
    of_parent = told.assign(column=told["column"].map(of_option)).dropna()
    return pd.MultiIndex.from_frame(cells).isin(
        pd.MultiIndex.from_frame(pd.concat([told, of_parent]))
    )


def _is_explained(cells: pd.DataFrame, explained: pd.DataFrame) -> np.ndarray:
    """Whether a code of the delivery itself says why the answer of a cell is none."""
    at = explained.columns.get_indexer(cells["question"])
    table = np.column_stack([explained.to_numpy(bool), np.zeros(len(explained), dtype=bool)])
    return table[cells["row"], at]  # position -1, of what is no coded question, is the last


def _count_judged(rules: pd.DataFrame, unread: pd.DataFrame) -> dict[str, int]:
    """By kind of fault, the questions whose rule could be evaluated."""
    stated = list_parts(rules).groupby("part")["question"].agg(set)
    lost = unread.groupby("part")["question"].agg(set)
    counts = {}
    for kind, part in PART_OF_KIND.items():
        judged = set(stated.get(part, set())) - set(lost.get(part, set()))
        if part == "required":  # of whom it is required hangs on who is asked
            judged -= set(lost.get("relevant", set()))
        counts[kind] = len(judged)
    return counts
