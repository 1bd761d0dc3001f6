"""The checks of fieldwork and their thresholds, as the survey manager keeps them in a workbook.
Not here: what is measured (dgi.fieldwork), or reading the workbook (dgi.ingest.facts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pandas as pd
from pydantic import BeforeValidator

from dgi.errors import Fault
from dgi.facts.rows import FIRST_ROW, Key, Real, Row, Text, check_rows, check_unique, raise_faults

SHEET = "Nguong"
WHERE = f"data/fieldwork/checks.xlsx, {SHEET}"
REPAIR = "Correct the cell; the sheet HuongDan says what each column means."
TOPICS = ("copies", "timing", "versions", "answers", "interviewers", "ages", "sample", "places",
          "back_checks")  # fmt: skip
ON_WORDS = {"x": True, "có": True, "yes": True, "": False, "không": False, "no": False}

Topic = Literal[
    "copies", "timing", "versions", "answers", "interviewers", "ages", "sample", "places",
    "back_checks",
]  # fmt: skip


def _is_on(value: object) -> object:
    """'x' is on, a blank is off."""
    return ON_WORDS.get(value.strip().casefold(), value) if isinstance(value, str) else value


def _decimal(value: object) -> object:
    """0,85 is 0.85: a manager types what the spreadsheet shows."""
    return value.replace(",", ".") if isinstance(value, str) else value


class FieldworkRuleRow(Row):
    """One check: a measure, what makes a finding of it, and what to do then."""

    check: Key
    topic: Topic
    measure: Key
    arguments: str = ""
    """name=number, separated by ';'."""
    threshold: Annotated[Real, BeforeValidator(_decimal)]
    """What is measured is a finding from here on; larger is worse in every measure."""
    severity: Literal["error", "warn", "info"]
    is_on: Annotated[bool, BeforeValidator(_is_on)]
    rule_vi: Text
    rule_en: Text
    next_vi: Text
    next_en: Text
    source: Text


def parse_arguments(text: str) -> dict[str, float | int | str]:
    """'min_common=20;within=interviewer' -> {...}. Raises ValueError for anything else."""
    found: dict[str, float | int | str] = {}
    for part in (piece.strip() for piece in text.split(";")):
        if not part:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise ValueError(part)
        number = value.replace(",", ".")
        try:
            found[name] = int(number) if number.lstrip("-").isdigit() else float(number)
        except ValueError:
            found[name] = value
    return found


def check_fieldwork_rules(
    table: pd.DataFrame, measures: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """Check and type the sheet of thresholds.

    `table`: text, one row per check; `measures`: name -> names of its arguments. Raises FactError
    with every wrong cell: unknown measures and arguments, thresholds that are not above 0 (a
    measure is 0 where nothing is wrong), keys that stand twice.
    """
    rows = check_rows(table, FieldworkRuleRow, WHERE, REPAIR)
    faults = check_unique(rows, ["check"], WHERE)
    for number, row in enumerate(rows.itertuples(index=False), start=FIRST_ROW):
        if row.measure not in measures:
            faults.append(Fault(WHERE, f"no such measure; there are {', '.join(sorted(measures))}",
                                REPAIR, row=number, column="measure",
                                value=row.measure))  # fmt: skip
            continue
        if not row.threshold > 0:
            faults.append(Fault(WHERE, "a threshold is above 0", REPAIR, row=number,
                                column="threshold", value=str(row.threshold)))  # fmt: skip
        try:
            unknown = sorted(set(parse_arguments(row.arguments)) - measures[row.measure])
        except ValueError:
            unknown = [row.arguments]
        if unknown:
            known = ", ".join(sorted(measures[row.measure])) or "none"
            faults.append(Fault(WHERE, f"arguments read name=value; this measure's are: {known}",
                                REPAIR, row=number, column="arguments",
                                value="; ".join(unknown)))  # fmt: skip
    raise_faults(faults)
    return rows
