"""Responses typed by the questionnaire, and the rows and answers set aside with rule and reason.
Not here: reading workbooks (dgi.ingest), weights, or what an answer is worth (dgi.index)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.facts.units import Units

AGE_GROUPS = (("18-29", 18, 29), ("30-44", 30, 44), ("45-59", 45, 59), ("60-70", 60, 70))
LARGEST_WHOLE = 2**53  # beyond it a spreadsheet's number has lost digits
REJECTED_COLUMNS = [
    "survey_year", "district", "file", "sheet", "row", "respondent_id", "scope", "column",
    "rule", "reason_vi", "reason_en", "value",
]  # fmt: skip
# What each rule says, Vietnamese first; the key is the rule's name in rejected_responses.
RULES = {
    "respondent_id_is_given": (
        "Phiếu không có mã; bổ sung mã phiếu rồi gửi lại.",
        "The interview has no id; add it and deliver the workbook again.",
    ),
    "respondent_id_is_unique": (
        "Mã phiếu đã có ở dòng trước; giữ phiếu hợp lệ đầu tiên, kiểm tra phiếu gốc.",
        "The id stands in an earlier row; the first sound one is kept, check the paper form.",
    ),
    "required_value_is_readable": (
        "Giá trị bắt buộc bị trống hoặc không đọc được; sửa ô này.",
        "A required value is blank or unreadable; correct the cell.",
    ),
    "value_is_in_range": (
        "Giá trị ngoài khoảng cho phép; kiểm tra phiếu gốc.",
        "The value is out of range; check the paper form.",
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


def age_groups(age: pd.Series) -> pd.Series:
    """Age group label of each age in completed years; NA outside 18-70."""
    labels = pd.Series(pd.NA, index=age.index, dtype="str")
    for label, low, high in AGE_GROUPS:
        labels[(age >= low) & (age <= high)] = label
    return labels


def type_responses(
    raw: pd.DataFrame,
    questionnaire: Questionnaire,
    survey: SurveyRow,
    units: Units,
    district: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Type the delivered rows of one district-year.

    `raw`: text as delivered, one row per interview, workbook headers plus _file, _sheet, _row,
    is_sample. Returns (responses, rejected): every input row is in responses or in rejected
    with scope 'row', never both; an answer set aside is a rejected row with scope 'answer' and
    is missing in responses. Responses are sorted by respondent_id.
    """
    frame = raw.rename(columns=questionnaire.headers()).reset_index(drop=True)
    rejected: list[pd.DataFrame] = []
    open_rows = pd.Series(True, index=frame.index)

    def set_aside(rows: pd.Series, rule: str, column: str, scope: str) -> None:
        if rows.any():
            rejected.append(_rejected(frame[rows], rule, column, scope))

    def reject(rows: pd.Series, rule: str, column: str) -> None:
        nonlocal open_rows
        rows = rows & open_rows
        set_aside(rows, rule, column, "row")
        open_rows &= ~rows

    blank = frame["respondent_id"].fillna("").str.strip() == ""
    reject(blank, "respondent_id_is_given", "respondent_id")
    typed = pd.DataFrame(index=frame.index)
    for row in questionnaire.fixed.itertuples(index=False):
        text = frame[row.name].fillna("").str.strip()
        values = _typed(text, row.type)
        unreadable = values.isna() & ((text != "") | row.required)
        reject(unreadable, "required_value_is_readable", row.name)
        if row.type in ("integer", "number"):
            low = -np.inf if pd.isna(row.min) else row.min
            high = np.inf if pd.isna(row.max) else row.max
            reject(values.notna() & ~values.between(low, high), "value_is_in_range", row.name)
        if row.type == "code":
            listed = values.isin(questionnaire.codes(row.answers, "valid"))
            reject(values.notna() & ~listed, "value_is_in_range", row.name)
        typed[row.name] = values
    communes = units.communes_on(survey.reference_date)
    own = set(communes.loc[communes["district"] == district, "commune_code"])
    reject(~typed["commune_code"].isin(own), "commune_is_in_the_district", "commune_code")
    # Last, so that of two interviews with one id a sound one is kept.
    repeated = typed["respondent_id"].where(open_rows).duplicated() & open_rows
    reject(repeated, "respondent_id_is_unique", "respondent_id")

    answers, given = _numbers(frame[list(questionnaire.questions["question"])])
    lists = questionnaire.questions.set_index("question")["answers"]
    listed = pd.DataFrame(
        {name: np.isin(answers[name], questionnaire.codes(lists[name])) for name in answers}
    )
    wrong = given & ~listed
    answers = answers.mask(wrong)
    unasked = pd.DataFrame(False, index=answers.index, columns=answers.columns)
    while True:
        # A follow-up of an answer that is itself set aside was not to be asked either.
        more = answers.notna() & ~questionnaire.is_asked(answers)
        if not more.to_numpy().any():
            break
        unasked |= more
        answers = answers.mask(more)
    for rule, faults in (("answer_is_in_the_list", wrong), ("answer_was_to_be_asked", unasked)):
        for question in faults.columns[faults.any()]:
            set_aside(faults[question] & open_rows, rule, question, "answer")
    typed = pd.concat([typed, answers], axis=1)

    kept = typed[open_rows]
    responses = _arranged(kept, frame.loc[kept.index, "is_sample"], questionnaire)
    responses.insert(0, "district", district)
    responses.insert(0, "survey_year", survey.survey_year)
    table = (
        pd.concat(rejected, ignore_index=True)
        if rejected
        else pd.DataFrame(columns=REJECTED_COLUMNS[2:], dtype="str")
    )
    table.insert(0, "district", district)
    table.insert(0, "survey_year", survey.survey_year)
    table["row"] = table["row"].astype("int64")
    return (
        responses.sort_values("respondent_id", ignore_index=True),
        table[REJECTED_COLUMNS].sort_values(
            ["file", "row", "scope", "column", "rule"], ignore_index=True
        ),
    )


