"""Belongs here: how delivered rows become responses, and what is set aside by which rule.
Does not belong here: why an answer is missing (test_missing_answers.py), or the correction log."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import DISTRICT, FOREIGN, SURVEY, delivered, questionnaire, units

from dgi.fieldwork.rejections import REJECTED_COLUMNS, RULES, shown
from dgi.fieldwork.responses import age_groups, answer_profile, type_responses

MASK = "?0123456789ab"


def typed(raw, form=None):
    return type_responses(raw, form or questionnaire(), SURVEY, units(), DISTRICT)


def rules_of(rejected):
    return list(zip(rejected["row"], rejected["scope"], rejected["rule"], strict=True))


def test_a_sound_row_is_typed_in_plain_words():
    result = typed(delivered())
    row = result.responses.iloc[0]
    assert result.rejected.empty and list(result.rejected.columns) == REJECTED_COLUMNS
    assert row["survey_year"] == 2019 and row["district"] == DISTRICT
    assert row["interview_date"] == pd.Timestamp(2019, 8, 15)
    assert list(row[["area", "sex", "age", "age_group"]]) == ["urban", "female", 41, "30-44"]
    assert (row["voted"], row["ballot"], row["rating"]) == (1, 0, 4)
    assert row["commune_prob"] == 0.5 and row["village_adults"] == 640
    assert not row["is_sample"] and not row["is_corrected"]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("respondent_id", "", "respondent_id_is_given"),
        ("respondent_id", "   ", "respondent_id_is_given"),
        ("interview_date", "", "required_value_is_readable"),
        ("interview_date", "2019-15-08", "required_value_is_readable"),
        ("interview_date", "31/02/2019", "required_value_is_readable"),
        ("age", "forty", "required_value_is_readable"),
        ("age", "41.5", "required_value_is_readable"),
        ("age", MASK, "required_value_is_readable"),
        ("stratum", MASK, "required_value_is_readable"),
        ("interviewer", "Chị Hoa", "required_value_is_readable"),
        ("age", "17", "value_is_in_range"),
        ("age", "71", "value_is_in_range"),
        ("commune_prob", "0", "value_is_in_range"),
        ("commune_prob", "1.2", "value_is_in_range"),
        ("commune_prob", "inf", "required_value_is_readable"),
        ("sex", "3", "value_is_in_range"),
        ("sex", "888", "value_is_in_range"),
        ("area", "", "required_value_is_readable"),
        ("commune_code", "6649", "required_value_is_readable"),
        ("commune_code", "06820", "commune_is_in_the_district"),
        ("commune_code", "07030", "commune_is_in_the_district"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_with_place_rule_and_reason(name, value, rule):
    raw = delivered(3)
    raw.loc[1, name] = value
    result = typed(raw)
    assert list(result.responses["respondent_id"]) == ["QN-0000", "QN-0002"]
    assert len(result.rejected) == 1
    row = result.rejected.iloc[0]
    assert (row["file"], row["sheet"], row["row"]) == ("a.xlsx", "TraLoi", 3)
    assert (row["scope"], row["column"], row["rule"]) == ("row", name, rule)
    assert (row["reason_vi"], row["reason_en"]) == RULES[rule]
    assert set(result.missing["respondent_id"]) <= {"QN-0000", "QN-0002"}


@pytest.mark.parametrize("value", ["17", "-999999", "0,000001", "1.5", "31/02/2019", "2019-15-08"])
def test_a_short_code_number_or_day_is_shown_beside_its_rule(value):
    assert list(shown(pd.Series([f" {value} "]))) == [value]


@pytest.mark.parametrize(
    "value", ["Hoa", "0912345678", "912345678", "0912.345678", "091 234 5678", "091.234.56.78",
              "022085001234", "3825123", "a@b.vn", MASK, "0123456789abcdef", "1; 2", None]
)  # fmt: skip
def test_nothing_that_could_be_of_a_person_is_shown(value):
    assert list(shown(pd.Series([value], dtype="str"))) == [""]


@given(st.text(max_size=14))
def test_no_text_with_letters_or_nine_digits_is_shown_unless_it_is_a_number(text):
    said = shown(pd.Series([text], dtype="str"))[0]
    assert not any(letter.isalpha() for letter in said)
    assert sum(letter.isdigit() for letter in said) <= 8


def test_an_interview_delivered_twice_is_kept_once():
    raw = pd.concat([delivered(2), delivered(1).assign(_file="b.xlsx")], ignore_index=True)
    # The same content, spelt as another program exports it.
    raw.loc[2, ["age", "voted", "commune_prob"]] = ["41.0", " 01", "0,50"]
    result = typed(raw)
    assert list(result.responses["respondent_id"]) == ["QN-0000", "QN-0001"]
    assert rules_of(result.rejected) == [(2, "duplicate", "interview_was_delivered_twice")]
    assert result.rejected.loc[0, "file"] == "b.xlsx"


def test_one_submission_under_two_form_numbers_is_one_interview():
    raw = delivered(2, submission="aa", respondent_id=["", "QN-7"])
    result = typed(raw)
    assert list(result.responses["respondent_id"]) == ["QN-7"]
    assert rules_of(result.rejected) == [(2, "duplicate", "interview_was_delivered_twice")]


def test_of_two_copies_the_fuller_one_is_kept():
    raw = delivered(2, respondent_id="QN-1", form_version=["", "2.1"], started_at="")
    assert typed(raw).responses.loc[0, "form_version"] == "2.1"


def test_of_two_copies_the_corrected_one_is_kept():
    raw = delivered(2, respondent_id="QN-1").assign(is_corrected=[False, True])
    assert typed(raw).responses.loc[0, "is_corrected"]


@pytest.mark.parametrize("versions", [["1", "2"], ["2", "1"]])
def test_which_of_two_copies_is_kept_does_not_depend_on_where_they_stand(versions):
    raw = delivered(2, respondent_id="QN-1", form_version=versions)
    assert typed(raw).responses.loc[0, "form_version"] == "1"


def test_an_id_of_several_sound_interviews_is_contested_and_all_are_set_aside():
    raw = delivered(4, respondent_id=["QN-1", " QN-1 ", "QN-2", "QN-1"],
                    rating=["1", "2", "3", "1"])  # fmt: skip
    result = typed(raw)
    assert list(result.responses["respondent_id"]) == ["QN-2"]
    assert rules_of(result.rejected) == [
        (2, "row", "respondent_id_is_contested"),
        (3, "row", "respondent_id_is_contested"),
        (5, "duplicate", "interview_was_delivered_twice"),
    ]
    assert set(result.missing["respondent_id"]) <= {"QN-2"}


def test_the_only_sound_interview_of_an_id_is_kept():
    result = typed(delivered(2, respondent_id="QN-1", age=["17", "18"]))
    assert list(result.responses["age"]) == [18]
    assert rules_of(result.rejected) == [(2, "row", "value_is_in_range")]


def test_one_submission_in_two_versions_is_contested():
    result = typed(delivered(2, submission="aa", rating=["1", "2"]))
    assert result.responses.empty
    assert set(result.rejected["rule"]) == {"respondent_id_is_contested"}


def test_unreadable_cells_are_part_of_what_an_interview_says():
    raw = delivered(3, respondent_id="QN-1", rating=[MASK, MASK, "?ffffffffffff"])
    assert list(typed(raw).rejected["scope"]).count("duplicate") == 1


@pytest.mark.parametrize("code", ["-1", "-2", "-3", "-4", "0"])
def test_an_unlisted_code_and_an_unreadable_cell_are_never_the_same_content(code):
    rejected = typed(delivered(2, respondent_id="QN-1", rating=["abc", code])).rejected
    assert set(rejected["rule"]) == {"respondent_id_is_contested"}


def test_interviews_without_any_id_are_no_copies_of_one_another():
    result = typed(delivered(2, respondent_id=""))
    assert list(result.rejected["rule"]) == ["respondent_id_is_given"] * 2


def test_a_withdrawn_interview_is_set_aside_and_contests_nothing():
    raw = delivered(2, respondent_id="QN-1", rating=["1", "2"])
    raw["is_withdrawn"] = [True, False]
    result = typed(raw)
    assert list(result.responses["rating"]) == [2]
    assert rules_of(result.rejected) == [(2, "row", "interview_was_withdrawn")]
    assert list(result.rejected["value"]) == [""]


def test_a_row_wrong_in_two_ways_is_set_aside_once():
    rejected = typed(delivered(1, age="17", commune_code="99999")).rejected
    assert list(rejected["rule"]) == ["value_is_in_range"]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("rating", "6", "6"),
        ("rating", "abc", ""),
        ("rating", MASK, ""),
        ("rating", "2.5", "2.5"),
        ("voted", "-1", "-1"),
    ],
)
def test_a_code_outside_its_list_sets_aside_that_one_answer(name, value, kept):
    result = typed(delivered(1, **{"ballot": "", name: value}))
    assert pd.isna(result.responses.loc[0, name])
    assert result.responses.loc[0, "age"] == 41
    assert rules_of(result.rejected) == [(2, "answer", "answer_is_in_the_list")]
    assert result.rejected.loc[0, "column"] == name and result.rejected.loc[0, "value"] == kept


def test_an_answer_that_the_skip_leaves_out_is_set_aside():
    result = typed(delivered(2, voted=["0", "1"], ballot="1"))
    assert pd.isna(result.responses.loc[0, "ballot"]) and result.responses.loc[1, "ballot"] == 1
    assert rules_of(result.rejected) == [(2, "answer", "answer_was_to_be_asked")]


def test_a_follow_up_of_an_answer_set_aside_is_set_aside_with_it():
    result = typed(delivered(1, voted="7", ballot="1"))
    assert result.responses.loc[0, ["voted", "ballot"]].isna().all()
    assert set(result.rejected["rule"]) == {"answer_is_in_the_list", "answer_was_to_be_asked"}


def test_dont_know_refused_and_not_ticked_are_kept_as_they_are():
    raw = delivered(2, voted=["1", "999"], ballot="", rating=["999", "888"], trust=["9", "98"],
                    seen=["-999999", ""])  # fmt: skip
    responses = typed(raw, questionnaire(FOREIGN)).responses
    assert list(responses["voted"]) == [1, 999] and list(responses["rating"]) == [999, 888]
    assert list(responses["trust"]) == [9, 98] and responses.loc[0, "seen"] == -999999
    assert str(responses["seen"].dtype) == "Int32"


def test_a_decimal_comma_is_read_as_a_decimal_point():
    result = typed(delivered(2, commune_prob=["0,35", "0.35"], age=["41,0", "41"]))
    assert result.rejected.empty
    assert list(result.responses["commune_prob"]) == [0.35, 0.35]
    assert list(result.responses["age"]) == [41, 41]


def test_a_date_is_day_month_year():
    responses = typed(delivered(1, interview_date="03/09/2019")).responses
    assert responses.loc[0, "interview_date"] == pd.Timestamp(2019, 9, 3)


def test_leading_zeros_are_kept():
    responses = typed(delivered(1, respondent_id="007")).responses
    assert responses.loc[0, "commune_code"] == "06649"
    assert responses.loc[0, "village_code"] == "06649-01"
    assert responses.loc[0, "respondent_id"] == "007"


def test_spaces_around_a_value_are_no_part_of_it():
    result = typed(delivered(1, commune_code=" 06649 ", age=" 41 ", rating=" 4 "))
    assert result.rejected.empty and result.responses.loc[0, "commune_code"] == "06649"
    assert result.responses.loc[0, "rating"] == 4


def test_missing_cells_are_blanks():
    raw = delivered(2)
    raw.loc[0, ["voted", "ballot", "rating"]] = None
    raw.loc[1, "age"] = None
    result = typed(raw)
    assert len(result.responses) == 1
    assert list(result.rejected["rule"]) == ["required_value_is_readable"]
    assert result.rejected.loc[0, "value"] == ""


def test_flags_of_a_row_are_carried():
    raw = delivered(2)
    raw["is_sample"], raw["is_corrected"] = [True, False], [False, True]
    responses = typed(raw).responses
    assert list(responses["is_sample"]) == [True, False]
    assert list(responses["is_corrected"]) == [False, True]


def test_fieldwork_columns_are_typed_where_delivered():
    raw = delivered(1, started_at="15/08/2019 09:05:00", form_version="2.1", is_replacement="1",
                    gps_accuracy="4,5", submission="aa")  # fmt: skip
    row = typed(raw).responses.iloc[0]
    assert row["started_at"] == pd.Timestamp(2019, 8, 15, 9, 5)
    assert (row["form_version"], row["gps_accuracy"], row["submission"]) == ("2.1", 4.5, "aa")
    assert row["is_replacement"] == 1


def test_fieldwork_columns_are_there_and_of_one_type_when_nothing_was_delivered():
    names = ["submission", "started_at", "form_version", "is_replacement", "gps_accuracy"]
    given = delivered(1, started_at="15/08/2019 09:05:00", form_version="2.1",
                      is_replacement="1", gps_accuracy="4,5", submission="aa")  # fmt: skip
    without, with_them = typed(delivered()).responses, typed(given).responses
    assert without[names].isna().all(axis=None) and with_them[names].notna().all(axis=None)
    assert list(without.columns) == list(with_them.columns)
    assert list(without.dtypes) == list(with_them.dtypes)
    assert "respondent_name" not in without


@pytest.mark.parametrize(
    ("name", "value"),
    [("started_at", "sáng thứ hai"), ("form_version", "bản mới"), ("form_version", MASK),
     ("is_replacement", "5"), ("gps_accuracy", "-1")],
)  # fmt: skip
def test_a_fieldwork_value_that_cannot_be_is_set_aside_and_the_interview_kept(name, value):
    result = typed(delivered(1, **{name: value}))
    assert len(result.responses) == 1 and pd.isna(result.responses.loc[0, name])
    assert rules_of(result.rejected) == [(2, "answer", "value_is_in_range")]
    assert result.rejected.loc[0, "column"] == name


CELLS = {
    "respondent_id": ["QN-0000", "QN-0001", "QN-9", "", " "],
    "submission": ["aa", "bb", ""],
    "form_version": ["1", "2", "x y", ""],
    "interview_date": ["15/08/2019", "15/08/2019", "x", ""],
    "commune_code": ["06649", "06649", "06652", "6649", ""],
    "age": ["18", "18.0", "70", "71", "", "-1"],
    "sex": ["1", "1", "2", "3", ""],
    "commune_prob": ["0,5", "1", "2", "NaN"],
    "voted": ["0", "1", "888", "9", ""],
    "ballot": ["0", "1", "", MASK],
    "rating": ["1", "5", "6", "999", ""],
    "trust": ["1", "9", "34", ".a", "7", "-99", "8", ""],
    "seen": ["1", "-999999", "0", ""],
}


@st.composite
def deliveries(draw):
    """A few rows with odd cells, some of them standing there twice."""
    count = draw(st.integers(1, 6))
    cells = {
        name: draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))
        for name, values in CELLS.items()
    }
    again = draw(st.lists(st.integers(0, count - 1), max_size=4))
    raw = delivered(count, **cells)
    raw = pd.concat([raw, raw.iloc[again]], ignore_index=True)
    return raw.assign(_row=range(2, len(raw) + 2))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deliveries())
def test_every_row_ends_in_exactly_one_place(raw):
    form = questionnaire(FOREIGN)
    result = typed(raw, form)
    aside = result.rejected[result.rejected["scope"].isin(["row", "duplicate"])]
    assert len(result.responses) + len(aside) == len(raw)
    assert aside["row"].is_unique
    kept = raw[~raw["_row"].isin(aside["row"])]
    assert sorted(kept["respondent_id"].str.strip()) == list(result.responses["respondent_id"])
    assert result.responses["respondent_id"].is_unique
    # An answer set aside belongs to a row that was kept, and nothing of it is left there.
    answers = result.rejected[result.rejected["scope"] == "answer"]
    assert not set(answers["row"]) & set(aside["row"])
    profile = answer_profile(result.responses, form)
    assert (profile["unlisted_n"] == 0).all() and (profile["unasked_n"] == 0).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deliveries(), st.randoms(use_true_random=False))
def test_no_shuffling_of_rows_columns_and_files_changes_a_response(raw, random):
    form = questionnaire(FOREIGN)
    order, columns = list(range(len(raw))), list(raw.columns)
    random.shuffle(order)
    random.shuffle(columns)
    shuffled = raw.iloc[order][columns]
    first, second = typed(raw, form), typed(shuffled, form)
    pd.testing.assert_frame_equal(first.rejected, second.rejected)
    # Delivered again in another order, in files of another name: new places, the same interviews.
    files = [random.choice(["c.xlsx", "d.csv"]) for _ in order]
    third = typed(shuffled.assign(_row=range(2, len(raw) + 2), _file=files), form)
    for other in (second, third):
        pd.testing.assert_frame_equal(first.responses, other.responses)
        assert first.responses.to_csv() == other.responses.to_csv()
        assert first.missing.to_csv() == other.missing.to_csv()


def test_no_row_at_all_gives_tables_of_the_same_columns_and_types():
    none, one = typed(delivered().iloc[:0]), typed(delivered(1, rating=""))
    assert none.responses.empty and none.rejected.empty and none.missing.empty
    assert list(none.responses.dtypes.items()) == list(one.responses.dtypes.items())
    assert list(none.missing.columns) == list(one.missing.columns)


def test_ages_fall_into_the_margins_groups():
    ages = pd.Series([17, 18, 29, 30, 44, 45, 59, 60, 70, 71])
    groups = age_groups(ages)
    assert list(groups[1:9]) == ["18-29"] * 2 + ["30-44"] * 2 + ["45-59"] * 2 + ["60-70"] * 2
    assert groups[[0, 9]].isna().all()


def test_a_profile_counts_only_those_who_were_asked():
    raw = delivered(4, voted=["1", "1", "0", "999"], ballot=["888", "", "", ""],
                    rating=["5", "5", "888", ""])  # fmt: skip
    profile = answer_profile(typed(raw).responses, questionnaire()).set_index("question")
    assert profile.loc["ballot", "asked_n"] == 2
    assert profile.loc["ballot", "dont_know_share"] == 0.5
    assert profile.loc["ballot", "missing_share"] == 0.5
    assert profile.loc["voted", "refused_share"] == 0.25
    assert profile.loc["rating", "asked_n"] == 4 and profile.loc["rating", "missing_share"] == 0.25


def test_a_question_nobody_was_asked_has_shares_of_zero():
    responses = typed(delivered(2, voted="0", ballot="")).responses
    row = answer_profile(responses, questionnaire()).set_index("question").loc["ballot"]
    assert row["asked_n"] == 0 and row["missing_share"] == 0
