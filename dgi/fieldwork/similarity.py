"""Interviews that resemble one another too much: copies, near copies, repeated submissions.
Not here: rows delivered twice, which are set aside before this (repeats.py), or a verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.measures import (
    Measured,
    answer_codes,
    find_delivered,
    list_interviews,
    not_taken,
    sort_interviews,
)

# Interviews compared at once: three blocks of this many squared float32 stay below 50 MB.
BLOCK = 2048


def measure_best_match(
    responses: pd.DataFrame, questionnaire: Questionnaire, min_common: int = 20, within: str = ""
) -> Measured:
    """Share of answers that equal those of the most similar other interview, 0-1, by interview.

    Percent match of Kuriakose & Robbins (2016, Statistical Journal of the IAOS 32(3)), over the
    questions to which both interviews hold a code: a valid answer, don't know, refused, an
    option left unticked. What one of them was not asked or left blank counts neither way.
    Pairs with fewer than `min_common` such questions are not compared; an interview without any
    pair is not listed. `within`: a column; only interviews that share it are compared.
    A large share is no proof: it grows with few questions, short answer lists and like-minded
    villages (Pew Research Center 2016). `other` is the match, of equals the first by id.
    Adds common_n, same_interviewer, same_village. Blocks of one-hot rows, so memory is bounded.
    """

    def share(equal: np.ndarray, common: np.ndarray) -> np.ndarray:
        return np.divide(equal, common, out=equal)

    return _measure_pairs(responses, questionnaire, min_common, within, share, _share_columns)


def measure_fewest_differences(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    min_common: int = 20,
    within: str = "interviewer",
) -> Measured:
    """1/(1 + d), d the number of answers that differ from the nearest other interview.

    Soft duplicates as cleaningtools counts them, each interviewer's interviews among themselves;
    d differing answers are the threshold 1/(1 + d). Questions and pairs as in the best match.
    Adds differences, same_interviewer, same_village.
    """

    def nearness(equal: np.ndarray, common: np.ndarray) -> np.ndarray:
        return np.subtract(equal, common, out=equal)

    return _measure_pairs(
        responses, questionnaire, min_common, within, nearness, _difference_columns
    )


def measure_exact_copies(
    responses: pd.DataFrame, questionnaire: Questionnaire, min_answered: int = 20
) -> Measured:
    """Number of other interviews that answer every question the same, blanks included.

    Interviews with fewer than `min_answered` answers are not looked at. `other`: the first copy
    by id.
    """
    rows = sort_interviews(responses)
    codes = answer_codes(rows, questionnaire)
    answered = (~np.isnan(codes)).sum(axis=1) >= min_answered
    if answered.sum() < 2:
        return not_taken("no_interviews" if rows.empty else "too_few_interviews")
    rows, codes = rows[answered].reset_index(drop=True), codes[answered]
    # Equal bytes are equal answers once every NaN and zero is written one way.
    plain = np.ascontiguousarray(np.where(np.isnan(codes), np.inf, codes) + 0.0)
    _, same = np.unique(plain.view(f"V{plain.shape[1] * 8}").ravel(), return_inverse=True)
    return _list_sharing(rows, pd.Series(same, index=rows.index))


def measure_repeated_submissions(responses: pd.DataFrame) -> Measured:
    """Number of other interviews that bear the same submission id; `other`: the first by id."""
    rows = sort_interviews(responses)
    keys = find_delivered(rows, "submission").replace("", pd.NA)
    if keys.isna().all():
        return not_taken("no_interviews" if rows.empty else "no_submissions")
    given = keys.notna()
    return _list_sharing(rows[given], keys[given])


def measure_repeated_starts(responses: pd.DataFrame) -> Measured:
    """Number of other interviews begun on the same device at the same instant."""
    rows = sort_interviews(responses)
    devices, starts = find_delivered(rows, "device"), find_delivered(rows, "started_at")
    for column, why_not in ((starts, "no_start_times"), (devices, "no_devices")):
        if column.isna().all():
            return not_taken("no_interviews" if rows.empty else why_not)
    given = devices.notna() & starts.notna()
    if not given.any():
        return not_taken("no_start_times")
    both = pd.MultiIndex.from_arrays([devices[given], starts[given]]).factorize()[0]
    return _list_sharing(rows[given], pd.Series(both, index=rows.index[given]))


def _list_sharing(rows: pd.DataFrame, keys: pd.Series) -> Measured:
    """Each interview with the number of others of its key, and the first of these by id."""
    ids = rows["respondent_id"]
    named = ids.groupby(keys.to_numpy())
    count, first = named.transform("size") - 1, named.transform("first")
    is_second = (named.cumcount() == 1).to_numpy()
    second = pd.Series(ids[is_second].array, index=keys[is_second].to_numpy(), dtype="str")
    other = first.where(first != ids, keys.map(second))
    return list_interviews(rows, count, other=other.where(count > 0, ""))


def _measure_pairs(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    min_common: int,
    within: str,
    score: Callable[[np.ndarray, np.ndarray], np.ndarray],
    columns: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
) -> Measured:
    rows = sort_interviews(responses)
    if len(rows) < 2:
        return not_taken("no_interviews" if rows.empty else "too_few_interviews")
    codes = answer_codes(rows, questionnaire)
    groups = np.zeros(len(rows), dtype=int)
    if within:
        groups = pd.factorize(rows[within])[0]
    other = np.full(len(rows), -1)
    order = np.argsort(groups, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        other[own] = np.append(own, -1)[_best_matches(codes[own], min_common, score)]
    found = np.flatnonzero(other >= 0)
    if not len(found):
        return not_taken("too_few_common_questions")
    match = other[found]
    common = (~np.isnan(codes[found]) & ~np.isnan(codes[match])).sum(axis=1)
    equal = (codes[found] == codes[match]).sum(axis=1)
    pairs = {
        f"same_{word}": (rows[name].array[found] == rows[name].array[match]).astype(bool)
        for word, name in (("interviewer", "interviewer"), ("village", "village_code"))
    }
    told = columns(equal, common)
    matches = rows["respondent_id"].array[match]
    value = told.pop("value")
    return list_interviews(rows.iloc[found], value, other=matches, **told, **pairs)


def _share_columns(equal: np.ndarray, common: np.ndarray) -> dict[str, np.ndarray]:
    return {"value": equal / common, "common_n": common}


def _difference_columns(equal: np.ndarray, common: np.ndarray) -> dict[str, np.ndarray]:
    return {"value": 1 / (1 + common - equal), "differences": common - equal}


def _best_matches(
    codes: np.ndarray, min_common: int, score: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Position of the best other row of each row, -1 where none may be compared.

    Counts of equal and of common answers are products of 0/1 matrices, exact in float32 below
    2**24; shares of such counts differ by far more than float32 rounds.
    """
    count = len(codes)
    given = (~np.isnan(codes)).astype(np.float32)
    told = _one_hot(codes)
    best = np.full(count, -np.inf, dtype=np.float32)
    match = np.full(count, -1)
    for i in range(0, count, BLOCK):
        mine = slice(i, min(i + BLOCK, count))
        # Each pair is computed once; partners come in ascending order, so of equals the first.
        for j in range(i, count, BLOCK):
            theirs = slice(j, min(j + BLOCK, count))
            common = given[mine] @ given[theirs].T
            too_few = common < min_common
            np.maximum(common, 1, out=common)
            scores = score(told[mine] @ told[theirs].T, common)
            scores[too_few] = -np.inf
            if i == j:
                np.fill_diagonal(scores, -np.inf)
            else:
                _improve(best, match, j, i, np.ascontiguousarray(scores.T))
            _improve(best, match, i, j, scores)
    return match


def _improve(best: np.ndarray, match: np.ndarray, start: int, others: int, scores: np.ndarray):
    """Take the block's best partner where it is better than what rows from `start` have."""
    highest = scores.max(axis=1)
    better = np.flatnonzero(highest > best[start : start + len(scores)])
    best[start + better] = highest[better]
    match[start + better] = others + scores[better].argmax(axis=1)


def _one_hot(codes: np.ndarray) -> np.ndarray:
    """0/1 float32, a column for each answer of each question that two interviews or more gave."""
    parts = []
    for answers in codes.T:
        values, counts = np.unique(answers[~np.isnan(answers)], return_counts=True)
        parts.append(answers[:, None] == values[counts > 1])
    return np.concatenate(parts, axis=1, dtype=np.float32)
