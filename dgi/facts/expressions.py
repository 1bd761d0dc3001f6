"""Conditions of an electronic form (XLSForm's XPath): parsed once, evaluated over all answers.
Not here: which answers a form's conditions find fault with (form_checks.py), or reading a form."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from dgi.facts.xpath_values import (
    EPOCH,
    Value,
    are_equal,
    choose,
    make_number,
    make_text,
    make_truth,
    map_distinct,
    read_answer,
)

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<question>\$\{[^{}]+\} | (?:\.\./)+[\w/-]*\w | /[\w-]+/[\w/-]*\w)
      | (?P<name>[A-Za-z_][\w-]*(?:[.:][\w-]+)*)
      | (?P<sign>!=|<=|>=|[-=<>+*(),.])
      | (?P<strange>\S)
    )""",
    re.VERBOSE,
)
# Java's set operations in a character class, which Python would read as mere characters.
_JAVA_ONLY = re.compile(r"&&|\[\[")
# A repeated group that repeats inside: it may try for ever on a text that does not match.
_ENDLESS = re.compile(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\d*\})")


class NotEvaluableError(ValueError):
    """A condition holds something that is not evaluated here, or not over these answers.

    `piece`: the part of the condition that stops it; `position`: its first character, from 0.
    """

    def __init__(self, piece: str, position: int):
        self.piece, self.position = piece, position
        super().__init__(f"cannot evaluate {piece!r} at character {position + 1}")


@dataclass(frozen=True)
class _Rows:
    frame: pd.DataFrame
    own: str | None
    today: date | None


_Evaluate = Callable[[_Rows], Value]


def _compare(holds: Callable) -> Callable[[Value, Value], Value]:
    return lambda left, right: make_truth(holds(left.numbers(), right.numbers()))


def _calculate(work_out: Callable) -> Callable[[Value, Value], Value]:
    def operate(left: Value, right: Value) -> Value:
        with np.errstate(all="ignore"):  # a division by zero is an infinity, as in XPath
            return make_number(work_out(left.numbers(), right.numbers()))

    return operate


_LEVELS: tuple[dict[str, Callable[[Value, Value], Value]], ...] = (
    {"or": lambda left, right: make_truth(left.truths() | right.truths())},
    {"and": lambda left, right: make_truth(left.truths() & right.truths())},
    {
        "=": lambda left, right: make_truth(are_equal(left, right)),
        "!=": lambda left, right: make_truth(~are_equal(left, right)),
    },
    {
        "<": _compare(operator.lt),
        "<=": _compare(operator.le),
        ">": _compare(operator.gt),
        ">=": _compare(operator.ge),
    },
    {"+": _calculate(np.add), "-": _calculate(np.subtract)},
    {"*": _calculate(np.multiply), "div": _calculate(np.divide), "mod": _calculate(np.fmod)},
)
"""Operators, those that bind least first."""


def _selected(ticked: Value, option: Value) -> Value:
    def is_ticked(answer: str, one: str) -> bool:
        return one.strip() in answer.split()

    return make_truth(map_distinct(is_ticked, bool, ticked.texts(), option.texts()))


def _count_selected(ticked: Value) -> Value:
    return make_number(map_distinct(lambda answer: len(answer.split()), float, ticked.texts()))


_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "not": (1, lambda value: make_truth(~value.truths())),
    "selected": (2, _selected),
    "count-selected": (1, _count_selected),
    "string-length": (1, lambda value: make_number(map_distinct(len, float, value.texts()))),
    "coalesce": (2, lambda one, other: choose(one.texts() != "", one, other)),
    "if": (3, lambda condition, yes, no: choose(condition.truths(), yes, no)),
    "number": (1, lambda value: make_number(value.numbers())),
    "int": (1, lambda value: make_number(np.trunc(value.numbers()))),
    "round": (1, lambda value: make_number(np.floor(value.numbers() + 0.5))),
    "date": (1, lambda value: make_number(value.numbers())),
}
"""Function -> how many arguments it takes, and what it makes of them."""


class _Token(NamedTuple):
    kind: str
    piece: str
    position: int


