"""Belongs here: XLSForms as tables: ours come back whole, others with all that was left told.
Does not belong here: what a form is made of (test_form_design.py), files at the door (test_door_*).
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from export_builders import form_with_options
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import ANSWERS, FIXED, FOREIGN

from dgi.errors import WorkbookError
from dgi.facts.form_design import design_form
from dgi.facts.questionnaire import Questionnaire
from dgi.ingest.facts import Facts
from dgi.ingest.xlsform import ReadForm, read_xlsform
from dgi.ingest.xlsform_dialects import Limits, Term, read_condition, read_limits, read_type
from dgi.ingest.xlsform_words import FORM_REFUSALS, NOT_TAKEN, REMARKS
from dgi.reports.xlsform import write_xlsform

FACTS = Facts(Path(__file__).resolve().parents[3] / "data")
TITLE = {"vi": "Phiếu", "en": "Form"}
QUESTION = ["question", "column", "section", "type", "text_vi", "text_en", "answers", "asked_if"]
ANSWER = ["answers", "code", "label_vi", "label_en", "kind", "also"]


def write_form(**sheets: list[list[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return buffer.getvalue()


def read(survey: list[list[object]], choices: list[list[object]] = (), **more) -> ReadForm:
    own = {"survey": survey} | ({"choices": choices} if choices else {})
    return read_xlsform("form.xlsx", write_form(**own, **more))


def told(faults, key: str) -> list[tuple]:
    said = {**NOT_TAKEN, **REMARKS}[key]
    return [(own.sheet, own.row, own.column, own.value) for own in faults if own.rule == said.rule]


def sort(table: pd.DataFrame) -> list[list[str]]:
    return sorted(table[ANSWER].astype(str).to_numpy().tolist())


def assert_same(form: Questionnaire, questions: pd.DataFrame, got: ReadForm, outside: set) -> None:
    expected = questions[QUESTION].reset_index(drop=True).astype("str")
    pd.testing.assert_frame_equal(got.questions, expected)
    columns = pd.concat([form.fixed, form.carried], ignore_index=True)
    columns = columns[~columns["name"].isin({*questions["question"], *outside})]
    read_back = got.fixed.set_index("name").loc[list(columns["name"])].reset_index()
    assert len(read_back) == len(got.fixed)
    for name in ("column", "role", "type", "text_vi", "text_en", "answers", "pattern"):
        assert list(read_back[name]) == list(columns[name]), name
    assert list(read_back["required"] == "yes") == list(columns["required"])
    for name in ("min", "max"):
        limits = pd.to_numeric(read_back[name]).tolist()
        assert limits == pytest.approx(columns[name].astype(float).tolist(), nan_ok=True)
    used = {*questions["answers"], *columns["answers"]} - {""}
    assert sort(got.answers) == sort(form.answers[form.answers["answers"].isin(used)])


COMMUNES = pd.DataFrame([("06649", "Phường Hà Khánh", "Hạ Long")],
                        columns=["code", "name", "district"])  # fmt: skip


@pytest.mark.parametrize("communes", [None, COMMUNES], ids=["typed", "chosen"])
@pytest.mark.parametrize("name", list(FACTS.questionnaires["questionnaire"]))
def test_a_form_of_ours_gives_back_its_questionnaire(name, communes):
    form, questions = FACTS.questionnaire(name), FACTS.table(f"questionnaires/{name}.csv")
    design = design_form(form, questions, 2019, TITLE, communes=communes)
    got = read_xlsform("form.xlsx", write_xlsform(design))
    assert_same(form, questions, got, set(design.outside["name"]))
    again = Questionnaire.from_tables(name, got.questions, got.answers, got.fixed)
    assert again.questions["asked_if"].tolist() == form.questions["asked_if"].tolist()
    assert got.remarks == () and got.settings == design.settings.iloc[0].to_dict()


def test_of_a_form_of_ours_only_what_serves_the_filling_in_is_left_and_told():
    form, questions = (FACTS.questionnaire("citizens-2018"),
                       FACTS.table("questionnaires/citizens-2018.csv"))  # fmt: skip
    note = {"vi": "Thiết kế riêng", "en": "Own design"}
    design = design_form(form, questions, 2019, TITLE, communes=COMMUNES, statement=note)
    got = read_xlsform("form.xlsx", write_xlsform(design)).not_taken
    assert [place[3] for place in told(got, "form_only")] == ["today", "note",
                                                             "select_one districts"]  # fmt: skip
    assert [place[3] for place in told(got, "list_unused")] == ["districts", "communes"]
    assert {place[2] for place in told(got, "column")} == {
        "constraint_message::Vietnamese (vi)", "constraint_message::English (en)",
        "choice_filter", "district",
    }  # fmt: skip
    keys = ("form_only", "list_unused", "column", "group_label")
    assert len(got) == sum(len(told(got, key)) for key in keys)


def test_options_reasons_and_codes_nobody_is_offered_come_back_too():
    form = form_with_options("-999999")
    questions = form.questions[QUESTION].assign(asked_if=form.questions["asked_if"])
    last = questions.index[-1]
    questions.loc[last - 3, "asked_if"] = "seen_notice=1"
    questions.loc[last - 4, "asked_if"] = "seen_meeting=-999999"
    design = design_form(form, questions, 2019, TITLE)
    got = read_xlsform("form.xlsx", write_xlsform(design))
    assert_same(form, questions, got, set(design.outside["name"]))
    listed = Questionnaire.from_tables("form", FOREIGN, ANSWERS, FIXED)
    rows = FOREIGN.assign(section="S")[:-1]  # an option alone is not this test
    design = design_form(Questionnaire.from_tables("form", rows, ANSWERS, FIXED), rows, 2019, TITLE)
    got = read_xlsform("form.xlsx", write_xlsform(design))
    assert sort(got.answers[got.answers["answers"] == "foreign"]) == sort(
        listed.answers[listed.answers["answers"] == "foreign"]
    )


@given(low=st.one_of(st.none(), st.integers(-99, 99)), more=st.integers(0, 500),
       pattern=st.sampled_from(["", "A|B", "it's", r"\d{5}", "(a)(b)", '"x"']))  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_limits_and_patterns_come_back_as_they_were(low, more, pattern):
    fixed = FIXED.copy()
    is_age, is_village = fixed["name"] == "age", fixed["name"] == "village_code"
    fixed.loc[is_age, ["min", "max"]] = ["" if low is None else str(low), str((low or 0) + more)]
    fixed.loc[is_village, "pattern"] = pattern
    questions = FOREIGN[:3].assign(section="S")
    form = Questionnaire.from_tables("form", questions, ANSWERS, fixed)
    design = design_form(form, questions, 2019, TITLE)
    got = read_xlsform("form.xlsx", write_xlsform(design))
    assert_same(form, questions, got, set(design.outside["name"]))


# ---- forms of others

SURVEYCTO_SURVEY = [
    ["type", "name", "label", "label:Vietnamese", "hint", "relevance", "constraint",
     "constraint message", "required", "calculation", "disabled"],
    ["start", "starttime", "", "", "", "", "", "", "", "", ""],
    ["begin group", "consent", "Consent", "Đồng ý", "", "", "", "", "", "", ""],
    ["select_one yn", "agree", "Do you agree?", "Ông/Bà có đồng ý không?", "Ask first", "", "",
     "", "yes", "", ""],
    ["end group", "consent", "", "", "", "", "", "", "", "", ""],
    ["begin group", "main", "", "", "", "${agree} = 1", "", "", "", "", ""],
    ["integer", "Age", "Age", "Tuổi", "", "", "(.>17) and .<=70", "Adults only", "yes", "", ""],
    ["select one yn", "voted", "Did you vote?", "Ông/Bà có đi bầu không?", "", "", "", "", "yes",
     "", ""],
    ["select_one why", "why not", "Why not?", "Vì sao?", "", "selected(${voted}, '0')", "", "",
     "", "", ""],
    ["end group", "main", "", "", "", "", "", "", "", "", ""],
    ["select_multiple media", "media", "Which?", "Những kênh nào?", "",
     "${agree}=1 or selected(${agree}, \"0\")", "", "", "1", "", ""],
    ["text", "other", "Which other?", "Kênh khác nào?", "", "selected(${media}, 'radio')", "", "",
     "", "", ""],
    ["calculate", "total", "", "", "", "", "", "", "", "${Age} * 2", ""],
    ["text", "old", "Old", "Cũ", "", "", "", "", "", "", "yes"],
]  # fmt: skip
SURVEYCTO_CHOICES = [
    ["list_name", "value", "label", "label:Vietnamese", "image"],
    ["yn", 1, "Yes", "Có", ""],
    ["yn", 0, "No", "Không", ""],
    ["yn", -88, "Don't know", "Không biết", ""],
    ["why", 1, "No time", "Bận việc", ""],
    ["why", 1, "Too far", "Xa quá", ""],
    ["why", 9, "Refused", "Từ chối trả lời", ""],
    ["media", "tv", "Television", "Truyền hình", "tv.png"],
    ["media", "radio", "Radio", "Đài", ""],
    ["media", "99", "Refused", "Từ chối", ""],
]  # fmt: skip


def test_a_surveycto_form_becomes_tables_that_a_questionnaire_takes():
    got = read(SURVEYCTO_SURVEY, SURVEYCTO_CHOICES, settings=[["form_title"], ["Bầu cử"]])
    assert got.questions[["question", "column", "section", "type", "answers", "asked_if"]
                         ].to_numpy().tolist() == [
        ["agree", "agree", "consent", "code", "yn", ""],
        ["voted", "voted", "main", "code", "yn", "agree=1"],
        ["why_not", "why not", "main", "code", "why", ""],
        ["media_tv", "media/tv", "S", "code", "media_ticked", "agree=1;0"],
        ["media_radio", "media/radio", "S", "code", "media_ticked", "agree=1;0"],
        ["other", "other", "S", "open", "", "media_radio=1"],
    ]  # fmt: skip
    assert got.questions["text_vi"][3] == "Những kênh nào?: Truyền hình"
    assert got.questions["text_en"][0] == "Do you agree?"
    assert got.answers[["answers", "code", "kind"]].to_numpy().tolist() == [
        ["yn", "1", "valid"], ["yn", "0", "valid"], ["yn", "-88", "dont_know"],
        ["why", "1", "valid"], ["why", "9", "refused"],
        ["media_ticked", "1", "valid"], ["media_ticked", "0", "not_selected"],
        ["media_ticked", "99", "refused"],
    ]  # fmt: skip
    age = got.fixed.iloc[0]
    assert list(got.fixed["name"]) == ["age"] and (age["min"], age["max"]) == ("18", "70")
    assert (age["role"], age["required"], age["column"]) == ("identity", "no", "Age")
    assert got.settings == {"form_title": "Bầu cử"}
    fixed = pd.concat([FIXED[FIXED["name"] != "age"], got.fixed], ignore_index=True)
    lists = pd.concat([ANSWERS, got.answers], ignore_index=True)
    taken = Questionnaire.from_tables("form", got.questions, lists, fixed)
    assert list(taken.questions["question"]) == ["agree", "voted", "why_not", "media_tv",
                                                 "media_radio"]  # fmt: skip


def test_what_a_surveycto_form_has_besides_is_told_with_its_place():
    got = read(SURVEYCTO_SURVEY, SURVEYCTO_CHOICES, help=[["x"], ["y"]])
    lost = got.not_taken
    assert told(lost, "type") == [("survey", 2, "type", "start")]
    assert told(lost, "form_only") == [("survey", 13, "type", "calculate")]
    assert told(lost, "disabled") == [("survey", 14, "disabled", "old")]
    assert told(lost, "relevant") == [
        ("survey", 9, "relevant", "${agree} = 1 and selected(${voted}, '0')")
    ]
    assert told(lost, "relevant_column") == [("survey", 7, "relevant", "${agree} = 1")]
    assert told(lost, "choice_twice") == [("choices", 6, "name", "why")]
    assert told(lost, "column") == [
        ("survey", 4, "hint", "1"), ("survey", 7, "constraint message", "1"),
        ("survey", 13, "calculation", "1"), ("choices", 8, "image", "1"),
    ]  # fmt: skip
    assert told(lost, "sheet") == [("help", None, None, None)]
    assert told(lost, "group_label") == [("survey", 3, "label", "consent")]
    assert len(lost) == 12
    assert told(got.remarks, "key") == [
        ("survey", 7, "name", "Age"), ("survey", 9, "name", "why not"),
    ]  # fmt: skip
    assert told(got.remarks, "kind") == [
        ("choices", 4, "label", "dont_know"), ("choices", 7, "label", "refused"),
        ("choices", 10, "label", "refused"),
    ]  # fmt: skip
    assert told(got.remarks, "role") == [("survey", 7, "name", "Age")]
    assert told(got.remarks, "may_be_blank") == [("survey", 9, None, "1")]
    for fault in (*lost, *got.remarks):
        assert fault.where == "form.xlsx" and fault.rule_vi and fault.action_vi


HEAD = ["type", "name", "label", "relevant", "constraint"]
LIST = [["list name", "name", "label"], ["yn", "yes", "Yes"], ["yn", "no", "No"]]


@pytest.mark.parametrize(
    ("rows", "key", "place"),
    [
        ([["begin_repeat", "r", ""], ["text", "a", "A"], ["end_repeat", "", ""]], "in_repeat",
         (3, "name", "a")),
        ([["begin_repeat", "r", ""], ["text", "a", "A"], ["end_repeat", "", ""]], "type",
         (2, "type", "begin_repeat")),
        ([["begin group", "g", ""], ["text", "a", "A"]], "never_ends", (2, "type", "g")),
        ([["end group", "g", ""]], "end_alone", (2, "type", "g")),
        ([["begin group", "g", ""], ["end repeat", "g", ""], ["end group", "", ""]], "end_alone",
         (3, "type", "g")),
        ([["select_one nowhere", "a", "A"]], "no_list", (2, "type", "nowhere")),
        ([["select_one_from_file a.csv", "a", "A"]], "type",
         (2, "type", "select_one_from_file a.csv")),
        ([["select_one yn or_other", "a", "A"]], "or_other", (2, "type", "or_other")),
        ([["rank yn", "a", "A"]], "type", (2, "type", "rank yn")),
        ([["text", "", "A"]], "no_name", (2, "name", "text")),
        ([["", "a", "A"]], "no_type", (2, "type", "a")),
        ([["integer", "a", "A", "", ". mod 2 = 0"]], "constraint",
         (2, "constraint", ". mod 2 = 0")),
        ([["decimal", "a", "A", "", ". > 0"]], "constraint", (2, "constraint", ". > 0")),
        ([["integer", "a", "A", "", ". >= 1 or . = 99"]], "constraint",
         (2, "constraint", ". >= 1 or . = 99")),
        ([["text", "a", "A", "", "regex(., 'x')"]], "constraint_question",
         (2, "constraint", "regex(., 'x')")),
        ([["select_multiple yn", "a", "A", "", "count-selected(.) < 2"]], "constraint_question",
         (2, "constraint", "count-selected(.) < 2")),
        ([["integer", "n", "N"], ["text", "a", "A", "${n} = 1"]], "relevant",
         (3, "relevant", "${n} = 1")),
        ([["select_one yn", "q", "Q"], ["text", "a", "A", "${q} != 'no'"]], "relevant",
         (3, "relevant", "${q} != 'no'")),
        ([["select_one yn", "q", "Q"], ["text", "a", "A", "${q} = 'maybe'"]], "relevant",
         (3, "relevant", "${q} = 'maybe'")),
        ([["select_one yn", "p", "P"], ["select_one yn", "q", "Q"],
          ["text", "a", "A", "${p} = 'no' or ${q} = 'no'"]], "relevant",
         (4, "relevant", "${p} = 'no' or ${q} = 'no'")),
        ([["select_multiple yn", "q", "Q"], ["text", "a", "A", "${q} = 'no'"]], "relevant",
         (3, "relevant", "${q} = 'no'")),
    ],
)  # fmt: skip
def test_what_our_tables_cannot_hold_is_told_with_sheet_row_and_column(rows, key, place):
    got = read([HEAD, *rows], LIST)
    assert told(got.not_taken, key) == [("survey", *place)]
    assert not got.questions["asked_if"].any()


def test_a_required_that_depends_and_places_without_a_name_are_told():
    survey = [["type", "name", "label", "required"], ["select_one yn", "q", "Q", "${x} = 1"]]
    got = read(survey, [*LIST, ["yn", "", "Blank"], ["", "x", "No list"], ["yn", "a;b", "Two"]])
    assert told(got.not_taken, "required") == [("survey", 2, "required", "${x} = 1")]
    assert told(got.not_taken, "choice_place") == [("choices", 4, "name", "yn"),
                                                   ("choices", 5, "list_name", None)]  # fmt: skip
    assert told(got.not_taken, "choice_name") == [("choices", 6, "name", "yn")]


def test_choices_that_are_no_numbers_get_codes_and_keep_their_names():
    survey = [HEAD, ["select_one yn", "q", "Q"], ["text", "why", "Why", "${q} = 'no'"]]
    got = read(survey, [*LIST, ["yn", "2", "Other"], ["yn", "01", "Also"], ["yn", "-9", "DK"]])
    assert got.answers[["code", "also"]].to_numpy().tolist() == [
        ["1", "yes"], ["3", "no"], ["2", ""], ["4", "01"], ["-9", ""],
    ]  # fmt: skip
    assert got.questions["asked_if"].tolist() == ["", "q=3"]
    assert [place[1] for place in told(got.remarks, "code")] == [2, 3, 5]


def test_names_that_clash_or_are_no_keys_are_changed_and_told():
    rows = [["text", "9 lives", "A"], ["begin_group", "g", ""], ["text", "name", "B"],
            ["end_group", "", ""], ["begin_group", "h", ""], ["text", "name", "C"],
            ["end_group", "", ""]]  # fmt: skip
    got = read([HEAD, *rows])
    assert list(got.questions["question"]) == ["q_9_lives", "name", "name_2"]
    assert list(got.questions["column"]) == ["9 lives", "name", "h/name"]
    assert told(got.remarks, "key") == [("survey", 2, "name", "9 lives")]
    assert told(got.remarks, "name_twice") == [("survey", 7, "name", "name")]


@pytest.mark.parametrize(
    ("headers", "texts", "language"),
    [
        (["label::Tiếng Việt (vi)", "label::English (en)"], ("một", "hai"), ""),
        (["label::English", "label::Vietnamese"], ("hai", "một"), ""),
        (["label", "label::Vietnamese"], ("hai", "một"), ""),
        (["label", "label::Français (fr)"], ("một", "một"), ""),
        (["label::Français (fr)", "label::English (en)"], ("hai", "hai"), ""),
        (["label", "label::English (en)"], ("một", "hai"), "Vietnamese (vi)"),
        (["caption", "hint"], ("một", "một"), ""),
    ],
)
def test_labels_are_found_in_whatever_languages_there_are(headers, texts, language):
    got = read([["type", "name", *headers], ["text", "a", "một", "hai"]],
               settings=[["default_language"], [language]])  # fmt: skip
    assert tuple(got.questions.loc[0, ["text_vi", "text_en"]]) == texts
    left = told(got.not_taken, "language") + told(got.not_taken, "column")
    assert len(left) == (2 - len(set(texts)))


def test_a_missing_label_is_the_other_language_or_the_name_and_told():
    got = read([["type", "name", "label::vi", "label::en"], ["text", "a", "một", ""],
                ["text", "b", "", ""]])  # fmt: skip
    assert got.questions[["text_vi", "text_en"]].to_numpy().tolist() == [["một", "một"],
                                                                         ["b", "b"]]  # fmt: skip
    assert told(got.remarks, "translation") == [("survey", 2, None, "1")]
    assert told(got.remarks, "label") == [("survey", 3, "label", "b")]


@pytest.mark.parametrize(
    "content",
    [
        write_form(data=[["type", "name"], ["text", "a"]]),
        write_form(survey=[["question", "name"], ["text", "a"]]),
        b"type,name\ntext,a\n",
    ],
)
def test_a_file_that_is_no_form_is_refused(content):
    with pytest.raises(WorkbookError) as caught:
        read_xlsform("form.xlsx", content)
    assert caught.value.faults[0].rule == FORM_REFUSALS["no_form"].rule


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("selected(${a}, '1')", [Term("a", "1")]),
        ("( ${a}='x y' )", [Term("a", "x y", is_equality=True)]),
        ("(selected(${a},'1')) or ((${a} = 2) or ${a}=-3)",
         [Term("a", "1"), Term("a", "2", is_equality=True), Term("a", "-3", is_equality=True)]),
        ("not(selected(${a}, \"1\"))", [Term("a", "1", is_negated=True)]),
        ("${a} = ' or '", [Term("a", "", is_equality=True)._replace(code="or")]),
        ("not(${a} = 1)", None),
        ("${a} = 1 and ${b} = 1", None),
        ("${a} = 1 or ${b} > 1", None),
        ("${floor} = 1 or", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_condition_is_read_as_tests_of_which_one_holds_or_not_at_all(text, terms):
    assert read_condition(text) == terms


@pytest.mark.parametrize(
    ("text", "is_whole", "limits"),
    [
        (". >= 18 and . <= 70", True, Limits("18", "70")),
        ("(.>17) and (70>=.)", True, Limits("18", "70")),
        ("17 < . and . < 71", True, Limits("18", "70")),
        (". > 0.5", True, None),
        (". < 1", False, None),
        (".>=0.5", False, Limits("0.5")),
        (". >= 1 and . >= 2", True, None),
        ("regex(., '^(?:a|b)$')", False, Limits(pattern="a|b")),
        ("regex(., '^a|b$')", False, Limits(pattern="(?:a|b)")),
        ("regex(., \"^[0-9]{5}$\")", False, Limits(pattern="[0-9]{5}")),
        ("regex(., '[0-9]')", False, None),
    ],
)  # fmt: skip
def test_a_constraint_is_read_as_limits_or_not_at_all(text, is_whole, limits):
    assert read_limits(text, is_whole) == limits


@pytest.mark.parametrize(
    "text",
    ["select_one yn", "select one yn", "Select_One yn", "select one from yn",
     "add select one prompt using yn", "select1 yn"],
)  # fmt: skip
def test_a_type_is_the_same_in_every_spelling(text):
    assert read_type(text) == ("select_one", "yn", "")
    several = text.replace("one", "multiple").replace("select1", "select all that apply from")
    several = several.replace("One", "Multiple")
    assert read_type(several) == ("select_multiple", "yn", "")
