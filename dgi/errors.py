"""Faults a data engineer can act on: file, sheet, row, column, value, rule, and what to do next.
Not here: the rules themselves; each room raises these about its own data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, where it is, and what to do about it.

    `value` must never be a respondent's answer: faults reach logs and the Dagster UI.
    `rule_vi`, `action_vi`: the same in Vietnamese, for what a field team or an office is told.
    """

    where: str
    rule: str
    action: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    rule_vi: str = ""
    action_vi: str = ""

    def __str__(self) -> str:
        english = self._sentence(self.rule, self.action, ("sheet", "row", "column", "found"))
        if not self.rule_vi:
            return english
        words = ("trang tính", "dòng", "cột", "gặp")
        return f"{self._sentence(self.rule_vi, self.action_vi, words)} / {english}"

    def _sentence(self, rule: str, action: str, words: tuple[str, str, str, str]) -> str:
        parts = (self.sheet, self.row, self.column)
        named = zip(words, parts, strict=False)
        place = [self.where] + [f"{word} {part}" for word, part in named if part is not None]
        shown = "" if self.value is None else f" ({words[3]} {self.value!r})"
        return f"{', '.join(place)}: {rule}{shown}. {action}"


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
