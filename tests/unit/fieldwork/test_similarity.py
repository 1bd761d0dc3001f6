"""Belongs here: which interviews are too much alike, and that every pair is seen.
Does not belong here: rows delivered twice (test_responses.py), or thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fieldwork_builders import form, interviews, set_cells, shuffle, without
from hypothesis import given, settings
from hypothesis import strategies as st

import dgi.fieldwork.similarity as similarity
from dgi.fieldwork.similarity import (
    measure_best_match,
    measure_exact_copies,
    measure_fewest_differences,
    measure_repeated_starts,
    measure_repeated_submissions,
)

FORM = form()
QUESTIONS = list(FORM.questions["question"])


def copied(rows: pd.DataFrame, source: int, target: int, changed: int = 0) -> pd.DataFrame:
    """The target's answers made those of the source, all but the first `changed`."""
    rows = rows.copy()
    rows.loc[target, QUESTIONS] = rows.loc[source, QUESTIONS]
    for name in QUESTIONS[:changed]:
        rows.loc[target, name] = rows.loc[source, name] % 5 + 1
    return rows


def by_id(measured) -> pd.DataFrame:
    return measured.frame.set_index("respondent_id")


def every_pair(codes: np.ndarray, min_common: int) -> tuple[np.ndarray, np.ndarray]:
    """Best share and its row for each row, pair by pair, as one would by hand."""
    best, match = np.full(len(codes), np.nan), np.full(len(codes), -1)
    for i, mine in enumerate(codes):
        for j, theirs in enumerate(codes):
            common = ~np.isnan(mine) & ~np.isnan(theirs)
            if i == j or common.sum() < min_common:
                continue
            share = (mine == theirs)[common].mean()
            if np.isnan(best[i]) or share > best[i]:
                best[i], match[i] = share, j
    return best, match


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(2, 23),
    gaps=st.floats(0, 0.7),
    min_common=st.integers(1, 12),
    block=st.integers(2, 30),
)
def test_every_pair_is_compared_whatever_the_size_of_a_block(seed, count, gaps, min_common, block):
    draw = np.random.default_rng(seed)
    rows = interviews(count, form("five " * 12))
    names = [f"q{n}" for n in range(12)]
    codes = np.where(draw.random((count, 12)) < gaps, np.nan, draw.integers(1, 4, (count, 12)))
    rows[names] = pd.DataFrame(codes, columns=names).astype("Int32")
    best, match = every_pair(codes, min_common)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "BLOCK", block)
        measured = measure_best_match(rows, form("five " * 12), min_common)
    if (match < 0).all():
        assert not measured.taken and measured.why_not == "too_few_common_questions"
        return
    found = np.flatnonzero(match >= 0)
    assert list(measured.frame["respondent_id"]) == list(rows["respondent_id"][found])
    assert list(measured.frame["other"]) == list(rows["respondent_id"].array[match[found]])
    np.testing.assert_allclose(measured.frame["value"], best[found], rtol=1e-12)


def test_a_copied_interview_is_a_match_of_one_on_both_sides():
    frame = by_id(measure_best_match(copied(interviews(40), 3, 17), FORM))
    one, two = f"{3:016x}", f"{17:016x}"
    assert frame.loc[one, "value"] == frame.loc[two, "value"] == 1.0
    assert (frame.loc[one, "other"], frame.loc[two, "other"]) == (two, one)
    assert frame.loc[one, "same_interviewer"] and not frame.loc[one, "same_village"]
    assert (frame["value"] < 1).sum() == 38


def test_the_share_counts_only_questions_both_answered():
    rows = copied(interviews(12), 0, 5, changed=3)
    rows.loc[5, QUESTIONS[20:25]] = pd.NA
    frame = by_id(measure_best_match(rows, FORM))
    assert frame.loc[f"{5:016x}", "common_n"] == 25
    assert frame.loc[f"{5:016x}", "value"] == 22 / 25


def test_a_dont_know_equals_a_dont_know_and_nothing_else():
    rows = interviews(2)
    rows.loc[0, QUESTIONS] = 888
    rows.loc[1, QUESTIONS] = [888] * 24 + [999] * 6
    assert measure_best_match(rows, FORM).frame["value"].tolist() == [0.8, 0.8]


def test_pairs_with_too_few_common_questions_are_not_compared():
    rows = copied(interviews(6), 0, 1)
    rows.loc[1, QUESTIONS[19:]] = pd.NA
    frame = measure_best_match(rows, FORM).frame
    assert f"{1:016x}" not in set(frame["respondent_id"]) | set(frame["other"])
    assert measure_best_match(rows, FORM, min_common=19).frame["value"].max() == 1


