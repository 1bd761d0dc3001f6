"""Back-checks: what a second interviewer was told when some questions were asked again.
Not here: reading their files (dgi.ingest), or how many differences are too many."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.measures import Measured, list_measured, not_taken, sort_interviews
from dgi.fieldwork.values import clean, read_codes


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


def measure_back_check_questions(
    responses: pd.DataFrame, back_checks: pd.DataFrame, min_pairs: int = 10
) -> Measured:
    """Share of pairs that differ, by question: of those with `min_pairs` pairs or more."""
    differs = compare_back_checks(responses, back_checks)
    share = differs.mean()[differs.notna().sum() >= min_pairs]
    if share.empty:
        return not_taken("no_back_checks")
    return list_measured(share, question=share.index.to_series())


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
