"""Belongs here: the workbook a field team fills in: a cover and one row per interview.
Does not belong here: what the columns mean (data/questionnaires), or reading it back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import xlsxwriter

from .cells import AS_TEXT
from .style import BLUE, FAMILY, RULE

COVER_SHEET, ANSWER_SHEET = "Bia", "TraLoi"
# The file's own date must not depend on the day it is written: same rows, same bytes.
CREATED = datetime(2017, 1, 1)
NARROWEST, WIDEST = 7, 24


def write_field_workbook(answers: pd.DataFrame, cover: Sequence[str]) -> bytes:
    """The .xlsx of one team's interviews: sheet 'Bia' (cover lines), sheet 'TraLoi' (answers).

    `answers`: one row per interview, headers as column names, values as typed in the field
    (a missing value is a blank cell; text stays text, so codes keep their leading zeros). Equal
    arguments give equal bytes.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True} | AS_TEXT) as workbook:
        workbook.set_properties({"created": CREATED, "author": "DGI"})
        _write_cover(workbook, cover)
        _write_answers(workbook, answers)
    return buffer.getvalue()


def _write_cover(workbook: xlsxwriter.Workbook, lines: Sequence[str]) -> None:
    sheet = workbook.add_worksheet(COVER_SHEET)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 90)
    title = workbook.add_format(
        {"bold": True, "font_size": 16, "font_color": f"#{BLUE}", "font_name": FAMILY}
    )
    body = workbook.add_format({"font_size": 12, "font_name": FAMILY, "text_wrap": True})
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, body if row else title)


def _write_answers(workbook: xlsxwriter.Workbook, answers: pd.DataFrame) -> None:
    sheet = workbook.add_worksheet(ANSWER_SHEET)
    header = workbook.add_format(
        {
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": f"#{BLUE}",
            "border": 1,
            "border_color": f"#{RULE}",
            "align": "center",
        }
    )
    text = workbook.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    for column, name in enumerate(answers.columns):
        sheet.write_string(0, column, str(name), header)
        values = answers[name].astype(object).where(answers[name].notna(), None).tolist()
        words = [value for value in values if isinstance(value, str)]
        longest = max((len(word) for word in words), default=0)
        width = min(max(longest, len(str(name))) + 2, WIDEST)
        # A text column stays text when somebody types into it: the next code keeps its zero.
        sheet.set_column(column, column, max(width, NARROWEST), text if words else None)
        for row, value in enumerate(values, start=1):
            if isinstance(value, str):
                sheet.write_string(row, column, value, text)
            elif value is not None:
                sheet.write_number(row, column, value)
    sheet.autofilter(0, 0, max(len(answers), 1), max(len(answers.columns) - 1, 0))
