"""Belongs here: how the assumptions of the simulated survey are checked, and its random streams.
Does not belong here: what is made from them, or their figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.ingest.facts import Facts
from dgi.simulation.assumptions import SampleAssumptions, check_filter_rates

DATA = Path(__file__).resolve().parents[3] / "data"


@pytest.fixture(scope="module")
def document():
    return Facts(DATA).yaml("sample/assumptions.yaml")


def test_wrong_assumptions_are_named_by_their_path(document):
    people = document["people"] | {"village": 2, "sex": {"male": 0.1}}
    with pytest.raises(FactError) as raised:
        SampleAssumptions.from_document(document | {"people": people}, "assumptions.yaml")
    assert {"people.village", "people.sex"} <= {fault.column for fault in raised.value.faults}


def test_variance_that_adds_up_to_more_than_the_whole_is_refused(document):
    people = document["people"] | {"general": 0.9}
    with pytest.raises(FactError, match="at most 1"):
        SampleAssumptions.from_document(document | {"people": people}, "assumptions.yaml")


def test_a_filter_question_has_one_rate_inside_0_and_1():
    table = pd.DataFrame({"question": ["a", "b"], "code": ["1", "1;2"], "rate": ["0.5", "1"]})
    with pytest.raises(FactError) as raised:
        check_filter_rates(table, "filter_rates.csv")
    assert [(fault.row, fault.column) for fault in raised.value.faults] == [(3, "rate")]
    with pytest.raises(FactError, match="stands in the file already"):
        check_filter_rates(table.assign(question="a", rate="0.5"), "filter_rates.csv")


def test_a_stream_is_the_same_for_the_same_names_and_seed_only(document):
    one = SampleAssumptions.from_document(document, "assumptions.yaml")
    other = SampleAssumptions.from_document(document | {"seed": one.seed + 1}, "assumptions.yaml")
    first = one.stream("village", "a", 2016).random(3)
    assert (first == one.stream("village", "a", 2016).random(3)).all()
    for stream in (one.stream("village", "a", 2017), other.stream("village", "a", 2016)):
        assert (first != stream.random(3)).any()
