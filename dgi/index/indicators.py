"""What an answer is worth on the indicator set, and what two sets ask alike (method §4, §8).
Not here: the set itself (dgi.facts.indicator_sets), or the verdict on sums (dgi.change)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.differences import breaks_comparison, compare_indicators
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire


def indicator_values(
    responses: pd.DataFrame, indicators: pd.DataFrame, questionnaire: Questionnaire
) -> np.ndarray:
    """What each answer is worth: y_kj of method §4.

    `responses`: one row per respondent with question columns of codes (NA = not asked);
    `indicators`: indicator rows of the tree. Returns float (n, J): the value in
    [scale_min, scale_max], NaN where not asked, refused, or a don't-know that is missing.
    """
    lists = questionnaire.questions.set_index("question")["answers"]
    values = np.full((len(responses), len(indicators)), np.nan)
    for column, row in enumerate(indicators.itertuples(index=False)):
        parts = []
        for question in row.question.split(" "):
            codes = responses[question].to_numpy(dtype=float, na_value=np.nan)
            valid = np.isin(codes, questionnaire.codes(lists[question], "valid"))
            if row.measure == "mean":
                parts.append(np.where(valid, codes, np.nan))
                continue
            value = np.where(valid, np.isin(codes, row.good_answers).astype(float), np.nan)
            if row.dk == "counts_as_no":
                # "No" to a good thing is 0; where direction is -1 the counted answer is the bad
                # thing, and not knowing of it is not having met it: 0 as well.
                value[np.isin(codes, questionnaire.codes(lists[question], "dont_know"))] = 0.0
            parts.append(value)
        values[:, column] = np.sum(parts, axis=0)
    return values


def common_indicators(current: IndicatorSet, base: IndicatorSet) -> list[str]:
    """Keys of indicators asked, answered, scored and based alike in both versions (method §8)."""
    differences = compare_indicators(current, base)
    return [key for key, own in differences.items() if not breaks_comparison(own)]
