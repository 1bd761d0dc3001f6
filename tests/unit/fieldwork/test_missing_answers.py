"""Belongs here: the one reason each missing answer has, and the law that binds it to responses.
Does not belong here: what is set aside by which rule (test_responses.py)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import DISTRICT, FOREIGN, SURVEY, delivered, questionnaire, units

from dgi.fieldwork.reasons import MISSING_COLUMNS, REASONS
from dgi.fieldwork.responses import type_responses
from dgi.ingest.facts import read_table
from pipelines.settings import ROOT

FORM = questionnaire(FOREIGN)
MASK = "?0123456789ab"


def typed(**cells):
    raw = delivered(1, **{"trust": "1", "seen": "1", **cells})
    return type_responses(raw, FORM, SURVEY, units(), DISTRICT)


def reasons(result):
    return dict(zip(result.missing["question"], result.missing["reason"], strict=True))


def test_a_full_interview_has_nothing_missing():
    result = typed()
    assert result.missing.empty and list(result.missing.columns) == MISSING_COLUMNS


@pytest.mark.parametrize(
    ("question", "cell", "reason", "code"),
    [
        ("rating", "888", "dont_know", 888),
        ("rating", "999", "refused", 999),
        ("rating", "", "left_blank", None),
        ("rating", "  ", "left_blank", None),
        ("rating", MASK, "unreadable", None),
        ("rating", "rất tốt", "unreadable", None),
        ("rating", "2.5", "unreadable", None),
        ("rating", "6", "unlisted", None),
        ("rating", "9", "unlisted", None),
        ("trust", "9", "dont_know", 9),
        ("trust", "34", "dont_know", 9),
        ("trust", ".a", "dont_know", 9),
        ("trust", ".A", "dont_know", 9),
        ("trust", "34.0", "dont_know", 9),
        ("trust", "98", "refused", 98),
        ("trust", "7", "not_asked", None),
        ("trust", ".b", "not_asked", None),
        ("trust", "-99", "suppressed", None),
        ("trust", "888", "unlisted", None),
        ("trust", ".c", "unreadable", None),
        ("seen", "-999999", "not_selected", -999999),
        ("seen", "0", "unlisted", None),
    ],
)
def test_a_reason_comes_from_the_questions_own_answer_list(question, cell, reason, code):
    result = typed(**{question: cell})
    assert reasons(result) == {question: reason}
    kept = result.responses.loc[0, question]
    assert pd.isna(kept) if code is None else kept == code
    row = result.missing.iloc[0]
    assert (row["survey_year"], row["district"]) == (2019, DISTRICT)
    assert row["respondent_id"] == "QN-0000"


def test_a_blank_is_not_asked_where_the_skip_says_so_and_left_blank_where_not():
    assert reasons(typed(voted="0", ballot="", seen="")) == {
        "ballot": "not_asked",
        "seen": "not_asked",
    }
    assert reasons(typed(voted="1", ballot="")) == {"ballot": "left_blank"}


def test_an_answer_to_a_question_that_was_not_to_be_asked_is_set_aside_as_not_asked():
    result = typed(voted="0", ballot="1", seen="1")
    assert reasons(result) == {"ballot": "not_asked", "seen": "not_asked"}
    assert list(result.rejected["column"]) == ["ballot", "seen"]
    assert result.responses.loc[0, ["ballot", "seen"]].isna().all()


def test_an_option_not_ticked_because_it_was_not_asked_is_no_fault():
    result = typed(voted="0", ballot="", seen="-999999")
    assert result.rejected.empty and reasons(result)["seen"] == "not_asked"
    assert pd.isna(result.responses.loc[0, "seen"])


def test_an_interview_set_aside_has_no_missing_answers():
    assert typed(age="17", rating="").missing.empty


def test_the_label_table_names_every_reason_and_no_other():
    table = read_table(ROOT / "data" / "labels" / "missing_reasons.csv")
    assert list(table.columns) == ["key", "label_vi", "label_en", "meaning_vi", "meaning_en"]
    assert sorted(table["key"]) == sorted(REASONS)
    assert (table != "").all(axis=None)
    with (ROOT / "data" / "labels" / "README.md").open(encoding="utf-8") as readme:
        assert "missing_reasons.csv" in readme.read()


CODES = ["0", "1", "2", "5", "6", "7", "9", "34", ".a", "98", "-99", "888", "999", "-999999",
         "", "abc", MASK, "1.0", " 01"]  # fmt: skip


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data(), st.integers(1, 5))
def test_each_answer_of_an_interview_kept_is_valid_or_missing_for_one_reason(data, count):
    names = list(FORM.questions["question"])
    cells = {
        name: data.draw(st.lists(st.sampled_from(CODES), min_size=count, max_size=count))
        for name in names
    }
    result = type_responses(delivered(count, **cells), FORM, SURVEY, units(), DISTRICT)
    assert not result.missing.duplicated(["respondent_id", "question"]).any()
    assert set(result.missing["reason"]) <= set(REASONS)
    missing = set(zip(result.missing["respondent_id"], result.missing["question"], strict=True))
    for question in names:
        answers = FORM.questions.set_index("question").loc[question, "answers"]
        valid = set(FORM.codes(answers, "valid")) - set(FORM.codes(answers, "not_selected"))
        for _, row in result.responses.iterrows():
            is_valid = not pd.isna(row[question]) and row[question] in valid
            assert is_valid != ((row["respondent_id"], question) in missing)
