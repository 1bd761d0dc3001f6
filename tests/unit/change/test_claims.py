"""Belongs here: which claim each row of changes supports, and the sentence made of it.
Does not belong here: how the row's figures come about (test_two_years.py, test_comparison.py)."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import small_set

from dgi.change.claims import BESIDE, CLAIMS, WITHOUT_CHANGE, claim_of, remarks_of
from dgi.reports.claim_sentences import PLACEHOLDERS, add_claims
from dgi.reports.language import Pair
from pipelines.partitions import FACTS

NAN = float("nan")
JUDGING = re.compile("tốt lên|kém đi|improved|declined|better|worse", re.IGNORECASE)


def row(change=0.5, q=0.01, official=True, comparable=True, flag="observed", direction=1):
    return SimpleNamespace(
        change=change, q_value=q, is_official_change=official, comparable=comparable, flag=flag,
        direction=direction,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("own", "claim"),
    [
        (row(), "improved"),
        (row(change=-0.5), "declined"),
        (row(change=-0.5, direction=-1), "improved"),
        (row(change=0.5, direction=-1), "declined"),
        (row(official=False), "certain_but_small"),
        (row(official=pd.NA), "improved"),
        (row(q=0.05), "large_but_uncertain"),
        (row(q=0.3, official=False), "no_clear_change"),
        (row(comparable=False, flag="common_core"), "common_core_changed"),
        (row(q=0.3, comparable=False, flag="common_core"), "common_core_unclear"),
        (row(q=NAN), "not_tested"),
        (row(flag="boundary_restated;spans_years"), "improved"),
        *((row(change=NAN, q=NAN, official=pd.NA, comparable=False, flag=flag), claim)
          for flag, claim in WITHOUT_CHANGE.items()),
        (row(change=NAN, flag="break_in_series;boundary_restated"), "not_comparable"),
    ],
)  # fmt: skip
def test_each_row_supports_one_claim(own, claim):
    assert claim_of(own) == claim in CLAIMS


def test_a_missing_change_without_a_reason_is_a_fault_and_no_claim():
    with pytest.raises(KeyError):
        claim_of(row(change=NAN))


def test_a_restated_boundary_and_a_year_between_are_said_beside_the_claim():
    every = "common_core;boundary_restated;boundary_apportioned;spans_years"
    assert remarks_of(row(flag=every)) == list(BESIDE)
    assert remarks_of(row(flag="common_core")) == []


def said(**changes):
    figures = {"district": "x", "key": "total", "base_year": 2019, "ci_low": -0.25, "ci_high": 1.5}
    frame = pd.DataFrame([{**figures, **vars(row()), **changes}])
    claims = FACTS.claims(CLAIMS, PLACEHOLDERS)
    names = {"x": Pair("Huyện X", "X")}
    return add_claims(frame, small_set().tree, names, claims).iloc[0]


def test_figures_are_written_as_each_language_writes_them():
    got = said(change=-0.5, q_value=0.0123)
    assert got["claim_vi"].endswith("kém đi so với năm 2019; thay đổi −0,50 điểm (q = 0,012).")
    assert got["claim_en"].endswith("declined since 2019; change −0.50 points (q = 0.012).")


def test_a_share_is_written_in_percentage_points_and_a_rating_in_its_own_unit():
    assert "+3,2 điểm phần trăm" in said(key="a", change=0.032)["claim_vi"]
    assert "+0,50 (q" in said(key="c", change=0.5)["claim_vi"]


def test_what_is_not_clear_is_given_with_what_it_may_be():
    got = said(q_value=0.4, is_official_change=False)
    assert "từ −0,25 điểm đến +1,50 điểm" in got["claim_vi"]


def test_a_missing_base_names_no_year():
    got = said(change=NAN, q_value=NAN, base_year=pd.NA, flag="no_valid_base", comparable=False)
    assert got["claim"] == "base_missing" and not re.search(r"\d|–", got["claim_vi"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.one_of(st.just(NAN), st.floats(-5, 5)), st.one_of(st.just(NAN), st.floats(0, 1)),
    st.sampled_from([True, False, pd.NA]), st.booleans(), st.sampled_from([1, -1]),
    st.sampled_from(["break_in_series", "no_valid_base", "suppressed_small_n;boundary_restated"]),
)  # fmt: skip
def test_better_or_worse_is_never_said_of_noise_or_of_what_cannot_be_compared(
    change, q, official, comparable, direction, flag
):
    got = said(change=change, q_value=q, is_official_change=official, comparable=comparable,
               direction=direction, flag=flag)  # fmt: skip
    judged = bool(JUDGING.search(got["claim_vi"]) or JUDGING.search(got["claim_en"]))
    assert not judged or (q < 0.05 and comparable and np.isfinite(change))
    assert judged == (got["claim"] in ("improved", "declined"))
