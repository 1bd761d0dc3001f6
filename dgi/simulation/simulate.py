"""A survey made from a seed, with a real design and a field team's faults, for demonstration.
Not here: whom it asks (sampling), what they answer (answers), any file."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.facts.units import Units
from dgi.simulation.answers import simulate_answers
from dgi.simulation.assumptions import SampleAssumptions
from dgi.simulation.fieldwork import add_fieldwork
from dgi.simulation.sampling import draw_people, draw_villages, village_frame

AREA_CODES = {"urban": 1, "rural": 2}
SEX_CODES = {"male": 1, "female": 2}
STRANGE_AGES = (15, 17, 71, 76)
STRANGE_COMMUNE = "99999"
STRANGE_ANSWER = 77


def simulate_survey(
    survey: SurveyRow,
    tree: pd.DataFrame,
    questionnaire: Questionnaire,
    units: Units,
    commune_adults: pd.DataFrame,
    census_day: date,
    margins: pd.DataFrame,
    targets: pd.Series,
    assumptions: SampleAssumptions,
    filter_rates: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """One survey year as its field teams would hand it in.

    `tree`: nodes of the year's indicator set; `commune_adults`: rows of the survey's census,
    taken on `census_day`; `margins`: its margins on the survey's boundary (dgi.survey.weights);
    `targets`: sub-dimension key -> score on the tree's own scale, on which the province's
    population-weighted answers are centred. Returns district key -> rows with the workbook's
    headers: numbers as numbers, text as text, None for blank, dates dd/mm/yyyy.
    The same arguments give the same frames; years do not depend on one another.
    Raises ValueError for a target that is absent, FactError for a filter without a rate.
    """
    year = survey.survey_year
    frame = village_frame(units, commune_adults, census_day, survey.reference_date, assumptions)
    sample = draw_villages(frame, survey, assumptions)
    people = draw_people(sample, margins, survey, assumptions)
    answers = simulate_answers(
        tree, questionnaire, targets, filter_rates, frame, people, year, assumptions
    )
    values = {
        "area": people["area"].map(AREA_CODES),
        "sex": people["sex"].map(SEX_CODES),
        "village_adults": people["adults"],
        "commune_prob": people["commune_prob"].round(6),
        "village_prob": people["village_prob"].round(6),
    } | answers
    raw = pd.DataFrame(
        {
            column: _as_typed(values[name] if name in values else people[name])
            for column, name in questionnaire.headers().items()
        }
    )
    frames = {}
    for district, rows in people.groupby("district").groups.items():
        planted = _plant_imperfections(
            raw.loc[rows].reset_index(drop=True), questionnaire,
            assumptions.stream("imperfections", year, district), assumptions,
        )  # fmt: skip
        frames[str(district)] = add_fieldwork(
            planted, questionnaire, year, str(district), assumptions
        )
    return frames


def _as_typed(values: Any) -> pd.Series:
    """Python values of one column, None for NaN, whole numbers as int."""
    column = pd.Series(values).reset_index(drop=True)
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return pd.Series([None if value is pd.NA else value for value in column.tolist()], dtype=object)


def _plant_imperfections(
    raw: pd.DataFrame, questionnaire: Questionnaire, rng: np.random.Generator,
    assumptions: SampleAssumptions,
) -> pd.DataFrame:  # fmt: skip
    """The faults a field team leaves behind, each in a row of its own, few by the assumed rates."""
    header = {name: column for column, name in questionnaire.headers().items()}
    conditional = questionnaire.questions[questionnaire.questions["asked_if"] != ""]
    chances = assumptions.imperfections.model_dump()
    most = int(chances.pop("largest_share") * len(raw))
    kinds = [kind for kind in sorted(chances) if rng.random() < chances[kind]]
    rng.shuffle(kinds)
    rows = rng.permutation(len(raw))
    for kind, row in zip(kinds[:most], rows, strict=False):
        if kind == "duplicate_id":
            other = rows[-1]
            raw.loc[row, header["respondent_id"]] = raw.loc[other, header["respondent_id"]]
        elif kind == "missing_id":
            raw.loc[row, header["respondent_id"]] = None
        elif kind == "age_outside":
            raw.loc[row, header["age"]] = int(rng.choice(STRANGE_AGES))
        elif kind == "unknown_commune":
            raw.loc[row, header["commune_code"]] = STRANGE_COMMUNE
        elif kind == "unlisted_answer":
            asked = [column for column in questionnaire.questions["column"]
                     if raw.loc[row, column] is not None]  # fmt: skip
            raw.loc[row, str(rng.choice(asked))] = STRANGE_ANSWER
        else:
            skipped = [question for question in conditional.itertuples(index=False)
                       if raw.loc[row, question.column] is None]  # fmt: skip
            if skipped:
                question = skipped[rng.integers(len(skipped))]
                codes = questionnaire.codes(question.answers, "valid")
                raw.loc[row, question.column] = codes[0]
    return raw
