"""Rows and answers set aside: by which rule, for what reason, where they stand in the delivery.
Not here: finding out which (responses.py, repeats.py), or why an answer is missing (reasons.py)."""

from __future__ import annotations

import pandas as pd

REJECTED_COLUMNS = [
    "survey_year", "district", "file", "sheet", "row", "respondent_id", "scope", "column",
    "rule", "reason_vi", "reason_en", "value",
]  # fmt: skip
PLACE = ["file", "row", "sheet", "scope", "column", "rule"]
# What each rule says, Vietnamese first; the key is the rule's name in rejected_responses.
RULES = {
    "interview_was_withdrawn": (
        "Phiếu đã được rút khỏi cuộc khảo sát theo nhật ký hiệu chỉnh.",
        "The correction log took the interview out of the survey.",
    ),
    "interview_was_delivered_twice": (
        "Cùng một phiếu được gửi nhiều lần với nội dung như nhau; chỉ giữ một bản, không cần sửa.",
        "The same interview was delivered more than once; one copy is kept, nothing need be done.",
    ),
    "respondent_id_is_given": (
        "Phiếu không có mã; bổ sung mã phiếu bằng nhật ký hiệu chỉnh hoặc gửi lại tệp.",
        "The interview has no id; give it one in the correction log, or deliver the file again.",
    ),
    "respondent_id_is_contested": (
        "Nhiều phiếu khác nội dung mang cùng một mã; tất cả tạm bị loại. Kiểm tra phiếu gốc, "
        "sửa mã hoặc rút phiếu sai bằng nhật ký hiệu chỉnh.",
        "Interviews of different content bear one id; all are set aside. Check the forms, then "
        "correct the id or withdraw the wrong interview in the correction log.",
    ),
    "required_value_is_readable": (
        "Giá trị bắt buộc bị trống hoặc không đọc được; sửa ô này.",
        "A required value is blank or unreadable; correct the cell.",
    ),
    "value_is_in_range": (
        "Giá trị ngoài khoảng cho phép hoặc sai dạng; kiểm tra phiếu gốc.",
        "The value is out of range or not in its form; check the paper form.",
    ),
    "commune_is_in_the_district": (
        "Mã xã không thuộc huyện này vào ngày khảo sát; sửa mã xã.",
        "The commune code is not in this district on the survey's date; correct it.",
    ),
    "answer_is_in_the_list": (
        "Mã trả lời không có trong danh mục của câu hỏi; riêng câu này bị loại.",
        "The code is not in the question's answer list; this one answer is set aside.",
    ),
    "answer_was_to_be_asked": (
        "Câu hỏi lẽ ra bỏ qua theo bước nhảy; riêng câu này bị loại.",
        "The skip rule says the question is not asked; this one answer is set aside.",
    ),
}
# A code or number of at most six digits before and in all eight, or a day: never a telephone or
# identity number, never a word.
SHORT = (
    r"(?!(?:\D*\d){9})[-+]?\d{0,6}(?:[.,]\d{1,7})?"
    r"|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{1,2}-\d{1,2}"
)


def shown(value: pd.Series) -> pd.Series:
    """Values that may be kept in tables: a short code, number or day; '' for everything else."""
    positions, spellings = pd.factorize(value.fillna(""))
    words = pd.Series(spellings, dtype="str").str.strip()
    words = words.where(words.str.fullmatch(SHORT), "")
    return words.take(positions).set_axis(value.index)


class SetAside:
    """What has been set aside of one delivery so far, and which rows are still open.

    `frame`: the raw rows (RangeIndex); `open_rows`: bool, the rows not yet set aside.
    """

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame
        self.open_rows = pd.Series(True, index=frame.index)
        self._parts: list[pd.DataFrame] = []

    def reject(self, rows: pd.Series, rule: str, column: str, scope: str = "row") -> None:
        """Set open rows aside whole; a row is set aside once, by the first rule it breaks."""
        rows = rows & self.open_rows
        self._note(rows, rule, column, scope)
        self.open_rows &= ~rows

    def drop_values(self, rows: pd.Series, rule: str, column: str) -> None:
        """Set one value aside in open rows; the rows stay."""
        self._note(rows & self.open_rows, rule, column, "answer")

    def _note(self, chosen: pd.Series, rule: str, column: str, scope: str) -> None:
        if not chosen.any():
            return
        rows = self.frame.loc[chosen, ["_file", "_sheet", "_row", "respondent_id"]]
        value = shown(self.frame.loc[chosen, column]) if column else ""
        reason_vi, reason_en = RULES[rule]
        self._parts.append(
            pd.DataFrame(
                {
                    "file": rows["_file"],
                    "sheet": rows["_sheet"],
                    "row": rows["_row"],
                    "respondent_id": rows["respondent_id"].fillna("").str.strip(),
                    "scope": scope,
                    "column": column,
                    "rule": rule,
                    "reason_vi": reason_vi,
                    "reason_en": reason_en,
                    "value": value,
                }
            )
        )

    def table(self, survey_year: int, district: str) -> pd.DataFrame:
        """Everything set aside, one row each, in the order of its place."""
        table = (
            pd.concat(self._parts, ignore_index=True)
            if self._parts
            else pd.DataFrame(columns=REJECTED_COLUMNS[2:], dtype="str")
        )
        table.insert(0, "district", district)
        table.insert(0, "survey_year", survey_year)
        table["row"] = table["row"].astype("int64")
        return table[REJECTED_COLUMNS].sort_values(PLACE, ignore_index=True)
