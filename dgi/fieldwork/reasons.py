"""Why an answer is no valid answer: one reason for each, from a closed list.
Not here: the reasons' names and meanings in words (data/labels/missing_reasons.csv)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.fieldwork.values import KINDS, Answers

REASONS = ("dont_know", "refused", "not_asked", "not_selected", "left_blank", "unreadable",
           "unlisted", "suppressed")  # fmt: skip
MISSING_COLUMNS = ["survey_year", "district", "respondent_id", "question", "reason"]
NOT_ASKED = KINDS.index("not_asked")
# Kinds whose code stands in the responses: an answer, or a don't-know the index may count.
CODED = [KINDS.index(kind) for kind in ("valid", "dont_know", "refused", "not_selected")]


def reasons_of(answers: Answers, is_asked: np.ndarray, is_set_aside: np.ndarray) -> np.ndarray:
    """Position in KINDS of each answer once the skips are known; the kind 'valid' has no reason.

    `is_asked`: bool (n, questions), by the skips; `is_set_aside`: answers to questions that were
    not to be asked. A blank is left blank only where there was a question.
    """
    is_blank = answers.kinds == KINDS.index("left_blank")
    return np.where((is_blank & ~is_asked) | is_set_aside, NOT_ASKED, answers.kinds)


def list_missing(reasons: np.ndarray, respondents: pd.Series, questions: list[str]) -> pd.DataFrame:
    """One row per answer that is not valid: respondent_id, question, reason.

    `reasons`: (n, questions) positions in KINDS. Rows keep the order of respondents, then that of
    the questionnaire.
    """
    rows, columns = np.nonzero(reasons != KINDS.index("valid"))
    return pd.DataFrame(
        {
            "respondent_id": respondents.array.take(rows),
            "question": pd.array(questions, dtype="str").take(columns),
            "reason": pd.array(list(KINDS), dtype="str").take(reasons[rows, columns]),
        }
    )
