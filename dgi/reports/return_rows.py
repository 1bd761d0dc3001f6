"""Belongs here: findings as rows to be answered, one for each interview or cell, and why.
Does not belong here: what is found (dgi.fieldwork), or the sheets (return_workbook.py)."""

from __future__ import annotations

from collections.abc import Mapping

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
    told = [
        {**group.iloc[0].to_dict(), "reason": _join(_tell(row, known) for row in group.itertuples())}
        for _, group in rows.groupby(cell, sort=False)
    ]
    columns = [*PLACE, "cell", "respondent_id", "interviewer", "question", "current", "severity"]
    return pd.DataFrame(told, columns=[*columns, "reason"])


def _order(questionnaire: Questionnaire) -> dict[str, int]:
    """Place of a column or question among all: design columns, then questions."""
    names = [*questionnaire.fixed["name"], *questionnaire.carried["name"],
             *questionnaire.questions["question"]]  # fmt: skip
    return {name: place for place, name in enumerate(names)}


def _tell(row, numbers: Mapping[str, int]) -> Pair:
    """Why one finding is to be verified, and what to do."""
    if row.topic == words.SET_ASIDE:
        return Pair(f"{row.reason_vi} {row.next_vi}", f"{row.reason_en} {row.next_en}")
    parts = []
    # Never the pseudonym: its digits could pass for a telephone number when the file comes back.
    if row.other in numbers:
        pair = words.SEE_INTERVIEW
        parts.append(Pair(*(text.format(number=numbers[row.other]) for text in pair)))
    if not row.value == row.threshold == 1:
        value, threshold = figure(row.value), figure(row.threshold)
        parts.append(
            Pair(
                words.MEASURED.vi.format(value=value.vi, threshold=threshold.vi),
                words.MEASURED.en.format(value=value.en, threshold=threshold.en),
            )
        )
    return Pair(
        _sentence(words.NOT_KEPT.vi, row.reason_vi, [part.vi for part in parts], row.next_vi),
        _sentence(words.NOT_KEPT.en, row.reason_en, [part.en for part in parts], row.next_en),
    )


def _sentence(opening: str, rule: str, parts: list[str], action: str) -> str:
    aside = f" ({'; '.join(parts)})" if parts else ""
    return f"{opening}: “{rule.rstrip('.')}”{aside}. {action}"


def _join(reasons) -> Pair:
    """Each different reason once, a line each."""
    unique = list(dict.fromkeys(reasons))
    mark = "• " if len(unique) > 1 else ""
    return Pair(*("\n".join(mark + text for text in texts) for texts in zip(*unique, strict=True)))


def figure(value: float) -> Pair:
    """A measured number with three digits that count: '0,967', '12,5', '1.234'."""
    digits = next((n for n, least in ((0, 100), (1, 10), (2, 1)) if abs(value) >= least), 3)
    pair = number(value, digits)
    if digits == 0:
        return pair
    return Pair(pair.vi.rstrip("0").rstrip(","), pair.en.rstrip("0").rstrip("."))
