"""Belongs here: what a wrong indicator set is refused with, and what one answer is worth.
Does not belong here: the province's own sets, or estimates over respondents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import rating, share, small_set, table

from dgi.errors import FactError
from dgi.index.indicators import IndicatorSet, common_indicators, indicator_values
from dgi.survey.questionnaire import Questionnaire

TREE = {"dimension_1": {"knowing": [share("a", "0.5"), rating("b", "0.5")],
                        "voting": [share("c")]}}  # fmt: skip
ROW = {"total": 2, "dimension_1": 3, "knowing": 4, "a": 5, "b": 6, "voting": 7, "c": 8}


def refusal(tree: pd.DataFrame) -> str:
    with pytest.raises(FactError) as caught:
        IndicatorSet.from_table("mine", tree)
    return str(caught.value)


def with_cell(key: str, column: str, value: str) -> pd.DataFrame:
    tree = table(TREE)
    tree.loc[tree["key"] == key, column] = value
    return tree


def test_a_sound_tree_is_taken_with_fractions_and_signs_as_numbers():
    tree = table({"d": {f"s{n}": [share(f"i{n}", direction="-1")] for n in range(3)}})
    typed = IndicatorSet.from_table("mine", tree)
    assert list(typed.at("sub_dimension")["scale_min"]) == [1 / 3] * 3
    assert list(typed.at("indicator")["direction"]) == [-1] * 3
    assert typed.at("indicator")["good_answers"].iloc[0] == (1,)


@pytest.mark.parametrize(
    ("key", "column", "value", "says"),
    [
        ("knowing", "parent", "total", "the parent of a sub_dimension is a dimension"),
        ("total", "parent", "a", "the total has no parent"),
        ("a", "scale_min", "1", "scale_min is below scale_max"),
        ("a", "weight", "0", "weight is above zero"),
        ("a", "weight", "half", ""),
        ("a", "level", "question", ""),
        ("a", "direction", "2", ""),
        ("a", "good_answers", "one", ""),
        ("a", "min_n", "0.5", "min_n is 1 or more"),
        ("a", "scale_max", "3", "a share runs from 0 to 1"),
        ("a", "measure", "median", ""),
        ("b", "dk", "counts_as_no", "a mean has no good answers"),
    ],
)
def test_a_wrong_cell_is_named_by_file_row_column_value_and_what_to_do(key, column, value, says):
    message = refusal(with_cell(key, column, value))
    assert "data/indicator_sets/mine.csv" in message
    assert f"row {ROW[key]}" in message
    assert f"column {column}" in message
    assert (value in message) or (column == "dk")
    assert says in message
    assert "data/indicator_sets/README.md says what each column means" in message


@pytest.mark.parametrize("column", ["measure", "question", "base", "dk", "good_answers"])
def test_an_indicator_must_state_what_it_measures(column):
    message = refusal(with_cell("a", column, ""))
    assert f"row {ROW['a']}, column {column}" in message


def test_a_count_runs_to_its_number_of_questions():
    tree = with_cell("a", "measure", "count")
    tree.loc[tree["key"] == "a", "question"] = "x y z"
    assert "a count runs from 0 to its number of questions" in refusal(tree)


def test_a_key_that_stands_twice_is_refused_with_its_row():
    tree = table(TREE)
    tree.loc[tree["key"] == "c", "key"] = "a"
    message = refusal(tree)
    assert f"row {ROW['c']}" in message and "'a'" in message and "stands in the file" in message


def test_a_code_that_stands_twice_is_refused():
    assert "the key (code) stands in the file already" in refusal(with_cell("c", "code", "1.1a"))


def test_sub_dimension_scales_that_do_not_add_up_are_refused():
    message = refusal(with_cell("voting", "scale_max", "4"))
    assert "the sub_dimension scales do not add up to it" in message and "dimension_1" in message


def test_a_missing_column_and_an_unknown_one_are_named():
    tree = table(TREE)
    assert "column scale_min" in refusal(tree.drop(columns="scale_min"))
    assert "an unknown column" in refusal(tree.assign(remark="x"))


def test_every_wrong_cell_is_reported_in_one_pass():
    tree = table(TREE)
    tree.loc[tree["key"] == "a", "weight"] = "0"
    tree.loc[tree["key"] == "c", "scale_max"] = "7"
    message = refusal(tree)
    assert f"row {ROW['a']}" in message and f"row {ROW['c']}" in message


# ---- against a questionnaire

QUESTIONS = pd.DataFrame(
    [
        ("a", "C1", "yes_no", ""), ("b", "C2", "five", ""), ("c", "C3", "yes_no", ""),
        ("d", "C4", "yes_no", "a=1"), ("e", "C5", "yes_no", ""),
    ],
    columns=["question", "column", "answers", "asked_if"],
).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")  # fmt: skip
ANSWERS = pd.DataFrame(
    [(name, str(code), kind)
     for name, codes in {"yes_no": [0, 1], "five": [1, 2, 3, 4, 5]}.items()
     for code, kind in [*((code, "valid") for code in codes),
                        (888, "dont_know"), (999, "refused")]],
    columns=["answers", "code", "kind"],
).assign(label_vi="nhãn", label_en="label")  # fmt: skip
FIXED = pd.DataFrame(
    [("respondent_id", "MaPhieu", "text", "yes", "", "", "")],
    columns=["name", "column", "type", "required", "min", "max", "answers"],
).assign(text_vi="mã", text_en="id")


@pytest.fixture(scope="module")
def questionnaire():
    return Questionnaire.from_tables("form", QUESTIONS, ANSWERS, FIXED)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("question", "x", "question is not in form"),
        ("base", "a=1", "the base is not the question's asked_if"),
        ("good_answers", "1;2", "a good answer is not a valid code of a"),
    ],
)
def test_a_set_that_does_not_fit_the_questionnaire_is_refused(questionnaire, column, value, says):
    fitting = IndicatorSet.from_table("mine", table(TREE))
    fitting.check_against(questionnaire)
    wrong = IndicatorSet.from_table("mine", with_cell("a", column, value))
    with pytest.raises(FactError, match=says) as caught:
        wrong.check_against(questionnaire)
    assert "data/indicator_sets/mine.csv" in str(caught.value)
    assert f"column {column}" in str(caught.value)


def test_goalposts_of_a_mean_are_its_lowest_and_highest_answer(questionnaire):
    wrong = IndicatorSet.from_table("mine", with_cell("b", "scale_max", "4"))
    with pytest.raises(FactError, match="the goalposts of a mean"):
        wrong.check_against(questionnaire)


# ---- what an answer is worth


def worth(questionnaire, indicator: dict, codes: dict) -> np.ndarray:
    rows = IndicatorSet.from_table("mine", table({"d": {"s": [indicator]}})).at("indicator")
    responses = pd.DataFrame({name: pd.array(list_, "Int16") for name, list_ in codes.items()})
    return indicator_values(responses, rows, questionnaire)[:, 0]


CODES = [0, 1, 888, 999, None]
NAN = np.nan


def test_a_share_is_one_for_a_good_answer_and_zero_for_another(questionnaire):
    got = worth(questionnaire, share("a"), {"a": CODES})
    np.testing.assert_array_equal(got, [0, 1, NAN, NAN, NAN])


def test_not_knowing_counts_as_no_only_where_the_set_says_so(questionnaire):
    got = worth(questionnaire, share("a", dk="counts_as_no"), {"a": CODES})
    np.testing.assert_array_equal(got, [0, 1, 0, NAN, NAN])


def test_not_knowing_of_a_bad_thing_is_not_having_met_it(questionnaire):
    got = worth(questionnaire, share("a", direction="-1", dk="counts_as_no"), {"a": CODES})
    np.testing.assert_array_equal(got, [0, 1, 0, NAN, NAN])


def test_a_mean_is_the_code_itself(questionnaire):
    got = worth(questionnaire, rating("b"), {"b": [1, 4, 5, 888, 999, None]})
    np.testing.assert_array_equal(got, [1, 4, 5, NAN, NAN, NAN])


def test_a_count_adds_its_questions_and_is_missing_when_one_of_them_is(questionnaire):
    count = share("k", measure="count", question="a c e", scale_max="3")
    codes = {"a": [1, 1, 1, 0, 1], "c": [1, 0, 888, 0, 999], "e": [1, 1, 1, 0, 1]}
    np.testing.assert_array_equal(worth(questionnaire, count, codes), [3, 2, NAN, 0, NAN])
    forgiving = {**count, "dk": "counts_as_no"}
    np.testing.assert_array_equal(worth(questionnaire, forgiving, codes), [3, 2, 2, 0, NAN])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 888, 999, None]), min_size=1, max_size=20))
def test_a_value_lies_between_the_goalposts_or_is_missing(codes):
    form = Questionnaire.from_tables("form", QUESTIONS, ANSWERS, FIXED)
    for indicator in (share("a", dk="counts_as_no"), rating("b")):
        got = worth(form, indicator, {indicator["key"]: codes})
        low, high = float(indicator["scale_min"]), float(indicator["scale_max"])
        assert np.all(np.isnan(got) | ((got >= low) & (got <= high)))


def test_only_indicators_asked_scored_and_based_alike_are_common():
    base = IndicatorSet.from_table("base", table(TREE))
    assert common_indicators(base, base) == ["a", "b", "c"]
    other = IndicatorSet.from_table("now", with_cell("a", "dk", "counts_as_no"))
    assert common_indicators(other, base) == ["b", "c"]
    assert common_indicators(small_set(), base) == ["a"]
    # A weight or a code may change: the question is still the same.
    moved = IndicatorSet.from_table("now", with_cell("a", "code", "9.9z"))
    assert common_indicators(moved, base) == ["a", "b", "c"]
