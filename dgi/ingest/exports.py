"""Which sheet of a delivered file holds the interviews, in which row its headers stand, and whose
export it is. Not here: what the columns mean (columns.py), or opening the file (door.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.column_maps import ColumnMap
from dgi.facts.spelling import fold
from dgi.ingest.column_faults import describe_no_header
from dgi.ingest.columns import LEAST_RECOGNISED, count_recognised
from dgi.ingest.headers import HeaderBook, plain
from dgi.ingest.sheets import TextFile, TextSheet, with_header_at

ANSWERS_SHEET, COVER_SHEET = "TraLoi", "Bia"
ROWS_SEARCHED = 30  # rows from the top of a sheet in which its headers are sought
TOTAL_WORDS = {"tong", "tong cong", "tong so", "cong", "cong don", "total", "totals", "grand total",
               "sum"}  # fmt: skip
LONGEST_TOTAL = 20  # letters
CELLS_SEARCHED = 3  # first cells of a row that may call it a totals row
NOTE_CELLS, LEAST_WIDTH = 2, 10  # a row of so few cells, in so wide a table, is a note under it
# What tells an export, by headers that only it has.
SIGNATURES = {
    "surveycto": {"formdef_version", "review_quality", "devicephonenum"},
    "kobo": {"_uuid", "_submission_time", "_xform_id_string"},
    "odk": {"submitterid", "attachmentspresent", "isvalidated", "meta-instanceid"},
    "survey_solutions": {"interview__key", "interview__id"},
    "papi": {"psw_psweight", "psw_strata", "idcode0"},
}
# Headers of a sheet whose rows are members of a household and the like, not interviews.
REPEAT_MARKS = {"_parent_index", "_parent_table_name", "parent_key"}

# Where a tool keeps what the office decided about an interview, and how it says no.
REVIEW_HEADERS = {"_validation_status", "review_status", "reviewstate"}
REJECTED = {"rejected", "not approved", "validation status not approved", "hasissues",
            "validation status on hold", "on hold"}  # fmt: skip
ROWS_SHOWN = 10


@dataclass(frozen=True)
class Export:
    """The interviews of a delivered file. `family`: field_workbook, surveycto, kobo, odk,
    survey_solutions, papi, statistics (SPSS, Stata) or office; `sheet`: with its headers found
    and no row that is no interview; `remarks`: what was left out, by sheet and row."""

    family: str
    sheet: TextSheet
    remarks: tuple[Fault, ...]


def find_interviews(file: TextFile, book: HeaderBook, column_map: ColumnMap) -> Export:
    """The sheet that holds the interviews, by the headers it has.

    Headers are sought in the first rows of every sheet, also split over two rows. Rows of totals,
    column numbers, question wordings and notes are left out, and told. Raises WorkbookError when
    no sheet, or more than one, has the questionnaire's headers.
    """
    mapped = {plain(header) for header in column_map.lines_for(file.name)["header"]}
    judge = _Judge(book, mapped)
    candidates = [_find_header(sheet, judge) for sheet in file.sheets]
    enough = LEAST_RECOGNISED * len(judge.required)
    holding = [
        found for found in candidates
        if found.recognised >= enough and not _is_repeat(found.sheet)
    ]  # fmt: skip
    own = [found for found in holding if found.sheet.name == ANSWERS_SHEET]
    if len(own or holding) > 1:
        raise WorkbookError([_several([found.sheet.name for found in holding], file)])
    if not holding:
        best = max(candidates, key=lambda found: found.recognised).sheet
        raise WorkbookError([describe_no_header(best, file.name)])
    chosen = (own or holding)[0]
    remarks = [
        _left_sheet(sheet, file)
        for sheet in file.sheets
        if sheet.name != chosen.sheet.name and not _is_cover(sheet)
    ]
    sheet, notes = _drop_other_rows(chosen.sheet, judge, file)
    doubts = _doubted(sheet, file)
    return Export(_family(file, sheet), sheet, (*remarks, *notes, *doubts))


class _Judge:
    """How many of the required columns a row of cells gives, if taken as the header."""

    def __init__(self, book: HeaderBook, mapped: set[str]):
        self.required = set(book.questionnaire.headers().values())
        fixed = book.questionnaire.fixed.set_index("name")["pattern"]
        self.form_number = re.compile(fixed.get("respondent_id") or r"\S{1,40}")
        self.book = book
        self.mapped = mapped

    def score(self, cells: Sequence[str]) -> int:
        known = count_recognised(cells, self.book, self.required)
        return known + sum(plain(cell) in self.mapped for cell in cells if cell)

    def positions_of(self, header: Sequence[str], name: str) -> list[int]:
        """Columns whose header means a name of the questionnaire."""
        found = [self.book.find_question(text) if text else None for text in header]
        return [at for at, meaning in enumerate(found) if meaning and meaning.name == name]

    def is_of_persons(self, header: str) -> bool:
        """Whether a header is that of a column about persons."""
        meaning = self.book.find(header) if header else None
        return meaning is not None and meaning.use == "identity"

    def is_form_number(self, text: str) -> bool:
        """Whether a cell could be the number of a form: a digit in it, in the declared pattern."""
        return any(sign.isdigit() for sign in text) and self.form_number.fullmatch(text) is not None

    def rank(self, cells: Sequence[str]) -> tuple[int, int]:
        """The score; of two alike, more known cells are better: options rather than their group."""
        known = sum(self.book.find_question(cell) is not None for cell in cells if cell)
        return self.score(cells), known


@dataclass(frozen=True)
class _Found:
    sheet: TextSheet
    recognised: int


def _find_header(sheet: TextSheet, judge: _Judge) -> _Found:
    """The sheet with the row as header that gives most of the required columns."""
    rows = [sheet.header_row, *sheet.frame.index[:ROWS_SEARCHED]]
    cells = [sheet.header, *map(tuple, sheet.frame.iloc[:ROWS_SEARCHED].fillna("").to_numpy())]
    # The variables' labels of SPSS and Stata are a header too.
    best_rank = max(judge.rank(sheet.header), judge.rank(sheet.labels))
    best = _Found(sheet, best_rank[0])
    enough = LEAST_RECOGNISED * len(judge.required)
    for number, row in enumerate(rows):
        if best.recognised >= enough and number > rows.index(best.sheet.header_row) + 1:
            break  # only the row below may add to a header
        options: list[Sequence[str]] = [cells[number]]
        if number:
            options.append(_join_rows(cells[number - 1], cells[number], judge))
        for header in options:
            rank = judge.rank(header)
            if rank > best_rank:
                found = with_header_at(sheet, int(row))
                best, best_rank = _Found(replace(found, header=tuple(header)), rank[0]), rank
    return best


def _join_rows(upper: Sequence[str], lower: Sequence[str], judge: _Judge) -> list[str]:
    """A header split over two rows: the lower cell, the upper one where the lower is blank, and
    both ('C305/3') where the upper names a question whose options stand in the lower."""
    joined, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or group
        option = f"{group}/{below}"
        if below and group and judge.score([option]) and not judge.score([below]):
            joined.append(option)
        else:
            joined.append(below or above)
    return joined


def _drop_other_rows(
    sheet: TextSheet, judge: _Judge, file: TextFile
) -> tuple[TextSheet, list[Fault]]:
    """The sheet without rows that are no interviews, and a remark for each."""
    frame, notes = sheet.frame, []
    for row in list(frame.index[:2]):
        cells = list(frame.loc[row].fillna(""))
        if _is_numbering(cells):
            frame, rule = frame.drop(row), "numbering"
        elif judge.score(cells) >= LEAST_RECOGNISED * len(judge.required):
            frame, rule = frame.drop(row), "second_header"
        else:
            break
        notes.append(_left_row(sheet, int(row), rule, file))
    totals = np.zeros(len(frame), dtype=bool)
    for position in frame.columns[:CELLS_SEARCHED]:
        if not judge.is_of_persons(sheet.header[position]):  # Tống is a surname
            totals |= _each(frame[position], _is_total)
    # A row with a form number is an interview, whatever else stands in it or does not; a totals
    # row may have a count there.
    numbered = np.zeros(len(frame), dtype=bool)
    for position in judge.positions_of(sheet.header, "respondent_id"):
        numbered |= _each(frame[position], judge.is_form_number)
        totals &= ~_each(
            frame[position], lambda text: judge.is_form_number(text) and not text.isdigit()
        )
    notes += [_left_row(sheet, int(row), "totals", file) for row in frame.index[totals]]
    frame, numbered = frame[~totals], numbered[~totals]
    if len(frame.columns) >= LEAST_WIDTH:
        few = (frame.notna().sum(axis=1) <= NOTE_CELLS).to_numpy() & ~numbered
        last = len(few) - int(np.argmin(few[::-1])) if not few.all() else 0
        notes += [_left_row(sheet, int(row), "note", file) for row in frame.index[last:]]
        frame = frame.iloc[:last]
    return replace(sheet, frame=frame), notes


def _doubted(sheet: TextSheet, file: TextFile) -> list[Fault]:
    """A remark on the interviews that the office rejected, or holds back, in the tool itself."""
    faults = []
    for position, header in enumerate(sheet.header):
        if plain(header).rpartition("/")[2] in REVIEW_HEADERS:
            is_no = _each(sheet.frame[position], lambda text: fold(text) in REJECTED)
            rows = [int(row) for row in sheet.frame.index[is_no]]
            if rows:
                faults.append(_rejected_in_tool(sheet, header, rows, file))
    return faults


def _each(column: pd.Series, test) -> np.ndarray:
    positions, spellings = pd.factorize(column)
    return np.array([*(test(str(spelling)) for spelling in spellings), False])[positions]


def _is_total(text: str) -> bool:
    return len(text) <= LONGEST_TOTAL and fold(text) in TOTAL_WORDS


def _is_numbering(cells: Sequence[str]) -> bool:
    """(1) (2) (3) ...: the row of column numbers under an official table's header."""
    numbers = [cell.strip("() ") for cell in cells if cell]
    return len(numbers) >= LEAST_WIDTH and all(
        number == str(at) for at, number in enumerate(numbers, start=1)
    )


