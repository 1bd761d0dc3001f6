"""Belongs here: what one answer is worth on a set, and what two sets ask alike.
Does not belong here: what a wrong set is refused with (tests/unit/facts), or estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import (
    ANSWERS,
    FIXED,
    QUESTIONS,
    TREE,
    form,
    rating,
    share,
    small_set,
    table,
    with_cell,
)

from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire
from dgi.index.indicators import common_indicators, indicator_values


@pytest.fixture(scope="module")
def questionnaire():
    return form()


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
