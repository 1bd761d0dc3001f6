"""Correction logs and filled return workbooks as delivered, read into entries to be replayed.
Not here: replaying them (dgi.fieldwork.corrections), or what a file is made of (door.py)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.spelling import clean, fold, read_dates, read_numbers
from dgi.fieldwork.corrections import ACTIONS, LOG_COLUMNS
from dgi.ingest.door import read_file, read_whole
from dgi.ingest.landing import list_files, name_of
from dgi.ingest.privacy import PERSONAL, PSEUDONYM_DIGITS
from dgi.ingest.sheets import TextFile, TextSheet, with_header_at

LOG_SHEET, RETURN_SHEET = "HieuChinh", "CanXacMinh"
# Column of an entry -> its headers: Vietnamese first, then English.
SHARED = {
    "who": ("NguoiSua", "who"),
    "when": ("Ngay", "when"),
    "why": ("LyDo", "why"),
    "respondent_id": ("MaPhieu", "respondent", "respondent_id"),
    "question": ("CauHoi", "question"),
    "file": ("Tep", "file"),
    "sheet": ("TrangTinh", "sheet"),
    "row": ("Dong", "row"),
}
LOG_HEADERS = SHARED | {
    "old_value": ("GiaTriCu", "old_value"),
    "new_value": ("GiaTriMoi", "new_value"),
    "action": ("ViecLam", "action"),
}
RETURN_HEADERS = SHARED | {
    "old_value": ("GiaTriHienTai", "current_value"),
    "new_value": ("TraLoi", "answer"),
}
NEEDED = ("who", "when", "why", "question", "old_value", "new_value")
HEADER_WITHIN = 15  # rows of titles and instructions that may stand above the header
# Words of the column ViecLam, and of an answer that is no value; folded (no tones, no spaces).
WORDS = {
    "value": "value", "sua": "value", "suagiatri": "value",
    "withdraw": "withdraw", "rut": "withdraw", "rutphieu": "withdraw",
    "huy": "withdraw", "huyphieu": "withdraw",
    "confirmed": "confirmed", "xacnhan": "confirmed",
    "superseded": "superseded", "hethieuluc": "superseded", "boqua": "superseded",
}  # fmt: skip
CONFIRMING = ("đúng", "đúng rồi", "dung", "ok", "xác nhận", "correct", "confirmed")


class Told(NamedTuple):
    """A fault's words: rule and action, Vietnamese before English."""

    rule_vi: str
    rule: str
    action_vi: str
    action: str


NO_COLUMN = Told("thiếu một cột của nhật ký hiệu chỉnh",
                 "a column of the correction log is missing",
                 "Thêm cột, giữ đúng tên như mẫu.",
                 "Add it, named as in the template.")  # fmt: skip
TWICE = Told("một cột đứng hai lần", "a column stands twice",
             "Bỏ hoặc đổi tên một cột.", "Remove or rename one of them.")  # fmt: skip
BLANK = {
    "who": Told("không ghi ai sửa", "it is not said who corrects",
                "Ghi tên hoặc chức danh người sửa.", "Give the person's name or office."),
    "when": Told("không ghi ngày sửa", "the day is not given",
                 "Ghi ngày sửa (ngày/tháng/năm).", "Give the day (dd/mm/yyyy)."),
    "why": Told("không ghi lý do", "it is not said why",
                "Ghi lý do sửa, không nêu tên người trả lời.",
                "Give the reason, without naming the respondent."),
    "question": Told("không ghi câu hỏi", "the question is not given",
                     "Ghi mã câu hỏi; nếu rút cả phiếu thì ghi 'rút'.",
                     "Give the question's code; to take the interview out, say 'withdraw'."),
}  # fmt: skip
BAD_DAY = Told(
    "ngày không đọc được",
    "the day cannot be read",
    "Viết ngày/tháng/năm, ví dụ 05/09/2019.",
    "Write dd/mm/yyyy, 05/09/2019 say.",
)
BAD_ROW = Told(
    "số dòng không phải là số nguyên dương",
    "the row is no row number",
    "Ghi số dòng như thấy trong tệp.",
    "Give the row as numbered in the file.",
)
BAD_ACTION = Told("không rõ việc cần làm", "the action is unknown",
                  "Ghi một trong: sửa, rút, xác nhận, hết hiệu lực; để trống là sửa.",
                  f"Give one of: {', '.join(ACTIONS)}; blank is value.")  # fmt: skip
BAD_QUESTION = Told("không có câu hỏi hoặc cột như vậy trong phiếu hỏi",
                    "the questionnaire has no such question or column",
                    "Ghi đúng mã câu hỏi (ví dụ C107) hoặc tên cột.",
                    "Give the question's code (C107, say) or the column's name.")  # fmt: skip
