"""Decision 3051/QĐ-UBND as data: what was ordered, and where its text disagrees with itself.
Not here: how a product is made (assets, dgi.reports)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dgi.errors import FactError, Fault


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Clause(_Part):
    """A numbered item of the Decision in both languages."""

    id: str
    vi: str
    en: str
    answers: tuple[str, ...] = ()
    asset: str | None = None


class Ground(_Part):
    """A document the Decision rests on, with the date printed in it."""

    id: str
    number: str | None = None
    date: date
    inconsistency: str | None = None


class Period(_Part):
    printed_months: int
    start: str = Field(pattern=r"^\d{4}-\d{2}$")
    end: str = Field(pattern=r"^\d{4}-\d{2}$")


class BudgetPart(_Part):
    body: str
    amount: int
    vi: str
    en: str


class Budget(_Part):
    total: int
    currency: str
    parts: tuple[BudgetPart, ...]


class Wording(_Part):
    vi: str
    en: str


class Inconsistency(_Part):
    """A place where the text disagrees with itself or with another document."""

    id: str
    printed: Wording
    expected: Wording
    why: Wording
    source: str


class Decision(_Part):
    """The whole Decision; texts are kept as printed, inconsistencies beside them."""

    number: str
    date: date
    title: Wording
    grounds: tuple[Ground, ...]
    objectives: tuple[Clause, ...]
    tasks: tuple[Clause, ...]
    contents: tuple[Clause, ...]
    products: tuple[Clause, ...]
    period: Period
    budget: Budget
    bodies: tuple[Clause, ...]
    inconsistencies: tuple[Inconsistency, ...]

    @classmethod
    def from_document(cls, document: Any, where: str) -> Decision:
        """Check the document. Raises FactError naming each wrong place in it."""
        try:
            decision = cls.model_validate(document)
        except ValidationError as error:
            raise FactError(
                Fault(where, problem["msg"], "Correct the entry as printed in the Decision.",
                      column=".".join(str(part) for part in problem["loc"]))
                for problem in error.errors()
            ) from None  # fmt: skip
        known = {item.id for item in (*decision.tasks, *decision.contents)}
        unknown = sorted({a for item in decision.products for a in item.answers} - known)
        if unknown:
            raise FactError([Fault(where, "a product answers a task or content that is not listed",
                                   "Name a task T… or content C….",
                                   value=", ".join(unknown))])  # fmt: skip
        return decision

    def budget_difference(self) -> int:
        """Printed total minus the sum of its parts, in the budget's currency; 0 when they agree."""
        return self.budget.total - sum(part.amount for part in self.budget.parts)

    def months_counted(self) -> int:
        """Calendar months from the first to the last of the period, both counted."""
        first_year, first_month = (int(part) for part in self.period.start.split("-"))
        last_year, last_month = (int(part) for part in self.period.end.split("-"))
        return (last_year - first_year) * 12 + last_month - first_month + 1

    def grounds_out_of_order(self) -> list[str]:
        """Ids of grounds dated after a ground that carries them out (same inconsistency id)."""
        marked: dict[str, list[Ground]] = {}
        for ground in self.grounds:
            if ground.inconsistency:
                marked.setdefault(ground.inconsistency, []).append(ground)
        late = []
        for pair in marked.values():
            # The Decision names the source first and what carries it out after it.
            late += [earlier.id for earlier, later in pairwise(pair) if earlier.date > later.date]
        return late

    def to_frame(self) -> pd.DataFrame:
        """One row per clause: kind, id, text_vi, text_en, answers, asset, amount."""
        rows: list[dict[str, Any]] = [
            {"kind": kind, "id": item.id, "text_vi": item.vi, "text_en": item.en,
             "answers": ";".join(item.answers), "asset": item.asset or "", "amount": None}
            for kind, items in (("objective", self.objectives), ("task", self.tasks),
                                ("content", self.contents), ("product", self.products),
                                ("body", self.bodies))
            for item in items
        ]  # fmt: skip
        rows += [
            {"kind": "budget", "id": part.body, "text_vi": part.vi, "text_en": part.en,
             "answers": "", "asset": "", "amount": part.amount}
            for part in self.budget.parts
        ]  # fmt: skip
        rows += [
            {"kind": "inconsistency", "id": item.id,
             "text_vi": f"{item.printed.vi} → {item.expected.vi}. {item.why.vi}",
             "text_en": f"{item.printed.en} → {item.expected.en}. {item.why.en}",
             "answers": "", "asset": "", "amount": None}
            for item in self.inconsistencies
        ]  # fmt: skip
        return pd.DataFrame(rows).astype({"amount": "Int64"})
