"""Belongs here: the form's file: every registered questionnaire converts for tablets, same bytes.
Does not belong here: which rows a form has (test_form_design.py)."""

from __future__ import annotations

import io
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from export_builders import form_with_options
from pyxform.xls2xform import convert

from dgi.facts.form_design import FormDesign, design_form
from dgi.facts.units import in_force
from dgi.ingest.facts import Facts
from dgi.reports.xlsform import write_xlsform

FACTS = Facts(Path(__file__).resolve().parents[3] / "data")
NAMES = list(FACTS.questionnaires["questionnaire"])


@lru_cache
def form_of(name: str) -> FormDesign:
    year = int(FACTS.questionnaires.set_index("questionnaire").loc[name, "first_year"])
    survey = FACTS.survey(year)
    units = in_force(FACTS.units.communes, survey.reference_date)
    districts = in_force(FACTS.units.districts, survey.reference_date)
    titles = districts.set_index("district_code")["name_with_type_vi"]
    communes = pd.DataFrame(
        {"code": units["commune_code"], "name": units["name_vi"],
         "district": units["district_code"].map(titles)}
    )  # fmt: skip
    row = FACTS.questionnaires.set_index("questionnaire").loc[name]
    return design_form(
        FACTS.questionnaire(name), FACTS.table(f"questionnaires/{name}.csv"), year,
        {"vi": row["name_vi"], "en": row["name_en"]}, communes=communes,
        indicator_set=FACTS.indicator_set(survey.indicator_set),
        statement=FACTS.set_statement(survey.indicator_set),
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_questionnaire_converts_without_a_warning(name):
    warnings: list[str] = []
    converted = convert(write_xlsform(form_of(name)), warnings=warnings)
    assert warnings == []
    xform, questions = converted.xform, FACTS.questionnaire(name).questions
    for question in questions["question"]:
        assert f"/{question}" in xform
    assert "<group ref=" in xform and 'lang="Vietnamese (vi)" default="true()"' in xform
    assert 'constraint=". &gt;= 18 and . &lt;= 70"' in xform
    skipped = questions[questions["asked_if"] != ""]
    assert xform.count("relevant=") == len(skipped)
    filters = skipped["asked_if"].str.partition("=")[0]
    assert all(re.search(rf"selected\( \S*/{own} ,", xform) for own in filters)


def test_a_question_with_several_answers_converts_too():
    form = form_with_options("-999999")
    listed = pd.concat([form.questions, form.carried.iloc[:0]], ignore_index=True)[
        ["question", "column", "section", "type", "text_vi", "text_en", "answers", "asked_if"]
    ]
    content = write_xlsform(design_form(form, listed, 2019, {"vi": "Phiếu", "en": "Form"}))
    warnings: list[str] = []
    xform = convert(content, warnings=warnings).xform
    assert warnings == [] and "<select ref=" in xform and "-999999" not in xform


def test_equal_designs_give_equal_bytes_on_any_day():
    content = write_xlsform(form_of(NAMES[0]))
    assert content == write_xlsform(form_of(NAMES[0]))
    made = openpyxl.load_workbook(io.BytesIO(content)).properties
    assert made.created == made.modified == datetime(2017, 1, 1)


def test_cells_are_text_under_a_frozen_header_and_stand_as_designed():
    design = form_of(NAMES[-1])
    book = openpyxl.load_workbook(io.BytesIO(write_xlsform(design)))
    assert book.sheetnames == ["survey", "choices", "settings"]
    for name in book.sheetnames:
        sheet, table = book[name], getattr(design, name)
        assert sheet.freeze_panes == "C2"
        rows = [["" if cell is None else cell for cell in line]
                for line in sheet.iter_rows(values_only=True)]  # fmt: skip
        assert rows[0] == list(table.columns)
        assert rows[1:] == table.to_numpy().tolist()
        kinds = {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value}
        assert kinds == {"s"}
