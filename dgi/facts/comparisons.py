"""Which earlier year a year is compared with, and what may be said of a change, as data.
Not here: choosing a base year or a claim for a row (dgi.change), or sentences of figures."""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence
from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts.rows import Key, OptionalInt, Row, Text, check_rows, check_unique, raise_faults

PREVIOUS = "previous"
WHERE = "data/comparisons.csv"
REPAIR = "Correct the cell; data/README.md says what each column means."
CLAIMS_WHERE = "data/labels/claims.csv"
CLAIMS_REPAIR = "Correct the cell; data/labels/README.md says what each column means."


class ComparisonRow(Row):
    """One comparison: with the unit's last whole year, or with one year for all."""

    comparison: Key
    kind: Literal["previous", "fixed"]
    base_year: OptionalInt = None
    max_gap_years: OptionalInt = None
    name_vi: Text
    name_en: Text
    note_vi: Text
    note_en: Text


class ClaimRow(Row):
    """One thing that may be said of a change: when, and in which words."""

    claim: Key
    when_vi: Text
    when_en: Text
    sentence_vi: Text
    sentence_en: Text


def check_comparisons(table: pd.DataFrame, survey_years: Collection[int]) -> list[ComparisonRow]:
    """The comparisons in the file's order. Raises FactError.

    Exactly one is of kind previous and bears that name, because the reports and views that speak
    of the year before look for it; a fixed one names a survey year and no gap.
    """
    rows = check_rows(table, ComparisonRow, WHERE, REPAIR)
    faults = check_unique(rows, ["comparison"], WHERE)
    found = [ComparisonRow.model_validate(record) for record in _records(rows)]
    for number, row in enumerate(found, start=2):
        is_previous = row.kind == PREVIOUS
        wrong = {
            "comparison": (is_previous != (row.comparison == PREVIOUS), row.comparison,
                           "the comparison of kind previous, and no other, is named previous"),
            "max_gap_years": (is_previous != ((row.max_gap_years or 0) >= 1), row.max_gap_years,
                              "kind previous, and no other, has a gap of one year or more"),
            "base_year": (is_previous != (row.base_year is None), row.base_year,
                          "kind fixed, and no other, names its base year"),
        }  # fmt: skip
        if row.base_year is not None and row.base_year not in set(survey_years):
            wrong["base_year"] = (True, row.base_year, "the base year is not in data/surveys.csv")
        faults += [
            Fault(WHERE, rule, REPAIR, row=number, column=column,
                  value="" if value is None else str(value))
            for column, (is_wrong, value, rule) in wrong.items() if is_wrong
        ]  # fmt: skip
    if not any(row.kind == PREVIOUS for row in found):
        faults.append(Fault(WHERE, "no row of kind previous",
                            "Add the row: the reports compare with the year before."))  # fmt: skip
    raise_faults(faults)
    return found


def _records(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as dictionaries in which a blank number is None (a column of them is float)."""
    return [
        {name: None if pd.isna(value) else value for name, value in record.items()}
        for record in rows.to_dict("records")
    ]


def check_claims(
    table: pd.DataFrame, codes: Sequence[str], placeholders: Collection[str]
) -> dict[str, ClaimRow]:
    """The claims by code. `codes`: the closed list that the software chooses from; every one has
    its row, and no other; sentences of both languages use the same `placeholders`, and only
    those. Raises FactError."""
    rows = check_rows(table, ClaimRow, CLAIMS_WHERE, CLAIMS_REPAIR)
    faults = check_unique(rows, ["claim"], CLAIMS_WHERE)
    faults += [
        Fault(CLAIMS_WHERE, f"the claim {code} has no row", "Restore it from version control.")
        for code in codes if code not in set(rows["claim"])
    ]  # fmt: skip
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        if row.claim not in codes:
            faults.append(Fault(CLAIMS_WHERE, "no such claim is ever chosen",
                                f"Use one of {', '.join(codes)}.", row=number, column="claim",
                                value=row.claim))  # fmt: skip
        used = [_placeholders(sentence) for sentence in (row.sentence_vi, row.sentence_en)]
        for column, own in zip(("sentence_vi", "sentence_en"), used, strict=True):
            strange = own - set(placeholders) if own is not None else {"?"}
            if strange:
                faults.append(Fault(CLAIMS_WHERE, "a placeholder that nothing fills",
                                    f"Use {{{'}, {'.join(sorted(placeholders))}}}.", row=number,
                                    column=column,
                                    value=", ".join(sorted(strange))))  # fmt: skip
        if used[0] != used[1]:
            faults.append(Fault(CLAIMS_WHERE, "the two languages give different figures",
                                "Use the same placeholders in both sentences.", row=number,
                                column="sentence_en", value=row.claim))  # fmt: skip
    raise_faults(faults)
    return {row["claim"]: ClaimRow.model_validate(row) for row in rows.to_dict("records")}


def _placeholders(sentence: str) -> set[str] | None:
    """Names in braces; None where the braces do not pair."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
    except ValueError:
        return None
