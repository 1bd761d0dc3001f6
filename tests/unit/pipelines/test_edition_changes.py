"""Belongs here: which values of two editions differ, which inputs, and the words for both.
Does not belong here: publishing them (tests/end_to_end/test_editions.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.edition_changes import (
    COLUMNS,
    UNEXPLAINED,
    Input,
    changed_inputs,
    compare_tables,
    in_words,
)
from pipelines.edition_words import changes_in_words

KEYS = {"district_scores": ["survey_year", "district", "key"]}
SCORES = pd.DataFrame(
    {
        "survey_year": [2018, 2018],
        "edition": ["2018.1", "2018.1"],
        "district": ["193-ha-long", "207-co-to"],
        "key": ["total", "total"],
        "score": [36.5, 37.25],
        "rank": pd.array([2, 1], "Int64"),
        "band": ["low", "high"],
        "flag": ["observed", "observed"],
    }
)


def compare(old: pd.DataFrame, new: pd.DataFrame) -> list[tuple[str, ...]]:
    found = compare_tables(
        {"district_scores": old}, {"district_scores": new}, KEYS, lambda table, district: district
    )
    assert list(found.columns) == COLUMNS
    return [tuple(row) for row in found.itertuples(index=False)]


def test_an_edition_does_not_differ_from_itself_by_its_label_or_the_order_of_its_rows():
    assert compare(SCORES, SCORES[::-1].assign(edition="2018.2")) == []


def test_scores_ranks_bands_and_flags_that_differ_are_each_a_line_with_old_and_new():
    new = SCORES.assign(
        score=[36.5, 36.0], rank=pd.array([1, 2], "Int64"), band=["high", "low"],
        flag=["observed", "reweighted"],
    )  # fmt: skip
    lines = compare(SCORES, new)
    row = "district=207-co-to; key=total"
    assert ("district_scores", row, "score", "37.25", "36.0", "207-co-to") in lines
    assert ("district_scores", row, "rank", "1", "2", "207-co-to") in lines
    assert ("district_scores", row, "flag", "observed", "reweighted", "207-co-to") in lines
    assert len(lines) == 6


@pytest.mark.parametrize(("added", "differs"), [(1e-12, False), (2e-9, True)])
def test_a_figure_is_compared_after_rounding_to_nine_decimals(added, differs):
    assert bool(compare(SCORES, SCORES.assign(score=SCORES["score"] + added))) == differs


def test_a_row_that_only_one_side_has_gives_a_line_for_each_value():
    lines = compare(SCORES, SCORES[:1])
    assert {line[2] for line in lines} == {"survey_year", "score", "rank", "band", "flag"}
    assert {line[4] for line in lines} == {""}


def test_rows_whose_key_is_not_unique_are_matched_in_their_order():
    twice = pd.concat([SCORES[:1], SCORES[:1].assign(score=1.0)])
    assert [line[1:5] for line in compare(twice, twice.assign(score=[36.5, 2.0]))] == [
        ("district=193-ha-long; key=total; #2", "score", "1.0", "2.0")
    ]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=2),
    st.lists(st.floats(-100, 100), min_size=2, max_size=2),
)
def test_what_differs_one_way_differs_the_other_way_with_old_and_new_exchanged(one, other):
    old, new = SCORES.assign(score=one), SCORES.assign(score=other)
    there = [(row[1], row[2], row[3], row[4]) for row in compare(old, new)]
    back = [(row[1], row[2], row[4], row[3]) for row in compare(new, old)]
    assert there == back
    equal = np.round(one, 9) == np.round(other, 9)
    assert len(there) == int((~equal).sum())


def test_inputs_are_changed_new_or_gone():
    old = {"delivered": {"2018/a/x.xlsx": "1", "2018/a/y.xlsx": "2"}, "fact": {"data/f.csv": "3"}}
    new = {"delivered": {"2018/a/x.xlsx": "9", "2018/a/z.xlsx": "2"}, "fact": {"data/f.csv": "3"}}
    assert changed_inputs(old, new) == [
        Input("delivered", "2018/a/x.xlsx", "changed"),
        Input("delivered", "2018/a/y.xlsx", "gone"),
        Input("delivered", "2018/a/z.xlsx", "new"),
    ]


def test_many_inputs_are_named_in_part_and_none_is_said_loudly():
    many = [Input("code", f"dgi/{n}.py", "changed") for n in range(8)]
    assert in_words(many).endswith("+3: CHANGES.md")
    assert in_words([]) == UNEXPLAINED


def test_the_words_are_vietnamese_first_and_name_reason_cause_and_amount():
    changes = pd.DataFrame(
        [("district_scores", "district=207-co-to; key=total", "rank", "1", "2", "x")],
        columns=COLUMNS,
    )
    record = {
        "edition": "2018.2", "before": "2018.1", "year": 2018, "reason": "Sửa phiếu",
        "reasons": ["Đội khảo sát báo nhầm"], "base_editions": {"2017": "2017.1"},
    }  # fmt: skip
    inputs = [Input("delivered", "2018/207-co-to/x.xlsx", "changed")]
    text = changes_in_words(record, changes, inputs, {"P7.xlsx": "1"}, {"P7.xlsx": "2"})
    vietnamese, english = text.split("# Edition 2018.2")
    for part in (vietnamese, english):
        assert "Sửa phiếu" in part and "Đội khảo sát báo nhầm" in part
        assert "2018/207-co-to/x.xlsx" in part and "P7.xlsx" in part and "2017.1" in part
        assert "| district=207-co-to; key=total | rank | 1 | 2 |" in part
    assert "tệp đã nhận" in vietnamese
