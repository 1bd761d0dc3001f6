"""Belongs here: the workbook that goes back to a field team: what to verify, where, and why.
Does not belong here: finding it (dgi.fieldwork), its fixed words, or reading it back (dgi.ingest)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dgi.facts.questionnaire import Questionnaire

from . import return_words as words
from . import style
from .cells import clean_text
from .language import NOT_APPLICABLE, Pair, is_missing, two_languages
from .measure import lines_needed
from .return_rows import figure, list_to_answer, number_interviews, of_interviews

# The header the corrections are read back by, and the widths that fill a landscape page.
HEADER = {
    "STT": 4.5, "Tep": 15, "TrangTinh": 9.5, "Dong": 6, "Cot": 7, "MaPhieu": 10, "CauHoi": 9,
    "LyDo": 50, "GiaTriHienTai": 13, "TraLoi": 10, "NguoiSua": 12, "Ngay": 10.5, "GhiChu": 15,
}  # fmt: skip
TO_FILL = ("TraLoi", "NguoiSua", "Ngay", "GhiChu")
"""The only cells that are not locked."""
LONGEST_PROMPT, LONGEST_LIST = 255, 255  # of a data validation
COLUMNS_ON_A_PAGE = 14
GUIDE_WIDTH = 125
FILLS = {"error": style.MARKED, "warn": style.PALE, "info": "FFFFFF"}
FIGURES = {"whole": "#,##0", "share": "0.0%"}
"""Column kind of the table of interviewers -> number format."""


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
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as workbook:
        title = Pair(f"{words.TITLE.vi} – {district[0]}, {year}",
                     f"{words.TITLE.en} – {district[1]}, {year}")  # fmt: skip
        workbook.set_properties(
            {"created": datetime(year, 1, 1), "author": "DGI", "title": clean_text(title.vi)}
        )
        book = _Book(workbook, title, is_sample)
        rows = list_to_answer(findings, rules, questionnaire)
        interviews = number_interviews(findings)
        _write_guide(book, bool(len(rows)))
        _write_to_answer(book, rows, questionnaire)
        _write_interviews(book, rows, interviews, questionnaire)
        _write_codes(book, rows, questionnaire)
        _write_summary(book, checks, findings, rules)
        _write_interviewers(book, interviewers)
    return buffer.getvalue()


class _Book:
    """The workbook being written: its formats, each made once, and what every sheet has."""

    def __init__(self, workbook: xlsxwriter.Workbook, title: Pair, is_sample: bool):
        self.workbook, self.title, self.is_sample = workbook, title, is_sample
        self._formats: dict[tuple, Format] = {}

    def look(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            plain = {"font_name": style.FAMILY, "font_size": 10, "font_color": f"#{style.INK}",
                     "valign": "top", "text_wrap": True}  # fmt: skip
            self._formats[key] = self.workbook.add_format({**plain, **properties})
        return self._formats[key]

    def cell(self, fill: str = "FFFFFF", **properties: Any) -> Format:
        border = {"border": 1, "border_color": f"#{style.RULE}", "bg_color": f"#{fill}"}
        return self.look(**border, **properties)

    @property
    def header(self) -> Format:
        return self.look(bold=True, font_color="#FFFFFF", bg_color=f"#{style.BLUE}", border=1,
                         border_color="#FFFFFF", align="center", valign="vcenter")  # fmt: skip

    @property
    def small(self) -> Format:
        return self.look(italic=True, font_size=9, font_color=f"#{style.QUIET}")

    def add_sheet(self, name: str, widths: Iterable[float]) -> Worksheet:
        """A sheet on A4 across, as wide as the page, marked where the data is a sample."""
        sheet = self.workbook.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        mark = f'&C&"{style.FAMILY},Bold"&10{words.BANNER}' if self.is_sample else ""
        sheet.set_header(mark)
        name_shown = clean_text(self.title.vi).replace("&", "&&")[:120]
        sheet.set_footer(f'&L&"{style.FAMILY},Regular"&9{name_shown}&R&9{name}, &P / &N')
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        return sheet


def _put(sheet: Worksheet, row: int, at: int, value: object, look: Format) -> None:
    """One value: text is always text, a missing number a dash."""
    if is_missing(value):
        sheet.write_string(row, at, NOT_APPLICABLE, look)
    elif isinstance(value, str):
        sheet.write_string(row, at, clean_text(value), look)
    else:
        sheet.write_number(row, at, float(value), look)  # type: ignore[arg-type]


def _put_pair(
    book: _Book, sheet: Worksheet, row: int, at: int, pair: Pair, look: Format, opening: str = ""
) -> None:
    """Vietnamese, and below it English, smaller and slanted; `opening` is set in bold."""
    parts: list[Any] = [book.look(bold=True), f"{opening}. "] if opening else []
    parts += [book.look(), clean_text(pair.vi)]
    if pair.en:
        parts += [book.small, f"\n{clean_text(pair.en)}"]
    if len(parts) > 2:
        sheet.write_rich_string(row, at, *parts, look)
    else:
        sheet.write_string(row, at, clean_text(pair.vi), look)


def _points(cells: Iterable[tuple[str, float]], size: float = 10) -> float:
    """Height of a row that shows the whole of its texts: (text, width of the column)."""
    lines = max(lines_needed(text, width, size) for text, width in cells)
    return min(max(lines, 1) * size * 1.3 + 4, 400)


def _write_header(book: _Book, sheet: Worksheet, row: int, headers: Sequence[Pair]) -> None:
    for at, pair in enumerate(headers):
        sheet.write_string(row, at, two_languages(pair), book.header)


def _write_guide(book: _Book, has_rows: bool) -> None:
    sheet = book.add_sheet("HuongDan", [GUIDE_WIDTH])
    row = 0

    def write(pair: Pair, look: Format, size: float = 11, opening: str = "") -> None:
        nonlocal row
        text = f"{opening}{pair.vi}" + (f"\n{pair.en}" if pair.en else "")
        _put_pair(book, sheet, row, 0, pair, look, opening)
        sheet.set_row(row, _points([(text, GUIDE_WIDTH - 4)], size))
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
        write(Pair(f"• {line.vi}", f"   {line.en}"), book.look(indent=1))


def _write_to_answer(book: _Book, rows: pd.DataFrame, questionnaire: Questionnaire) -> None:
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
    locked = {name: fill for name, fill in FILLS.items()}
    for number, row in enumerate(rows.itertuples(index=False), start=1):
        look = book.cell(locked[row.severity])
        place = {"STT": number, "Tep": row.file, "TrangTinh": row.sheet, "Dong": int(row.row),
                 "Cot": row.cell, "MaPhieu": row.respondent_id,
                 "CauHoi": headers.get(row.question, row.question),
                 "GiaTriHienTai": row.current}  # fmt: skip
        for name, value in place.items():
            _put(sheet, number, at[name], value, look)
        severity = words.SEVERITIES[row.severity].vi
        _put_pair(book, sheet, number, at["LyDo"], row.reason, look, severity)
        for name in TO_FILL:
            fitting = {"num_format": "dd/mm/yyyy"} if name == "Ngay" else {"num_format": "@"}
            sheet.write_blank(number, at[name], None, book.cell(locked=False, **fitting))
        _offer_answers(sheet, number, at["TraLoi"], row.question, questionnaire, lists)
        said = [(f"{severity}. {row.reason.vi}\n{row.reason.en}", HEADER["LyDo"])]
        said += [(str(value), HEADER[name]) for name, value in place.items()]
        sheet.set_row(number, _points(said))


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
    book: _Book, rows: pd.DataFrame, interviews: pd.DataFrame, questionnaire: Questionnaire
) -> None:
    names = ["STT", "Tep", "TrangTinh", "Dong", "MaPhieu", "MaDTV"]
    widths = [5, 18, 10, 7, 19, 10]
    cells = rows[rows["question"] != ""]
    questions = list(dict.fromkeys(cells["question"]))
    headers = _headers(questionnaire)
    sheet = book.add_sheet("Phieu", [*widths, *([9.0] * len(questions))])
    if len(questions) > COLUMNS_ON_A_PAGE:
        sheet.fit_to_pages(0, 0)
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
    plain = book.cell()
    for number, row in enumerate(interviews.itertuples(index=False), start=1):
        told = (row.number, row.file, row.sheet, int(row.row), row.respondent_id, row.interviewer)
        for at, value in enumerate(told):
            _put(sheet, number, at, value, plain)
        for at, question in enumerate(questions, start=len(names)):
            found = flagged.get((row.file, row.sheet, row.row, question))
            if found is None:
                sheet.write_blank(number, at, None, plain)
            else:
                look = book.cell(FILLS[found[1]], bold=True, align="center")
                _put(sheet, number, at, found[0] or words.BLANK, look)
        height = [(row.file, widths[1]), (row.sheet, widths[2])]
        sheet.set_row(number, _points(height))


def _write_codes(book: _Book, rows: pd.DataFrame, questionnaire: Questionnaire) -> None:
    widths = [10, 70, 9, 32, 32]
    sheet = book.add_sheet("MaTraLoi", widths)
    _write_header(book, sheet, 0, words.CODE_HEADERS)
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
                _put(sheet, at, column, value, book.cell(top=1 if number == 0 else 0))
            sheet.set_row(at, _points(zip(map(str, told), widths, strict=True)))
            at += 1


def _write_summary(
    book: _Book, checks: pd.DataFrame, findings: pd.DataFrame, rules: pd.DataFrame
) -> None:
    widths = [72, 13, 15, 12, 12, 13, 11]
    sheet = book.add_sheet("TomTat", widths)
    _write_header(book, sheet, 0, words.CHECK_HEADERS)
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
        _put_pair(book, sheet, at, 0, rule, look)
        _put(sheet, at, 1, words.SEVERITIES[row.severity].vi, look)
        _put(sheet, at, 2, result, book.cell(FILLS[row.severity], bold=True) if is_found else look)
        for column, value in enumerate((row.findings_n, row.base_n), start=3):
            _put(sheet, at, column, value if is_taken else None, figures)
        worst = figure(row.worst_value).vi if not is_missing(row.worst_value) else None
        _put(sheet, at, 5, worst, figures)
        _put(sheet, at, 6, figure(row.threshold).vi, figures)
        sheet.set_row(at, _points([(f"{rule.vi}\n{rule.en}", widths[0]), (result, widths[2])]))
        at += 1
    _write_groups(book, sheet, at + 1, findings, widths)


def _write_groups(
    book: _Book, sheet: Worksheet, at: int, findings: pd.DataFrame, widths: Sequence[float]
) -> None:
    """Findings that are of no single interview."""
    rows = findings.drop(of_interviews(findings).index)
    if rows.empty:
        return
    sheet.write_string(at, 0, two_languages(words.GROUP_TITLE), book.look(bold=True))
    sheet.set_row(at, 30)
    _write_header(book, sheet, at + 1, words.GROUP_HEADERS)
    sheet.set_row(at + 1, 30)
    for number, row in enumerate(rows.itertuples(index=False), start=at + 2):
        look, figures = book.cell(FILLS[row.severity]), book.cell(FILLS[row.severity], align="right")
        reason = Pair(f"{row.reason_vi} {row.next_vi}", f"{row.reason_en} {row.next_en}")
        _put_pair(book, sheet, number, 0, reason, look)
        told = (words.SEVERITIES[row.severity].vi, row.interviewer, row.question, row.other)
        for column, value in enumerate(told, start=1):
            _put(sheet, number, column, value, look)
        for column, value in enumerate((row.value, row.threshold), start=5):
            _put(sheet, number, column, figure(value).vi, figures)
        texts = [(f"{reason.vi}\n{reason.en}", widths[0])]
        texts += [(str(value), width) for value, width in zip(told, widths[1:], strict=False)]
        sheet.set_row(number, _points(texts))


def _write_interviewers(book: _Book, interviewers: pd.DataFrame) -> None:
    known = words.INTERVIEWER_COLUMNS
    sheet = book.add_sheet("DieuTraVien", [14, *([9.5] * (len(known) - 1))])
    _write_header(book, sheet, 0, [heading for heading, _ in known.values()])
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
            _put(sheet, at, column, row[name], look)
