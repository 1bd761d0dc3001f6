"""A questionnaire as data: questions, answer lists, skips, and the fixed columns of a workbook.
Not here: typing the answers by it (responses.py), or what an answer is worth (dgi.index)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import (
    Key,
    OptionalReal,
    Row,
    Text,
    Year,
    check_rows,
    check_unique,
    raise_faults,
)

REPAIR = "Correct the cell; data/questionnaires/README.md says what each column means."


class AnswerRow(Row):
    answers: Key
    code: int
    label_vi: Text
    label_en: Text
    kind: Literal["valid", "dont_know", "refused"]


class QuestionRow(Row):
    question: Key
    column: Text
    section: Text
    type: Literal["code"]
    text_vi: Text
    text_en: Text
    answers: Key
    asked_if: str = ""


class FixedColumnRow(Row):
    name: Key
    column: Text
    type: Literal["text", "code", "integer", "number", "date"]
    required: bool
    text_vi: Text
    text_en: Text
    min: OptionalReal
    max: OptionalReal
    answers: str = ""


class QuestionnaireRow(Row):
    questionnaire: Text
    first_year: Year
    last_year: Year
    name_vi: Text
    name_en: Text
    satisfaction: str = ""


def parse_condition(text: str) -> tuple[str, tuple[int, ...]] | None:
    """'question=1;2' -> ('question', (1, 2)); blank or 'all' -> None (everyone is asked)."""
    if text in ("", "all"):
        return None
    question, _, codes = text.partition("=")
    return question.strip(), tuple(int(code) for code in codes.split(";"))


@dataclass(frozen=True)
class Questionnaire:
    """One questionnaire version.

    `questions`: one row per question; `answers`: one row per answer list and code;
    `fixed`: one row per column every interview carries (who, where, when, design).
    """

    name: str
    questions: pd.DataFrame
    answers: pd.DataFrame
    fixed: pd.DataFrame

    @classmethod
    def from_tables(
        cls, name: str, questions: pd.DataFrame, answers: pd.DataFrame, fixed: pd.DataFrame
    ) -> Questionnaire:
        """Check and type the three tables of text. Raises FactError with every wrong cell."""
        where = f"data/questionnaires/{name}.csv"
        typed = check_rows(questions, QuestionRow, where, REPAIR)
        lists = check_rows(answers, AnswerRow, "data/questionnaires/answers.csv", REPAIR)
        columns = check_rows(fixed, FixedColumnRow, "data/questionnaires/fixed_columns.csv", REPAIR)
        faults = check_unique(typed, ["question"], where) + check_unique(typed, ["column"], where)
        faults += check_unique(lists, ["answers", "code"], "data/questionnaires/answers.csv")
        known_lists = set(lists["answers"])
        asked = set(typed["question"])
        for number, row in enumerate(typed.itertuples(index=False), start=2):
            if row.answers not in known_lists:
                faults.append(Fault(where, "the answer list is not in answers.csv", REPAIR,
                                    row=number, column="answers", value=row.answers))  # fmt: skip
            try:
                condition = parse_condition(row.asked_if)
            except ValueError:
                faults.append(Fault(where, "a skip reads question=code;code", REPAIR, row=number,
                                    column="asked_if", value=row.asked_if))  # fmt: skip
                continue
            if condition and condition[0] not in asked:
                faults.append(Fault(where, "the skip depends on a question that is not asked",
                                    REPAIR, row=number, column="asked_if",
                                    value=row.asked_if))  # fmt: skip
        clash = set(typed["column"]) & set(columns["column"])
        faults += [
            Fault(where, "the column header belongs to a fixed column", REPAIR, value=header)
            for header in sorted(clash)
        ]
        raise_faults(faults)
        return cls(name, typed, lists, columns)

    @cached_property
    def _code_lists(self) -> dict[tuple[str, str | None], list[int]]:
        lists: dict[tuple[str, str | None], list[int]] = {}
        for row in self.answers.itertuples(index=False):
            lists.setdefault((row.answers, row.kind), []).append(int(row.code))
            lists.setdefault((row.answers, None), []).append(int(row.code))
        return lists

    def codes(self, answers: str, kind: str | None = None) -> list[int]:
        """Codes of one answer list, all or of one kind (valid, dont_know, refused)."""
        return self._code_lists.get((answers, kind), [])

    def valid_answers(self, responses: pd.DataFrame, question: str) -> np.ndarray:
        """(n,) codes of one question as numbers, NaN where not one of its valid answers."""
        lists = self.questions.set_index("question")["answers"]
        codes = responses[question].to_numpy(float, na_value=np.nan)
        return np.where(np.isin(codes, self.codes(lists[question], "valid")), codes, np.nan)

    def headers(self) -> dict[str, str]:
        """Workbook header -> name used from here on, fixed columns first."""
        return dict(zip(self.fixed["column"], self.fixed["name"], strict=True)) | dict(
            zip(self.questions["column"], self.questions["question"], strict=True)
        )

    @cached_property
    def _skips(self) -> dict[str, tuple[str, tuple[int, ...]] | None]:
        rows = self.questions[["question", "asked_if"]].itertuples(index=False)
        return {row.question: parse_condition(row.asked_if) for row in rows}

    def is_asked(self, codes: pd.DataFrame) -> pd.DataFrame:
        """Whether each respondent was to be asked each question, by its skip rule.

        `codes`: answers as numbers, a column per question, NaN where blank. Returns bool, the
        same shape and columns in the questionnaire's order.
        """
        everyone = np.ones(len(codes), dtype=bool)
        asked = {
            question: everyone if skip is None else np.isin(codes[skip[0]].to_numpy(), skip[1])
            for question, skip in self._skips.items()
        }
        return pd.DataFrame(asked, index=codes.index)
