"""Belongs here: which rows a questionnaire becomes in an XLSForm: skips, limits, options, groups.
Does not belong here: the file (test_xlsform_files.py), or reading it back (test_xlsforms_read.py).
"""

from __future__ import annotations

import pandas as pd
import pytest
from survey_builders import ANSWERS, FIXED, QUESTIONS

from dgi.facts.form_design import FormDesign, design_form
from dgi.facts.questionnaire import Questionnaire

TITLE = {"vi": "Phiếu hỏi", "en": "Form"}
VI, EN = "label::Vietnamese (vi)", "label::English (en)"
OPTIONS = pd.DataFrame(
    [("seen_notice", "C9/1"), ("seen_meeting", "C9/8")], columns=["question", "column"]
).assign(section="S", type="code", text_vi="Có thấy?", text_en="Seen?", answers="ticked_dk",
         asked_if="voted=1")  # fmt: skip
OPEN = pd.DataFrame(
    [("why", "C3", "T", "open", "Vì sao?", "Why?", "", "voted=0;1")],
    columns=["question", "column", "section", "type", "text_vi", "text_en", "answers", "asked_if"],
)
AFTER = pd.DataFrame(
    [("notice_read", "C10", "yes_no", "seen_notice=1"), ("no_notice", "C11", "yes_no",
     "seen_notice=-999999"), ("unsure", "C12", "yes_no", "seen_notice=888;1")],
    columns=["question", "column", "answers", "asked_if"],
).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")  # fmt: skip
TICKED_DK = pd.DataFrame(
    [("ticked_dk", "1", "valid"), ("ticked_dk", "-999999", "not_selected"),
     ("ticked_dk", "888", "dont_know")],
    columns=["answers", "code", "kind"],
).assign(also="", label_vi="nhãn", label_en="label")  # fmt: skip


def design(*more: pd.DataFrame, fixed: pd.DataFrame = FIXED, year: int = 2019,
           **given) -> FormDesign:  # fmt: skip
    questions = pd.concat([QUESTIONS, *more], ignore_index=True).fillna("")
    answers = pd.concat([ANSWERS, TICKED_DK], ignore_index=True)
    form = Questionnaire.from_tables("form", questions, answers, fixed)
    return design_form(form, questions, year, TITLE, **given)


def row(of: FormDesign, name: str) -> dict[str, str]:
    own = of.survey[(of.survey["name"] == name) & (of.survey["type"] != "end_group")]
    assert len(own) == 1, name
    return own.iloc[0].to_dict()


def fixed_with(name: str, **cells: str) -> pd.DataFrame:
    changed = FIXED.copy()
    changed.loc[changed["name"] == name, list(cells)] = list(cells.values())
    return changed


@pytest.mark.parametrize(
    ("asked_if", "relevant"),
    [
        ("", ""),
        ("all", ""),
        ("voted=1", "selected(${voted}, '1')"),
        ("voted=0;1", "selected(${voted}, '0') or selected(${voted}, '1')"),
    ],
)
def test_a_skip_becomes_the_answers_of_which_one_was_given(asked_if, relevant):
    more = OPEN.assign(asked_if=asked_if)
    assert row(design(more), "why")["relevant"] == relevant


def test_a_question_is_named_by_its_key_offers_its_list_and_is_required():
    own = row(design(), "voted")
    assert (own["type"], own["required"]) == ("select_one yes_no", "yes")
    assert (own["dgi_column"], own[VI], own[EN]) == ("C1", "câu hỏi", "question")


def test_an_open_question_is_a_text_that_may_stay_blank_in_its_place():
    made = design(OPEN)
    own = row(made, "why")
    assert (own["type"], own["required"], own["dgi_role"]) == ("text", "", "")
    names = list(made.survey["name"])
    assert names.index("rating") < names.index("T") < names.index("why")


@pytest.mark.parametrize(
    ("low", "high", "constraint", "words_vi", "words_en"),
    [
        ("18", "70", ". >= 18 and . <= 70", "từ 18 đến 70", "from 18 to 70"),
        ("18", "", ". >= 18", "từ 18 trở lên", "at least 18"),
        ("", "70", ". <= 70", "không quá 70", "at most 70"),
        ("0.000001", "1", ". >= 0.000001 and . <= 1", "từ 0,000001 đến 1", "from 0.000001 to 1"),
        ("", "", "", "", ""),
    ],
)
def test_limits_become_a_constraint_told_in_both_languages(
    low, high, constraint, words_vi, words_en
):
    own = row(design(fixed=fixed_with("age", min=low, max=high)), "age")
    assert own["constraint"] == constraint
    assert words_vi in own["constraint_message::Vietnamese (vi)"]
    assert words_en in own["constraint_message::English (en)"]


def test_a_pattern_must_match_the_whole_text_and_its_quote_does_not_end_the_literal():
    own = row(design(fixed=fixed_with("interviewer", pattern="A|B'")), "interviewer")
    assert own["constraint"] == r"regex(., '^(?:A|B\x27)$')"


def test_what_only_the_sampling_list_knows_stands_last_and_is_not_required():
    survey = design().survey
    group = list(survey["name"]).index("van_phong")
    inside = list(survey["name"])[group + 1 : -1]
    assert inside == ["stratum", "psu", "commune_prob", "village_prob", "village_adults"]
    assert not survey["required"][group + 1 :].any()
    assert (survey["dgi_required"][group + 1 : -1] == "yes").all()


def test_identity_is_a_group_of_its_own_that_can_be_left_out():
    survey = design().survey
    at = list(survey["name"]).index("danh_tinh")
    assert survey["name"][at + 1] == "respondent_name" and survey["type"][at] == "begin_group"
    without = design(with_identity=False)
    assert not {"danh_tinh", "respondent_name"} & set(without.survey["name"])
    assert "respondent_name" in set(without.outside["name"])


