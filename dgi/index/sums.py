"""The one pass over the answers: weighted sums of every indicator by unit (method §4, §6).
Not here: which units there are and what their sums are kept as (totals.py), or any estimate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

CACHED = 1 << 17  # doubles of a histogram that stays in the cache


@dataclass(frozen=True)
class Answers:
    """Answers as small numbers: `codes` (n, J), -1 where missing, else the place in `levels[j]`,
    the values in ascending order that indicator j takes. int8 codes in column order are fastest."""

    codes: np.ndarray
    levels: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, values: np.ndarray) -> Answers:
        """From values (n, J), NaN where missing."""
        values = np.asarray(values, dtype=float)
        coded = [pd.factorize(values[:, j], sort=True) for j in range(values.shape[1])]
        most = max((len(levels) for _, levels in coded), default=0)
        codes = np.empty(values.shape, dtype=np.int8 if most < 127 else np.int64, order="F")
        for column, (code, _) in enumerate(coded):
            codes[:, column] = code
        return cls(codes, tuple(levels for _, levels in coded))

    def values(self) -> np.ndarray:
        """Back to values (n, J), 0 where missing."""
        columns = [np.append(levels, 0.0)[self.codes[:, j]] for j, levels in enumerate(self.levels)]
        return np.column_stack(columns)


@dataclass(frozen=True)
class Calibration:
    """What weights were calibrated to, so that errors respect it (method §6).

    `x`: (n, P) auxiliary values, such as 0/1 columns of the margins; `base_weights`: (n,) the
    weights before calibration.
    """

    x: np.ndarray
    base_weights: np.ndarray


def sum_answers(
    answers: Answers | np.ndarray,
    weights: np.ndarray,
    cell: np.ndarray,
    count: int,
    calibration: Calibration | None = None,
) -> dict[str, Any]:
    """The six (count, J) sums of PsuTotals; `cell` (n,): the number of each one's cell (method §4).

    A histogram of weights over cell and answer gives sums, squares and counts at once, and no
    (n, J) table of floats is made. Answers of a few columns are packed into one number, so that
    one histogram serves them all, as long as its table stays in the processor's cache.
    """
    answers = answers if isinstance(answers, Answers) else Answers.of(answers)
    weights = np.asarray(weights, dtype=float)
    if not (weights >= 0).all():
        raise ValueError(
            f"{int((~(weights >= 0)).sum())} weights are negative or not a number: correct them "
            "before estimating"
        )
    cell = np.asarray(cell, dtype=np.int64)
    wy, w, wyy, n = (np.empty((count, len(answers.levels))) for _ in range(4))
    known = [np.append(0.0, levels) for levels in answers.levels]  # a missing answer is worth 0
    sizes = [len(levels) for levels in known]
    place = np.empty(len(cell), dtype=np.int64)
    bases: dict[int, np.ndarray] = {}
    for own in _pack_columns(sizes, min(CACHED, len(cell)) // max(count, 1)):
        radix = tuple(sizes[own])
        slots = int(np.prod(radix))
        packed = np.zeros(len(cell), dtype=np.min_scalar_type(-slots))
        for column, size in zip(range(own.start, own.stop), radix, strict=True):
            packed *= size
            packed += answers.codes[:, column]
            packed += 1
        if slots not in bases:
            bases[slots] = cell * slots
        np.add(bases[slots], packed, out=place)
        table = np.bincount(place, weights, count * slots).reshape(count, slots)
        people = np.bincount(place, minlength=count * slots).reshape(count, slots)
        # What each slot means for each of the columns: its value, and whether it is an answer.
        digits = _digits(radix)
        values = np.column_stack([level[digits[:, k]] for k, level in enumerate(known[own])])
        seen = (digits > 0).astype(float)
        parts = table @ np.hstack([values, seen, values**2])
        wy[:, own], w[:, own], wyy[:, own] = np.hsplit(parts, 3)
        n[:, own] = people.astype(float) @ seen
    sums = {"wy": wy, "w": w, "wyy": wyy, "n": n, "ey": wy, "e": w}
    if calibration is not None:
        sums["ey"], sums["e"] = _residual_sums(answers, weights, cell, wy, w, calibration)
    return sums


@lru_cache
def _digits(radix: tuple[int, ...]) -> np.ndarray:
    """(slots, columns) the number of each column in every joint answer."""
    return np.column_stack(np.unravel_index(np.arange(np.prod(radix)), radix))


def _pack_columns(sizes: Sequence[int], room: int) -> Iterator[slice]:
    """Runs of neighbouring columns, each as long as its product of `sizes` stays within `room`."""
    start, slots = 0, 1
    for column, size in enumerate(sizes):
        if column > start and slots * size > room:
            yield slice(start, column)
            start, slots = column, 1
        slots *= size
    if sizes:
        yield slice(start, len(sizes))


def _residual_sums(
    answers: Answers,
    weights: np.ndarray,
    cell: np.ndarray,
    wy: np.ndarray,
    w: np.ndarray,
    calibration: Calibration,
) -> tuple[np.ndarray, np.ndarray]:
    """wy and w less what the calibration variables explain (Deville and Särndal 1992, eq. 3.4).

    A calibrated estimate errs only by the residuals of the regression on x, fitted with the
    weights before calibration and summed with those after it.
    """
    x, base = np.asarray(calibration.x, dtype=float), np.asarray(calibration.base_weights)
    seen = np.hstack([answers.values(), answers.codes >= 0])
    root = np.sqrt(base)[:, None]
    # Least squares and not normal equations: whole margins are collinear, and a variable's
    # scale must not cost half the digits.
    beta = np.linalg.lstsq(root * x, root * seen, rcond=1e-12)[0]
    sums = np.column_stack(
        [np.bincount(cell, weights * x[:, p], len(wy)) for p in range(x.shape[1])]
    )
    explained = sums @ beta
    return wy - explained[:, : wy.shape[1]], w - explained[:, wy.shape[1] :]
