"""Belongs here: the workbook that goes back to a field team: what to verify, where, and why.
Does not belong here: finding it (dgi.fieldwork), its fixed words, or reading it (dgi.ingest)."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dgi.facts.questionnaire import Questionnaire

from . import return_words as words
from . import style
from .cells import AS_TEXT, clean_text
from .language import Pair
from .return_layout import FILLS, ReturnBook, points_of, put, put_pair, write_header
from .return_rows import list_to_answer, number_interviews
from .return_summary import write_groups, write_interviewers, write_summary

# The header the corrections are read back by, and the widths that fill a landscape page.
HEADER = {
    "STT": 5, "Tep": 14, "TrangTinh": 9.5, "Dong": 6, "Cot": 7, "MaPhieu": 16.5, "CauHoi": 8.5,
    "LyDo": 50, "GiaTriHienTai": 16.5, "TraLoi": 8, "NguoiSua": 12, "Ngay": 10.5, "GhiChu": 14,
}  # fmt: skip
TO_FILL = ("TraLoi", "NguoiSua", "Ngay", "GhiChu")
"""The only cells that are not locked."""
LONGEST_PROMPT, LONGEST_LIST = 255, 255  # of a data validation
COLUMNS_ON_A_PAGE = 12
NARROW = 8.5
WHO = ("respondent_id", "interviewer")
GUIDE_WIDTH = 125


def write_return_workbook(
    district: tuple[str, str],
    year: int,
    is_sample: bool,
    checks: pd.DataFrame,
    findings: pd.DataFrame,
    interviewers: pd.DataFrame,
    rules: pd.DataFrame,
    questionnaire: Questionnaire,
) -> bytes:
    """The .xlsx of one district-year's findings, to be filled in by the field team.

    `district`: its names, Vietnamese and English; `checks`: one row per check (check, severity,
    status, why_not, base_n, findings_n, worst_value, threshold); `findings`: things to verify
    with their place (dgi.fieldwork.findings); `interviewers`: one row each; `rules`: the list of
    checks. Equal arguments give equal bytes. Sheet CanXacMinh is read back as corrections.
    """
    buffer = io.BytesIO()
    options = {**AS_TEXT, "in_memory": True,
               # Widths are in digits of this font, and row heights are reckoned by it.
               "default_format_properties": {"font_name": style.FAMILY,
                                             "font_size": 11}}  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as workbook:
        title = Pair(f"{words.TITLE.vi} – {district[0]}, {year}",
                     f"{words.TITLE.en} – {district[1]}, {year}")  # fmt: skip
        workbook.set_properties(
            {"created": datetime(year, 1, 1), "author": "DGI", "title": clean_text(title.vi)}
        )
        book = ReturnBook(workbook, title, is_sample)
        rows = list_to_answer(findings, rules, questionnaire)
        interviews = number_interviews(findings)
        _write_guide(book, bool(len(rows)))
        _write_to_answer(book, rows, questionnaire, year)
        _write_interviews(book, rows, interviews, questionnaire)
        _write_codes(book, rows, questionnaire)
        write_summary(book, checks, rules)
        write_groups(book, findings, _headers(questionnaire))
        write_interviewers(book, interviewers)
    return buffer.getvalue()


def _write_guide(book: ReturnBook, has_rows: bool) -> None:
    sheet = book.add_sheet("HuongDan", [GUIDE_WIDTH])
    sheet.fit_to_pages(1, 1)
    row = 0

    def write(pair: Pair, look: Format, size: float = 11, opening: str = "") -> None:
        nonlocal row
        text = Pair(f"{opening}. {pair.vi}", pair.en)
        put_pair(book, sheet, row, 0, pair, look, opening)
        sheet.set_row(row, points_of([(text, GUIDE_WIDTH - 4)], size))
        row += 1

    if book.is_sample:
        banner = book.look(bold=True, font_size=13, font_color="#FFFFFF", align="center",
                           bg_color=f"#{style.INK}")  # fmt: skip
        write(Pair(words.BANNER, ""), banner, 13)
    title = book.look(bold=True, font_size=16, font_color=f"#{style.BLUE}")
    sheet.write_string(row, 0, clean_text(book.title.vi), title)
    sheet.set_row(row, 24)
    sheet.write_string(row + 1, 0, clean_text(book.title.en), book.small)
    row += 2
    heading = book.look(bold=True, font_size=11, font_color=f"#{style.BLUE}")
    if not has_rows:
        write(words.NOTHING, heading)
    else:
        write(words.DEADLINE, book.look(top=1, bottom=1))
        for number, step in enumerate(words.STEPS, start=1):
            write(step, book.look(indent=1), opening=str(number))
        for line in words.LEGEND:
            write(line, book.look(indent=1))
    for line in words.SHEETS:
        write(Pair(f"• {line.vi} / {line.en}", ""), book.look(indent=1))


def _write_to_answer(
    book: ReturnBook, rows: pd.DataFrame, questionnaire: Questionnaire, year: int
) -> None:
    sheet = book.add_sheet("CanXacMinh", HEADER.values())
    at = {name: number for number, name in enumerate(HEADER)}
    for name, number in at.items():
        sheet.write_string(0, number, name, book.header)
    sheet.set_row(0, 20)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(HEADER) - 1)
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True,
                       "format_rows": True})  # fmt: skip
    headers = _headers(questionnaire)
    lists = _answer_lists(questionnaire)
    for number, row in enumerate(rows.itertuples(index=False), start=1):
        look = book.cell(FILLS[row.severity])
        middle = book.cell(FILLS[row.severity], align="center")
        place = {"STT": number, "Tep": row.file, "TrangTinh": row.sheet, "Dong": int(row.row),
                 "Cot": row.cell, "MaPhieu": row.respondent_id,
                 "CauHoi": headers.get(row.question, row.question),
                 "GiaTriHienTai": row.current}  # fmt: skip
        for name, value in place.items():
            put(sheet, number, at[name], value, look if name == "Tep" else middle)
        severity = words.SEVERITIES[row.severity].vi
        put_pair(book, sheet, number, at["LyDo"], row.reason, look, severity)
        for name in TO_FILL:
            fitting = {"num_format": "dd/mm/yyyy"} if name == "Ngay" else {"num_format": "@"}
            sheet.write_blank(number, at[name], None, book.cell(locked=False, **fitting))
        _offer_answers(sheet, number, at["TraLoi"], row.question, questionnaire, lists)
        reason = Pair(f"{severity}. {row.reason.vi}", row.reason.en)
        said: list[tuple[str | Pair, float]] = [(reason, HEADER["LyDo"])]
        said += [(str(value), HEADER[name]) for name, value in place.items()]
        sheet.set_row(number, points_of(said))
    if len(rows):
        sheet.data_validation(1, at["Ngay"], len(rows), at["Ngay"], _days_from(year))


def _days_from(year: int) -> dict[str, Any]:
    """A day of or after the survey year and not in the future; a warning only, since where the
    computer's own dates are month first 20/11/2019 stays text, which is read just as well."""
    return {
        "validate": "date", "criteria": "between", "minimum": date(year, 1, 1),
        "maximum": "=TODAY()", "input_title": "Ngay",
        "input_message": words.DAY_PROMPT.format(year=year), "error_type": "warning",
        "error_title": "Ngay", "error_message": words.DAY_QUESTION.format(year=year),
    }  # fmt: skip