PERSONS = Told("ô có số điện thoại, số giấy tờ hoặc thư điện tử",
               "the cell holds a telephone or identity number, or an e-mail address",
               "Xóa thông tin cá nhân khỏi ô này.",
               "Take what identifies a person out of the cell.")  # fmt: skip


def read_corrections(
    folder: Path,
    questionnaire: Questionnaire,
    pseudonym: Callable[[str], str],
    delivered_headers: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Entries of all files in one district-year's folder of corrections, and file -> sha256.

    A folder that is not there holds no entries. Files are called by folder and name. Raises
    WorkbookError with every file that cannot be opened, else as `read_correction_logs`.
    """
    files: list[TextFile] = []
    faults: list[Fault] = []
    for path in list_files(folder):
        try:
            name = f"{folder.name}/{name_of(path)}"
            files.append(read_file(name, read_whole(name, path)))
        except WorkbookError as error:
            faults += error.faults
    if faults:
        raise WorkbookError(faults)
    log = read_correction_logs(files, questionnaire, pseudonym, delivered_headers)
    return log, {file.name: file.sha256 for file in files}


def read_correction_logs(
    files: Iterable[TextFile],
    questionnaire: Questionnaire,
    pseudonym: Callable[[str], str],
    delivered_headers: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Entries of all logs and return workbooks of one district-year, as `apply_corrections` takes.

    `pseudonym`: form number -> respondent_id; a cell that is a pseudonym already stays.
    `delivered_headers`: header as delivered -> name, where a file had its own. A log is the sheet
    HieuChinh or else the first; a return workbook has the sheet CanXacMinh, and its rows with an
    answer (TraLoi) are entries: an answer that repeats the present value, or says 'đúng' or 'ok',
    confirms it. Raises WorkbookError with every wrong cell, never with what it holds.
    """
    names = _question_names(questionnaire, delivered_headers or {})
    parts, faults = [], []
    for file in files:
        for sheet in _sheets_of(file):
            reader = _Reader(file.name, sheet, names, pseudonym)
            parts += reader.read()
            faults += reader.faults
    if faults:
        raise WorkbookError(faults)
    log = pd.DataFrame(parts, columns=LOG_COLUMNS)
    text = [name for name in LOG_COLUMNS if name not in ("line", "when", "row")]
    return log.astype(
        {**dict.fromkeys(text, "str"), "line": "int64", "when": "datetime64[us]", "row": "Int64"}
    )


def _sheets_of(file: TextFile) -> list[TextSheet]:
    """Sheets called as ours are, or with our headers; else the first, whose faults then tell."""
    known = {_key(LOG_SHEET), _key(RETURN_SHEET)}
    return [
        sheet
        for sheet in file.sheets
        if _key(sheet.name) in known or _header_row(sheet) is not None
    ] or list(file.sheets[:1])


def _header_row(sheet: TextSheet) -> int | None:
    """Row of the header, that is the first which says who and what question; None without one."""
    wanted = [set(map(_key, SHARED[name])) for name in ("who", "question")]

    def is_header(cells: Iterable[str]) -> bool:
        keys = {_key(cell) for cell in cells}
        return all(keys & spellings for spellings in wanted)

    if is_header(sheet.header):
        return sheet.header_row
    return next(
        (
            int(number)
            for number in sheet.frame.index[:HEADER_WITHIN]
            if is_header(sheet.frame.loc[number].fillna("").astype(str))
        ),
        None,
    )


def _settle_withdrawals(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    """A return workbook asks of one interview in several rows: once a team takes it out in one of
    them, that is one withdrawal, and what the other rows say of it no longer matters."""

    def interview(entry: dict[str, object]) -> tuple[object, ...]:
        row = entry["row"]
        return entry["file"], None if pd.isna(row) else row, entry["respondent_id"]

    withdrawals: dict[tuple[object, ...], dict[str, object]] = {}
    for entry in entries:
        if entry["action"] == "withdraw":
            withdrawals.setdefault(interview(entry), entry)
    return [
        entry for entry in entries
        if interview(entry) not in withdrawals or withdrawals[interview(entry)] is entry
    ]  # fmt: skip


def _key(text: str) -> str:
    return fold(text).replace(" ", "")


def _plain(text: str) -> str:
    return "".join(clean(text).casefold().split())


def _question_names(questionnaire: Questionnaire, delivered: Mapping[str, str]) -> dict[str, str]:
    """Spelling of a question, without case and spaces -> its name."""
    headers = questionnaire.known_headers()
    own = {name: name for name in headers.values()}
    return {_plain(text): name for text, name in (dict(delivered) | headers | own).items()}


@dataclass
class _Reader:
    """One sheet of entries, and what is wrong with it."""

    where: str
    sheet: TextSheet
    names: Mapping[str, str]
    pseudonym: Callable[[str], str]

    def __post_init__(self) -> None:
        self.faults: list[Fault] = []
        self.columns: dict[str, str] = {}

    def read(self) -> list[dict[str, object]]:
        """The sheet's entries, one dict of LOG_COLUMNS each."""
        cells = self._cells()
        if cells is None:
            return []
        days = read_dates(cells["when"])
        lines = read_numbers(cells["row"], whole=True)
        entries = [
            self._entry(int(number), cells.loc[number].to_dict(), days[number], lines[number])
            for number in cells.index
        ]
        return _settle_withdrawals(entries) if self.is_return else entries

    def _cells(self) -> pd.DataFrame | None:
        """Filled rows as clean text by entry column; None where columns are missing."""
        sheet = self._with_header()
        keys = [_key(header) for header in sheet.header]
        self.is_return = _key(RETURN_HEADERS["new_value"][0]) in keys
        headers = RETURN_HEADERS if self.is_return else LOG_HEADERS
        found: dict[str, int] = {}
        for name, spellings in headers.items():
            at = [number for number, key in enumerate(keys) if key in map(_key, spellings)]
            self.columns[name] = sheet.header[at[0]] if at else spellings[0]
            needed = name in NEEDED or (name == "respondent_id" and _key("Tep") not in keys)
            if len(at) > 1 or (needed and not at):
                self._fault(sheet.header_row, name, TWICE if at else NO_COLUMN)
            found |= {name: at[0]} if at else {}
        if self.faults:
            return None
        cells = pd.DataFrame(
            {
                name: sheet.frame[found[name]].fillna("").map(clean).astype("str")
                if name in found
                else pd.Series("", index=sheet.frame.index, dtype="str")
                for name in LOG_HEADERS
            }
        )
        filled = cells["new_value"] if self.is_return else cells.agg("".join, axis=1)
        return cells[filled != ""]

    def _with_header(self) -> TextSheet:
        """The sheet from its header on."""
        number = _header_row(self.sheet)
        if number is None or number == self.sheet.header_row:
            return self.sheet
        return with_header_at(self.sheet, number)

    def _entry(
        self, line: int, cells: dict[str, str], day: pd.Timestamp, row: float
    ) -> dict[str, object]:
        action = self._action(line, cells)
        question = self.names.get(_plain(cells["question"]), "")
        if action != "superseded":
            if cells["question"] != "" and question == "":
                self._fault(line, "question", BAD_QUESTION)
            if cells["question"] == "" and action == "value":
                self._fault(line, "question", BLANK["question"])
        for name in ("who", "when", "why"):
            if cells[name] == "":
                self._fault(line, name, BLANK[name])
            elif name != "when" and PERSONAL.search(cells[name]):
                self._fault(line, name, PERSONS)
        if cells["when"] != "" and pd.isna(day):
            self._fault(line, "when", BAD_DAY)
        if cells["row"] != "" and not row >= 1:
            self._fault(line, "row", BAD_ROW)
        old, new = cells["old_value"], cells["new_value"] if action == "value" else ""
        if question == "respondent_id":
            # What is put in is a form number, however it looks: no number goes in as it is.
            old, new = self._as_id(old), self.pseudonym(new)
        return {
            "log_file": self.where, "log_sheet": self.sheet.name, "line": line,
            "who": cells["who"], "when": day, "why": cells["why"],
            "respondent_id": self._as_id(cells["respondent_id"]), "question": question,
            "old_value": old, "new_value": new, "file": cells["file"], "sheet": cells["sheet"],
            "row": int(row) if row >= 1 else pd.NA, "action": action,
        }  # fmt: skip

    def _action(self, line: int, cells: dict[str, str]) -> str:
        """What an entry does, told by its action or, in a return workbook, by its answer."""
        if self.is_return:
            answer = cells["new_value"]
            if clean(answer).casefold() in CONFIRMING or _says_the_same(answer, cells["old_value"]):
                return "confirmed"
            return "withdraw" if WORDS.get(_key(answer)) == "withdraw" else "value"
        if cells["action"] == "":
            return "value"
        if _key(cells["action"]) not in WORDS:
            self._fault(line, "action", BAD_ACTION)
        return WORDS.get(_key(cells["action"]), "value")

    def _as_id(self, text: str) -> str:
        """The pseudonym of a form number; a pseudonym is one already."""
        if text == "" or re.fullmatch(rf"[0-9a-f]{{{PSEUDONYM_DIGITS}}}", text):
            return text
        return self.pseudonym(text)

    def _fault(self, row: int, name: str, told: Told) -> None:
        self.faults.append(
            Fault(self.where, told.rule, told.action, sheet=self.sheet.name or None, row=row,
                  column=self.columns[name], rule_vi=told.rule_vi, action_vi=told.action_vi)
        )  # fmt: skip


def _says_the_same(first: str, second: str) -> bool:
    numbers = read_numbers(pd.Series([first, second], dtype="str"))
    return _plain(first) == _plain(second) or bool(numbers[0] == numbers[1])
