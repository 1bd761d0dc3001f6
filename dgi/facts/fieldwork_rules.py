"""The checks of fieldwork and their thresholds, as the survey manager keeps them in a workbook.
Not here: what is measured (dgi.fieldwork), or reading the workbook (dgi.ingest.facts)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

import pandas as pd
from pydantic import BeforeValidator, Field

from dgi.errors import FactError, Fault
from dgi.facts.rows import FIRST_ROW, Key, Real, Row, Text, check_rows, check_unique, raise_faults

SHEET = "Nguong"
FILE = "data/fieldwork/checks.xlsx"
WHERE = f"{FILE}, {SHEET}"
REPAIR = "Correct the cell; the sheet HuongDan says what each column means."
REPAIR_VI = "Sửa ô đó; trang HuongDan giải thích từng cột."
TOPICS = ("copies", "timing", "versions", "answers", "interviewers", "ages", "sample", "places",
          "back_checks")  # fmt: skip
SEVERITIES = ("error", "warn", "info")
ON_WORDS = {"x": True, "có": True, "yes": True, "": False, "không": False, "no": False}

Topic = Literal[
    "copies", "timing", "versions", "answers", "interviewers", "ages", "sample", "places",
    "back_checks",
]  # fmt: skip

NOT_BLANK = ("ô không được để trống", "the cell must not be blank")
# Column -> what a cell of it must be, Vietnamese before English.
CELLS = {
    "check": ("tên chỉ gồm chữ thường không dấu, chữ số và dấu gạch dưới",
              "a name has lower-case letters, digits and underscores only"),
    "topic": (f"chủ đề là một trong: {', '.join(TOPICS)}",
              f"the topic is one of {', '.join(TOPICS)}"),
    "measure": ("tên phép đo chỉ gồm chữ thường không dấu, chữ số và dấu gạch dưới",
                "a measure has lower-case letters, digits and underscores only"),
    "threshold": ("ngưỡng là một số hữu hạn, lớn hơn 0",
                  "a threshold is a finite number above 0"),
    "severity": (f"mức là một trong: {', '.join(SEVERITIES)}",
                 f"the severity is one of {', '.join(SEVERITIES)}"),
    "is_on": ("ghi x để kiểm tra, để trống để tắt", "x makes the check, a blank leaves it out"),
}  # fmt: skip


def _is_on(value: object) -> object:
    """'x' is on, a blank is off."""
    return ON_WORDS.get(value.strip().casefold(), value) if isinstance(value, str) else value


def _decimal(value: object) -> object:
    """0,85 is 0.85: a manager types what the spreadsheet shows."""
    if not isinstance(value, str):
        return value
    text = value.replace(",", ".")
    try:
        # As a float a number that is too large is infinite, and is refused as that.
        return float(text)
    except ValueError:
        return text


class FieldworkRuleRow(Row):
    """One check: a measure, what makes a finding of it, and what to do then."""

    check: Key
    topic: Topic
    measure: Key
    arguments: str = ""
    """name=number, separated by ';'."""
    threshold: Annotated[Real, BeforeValidator(_decimal), Field(gt=0, allow_inf_nan=False)]
    """What is measured is a finding from here on; larger is worse in every measure."""
    severity: Literal["error", "warn", "info"]
    is_on: Annotated[bool, BeforeValidator(_is_on)]
    rule_vi: Text
    rule_en: Text
    next_vi: Text
    next_en: Text
    source: Text


def parse_arguments(text: str) -> dict[str, float | int | str]:
    """'min_common=20;within=interviewer' -> {...}. Raises ValueError for anything else, and for
    numbers that are not finite."""
    found: dict[str, float | int | str] = {}
    for part in (piece.strip() for piece in text.split(";")):
        if not part:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise ValueError(part)
        argument = _number_or_word(value)
        if isinstance(argument, float) and not math.isfinite(argument):
            raise ValueError(part)
        found[name] = argument
    return found


def _number_or_word(text: str) -> float | int | str:
    number = text.replace(",", ".")
    try:
        return int(number) if number.lstrip("-").isdigit() else float(number)
    except ValueError:
        return text


def check_fieldwork_rules(
    table: pd.DataFrame, measures: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """Check and type the sheet of thresholds.

    `table`: text, one row per check, its index the row in the sheet; `measures`: name -> names of
    its arguments. Raises FactError with every wrong cell, in Vietnamese and English: unknown
    measures and arguments, thresholds that are infinite or not above 0 (a measure is 0 where
    nothing is wrong), keys that stand twice.
    """
    try:
        rows = check_rows(table, FieldworkRuleRow, WHERE, REPAIR)
    except FactError as error:
        raise FactError(_say_in_both(fault, table) for fault in error.faults) from None
    faults = [
        replace(fault, row=_row_of(fault, table), rule_vi="tên này đã có ở một dòng khác",
                action_vi="Bỏ một trong hai dòng, hoặc đổi tên.")
        for fault in check_unique(rows, ["check"], WHERE)
    ]  # fmt: skip
    for number, row in zip(table.index, rows.itertuples(index=False), strict=True):
        if row.measure not in measures:
            known = ", ".join(sorted(measures))
            faults.append(_fault(number, "measure", row.measure,
                                 f"không có phép đo như vậy; các phép đo là {known}",
                                 f"no such measure; there are {known}"))  # fmt: skip
            continue
        try:
            unknown = sorted(set(parse_arguments(row.arguments)) - measures[row.measure])
        except ValueError:
            unknown = [row.arguments]
        if unknown:
            known = ", ".join(sorted(measures[row.measure]))
            faults.append(_fault(
                number, "arguments", "; ".join(unknown),
                "tham số ghi dạng tên=giá trị, số phải hữu hạn; tham số của phép đo này: "
                f"{known or 'không có'}",
                "arguments read name=value, numbers are finite; this measure's are: "
                f"{known or 'none'}",
            ))  # fmt: skip
    raise_faults(faults)
    return rows


def _fault(row: int, column: str, value: str, rule_vi: str, rule: str) -> Fault:
    return Fault(WHERE, rule, REPAIR, row=row, column=column, value=value, rule_vi=rule_vi,
                 action_vi=REPAIR_VI)  # fmt: skip


def _row_of(fault: Fault, table: pd.DataFrame) -> int:
    """The sheet's row of a fault that was counted without the blank rows."""
    return int(table.index[(fault.row or FIRST_ROW) - FIRST_ROW])


def _say_in_both(fault: Fault, table: pd.DataFrame) -> Fault:
    """A fault of header or cell in words that the manager reads: what the column must hold."""
    expected = list(FieldworkRuleRow.model_fields)
    if fault.column in expected and fault.column in table.columns:
        rule_vi, rule = CELLS.get(fault.column, NOT_BLANK)
        return replace(fault, row=_row_of(fault, table), rule=rule, rule_vi=rule_vi,
                       action_vi=REPAIR_VI)  # fmt: skip
    names = ", ".join(expected)
    rule_vi, action_vi = "có một cột lạ", f"Bỏ cột, hoặc đặt tên là một trong: {names}."
    if fault.column in expected:
        rule_vi, action_vi = "thiếu một cột", f"Thêm cột đó; cần có các cột {names}."
    return replace(fault, rule_vi=rule_vi, action_vi=action_vi)
