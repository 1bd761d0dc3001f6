"""How questions are answered: straight lines, don't know, refused and blank answers, "other".
Not here: how interviewers compare (interviewers.py), or numbers such as ages (numbers.py)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.measures import (
    Measured,
    answer_codes,
    list_interviews,
    list_measured,
    not_taken,
    sort_interviews,
)

Kind = Literal["dont_know", "refused", "unknown", "blank"]
SCALE_CODES = 3  # two answers are no scale: all yes is often true
# Reasons with which nobody was asked, whatever the skips say.
UNASKED = ("not_asked", "suppressed")


def list_batteries(questionnaire: Questionnaire, min_items: int) -> dict[str, list[str]]:
    """First question of each battery -> its questions, in the questionnaire's order.

    A battery is the questions of one section that share an answer list of three valid codes or
    more, other questions between them or not, at least `min_items` of them.
    """
    questions = questionnaire.questions
    batteries = {}
    for (_, answers), own in questions.groupby(["section", "answers"], sort=False):
        scale = questionnaire.codes(answers, "valid")
        if len(scale) >= SCALE_CODES and len(own) >= min_items:
            names = list(own["question"])
            batteries[names[0]] = names
    return batteries


def measure_straight_lining(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    min_items: int = 5,
    excluded: Collection[str] = (),
) -> Measured:
    """Share of a battery's answered items that have its most frequent answer, 0-1.

    One row per interview and battery (question: its first) of which it gave `min_items` valid
    answers or more. `excluded`: batteries, by first question, in which equal answers are
    plausible. Adds items_n.
    """

    def share_of_mode(positions: np.ndarray, size: int) -> np.ndarray:
        counts = (positions[:, :, None] == np.arange(size)).sum(axis=1)
        return counts.max(axis=1) / counts.sum(axis=1)

    return _measure_batteries(responses, questionnaire, min_items, excluded, share_of_mode)


def measure_flatness(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    min_items: int = 5,
    excluded: Collection[str] = (),
) -> Measured:
    """1 - 2 SD of the answers to a battery, each placed 0-1 along its list: 1 is one answer only.

    SD with divisor n, at most 1/2, so 0 is an even split between the ends. Rows and arguments as
    for straight-lining. Adds items_n.
    """

    def flatness(positions: np.ndarray, size: int) -> np.ndarray:
        return 1 - 2 * np.nanstd(positions / (size - 1), axis=1)

    return _measure_batteries(responses, questionnaire, min_items, excluded, flatness)


def measure_longest_run(
    responses: pd.DataFrame, questionnaire: Questionnaire, min_items: int = 20
) -> Measured:
    """Most answers with one same code in a row, over all answers in the questionnaire's order.

    The longstring index (Johnson 2005, Journal of Research in Personality 39), don't know and
    refused included; unanswered questions are passed over. Interviews with fewer than
    `min_items` answers are not looked at.
    """
    rows = sort_interviews(responses)
    codes = answer_codes(rows, questionnaire)
    run, longest = np.zeros(len(rows)), np.zeros(len(rows))
    last = np.full(len(rows), np.nan)
    for answers in codes.T:
        given = ~np.isnan(answers)
        run = np.where(given, np.where(answers == last, run + 1, 1), run)
        last = np.where(given, answers, last)
        longest = np.maximum(longest, run)
    kept = (~np.isnan(codes)).sum(axis=1) >= min_items
    if not kept.any():
        return not_taken("no_interviews" if rows.empty else "too_few_answers")
    return list_interviews(rows, longest, kept)


def tally_answers(
    rows: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    missing: pd.DataFrame | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Which answers are of the kind, and which questions were asked: bool (n, questions) each.

    `kind`: dont_know, refused, unknown (either), or blank: asked, and no code stands (left
    blank, unreadable, not in the list). Asked by the skips, and, if `missing` (respondent_id,
    question, reason) is given, not where it says that nobody was asked or the answer was
    suppressed.
    """
    names = list(questionnaire.questions["question"])
    codes = answer_codes(rows, questionnaire)
    asked = questionnaire.is_asked(pd.DataFrame(codes, columns=names)).to_numpy(copy=True)
    if missing is not None:
        unasked = missing[missing["reason"].isin(UNASKED)]
        row = pd.Index(rows["respondent_id"]).get_indexer(unasked["respondent_id"])
        column = pd.Index(names).get_indexer(unasked["question"])
        known = (row >= 0) & (column >= 0)
        asked[row[known], column[known]] = False
    if kind == "blank":
        return asked & np.isnan(codes), asked
    kinds = ("dont_know", "refused") if kind == "unknown" else (kind,)
    return asked & questionnaire.among(codes, *kinds), asked


