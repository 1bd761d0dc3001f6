"""Belongs here: the workbook that goes back to a field team, and that it can be read back.
Does not belong here: menus, shading and print (test_return_sheets.py), what is found
(test_quality.py), or replaying (test_corrections.py)."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from return_builders import (
    CHECKS,
    FORM,
    HEADER,
    IDS,
    INTERVIEWERS,
    RULES,
    columns_of,
    faulty,
    filled,
    finding,
    placed,
    raw,
    replayed,
    sheet_of,
    table_of,
    written,
)

import dgi.fieldwork
from dgi.fieldwork.corrections import CorrectionError
from dgi.fieldwork.findings import PLACED_COLUMNS
from dgi.ingest.privacy import PERSONAL
from dgi.reports.language import Pair
from dgi.reports.return_rows import figure, list_to_answer
from dgi.reports.return_words import BANNER, WHY_NOT
from dgi.reports.return_workbook import write_return_workbook


def test_the_first_row_is_the_header_that_corrections_are_read_by():
    content = written(placed(faulty()))
    assert list(table_of(content)) == HEADER
    assert load_workbook(io.BytesIO(content)).sheetnames[:2] == ["HuongDan", "CanXacMinh"]


def test_a_row_names_the_cell_as_the_team_sees_it_and_what_stands_there():
    table = table_of(written(placed(faulty())))
    rows = table.set_index("Dong")
    cells = columns_of(raw()).set_index("name")["position"]
    letter = chr(ord("A") + cells["rating"] - 1)
    assert list(table["STT"]) == [1, 2, 3, 4] and list(table["Dong"]) == [3, 4, 5, 6]
    assert rows.loc[3, ["Tep", "TrangTinh", "Cot", "CauHoi", "GiaTriHienTai"]].to_list() == [
        "a.xlsx", "TraLoi", f"{letter}3", "C2", "77",
    ]  # fmt: skip
    assert rows.loc[5, "GiaTriHienTai"] == "?0123456789ab"
    assert rows.loc[4, "LyDo"].startswith("LỖI. ") and rows.loc[3, "LyDo"].startswith("CẦN XEM. ")


def test_a_filled_workbook_comes_back_as_corrections():
    rows = faulty()
    content = written(placed(rows, finding("exact_copies", IDS[7], other=IDS[0])))
    answers = {1: "4", 2: "71", 3: "888", 4: "đúng", 5: "rút"}
    with pytest.raises(CorrectionError, match="giá trị mới"):
        replayed(rows, filled(content, answers))  # 71 is beyond the ages of the survey
    corrected, entries = replayed(rows, filled(content, answers | {2: "18"}))
    assert corrected.loc[[1, 3], "rating"].to_list() == ["4", "888"]
    assert corrected.loc[2, "age"] == "18" and corrected.loc[4, "ballot"] == rows.loc[4, "ballot"]
    assert list(corrected.index[corrected["is_withdrawn"]]) == [7]
    assert sorted(entries["status"]) == ["applied"] * 3 + ["confirmed", "withdrawn"]


def test_a_row_left_unanswered_changes_nothing():
    rows = faulty()
    corrected, entries = replayed(rows, filled(written(placed(rows)), {1: "4"}))
    assert len(entries) == 1 and corrected["is_corrected"].sum() == 1


def test_all_that_was_found_of_one_cell_is_one_row_of_the_worst_severity():
    two = [finding("fast", IDS[0], value=2.5), finding("exact_copies", IDS[0], other=IDS[1])]
    table = table_of(written(placed(raw(), *two)))
    assert len(table) == 1
    said = table.loc[0, "LyDo"]
    assert said.startswith("LỖI. ")
    assert all(f"“{rule}”" in said for rule in _rules("fast", "exact_copies"))


def test_of_two_thresholds_on_one_measure_the_more_severe_is_told():
    found = [finding(check, IDS[0], other=IDS[1], value=0.97)
             for check in ("similar_interviews", "near_copies")]  # fmt: skip
    said = table_of(written(placed(raw(), *found))).loc[0, "LyDo"]
    hard, soft = _rules("near_copies", "similar_interviews")
    assert hard in said and soft not in said
    assert "đo được 0,97, ngưỡng 0,95" in said and "measured 0.97, threshold 0.95" in said


def test_of_one_cell_the_worst_severity_speaks_first_whatever_the_lists_order():
    found = [finding("fast", IDS[0], value=4.0), finding("other_places", IDS[0])]
    said = table_of(written(placed(raw(), *found))).loc[0, "LyDo"]
    late, early = _rules("other_places", "fast")
    assert said.startswith("LỖI. ") and said.index(late) < said.index(early)


def test_an_interview_without_an_id_is_no_partner_of_a_finding_without_one():
    rows = raw()
    rows.loc[1, "respondent_id"] = ""
    said = table_of(written(placed(rows, finding("fast", IDS[5], value=4.0))))["LyDo"]
    assert len(said) == 2 and not said.str.contains("trang Phieu").any()


def test_what_the_device_recorded_can_be_confirmed_but_not_changed():
    sheet = sheet_of(written(placed(raw(is_replacement="7"))))
    rule = sheet.data_validations.dataValidation[0]
    assert rule.formula1 == '"đúng,rút"' and "giá trị đúng" not in rule.prompt


def _rules(*checks: str) -> list[str]:
    return [RULES.set_index("check").loc[check, "rule_vi"].rstrip(".") for check in checks]


def test_a_pair_is_told_by_its_number_on_the_sheet_of_interviews():
    found = [finding("exact_copies", IDS[n], other=IDS[m]) for n, m in ((2, 6), (6, 2))]
    content = written(placed(raw(), *found))
    table = table_of(content)
    assert "phiếu số 2, trang Phieu" in table.loc[0, "LyDo"]
    assert "phiếu số 1, trang Phieu" in table.loc[1, "LyDo"]
    interviews = list(sheet_of(content, "Phieu").iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[3], row[4]) for row in interviews] == [(1, 4, IDS[2]), (2, 8, IDS[6])]


@given(
    st.lists(st.text("0123456789", min_size=16, max_size=16), min_size=3, max_size=3, unique=True)
)
@settings(max_examples=20, deadline=None)
def test_no_reason_can_be_taken_for_a_telephone_number(ids):
    rows = raw(3).assign(respondent_id=ids)
    found = [finding("near_copies", ids[0], other=ids[1], value=0.98765432109),
             finding("fast", ids[2], value=912345678.25)]  # fmt: skip
    reasons = list_to_answer(placed(rows, *found), RULES, FORM)["reason"]
    assert not any(PERSONAL.search(text) for reason in reasons for text in reason)


def test_only_the_interviews_and_cells_concerned_are_shown():
    content = written(placed(faulty(), finding("fast", IDS[6], value=4.0)))
    rows = list(sheet_of(content, "Phieu").iter_rows(values_only=True))
    assert rows[0][:6] == ("STT", "Tep", "TrangTinh", "Dong", "MaPhieu", "MaDTV")
    assert [row[3] for row in rows[1:]] == [3, 4, 5, 6, 8]
    shown = [[value for value in row[6:] if value] for row in rows[1:]]
    assert shown == [["77"], ["17"], ["(bị che)"], ["0"], []]


def test_findings_of_no_interview_have_a_sheet_of_their_own():
    group = finding("interviewer_effects", "", question="rating", value=0.26)
    content = written(placed(raw(), {**group, "interviewer": ""}))
    assert table_of(content).empty
    (row,) = sheet_of(content, "TheoNhom").iter_rows(min_row=2, values_only=True)
    assert row[3] == "C2" and row[5:7] == ("0,26", "0,1")
    assert "không phải gửi lại" in str(sheet_of(content, "HuongDan")["A3"].value)


def test_what_is_delivered_is_text_and_never_a_formula_or_a_link():
    names = ["=cmd|' /C calc'!A0.xlsx", "http://x.example/a.xlsx", "@SUM(A1)", "_x0041_", "a\x0bb"]
    rows = raw(5, rating="77")
    rows["_file"], rows["_sheet"] = names, "=1+1"
    content = written(placed(rows))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheets = [text for name, text in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert not any(re.search("<f[ >]|hyperlink", text) for text in sheets)
    assert not any("hyperlink" in text for name, text in parts.items() if name.endswith(".rels"))
    assert set(table_of(content)["Tep"]) == {*names[:4], "ab"}
    assert set(table_of(content)["TrangTinh"]) == {"=1+1"}


@pytest.mark.parametrize("is_sample", [True, False])
def test_every_sheet_of_sample_data_says_so_in_print(is_sample):
    with zipfile.ZipFile(io.BytesIO(written(placed(faulty()), is_sample))) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist()
                  if name.startswith("xl/worksheets/sheet")]  # fmt: skip
    assert len(sheets) == 7
    assert [BANNER in sheet for sheet in sheets] == [is_sample] * 7


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_equal_findings_in_any_order_give_equal_bytes(random):
    findings = placed(faulty(), finding("fast", IDS[6], value=4.0),
                      finding("long", IDS[6], value=200.0))  # fmt: skip
    order = list(range(len(findings)))
    random.shuffle(order)
    assert written(findings.iloc[order].reset_index(drop=True)) == written(findings)


def test_a_district_without_findings_has_its_workbook_all_the_same():
    content = written(placed(raw()))
    assert table_of(content).empty and list(table_of(content)) == HEADER
    assert sheet_of(content, "TomTat").max_row == len(RULES) + 1


def test_a_check_that_could_not_be_made_is_not_shown_as_passed():
    lacking = CHECKS.assign(status="not_taken", why_not="no_start_times", worst_value=np.nan)
    content = write_return_workbook(
        ("a", "b"), 2019, False, lacking, placed(raw()), INTERVIEWERS, RULES, FORM
    )
    rows = list(sheet_of(content, "TomTat").iter_rows(min_row=2, values_only=True))
    assert all("Không kiểm tra được: không có giờ bắt đầu" in row[2] for row in rows)
    assert {row[3:6] for row in rows} == {("–", "–", "–")}


def test_every_reason_for_not_looking_has_words():
    room = Path(dgi.fieldwork.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    keys = set(re.findall(r'"((?:no|too_few)_[a-z_]+|not_separable)"', source)) - {"no_id"}
    assert keys - {"no_column"} == set(WHY_NOT)  # which is said of a form's rule, not of a check


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.9667, ("0,967", "0.967")), (12.5, ("12,5", "12.5")), (1234.4, ("1.234", "1,234")),
     (1.0, ("1", "1")), (0.0, ("0", "0")), (100.0, ("100", "100")), (0.001, ("0,001", "0.001"))],
)  # fmt: skip
def test_measured_numbers_are_short(value, shown):
    assert figure(value) == Pair(*shown)


def test_the_columns_it_reads_are_those_of_placed_findings():
    assert {"file", "row", "cell", "current", "reason_vi", "next_en"} <= set(PLACED_COLUMNS)
