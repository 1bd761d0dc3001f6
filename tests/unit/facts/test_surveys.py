"""Belongs here: what a wrong survey register is refused with.
Does not belong here: the questionnaires and indicator sets that it names."""

from __future__ import annotations

import pandas as pd
import pytest
from survey_builders import SURVEY

from dgi.errors import FactError
from dgi.facts.surveys import check_designs, check_surveys

ROW = {name: str(value) for name, value in SURVEY.model_dump().items()}


def register(*changes) -> pd.DataFrame:
    return pd.DataFrame([{**ROW, **change} for change in changes])


def refusal(*changes) -> str:
    with pytest.raises(FactError) as caught:
        check_surveys(register(*changes))
    return str(caught.value)


def test_survey_years_come_back_in_order():
    rows = check_surveys(register({"survey_year": "2020"}, {"survey_year": "2018"}))
    assert list(rows["survey_year"]) == [2018, 2020]


def test_a_year_stands_once():
    assert "row 3" in refusal({}, {}) and "survey_year" in refusal({}, {})


def test_fieldwork_ends_after_it_starts():
    message = refusal({"fieldwork_end": "2019-08-14"})
    assert "data/surveys.csv, row 2, column fieldwork_end" in message
    assert "fieldwork ends after it starts (found '2019-08-14')" in message


@pytest.mark.parametrize(
    ("column", "value"),
    [("survey_year", "19"), ("reference_date", "1/7/2019"), ("design", ""),
     ("sample_per_district", "many"), ("questionnaire", "")],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_value_and_what_to_do(column, value):
    message = refusal({column: value})
    assert f"data/surveys.csv, row 2, column {column}" in message and repr(value) in message
    assert "each survey year has one row" in message


def test_a_form_is_a_file_by_its_name_alone_and_may_be_left_out():
    rows = check_surveys(register({"form": "Phieu 2019.xlsx"}, {"survey_year": "2020", "form": ""}))
    assert list(rows["form"]) == ["Phieu 2019.xlsx", ""]
    assert list(check_surveys(register({}).drop(columns="form"))["form"]) == [""]
    for wrong in ("../2019.xlsx", "forms/2019.xlsx", "2019.csv", ".xlsx", "a\\2019.xlsx"):
        message = refusal({"form": wrong})
        assert "row 2, column form" in message and "data/forms, by its name" in message, wrong


DESIGN = {"design": "drawn", "weights": "computed", "weight": "", "stratum": "layer", "psu": "unit",
          "psu_population": "", "lonely_psu": "merge", "note_vi": "ghi chú",
          "note_en": "note"}  # fmt: skip


def design_refusal(**change) -> str:
    with pytest.raises(FactError) as caught:
        check_designs(pd.DataFrame([{**DESIGN, **change}]), {"layer", "unit", "w"})
    return str(caught.value)


def test_a_design_names_columns_that_responses_carry():
    columns = {"layer", "unit", "w"}
    assert len(check_designs(pd.DataFrame([DESIGN]), columns)) == 1
    message = design_refusal(stratum="strata")
    assert "data/designs.csv, row 2, column stratum" in message and "'strata'" in message


def test_delivered_weights_and_no_others_name_a_column():
    for change in ({"weights": "delivered"}, {"weight": "w"}):
        assert "name a column" in design_refusal(**change)
    own = {**DESIGN, "weights": "delivered", "weight": "w"}
    assert len(check_designs(pd.DataFrame([own]), {"layer", "unit", "w"})) == 1


def test_a_policy_for_lonely_units_is_one_of_the_known():
    assert "column lonely_psu" in design_refusal(lonely_psu="ignore")
