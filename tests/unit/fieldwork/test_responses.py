"""Belongs here: how delivered rows become responses, and what is set aside by which rule.
Does not belong here: reading workbooks, weights, or what an answer is worth."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import DISTRICT, QUESTIONS, SURVEY, delivered, questionnaire, units

from dgi.fieldwork.responses import (
    REJECTED_COLUMNS,
    RULES,
    age_groups,
    answer_profile,
    type_responses,
)

HEADERS = dict(
    zip(QUESTIONS["question"], QUESTIONS["column"], strict=True),
    respondent_id="MaPhieu", interview_date="NgayPV", commune_code="MaXa",
    village_adults="NguoiLon", commune_prob="XacSuatXa", sex="GioiTinh", age="Tuoi", area="KhuVuc",
)  # fmt: skip


def typed(raw, form=None):
    return type_responses(raw, form or questionnaire(), SURVEY, units(), DISTRICT)


def test_a_sound_row_is_typed_in_plain_words():
    responses, rejected = typed(delivered())
    row = responses.iloc[0]
    assert rejected.empty and list(rejected.columns) == REJECTED_COLUMNS
    assert row["survey_year"] == 2019 and row["district"] == DISTRICT
    assert row["interview_date"] == pd.Timestamp(2019, 8, 15)
    assert (row["area"], row["sex"], row["age"], row["age_group"]) == (
        "urban",
        "female",
        41,
        "30-44",
    )
    assert (row["voted"], row["ballot"], row["rating"]) == (1, 0, 4)
    assert row["commune_prob"] == 0.5 and row["village_adults"] == 640
    assert not row["is_sample"]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("respondent_id", "", "respondent_id_is_given"),
        ("respondent_id", "   ", "respondent_id_is_given"),
        ("interview_date", "", "required_value_is_readable"),
        ("interview_date", "2019-08-15", "required_value_is_readable"),
        ("interview_date", "31/02/2019", "required_value_is_readable"),
        ("age", "forty", "required_value_is_readable"),
        ("age", "41.5", "required_value_is_readable"),
        ("age", "17", "value_is_in_range"),
        ("age", "71", "value_is_in_range"),
        ("commune_prob", "0", "value_is_in_range"),
        ("commune_prob", "1.2", "value_is_in_range"),
        ("commune_prob", "inf", "required_value_is_readable"),
        ("sex", "3", "value_is_in_range"),
        ("sex", "888", "value_is_in_range"),
        ("area", "", "required_value_is_readable"),
        ("commune_code", "6649", "commune_is_in_the_district"),
        ("commune_code", "06820", "commune_is_in_the_district"),
        ("commune_code", "07030", "commune_is_in_the_district"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_with_place_rule_and_reason(name, value, rule):
    raw = delivered(3)
    raw.loc[1, HEADERS[name]] = value
    responses, rejected = typed(raw)
    assert list(responses["respondent_id"]) == ["QN-0000", "QN-0002"]
    assert len(rejected) == 1
    row = rejected.iloc[0]
    assert (row["file"], row["sheet"], row["row"]) == ("a.xlsx", "TraLoi", 3)
    assert (row["scope"], row["column"], row["rule"]) == ("row", name, rule)
    assert (row["reason_vi"], row["reason_en"]) == RULES[rule]
    assert row["value"] == value


def test_an_id_that_stands_in_an_earlier_row_sets_the_later_one_aside():
    responses, rejected = typed(delivered(3, MaPhieu=["QN-1", " QN-1 ", "QN-2"]))
    assert list(responses["respondent_id"]) == ["QN-1", "QN-2"]
    assert list(rejected["row"]) == [3] and list(rejected["rule"]) == ["respondent_id_is_unique"]


def test_a_row_wrong_in_two_ways_is_set_aside_once():
    _, rejected = typed(delivered(1, Tuoi="17", MaXa="99999"))
    assert list(rejected["rule"]) == ["value_is_in_range"]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("rating", "6", "answer_is_in_the_list"),
        ("rating", "abc", "answer_is_in_the_list"),
        ("rating", "2.5", "answer_is_in_the_list"),
        ("voted", "-1", "answer_is_in_the_list"),
    ],
)
def test_a_code_outside_its_list_sets_aside_that_one_answer(name, value, rule):
    responses, rejected = typed(delivered(1, **{HEADERS[name]: value, "C1a": ""}))
    assert pd.isna(responses.loc[0, name])
    assert responses.loc[0, "age"] == 41
    assert list(rejected["scope"]) == ["answer"] and list(rejected["rule"]) == [rule]
    assert rejected.loc[0, "column"] == name and rejected.loc[0, "value"] == value


def test_an_answer_that_the_skip_leaves_out_is_set_aside():
    responses, rejected = typed(delivered(2, C1=["0", "1"], C1a="1"))
    assert pd.isna(responses.loc[0, "ballot"]) and responses.loc[1, "ballot"] == 1
    assert list(rejected["rule"]) == ["answer_was_to_be_asked"] and rejected.loc[0, "row"] == 2


def test_a_follow_up_of_an_answer_set_aside_is_set_aside_with_it():
    responses, rejected = typed(delivered(1, C1="7", C1a="1"))
    assert responses.loc[0, ["voted", "ballot"]].isna().all()
    assert set(rejected["rule"]) == {"answer_is_in_the_list", "answer_was_to_be_asked"}


def test_a_blank_answer_is_missing_and_no_fault():
    responses, rejected = typed(delivered(1, C1="", C1a="", C2=""))
    assert rejected.empty and responses.loc[0, ["voted", "ballot", "rating"]].isna().all()


def test_dont_know_and_refused_are_kept_as_they_are():
    responses, rejected = typed(delivered(2, C1=["888", "999"], C1a="", C2=["999", "888"]))
    assert rejected.empty
    assert list(responses["voted"]) == [888, 999] and list(responses["rating"]) == [999, 888]


def test_a_decimal_comma_is_read_as_a_decimal_point():
    responses, rejected = typed(delivered(2, XacSuatXa=["0,35", "0.35"], Tuoi=["41,0", "41"]))
    assert rejected.empty
    assert list(responses["commune_prob"]) == [0.35, 0.35] and list(responses["age"]) == [41, 41]


def test_a_date_is_day_month_year():
    responses, _ = typed(delivered(1, NgayPV="03/09/2019"))
    assert responses.loc[0, "interview_date"] == pd.Timestamp(2019, 9, 3)


def test_leading_zeros_are_kept():
    responses, _ = typed(delivered(1, MaPhieu="007"))
    assert responses.loc[0, "commune_code"] == "06649"
    assert responses.loc[0, "village_code"] == "06649-01"
    assert responses.loc[0, "respondent_id"] == "007"


def test_spaces_around_a_value_are_no_part_of_it():
    responses, rejected = typed(delivered(1, MaXa=" 06649 ", Tuoi=" 41 ", C2=" 4 "))
    assert rejected.empty and responses.loc[0, "commune_code"] == "06649"
    assert responses.loc[0, "rating"] == 4


def test_missing_cells_of_a_workbook_are_blanks():
    raw = delivered(2)
    raw.loc[0, ["C1", "C1a", "C2"]] = None
    raw.loc[1, "Tuoi"] = None
    responses, rejected = typed(raw)
    assert len(responses) == 1 and list(rejected["rule"]) == ["required_value_is_readable"]
    assert rejected.loc[0, "value"] == ""


def test_a_sample_row_stays_marked():
    raw = delivered(2)
    raw["is_sample"] = [True, False]
    responses, _ = typed(raw)
    assert list(responses["is_sample"]) == [True, False]


CELLS = {
    "MaPhieu": ["QN-0000", "QN-0001", "QN-9", "", " "],
    "NgayPV": ["15/08/2019", "x", ""],
    "MaXa": ["06649", "06652", "6649", "07030", ""],
    "Tuoi": ["18", "70", "71", "", "41,0", "-1"],
    "GioiTinh": ["1", "2", "3", ""],
    "XacSuatXa": ["0,5", "1", "2", "NaN"],
    "C1": ["0", "1", "888", "9", ""],
    "C1a": ["0", "1", "", "abc"],
    "C2": ["1", "5", "6", "999", ""],
}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data(), st.integers(1, 6))
def test_every_row_ends_in_exactly_one_place(data, count):
    draw = {
        header: data.draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))
        for header, values in CELLS.items()
    }
    raw = delivered(count, **draw)
    responses, rejected = typed(raw)
    aside = rejected[rejected["scope"] == "row"]
    assert len(responses) + len(aside) == count
    assert aside["row"].is_unique
    kept = raw[~raw["_row"].isin(aside["row"])]
    assert sorted(kept["MaPhieu"].str.strip()) == list(responses["respondent_id"])
    assert responses["respondent_id"].is_unique
    # An answer set aside belongs to a row that was kept, and nothing of it is left there.
    answers = rejected[rejected["scope"] == "answer"]
    assert not set(answers["row"]) & set(aside["row"])
    profile = answer_profile(responses, questionnaire())
    assert (profile["unlisted_n"] == 0).all() and (profile["unasked_n"] == 0).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.permutations(range(5)))
def test_the_order_of_delivery_changes_no_response(order):
    raw = delivered(5, C2=["1", "2", "6", "4", "5"], Tuoi=["18", "19", "20", "99", "22"])
    shuffled = raw.iloc[list(order)].reset_index(drop=True)
    pd.testing.assert_frame_equal(typed(shuffled)[0], typed(raw)[0])
    pd.testing.assert_frame_equal(typed(shuffled)[1], typed(raw)[1])


def test_ages_fall_into_the_margins_groups():
    ages = pd.Series([17, 18, 29, 30, 44, 45, 59, 60, 70, 71])
    groups = age_groups(ages)
    assert list(groups[1:9]) == ["18-29"] * 2 + ["30-44"] * 2 + ["45-59"] * 2 + ["60-70"] * 2
    assert groups[[0, 9]].isna().all()


def test_a_profile_counts_only_those_who_were_asked():
    responses, _ = typed(
        delivered(4, C1=["1", "1", "0", "999"], C1a=["888", "", "", ""], C2=["5", "5", "888", ""])
    )
    profile = answer_profile(responses, questionnaire()).set_index("question")
    assert profile.loc["ballot", "asked_n"] == 2
    assert profile.loc["ballot", "dont_know_share"] == 0.5
    assert profile.loc["ballot", "missing_share"] == 0.5
    assert profile.loc["voted", "refused_share"] == 0.25
    assert profile.loc["rating", "asked_n"] == 4 and profile.loc["rating", "missing_share"] == 0.25


def test_a_question_nobody_was_asked_has_shares_of_zero():
    responses, _ = typed(delivered(2, C1="0", C1a=""))
    row = answer_profile(responses, questionnaire()).set_index("question").loc["ballot"]
    assert row["asked_n"] == 0 and row["missing_share"] == 0
