"""A questionnaire as data: questions, answer lists, skips, and the fixed columns of a workbook.
Not here: typing the answers by it (responses.py), or what an answer is worth (dgi.index)."""

from __future__ import annotations

import re
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
OPTION_MARK = "/"


class AnswerRow(Row):
    answers: Key
    code: int
    label_vi: Text
    label_en: Text
    kind: Literal["valid", "dont_know", "refused", "not_asked", "not_selected", "suppressed"]
    also: str = ""
    """Other spellings of the code in exports, separated by ';'."""


class QuestionRow(Row):
    question: Key
    column: Text
    section: Text
    type: Literal["code", "open"]
    text_vi: Text
    text_en: Text
    answers: str = ""
    asked_if: str = ""


class FixedColumnRow(Row):
    name: Key
    column: Text
    role: Literal["key", "design", "fieldwork", "identity"]
    """key: who is who, passed on under a pseudonym; identity: persons, never passed on."""
    type: Literal["text", "code", "integer", "number", "date", "datetime"]
    required: bool
    """Whether every file has the column and every row a value in it."""
    text_vi: Text
    text_en: Text
    min: OptionalReal
    max: OptionalReal
    answers: str = ""
    pattern: str = ""
    """Regular expression that a text must match whole; what does not is unreadable."""


class QuestionnaireRow(Row):
    questionnaire: Text
    first_year: Year
    last_year: Year
    name_vi: Text
    name_en: Text
    satisfaction: str = ""


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def parse_condition(text: str) -> tuple[str, tuple[int, ...]] | None:
    """'question=1;2' -> ('question', (1, 2)); blank or 'all' -> None (everyone is asked)."""
    if text in ("", "all"):
        return None
    question, _, codes = text.partition("=")
    return question.strip(), tuple(int(code) for code in codes.split(";"))


@dataclass(frozen=True)
class Questionnaire:
    """One questionnaire version.

    `questions`: one row per question with an answer list; `answers`: one row per answer list
    and code; `fixed`: one row per column every interview carries (who, where, when, design);
    `carried`: one row per column it may carry besides: of fieldwork, of persons, open answers.
    """

    name: str
    questions: pd.DataFrame
    answers: pd.DataFrame
    fixed: pd.DataFrame
    carried: pd.DataFrame

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
        for number, row in enumerate(columns.itertuples(index=False), start=2):
            if not _compiles(row.pattern):
                faults.append(Fault("data/questionnaires/fixed_columns.csv",
                                    "not a regular expression", REPAIR, row=number,
                                    column="pattern", value=row.pattern))  # fmt: skip
        for number, row in enumerate(typed.itertuples(index=False), start=2):
            if row.type == "code" and row.answers not in known_lists:
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
        demanded = columns["required"]
        # What a person says in words may name anybody: it is kept with the identities.
        spoken = typed[typed["type"] == "open"].rename(columns={"question": "name"})
        spoken = spoken.reindex(columns=columns.columns).assign(
            role="identity", type="text", required=False, answers="", pattern=""
        )
        carried = pd.concat([columns[~demanded], spoken], ignore_index=True)
        coded = typed[typed["type"] == "code"].reset_index(drop=True)
        return cls(name, coded, lists, columns[demanded].reset_index(drop=True), carried)

    @cached_property
    def _code_lists(self) -> dict[tuple[str, str | None], list[int]]:
        lists: dict[tuple[str, str | None], list[int]] = {}
        for row in self.answers.itertuples(index=False):
            # An option that was not ticked has been answered: no.
            kind = "valid" if row.kind == "not_selected" else row.kind
            lists.setdefault((row.answers, kind), []).append(int(row.code))
            if row.kind == "not_selected":
                lists.setdefault((row.answers, "not_selected"), []).append(int(row.code))
            lists.setdefault((row.answers, None), []).append(int(row.code))
        return lists

    def codes(self, answers: str, kind: str | None = None) -> list[int]:
        """Codes of one answer list, all or of one kind (valid, dont_know, refused)."""
        return self._code_lists.get((answers, kind), [])

    def valid_answers(self, responses: pd.DataFrame, question: str) -> np.ndarray:
        """(n,) codes of one question as numbers, NaN where not one of its valid answers."""
        codes = responses[question].to_numpy(float, na_value=np.nan)
        valid = self.codes(self._list_of[question], "valid")
        return np.where(np.isin(codes, valid), codes, np.nan)

    def among(self, codes: np.ndarray, *kinds: str) -> np.ndarray:
        """Which answers are of the kinds, each by its question's list: bool, shape of `codes`.

        `codes`: a column per question, in the questionnaire's order.
        """
        found = np.zeros(codes.shape, dtype=bool)
        for answers, columns in self._columns_of_list.items():
            sought = [code for kind in kinds for code in self.codes(answers, kind)]
            if sought:
                found[:, columns] = np.isin(codes[:, columns], sought)
        return found

    @cached_property
    def _list_of(self) -> dict[str, str]:
        return dict(zip(self.questions["question"], self.questions["answers"], strict=True))

    @cached_property
    def _columns_of_list(self) -> dict[str, np.ndarray]:
        lists = self.questions["answers"].to_numpy()
        return {name: np.flatnonzero(lists == name) for name in dict.fromkeys(lists)}

    def headers(self) -> dict[str, str]:
        """Workbook header -> name used from here on, of the columns every file must have."""
        return dict(zip(self.fixed["column"], self.fixed["name"], strict=True)) | dict(
            zip(self.questions["column"], self.questions["question"], strict=True)
        )

    def options(self) -> dict[str, dict[str, str]]:
        """Questions with several answers: their common header -> option -> the option's own
        question. An option's header is PARENT/OPTION."""
        parents: dict[str, dict[str, str]] = {}
        for row in self.questions.itertuples(index=False):
            parent, mark, option = row.column.rpartition(OPTION_MARK)
            if mark:
                parents.setdefault(parent, {})[option] = row.question
        return parents

    def known_headers(self) -> dict[str, str]:
        """Workbook header -> name of every column a file may have, persons' columns included."""
        carried = dict(zip(self.carried["column"], self.carried["name"], strict=True))
        return self.headers() | carried

    def names(self, role: str) -> list[str]:
        """Names of the columns of one role: key, design, fieldwork or identity."""
        both = pd.concat([self.fixed, self.carried], ignore_index=True)
        return list(both.loc[both["role"] == role, "name"])

    def asked_again(self) -> Questionnaire:
        """The same for a re-interview: only the key is demanded, any column may come with it."""
        is_key = self.fixed["role"] == "key"
        asked = self.questions.rename(columns={"question": "name"}).reindex(
            columns=self.fixed.columns
        )
        asked = asked.assign(role="fieldwork", required=False, pattern="")
        carried = pd.concat([self.carried, self.fixed[~is_key], asked], ignore_index=True)
        fixed = self.fixed[is_key].reset_index(drop=True)
        return Questionnaire(self.name, self.questions.iloc[:0], self.answers, fixed, carried)

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
