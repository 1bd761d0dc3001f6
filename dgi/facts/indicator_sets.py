"""The indicator set: a tree kept as a table, typed and checked (method §3).
Not here: what an answer is worth on it (dgi.index.indicators), or adding it up (scores.py)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.rows import (
    Codes,
    Key,
    OptionalReal,
    Row,
    Text,
    Year,
    check_rows,
    check_unique,
    raise_faults,
)

REPAIR = "Correct the cell; data/indicator_sets/README.md says what each column means."
LEVELS = ("total", "dimension", "sub_dimension", "indicator")
PARENT_LEVEL = {"dimension": "total", "sub_dimension": "dimension", "indicator": "sub_dimension"}


class IndicatorRow(Row):
    """One node of the tree."""

    level: Literal["total", "dimension", "sub_dimension", "indicator"]
    key: Key
    code: Text
    parent: str = ""
    name_vi: Text
    name_en: Text
    direction: Literal["+1", "-1", "1", ""] = ""
    weight: OptionalReal = None
    scale_min: OptionalReal
    scale_max: OptionalReal
    measure: Literal["share", "mean", "count", ""] = ""
    question: str = ""
    good_answers: Codes = ()
    base: str = ""
    dk: Literal["missing", "counts_as_no", ""] = ""
    min_n: OptionalReal = None
    min_share: OptionalReal = None
    source: str = ""


class IndicatorSetRow(Row):
    """One version of an indicator set and the survey years it serves."""

    indicator_set: Text
    kind: Literal["papi", "district"]
    first_year: Year
    last_year: Year
    name_vi: Text
    name_en: Text
    statement_vi: Text
    statement_en: Text
    source: Text


@dataclass(frozen=True)
class IndicatorSet:
    """One version of the tree, typed; `tree` has one row per node in reading order.

    `questionnaire`: what its questions were asked by in one year, where that matters: in what is
    compared between years, since answers on offer may change under an unchanged set.
    """

    name: str
    tree: pd.DataFrame
    questionnaire: Questionnaire | None = None

    @classmethod
    def from_table(cls, name: str, table: pd.DataFrame) -> IndicatorSet:
        """Check and type the tree. Raises FactError with every wrong cell or broken branch."""
        where = f"data/indicator_sets/{name}.csv"
        tree = check_rows(table, IndicatorRow, where, REPAIR)
        tree["direction"] = tree["direction"].map({"-1": -1, "+1": 1, "1": 1, "": 1})
        faults = check_unique(tree, ["key"], where) + check_unique(tree, ["code"], where)
        level_of = dict(zip(tree["key"], tree["level"], strict=True))
        for number, row in enumerate(tree.itertuples(index=False), start=2):
            expected = PARENT_LEVEL.get(row.level)
            if expected is None and row.parent:
                faults.append(Fault(where, "the total has no parent", REPAIR, row=number,
                                    column="parent", value=row.parent))  # fmt: skip
            if expected is not None and level_of.get(row.parent) != expected:
                faults.append(Fault(where, f"the parent of a {row.level} is a {expected}", REPAIR,
                                    row=number, column="parent", value=row.parent))  # fmt: skip
            if not (row.scale_min is not None and row.scale_max is not None
                    and row.scale_min < row.scale_max):  # fmt: skip
                faults.append(Fault(where, "scale_min is below scale_max", REPAIR, row=number,
                                    column="scale_min", value=str(row.scale_min)))  # fmt: skip
            if row.level == "indicator":
                faults += _check_indicator(row, where, number)
        faults += _check_shape(tree, where) + _check_scales(tree, where)
        raise_faults(faults)
        return cls(name, tree)

    def asked_by(self, questionnaire: Questionnaire) -> IndicatorSet:
        """The same set as a year's questionnaire asked it."""
        return replace(self, questionnaire=questionnaire)

    def at(self, level: str) -> pd.DataFrame:
        """Nodes of one level, in reading order."""
        return self.tree[self.tree["level"] == level].reset_index(drop=True)

    def check_against(self, questionnaire: Questionnaire) -> None:
        """Raise FactError when an indicator names a question, answer or base that is not asked."""
        where = f"data/indicator_sets/{self.name}.csv"
        questions = questionnaire.questions.set_index("question")
        faults = []
        for row in self.at("indicator").itertuples(index=False):
            for question in row.question.split(" "):
                if question not in questions.index:
                    faults.append(Fault(where, f"question is not in {questionnaire.name}", REPAIR,
                                        column="question",
                                        value=f"{row.key}: {question}"))  # fmt: skip
                    continue
                asked = questions.loc[question]
                if (asked["asked_if"] or "all") != row.base:
                    faults.append(Fault(where, "the base is not the question's asked_if", REPAIR,
                                        column="base", value=f"{row.key}: {row.base}"))  # fmt: skip
                valid = questionnaire.codes(asked["answers"], "valid")
                if not set(row.good_answers) <= set(valid):
                    faults.append(Fault(where, f"a good answer is not a valid code of {question}",
                                        REPAIR, column="good_answers", value=row.key))  # fmt: skip
                if row.measure == "mean" and (min(valid), max(valid)) != (
                    row.scale_min, row.scale_max):  # fmt: skip
                    faults.append(Fault(where, "the goalposts of a mean are its lowest and highest"
                                        " answer", REPAIR, column="scale_min",
                                        value=row.key))  # fmt: skip
        raise_faults(faults)