def _headers(questionnaire: Questionnaire) -> dict[str, str]:
    """Name of a column or question -> how it is called in the workbook a team fills in."""
    return {name: header for header, name in questionnaire.known_headers().items()}


def _answer_lists(questionnaire: Questionnaire) -> dict[str, str]:
    """Name of a question, or of a column with an answer list -> the list."""
    columns = pd.concat([questionnaire.fixed, questionnaire.carried])
    listed = columns[columns["answers"] != ""]
    return dict(zip(listed["name"], listed["answers"], strict=True)) | dict(
        zip(questionnaire.questions["question"], questionnaire.questions["answers"], strict=True)
    )


def _offer_answers(
    sheet: Worksheet, row: int, at: int, question: str, questionnaire: Questionnaire,
    lists: dict[str, str],
) -> None:  # fmt: skip
    """A list to choose from. Codes only, as they are read back; their meaning is in the prompt."""
    correctable = {*questionnaire.fixed["name"], *questionnaire.questions["question"]}
    offered = [words.CONFIRM, words.WITHDRAW]
    prompt = "“đúng”: giá trị đang có là đúng; “rút”: bỏ phiếu này."
    if question in correctable and question in lists:
        own = questionnaire.answers[questionnaire.answers["answers"] == lists[question]]
        offered = [*own["code"].astype(str), *offered]
        meanings = "; ".join(f"{row.code} = {row.label_vi}" for row in own.itertuples())
        prompt = f"{meanings}. {prompt}"
    elif question in correctable:
        prompt = f"Ghi giá trị đúng, hoặc {prompt}"
        offered = []
    if len(prompt) > LONGEST_PROMPT:
        prompt = "Mã trả lời: xem trang MaTraLoi. “đúng”, “rút”: xem trang HuongDan."
    rule: dict[str, Any] = {"validate": "any", "input_title": "TraLoi", "input_message": prompt}
    if offered and len(",".join(offered)) <= LONGEST_LIST:
        rule |= {"validate": "list", "source": offered, "error_type": "warning",
                 "error_title": "TraLoi", "error_message": "Giá trị không có trong danh sách. "
                 "Vẫn ghi?"}  # fmt: skip
    sheet.data_validation(row, at, row, at, rule)


