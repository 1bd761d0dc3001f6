"""Belongs here: what an interview is found fault with by its form, and what is told but once.
Does not belong here: how conditions are evaluated (test_form_checks.py, test_expressions.py)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import DISTRICT, FOREIGN, SURVEY, delivered, questionnaire, units

from dgi.facts.form_checks import RULE_COLUMNS, SPELLING_COLUMNS, FormRules, rules_of
from dgi.fieldwork.form_rules import (
    PART_OF_KIND,
    RULE_TABLE_COLUMNS,
    JudgedForm,
    judge_form,
    list_form_rules,
    measure_form_faults,
    type_answers,
)
from dgi.fieldwork.responses import type_responses

FORM = questionnaire()
SKIP, BLANK, BROKEN = PART_OF_KIND
NO_SPELLINGS = pd.DataFrame(columns=SPELLING_COLUMNS)


def rules(*rows: tuple[str, str, str, str], spellings: pd.DataFrame = NO_SPELLINGS) -> FormRules:
    return FormRules(pd.DataFrame(rows, columns=RULE_COLUMNS, dtype="str"), spellings)


def judged(raw: pd.DataFrame, form_rules: FormRules, form=FORM) -> JudgedForm:
    typed = type_responses(raw, form, SURVEY, units(), DISTRICT)
    return judge_form(form_rules, raw, typed.responses, typed.rejected, form)


def told(found: JudgedForm) -> list[tuple]:
    return sorted(found.faults[["respondent_id", "question", "kind"]].itertuples(False, None))


def test_a_question_left_blank_is_found_at_its_interview():
    found = judged(delivered(3, rating=["4", "", "5"]), FormRules.of_questionnaire(FORM))
    assert told(found) == [("QN-0001", "rating", BLANK)]
    assert list(found.faults["interviewer"]) == ["DTV1"]
    measured = measure_form_faults(found, BLANK)
    assert measured.base == 3 * found.questions_n[BLANK] and list(measured.frame["value"]) == [1.0]
    assert measure_form_faults(found, SKIP).frame.empty and measure_form_faults(found, SKIP).taken


def test_what_was_set_aside_is_not_told_a_second_time():
    raw = delivered(
        6,
        voted=["0", "1", "1", "1", "1", "1"],  # the first was not to be asked of its ballot
        rating=["4", "9", "4", "4", "4", "4"],  # no code of the list
        age=["41", "41", "17", "41", "41", "41"],  # a whole interview out of range
        gps_accuracy=["1", "1", "1", "-5", "1", "1"],  # one value out of range
    )
    raw.loc[5, "respondent_id"] = "QN-0004"  # two of one id, of different content
    raw.loc[5, "rating"] = ""
    typed = type_responses(raw, FORM, SURVEY, units(), DISTRICT)
    assert set(typed.rejected["scope"]) == {"row", "answer"}
    found = judged(raw, FormRules.of_questionnaire(FORM))
    assert found.faults.empty and found.interviews_n == len(typed.responses) == 3
    again = judge_form(FormRules.of_questionnaire(FORM), raw, typed.responses,
                       typed.rejected[typed.rejected["scope"] != "answer"], FORM)  # fmt: skip
    assert told(again) == [("QN-0000", "ballot", SKIP), ("QN-0003", "gps_accuracy", BROKEN)]


def test_a_form_that_asks_more_than_the_questionnaire_is_held_to_it():
    form_rules = rules(
        ("rating", "selected(${voted}, '1')", ". < 5", "${age} > 40"),
        ("interview_date", "", ". <= today() and . > '2019-08-01'", "yes"),
        ("age", "", ". != 41 or ${sex} = 2", ""),
    )
    raw = delivered(4, voted=["1", "0", "1", "1"], ballot=["1", "", "0", "0"],
                    rating=["5", "4", "", "x"], sex=["2", "2", "1", "1"],
                    age=["41", "41", "41", "40"])  # fmt: skip
    assert told(judged(raw, form_rules)) == [
        ("QN-0000", "rating", BROKEN),
        ("QN-0001", "rating", SKIP),
        ("QN-0002", "age", BROKEN),
        ("QN-0002", "rating", BLANK),
    ]


def test_answers_are_read_as_the_form_writes_them():
    spellings = pd.DataFrame([("voted", 1, "co"), ("sex", 2, "nu")], columns=SPELLING_COLUMNS)
    raw = delivered(2, voted=["1", "0"], ballot=["", "khó"], sex=["2", "1"], age=["41,0", " 30"],
                    commune_prob="0,5", started_at="15/08/2019 08:30")  # fmt: skip
    answers, _ = type_answers(raw, FORM, spellings)
    assert list(answers["voted"]) == ["co", "0"] and list(answers["sex"]) == ["nu", "1"]
    assert list(answers["age"]) == ["41", "30"] and answers["commune_prob"][0] == "0.5"
    assert answers["interview_date"][0] == "2019-08-15"
    assert answers["started_at"][0] == "2019-08-15T08:30:00"
    assert list(answers["ballot"]) == ["", "khó"]
    assert not {"respondent_id", "submission", "respondent_name"} & set(answers)
    form_rules = rules(("ballot", "${voted} = 'co'", "", "yes"), spellings=spellings)
    assert told(judged(raw, form_rules)) == [("QN-0000", "ballot", BLANK)]


def test_a_code_that_says_why_there_is_no_answer_is_no_fault():
    form = questionnaire(FOREIGN)
    raw = delivered(3, trust=["7", "-99", ""], seen=["-999999", "", "1"], voted=["0", "1", "1"],
                    ballot=["", "1", "1"])  # fmt: skip
    found = judged(raw, FormRules.of_questionnaire(form), form)
    assert told(found) == [("QN-0001", "seen", BLANK), ("QN-0002", "trust", BLANK)]


def test_a_question_with_several_answers_is_judged_under_its_own_name():
    questions = pd.DataFrame(
        [("voted", "C1", "yes_no", ""), ("by_post", "C3/post", "yes_no", ""),
         ("by_hand", "C3/hand", "yes_no", "")],
        columns=["question", "column", "answers", "asked_if"],
    ).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")  # fmt: skip
    form = questionnaire(questions)
    raw = delivered(4, by_post=["1", "0", "888", "1"], by_hand=["1", "0", "888", "0"])
    answers, _ = type_answers(raw, form, NO_SPELLINGS)
    assert list(answers["C3"]) == ["post hand", "", "888", "post"]
    form_rules = rules(("C3", "", "count-selected(.) < 2", "yes"),
                       ("voted", "not(selected(${C3}, '888'))", "", ""))  # fmt: skip
    assert told(judged(raw, form_rules, form)) == [
        ("QN-0000", "by_post", BROKEN), ("QN-0001", "by_post", BLANK), ("QN-0002", "voted", SKIP),
    ]  # fmt: skip


def test_a_form_without_a_rule_of_a_kind_could_not_be_looked_at():
    found = judged(delivered(2), rules(("rating", "", "", "yes"), ("voted", "once(1)", "", "yes")))
    assert found.questions_n == {SKIP: 0, BLANK: 1, BROKEN: 0}
    assert measure_form_faults(found, BROKEN).why_not == "no_form_rules"
    assert measure_form_faults(judged(delivered(0), rules()), BLANK).why_not == "no_interviews"


def test_every_rule_is_listed_and_what_cannot_be_evaluated_says_why():
    table = list_form_rules(
        rules(
            ("rating", "${income} > 0", ". < 5", "yes"),
            ("age", "", ". < pulldata('x')", "no"),
            ("respondent_name", "${voted} = 1", "", ""),
            ("ballot", "${respondent_name} != ''", "", ""),
            ("income", "", ". > 0", ""),
            ("interview_date", "", ". <= today()", ""),
        ),
        FORM,
    )
    assert list(table.columns) == RULE_TABLE_COLUMNS
    said = table[["question", "part", "is_evaluable", "piece", "why_not"]].values.tolist()
    assert said == [
        ["rating", "relevant", False, "${income}", "no_column"],
        ["rating", "constraint", True, "", ""],
        ["rating", "required", True, "", ""],
        ["age", "constraint", False, "pulldata", "not_understood"],
        ["respondent_name", "relevant", False, "respondent_name", "kept_apart"],
        ["ballot", "relevant", False, "${respondent_name}", "kept_apart"],
        ["income", "constraint", False, "income", "no_column"],
        ["interview_date", "constraint", True, "", ""],
    ]
    assert table["expression"].iloc[-1] == ". <= today()"


def test_of_our_own_rules_only_those_of_keys_and_persons_cannot_be_evaluated():
    table = list_form_rules(FormRules.of_questionnaire(FORM), FORM)
    assert set(table.loc[~table["is_evaluable"], "why_not"]) == {"kept_apart"}
    assert set(table["question"]) <= set(rules_of(FORM)["question"])


CELLS = st.sampled_from(["0", "1", "888", "", "x", "7"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), st.randoms())
def test_no_cell_is_told_twice_and_the_order_of_rows_changes_nothing(cells, random):
    voted, ballot, rating = map(list, zip(*cells, strict=True))
    raw = delivered(len(cells), voted=voted, ballot=ballot, rating=rating)
    typed = type_responses(raw, FORM, SURVEY, units(), DISTRICT)
    found = judged(raw, FormRules.of_questionnaire(FORM))
    aside = set(typed.rejected[["respondent_id", "column"]].itertuples(False, None))
    own = list(found.faults[["respondent_id", "question"]].itertuples(False, None))
    assert not aside & set(own) and len(own) == len(set(own))
    # The form of the questionnaire finds the blanks that typing calls left blank, and no others.
    blanks = typed.missing[typed.missing["reason"] == "left_blank"]
    assert sorted(own) == sorted(blanks[["respondent_id", "question"]].itertuples(False, None))
    order = list(raw.index)
    random.shuffle(order)
    assert told(judged(raw.loc[order], FormRules.of_questionnaire(FORM))) == told(found)


@pytest.mark.parametrize("kind", list(PART_OF_KIND))
def test_a_district_without_interviews_is_not_taken(kind):
    found = judged(delivered(1, age="17"), FormRules.of_questionnaire(FORM))
    assert measure_form_faults(found, kind).why_not == "no_interviews"
