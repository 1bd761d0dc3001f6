"""Belongs here: what the survey manager may write into the list of checks, and what is refused.
Does not belong here: what a check finds (fieldwork tests)."""

from __future__ import annotations

import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.facts.fieldwork_rules import check_fieldwork_rules, parse_arguments

MEASURES = {"speed": frozenset({"min_interviews"}), "night": frozenset({"morning", "evening"})}
ROW = {"check": "fast", "topic": "timing", "measure": "speed", "arguments": "", "threshold": "2",
       "severity": "warn", "is_on": "x", "rule_vi": "v", "rule_en": "e", "next_vi": "v",
       "next_en": "e", "source": "s"}  # fmt: skip


def table(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([ROW | row for row in rows], dtype="str")


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
        ({"threshold": "nhiều"}, "threshold", ""),
        ({"severity": "loud"}, "severity", "error"),
        ({"is_on": "maybe"}, "is_on", ""),
        ({"arguments": "evening=22"}, "arguments", "min_interviews"),
        ({"arguments": "min_interviews"}, "arguments", "name=value"),
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


def test_arguments_are_numbers_or_words():
    assert parse_arguments("a=2; b=0,5;c=interviewer") == {"a": 2, "b": 0.5, "c": "interviewer"}
    assert parse_arguments("") == {}
    with pytest.raises(ValueError):
        parse_arguments("a=")
