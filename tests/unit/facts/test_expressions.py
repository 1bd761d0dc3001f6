"""Belongs here: what a form's condition means over a column of answers, and what is refused.
Does not belong here: which answers a form finds fault with (test_form_checks.py)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgi.facts.expressions import NotEvaluableError, parse

ANSWERS = pd.DataFrame(
    {
        "age": [18.0, 70.0, 0.0, np.nan],
        "voted": [1.0, 2.0, 10.0, np.nan],
        "uses": pd.array(["1 12", "2", "1", None], dtype="str"),
        "name": pd.array(["Hạ Long", "Uông Bí", "", None], dtype="str"),
        "born": pd.array(["2001-02-28", "1949-12-31", "no date", None], dtype="str"),
        "seen": pd.to_datetime(
            ["2019-07-01", "2019-07-02T12", "1969-12-31", None], format="ISO8601"
        ),
    },
    index=[7, 7, 1, 0],  # the index means nothing
)


def holds(text: str, own: str | None = None, today: date | None = None) -> list[bool]:
    result = parse(text).holds(ANSWERS, own=own, today=today)
    assert result.dtype == bool
    return [bool(one) for one in result]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${age} = 18", [1, 0, 0, 0]),
        ("${group/inner/age}=18", [1, 0, 0, 0]),
        ("../age = 18", [1, 0, 0, 0]),
        ("../../inner/age = 18", [1, 0, 0, 0]),
        ("/form/inner/age = 18", [1, 0, 0, 0]),
        ("${age} >= 18 and ${age} <= 70", [1, 1, 0, 0]),
        ("18 < ${age} or ${voted} = 10", [0, 1, 1, 0]),
        ("${age} = 0 or ${age} = 18 and ${voted} = 99", [0, 0, 1, 0]),
        ("(${age} = 0 or ${age} = 18) and ${voted} = 99", [0, 0, 0, 0]),
        ("not(${age} > 17)", [0, 0, 1, 1]),
        ("true() and not(false())", [1, 1, 1, 1]),
        ("${age} > 17 = true()", [1, 1, 0, 0]),
        ("${name}='Hạ Long' or ${name} = \"Uông Bí\"", [1, 1, 0, 0]),
        ("${age} + 2 * 3 = 24", [1, 0, 0, 0]),
        ("${age} - 8 - 8 = 2", [1, 0, 0, 0]),
        ("${age}-8-8=2", [1, 0, 0, 0]),
        ("${age} div 4 = 4.5", [1, 0, 0, 0]),
        ("${age} mod 4 = 2", [1, 1, 0, 0]),
        ("-${age} mod 4 = -2", [1, 1, 0, 0]),
        ("--${age} > .5", [1, 1, 0, 0]),
        ("1 div ${age} > 1000", [0, 0, 1, 0]),
        ("0.1 + 0.2 = 0.3", [1, 1, 1, 1]),
        ("int(${age} div 4) = 4", [1, 0, 0, 0]),
        ("int(0 - ${age} div 4) = -4", [1, 0, 0, 0]),
        ("round(${age} div 4) = 5", [1, 0, 0, 0]),
        ("number(${uses}) = 2", [0, 1, 0, 0]),
        ("string-length(${name}) = 7", [1, 1, 0, 0]),
        ("string-length(${age}) = 2", [1, 1, 0, 0]),
        ("coalesce(${name}, 'none') = 'none'", [0, 0, 1, 1]),
        ("coalesce(${age}, 5) = 5", [0, 0, 0, 1]),
        ("if(${age} > 17, ${voted}, ${uses}) = 1", [1, 0, 1, 0]),
        ("if(${age} > 17, 'adult', '')", [1, 1, 0, 0]),
        ("if(${age} > 17, ${age} > 60, true())", [0, 1, 1, 1]),
        ("regex(${name}, '[A-Z].*')", [1, 1, 0, 0]),
        ("regex(${name}, 'Long')", [0, 0, 0, 0]),  # the whole answer must match
        ("regex(${age}, '[0-9]{2}')", [1, 1, 0, 0]),
    ],
)
def test_a_condition_holds_where_it_should(text, expected):
    assert holds(text) == [bool(one) for one in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selected(${uses}, '1')", [1, 0, 1, 0]),  # 12 is another option than 1
        ("selected(${uses}, 2)", [0, 1, 0, 0]),
        ("selected(${uses}, ${voted})", [1, 1, 0, 0]),
        ("selected(${voted}, '1')", [1, 0, 0, 0]),  # 10 is another option than 1
        ("count-selected(${uses}) = 2", [1, 0, 0, 0]),
        ("count-selected(${uses}) = 0", [0, 0, 0, 1]),
    ],
)
def test_an_option_is_ticked_when_it_is_one_of_the_words_of_the_answer(text, expected):
    assert holds(text) == [bool(one) for one in expected]


@pytest.mark.parametrize("question", ["age", "name"])
@pytest.mark.parametrize(
    ("text", "of_a_blank"),
    [
        ("${q} = ''", True),
        ("${q} != ''", False),
        ("${q} = ${q}", True),
        ("${q} != ${q}", False),
        ("${q} = ${born}", True),  # two blanks are equal
        ("${q} = 1", False),
        ("${q} != 1", True),
        ("${q} = '1'", False),
        ("${q} != '1'", True),
        ("${q} < 1", False),
        ("${q} >= 1", False),
        ("not(${q} < 1)", True),
        ("${q} + 1 = 1", False),
        ("${q} + 1 != 1", True),
        ("${q}", False),
        ("not(${q})", True),
        ("string-length(${q}) = 0", True),
        ("selected(${q}, '1')", False),
    ],
)
def test_a_blank_is_the_empty_text_and_no_number(question, text, of_a_blank):
    assert holds(text.replace("${q}", f"${{{question}}}"))[3] is of_a_blank


def test_a_text_is_compared_with_a_number_as_a_number_and_with_a_text_as_a_text():
    frame = pd.DataFrame({"code": pd.array(["1", "01", "1.0", "one"], dtype="str")})
    assert list(parse("${code} = 1").holds(frame)) == [True, True, True, False]
    assert list(parse("${code} = '1'").holds(frame)) == [True, False, False, False]
    assert list(parse("${code} != 1").holds(frame)) == [False, False, False, True]
    numbers = pd.DataFrame({"code": [1.0, 2.0]})
    assert list(parse("${code} = '1'").holds(numbers)) == [True, False]


def test_numbers_of_every_column_type_mean_the_same():
    floats = pd.DataFrame({"q": [1.0, 2.0, np.nan]})
    condition = parse("${q} = 1 or ${q} = ''")
    for column in (floats["q"], floats["q"].astype("Int64"), floats["q"].astype("Float64")):
        assert list(condition.holds(column.to_frame())) == [True, False, True]


def test_dates_are_days_and_no_date_is_no_number():
    assert holds("${born} >= date('1950-01-01')") == [True, False, False, False]
    assert holds("${born} = '2001-02-28'") == [True, False, False, False]
    assert holds("${seen} > date('2019-07-01')") == [False, True, False, False]
    assert holds("${seen} - date('2019-07-01') = 1.5") == [False, True, False, False]
    assert holds("${seen} < date('1970-01-01')") == [False, False, True, False]
    assert holds("date('2019-02-30') < 1 or date('2019-02-30') >= 1") == [False] * 4


def test_today_is_the_day_that_the_caller_gives():
    day = date(2019, 7, 2)
    assert holds("${seen} <= today()", today=day) == [True, False, True, False]
    assert holds("today() = date('2019-07-02')", today=day) == [True] * 4
    with pytest.raises(NotEvaluableError) as caught:
        holds("${seen} <= today()")
    assert (caught.value.piece, caught.value.position) == ("today()", 11)


def test_a_dot_is_the_answer_itself():
    assert holds(". >= 18 and .<=69", own="age") == [True, False, False, False]
    assert holds("regex(., '[1-9]+') or .='1 12'", own="uses") == [True, True, True, False]
    with pytest.raises(NotEvaluableError) as caught:
        holds("1 < .")
    assert (caught.value.piece, caught.value.position) == (".", 4)


def test_an_expression_names_the_questions_it_reads_once_each():
    assert parse("${b} = 1 or selected(${g/a}, ${b}) or . > ../c").questions == ("b", "a", "c")
    assert parse("1 = 1").questions == ()


def test_a_question_that_the_answers_lack_is_named():
    with pytest.raises(NotEvaluableError, match="at character 15") as caught:
        holds("${age} < 5 or ${income} > 3")
    assert (caught.value.piece, caught.value.position) == ("${income}", 14)


@pytest.mark.parametrize(
    ("text", "piece", "position"),
    [
        ("", "", 0),
        ("   ", "", 0),
        ("${age} >", "", 8),
        ("${age} = 1 2", "2", 11),
        ("(${age} = 1", "", 11),
        ("${age} == 1", "=", 8),
        ("${age} = ‘a’", "‘", 9),
        ("${age} = 'a", "'", 9),
        ("${} = 1", "$", 0),
        ("${age} AND 1", "AND", 7),
        ("age = 1", "age", 0),
        ("/age = 1", "/", 0),
        ("1 = once(random())", "once", 4),
        ("position(..) = 1", "position", 0),
        ("${age} > 0 and index() = 1", "index", 15),
        ("instance('x')/root/item[name=1]", "instance", 0),
        ("../person[age > 1]/x = 1", "[", 9),
        ("pulldata('a', 'b', 'c', 'd') = 1", "pulldata", 0),
        ("jr:choice-name('1', 'q') = 'x'", "jr:choice-name", 0),
        ("selected(${uses})", ")", 16),
        ("not(1, 2)", ",", 5),
        ("today(1)", "1", 6),
        ("true", "true", 0),
        ("regex(., ${name})", "${name}", 9),
        ("regex(., '[')", "'['", 9),
        ("regex(., '[a-z&&[^b]]')", "'[a-z&&[^b]]'", 9),
    ],
)
def test_what_is_not_evaluated_is_refused_by_piece_and_place(text, piece, position):
    with pytest.raises(NotEvaluableError) as caught:
        parse(text)
    assert (caught.value.piece, caught.value.position) == (piece, position)


def test_a_condition_of_thousands_of_parts_is_evaluated_or_refused_but_never_breaks():
    long = " or ".join(f"${{age}} = {code}" for code in range(5000))
    assert holds(long) == [True, True, True, False]
    with pytest.raises(NotEvaluableError):
        parse("(" * 5000 + "1" + ")" * 5000)


def test_no_rows_are_no_answers():
    assert parse("selected(${uses}, 1) or ${age} = 1 or ${age} = ''").holds(ANSWERS[:0]).size == 0


NUMBERS = st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=20)


@given(NUMBERS, st.integers(-3, 3), st.sampled_from(["=", "<", "<=", ">", ">=", "!="]))
def test_a_comparison_is_that_of_each_answer_alone(answers, bound, sign):
    frame = pd.DataFrame({"q": np.array(answers, dtype=float)})
    compare = {"=": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__",
               "!=": "__ne__"}[sign]  # fmt: skip
    of_each = [
        sign == "!=" if answer is None else getattr(answer, compare)(bound) for answer in answers
    ]
    text = f"${{q}} {sign} {bound}"
    assert list(parse(text).holds(frame)) == of_each
    as_text = frame["q"].map(lambda number: "" if np.isnan(number) else f"{number:.0f}")
    assert list(parse(text).holds(as_text.astype("str").to_frame())) == of_each


@given(NUMBERS)
def test_not_turns_and_into_or(answers):
    frame = pd.DataFrame({"q": np.array(answers, dtype=float)})
    one = parse("not(${q} > 0 and ${q} < 2)").holds(frame)
    other = parse("not(${q} > 0) or not(${q} < 2)").holds(frame)
    assert np.array_equal(one, other)


@given(st.text(max_size=40))
def test_any_text_is_either_parsed_or_refused_within_itself(text):
    try:
        parse(text)
    except NotEvaluableError as error:
        place = slice(error.position, error.position + len(error.piece))
        assert text[place] == error.piece
