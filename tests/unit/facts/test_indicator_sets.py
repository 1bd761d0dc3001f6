"""Belongs here: what a wrong indicator set is refused with, alone and beside its questionnaire.
Does not belong here: what an answer is worth on a set (tests/unit/index)."""

from __future__ import annotations

import pandas as pd
import pytest
from index_builders import TREE, form, share, table, with_cell

from dgi.errors import FactError
from dgi.facts.indicator_sets import IndicatorSet

ROW = {"total": 2, "dimension_1": 3, "knowing": 4, "a": 5, "b": 6, "voting": 7, "c": 8}


def refusal(tree: pd.DataFrame) -> str:
    with pytest.raises(FactError) as caught:
        IndicatorSet.from_table("mine", tree)
    return str(caught.value)


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


@pytest.fixture(scope="module")
def questionnaire():
    return form()


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