def _is_cover(sheet: TextSheet) -> bool:
    return sheet.name == COVER_SHEET


def _is_repeat(sheet: TextSheet) -> bool:
    return any(plain(header) in REPEAT_MARKS for header in sheet.header)


def _family(file: TextFile, sheet: TextSheet) -> str:
    if sheet.name == ANSWERS_SHEET:
        return "field_workbook"
    headers = {plain(header) for header in sheet.header}
    for family, marks in SIGNATURES.items():
        if headers & marks:
            return family
    return "statistics" if file.format in ("sav", "dta") else "office"


def _several(names: Sequence[str], file: TextFile) -> Fault:
    return Fault(
        file.name, f"{len(names)} sheets hold interviews: {', '.join(names)}",
        "Leave one of them in the file; if all are wanted, send each in a file of its own.",
        rule_vi=f"có {len(names)} trang tính chứa phiếu: {', '.join(names)}",
        action_vi="Chỉ để lại một trang trong tệp; nếu cần cả, gửi mỗi trang một tệp riêng.",
    )  # fmt: skip


def _left_sheet(sheet: TextSheet, file: TextFile) -> Fault:
    rows = len(sheet.frame)
    if _is_repeat(sheet):
        return Fault(
            file.name, f"the sheet holds the {rows} rows of a repeat, not interviews: it was not"
            " read", "Nothing, unless its rows are wanted: joining repeats is not supported.",
            sheet=sheet.name,
            rule_vi=f"trang tính chứa {rows} dòng của nhóm câu hỏi lặp, không phải phiếu: không"
            " đọc", action_vi="Không cần làm gì, trừ khi cần các dòng này (chưa hỗ trợ ghép).",
        )  # fmt: skip
    return Fault(
        file.name, f"the sheet has no headers of the questionnaire: its {rows} rows were not read",
        "Nothing, unless it holds interviews.", sheet=sheet.name,
        rule_vi=f"trang tính không có tiêu đề của phiếu hỏi: {rows} dòng không được đọc",
        action_vi="Không cần làm gì, trừ khi trang này chứa phiếu.",
    )  # fmt: skip


