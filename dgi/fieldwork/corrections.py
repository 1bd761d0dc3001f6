"""Corrections as a log that is replayed on the raw text at every run; the delivery stays as it is.
Not here: reading a log from a file (dgi.ingest.corrections), or typing what results."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.responses import fieldwork_columns
from dgi.fieldwork.values import KINDS, MASK, clean, read_codes, read_column

ACTIONS = ("value", "withdraw", "confirmed", "superseded")
STATUS = {"value": "applied", "withdraw": "withdrawn"}
LOG_COLUMNS = ["log_file", "log_sheet", "line", "who", "when", "why", "respondent_id", "question",
               "old_value", "new_value", "file", "sheet", "row", "action"]  # fmt: skip
APPLIED_COLUMNS = ["file", "sheet", "line", "who", "when", "why", "respondent_id", "question",
                   "status"]  # fmt: skip
DISPLACED = (
    "Kiểm tra lại; nếu tệp đã được gửi lại với giá trị mới thì xóa dòng này hoặc ghi ViecLam là "
    "'superseded'.",
    "Check it; if the file was delivered anew with the new value, delete the entry or mark its "
    "action 'superseded'.",
)


class CorrectionError(WorkbookError):
    """An entry of a correction log cannot be replayed on what was delivered."""


@dataclass(frozen=True)
class Saying:
    """What is wrong with an entry and what to do, Vietnamese first; `column` of the log."""

    column: str
    rule_vi: str
    rule: str
    action: tuple[str, str] = DISPLACED


NOBODY = Saying(
    "respondent_id",
    "không có phiếu nào như dòng này chỉ ra", "the entry addresses no interview",
    ("Sửa mã phiếu, tệp và dòng; nếu phiếu không còn trong dữ liệu thì xóa dòng này hoặc ghi "
     "ViecLam là 'superseded'.",
     "Correct the id, file and row; if the interview is no longer delivered, delete the entry or "
     "mark its action 'superseded'."),
)  # fmt: skip
UNADDRESSED = Saying(
    "respondent_id",
    "không có mã phiếu, cũng không đủ tệp và dòng",
    "there is neither an id nor a file and row",
    ("Ghi mã phiếu, hoặc tệp và số dòng.", "Give the id, or the file and the row number."),
)
SEVERAL = Saying(
    "respondent_id",
    "có nhiều phiếu cùng mã này", "the entry addresses several interviews",
    ("Ghi rõ tệp và số dòng; mỗi phiếu một dòng hiệu chỉnh.",
     "Give the file and the row number, one entry for each interview."),
)  # fmt: skip
NO_QUESTION = Saying(
    "question",
    "không có câu hỏi hoặc cột như vậy trong phiếu hỏi",
    "the questionnaire has no such question or column",
    ("Ghi đúng mã câu hỏi (ví dụ C107) hoặc tên cột thiết kế.",
     "Give the question's code (C107, say) or a design column."),
)  # fmt: skip
NOT_CORRECTED = Saying(
    "question",
    "cột này không được sửa bằng nhật ký hiệu chỉnh", "the column is not open to corrections",
    ("Thông tin cá nhân và số liệu do thiết bị ghi không được sửa ở đây.",
     "What identifies a person, and what the device recorded, is not corrected here."),
)  # fmt: skip
CHANGED = Saying("old_value", "giá trị cũ không còn ở đó", "the old value is no longer there")
DELIVERED_ANEW = Saying(
    "old_value",
    "giá trị cũ không còn ở đó: tệp đã được gửi lại với giá trị mới",
    "the old value is no longer there: the file was delivered anew with the new value",
    ("Xóa dòng này hoặc ghi ViecLam là 'superseded'.",
     "Delete the entry or mark its action 'superseded'."),
)  # fmt: skip
GONE = Saying("action", "phiếu đã được rút trước đó", "the interview is already withdrawn",
              ("Xóa dòng này hoặc ghi ViecLam là 'superseded'.",
               "Delete the entry or mark its action 'superseded'."))  # fmt: skip
NO_VALUE = Saying(
    "new_value",
    "giá trị mới không phải là giá trị hợp lệ của cột",
    "the new value is no value of the column",
    ("Ghi mã trong danh mục trả lời, hoặc giá trị đúng dạng và trong khoảng cho phép.",
     "Give a code of the answer list, or a value in the column's form and range."),
)  # fmt: skip
NO_ACTION = Saying(
    "action",
    "không rõ việc cần làm", "the action is unknown",
    (f"Ghi một trong: {', '.join(ACTIONS)}; để trống là 'value'.",
     f"Give one of: {', '.join(ACTIONS)}."),
)  # fmt: skip


def apply_corrections(
    raw: pd.DataFrame,
    log: pd.DataFrame,
    questionnaire: Questionnaire,
    fingerprint: Callable[[str], str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replay a log on the raw rows of one district-year.

    `raw`: text by the questionnaire's names plus _file, _sheet, _row, is_sample; `log`:
    LOG_COLUMNS, text ('' blank) but line (int), when (day) and row (Int64, NA where not given);
    `fingerprint`: the mask the door gives a text, so that the old value of a masked cell can be
    told. Entries are replayed by day, then file and line. Returns (raw with is_corrected and
    is_withdrawn, entries as APPLIED_COLUMNS; no values in them). A withdrawn interview keeps its
    id and place only. Raises CorrectionError with every entry that does not fit.
    """
    replay = _Replay(raw, questionnaire, fingerprint)
    ordered = log.sort_values(["when", "log_file", "log_sheet", "line"], ignore_index=True)
    faults = [
        Fault(entry.log_file, said.rule, said.action[1], sheet=entry.log_sheet or None,
              row=int(entry.line), column=said.column, rule_vi=said.rule_vi,
              action_vi=said.action[0])
        for entry in ordered.itertuples(index=False)
        if (said := replay.take(entry)) is not None
    ]  # fmt: skip
    if faults:
        raise CorrectionError(faults)
    applied = ordered.drop(columns=["file", "sheet"]).rename(
        columns={"log_file": "file", "log_sheet": "sheet"}
    )
    applied["status"] = applied["action"].replace(STATUS)
    return replay.corrected(), applied[APPLIED_COLUMNS]


