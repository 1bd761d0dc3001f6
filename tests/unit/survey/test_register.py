"""Belongs here: what a wrong survey register is refused with.
Does not belong here: the questionnaires and indicator sets that it names."""

from __future__ import annotations

import pandas as pd
import pytest
from survey_builders import SURVEY

from dgi.errors import FactError
from dgi.survey.register import check_surveys

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
    [("survey_year", "19"), ("reference_date", "1/7/2019"), ("lonely_psu", "ignore"),
     ("sample_per_district", "many"), ("questionnaire", "")],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_value_and_what_to_do(column, value):
    message = refusal({column: value})
    assert f"data/surveys.csv, row 2, column {column}" in message and repr(value) in message
    assert "each survey year has one row" in message
