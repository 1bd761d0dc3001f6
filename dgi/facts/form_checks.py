"""Answers against the conditions of their form: not asked yet answered, missing, out of bounds.
Not here: how a condition is parsed and evaluated (expressions.py), or reading a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from dgi.facts.expressions import NotEvaluableError, parse
from dgi.facts.questionnaire import Questionnaire, parse_condition

RULE_COLUMNS = ["question", "relevant", "constraint", "required"]
PARTS = ("relevant", "constraint", "required")
SPELLING_COLUMNS = ["question", "code", "name"]
VIOLATION_COLUMNS = ["question", "kind", "row"]
NOT_EVALUABLE_COLUMNS = ["question", "part", "expression", "piece", "position"]

ALWAYS = ("yes", "true", "true()")
NEVER = ("", "no", "false", "false()")
"""What `required` may say besides a condition, in any case of letters."""


@dataclass(frozen=True)
class FormRules:
    """The rules of one year's form by the questionnaire's names.

    `rules`: RULE_COLUMNS, text, a row per question in the form's order; `spellings`: question,
    code, name: answers that the form's conditions call otherwise than by their code.
    """

    rules: pd.DataFrame
    spellings: pd.DataFrame

    @classmethod
    def of_questionnaire(cls, questionnaire: Questionnaire) -> FormRules:
        """The rules of a year whose form is made from its questionnaire."""
        return cls(rules_of(questionnaire), pd.DataFrame(columns=SPELLING_COLUMNS))


def check_form(
    rules: pd.DataFrame, answers: pd.DataFrame, today: date | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold all answers against the conditions of their form.

    `rules`: a row per question in the form's order, four columns of text: question (its column
    in `answers`), relevant (its own and that of every group it stands in), constraint, required
    (yes, no or a condition); '' where the form says nothing. `answers`: a row per interview,
    numbers or text, NaN or '' where blank, as `Expression.holds` reads them. `today`: the day
    that today() means.

    An answer to a question that is not relevant counts as blank for all later conditions, as it
    would have been on the tablet. A question whose relevance cannot be evaluated is not judged
    by it: only its constraint is. A constraint judges an answer, never a blank.

    Returns `violations`: question, kind (answered_when_not_relevant, blank_when_required,
    constraint_broken), row (position in `answers`, from 0); and `not_evaluable`: question, part
    (relevant, constraint, required), expression, piece, position (of the piece, from 0); of a
    question without a column in `answers` every part, the piece being the question.
    """
    found: list[pd.DataFrame] = []
    unread: list[tuple[str, str, str, str, int]] = []
    seen = answers.copy()

    def evaluate(rule: dict[str, str], part: str) -> np.ndarray | None:
        try:
            return parse(rule[part]).holds(seen, own=rule["question"], today=today)
        except NotEvaluableError as error:
            unread.append((rule["question"], part, rule[part], error.piece, error.position))
            return None

    def report(question: str, kind: str, broken: np.ndarray) -> None:
        rows = np.flatnonzero(broken)
        if len(rows):
            found.append(pd.DataFrame({"question": question, "kind": kind, "row": rows}))

    for rule in rules[RULE_COLUMNS].to_dict("records"):
        question = rule["question"]
        if question not in answers:
            unread += [
                (question, part, rule[part], question, 0)
                for part in PARTS
                if says_something(rule, part)
            ]
            continue
        everyone = np.ones(len(answers), dtype=bool)
        answered = _is_answered(answers[question])
        relevant = everyone if not rule["relevant"].strip() else evaluate(rule, "relevant")
        if relevant is not None:
            idle = answered & ~relevant
            report(question, "answered_when_not_relevant", idle)
            if idle.any():
                seen[question] = seen[question].mask(idle)
            answered = answered & relevant
        required = _is_required(rule["required"], everyone)
        if required is None:
            required = evaluate(rule, "required")
        if relevant is not None and required is not None:
            report(question, "blank_when_required", relevant & required & ~answered)
        if rule["constraint"].strip():
            kept = evaluate(rule, "constraint")
            if kept is not None:
                report(question, "constraint_broken", answered & ~kept)
    none = pd.DataFrame({"question": [], "kind": [], "row": []})
    violations = pd.concat(found, ignore_index=True) if found else none
    return (
        violations.astype({"question": "str", "kind": "str", "row": "int64"})[VIOLATION_COLUMNS],
        pd.DataFrame(unread, columns=NOT_EVALUABLE_COLUMNS).astype(
            dict.fromkeys(NOT_EVALUABLE_COLUMNS[:-1], "str") | {"position": "int64"}
        ),
    )


def rules_of(questionnaire: Questionnaire) -> pd.DataFrame:
    """The rules of a questionnaire as a form would write them: for `check_form`.

    One row per fixed, coded and carried column, in this order. Fixed columns are required, and
    coded questions wherever they are asked; min, max and pattern become the constraint.
    """
    fixed = pd.concat(
        [questionnaire.fixed, questionnaire.carried], keys=["fixed", "carried"], names=["part"]
    )
    bounds = pd.DataFrame(
        {
            "question": fixed["name"],
            "relevant": "",
            "constraint": [
                _write_constraint(row.min, row.max, row.pattern)
                for row in fixed.itertuples(index=False)
            ],
            "required": np.where(fixed["required"], "yes", ""),
        }
    )
    asked = pd.DataFrame(
        {
            "question": questionnaire.questions["question"],
            "relevant": questionnaire.questions["asked_if"].map(_write_relevant),
            "constraint": "",
            "required": "yes",
        }
    )
    is_carried = bounds.index.get_level_values("part") == "carried"
    return pd.concat([bounds[~is_carried], asked, bounds[is_carried]], ignore_index=True).astype(
        "str"
    )


def says_something(rule: Mapping[str, str], part: str) -> bool:
    """Whether a part of a rule can find fault at all: neither blank nor a plain no."""
    return not _says(rule[part], NEVER if part == "required" else ("",))


def list_parts(rules: pd.DataFrame) -> pd.DataFrame:
    """Rules one by one: question, part, expression, in the form's order; blank parts left out."""
    listed = [
        (rule["question"], part, rule[part])
        for rule in rules[RULE_COLUMNS].to_dict("records")
        for part in PARTS
        if says_something(rule, part)
    ]
    return pd.DataFrame(listed, columns=["question", "part", "expression"], dtype="str")


def _is_answered(column: pd.Series) -> np.ndarray:
    return (column.notna() & (column.astype("str") != "")).to_numpy(bool)


def _says(text: str, words: tuple[str, ...]) -> bool:
    return text.strip().lower() in words


def _is_required(text: str, everyone: np.ndarray) -> np.ndarray | None:
    """Whom a plain yes or no requires to answer; None where the text is a condition."""
    if _says(text, NEVER):
        return ~everyone
    return everyone if _says(text, ALWAYS) else None


def _write_relevant(asked_if: str) -> str:
    condition = parse_condition(asked_if)
    if condition is None:
        return ""
    question, codes = condition
    return " or ".join(f"${{{question}}} = {code}" for code in codes)


def _write_constraint(lowest: float, highest: float, pattern: str) -> str:
    bounds = [
        f". {sign} {np.format_float_positional(bound, trim='-')}"
        for sign, bound in ((">=", lowest), ("<=", highest))
        if not pd.isna(bound)
    ]
    quote = '"' if "'" in pattern else "'"
    matches = [f"regex(., {quote}{pattern}{quote})"] if pattern else []
    return " and ".join(bounds + matches)
