"""Belongs here: findings as rows to be answered, one for each interview or cell, and why.
Does not belong here: what is found (dgi.fieldwork), or the sheets (return_workbook.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from dgi.facts.questionnaire import Questionnaire

from . import return_words as words
from .language import Pair, number

PLACE = ["file", "sheet", "row"]
WORST_FIRST = {"error": 0, "warn": 1, "info": 2}


def of_interviews(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings that stand at a row of a file."""
    return findings[(findings["file"] != "") & findings["row"].notna()]


def number_interviews(findings: pd.DataFrame) -> pd.DataFrame:
    """The interviews concerned, one row each in the order of their place, numbered from 1.

    Columns number, file, sheet, row, respondent_id, interviewer.
    """
    rows = of_interviews(findings).sort_values([*PLACE, "respondent_id"])
    rows = rows.drop_duplicates(PLACE)[[*PLACE, "respondent_id", "interviewer"]]
    rows.insert(0, "number", range(1, len(rows) + 1))
    return rows.reset_index(drop=True)


def list_to_answer(
    findings: pd.DataFrame, rules: pd.DataFrame, questionnaire: Questionnaire
) -> pd.DataFrame:
    """One row per interview or cell to verify, sorted by file, row and place in the questionnaire.

    Two entries on one cell would contradict each other when they are replayed, so all that was
    found of a cell is one row, of the worst severity. Columns: file, sheet, row, cell,
    respondent_id, interviewer, question, current, severity, reason (Pair, a line per finding).
    Of the checks that use one measure alike only the most severe is told.
    """
    rows = of_interviews(findings)
    measures = rules.set_index("check")[["measure", "arguments"]].agg("\n".join, axis=1)
    numbers = number_interviews(findings).set_index("respondent_id")["number"]
    rows = rows.assign(
        rank=rows["severity"].map(WORST_FIRST),
        measure=rows["check"].map(measures).fillna(rows["check"]),
        place=rows["question"].map(_order(questionnaire)).fillna(-1),
        order=rows["check"].map({name: n for n, name in enumerate(rules["check"])}).fillna(-1),
    ).sort_values([*PLACE, "place", "question", "rank", "order", "other"])
    cell = [*PLACE, "question"]
    rows = rows.drop_duplicates([*cell, "measure", "other"])
    known = {name: number for name, number in numbers.items() if name != ""}
    rows["reason"] = [_tell(row, known) for row in rows.itertuples(index=False)]
    reasons = rows.groupby(cell, sort=False)["reason"].agg(_join)
    told = rows.drop_duplicates(cell).assign(reason=reasons.array)
    columns = [*PLACE, "cell", "respondent_id", "interviewer", "question", "current", "severity"]
    return told[[*columns, "reason"]].reset_index(drop=True)


def _order(questionnaire: Questionnaire) -> dict[str, int]:
    """Place of a column or question among all: design columns, then questions."""
    names = [*questionnaire.fixed["name"], *questionnaire.carried["name"],
             *questionnaire.questions["question"]]  # fmt: skip
    return {name: place for place, name in enumerate(names)}


def _tell(row, numbers: Mapping[str, int]) -> tuple[Pair, Pair]:
    """Why one finding is to be verified, and what to do."""
    action = Pair(row.next_vi, row.next_en)
    if row.topic == words.SET_ASIDE:
        return Pair(row.reason_vi, row.reason_en), action
    asides = []
    # Never the pseudonym: its digits could pass for a telephone number when the file comes back.
    if row.other in numbers:
        asides.append(words.fill(words.SEE_INTERVIEW, number=numbers[row.other]))
    if not row.value == row.threshold == 1:
        measured = {"value": figure(row.value), "threshold": figure(row.threshold)}
        asides.append(words.fill(words.MEASURED, **measured))
    rule = Pair(row.reason_vi.rstrip("."), row.reason_en.rstrip("."))
    aside = Pair(*(f" ({'; '.join(parts)})" if parts else "" for parts in _by_language(asides)))
    return words.fill(words.NOT_KEPT, rule=rule, aside=aside), action


def _join(told: Iterable[tuple[Pair, Pair]]) -> Pair:
    """Each different reason on a line, then each different thing to do."""
    reasons, actions = (list(dict.fromkeys(part)) for part in zip(*told, strict=True))
    mark = "• " if len(reasons) > 1 else ""
    parts = [*(Pair(mark + reason.vi, mark + reason.en) for reason in reasons)]
    joined = [" ".join(texts) for texts in _by_language(actions)]
    between = "\n" if mark else " "
    said = ("\n".join(texts) for texts in _by_language(parts))
    return Pair(*(between.join(both) for both in zip(said, joined, strict=True)))


def _by_language(pairs: list[Pair]) -> tuple[list[str], list[str]]:
    return [pair.vi for pair in pairs], [pair.en for pair in pairs]


def figure(value: float) -> Pair:
    """A measured number with three digits that count: '0,967', '12,5', '1.234'."""
    digits = next((n for n, least in ((0, 100), (1, 10), (2, 1)) if abs(value) >= least), 3)
    pair = number(value, digits)
    if digits == 0:
        return pair
    return Pair(pair.vi.rstrip("0").rstrip(","), pair.en.rstrip("0").rstrip("."))