class _Parser:
    """Recursive descent: every method takes what it reads and returns how to evaluate it."""

    def __init__(self, text: str):
        self.tokens = []
        for match in _TOKEN.finditer(text.rstrip()):
            kind = match.lastgroup or ""
            self.tokens.append(_Token(kind, match[kind], match.start(kind)))
        self.tokens.append(_Token("end", "", len(text.rstrip())))
        self.at = 0
        self.questions: dict[str, None] = {}

    def next(self) -> _Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def take(self, *pieces: str) -> str | None:
        if self.tokens[self.at].piece in pieces:
            return self.next().piece
        return None

    def demand(self, piece: str) -> None:
        if self.take(piece) is None:
            self.refuse(self.tokens[self.at])

    def refuse(self, token: _Token) -> None:
        raise NotEvaluableError(token.piece, token.position)

    def whole(self) -> _Evaluate:
        evaluate = self.chain()
        if self.tokens[self.at].kind != "end":
            self.refuse(self.tokens[self.at])
        return evaluate

    def chain(self, level: int = 0) -> _Evaluate:
        """Operands joined by the operators of one level, worked out from left to right."""
        if level == len(_LEVELS):
            return self.signed()
        first = self.chain(level + 1)
        rest = []
        while sign := self.take(*_LEVELS[level]):
            rest.append((_LEVELS[level][sign], self.chain(level + 1)))

        def evaluate(rows: _Rows) -> Value:
            value = first(rows)
            for operate, operand in rest:
                value = operate(value, operand(rows))
            return value

        return evaluate if rest else first

    def signed(self) -> _Evaluate:
        if self.take("-"):
            operand = self.signed()
            return lambda rows: make_number(-operand(rows).numbers())
        return self.operand()

    def operand(self) -> _Evaluate:
        token = self.next()
        if token.kind == "number":
            return lambda rows: make_number(np.full(len(rows.frame), float(token.piece)))
        if token.kind == "text":
            return lambda rows: make_text(np.full(len(rows.frame), token.piece[1:-1], dtype=object))
        if token.kind == "question":
            return self.question(token)
        if token.piece == ".":
            return lambda rows: _read(rows, rows.own, token)
        if token.piece == "(":
            inner = self.chain()
            self.demand(")")
            return inner
        if token.kind == "name":
            return self.call(token)
        raise NotEvaluableError(token.piece, token.position)

    def question(self, token: _Token) -> _Evaluate:
        name = token.piece.strip("${}").split("/")[-1].strip()
        self.questions[name] = None
        return lambda rows: _read(rows, name, token)

    def call(self, token: _Token) -> _Evaluate:
        name = token.piece
        if not self.take("("):
            self.refuse(token)
        if name == "regex":
            return self.pattern()
        if name == "today":
            self.demand(")")
            return lambda rows: _read_today(rows, token)
        if name in ("true", "false"):
            self.demand(")")
            return lambda rows: make_truth(np.full(len(rows.frame), name == "true"))
        if name not in _FUNCTIONS:
            self.refuse(token)
        count, function = _FUNCTIONS[name]
        arguments = [self.chain()]
        for _ in range(count - 1):
            self.demand(",")
            arguments.append(self.chain())
        self.demand(")")
        return lambda rows: function(*(argument(rows) for argument in arguments))

    def pattern(self) -> _Evaluate:
        """The rest of regex(text, 'pattern'): the whole text must match, as on the tablets."""
        subject = self.chain()
        self.demand(",")
        token = self.next()
        if token.kind != "text" or _JAVA_ONLY.search(token.piece) or _ENDLESS.search(token.piece):
            self.refuse(token)
        try:
            compiled = re.compile(token.piece[1:-1])
        except re.error:
            raise NotEvaluableError(token.piece, token.position) from None
        self.demand(")")

        def matches(text: str) -> bool:
            return compiled.fullmatch(text) is not None

        return lambda rows: make_truth(map_distinct(matches, bool, subject(rows).texts()))


def _read(rows: _Rows, name: str | None, token: _Token) -> Value:
    if name is None or name not in rows.frame:
        raise NotEvaluableError(token.piece, token.position)
    return read_answer(rows.frame[name])


def _read_today(rows: _Rows, token: _Token) -> Value:
    if rows.today is None:
        raise NotEvaluableError("today()", token.position)
    return make_number(np.full(len(rows.frame), float((rows.today - EPOCH.date()).days)))


@dataclass(frozen=True)
class Expression:
    """A parsed condition. `questions`: the names it reads, in order of mention, without `.`."""

    text: str
    questions: tuple[str, ...]
    _evaluate: _Evaluate

    def holds(
        self, frame: pd.DataFrame, own: str | None = None, today: date | None = None
    ) -> np.ndarray:
        """(n,) whether the condition holds in each row of `frame`, which keeps its order.

        `frame`: a column per question: numbers (NaN blank), text (NA or '' blank; options of a
        select-multiple parted by spaces; dates as YYYY-MM-DD) or datetime64. `own`: the column
        that `.` means. `today`: what today() means.

        Blanks as in ODK (XPath 1.0 as JavaRosa does it): a blank is the text ''. So it equals
        '' and another blank, differs (!=) from every number and every other text, and, being
        NaN as a number, is neither less nor more than anything. Text against text is compared
        as text, everything else as numbers: '1' = 1, and 1 in a column of numbers = '1'. Dates
        count as days since 1970-01-01.

        Raises NotEvaluableError where it reads a column that `frame` lacks, `.` without `own`,
        or today() without `today`.
        """
        return self._evaluate(_Rows(frame, own, today)).truths()


def parse(text: str) -> Expression:
    """Parse a `relevant` or `constraint` of an XLSForm.

    Evaluated are ${question} (of ${group/question}, ../question and /form/group/question the
    last part), `.`, numbers, quoted texts, = != < <= > >=, and, or, + - * div mod, brackets, and
    the functions true, false, not, selected, count-selected, string-length, regex (with a quoted
    pattern), coalesce, if, number, int, round, date, today. Everything else raises
    NotEvaluableError: repeats (once, position, index, a filter in [ ]), other tables (instance,
    pulldata), jr: functions.
    Source: XPath 1.0 and the ODK XForms specification, getodk.github.io/xforms-spec.
    """
    parser = _Parser(text)
    try:
        evaluate = parser.whole()
    except RecursionError:
        # Brackets within brackets by the hundred: no form asks that.
        raise NotEvaluableError(text[:20], 0) from None
    return Expression(text, tuple(parser.questions), evaluate)
