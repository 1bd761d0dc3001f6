"""Belongs here: what a field team may write in the return workbook, its shading, and its print.
Does not belong here: what it tells, and reading it back as a whole (test_return_workbook.py)."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from return_builders import (
    FORM,
    HEADER,
    IDS,
    faulty,
    filled,
    finding,
    placed,
    replayed,
    sheet_of,
    written,
)

from dgi.reports import style
from dgi.reports.return_words import INTERVIEWER_COLUMNS


def test_the_team_can_write_only_where_it_is_asked():
    sheet = sheet_of(written(placed(faulty())))
    assert sheet.protection.sheet
    unlocked = {cell.column for row in sheet.iter_rows() for cell in row
                if not cell.protection.locked}  # fmt: skip
    assert [HEADER[at - 1] for at in sorted(unlocked)] == HEADER[-4:]


def answers_offered(sheet) -> dict:
    """Row -> the validation of its cell TraLoi."""
    column = sheet.cell(1, HEADER.index("TraLoi") + 1).column_letter
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    return {int(at[1:]): rule for at, rule in rules.items() if re.fullmatch(rf"{column}\d+", at)}


def test_the_codes_of_the_question_are_offered():
    sheet = sheet_of(written(placed(faulty(), finding("exact_copies", IDS[7], other=IDS[0]))))
    rules = answers_offered(sheet)
    assert rules[2].formula1 == '"1,2,3,4,5,888,999,đúng,rút"'
    assert "1 = nhãn" in rules[2].prompt and rules[2].errorStyle == "warning"
    assert rules[3].type in (None, "none") and "giá trị đúng" in rules[3].prompt
    assert rules[6].formula1 == '"đúng,rút"'  # of an interview as a whole


def test_a_list_of_codes_that_is_too_long_for_a_menu_is_not_offered():
    answers = FORM.answers
    own = answers[
        answers["answers"] == FORM.questions.set_index("question").at["rating", "answers"]
    ]
    many = pd.concat([answers, *(own.iloc[:1].assign(code=10_000 + n) for n in range(60))])
    content = written(placed(faulty()), questionnaire=replace(FORM, answers=many))
    rule = answers_offered(sheet_of(content))[2]
    assert rule.type in (None, "none") and "MaTraLoi" in rule.prompt


def test_the_day_of_an_answer_is_a_day_since_the_survey_year_and_not_in_the_future():
    sheet = sheet_of(written(placed(faulty())))
    (rule,) = [r for r in sheet.data_validations.dataValidation if r.type == "date"]
    column = sheet.cell(1, HEADER.index("Ngay") + 1).column_letter
    assert str(rule.sqref) == f"{column}2:{column}5"  # the four rows there are to answer
    assert (rule.operator, int(rule.formula1), rule.formula2) == (None, 43466, "TODAY()")
    assert rule.errorStyle == "warning" and "ngày/tháng/năm" in rule.prompt
    assert max(len(rule.prompt), len(rule.error)) <= 255 >= len(rule.promptTitle)


@pytest.mark.parametrize(
    "day", ["20/11/2019", "5/9/2019", date(2019, 9, 5), datetime(2019, 9, 5, 8, 30)]
)
def test_a_day_is_read_back_whether_typed_as_text_or_a_real_date(day):
    rows = faulty()
    _, entries = replayed(rows, filled(written(placed(rows)), {1: "4"}, day))
    told = pd.to_datetime(day, dayfirst=True) if isinstance(day, str) else pd.Timestamp(day)
    assert list(entries["status"]) == ["applied"]
    assert entries["when"].dt.normalize().to_list() == [told.normalize()]


def interviewers(**columns) -> pd.DataFrame:
    some = pd.DataFrame({name: [np.nan] * 3 for name in INTERVIEWER_COLUMNS})
    return some.assign(interviewer=["DTV1", "DTV2", "DTV3"], **columns)


def scales_of(table: pd.DataFrame) -> dict[str, dict[float, str]]:
    """Heading of each shaded column of the table of interviewers -> number -> colour there."""
    sheet = sheet_of(written(placed(faulty()), interviewers=table), "DieuTraVien")
    return {
        str(sheet[str(where.sqref).split(":")[0][0] + "1"].value).split("\n")[0]: {
            float(point.val): colour.rgb[-6:]
            for point, colour in zip(rule.colorScale.cfvo, rule.colorScale.color, strict=True)
        }
        for where in sheet.conditional_formatting
        for rule in where.rules
    }


def lightness(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_what_stands_out_among_interviewers_is_darker_also_in_grey():
    table = interviewers(median_minutes=[20, 35, 40], dont_know_share=[0.1, 0.5, 0.2],
                         similar_pairs_n=[0, 0, 4])  # fmt: skip
    scales = scales_of(table)
    assert {name: max(scale, key=lambda at: -lightness(scale[at]))
            for name, scale in scales.items()} == {
        "Trung vị (phút)": 17.5, "Không biết": 0.5, "Cặp phiếu quá giống": 4.0,
    }  # fmt: skip
    assert [max(scale.values()) for scale in scales.values()] == ["FFFFFF"] * 3
    for colour in {colour for scale in scales.values() for colour in scale.values()}:
        assert lightness(colour) - lightness(style.INK) > 110, "the figure would not be legible"


def test_interviewers_who_hardly_differ_are_hardly_shaded():
    table = interviewers(dont_know_share=[0.039, 0.040, 0.042])
    assert set(scales_of(table)["Không biết"]) == {0.04, 0.08}


def test_where_nothing_was_measured_or_found_nothing_is_shaded():
    table = interviewers(median_minutes=np.nan, dont_know_share=0.0, similar_pairs_n=0)
    assert scales_of(table) == {}
    sheet = sheet_of(written(placed(faulty()), interviewers=table), "DieuTraVien")
    assert sheet.max_row == 4  # nor is shading explained


def test_every_sheet_prints_on_a4_across_with_its_header_on_every_page():
    book = load_workbook(io.BytesIO(written(placed(faulty()))))
    for sheet in book:
        assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
        assert sheet.print_title_rows == (None if sheet.title == "HuongDan" else "$1:$1")
