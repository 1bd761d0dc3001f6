"""Belongs here: what a wrong policy of published PAPI is refused with.
Does not belong here: what it does to the published figures (tests/oracle)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.ingest.facts import Facts
from dgi.papi.policy import WHERE, check_policy

ROOT = Path(__file__).resolve().parents[3]


def policy(**cells: str) -> pd.DataFrame:
    row = {"comparison": "last_published", "kind": "previous", "base_year": "",
           "max_gap_years": "2", "name_vi": "tên", "name_en": "name", "note_vi": "ghi chú",
           "note_en": "note"}  # fmt: skip
    return pd.DataFrame([row | cells])


def test_the_policy_says_how_far_back_a_figure_may_be_compared():
    assert check_policy(policy(max_gap_years="3")).max_gap_years == 3
    assert Facts(ROOT / "data").papi_policy.max_gap_years == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("max_gap_years", "0"), ("max_gap_years", ""), ("base_year", "2016"), ("kind", "fixed"),
     ("note_vi", "")],
)  # fmt: skip
def test_a_wrong_cell_is_named(column, value):
    with pytest.raises(FactError) as caught:
        check_policy(policy(**{column: value}))
    (fault,) = caught.value.faults
    assert (fault.where, fault.row, fault.column) == (WHERE, 2, column)


def test_there_is_exactly_one_policy():
    with pytest.raises(FactError, match="2 comparisons"):
        check_policy(pd.concat([policy(), policy()]))
