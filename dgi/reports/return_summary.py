"""Belongs here: what the checks found of a district as a whole, and its table of interviewers.
Does not belong here: what the field team is to answer (return_workbook.py)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from xlsxwriter.worksheet import Worksheet

from . import return_words as words
from . import style
from .common import two_lines
from .language import Pair, is_missing
from .return_layout import FILLS, ReturnBook, points_of, put, put_pair, write_header
from .return_rows import figure, of_interviews

FIGURES = {"whole": style.WHOLE, "share": style.PERCENT}
"""Column kind of the table of interviewers -> number format."""


def write_summary(
    book: ReturnBook, checks: pd.DataFrame, findings: pd.DataFrame, rules: pd.DataFrame
) -> None:
    widths = [66, 11, 30, 11, 11, 13, 11]
    sheet = book.add_sheet("TomTat", widths)
    write_header(book, sheet, 0, words.CHECK_HEADERS)
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    said = {row.check: Pair(row.rule_vi, row.rule_en) for row in rules.itertuples(index=False)}
    at = 1
    for row in checks.itertuples(index=False):
        is_found = row.status == "findings"
        look = book.cell(FILLS[row.severity] if is_found else "FFFFFF")
        figures = book.cell(FILLS[row.severity] if is_found else "FFFFFF", align="right")
        rule = said.get(row.check, Pair(row.check, ""))
        result = words.STATUSES[row.status].vi
        if row.status == "not_taken":
            result += f": {words.WHY_NOT[row.why_not].vi}"
        is_taken = row.status in ("passed", "findings")
        put_pair(book, sheet, at, 0, rule, look)
        put(sheet, at, 1, words.SEVERITIES[row.severity].vi, look)
        put(sheet, at, 2, result, book.cell(FILLS[row.severity], bold=True) if is_found else look)
        for column, value in enumerate((row.findings_n, row.base_n), start=3):
            put(sheet, at, column, value if is_taken else None, figures)
        worst = figure(row.worst_value).vi if not is_missing(row.worst_value) else None
        put(sheet, at, 5, worst, figures)
        put(sheet, at, 6, figure(row.threshold).vi, figures)
        sheet.set_row(at, points_of([(f"{rule.vi}\n{rule.en}", widths[0]), (result, widths[2])]))
        at += 1
    _write_groups(book, sheet, at + 1, findings, widths)


def _write_groups(
    book: ReturnBook, sheet: Worksheet, at: int, findings: pd.DataFrame, widths: Sequence[float]
) -> None:
    """Findings that are of no single interview."""
    rows = findings.drop(of_interviews(findings).index)
    if rows.empty:
        return
    sheet.write_string(at, 0, two_lines(words.GROUP_TITLE), book.look(bold=True))
    sheet.set_row(at, 30)
    write_header(book, sheet, at + 1, words.GROUP_HEADERS)
    sheet.set_row(at + 1, 30)
    for number, row in enumerate(rows.itertuples(index=False), start=at + 2):
        look, figures = (
            book.cell(FILLS[row.severity]),
            book.cell(FILLS[row.severity], align="right"),
        )
        reason = Pair(f"{row.reason_vi} {row.next_vi}", f"{row.reason_en} {row.next_en}")
        put_pair(book, sheet, number, 0, reason, look)
        told = (words.SEVERITIES[row.severity].vi, row.interviewer, row.question, row.other)
        for column, value in enumerate(told, start=1):
            put(sheet, number, column, value, look)
        for column, value in enumerate((row.value, row.threshold), start=5):
            put(sheet, number, column, figure(value).vi, figures)
        texts = [(f"{reason.vi}\n{reason.en}", widths[0])]
        texts += [(str(value), width) for value, width in zip(told, widths[1:], strict=False)]
        sheet.set_row(number, points_of(texts))


def write_interviewers(book: ReturnBook, interviewers: pd.DataFrame) -> None:
    known = words.INTERVIEWER_COLUMNS
    sheet = book.add_sheet("DieuTraVien", [13, *([8.6] * (len(known) - 1))])
    write_header(book, sheet, 0, [heading for heading, _ in known.values()])
    sheet.set_row(0, 56)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    for at, row in enumerate(interviewers.to_dict("records"), start=1):
        for column, (name, (_, kind)) in enumerate(known.items()):
            look = (
                book.cell(bold=True)
                if kind == "text"
                else book.cell(align="right", num_format=FIGURES[kind])
            )
            put(sheet, at, column, row[name], look)
