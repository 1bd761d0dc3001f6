"""What may be said of a change, as one code of a closed list (method §8).
Not here: the words of a claim (data/labels/claims.csv), or its figures as printed (dgi.reports)."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from dgi.index.ranking import SIGNIFICANCE

BESIDE = ("boundary_restated", "boundary_apportioned", "spans_years")
CLAIMS = (
    "improved", "declined", "certain_but_small", "large_but_uncertain", "no_clear_change",
    "common_core_changed", "common_core_unclear", "not_tested", "not_comparable", "suppressed",
    "base_missing", "unit_missing", "divided", *BESIDE,
)  # fmt: skip
WITHOUT_CHANGE = {
    "break_in_series": "not_comparable",
    "suppressed_small_n": "suppressed",
    "no_base_year": "base_missing",
    "no_valid_base": "base_missing",
    "unit_absent": "unit_missing",
    "boundary_divided": "divided",
}


class ChangeRow(Protocol):
    """What a claim is chosen from: a row of the table of changes."""

    change: float
    direction: int
    q_value: float
    is_official_change: object
    comparable: bool
    flag: str


def claim_of(row: ChangeRow) -> str:
    """The one claim that a row of changes supports, a code of CLAIMS (method §8).

    Better or worse is said only of what both years measure alike, with q below 0.05 and a change
    that is no less than the official rule's; of everything else it is said why not. Raises
    KeyError for a missing change whose flag gives no reason.
    """
    flags = row.flag.split(";")
    if pd.isna(row.change):
        return next(WITHOUT_CHANGE[flag] for flag in flags if flag not in BESIDE)
    if pd.isna(row.q_value):
        return "not_tested"
    is_certain = bool(row.q_value < SIGNIFICANCE)
    if not row.comparable:
        return "common_core_changed" if is_certain else "common_core_unclear"
    # A change from nothing has no relative size: it is not called small.
    is_small = not pd.isna(row.is_official_change) and not row.is_official_change
    if is_certain:
        if is_small:
            return "certain_but_small"
        return "improved" if row.change * row.direction > 0 else "declined"
    return "no_clear_change" if is_small else "large_but_uncertain"


def remarks_of(row: ChangeRow) -> list[str]:
    """Claims to be made beside the one, for the flags that call for them (method §8)."""
    return [flag for flag in row.flag.split(";") if flag in BESIDE]
