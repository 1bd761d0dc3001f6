"""What a simulated survey assumes, checked on load, and the random streams its seed opens.
Not here: the figures themselves (data/sample), or anything that is made from them."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dgi.errors import FactError, Fault
from dgi.facts.rows import Codes, Key, Row, check_rows, check_unique, raise_faults

Part = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Spread = Annotated[float, Field(ge=0)]
Sex = Literal["male", "female"]
AgeGroup = Literal["18-29", "30-44", "45-59", "60-70"]
EverySex, EveryAge = Field(min_length=2), Field(min_length=4)  # every key must be there


class _Assumed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Design(_Assumed):
    communes_per_district: Annotated[int, Field(ge=2)]
    villages_per_commune: Annotated[int, Field(ge=2)]
    rotation: Part


class _Villages(_Assumed):
    mean_adults: Positive
    at_least: Annotated[int, Field(ge=2)]
    smallest: Annotated[int, Field(ge=1)]
    spread: Spread


class _Interviewers(_Assumed):
    teams: Annotated[int, Field(ge=1)]
    per_team: Annotated[int, Field(ge=1)]
    per_day: Annotated[int, Field(ge=1)]


class _Response(_Assumed):
    sex: Annotated[dict[Sex, Positive], EverySex]
    age: Annotated[dict[AgeGroup, Positive], EveryAge]


class _Districts(_Assumed):
    boundary: date
    spread: Spread
    common: Part
    movement: Spread
    persistence: Annotated[float, Field(ge=0, lt=1)]
    filters: Part


class _Indicators(_Assumed):
    spread: Spread
    items: Spread


class _People(_Assumed):
    village: Part
    village_common: Part
    village_persistence: Part
    interviewer: Part
    general: Part
    sub_dimension: Part
    items: Part
    sex: Annotated[dict[Sex, float], EverySex]
    age: Annotated[dict[AgeGroup, float], EveryAge]


class _Missing(_Assumed):
    knowledge: Part
    filter: Part
    other: Part
    refused: Part


class _Satisfaction(_Assumed):
    explained: Part
    importance: Spread


class _Imperfections(_Assumed):
    largest_share: Part
    duplicate_id: Part
    missing_id: Part
    age_outside: Part
    unknown_commune: Part
    unlisted_answer: Part
    answer_despite_skip: Part


class _Fieldwork(_Assumed):
    opening: Annotated[float, Field(gt=0)]
    per_question: Annotated[float, Field(gt=0)]
    spread: Spread
    interviewer_spread: Spread
    second_form: Part
    replaced: Part
    rushing: Part
    night: Part
    old_form: Part
    delivered_twice: Part
    checked_again: Part
    questions_again: Annotated[int, Field(ge=1)]
    differing: Part


class HabitAssumptions(_Assumed):
    """How often interviewers have habits that spoil what they hand in, and how far they go."""

    copying: Part
    copies: Annotated[int, Field(ge=1)]
    changed: Part
    passing_over: Part
    passed_interviews: Annotated[int, Field(ge=1)]
    passed_questions: Part
    rounding: Part


class SampleAssumptions(_Assumed):
    """Every figure the simulation assumes; data/sample/assumptions.yaml says what each means."""

    seed: Annotated[int, Field(ge=0)]
    design: _Design
    villages: _Villages
    interviewers: _Interviewers
    response: _Response
    districts: _Districts
    indicators: _Indicators
    people: _People
    missing: _Missing
    satisfaction: _Satisfaction
    imperfections: _Imperfections
    fieldwork: _Fieldwork
    habits: HabitAssumptions
    deliveries: dict[int, dict[str, Literal["csv", "kobo", "sav"]]]

    @classmethod
    def from_document(cls, document: Any, where: str) -> SampleAssumptions:
        """Check the YAML document. Raises FactError naming each wrong entry by its path."""
        action = "Correct the entry; its comment in the file says what it means."
        try:
            found = cls.model_validate(document)
        except ValidationError as error:
            raise FactError(
                Fault(where, problem["msg"], action, column=".".join(map(str, problem["loc"])))
                for problem in error.errors()
            ) from None
        parts = found.people
        shared = parts.village + parts.interviewer + parts.general + parts.sub_dimension
        if shared + parts.items > 1:
            raise FactError([Fault(where, "the parts of an answer's variance add up to at most 1",
                                   action, column="people")])  # fmt: skip
        return found

    def stream(self, *names: object) -> np.random.Generator:
        """A generator of its own for each named thing, so order and neighbours change nothing."""
        digest = blake2b("/".join(map(str, names)).encode(), digest_size=16).digest()
        return np.random.default_rng([self.seed, *np.frombuffer(digest, dtype="<u4").tolist()])


class FilterRateRow(Row):
    """How often a filter question lets the questions behind it be asked."""

    question: Key
    code: Codes
    rate: Annotated[float, Field(gt=0, lt=1)]


def check_filter_rates(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Type the table of filter rates: question, code (tuple), rate. Raises FactError."""
    rows = check_rows(table, FilterRateRow, where, "Correct the cell; README.md has the columns.")
    raise_faults(check_unique(rows, ["question"], where))
    return rows
