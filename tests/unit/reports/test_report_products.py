"""Belongs here: what P1, P7 and the district profile say, and refuse to say.
Does not belong here: layout and file properties (test_report_workbook.py)."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pandas as pd
import pytest

from dgi.reports.annual_report import build_annual_report
from dgi.reports.district_profile import build_district_profile
from dgi.reports.language import Pair
from dgi.reports.papi_report import build_papi_report
from dgi.reports.workbook import SAMPLE_BANNER, Book, write_workbook

CREATED = date(2018, 12, 31)
YEAR, OWN = 2016, "P14"
ABSENT = (Pair("Huyện Cô Tô", "Cô Tô"),)
STATEMENT = Pair("Bộ chỉ số tự thiết kế.", "The set is our own design.")


def words(book: Book) -> str:
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook(book)))
    return "\n".join(
        str(c.value)
        for ws in workbook
        for row in ws.iter_rows()
        for c in row
        if c.value is not None
    )


def papi(scores, diagnosis, tree, texts, reasons) -> Book:
    name = Pair("Quảng Ninh", "Quảng Ninh")
    return build_papi_report(YEAR, OWN, scores, diagnosis, tree, texts, reasons, created=CREATED,
                             province_name=name)  # fmt: skip


def annual(survey, tree, texts, absent=ABSENT) -> Book:
    return build_annual_report(2018, survey["scores"], survey["changes"], survey["estimates"],
                               tree, texts, STATEMENT, survey["quality"], absent,
                               created=CREATED)  # fmt: skip


def profile(survey, tree, texts, district="193-ha-long") -> Book:
    return build_district_profile(2018, district, survey["scores"], survey["changes"],
                                  survey["estimates"], tree, texts, STATEMENT,
                                  created=CREATED)  # fmt: skip


def test_p1_says_place_change_and_what_took_most(papi_scores, diagnosis, tree, texts, reasons):
    said = words(papi(papi_scores, diagnosis, tree, texts, reasons.iloc[:0]))
    assert "xếp thứ 3 trong 3" in said
    assert "tổng điểm giảm 1,00 điểm (−10,9%)" in said
    assert "Bốn (−0,40; trung vị các tỉnh" in said


def test_p1_contributions_add_up_to_the_change(papi_scores, diagnosis, tree, texts, reasons):
    book = papi(papi_scores, diagnosis, tree, texts, reasons.iloc[:0])
    sheet = next(s for s in book.sheets if s.key == "contributions")
    table = next(b.frame for b in sheet.blocks if hasattr(b, "columns") and hasattr(b, "notes"))
    total, summed = table["contribution"].iloc[-1], table["contribution"].iloc[-2]
    assert summed == pytest.approx(total)
    assert table["contribution"].iloc[:-2].sum() == pytest.approx(total)


def test_p1_without_a_total_has_no_rank_and_no_fall(
    papi_scores, diagnosis, tree, texts, reasons, suppress
):
    hidden = suppress(papi_scores, diagnosis, ["total", "dimension_2", "s_three", "s_four"])
    book = papi(*hidden, tree, texts, reasons)
    said = words(book)
    assert "không có tổng điểm được công bố, vì vậy không có thứ hạng" in said
    assert "không đủ dữ liệu" in said
    assert "Không được công bố: Công khai." in said
    assert "xếp thứ" not in said
    assert "tổng điểm giảm" not in said and "Làm giảm tổng điểm" not in said
    assert [tile.value for tile in book.sheets[0].blocks[2].tiles][:2] == [pytest.approx(
        float("nan"), nan_ok=True)] * 2  # fmt: skip


def test_p1_with_nothing_published_is_still_a_report(
    papi_scores, diagnosis, tree, texts, reasons, suppress
):
    keys = list(tree["key"])
    said = words(papi(*suppress(papi_scores, diagnosis, keys), tree, texts, reasons))
    assert "Toàn bộ 2 nội dung của tỉnh không được công bố" in said
    assert "[x]" in said
    assert "Yếu nhất / Weakest" not in said


def test_p1_after_a_suppressed_year_infers_no_change(papi_scores, diagnosis, tree, texts, reasons):
    before = (papi_scores["survey_year"] == YEAR - 1) & (papi_scores["province_code"] == OWN)
    scores = papi_scores.copy()
    scores.loc[before, ["score", "rank"]] = float("nan")
    changed = ["change", "relative_change", "contribution", "base_score"]
    diagnosis[changed] = float("nan")
    diagnosis["is_official_change"] = pd.NA
    diagnosis["flag"] = "no_valid_base"
    diagnosis["base_year"] = pd.NA
    said = words(papi(scores, diagnosis, tree, texts, reasons.iloc[:0]))
    assert "Không so sánh tổng điểm với năm nào trước đó: trong những năm đủ gần" in said
    assert "tổng điểm giảm" not in said
    assert "xếp thứ 3" in said


def test_p1_on_the_common_core_says_so(papi_scores, diagnosis, tree, texts, reasons):
    core = diagnosis[diagnosis["key"] == "total"].assign(
        level="common_core", key="common_core", flag="common_core"
    )
    whole = diagnosis["key"] == "total"
    diagnosis.loc[whole, ["change", "relative_change"]] = float("nan")
    diagnosis.loc[whole, "comparable"] = False
    diagnosis.loc[whole, "flag"] = "break_in_series"
    both = pd.concat([diagnosis, core], ignore_index=True)
    said = words(papi(papi_scores, both, tree, texts, reasons.iloc[:0]))
    assert "Trên phần chung so sánh được với năm 2015" in said
    assert "hai tổng này có cấu trúc khác nhau" in said
    assert "So sánh trên phần chung" in said


def test_p1_over_an_unpublished_year_names_the_year_it_counts_from(
    papi_scores, diagnosis, tree, texts, reasons
):
    before = (papi_scores["survey_year"] == YEAR - 1) & (papi_scores["province_code"] == OWN)
    scores = papi_scores.assign(score=papi_scores["score"].mask(before))
    diagnosis[["base_year", "contribution_base_year"]] = YEAR - 2
    diagnosis["flag"] = "spans_years"
    said = words(papi(scores, diagnosis, tree, texts, reasons.iloc[:0]))
    assert "thay đổi dưới đây tính từ năm 2014, tức là qua 2 năm" in said
    assert "So với năm 2014, tổng điểm giảm 1,00 điểm (−10,9%)" in said
    assert "Nội dung giảm từ 5% trở lên so với năm 2014" in said
    assert "2015 công bố" not in said and "so với năm 2015" not in said
    assert "[t]" in said


def test_p7_names_the_absent_and_withholds_the_province(survey, tree, texts):
    book = annual(survey, tree, texts)
    for key in ("cover", "summary"):
        sheet = next(s for s in book.sheets if s.key == key)
        assert any("Chưa có số liệu của: Huyện Cô Tô" in getattr(b, "vi", "") for b in sheet.blocks)
    said = words(book)
    assert "Điểm toàn tỉnh là" not in said
    assert "[a]" in said and "[i]" in said


def test_p7_keeps_the_two_marks_apart(survey, tree, texts):
    survey["changes"].loc[survey["changes"]["district"] == "194-mong-cai",
                          "is_official_change"] = False  # fmt: skip
    said = words(annual(survey, tree, texts))
    assert "so với năm 2017: Móng Cái (−0,60)." in said
    assert "(quy tắc chính thức) so với năm 2017: không có." in said


def test_p7_says_that_the_change_is_on_the_common_core(survey, tree, texts):
    assert "chỉ tính trên phần chung so sánh được" in words(annual(survey, tree, texts))


def test_p7_of_the_first_year_claims_no_change(survey, tree, texts):
    figures = ["change", "relative_change", "se", "p_value", "q_value", "contribution"]
    survey["changes"][figures] = float("nan")
    survey["changes"][["is_significant", "is_official_change"]] = pd.NA
    survey["changes"]["flag"] = "no_base_year"
    book = annual(survey, tree, texts)
    assert "changes_dimensions" not in {sheet.key for sheet in book.sheets}
    assert "Không có so sánh với năm trước" in words(book)


def test_p7_shows_a_true_zero_as_zero_and_a_suppressed_value_as_its_marker(survey, tree, texts):
    content = write_workbook(annual(survey, tree, texts))
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Chỉ tiêu"]
    rows = {row[0].value: [c.value for c in row[2:6]] for row in sheet.iter_rows()}
    assert rows["1.1a"] == ["[i]", 0, 0, "[a]"]
    assert rows["1.2a"] == ["[i]", 0, "[n]", "[a]"]


def test_a_question_that_looks_like_a_formula_stays_text(survey, tree, texts):
    content = write_workbook(annual(survey, tree, texts))
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    found = [c for ws in workbook for row in ws.iter_rows() for c in row
             if str(c.value).startswith("=cmd")]  # fmt: skip
    assert found and {c.data_type for c in found} == {"s"}


@pytest.mark.parametrize("build", [annual, profile])
def test_sample_data_is_said_on_every_sheet(build, survey, tree, texts):
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook(build(survey, tree, texts))))
    assert all(sheet["A1"].value == SAMPLE_BANNER for sheet in workbook)


def test_one_sample_row_is_enough_for_the_banner(survey, tree, texts):
    survey["scores"]["is_sample"] = survey["changes"]["is_sample"] = False
    assert annual(survey, tree, texts).sample_data
    survey["estimates"]["is_sample"] = False
    assert not annual(survey, tree, texts).sample_data


def test_a_profile_says_rank_with_interval_and_both_marks(survey, tree, texts):
    said = words(profile(survey, tree, texts, "194-mong-cai"))
    assert "xếp thứ 2 trong 2; khoảng thứ hạng 1–2; nhóm thấp nhất với xác suất 90%" in said
    assert "Có ý nghĩa (q\u00a0<\u00a00,05): có. Quy tắc 5% chính thức: có." in said


def test_a_profile_of_an_absent_district_claims_nothing(survey, tree, texts):
    said = words(profile(survey, tree, texts, "207-co-to"))
    assert "không có tổng điểm trong năm 2018 (đơn vị vắng số liệu)" in said
    assert "xếp thứ" not in said


def test_a_profile_of_an_unknown_district_is_refused(survey, tree, texts):
    with pytest.raises(KeyError, match="999-nowhere"):
        profile(survey, tree, texts, "999-nowhere")


def test_every_product_is_the_same_bytes_twice(
    survey, papi_scores, diagnosis, tree, texts, reasons
):
    for build in (annual, profile):
        once, again = (write_workbook(build(survey, tree, texts)) for _ in range(2))
        assert once == again
    frames = (papi_scores, diagnosis, tree, texts, reasons)
    assert write_workbook(papi(*frames)) == write_workbook(papi(*frames))


def test_row_order_of_the_input_changes_nothing(survey, tree, texts):
    once = write_workbook(annual(survey, tree, texts))
    shuffled = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in survey.items()}
    assert write_workbook(annual(shuffled, tree, texts)) == once


def test_a_cover_says_the_edition_and_no_date_of_writing(survey, tree, texts):
    cover = annual(survey, tree, texts).sheets[0]
    said = " ".join(getattr(block, "vi", "") for block in cover.blocks)
    assert "Ấn bản 2018.1" in said
    assert CREATED.strftime("%d/%m/%Y") not in said


def test_a_cover_opens_the_statement_and_the_notes_hold_all_of_it(survey, tree, texts):
    statement = Pair("Một. Hai 2.1. Ba.", "One. Two 2.1. Three.")
    book = build_annual_report(2018, survey["scores"], survey["changes"], survey["estimates"],
                               tree, texts, statement, survey["quality"], (),
                               created=CREATED)  # fmt: skip
    first, notes = book.sheets[0], book.sheets[-1]
    assert "Một. Hai 2.1." in {getattr(block, "vi", "") for block in first.blocks}
    assert statement.vi in {getattr(block, "vi", "") for block in notes.blocks}


def test_a_common_core_of_one_district_does_not_speak_of_another_set(survey, tree, texts):
    changes = survey["changes"]
    changes.loc[changes["district"] != "194-mong-cai", "flag"] = "observed"
    said = words(annual(survey, tree, texts))
    assert "Móng Cái: thay đổi của tổng điểm chỉ tính trên những phần có số liệu" in said
    assert "phần chung so sánh được của hai năm" not in said
    assert "chỉ tính trên" not in words(profile(survey, tree, texts, "193-ha-long"))


def test_a_tiny_p_value_is_not_said_to_be_zero(survey, tree, texts):
    survey["changes"]["q_value"] = survey["changes"]["q_value"].where(lambda q: q.isna(), 1e-9)
    said = words(profile(survey, tree, texts, "194-mong-cai"))
    assert "(p\u00a0= 0,001; q\u00a0< 0,001)" in said


def test_the_notes_explain_the_markers_that_occur_and_no_others(survey, tree, texts):
    notes = annual(survey, tree, texts).sheets[-1]
    legend = next(b.frame for b in notes.blocks if "marker" in getattr(b, "frame", {}))
    assert set(legend["marker"]) == {"[a]", "[i]", "[n]", "[k]"}
    assert "[x]" not in set(legend["marker"])
