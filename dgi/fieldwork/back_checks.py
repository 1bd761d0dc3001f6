"""Back-checks: what a second interviewer was told when some questions were asked again.
Not here: reading their files (dgi.ingest), or how many differences are too many."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from dgi.errors import Fault
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.rows import FIRST_ROW, Key, Row, check_rows, check_unique, raise_faults
from dgi.fieldwork.measures import Measured, list_measured, not_taken, sort_interviews
from dgi.fieldwork.values import clean, read_codes

TYPES_WHERE = "data/questionnaires/back_check_types.csv"
TYPES_REPAIR = "Correct the cell; data/questionnaires/README.md says what each type means."
FACT, HARD, CHANGING = 1, 2, 3
"""Types of questions: answers that cannot change, are hard to get right, or may change."""


class BackCheckTypeRow(Row):
    """A question and what it says of an interview when the second answer is another."""

    question: Key
    back_check_type: Annotated[int, Field(ge=FACT, le=CHANGING)]


def check_back_check_types(table: pd.DataFrame, questions: Collection[str]) -> pd.DataFrame:
    """Type the table of types; `questions`: those of all questionnaires. Raises FactError."""
    rows = check_rows(table, BackCheckTypeRow, TYPES_WHERE, TYPES_REPAIR)
    faults = check_unique(rows, ["question"], TYPES_WHERE)
    for number, question in enumerate(rows["question"], start=FIRST_ROW):
        if question not in questions:
            faults.append(Fault(TYPES_WHERE, "no questionnaire asks this question", TYPES_REPAIR,
                                row=number, column="question", value=question))  # fmt: skip
    raise_faults(faults)
    return rows


def type_back_checks(raw: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Codes of the questions asked again, one row per respondent.

    `raw`: text as delivered, respondent_id and any questions. Codes that stand (valid, don't
    know, refused) as float, NaN where none; of several back-checks of one interview the first by
    file and row. Questions nobody was asked are left out.
    """
    rows = raw[raw["respondent_id"] != ""].sort_values(["_file", "_row"])
    rows = rows.drop_duplicates("respondent_id").sort_values("respondent_id", ignore_index=True)
    typed = {"respondent_id": rows["respondent_id"]}
    lists = questionnaire.questions.set_index("question")["answers"]
    for question in [name for name in lists.index if name in rows]:
        codes, _ = read_codes(clean(rows[question]), lists[question], questionnaire)
        listed = np.isin(codes, questionnaire.codes(lists[question]))
        if listed.any():
            typed[question] = pd.Series(np.where(listed, codes, np.nan))
    return pd.DataFrame(typed)


def compare_back_checks(responses: pd.DataFrame, back_checks: pd.DataFrame) -> pd.DataFrame:
    """Whether each question asked again was answered alike: 1.0 differs, 0.0 alike, NaN no pair.

    Index: respondent_id of those in both, sorted; a column per question of `back_checks`.
    """
    first = responses.set_index("respondent_id").sort_index()
    again = back_checks.set_index("respondent_id").sort_index()
    both = first.index.intersection(again.index)
    questions = list(again.columns)
    before = first.loc[both, questions].astype(float)
    after = again.loc[both, questions].astype(float)
    return before.ne(after).astype(float).where(before.notna() & after.notna())


def measure_back_check_differences(responses: pd.DataFrame, back_checks: pd.DataFrame) -> Measured:
    """Share of the questions asked again that were answered otherwise, by interview, 0-1."""
    differs = compare_back_checks(responses, back_checks)
    share = differs.mean(axis=1).dropna()
    if share.empty:
        return not_taken("no_back_checks")
    interviewer = responses.set_index("respondent_id")["interviewer"].loc[share.index]
    return list_measured(share, respondent_id=share.index.to_series(), interviewer=interviewer)


