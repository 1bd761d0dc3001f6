"""How two editions of a year differ: every value, and the inputs that changed behind it.
Not here: what an edition is made of (edition_content.py), or the words (edition_words.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from dgi.index.ranking import DIGITS

COLUMNS = ["table", "row", "column", "old", "new", "cause"]
LABELS = ("edition", "base_edition")  # they differ by what they are
NAMED = 5  # inputs named in one cell; CHANGES.md names all
UNEXPLAINED = "unexplained: no recorded input of this value changed"


@dataclass(frozen=True)
class Input:
    """One input that is not what it was: `kind` delivered, fact, code or secret; `how` changed,
    new or gone."""

    kind: str
    name: str
    how: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.how})"


def changed_inputs(
    old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]
) -> list[Input]:
    """Inputs of two editions that differ. `old`, `new`: kind -> {name: sha256}."""
    return [
        Input(kind, name, "new" if name not in before else "gone" if name not in after else
              "changed")
        for kind in sorted(new)
        for before, after in [(old.get(kind, {}), new[kind])]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]  # fmt: skip


def compare_tables(
    old: Mapping[str, pd.DataFrame],
    new: Mapping[str, pd.DataFrame],
    keys: Mapping[str, list[str]],
    cause_of: Callable[[str, str], str],
) -> pd.DataFrame:
    """Every value of `new` that is not that of `old`: one row each, with columns COLUMNS.

    Figures are compared, and shown, rounded to nine decimals, the rounding by which ranks are
    given: what differs less differs by the order of additions. Ranks, bands and flags are
    compared as they stand. A row that only one side has gives a line for each value it holds.
    `keys`: key columns of each table, by which rows are matched (in their order where the key is
    not unique); `cause_of(table, district)`: words for what changed behind a row.
    """
    found = []
    for table in sorted({*old, *new}):
        columns = keys.get(table, [])
        before, after = _cells(old.get(table), columns), _cells(new.get(table), columns)
        both = pd.concat([before, after], axis=1, keys=["old", "new"]).fillna("")
        both = both[both["old"] != both["new"]]
        for (row, district, column), values in both.sort_index().iterrows():
            cause = cause_of(table, district)
            found.append((table, row, column, values["old"], values["new"], cause))
    return pd.DataFrame(found, columns=COLUMNS, dtype="str")


def _cells(frame: pd.DataFrame | None, keys: Iterable[str]) -> pd.Series:
    """Values as text by (row, district, column): row is its key in words."""
    if frame is None or frame.empty:
        index = pd.MultiIndex.from_arrays([[], [], []], names=["row", "district", "column"])
        return pd.Series([], index=index, dtype="str")
    text = pd.DataFrame({name: _text(frame[name]) for name in frame.columns}).reset_index(drop=True)
    named = [key for key in keys if key in text.columns and key != "survey_year"]
    row = pd.Series("", index=text.index, dtype="str")
    for key in named:
        row = row + (f"; {key}=" if key != named[0] else f"{key}=") + text[key]
    number = row.groupby(row).cumcount()
    row = row.where(number == 0, row + "; #" + (number + 1).astype("str"))
    district = text["district"] if "district" in text.columns else ""
    values = text.drop(columns=[*named, *(name for name in LABELS if name in text.columns)])
    values = values.assign(row=row, district=district) if "district" not in values else (
        values.assign(row=row)
    )  # fmt: skip
    cells = values.melt(["row", "district"], var_name="column", value_name="value")
    return cells[cells["value"] != ""].set_index(["row", "district", "column"])["value"]


def _text(column: pd.Series) -> pd.Series:
    """A column as text; '' where there is no value; figures rounded to nine decimals."""
    if pd.api.types.is_float_dtype(column.dtype):
        # Adding zero makes -0.0 plain 0.0.
        rounded = column.astype("float64").round(DIGITS) + 0.0
        return rounded.map(repr).where(column.notna(), "").astype("str")
    return column.astype("object").map(str).where(column.notna(), "").astype("str")


def in_words(inputs: Iterable[Input]) -> str:
    """Inputs named in one cell: the first few, and how many more there are."""
    named = [str(one) for one in inputs]
    more = f" +{len(named) - NAMED}: CHANGES.md" if len(named) > NAMED else ""
    return ("; ".join(named[:NAMED]) + more) or UNEXPLAINED
