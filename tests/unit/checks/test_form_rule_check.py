"""Belongs here: which rules of a form the check on them looks at.
Does not belong here: whether a rule can be evaluated (test_form_rules.py)."""

from __future__ import annotations

import pandas as pd

from checks.fieldwork import rule_views
from checks.suites import judge, load_rules

RULES = [rule for rule in load_rules("fieldwork") if rule.asset == "form_rules"]


def verdict(*rows: tuple[bool, str]):
    table = pd.DataFrame(rows, columns=["is_evaluable", "why_not"])
    found = judge(RULES, rule_views(None, {"2019": table}), ["2019"])
    return found["every_form_rule_can_be_evaluated", "2019"]


def test_a_rule_that_is_not_understood_or_needs_an_unknown_column_is_told():
    found = verdict((True, ""), (False, "not_understood"), (False, "no_column"))
    assert not found.passed and found.failing == 2 and found.rows == 3


def test_rules_of_keys_and_persons_are_listed_and_no_fault():
    assert verdict((True, ""), (False, "kept_apart")).passed
