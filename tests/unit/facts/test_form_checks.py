"""Belongs here: which answers a form's conditions find fault with, and what they cannot judge.
Does not belong here: what a single condition means (test_expressions.py)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import ANSWERS, FIXED, QUESTIONS, questionnaire

from dgi.facts.expressions import parse
from dgi.facts.form_checks import check_form, rules_of
from dgi.facts.questionnaire import Questionnaire


def form(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["question", "relevant", "constraint", "required"])


def answers(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.array(values, dtype="str")
            if any(isinstance(value, str) for value in values)
            else np.array(values, dtype=float)
            for name, values in columns.items()
        }
    )


def listed(frame: pd.DataFrame) -> list[tuple]:
    return list(frame.itertuples(index=False, name=None))


def test_each_kind_of_violation_is_told_by_question_and_row():
    rules = form(
        ("voted", "", ". = 0 or . = 1", "yes"),
        ("ballot", "${voted} = 1", "", "yes"),
        ("why", "${voted} = 0", "string-length(.) < 4", "no"),
    )
    found, unread = check_form(
        rules,
        answers(
            voted=[1, 0, 3, None, 1],
            ballot=[2, 2, None, None, None],
            why=["", "long", "", "far", "far"],
        ),
    )
    assert listed(found) == [
        ("voted", "blank_when_required", 3),
        ("voted", "constraint_broken", 2),
        ("ballot", "answered_when_not_relevant", 1),
        ("ballot", "blank_when_required", 4),
        ("why", "answered_when_not_relevant", 3),
        ("why", "answered_when_not_relevant", 4),
        ("why", "constraint_broken", 1),
    ]
    assert unread.empty


def test_the_row_is_a_position_whatever_the_index_says():
    given_rows = answers(q=[1, None]).set_axis([40, 40])
    found, _ = check_form(form(("q", "", "", "yes")), given_rows)
    assert listed(found) == [("q", "blank_when_required", 1)]


def test_an_answer_to_a_question_that_is_not_relevant_opens_no_later_one():
    rules = form(
        ("voted", "", "", ""),
        ("ballot", "${voted} = 1", "", ""),
        ("secret", "${ballot} = 1", "", "yes"),
        ("note", "${secret} != ''", "", "true()"),
    )
    delivered = answers(voted=[0, 1], ballot=[1, 1], secret=[1, 1], note=[1, None])
    before = delivered.copy()
    found, _ = check_form(rules, delivered)
    assert listed(found) == [
        ("ballot", "answered_when_not_relevant", 0),
        ("secret", "answered_when_not_relevant", 0),
        ("note", "answered_when_not_relevant", 0),
        ("note", "blank_when_required", 1),
    ]
    pd.testing.assert_frame_equal(delivered, before)


def test_a_constraint_judges_neither_a_blank_nor_an_answer_that_should_not_be():
    rules = form(("q", "${open} = 1", ". > 5 and . != ''", ""), ("open", "", "", ""))
    found, _ = check_form(rules, answers(q=[None, 1, 1, 9], open=[1, 0, 1, 1]))
    assert listed(found) == [
        ("q", "answered_when_not_relevant", 1),
        ("q", "constraint_broken", 2),
    ]


@pytest.mark.parametrize(
    ("required", "blank_rows"),
    [("yes", [0, 1]), ("TRUE", [0, 1]), ("no", []), ("", []), ("False", []), ("${a} = 1", [0])],
)
def test_required_is_yes_or_no_or_a_condition(required, blank_rows):
    found, unread = check_form(
        form(("q", "", "", required)), answers(a=[1, 2, 1], q=[None, None, 5])
    )
    assert listed(found) == [("q", "blank_when_required", row) for row in blank_rows]
    assert unread.empty


def test_what_cannot_be_evaluated_is_listed_and_the_rest_is_still_judged():
    rules = form(
        ("a", "index() = 1", ". < 5", "yes"),
        ("b", "${a} = 9", ". < once(3)", "yes"),
        ("c", "${income} > 0", "", "pulldata('x')"),
        ("d", "", ". <= today()", ""),
        ("group", "${a} = 9", "", "no"),
        ("note", "false()", "", "yes"),
    )
    found, unread = check_form(rules, answers(a=[9, None], b=[None, 1], c=[1, 1], d=[1, 1]))
    assert listed(found) == [
        ("a", "constraint_broken", 0),
        ("b", "answered_when_not_relevant", 1),
        ("b", "blank_when_required", 0),
    ]
    assert listed(unread) == [
        ("a", "relevant", "index() = 1", "index", 0),
        ("b", "constraint", ". < once(3)", "once", 4),
        ("c", "relevant", "${income} > 0", "${income}", 0),
        ("c", "required", "pulldata('x')", "pulldata", 0),
        ("d", "constraint", ". <= today()", "today()", 5),
        ("group", "relevant", "${a} = 9", "group", 0),
        ("note", "relevant", "false()", "note", 0),
        ("note", "required", "yes", "note", 0),
    ]


def test_today_reaches_the_conditions():
    rules = form(("d", "", ". <= today()", ""))
    found, unread = check_form(rules, answers(d=["2019-07-01", "2019-07-03"]), date(2019, 7, 2))
    assert listed(found) == [("d", "constraint_broken", 1)] and unread.empty


def test_a_form_or_a_file_without_rows_has_no_violations():
    for rules, rows in [(form(), answers(q=[1])), (form(("q", "", ". > 1", "yes")), answers(q=[]))]:
        found, unread = check_form(rules, rows)
        assert list(found.columns) == ["question", "kind", "row"] and found.empty
        assert found["row"].dtype == "int64" and unread.empty


def test_the_rules_of_a_questionnaire_are_written_as_a_form_writes_them():
    fixed = FIXED.copy()
    is_age = fixed["name"] == "age"
    fixed.loc[is_age, ["min", "max"]] = ["0.000001", "70"]
    fixed.loc[fixed["name"] == "commune_code", "pattern"] = r"\d{5}"
    questions = QUESTIONS.copy()
    questions.loc[questions["question"] == "ballot", "asked_if"] = "voted=1;2"
    rules = rules_of(Questionnaire.from_tables("form", questions, ANSWERS, fixed))
    rules = rules.set_index("question")
    assert rules.loc["age", "constraint"] == ". >= 0.000001 and . <= 70"
    assert rules.loc["commune_code", "constraint"] == r"regex(., '\d{5}')"
    assert rules.loc["ballot", "relevant"] == "${voted} = 1 or ${voted} = 2"
    assert list(rules.loc["ballot", ["constraint", "required"]]) == ["", "yes"]
    assert rules.loc["voted", "relevant"] == ""
    demanded = fixed["required"] == "yes"
    assert (rules.loc[fixed.loc[demanded, "name"], "required"] == "yes").all()
    assert (rules.loc[fixed.loc[~demanded, "name"], "required"] == "").all()
    for text in [*rules["relevant"], *rules["constraint"]]:
        assert text == "" or parse(text)


CODES = st.sampled_from([0, 1, 888, None])


@st.composite
def skips_and_answers(draw) -> tuple[Questionnaire, pd.DataFrame]:
    """A questionnaire of six questions, each open to all or asked after an earlier one."""
    names = [f"q{place}" for place in range(6)]
    asked_if = [""] + [
        draw(st.just("") | st.builds("{}={}".format, st.sampled_from(names[:place]),
                                     st.sampled_from(["0", "1", "0;1", "1;888"])))
        for place in range(1, 6)
    ]  # fmt: skip
    questions = pd.DataFrame({"question": names, "column": names, "asked_if": asked_if}).assign(
        answers="yes_no", section="S", type="code", text_vi="câu hỏi", text_en="question"
    )
    rows = draw(st.lists(st.lists(CODES, min_size=6, max_size=6), min_size=1, max_size=8))
    frame = pd.DataFrame(np.array(rows, dtype=float), columns=names)
    return Questionnaire.from_tables("form", questions, ANSWERS, FIXED), frame


@settings(deadline=None)
@given(skips_and_answers())
def test_the_form_and_the_questionnaire_agree_on_who_is_asked(drawn):
    form_of_skips, delivered = drawn
    # The questionnaire looks at the answers as they are: those the tablet would have kept.
    kept = delivered.copy()
    for question in delivered:
        kept.loc[~form_of_skips.is_asked(kept)[question], question] = np.nan
    asked = form_of_skips.is_asked(kept)
    rules = rules_of(form_of_skips)
    rules = rules[rules["question"].isin(delivered.columns)]
    found, unread = check_form(rules, delivered)
    assert unread.empty
    expected = [
        (question, kind, row)
        for question in delivered
        for kind, wrong in [
            ("answered_when_not_relevant", delivered[question].notna() & ~asked[question]),
            ("blank_when_required", delivered[question].isna() & asked[question]),
        ]
        for row in np.flatnonzero(wrong)
    ]
    assert listed(found) == expected


def test_the_bounds_of_a_questionnaire_are_kept_by_its_constraints():
    rules = rules_of(questionnaire())
    rows = pd.DataFrame(
        {"age": [17.0, 18.0, 70.0, 71.0, np.nan], "rating": [1.0, 2.0, 3.0, np.nan, 5.0]}
    )
    found, _ = check_form(rules[rules["question"].isin(rows.columns)], rows)
    assert listed(found) == [
        ("age", "blank_when_required", 4),
        ("age", "constraint_broken", 0),
        ("age", "constraint_broken", 3),
        ("rating", "blank_when_required", 3),
    ]