def test_within_interviewers_only_their_own_interviews_are_compared():
    rows = copied(interviews(40), 3, 16)
    frame = measure_best_match(rows, FORM, within="interviewer").frame
    assert frame["same_interviewer"].all() and frame["value"].max() < 1
    assert measure_best_match(rows, FORM).frame["value"].max() == 1


def test_soft_duplicates_are_told_by_how_many_answers_differ():
    measured = measure_fewest_differences(copied(interviews(40), 2, 8, changed=7), FORM)
    found = measured.findings(1 / (1 + 7))
    assert list(found["respondent_id"]) == [f"{2:016x}", f"{8:016x}"]
    assert list(found["differences"]) == [7, 7]
    assert measured.findings(1 / (1 + 6)).empty


def test_exact_copies_are_counted_blanks_included():
    rows = copied(copied(interviews(30), 4, 9), 4, 2)
    rows.loc[[2, 4], "q7"] = pd.NA
    frame = by_id(measure_exact_copies(rows, FORM))
    assert frame["value"].to_dict() == {
        name: float(name in (f"{2:016x}", f"{4:016x}")) for name in rows["respondent_id"]
    }
    assert frame.loc[f"{4:016x}", "other"] == f"{2:016x}"
    assert frame.loc[f"{2:016x}", "other"] == f"{4:016x}"
    # Blank beside an answer is no difference between those who answered both.
    assert by_id(measure_best_match(rows, FORM)).loc[f"{9:016x}", "value"] == 1


def test_interviews_with_next_to_no_answers_are_no_copies_of_one_another():
    rows = interviews(6)
    rows.loc[:3, QUESTIONS[5:]] = pd.NA
    rows.loc[:3, QUESTIONS[:5]] = 1
    assert measure_exact_copies(rows, FORM).base == 2
    assert len(measure_exact_copies(rows, FORM, min_answered=5).findings(3)) == 4
    assert measure_exact_copies(rows, FORM, min_answered=6).findings(1).empty


def test_a_submission_id_given_twice_is_found():
    rows = set_cells(interviews(9), 4, submission="uuid:0")
    measured = measure_repeated_submissions(rows)
    assert list(measured.findings(1)["other"]) == [f"{4:016x}", f"{0:016x}"]
    assert measured.base == 9


def test_two_interviews_begun_on_one_device_at_once_are_found():
    rows = interviews(9)
    rows = set_cells(rows, 4, started_at=rows["started_at"][0], device="M0")
    assert list(measure_repeated_starts(rows).findings(1)["respondent_id"]) == [
        f"{0:016x}", f"{4:016x}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "columns", "why_not"),
    [
        (measure_repeated_submissions, ["submission"], "no_submissions"),
        (measure_repeated_starts, ["device"], "no_devices"),
        (measure_repeated_starts, ["started_at"], "no_start_times"),
    ],
)
def test_what_was_not_delivered_is_not_taken_and_not_passed(measure, columns, why_not):
    for rows in (without(interviews(9), *columns), interviews(9).drop(columns=columns)):
        measured = measure(rows)
        assert (measured.taken, measured.why_not, measured.base) == (False, why_not, 0)
    assert measure(interviews(9)).taken


@pytest.mark.parametrize(
    "measure", [measure_best_match, measure_fewest_differences, measure_exact_copies]
)
def test_none_or_one_interview_has_nothing_to_be_like(measure):
    assert measure(interviews(0), FORM).why_not == "no_interviews"
    assert measure(interviews(1), FORM).why_not == "too_few_interviews"
    assert measure(interviews(0), FORM).frame.empty


@settings(max_examples=25, deadline=None)
@given(order=st.integers(0, 10**6), low=st.floats(0, 1), more=st.floats(0, 1))
def test_order_changes_nothing_and_a_higher_threshold_adds_nothing(order, low, more):
    rows = copied(interviews(30), 1, 2, changed=2)
    for measure in (measure_best_match, measure_fewest_differences, measure_exact_copies):
        measured = measure(rows, FORM)
        pd.testing.assert_frame_equal(
            measured.frame, measure(shuffle(rows, order), FORM).frame, check_exact=True
        )
        assert np.isfinite(measured.frame["value"]).all()
        higher, lower = measured.findings(low + more), measured.findings(low)
        assert set(higher.index) <= set(lower.index)


def test_a_province_of_interviews_is_compared_in_blocks():
    """5,000 interviews: 25 million pairs, of which every planted one comes back."""
    rows = interviews(5000)
    sources, targets = np.arange(0, 50), np.arange(4950, 5000)
    rows.loc[targets, QUESTIONS] = rows.loc[sources, QUESTIONS].to_numpy()
    found = measure_best_match(rows, FORM).findings(1.0)
    assert set(found["respondent_id"]) == {f"{n:016x}" for n in [*sources, *targets]}
