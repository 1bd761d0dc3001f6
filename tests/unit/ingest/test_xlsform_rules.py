"""Belongs here: the rules of a year's own XLSForm by our names, and forms that are refused.
Does not belong here: forms as questionnaires (test_xlsforms_read.py), what rules find fault with.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from survey_builders import SURVEY, questionnaire

from dgi.errors import FactError
from dgi.facts.column_maps import ColumnMap
from dgi.facts.form_checks import FormRules
from dgi.ingest.facts import Facts
from dgi.ingest.headers import HeaderBook
from dgi.ingest.xlsform_rules import load_form_rules, read_form_rules
from pipelines.form import form_of_year

FACTS = Facts(Path(__file__).resolve().parents[3] / "data")
WHERE = "data/forms/2019.xlsx"
SYSTEM = pd.DataFrame(columns=["header", "tool", "name", "use", "clock", "note"], dtype="str")
WORDS = pd.DataFrame(columns=["word", "name", "note"], dtype="str")
BOOK = HeaderBook(questionnaire(), SYSTEM, WORDS)
HEADER = ["type", "name", "relevant", "constraint", "required"]


def write(survey: list[list[str]], choices: list[list[str]] = ()) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, rows in (("survey", survey), ("choices", choices)):
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return buffer.getvalue()


def column_map(*lines: tuple[str, str, str]) -> ColumnMap:
    table = pd.DataFrame(
        [("*", header, name, use, "") for header, name, use in lines],
        columns=["files", "header", "name", "use", "note"], dtype="str",
    )  # fmt: skip
    return ColumnMap.from_table(table, "data/column_maps/2019.csv")


def read(*rows: list[str], lines: tuple = (), choices: list[list[str]] = ()) -> FormRules:
    return read_form_rules(WHERE, write([HEADER, *rows], choices), BOOK, column_map(*lines))


def listed(found: FormRules) -> list[tuple[str, ...]]:
    return list(found.rules.itertuples(index=False, name=None))


def test_rules_bear_our_names_and_those_of_the_groups_around_them():
    found = read(
        ["start", "start"],
        ["integer", "tuoi", "", ". > 17", "TRUE"],
        ["begin group", "phan_1", "${tuoi} > 20 or ${la} = 'C1'"],
        ["select_one yn", "C1", "", "", "yes"],
        ["note", "loi_chao", "${C1} = 1"],
        ["begin_group", "trong", "../C1 = 1"],
        ["select_one yn", "C1a", "${tuoi} < 60", ". != 'tuoi'", "${C1} = 1"],
        ["end_group"],
        ["end group", "phan_1"],
        ["select_one five", "rating"],
        ["text", "la", "${phan_1/C1} = 1"],
        lines=(("tuoi", "age", "read"),),
    )
    outer = "${age} > 20 or ${la} = 'C1'"
    assert listed(found) == [
        ("age", "", ". > 17", "yes"),
        ("voted", outer, "", "yes"),
        ("ballot", f"({outer}) and (${{voted}} = 1) and (${{age}} < 60)", ". != 'tuoi'",
         "${voted} = 1"),
        ("rating", "", "", ""),
        ("la", "${voted} = 1", "", ""),
    ]  # fmt: skip


def test_answers_that_the_form_calls_otherwise_are_spelled_as_it_does():
    found = read(
        ["select_one yn", "voted"], ["select_one yn", "ballot"], ["select_one five", "rating"],
        ["select_one who", "sex"],
        choices=[["list_name", "name"], ["yn", "1"], ["yn", "00"], ["five", "5"], ["who", "x"]],
    )  # fmt: skip
    said = list(found.spellings.itertuples(index=False, name=None))
    assert said == [("voted", 0, "00"), ("ballot", 0, "00")]


def test_a_disabled_row_has_no_rule():
    survey = [[*HEADER, "disabled"], ["text", "voted"], ["text", "ballot"],
              ["text", "rating", "", ". = 1", "", "yes"]]  # fmt: skip
    found = read_form_rules(WHERE, write(survey), BOOK, column_map())
    assert [row[0] for row in listed(found)] == ["voted", "ballot"]


def test_a_name_that_stands_twice_is_told_apart_or_refused():
    twice = (["begin_group", "a"], ["text", "note_1"], ["end_group"], ["begin_group", "b"],
             ["text", "note_1"], ["end_group"], ["text", "voted"], ["text", "rating"])  # fmt: skip
    assert [row[0] for row in listed(read(*twice))] == ["note_1", "b/note_1", "voted", "rating"]
    with pytest.raises(FactError) as caught:
        read(["text", "voted"], ["text", "C1"], ["text", "rating"])
    message = str(caught.value)
    assert f"{WHERE}, sheet survey, row 3, column name" in message and "column map" in message
    apart = read(["text", "voted"], ["text", "C1"], ["text", "rating"],
                 lines=(("C1", "", "set_aside"), ("rating", "rating", "read")))  # fmt: skip
    assert [row[0] for row in listed(apart)] == ["voted", "C1", "rating"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "the file is empty"), (b"PK\x03\x04 no book", WHERE),
     (write([["a", "b"], ["1", "2"]]), "the file is no XLSForm"),
     (write([HEADER, ["text", "other"], ["text", "voted"]]), "fewer than half")],
)  # fmt: skip
def test_what_is_no_form_of_the_year_is_a_fault_of_a_fact_file(content, says):
    with pytest.raises(FactError, match=says) as caught:
        read_form_rules(WHERE, content, BOOK, column_map())
    assert WHERE in str(caught.value) and caught.value.faults[0].action


def test_a_year_has_the_form_it_names_or_that_of_its_questionnaire(tmp_path):
    survey, form = FACTS.survey(2019), FACTS.form(2019)
    own = load_form_rules(FACTS.folder, survey, form).rules
    named = survey.model_copy(update={"form": "2019.xlsx"})
    with pytest.raises(FactError, match=r"data/forms/2019.xlsx.*not there"):
        load_form_rules(tmp_path, named, form)
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms/2019.xlsx").write_bytes(form_of_year(FACTS, 2019))
    found = load_form_rules(tmp_path, named, form)
    asked = list(form.questionnaire.questions["question"])
    assert [name for name in found.rules["question"] if name in asked] == asked
    assert found.spellings.empty and len(own) >= len(found.rules)
    assert SURVEY.form == ""
