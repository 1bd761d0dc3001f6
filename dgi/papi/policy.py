"""Which earlier year a published figure is compared with, as data.
Not here: the comparison itself (diagnosis.py), or that of the district survey."""

from __future__ import annotations

from typing import Literal

import pandas as pd
from pydantic import Field

from dgi.errors import FactError, Fault
from dgi.facts.rows import Key, OptionalInt, Row, Text, check_rows

WHERE = "data/papi/policy.csv"
REPAIR = "Correct the cell; data/papi/README.md says what each column means."


class PolicyRow(Row):
    """The last year in which a part was published, so many years back at most."""

    comparison: Key
    kind: Literal["previous"]
    base_year: OptionalInt = Field(default=None, le=0)
    """Blank: kind previous finds it for each figure."""
    max_gap_years: int = Field(ge=1)
    name_vi: Text
    name_en: Text
    note_vi: Text
    note_en: Text


def check_policy(table: pd.DataFrame) -> PolicyRow:
    """The one policy of published PAPI. Raises FactError when there is none, or more than one."""
    rows = check_rows(table, PolicyRow, WHERE, REPAIR)
    if len(rows) != 1:
        raise FactError([
            Fault(WHERE, f"{len(rows)} comparisons, where a change needs exactly one",
                  "Leave one row: the year that a published figure is compared with.")
        ])  # fmt: skip
    record = rows.iloc[0].to_dict()
    return PolicyRow.model_validate(record | {"base_year": None})
