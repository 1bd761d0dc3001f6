"""Faults a data engineer can act on: file, sheet, row, column, value, rule, and what to do next.
Not here: the rules themselves; each room raises these about its own data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, where it is, and what to do about it.

    `value` must never be a respondent's answer: faults reach logs and the Dagster UI.
    """

    where: str
    rule: str
    action: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = [self.where]
        if self.sheet is not None:
            place.append(f"sheet {self.sheet}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        shown = "" if self.value is None else f" (found {self.value!r})"
        return f"{', '.join(place)}: {self.rule}{shown}. {self.action}"


class FaultsFound(ValueError):
    """Raised with every fault found in one pass, so that one repair round is enough."""

    SHOWN = 20

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[: self.SHOWN]]
        if len(self.faults) > self.SHOWN:
            lines.append(f"... and {len(self.faults) - self.SHOWN} more of the same file.")
        super().__init__("\n".join(lines))


class FactError(FaultsFound):
    """A fact file under data/ breaks one of its rules."""


class WorkbookError(FaultsFound):
    """A field workbook cannot be read, or lacks what every row needs."""