def _write_interviews(
    book: ReturnBook, rows: pd.DataFrame, interviews: pd.DataFrame, questionnaire: Questionnaire
) -> None:
    headers = _headers(questionnaire)
    names = ["STT", "Tep", "TrangTinh", "Dong", *(headers[name] for name in WHO)]
    widths = [5, 24, 10, 7, 17, 12]
    cells = rows[rows["question"] != ""]
    questions = [name for name in dict.fromkeys(cells["question"]) if name not in WHO]
    sheet = book.add_sheet("Phieu", [*widths, *([NARROW] * len(questions))])
    if len(questions) > COLUMNS_ON_A_PAGE:
        sheet.set_print_scale(70)
        sheet.repeat_columns(0, 3)
    sheet.freeze_panes(1, 4)
    sheet.repeat_rows(0)
    for at, name in enumerate([*names, *(headers.get(name, name) for name in questions)]):
        sheet.write_string(0, at, clean_text(name), book.header)
    sheet.set_row(0, 30)
    flagged = {
        (row.file, row.sheet, row.row, row.question): (row.current, row.severity)
        for row in cells.itertuples(index=False)
    }
    plain, middle = book.cell(), book.cell(align="center")
    for number, row in enumerate(interviews.itertuples(index=False), start=1):
        place = (row.file, row.sheet, row.row)
        for at, value in enumerate((row.number, row.file, row.sheet, int(row.row))):
            put(sheet, number, at, value, plain if at == 1 else middle)
        known = {"respondent_id": row.respondent_id, "interviewer": row.interviewer}
        for at, question in enumerate([*WHO, *questions], start=len(names) - len(WHO)):
            found = flagged.get((*place, question))
            if found is None:
                put(sheet, number, at, known.get(question, ""), middle)
            else:
                look = book.cell(FILLS[found[1]], bold=True, align="center")
                is_masked = found[0].startswith(words.MASK_BEGINS)
                put(sheet, number, at, words.MASKED if is_masked else found[0] or words.BLANK, look)
        sheet.set_row(number, points_of([(row.file, widths[1]), (row.sheet, widths[2])]))


def _write_codes(book: ReturnBook, rows: pd.DataFrame, questionnaire: Questionnaire) -> None:
    widths = [10, 70, 9, 32, 32]
    sheet = book.add_sheet("MaTraLoi", widths)
    write_header(book, sheet, 0, words.CODE_HEADERS)
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    lists, headers = _answer_lists(questionnaire), _headers(questionnaire)
    columns = pd.concat([questionnaire.fixed, questionnaire.carried])[["name", "text_vi"]]
    texts = dict(zip(columns["name"], columns["text_vi"], strict=True)) | dict(
        zip(questionnaire.questions["question"], questionnaire.questions["text_vi"], strict=True)
    )
    at = 1
    for question in dict.fromkeys(name for name in rows["question"] if name in lists):
        own = questionnaire.answers[questionnaire.answers["answers"] == lists[question]]
        for number, answer in enumerate(own.itertuples(index=False)):
            asked = (headers[question], texts[question]) if number == 0 else ("", "")
            told = (*asked, int(answer.code), answer.label_vi, answer.label_en)
            for column, value in enumerate(told):
                middle = {"align": "center"} if column == 2 else {}
                put(sheet, at, column, value, book.cell(**middle))
            sheet.set_row(at, points_of(zip(map(str, told), widths, strict=True)))
            at += 1