def _typed(text: pd.Series, kind: str) -> pd.Series:
    """Text as the type its column states; NA where it cannot be read as that type."""
    if kind == "text":
        return text.where(text != "")
    if kind == "date":
        return pd.to_datetime(text.where(text != ""), format="%d/%m/%Y", errors="coerce")
    # A field team types '0,35' as readily as '0.35'.
    number = pd.to_numeric(text.str.replace(",", ".", regex=False), errors="coerce")
    number = number.where(np.isfinite(number) & (number.abs() <= LARGEST_WHOLE))
    if kind == "number":
        return number.astype(float)
    return number.where(number == number.round()).astype("Int64")


def _numbers(text: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Cells of text as whole numbers in one pass, and which cells hold anything at all.

    NaN where a cell is blank or not a whole number.
    """
    cells = text.to_numpy(dtype=object).ravel()
    # A survey has few distinct codes: each spelling is read once, not once a respondent.
    positions, spellings = pd.factorize(cells)
    words = pd.Series(spellings, dtype="str").str.strip()
    number = pd.to_numeric(words.str.replace(",", ".", regex=False), errors="coerce")
    value = number.to_numpy(float)
    whole = np.isfinite(value) & (np.abs(value) <= LARGEST_WHOLE) & (value == np.round(value))
    value = np.where(whole, value, np.nan)
    # Position -1, the missing cell, takes the value appended last.
    numbers = np.append(value, np.nan)[positions].reshape(text.shape)
    given = np.append((words != "").to_numpy(bool), False)[positions].reshape(text.shape)
    return pd.DataFrame(numbers, index=text.index, columns=text.columns), given


def _rejected(rows: pd.DataFrame, rule: str, column: str, scope: str) -> pd.DataFrame:
    reason_vi, reason_en = RULES[rule]
    return pd.DataFrame(
        {
            "file": rows["_file"],
            "sheet": rows["_sheet"],
            "row": rows["_row"],
            "respondent_id": rows["respondent_id"].fillna(""),
            "scope": scope,
            "column": column,
            "rule": rule,
            "reason_vi": reason_vi,
            "reason_en": reason_en,
            "value": rows[column].fillna(""),
        }
    )


def _arranged(
    kept: pd.DataFrame, is_sample: pd.Series, questionnaire: Questionnaire
) -> pd.DataFrame:
    """Fixed columns in plain words, then the answers, in the questionnaire's order."""
    fixed = kept[list(questionnaire.fixed["name"])].copy()
    fixed["area"] = fixed["area"].map({1: "urban", 2: "rural"}).astype("str")
    fixed["sex"] = fixed["sex"].map({1: "male", 2: "female"}).astype("str")
    fixed["age"] = fixed["age"].astype("Int64")
    fixed["age_group"] = age_groups(fixed["age"])
    fixed["is_sample"] = is_sample.astype(bool)
    questions = kept[list(questionnaire.questions["question"])].astype("Int16")
    return pd.concat([fixed, questions], axis=1)


def answer_profile(responses: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """How each question was answered, in shares only.

    One row per question: question, asked_n, unlisted_n (codes outside the list),
    unasked_n (answers where the skip says none), missing_share, dont_know_share and
    refused_share of those asked (0 where nobody was).
    """
    questions = questionnaire.questions
    codes = responses[list(questions["question"])].astype(float)
    asked = questionnaire.is_asked(codes).to_numpy()
    table = codes.to_numpy()
    given = ~np.isnan(table)

    def among(kind: str | None) -> np.ndarray:
        lists = [questionnaire.codes(answers, kind) for answers in questions["answers"]]
        return np.column_stack([np.isin(table[:, n], own) for n, own in enumerate(lists)])

    size = np.maximum(asked.sum(axis=0), 1)
    return pd.DataFrame(
        {
            "question": questions["question"].to_numpy(),
            "asked_n": asked.sum(axis=0),
            "unlisted_n": (given & ~among(None)).sum(axis=0),
            "unasked_n": (given & ~asked).sum(axis=0),
            "missing_share": (asked & ~given).sum(axis=0) / size,
            "dont_know_share": (asked & among("dont_know")).sum(axis=0) / size,
            "refused_share": (asked & among("refused")).sum(axis=0) / size,
        }
    )
