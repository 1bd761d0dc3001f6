"""The survey register: for each year its indicator set, questionnaire, boundary and design.
Not here: the questionnaire or the set themselves, which the register only names."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts import Row, Text, Year, check_rows, check_unique, raise_faults

WHERE = "data/surveys.csv"
REPAIR = "Correct the cell in data/surveys.csv; each survey year has one row."


class SurveyRow(Row):
    """One survey year. `reference_date` fixes the boundary that its districts are drawn on."""

    survey_year: Year
    indicator_set: Text
    questionnaire: Text
    reference_date: date
    fieldwork_start: date
    fieldwork_end: date
    sample_per_district: int
    respondents_per_village: int
    lonely_psu: Literal["fail", "certainty", "adjust", "average"]
    census: Text


def check_surveys(table: pd.DataFrame) -> pd.DataFrame:
    """Type the register; one row per survey year, ascending. Raises FactError."""
    rows = check_rows(table, SurveyRow, WHERE, REPAIR)
    faults = check_unique(rows, ["survey_year"], WHERE)
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        if row.fieldwork_start > row.fieldwork_end:
            faults.append(Fault(WHERE, "fieldwork ends after it starts", REPAIR, row=number,
                                column="fieldwork_end", value=str(row.fieldwork_end)))  # fmt: skip
    raise_faults(faults)
    return rows.sort_values("survey_year", ignore_index=True)