class _Replay:
    """The raw rows while a log is replayed on them, entry by entry."""

    def __init__(
        self,
        raw: pd.DataFrame,
        questionnaire: Questionnaire,
        fingerprint: Callable[[str], str] | None,
    ):
        self.frame = raw.reset_index(drop=True)
        self.fingerprint = fingerprint
        self.questionnaire = questionnaire
        self.lists = questionnaire.questions.set_index("question")["answers"].to_dict()
        open_columns = pd.concat([questionnaire.fixed, fieldwork_columns(questionnaire)])
        self.columns = {row.name: row for row in open_columns.itertuples(index=False)}
        self.corrected_columns = {*questionnaire.fixed["name"], *self.lists}
        self.readings: dict[tuple[str, str], tuple[Any, bool]] = {}
        ids = self.frame["respondent_id"].fillna("").str.strip()
        self.rows_of = {str(name): set(rows) for name, rows in ids.groupby(ids).indices.items()}
        self.nameless = set(self.rows_of.get("", set()))  # as delivered
        # A name in a log is read as clean text, so that of the file is compared as such.
        for name in ("_file", "_sheet"):
            self.frame[f"{name} said"] = clean(self.frame[name])
        places = self.frame.groupby(["_file said", "_row"]).indices
        self.rows_at = {(str(file), int(row)): set(rows) for (file, row), rows in places.items()}
        self.cells: dict[tuple[int, str], str] = {}
        self.withdrawn: set[int] = set()
        self.touched: set[int] = set()

    def take(self, entry: Any) -> Saying | None:
        """Replay one entry; what is wrong with it, None when it was replayed."""
        if entry.action == "superseded":
            return None
        if entry.action not in ACTIONS:
            return NO_ACTION
        rows = self._addressed(entry)
        if isinstance(rows, Saying):
            return rows
        if not rows:
            return NOBODY
        if len(rows) > 1:
            return SEVERAL
        (row,) = rows
        if row in self.withdrawn:
            return GONE
        if entry.action == "withdraw":
            self.withdrawn.add(row)
            return None
        is_whole_interview = entry.action == "confirmed" and entry.question == ""
        return None if is_whole_interview else self._take_value(row, entry)

    def _addressed(self, entry: Any) -> set[int] | Saying:
        has_place = entry.file != "" and not pd.isna(entry.row)
        if entry.respondent_id == "" and not has_place:
            return UNADDRESSED
        if entry.respondent_id:
            rows = self.rows_of.get(entry.respondent_id, set())
        else:
            # By its place alone only an interview without a number is addressed: a file that was
            # delivered anew, or another district's, may have anybody in that row.
            at = self.rows_at.get((entry.file, int(entry.row)), set())
            rows = at & self.nameless
        places = (("_file said", entry.file), ("_sheet said", entry.sheet), ("_row", entry.row))
        for name, value in places:
            if not pd.isna(value) and value != "":
                rows = {row for row in rows if self.frame.at[row, name] == value}
        still_there = rows - self.withdrawn
        return still_there or rows

    def _take_value(self, row: int, entry: Any) -> Saying | None:
        question, is_value = entry.question, entry.action == "value"
        if question not in self.columns and question not in self.lists:
            is_persons = question in set(self.questionnaire.carried["name"])
            return NOT_CORRECTED if is_persons else NO_QUESTION
        if is_value and question not in self.corrected_columns:
            return NOT_CORRECTED
        cell = (row, question)
        given = self.frame.at[row, question] if question in self.frame else ""
        current = self.cells.get(cell, "" if pd.isna(given) else str(given))
        if not self._says(current, entry.old_value, question):
            if is_value and self._says(current, entry.new_value, question):
                return DELIVERED_ANEW
            return CHANGED
        if is_value:
            if not self._is_value(entry.new_value, question):
                return NO_VALUE
            self.cells[cell] = entry.new_value
            self.touched.add(row)
            if question == "respondent_id":
                self.rows_of[current.strip()].discard(row)
                self.rows_of.setdefault(entry.new_value, set()).add(row)
        return None

    def _says(self, current: str, expected: str, question: str) -> bool:
        """Whether a cell says what an entry expects of it, however it is spelt."""
        if re.fullmatch(MASK, current):
            named = self.fingerprint(expected) if self.fingerprint and expected else expected
            return current in (expected, named)
        return bool(self._read(current, question)[0] == self._read(expected, question)[0])

    def _is_value(self, text: str, question: str) -> bool:
        """Whether a text may be put into a cell: a value of its column, or a blank answer."""
        return self._read(text, question)[1]

    def _read(self, text: str, question: str) -> tuple[Any, bool]:
        """What a text says (its value; else the text without case), and whether it may stand."""
        kind = self.lists.get(question, self.columns.get(question))
        known = self.readings.get((text, question))
        if known is None:
            words = clean(pd.Series([text], dtype="str"))
            if question in self.lists:
                codes, kinds = read_codes(words, kind, self.questionnaire)
                value, may_stand = codes[0], KINDS[kinds[0]] not in ("unreadable", "unlisted")
            else:
                read = read_column(words, kind, self.questionnaire)
                value = read.values[0]
                may_stand = bool(pd.notna(value)) and not read.is_outside[0]
            is_text = pd.isna(value) or isinstance(value, str)
            known = words[0].casefold() if is_text else value, may_stand
            self.readings[text, question] = known
        return known

    def corrected(self) -> pd.DataFrame:
        """The raw rows as they stand after the entries taken."""
        frame = self.frame.drop(columns=["_file said", "_sheet said"])
        for question in sorted({question for _, question in self.cells}):
            texts = {row: text for (row, name), text in self.cells.items() if name == question}
            frame.loc[list(texts), question] = list(texts.values())
        rows = sorted(self.withdrawn)
        kept = ["respondent_id", "is_sample", *(name for name in frame if name.startswith("_"))]
        frame.loc[rows, [name for name in frame if name not in kept]] = ""
        frame["is_corrected"] = frame.index.isin(self.touched)
        frame["is_withdrawn"] = frame.index.isin(self.withdrawn)
        return frame
