"""Belongs here: what a correction log does to the raw rows, and which entries it refuses.
Does not belong here: reading a log from a workbook (tests/unit/ingest/test_correction_logs.py)."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import DISTRICT, FOREIGN, SURVEY, delivered, questionnaire, units

from dgi.errors import WorkbookError
from dgi.fieldwork.corrections import (
    APPLIED_COLUMNS,
    LOG_COLUMNS,
    CorrectionError,
    apply_corrections,
)
from dgi.fieldwork.responses import type_responses

FORM = questionnaire(FOREIGN)


def fingerprint(text: str) -> str:
    return "?" + hashlib.sha256(text.strip().upper().encode()).hexdigest()[:12]


def log(*entries: dict) -> pd.DataFrame:
    """A log of entries, each on a line of its own, blank where nothing is said."""
    usual = {"log_file": "hieu-chinh.xlsx", "log_sheet": "HieuChinh", "who": "tổ trưởng",
             "when": "2019-09-01", "why": "xem lại phiếu giấy", "respondent_id": "",
             "question": "", "old_value": "", "new_value": "", "file": "", "sheet": "",
             "row": pd.NA, "action": "value"}  # fmt: skip
    rows = [{"line": number, **usual, **entry} for number, entry in enumerate(entries, start=2)]
    frame = pd.DataFrame(rows, columns=LOG_COLUMNS)
    return frame.assign(when=pd.to_datetime(frame["when"]), row=frame["row"].astype("Int64"))


def change(who=0, question="rating", old="4", new="5", **other) -> dict:
    return {"respondent_id": f"QN-{who:04}", "question": question, "old_value": old,
            "new_value": new, **other}  # fmt: skip


def replay(raw, *entries):
    return apply_corrections(raw, log(*entries), FORM, fingerprint)


def rows(count=3, **cells):
    return delivered(count, **{"trust": "1", "seen": "", **cells})


def refused(raw, *entries) -> CorrectionError:
    with pytest.raises(CorrectionError) as caught:
        replay(raw, *entries)
    return caught.value


def test_a_value_is_changed_where_the_log_says_and_nowhere_else():
    raw = rows()
    before = raw.copy()
    corrected, applied = replay(raw, change(1))
    pd.testing.assert_frame_equal(raw, before)
    assert list(corrected["rating"]) == ["4", "5", "4"]
    assert list(corrected["is_corrected"]) == [False, True, False]
    assert not corrected["is_withdrawn"].any()
    unchanged = [name for name in raw if name != "rating"]
    pd.testing.assert_frame_equal(corrected[unchanged], raw[unchanged])
    assert list(applied.columns) == APPLIED_COLUMNS
    row = applied.iloc[0]
    assert (row["file"], row["line"], row["status"]) == ("hieu-chinh.xlsx", 2, "applied")
    assert (row["respondent_id"], row["question"]) == ("QN-0001", "rating")
    assert row["when"] == pd.Timestamp(2019, 9, 1)


def test_an_empty_log_changes_nothing():
    raw = rows()
    corrected, applied = replay(raw)
    pd.testing.assert_frame_equal(corrected[list(raw)], raw)
    assert applied.empty and not corrected["is_corrected"].any()


@pytest.mark.parametrize(
    ("question", "there", "old", "new"),
    [
        ("rating", "4", "4.0", "5"),
        ("rating", "04", " 4 ", "5"),
        ("rating", "", "", "5"),
        ("rating", "4", "4", ""),
        ("rating", "mười", "MƯỜI", "5"),
        ("trust", ".a", "9", "1"),
        ("age", "41,0", "41", "42"),
        ("sex", "2.0", "2", "1"),
        ("commune_prob", "0.5", "0,50", "0.4"),
        ("interview_date", "15/08/2019", "2019-08-15", "16/08/2019"),
        ("interviewer", "dtv1", "DTV1", "DTV2"),
        ("respondent_id", "QN-0000", "QN-0000", "QN-7"),
    ],
)
def test_the_old_value_is_recognised_however_it_is_spelt(question, there, old, new):
    raw = rows(1, **{question: there})
    corrected, _ = replay(raw, change(0, question, old, new))
    assert corrected.loc[0, question] == new and corrected.loc[0, "is_corrected"]


def test_a_masked_cell_is_recognised_by_its_fingerprint_or_by_the_mask_itself():
    raw = rows(2, rating=fingerprint("năm"))
    corrected, _ = replay(raw, change(0, old="Năm"), change(1, old=fingerprint("năm")))
    assert list(corrected["rating"]) == ["5", "5"]
    assert "no longer there" in str(refused(raw, change(0, old="bốn")))
    with pytest.raises(CorrectionError):
        apply_corrections(raw, log(change(0, old="Năm")), FORM)


def test_two_entries_on_one_cell_chain_by_day_and_then_by_line():
    first = change(0, old="4", new="5", when="2019-09-01")
    second = change(0, old="5", new="3", when="2019-09-02")
    for entries in ((first, second), (second, first)):
        corrected, applied = replay(rows(), *entries)
        assert corrected.loc[0, "rating"] == "3"
        assert list(applied["when"]) == [pd.Timestamp(2019, 9, 1), pd.Timestamp(2019, 9, 2)]
    same_day = change(0, old="5", new="3")
    assert replay(rows(), first, same_day)[0].loc[0, "rating"] == "3"
    refused(rows(), same_day, first)


def test_a_withdrawn_interview_keeps_its_id_and_place_and_is_set_aside():
    corrected, applied = replay(rows(), {"respondent_id": "QN-0001", "action": "withdraw"})
    row = corrected.iloc[1]
    assert row["is_withdrawn"] and (row["respondent_id"], row["_row"]) == ("QN-0001", 3)
    assert (row[["age", "rating", "commune_code", "interviewer"]] == "").all()
    assert list(applied["status"]) == ["withdrawn"]
    result = type_responses(corrected, FORM, SURVEY, units(), DISTRICT)
    assert list(result.responses["respondent_id"]) == ["QN-0000", "QN-0002"]
    assert list(result.rejected["rule"]) == ["interview_was_withdrawn"]


def test_a_corrected_interview_is_marked_in_the_responses():
    corrected, _ = replay(rows(), change(2))
    responses = type_responses(corrected, FORM, SURVEY, units(), DISTRICT).responses
    assert list(responses["is_corrected"]) == [False, False, True]


def test_file_and_row_tell_two_interviews_of_one_id_apart():
    raw = rows(2, respondent_id="QN-0000", rating=["1", "2"])
    corrected, _ = replay(raw, change(0, "respondent_id", "QN-0000", "QN-9", file="a.xlsx", row=3))
    assert list(corrected["respondent_id"]) == ["QN-0000", "QN-9"]
    result = type_responses(corrected, FORM, SURVEY, units(), DISTRICT)
    assert len(result.responses) == 2 and result.rejected.empty


def test_an_interview_without_an_id_is_given_one_and_then_known_by_it():
    raw = rows(2, respondent_id=["QN-0000", ""])
    corrected, _ = replay(
        raw,
        {"file": "a.xlsx", "row": 3, "question": "respondent_id", "new_value": "QN-0005"},
        change(5),
    )
    assert list(corrected["respondent_id"]) == ["QN-0000", "QN-0005"]
    assert corrected.loc[1, "rating"] == "5"


def test_once_one_of_two_is_withdrawn_the_id_is_that_of_the_other():
    raw = rows(2, respondent_id="QN-0000")
    corrected, _ = replay(
        raw,
        {"respondent_id": "QN-0000", "file": "a.xlsx", "row": 2, "action": "withdraw"},
        change(0),
    )
    assert list(corrected["rating"]) == ["", "5"]


def test_a_superseded_entry_is_kept_and_does_nothing():
    corrected, applied = replay(
        rows(), change(9, "no_such_question", "a", "b", action="superseded")
    )
    assert list(applied["status"]) == ["superseded"] and not corrected["is_corrected"].any()


def test_a_confirmed_value_is_kept_on_record_and_changes_nothing():
    raw = rows(started_at="15/08/2019 23:10:00")
    corrected, applied = replay(
        raw,
        change(0, new="", action="confirmed"),
        change(1, "started_at", "2019-08-15T23:10:00", "", action="confirmed"),
        {"respondent_id": "QN-0002", "action": "confirmed"},
    )
    assert list(applied["status"]) == ["confirmed"] * 3
    pd.testing.assert_frame_equal(corrected[list(raw)], raw)
    assert not corrected["is_corrected"].any()
    assert "no longer there" in str(refused(raw, change(0, old="3", action="confirmed")))


@pytest.mark.parametrize(
    ("entry", "column", "says", "says_vi"),
    [
        (change(9), "respondent_id", "addresses no interview", "không có phiếu nào"),
        (change(0, file="b.xlsx"), "respondent_id", "addresses no interview", "không có phiếu"),
        (change(0, row=3), "respondent_id", "addresses no interview", "không có phiếu"),
        (change(0, sheet="Khác"), "respondent_id", "addresses no interview", "không có phiếu"),
        (change(3), "respondent_id", "several interviews", "nhiều phiếu cùng mã"),
        ({**change(), "respondent_id": ""}, "respondent_id", "neither an id", "không có mã"),
        ({**change(), "respondent_id": "", "file": "a.xlsx"}, "respondent_id", "neither", "đủ"),
        (change(0, "height"), "question", "no such question", "không có câu hỏi"),
        (change(0, ""), "question", "no such question", "không có câu hỏi"),
        (change(0, "respondent_name"), "question", "not open to corrections", "không được sửa"),
        (change(0, "started_at"), "question", "not open to corrections", "không được sửa"),
        (change(0, old="3"), "old_value", "no longer there", "không còn ở đó"),
        (change(0, old="3", new="4"), "old_value", "delivered anew", "gửi lại"),
        (change(0, new="6"), "new_value", "no value of the column", "không phải là giá trị"),
        (change(0, new="Hoa"), "new_value", "no value of the column", "không phải"),
        (change(0, "age", "41", "17"), "new_value", "no value of the column", "không phải"),
        (change(0, "age", "41", ""), "new_value", "no value of the column", "không phải"),
        (change(0, "interviewer", "DTV1", "Chị Hoa"), "new_value", "no value", "không phải"),
        (change(0, action="sửa"), "action", "action is unknown", "không rõ việc"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_with_its_place_and_no_value(
    entry, column, says, says_vi
):
    raw = rows(5, respondent_id=["QN-0000", "QN-0001", "QN-0002", "QN-0003", "QN-0003"])
    error = refused(raw, change(1), entry)
    assert isinstance(error, WorkbookError)
    (fault,) = error.faults
    assert (fault.where, fault.sheet, fault.row) == ("hieu-chinh.xlsx", "HieuChinh", 3)
    assert fault.column == column and fault.value is None
    assert says in fault.rule and says_vi in fault.rule_vi
    assert fault.action and fault.action_vi
    told = str(error)
    assert "Hoa" not in told and "QN-" not in told


def test_nothing_more_is_done_to_an_interview_that_was_withdrawn():
    out = {"respondent_id": "QN-0000", "action": "withdraw"}
    for later in (change(0), out):
        assert "already withdrawn" in str(refused(rows(), out, later))
    corrected, _ = replay(rows(), change(0), out)
    assert corrected.loc[0, "rating"] == "" and corrected.loc[0, "is_withdrawn"]


def test_every_entry_that_does_not_fit_is_named_at_once():
    error = refused(rows(), change(9), change(0), change(1, old="1"))
    assert [fault.row for fault in error.faults] == [2, 4]


QUESTIONS = {"rating": ["1", "2", "3", "5", ""], "voted": ["0", "888", "999"],
             "age": ["18", "70"], "interviewer": ["DTV2"]}  # fmt: skip
NOW = {"rating": "4", "voted": "1", "age": "41", "interviewer": "DTV1"}


@st.composite
def independent(draw):
    """Entries on different cells."""
    cells = draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from(sorted(QUESTIONS))),
            unique=True, max_size=8,
        )
    )  # fmt: skip
    return [
        change(row, name, NOW[name], draw(st.sampled_from(QUESTIONS[name])),
               when=draw(st.sampled_from(["2019-09-01", "2019-09-02"])))
        for row, name in cells
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True)
@given(independent(), st.randoms(use_true_random=False))
def test_replaying_gives_the_same_and_the_order_of_independent_entries_does_not_matter(
    entries, random
):
    raw = rows(4)
    corrected, applied = replay(raw, *entries)
    again, applied_again = replay(raw, *entries)
    pd.testing.assert_frame_equal(corrected, again)
    pd.testing.assert_frame_equal(applied, applied_again)
    shuffled = random.sample(entries, len(entries))
    other, applied_other = replay(raw, *shuffled)
    pd.testing.assert_frame_equal(corrected, other)
    key = ["respondent_id", "question"]
    known = ["when", "status", *key]
    pd.testing.assert_frame_equal(
        applied.sort_values(key, ignore_index=True)[known],
        applied_other.sort_values(key, ignore_index=True)[known],
    )
    # Only the cells of the log have changed.
    told = {(int(entry["respondent_id"][-1]), entry["question"]) for entry in entries}
    different = corrected[list(raw)].ne(raw)
    for row in range(4):
        assert {name for name in raw if different.at[row, name]} == {
            name for number, name in told if number == row
        }
    # Corrected rows are delivered in any order all the same.
    turned, _ = replay(raw.iloc[::-1], *entries)
    pd.testing.assert_frame_equal(turned.iloc[::-1].reset_index(drop=True), corrected)
