"""Belongs here: what a wrong questionnaire is refused with, and who is asked what.
Does not belong here: the texts of the province's questionnaires, or typing answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from survey_builders import ANSWERS, FIXED, QUESTIONS, questionnaire

from dgi.errors import FactError
from dgi.facts.questionnaire import Questionnaire, parse_condition


def refusal(questions=QUESTIONS, answers=ANSWERS, fixed=FIXED) -> str:
    with pytest.raises(FactError) as caught:
        Questionnaire.from_tables("form", questions, answers, fixed)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("answers", "no_such_list", "the answer list is not in answers.csv"),
        ("asked_if", "voted", "a skip reads question=code;code"),
        ("asked_if", "voted=yes", "a skip reads question=code;code"),
        ("asked_if", "never_asked=1", "the skip depends on a question that is not asked"),
        ("type", "free text", ""),
        ("question", "Voted?", ""),
    ],
)
def test_a_wrong_cell_is_named_by_file_row_column_value_and_what_to_do(column, value, says):
    wrong = QUESTIONS.copy()
    wrong.loc[2, column] = value
    message = refusal(questions=wrong)
    assert f"data/questionnaires/form.csv, row 4, column {column}" in message
    assert repr(value) in message and says in message
    assert "data/questionnaires/README.md says what each column means" in message


@pytest.mark.parametrize("column", ["question", "column"])
def test_a_question_or_header_stands_once(column):
    wrong = QUESTIONS.copy()
    wrong.loc[2, column] = wrong.loc[0, column]
    message = refusal(questions=wrong)
    assert f"the key ({column}) stands in the file already" in message and "row 4" in message


def test_a_question_cannot_take_the_header_of_a_fixed_column():
    wrong = QUESTIONS.copy()
    wrong.loc[0, "column"] = "MaXa"
    assert "the column header belongs to a fixed column (found 'MaXa')" in refusal(questions=wrong)


def test_an_answer_code_stands_once_in_its_list():
    wrong = pd.concat([ANSWERS, ANSWERS.iloc[[0]]], ignore_index=True)
    message = refusal(answers=wrong)
    assert "data/questionnaires/answers.csv" in message and "yes_no / 0" in message


def test_an_answer_is_valid_unknown_or_refused():
    wrong = ANSWERS.copy()
    wrong.loc[0, "kind"] = "maybe"
    assert "answers.csv, row 2, column kind" in refusal(answers=wrong)


def test_a_missing_and_an_unknown_column_are_named():
    assert "column text_vi: a column is missing" in refusal(
        questions=QUESTIONS.drop(columns="text_vi")
    )
    assert "column note: an unknown column" in refusal(questions=QUESTIONS.assign(note=""))
    assert "fixed_columns.csv" in refusal(fixed=FIXED.drop(columns="required"))


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("", None), ("all", None), ("a=1", ("a", (1,))), ("a=1;2", ("a", (1, 2)))],
)
def test_a_skip_is_read_as_question_and_codes(text, parsed):
    assert parse_condition(text) == parsed


def test_codes_of_a_list_are_told_by_kind():
    form = questionnaire()
    assert form.codes("yes_no", "valid") == [0, 1]
    assert form.codes("yes_no", "dont_know") == [888]
    assert form.codes("yes_no", "refused") == [999]
    assert form.codes("yes_no") == [0, 1, 888, 999]
    assert form.codes("no_such_list") == []


def test_headers_name_the_fixed_columns_first():
    headers = questionnaire().headers()
    assert list(headers)[:2] == ["MaPhieu", "NgayPV"] and list(headers)[-1] == "C2"
    assert headers["C1a"] == "ballot"


def test_only_those_the_skip_leads_to_are_asked():
    codes = pd.DataFrame({"voted": [1, 0, 888, np.nan], "ballot": np.nan, "rating": np.nan})
    asked = questionnaire().is_asked(codes)
    assert list(asked["ballot"]) == [True, False, False, False]
    assert asked[["voted", "rating"]].all(axis=None)
    assert list(asked.columns) == ["voted", "ballot", "rating"]
