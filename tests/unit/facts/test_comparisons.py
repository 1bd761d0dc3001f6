"""Belongs here: what wrong comparisons and wrong claims are refused with.
Does not belong here: which base year a unit gets, or which claim a row (tests of dgi.change)."""

from __future__ import annotations

import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.facts.comparisons import check_claims, check_comparisons

TEXT = dict.fromkeys(["name_vi", "name_en", "note_vi", "note_en"], "x")
PREVIOUS = {"comparison": "previous", "kind": "previous", "base_year": "", "max_gap_years": "2"}
FIXED = {"comparison": "baseline", "kind": "fixed", "base_year": "2016", "max_gap_years": ""}
CLAIM = {"claim": "one", "when_vi": "x", "when_en": "x", "sentence_vi": "{unit}",
         "sentence_en": "{unit}"}  # fmt: skip


def refusal(*rows) -> str:
    with pytest.raises(FactError) as caught:
        check_comparisons(pd.DataFrame([{**row, **TEXT} for row in rows]), [2016, 2017])
    return str(caught.value)


def test_comparisons_come_back_in_order_with_blank_numbers_as_none():
    table = pd.DataFrame([{**row, **TEXT} for row in (PREVIOUS, FIXED)])
    previous, fixed = check_comparisons(table, [2016])
    assert (previous.base_year, previous.max_gap_years) == (None, 2)
    assert (fixed.base_year, fixed.max_gap_years) == (2016, None)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([FIXED], "no row of kind previous"),
        ([PREVIOUS, PREVIOUS], "stands in the file already"),
        ([{**PREVIOUS, "comparison": "before"}], "column comparison"),
        ([{**PREVIOUS, "max_gap_years": ""}], "column max_gap_years"),
        ([{**PREVIOUS, "max_gap_years": "0"}], "column max_gap_years"),
        ([{**PREVIOUS, "base_year": "2016"}], "column base_year"),
        ([PREVIOUS, {**FIXED, "base_year": ""}], "row 3, column base_year"),
        ([PREVIOUS, {**FIXED, "base_year": "2015"}], "not in data/surveys.csv"),
        ([PREVIOUS, {**FIXED, "kind": "other"}], "column kind"),
    ],
)
def test_a_wrong_comparison_is_named_with_its_place(rows, told):
    assert told in refusal(*rows)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"claim": "two"}, "no such claim is ever chosen"),
        ({"sentence_vi": "{score}", "sentence_en": "{score}"}, "a placeholder that nothing fills"),
        ({"sentence_en": "x"}, "different figures"),
        ({"sentence_vi": "{unit"}, "a placeholder that nothing fills"),
    ],
)
def test_a_wrong_claim_is_named_with_its_place(changes, told):
    with pytest.raises(FactError, match=told):
        check_claims(pd.DataFrame([{**CLAIM, **changes}]), ["one"], ["unit"])


def test_every_claim_has_its_row():
    with pytest.raises(FactError, match="the claim two has no row"):
        check_claims(pd.DataFrame([CLAIM]), ["one", "two"], ["unit"])
