"""The survey register: for each year its indicator set, questionnaire, boundary and design.
Not here: the questionnaire or set it names, or what a design implies (dgi.survey.design)."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import Row, Text, Year, check_rows, check_unique, raise_faults

LonelyPsu = Literal["fail", "certainty", "adjust", "average", "merge"]
WHERE = "data/surveys.csv"
REPAIR = "Correct the cell in data/surveys.csv; each survey year has one row."
IS_A_FORM = re.compile(r"[^/\\]+\.xlsx", re.IGNORECASE)
DESIGNS_WHERE = "data/designs.csv"
DESIGNS_REPAIR = "Correct the cell; data/README.md says what each column means."


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
    design: Text
    census: Text
    form: str = ""
    """File in data/forms that the tablets asked by; '' where it was made from the questionnaire."""


class DesignRow(Row):
    """One sampling design: the columns of the responses that carry it (data/designs.csv)."""

    design: Text
    weights: Literal["computed", "delivered"]
    weight: str = ""
    stratum: Text
    psu: Text
    psu_population: str = ""
    lonely_psu: LonelyPsu
    note_vi: Text
    note_en: Text


def check_surveys(table: pd.DataFrame) -> pd.DataFrame:
    """Type the register; one row per survey year, ascending. Raises FactError."""
    rows = check_rows(table, SurveyRow, WHERE, REPAIR)
    faults = check_unique(rows, ["survey_year"], WHERE)
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        if row.fieldwork_start > row.fieldwork_end:
            faults.append(Fault(WHERE, "fieldwork ends after it starts", REPAIR, row=number,
                                column="fieldwork_end", value=str(row.fieldwork_end)))  # fmt: skip
        if row.form and not IS_A_FORM.fullmatch(row.form):
            faults.append(Fault(WHERE, "a form is an .xlsx file in data/forms, by its name alone",
                                "Put the XLSForm into data/forms and give its name, or leave the"
                                " cell blank.", row=number, column="form",
                                value=row.form))  # fmt: skip
    raise_faults(faults)
    return rows.sort_values("survey_year", ignore_index=True)


def check_designs(table: pd.DataFrame, columns: Collection[str]) -> pd.DataFrame:
    """Type the register of designs; `columns`: what responses carry. Raises FactError."""
    rows = check_rows(table, DesignRow, DESIGNS_WHERE, DESIGNS_REPAIR)
    faults = check_unique(rows, ["design"], DESIGNS_WHERE)
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        named = {
            name: getattr(row, name) for name in ("stratum", "psu", "psu_population", "weight")
        }
        faults += [
            Fault(DESIGNS_WHERE, "the responses carry no such column", DESIGNS_REPAIR, row=number,
                  column=name, value=value)
            for name, value in named.items() if value and value not in columns
        ]  # fmt: skip
        if (row.weights == "delivered") != bool(row.weight):
            faults.append(Fault(DESIGNS_WHERE, "delivered weights, and no others, name a column",
                                DESIGNS_REPAIR, row=number, column="weight",
                                value=row.weight))  # fmt: skip
    raise_faults(faults)
    return rows