LEFT_ROWS = {
    "numbering": ("dòng đánh số cột", "the row numbers the columns"),
    "second_header": ("dòng tiêu đề thứ hai", "the row is a second header"),
    "totals": ("dòng tổng cộng", "the row is a totals row"),
    "note": ("dòng ghi chú dưới bảng", "the row is a note under the table"),
}


def _left_row(sheet: TextSheet, row: int, rule: str, file: TextFile) -> Fault:
    rule_vi, rule_en = LEFT_ROWS[rule]
    return Fault(
        file.name, f"{rule_en}, no interview: it was left out",
        "Nothing, unless the row is an interview.", sheet=sheet.name or None, row=row,
        rule_vi=f"{rule_vi}, không phải phiếu: đã bỏ qua",
        action_vi="Không cần làm gì, trừ khi dòng này là phiếu.",
    )  # fmt: skip


def _rejected_in_tool(sheet: TextSheet, header: str, rows: list[int], file: TextFile) -> Fault:
    shown = ", ".join(map(str, rows[:ROWS_SHOWN])) + (", ..." if len(rows) > ROWS_SHOWN else "")
    return Fault(
        file.name, f"{len(rows)} interviews were rejected or held back in the collection tool, and"
        f" were read all the same: rows {shown}",
        "Have them settled in the tool and exported again, or set them aside by a correction.",
        sheet=sheet.name or None, row=rows[0], column=header,
        rule_vi=f"có {len(rows)} phiếu bị từ chối hoặc tạm giữ trong phần mềm thu thập nhưng vẫn"
        f" được đọc: dòng {shown}",
        action_vi="Xử lý trong phần mềm rồi xuất lại, hoặc loại bằng phiếu đính chính.",
    )  # fmt: skip