def measure_back_check_interviewers(
    responses: pd.DataFrame,
    back_checks: pd.DataFrame,
    back_check_types: pd.DataFrame,
    kind: int,
    min_pairs: int = 10,
) -> Measured:
    """Share of pairs that differ, by interviewer, 0-1, over the questions of one type.

    `kind`: 1 or 2. Only interviewers with `min_pairs` pairs or more, of all questions and
    interviews together, so that a single slip is no rate.
    Source: J-PAL and IPA, back-check manuals (types of questions); ipabcstats, t1vars and t2vars.
    """
    differs = _of_type(compare_back_checks(responses, back_checks), back_check_types, {kind})
    interviewer = responses.set_index("respondent_id")["interviewer"].loc[differs.index]
    different = differs.sum(axis=1).groupby(interviewer).sum()
    pairs = differs.notna().sum(axis=1).groupby(interviewer).sum()
    share = (different / pairs)[pairs >= max(min_pairs, 1)]
    if share.empty:
        return not_taken("no_back_checks" if back_checks.empty else "too_few_answers")
    return list_measured(share, interviewer=share.index.to_series())


def measure_back_check_questions(
    responses: pd.DataFrame,
    back_checks: pd.DataFrame,
    back_check_types: pd.DataFrame,
    kind: int = 0,
    min_pairs: int = 10,
) -> Measured:
    """Share of pairs that differ, by question: of those with `min_pairs` pairs or more.

    `kind`: 1, 2 or 3, questions of that type; 0, all but those of type 3, whose answers may
    change without anybody's mistake and are followed by themselves.
    """
    others = {FACT, HARD, 0}
    differs = _of_type(
        compare_back_checks(responses, back_checks), back_check_types, {kind} if kind else others
    )
    share = differs.mean()[differs.notna().sum() >= max(min_pairs, 1)]
    if share.empty:
        return not_taken("no_back_checks" if back_checks.empty else "too_few_answers")
    return list_measured(share, question=share.index.to_series())


def _of_type(
    differs: pd.DataFrame, back_check_types: pd.DataFrame, kinds: Collection[int]
) -> pd.DataFrame:
    """The questions of some types; 0 is the type of those that have none."""
    types = back_check_types.set_index("question")["back_check_type"]
    own = types.reindex(differs.columns).fillna(0).astype(int)
    return differs.loc[:, own.isin(kinds).to_numpy(bool)]


def measure_unmatched_back_checks(
    raw_back_checks: pd.DataFrame, delivered: pd.DataFrame
) -> Measured:
    """1 for a re-interview whose id no delivered interview bears, else 0.

    `other` says where it stands, file and row: an id that nobody bears leads nowhere. A
    re-interview of an interview that was delivered and set aside is matched.
    """
    if raw_back_checks.empty:
        return not_taken("no_back_checks")
    known = delivered["respondent_id"].astype("str").str.strip()
    ids = raw_back_checks["respondent_id"].fillna("").astype("str").str.strip()
    is_matched = (ids != "") & ids.isin(known)
    row = raw_back_checks["_row"].astype("str")
    return list_measured((~is_matched).astype(float), other=raw_back_checks["_file"] + ":" + row)


def measure_unchecked_share(responses: pd.DataFrame, back_checks: pd.DataFrame) -> Measured:
    """Share of the district's interviews that were not checked again, 0-1."""
    if responses.empty or back_checks.empty:
        return not_taken("no_back_checks")
    checked = responses["respondent_id"].isin(back_checks["respondent_id"])
    return list_measured([1 - float(checked.mean())])


def measure_unchecked_interviewers(responses: pd.DataFrame, back_checks: pd.DataFrame) -> Measured:
    """1 for an interviewer none of whose interviews was checked again, else 0."""
    if responses.empty or back_checks.empty:
        return not_taken("no_back_checks")
    rows = sort_interviews(responses)
    checked = rows["respondent_id"].isin(back_checks["respondent_id"])
    by_interviewer = checked.groupby(rows["interviewer"]).any()
    values = (~by_interviewer).astype(float)
    return list_measured(values, interviewer=by_interviewer.index.to_series())