def test_every_column_is_in_the_form_or_named_with_the_reason():
    made = design()
    assert set(FIXED["name"]) == {*made.survey["dgi_name"], *made.outside["name"]} - {""}
    assert set(made.outside["name"]) == {"submission", "form_version", "gps_accuracy"}
    assert (made.outside[["why_vi", "why_en"]] != "").all(axis=None)


def test_a_column_with_a_list_offers_only_what_is_accepted_of_it():
    own = row(design(), "sex")
    assert own["choice_filter"] == "dgi_kind = 'valid'"
    assert own["constraint"] == ". >= 1 and . <= 2"


def test_codes_nobody_can_say_are_never_choices():
    foreign = OPEN.assign(question="trust", column="C8", type="code", answers="foreign")
    made = design(foreign)
    offered = made.choices[made.choices["list_name"] == "foreign"]
    assert list(offered["name"]) == ["1", "2", "9", "98"]
    assert list(offered["dgi_kind"]) == ["valid", "valid", "dont_know", "refused"]
    assert list(made.codes["code"]) == ["7", "-99"]
    assert list(made.codes["kind"]) == ["not_asked", "suppressed"]


def test_options_of_one_column_are_one_question_with_several_answers():
    made = design(OPTIONS)
    own = row(made, "C9")
    assert (own["type"], own["relevant"]) == ("select_multiple C9_options",
                                              "selected(${voted}, '1')")  # fmt: skip
    assert own["constraint"] == "not(selected(., '888') and count-selected(.) > 1)"
    options = made.choices[made.choices["list_name"] == "C9_options"]
    assert list(options["name"]) == ["1", "8", "888"]
    assert list(options["dgi_name"]) == ["seen_notice", "seen_meeting", ""]
    assert not {"seen_notice", "seen_meeting"} & set(made.survey["name"])
    assert "-999999" not in set(made.choices["name"])


def test_options_that_are_not_asked_together_stay_questions():
    apart = OPTIONS.assign(asked_if=["voted=1", ""])
    assert {"seen_notice", "seen_meeting"} <= set(design(apart).survey["name"])
    between = design(OPTIONS[:1], OPEN, OPTIONS[1:])
    assert {"seen_notice", "seen_meeting"} <= set(between.survey["name"])
    # Only 'ticked' is left to choose of a list without a don't know: then it may stay blank.
    alone = design(apart.assign(answers="ticked"))
    assert row(alone, "seen_notice")["required"] == ""


def test_a_skip_by_an_option_asks_whether_it_is_among_the_ticked():
    made = design(OPTIONS, AFTER)
    assert row(made, "notice_read")["relevant"] == "selected(${C9}, '1')"
    assert row(made, "no_notice")["relevant"] == "not(selected(${C9}, '1'))"
    assert row(made, "unsure")["relevant"] == "selected(${C9}, '888') or selected(${C9}, '1')"


COMMUNES = pd.DataFrame(
    [("06649", "Phường Hà Khánh", "Hạ Long"), ("07030", "Xã Đồng Lâm", "Hoành Bồ"),
     ("06652", "Phường Hà Phong", "Hạ Long")],
    columns=["code", "name", "district"],
)  # fmt: skip


def test_a_commune_is_chosen_within_its_district():
    made = design(communes=COMMUNES)
    own = row(made, "commune_code")
    assert (own["type"], own["choice_filter"]) == ("select_one communes", "district = ${district}")
    places = made.choices.set_index(["list_name", "name"])["district"]
    assert places["communes", "06649"] == places["communes", "06652"] == "ha_long"
    assert list(places["districts"].index) == ["ha_long", "hoanh_bo"]
    assert row(design(), "commune_code")["type"] == "text"


def test_names_of_the_form_make_way_for_those_of_questions():
    clashing = OPEN.assign(question=["danh_tinh"], section=["today"])
    made = design(clashing, statement={"vi": "Lưu ý", "en": "Note"})
    begun = made.survey[made.survey["type"] != "end_group"]["name"]
    assert begun.is_unique and {"danh_tinh", "danh_tinh_2", "today_2"} <= set(begun)


def test_each_run_of_a_section_is_a_group_with_its_title():
    back = OPEN.assign(question="again", column="C4", section="S")
    made = design(OPEN, back, sections={"T": {"vi": "Phần hai", "en": "Part two"}})
    groups = made.survey[
        (made.survey["type"] == "begin_group") & (made.survey["dgi_section"] != "")
    ]
    assert list(groups["name"]) == ["S", "T", "S_2"]
    assert list(groups[VI]) == ["Phần S", "Phần hai", "Phần S"]
    opened = (made.survey["type"] == "begin_group").sum()
    assert opened == (made.survey["type"] == "end_group").sum()


def test_the_statement_is_a_note_and_stands_in_the_form_only_when_given():
    note = design(statement={"vi": "Thiết kế riêng", "en": "Own design"}).survey
    assert list(note.loc[note["type"] == "note", VI]) == ["Thiết kế riêng"]
    assert "note" not in set(design().survey["type"])


def test_the_version_changes_with_the_content_and_only_with_it():
    def version(**given) -> str:
        return design(**given).settings["version"][0]

    assert version() == version() and version().startswith("2019-") and len(version()) == 13
    assert version() != version(fixed=fixed_with("age", max="71"))
    assert version() != version(with_identity=False)
    assert version(year=2020).startswith("2020-")


def test_a_table_of_another_questionnaire_is_refused():
    form = Questionnaire.from_tables("form", QUESTIONS, ANSWERS, FIXED)
    with pytest.raises(ValueError, match="not that of form"):
        design_form(form, QUESTIONS[:2], 2019, TITLE)
