"""Belongs here: what the survey manager may write into the list of checks, and what is refused.
Does not belong here: what a check finds (fieldwork tests)."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgi.errors import FactError
from dgi.facts.fieldwork_rules import check_fieldwork_rules, parse_arguments

MEASURES = {"speed": frozenset({"min_interviews"}), "night": frozenset({"morning", "evening"})}
ROW = {"check": "fast", "topic": "timing", "measure": "speed", "arguments": "", "threshold": "2",
       "severity": "warn", "is_on": "x", "rule_vi": "v", "rule_en": "e", "next_vi": "v",
       "next_en": "e", "source": "s"}  # fmt: skip


def table(*rows: dict) -> pd.DataFrame:
    """As read from the sheet: the index is the row there."""
    return pd.DataFrame([ROW | row for row in rows], dtype="str", index=range(2, len(rows) + 2))


def test_a_list_is_typed_with_decimal_commas_and_marks():
    rows = check_fieldwork_rules(
        table({"threshold": "0,85"}, {"check": "off", "is_on": ""}, {"check": "on", "is_on": "Có"}),
        MEASURES,
    )
    assert list(rows["threshold"]) == [0.85, 2.0, 2.0]
    assert list(rows["is_on"]) == [True, False, True]


def test_several_checks_may_share_a_measure():
    both = table({}, {"check": "faster", "threshold": "3", "severity": "error"})
    assert len(check_fieldwork_rules(both, MEASURES)) == 2


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ({"measure": "sped"}, "measure", "no such measure; there are night, speed"),
        ({"threshold": "0"}, "threshold", "above 0"),
        ({"threshold": "-1"}, "threshold", "above 0"),
        ({"threshold": "nhiều"}, "threshold", "above 0"),
        ({"threshold": ""}, "threshold", "above 0"),
        ({"threshold": "inf"}, "threshold", "finite"),
        ({"threshold": "-Infinity"}, "threshold", "finite"),
        ({"threshold": "1e400"}, "threshold", "finite"),
        ({"threshold": "NaN"}, "threshold", "finite"),
        ({"severity": "loud"}, "severity", "error"),
        ({"is_on": "maybe"}, "is_on", ""),
        ({"arguments": "evening=22"}, "arguments", "min_interviews"),
        ({"arguments": "min_interviews"}, "arguments", "name=value"),
        ({"arguments": "min_interviews=inf"}, "arguments", "finite"),
        ({"arguments": "min_interviews=nan"}, "arguments", "finite"),
        ({"topic": "weather"}, "topic", "copies"),
        ({"rule_vi": ""}, "rule_vi", ""),
        ({"check": "fast"}, "check", "stands in the file already"),
    ],
)
def test_a_wrong_cell_is_named_with_what_to_do(row, column, says):
    with pytest.raises(FactError) as caught:
        check_fieldwork_rules(table({}, {"check": "other"} | row), MEASURES)
    (fault,) = caught.value.faults
    assert fault.row == 3 and column in (fault.column or str(fault))
    assert says in str(fault) and fault.action
    assert _reads_vietnamese(fault)


def _reads_vietnamese(fault) -> bool:
    """Whether rule and action are told in Vietnamese, before the English."""
    told = str(fault).split(" / ")[0]
    is_told = bool(fault.rule_vi and fault.action_vi) and fault.rule_vi != fault.rule
    return is_told and fault.rule_vi in told and fault.action_vi in told


def test_a_threshold_is_a_finite_number_in_both_languages():
    with pytest.raises(FactError) as caught:
        check_fieldwork_rules(table({"threshold": "inf"}), MEASURES)
    assert "dòng 2, cột threshold: ngưỡng là một số hữu hạn, lớn hơn 0" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "column", "says"),
    [({"threshold": "limit"}, "threshold", "thiếu một cột"),
     ({"threshold": "limit"}, "limit", "có một cột lạ")],
)  # fmt: skip
def test_a_column_that_is_missing_or_unknown_is_told_in_both_languages(change, column, says):
    with pytest.raises(FactError) as caught:
        check_fieldwork_rules(table({}).rename(columns=change), MEASURES)
    (fault,) = [one for one in caught.value.faults if one.column == column]
    assert fault.row == 1 and fault.rule_vi == says and _reads_vietnamese(fault)


@pytest.mark.parametrize(
    "wrong", [{"threshold": "0"}, {"measure": "sped"}, {"check": "fast"}, {"arguments": "x"}]
)
def test_a_fault_below_a_blank_row_names_the_row_that_is_seen(wrong):
    rows = table({}, {"check": "other"} | wrong).set_axis([2, 9])
    with pytest.raises(FactError) as caught:
        check_fieldwork_rules(rows, MEASURES)
    assert [fault.row for fault in caught.value.faults] == [9]


def test_arguments_are_numbers_or_words():
    assert parse_arguments("a=2; b=0,5;c=interviewer") == {"a": 2, "b": 0.5, "c": "interviewer"}
    assert parse_arguments("") == {}
    with pytest.raises(ValueError):
        parse_arguments("a=")


@given(st.floats(allow_subnormal=False))
def test_a_threshold_passes_if_and_only_if_it_is_finite_and_above_0(number):
    given_table = table({"threshold": str(number).replace(".", ",")})
    if number > 0 and math.isfinite(number):
        assert check_fieldwork_rules(given_table, MEASURES)["threshold"].item() == number
    else:
        with pytest.raises(FactError, match="hữu hạn"):
            check_fieldwork_rules(given_table, MEASURES)