def _check_indicator(row, where: str, number: int) -> list[Fault]:
    """Rules that hold inside one indicator row."""
    faults = []

    def fault(column: str, rule: str) -> None:
        value = str(getattr(row, column))
        faults.append(Fault(where, rule, REPAIR, row=number, column=column, value=value))

    for column in ("measure", "question", "base", "dk"):
        if not getattr(row, column):
            fault(column, f"an indicator states its {column}")
    if not (row.weight is not None and row.weight > 0):
        fault("weight", "an indicator's weight is above zero")
    if not (row.min_n is not None and row.min_n >= 1):
        fault("min_n", "min_n is 1 or more")
    if row.measure in ("share", "count") and not row.good_answers:
        fault("good_answers", "a share or count names its good answers")
    if row.measure == "mean" and (row.good_answers or row.dk != "missing"):
        fault("dk", "a mean has no good answers, and a don't-know is missing")
    if row.measure == "share" and (row.scale_min, row.scale_max) != (0, 1):
        fault("scale_max", "a share runs from 0 to 1")
    if row.measure == "count" and row.scale_max != len(row.question.split(" ")):
        fault("scale_max", "a count runs from 0 to its number of questions")
    return faults


def _check_shape(tree: pd.DataFrame, where: str) -> list[Fault]:
    """One total; and, where a set has indicators at all, some under every sub-dimension."""
    faults = []
    if (tree["level"] == "total").sum() != 1:
        faults.append(Fault(where, "the tree has exactly one total", REPAIR, column="level"))
    if not (tree["level"] == "indicator").any():
        return faults
    carried = set(tree.loc[tree["level"] == "indicator", "parent"])
    subs = tree[tree["level"] == "sub_dimension"]
    for key, share in zip(subs["key"], subs["min_share"], strict=True):
        if key not in carried:
            faults.append(Fault(where, "a sub-dimension has indicators", REPAIR, value=key))
        if not 0 < share <= 1:
            faults.append(Fault(where, "min_share is above 0 and at most 1", REPAIR,
                                column="min_share", value=f"{key}: {share}"))  # fmt: skip
    return faults


def _check_scales(tree: pd.DataFrame, where: str) -> list[Fault]:
    """Sub-dimension scales add up to the dimension's, dimensions' to the total's (method §3)."""
    faults = []
    for level in ("total", "dimension"):
        child_level = LEVELS[LEVELS.index(level) + 1]
        children = tree[tree["level"] == child_level].groupby("parent")[["scale_min", "scale_max"]]
        sums = children.sum()
        for row in tree[tree["level"] == level].itertuples(index=False):
            if row.key not in sums.index:
                faults.append(Fault(where, f"the {level} has no {child_level}", REPAIR,
                                    value=row.key))  # fmt: skip
                continue
            for column in ("scale_min", "scale_max"):
                if abs(float(sums.loc[row.key, column]) - getattr(row, column)) > 1e-9:
                    faults.append(Fault(where, f"the {child_level} scales do not add up to it",
                                        REPAIR, column=column, value=row.key))  # fmt: skip
    return faults
