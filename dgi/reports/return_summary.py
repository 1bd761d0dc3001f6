"""Belongs here: what the checks found of a district as a whole, and its table of interviewers.
Does not belong here: what the field team is to answer (return_workbook.py)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from xlsxwriter.worksheet import Worksheet

from . import return_words as words
from . import style
from .language import Pair, is_missing
from .return_layout import FILLS, ReturnBook, points_of, put, put_pair, write_header
from .return_rows import figure, of_interviews

FIGURES = {"whole": style.WHOLE, "share": style.PERCENT}
"""Column kind of the table of interviewers -> number format."""
LIGHT, DARK = "#FFFFFF", f"#{style.BLUE_SOFT}"
"""Ends of a scale of one hue: its lightness alone tells, on a grey printer and to every eye."""
SHADED = {"median_minutes": 1 / 2, "dont_know_share": 2, "similar_pairs_n": 2}
"""Shaded column of the table of interviewers -> the multiple of its median that is darkest, if no
number lies further out: small differences among interviewers shall not look large."""


def write_summary(book: ReturnBook, checks: pd.DataFrame, rules: pd.DataFrame) -> None:
    widths = [58, 11, 38, 11, 11, 13, 11]
    sheet = book.add_sheet("TomTat", widths)
    write_header(book, sheet, 0, words.CHECK_HEADERS)
    sheet.set_row(0, 44)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    said = {row.check: Pair(row.rule_vi, row.rule_en) for row in rules.itertuples(index=False)}
    for at, row in enumerate(checks.itertuples(index=False), start=1):
        is_found = row.status == "findings"
        fill = FILLS[row.severity] if is_found else "FFFFFF"
        look, figures = book.cell(fill), book.cell(fill, align="right")
        rule = said.get(row.check, Pair(row.check, ""))
        result = words.STATUSES[row.status]
        if row.status == "not_taken":
            why_not = words.WHY_NOT[row.why_not]
            result = Pair(f"{result.vi}: {why_not.vi}", f"{result.en}: {why_not.en}")
        put_pair(book, sheet, at, 0, rule, look)
        put_pair(book, sheet, at, 1, words.SEVERITIES[row.severity], look)
        put_pair(book, sheet, at, 2, result, look)
        is_taken = row.status in ("passed", "findings")
        for column, value in enumerate((row.findings_n, row.base_n), start=3):
            put(sheet, at, column, value if is_taken else None, figures)
        for column, value in enumerate((row.worst_value, row.threshold), start=5):
            put(sheet, at, column, None if is_missing(value) else figure(value).vi, figures)
        sheet.set_row(at, points_of([(rule, widths[0]), (result, widths[2])]))


def write_groups(book: ReturnBook, findings: pd.DataFrame, headers: Mapping[str, str]) -> None:
    """Findings that are of no single interview; `headers`: question -> its number in the form."""
    widths = [72, 11, 14, 12, 18, 10, 10]
    sheet = book.add_sheet("TheoNhom", widths)
    write_header(book, sheet, 0, words.GROUP_HEADERS)
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    rows = findings.drop(of_interviews(findings).index)
    for at, row in enumerate(rows.itertuples(index=False), start=1):
        look = book.cell(FILLS[row.severity])
        figures = book.cell(FILLS[row.severity], align="right")
        reason = Pair(f"{row.reason_vi} {row.next_vi}", f"{row.reason_en} {row.next_en}")
        put_pair(book, sheet, at, 0, reason, look)
        put_pair(book, sheet, at, 1, words.SEVERITIES[row.severity], look)
        told = (row.interviewer, headers.get(row.question, row.question), row.other)
        for column, value in enumerate(told, start=2):
            put(sheet, at, column, value, look)
        for column, value in enumerate((row.value, row.threshold), start=5):
            put(sheet, at, column, figure(value).vi, figures)
        texts: list[tuple[str | Pair, float]] = [(reason, widths[0])]
        texts += list(zip(told, widths[2:], strict=False))
        sheet.set_row(at, points_of(texts))


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
    _shade(book, sheet, interviewers)


def _shade(book: ReturnBook, sheet: Worksheet, interviewers: pd.DataFrame) -> None:
    """Colour scales from the median outwards, and below the table what they mean."""
    last, is_shaded = len(interviewers), False
    for name, multiple in SHADED.items():
        numbers = interviewers[name].dropna().astype(float)
        if numbers.empty:
            continue
        middle = float(numbers.median())
        outer = (min, max)[multiple > 1]
        end = float(outer(outer(numbers), multiple * middle))
        if end == middle:
            continue
        low, high = sorted([(middle, LIGHT), (end, DARK)])
        column = list(words.INTERVIEWER_COLUMNS).index(name)
        scale = {"type": "2_color_scale", "min_type": "num", "max_type": "num",
                 "min_value": low[0], "min_color": low[1],
                 "max_value": high[0], "max_color": high[1]}  # fmt: skip
        sheet.conditional_format(1, column, last, column, scale)
        is_shaded = True
    if is_shaded:
        for row, (text, colour) in enumerate(zip(words.SHADED, (style.INK, style.QUIET),
                                                 strict=True), start=last + 2):  # fmt: skip
            look = book.look(italic=True, font_size=9, font_color=f"#{colour}", text_wrap=False)
            sheet.write_string(row, 0, text, look)