def measure_item_rates(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    min_asked: int = 30,
    missing: pd.DataFrame | None = None,
) -> Measured:
    """Share of those asked a question whose answer is of the kind (see tally_answers).

    One row per question that `min_asked` or more were asked. Adds asked_n.
    """
    hit, asked = tally_answers(sort_interviews(responses), questionnaire, kind, missing)
    names = questionnaire.questions["question"]
    return _list_questions(names, hit, asked, min_asked, "asked_n", responses.empty)


def measure_respondent_rates(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    kind: Kind,
    min_asked: int = 20,
    missing: pd.DataFrame | None = None,
) -> Measured:
    """Share of the questions an interview was to ask whose answer is of the kind.

    One row per interview that was to ask `min_asked` or more. Adds asked_n.
    """
    rows = sort_interviews(responses)
    hit, asked = tally_answers(rows, questionnaire, kind, missing)
    asked_n = asked.sum(axis=1)
    kept = asked_n >= min_asked
    if not kept.any():
        return not_taken("no_interviews" if rows.empty else "too_few_answers")
    return list_interviews(rows, hit.sum(axis=1) / np.maximum(asked_n, 1), kept, asked_n=asked_n)


def measure_other_share(
    responses: pd.DataFrame, questionnaire: Questionnaire, min_answered: int = 30
) -> Measured:
    """Share of a question's valid answers that are its answer "other", which then needs recoding.

    One row per question that has such an answer (the word "khác" or "other" in its label) and
    `min_answered` valid answers or more. Adds answered_n.
    """
    rows = sort_interviews(responses)
    answers = questionnaire.answers
    is_other = answers["label_vi"].str.contains(r"\bkhác\b", case=False) | answers[
        "label_en"
    ].str.contains(r"\bother\b", case=False)
    listed = answers[is_other & (answers["kind"] == "valid")].groupby("answers")["code"].agg(list)
    own = questionnaire.questions[questionnaire.questions["answers"].isin(listed.index)]
    if own.empty:
        return not_taken("no_other_answers")
    codes = answer_codes(rows, questionnaire, list(own["question"]))
    valid, other = (
        np.column_stack([np.isin(codes[:, n], which[a]) for n, a in enumerate(own["answers"])])
        for which in ({a: questionnaire.codes(a, "valid") for a in listed.index}, listed)
    )
    return _list_questions(own["question"], other, valid, min_answered, "answered_n", rows.empty)


def _list_questions(
    names: pd.Series, hit: np.ndarray, base: np.ndarray, least: int, extra: str, is_empty: bool
) -> Measured:
    size = base.sum(axis=0)
    kept = size >= max(least, 1)
    if not kept.any():
        return not_taken("no_interviews" if is_empty else "too_few_answers")
    shares = hit.sum(axis=0)[kept] / size[kept]
    return list_measured(shares, question=names[kept], **{extra: size[kept]})


def _measure_batteries(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    min_items: int,
    excluded: Collection[str],
    value_of: Callable[[np.ndarray, int], np.ndarray],
) -> Measured:
    batteries = list_batteries(questionnaire, min_items)
    chosen = {first: items for first, items in batteries.items() if first not in excluded}
    if not chosen:
        return not_taken("no_batteries")
    rows = sort_interviews(responses)
    lists = questionnaire.questions.set_index("question")["answers"]
    found = []
    for first, items in chosen.items():
        scale = np.sort(questionnaire.codes(lists[first], "valid"))
        codes = answer_codes(rows, questionnaire, items)
        places = np.searchsorted(scale, codes).clip(max=len(scale) - 1)
        positions = np.where(scale[places] == codes, places, np.nan)
        items_n = (~np.isnan(positions)).sum(axis=1)
        kept = items_n >= min_items
        if kept.any():
            part = rows.loc[kept, ["respondent_id", "interviewer"]]
            value = value_of(positions[kept], len(scale))
            found.append(part.assign(question=first, value=value, items_n=items_n[kept]))
    if not found:
        return not_taken("no_interviews" if rows.empty else "too_few_answers")
    table = pd.concat(found)
    return list_measured(
        table["value"],
        respondent_id=table["respondent_id"],
        interviewer=table["interviewer"],
        question=table["question"],
        items_n=table["items_n"],
    )
