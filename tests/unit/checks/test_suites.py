"""How rules kept as data are judged: counts only, per partition, errors said as errors.
Not here: the rules of a stage on real tables (tests/end_to_end)."""

import pandas as pd
import pytest

from checks.suites import Rule, judge, load_rules, validate
from dgi.errors import FactError
from pipelines.partitions import FACTS

STAGES = ["reference", "causes", "ingestion", "quality", "fieldwork", "index", "change",
          "ranking", "reports", "warehouse"]  # fmt: skip
CANARY = "0912345678"


def rule(name: str, expectation: str, severity: str = "error", **arguments) -> Rule:
    return Rule(
        name=name, asset="responses", view="rows", severity=severity, blocking=False,
        expect=({"expectation": expectation, "arguments": arguments},),
        rule_vi="v", rule_en="e", next_vi="v", next_en="e",
    )  # fmt: skip


UNIQUE = rule("ids_are_unique", "ExpectColumnValuesToBeUnique", column="id")
POSITIVE = rule("weights_are_positive", "ExpectColumnValuesToBeBetween", column="w", min_value=0)
VIEWS = {
    "rows": pd.DataFrame(
        {"partition": ["a", "a", "b", "b"], "id": ["1", "2", CANARY, CANARY], "w": [1.0, 2, -1, 1]}
    )
}


def test_a_failure_is_laid_at_the_door_of_its_partition():
    verdicts = judge([UNIQUE, POSITIVE], VIEWS, ["a", "b"])
    assert verdicts["ids_are_unique", "a"].passed
    assert not verdicts["ids_are_unique", "b"].passed
    assert verdicts["ids_are_unique", "b"].failing == 2
    assert verdicts["weights_are_positive", "b"].failing == 1
    assert verdicts["weights_are_positive", "a"].rows == 2


def test_no_value_is_in_a_verdict():
    assert CANARY not in repr(judge([UNIQUE, POSITIVE], VIEWS, ["a", "b"]))


def test_a_rule_of_several_expectations_needs_them_all():
    both = UNIQUE.model_copy(update={"expect": (*UNIQUE.expect, *POSITIVE.expect)})
    good = VIEWS["rows"].iloc[:2]
    assert validate([both], good)[0].passed
    assert not validate([both], VIEWS["rows"])[0].passed


def test_an_expectation_that_raises_is_an_error_and_not_a_pass():
    missing = rule("no_such_column", "ExpectColumnValuesToBeUnique", column="nowhere")
    (verdict,) = validate([missing], VIEWS["rows"])
    assert verdict.error
    assert not verdict.passed


@pytest.mark.parametrize("stage", STAGES)
def test_rules_are_named_as_truths_and_say_what_to_do(stage):
    rules = load_rules(stage)
    assert rules
    names = [(rule.asset, rule.name) for rule in rules]
    assert len(names) == len(set(names))
    for one in rules:
        assert one.next_vi and one.next_en and one.rule_vi and one.rule_en
        assert not (one.blocking and one.severity == "warn"), f"{one.name}: a warning never blocks"


def test_a_rule_with_a_wrong_part_names_file_and_part(monkeypatch):
    monkeypatch.setattr(FACTS, "yaml", lambda path: [{"name": "x"}])
    with pytest.raises(FactError, match=r"data/checks/quality.yaml, column 0.asset"):
        load_rules("quality")
