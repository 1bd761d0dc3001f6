"""How much of the variation of an answer lies between interviewers: ICC and F test.
Not here: single interviewers (interviewers.py), or what an effect does to an estimate's error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import f as f_distribution

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.measures import (
    Measured,
    answer_codes,
    list_measured,
    not_taken,
    sort_interviews,
)

# Smaller parts of a sum of squares than this are rounding.
NOTHING = 1e-12


def measure_interviewer_effects(
    responses: pd.DataFrame,
    questionnaire: Questionnaire,
    within: str = "",
    min_answers: int = 30,
    questions: list[str] | None = None,
) -> Measured:
    """Intraclass correlation of a question's valid answers within interviewers.

    `within` "": raw; "commune_code" or another column of areas: net of the areas' means. One row
    per question with `min_answers` valid answers that vary. Adds f, p_value, answers_n,
    interviewers_n. Answers count by their code, so leave out by `questions` those whose list has
    no order.

    What cannot be separated: interviewers are sent to places, not drawn for them. The raw figure
    holds the differences between the places too, and overstates the interviewer. The net figure
    rests only on areas where two or more interviewers worked; what they share there, and any
    interviewer who worked alone in an area and nowhere else, tells nothing. If that is so
    everywhere, it is not taken ("not_separable"). Even the net figure is the interviewer's alone
    only if respondents within an area were allotted to interviewers at random.
    """
    rows = sort_interviews(responses)
    if rows.empty:
        return not_taken("no_interviews")
    if rows["interviewer"].nunique() < 2:
        return not_taken("too_few_interviewers")
    codes = answer_codes(rows, questionnaire)
    valid = np.where(questionnaire.among(codes, "valid"), codes, np.nan)
    values = pd.DataFrame(valid, columns=questionnaire.questions["question"])
    values = values if questions is None else values[questions]
    enough = values.notna().sum() >= min_answers
    if not enough.any():
        return not_taken("too_few_answers")
    areas = rows[within] if within else None
    table = interviewer_effects(values.loc[:, enough], rows["interviewer"], areas)
    table = table[table["icc"].notna()]
    if table.empty:
        return not_taken("not_separable" if within else "no_spread")
    extras = {name: table[name] for name in ("f", "p_value", "answers_n", "interviewers_n")}
    return list_measured(table["icc"], question=table.index, **extras)


def interviewer_effects(
    values: pd.DataFrame, interviewers: pd.Series, areas: pd.Series | None = None
) -> pd.DataFrame:
    """ICC of each column within interviewers, one-way random effects, unequal numbers.

    `values`: floats, NaN where unknown, rows aligned with `interviewers` and `areas`. Index:
    the columns; icc, f (infinite where nothing varies within an interviewer), p_value,
    answers_n, interviewers_n, df_between, df_within.

    Raw (Donner & Koval 1980, Biometrics 36; the estimator of variance components by ANOVA):
    icc = (MSB - MSW) / (MSB + (n0 - 1) MSW), n0 = (N - sum n_i^2 / N) / (k - 1), which can be
    negative. Net of areas, fixed effects (Searle, Casella & McCulloch 1992, ch. 5: Henderson's
    method 3): MSB is the reduction in squares when interviewers are added to areas, by its rank;
    MSW the residual of both; n0 = (N - sum over areas of sum_i n_ai^2 / n_a) / rank. With one
    area the two are the same. NaN where nothing varies, nothing is left over to compare with, or
    interviewers cannot be told from areas.
    """
    known = values.notna().to_numpy()
    who = pd.factorize(interviewers.to_numpy(), sort=True)[0]
    where = np.zeros(len(values), dtype=int)
    if areas is not None:
        where = pd.factorize(areas.to_numpy(), sort=True)[0]
    by_who, by_where = _indicator(who), _indicator(where)
    n_who, n_where = by_who @ known.astype(float), by_where @ known.astype(float)
    # Means of areas taken out, first the whole mean, so that no large squares are subtracted.
    centred = np.where(known, values.to_numpy(float) - _means(values.to_numpy(float), known), 0.0)
    means = (by_where @ centred) / np.maximum(n_where, 1)
    residual = np.where(known, centred - means[where], 0.0)
    total = (residual**2).sum(axis=0)
    sums = by_who @ residual
    if areas is None:
        between, rank, trace = _one_way(sums, n_who)
    else:
        between, rank, trace = _net_of_areas(sums, n_who, known, who, where)
    size = known.sum(axis=0)
    left = size - (n_where > 0).sum(axis=0) - rank
    within = total - between
    within = np.where(within > NOTHING * total, within, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        n0 = trace / rank
        msb, msw = between / rank, within / left
        icc = (msb - msw) / (msb + (n0 - 1) * msw)
        f = msb / msw
        vary = (rank > 0) & (left > 0) & (total > NOTHING * np.maximum(size, 1))
        p_value = f_distribution.sf(f, rank, left)
    return pd.DataFrame(
        {
            "icc": np.where(vary, icc, np.nan),
            "f": np.where(vary, f, np.nan),
            "p_value": np.where(vary, p_value, np.nan),
            "answers_n": size,
            "interviewers_n": (n_who > 0).sum(axis=0),
            "df_between": rank,
            "df_within": left,
        },
        index=values.columns,
    )


def _means(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _indicator(groups: np.ndarray) -> csr_array:
    """(groups, n) of 0 and 1: times a matrix of rows gives sums by group."""
    count = len(groups)
    return csr_array((np.ones(count), (groups, np.arange(count))), shape=(groups.max() + 1, count))


def _one_way(sums: np.ndarray, n_who: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squares between interviewers, their degrees of freedom, and the trace that scales n0."""
    size = n_who.sum(axis=0)
    between = (sums**2 / np.maximum(n_who, 1)).sum(axis=0)
    trace = size - (n_who**2).sum(axis=0) / np.maximum(size, 1)
    return between, np.maximum((n_who > 0).sum(axis=0) - 1, 0), trace


def _net_of_areas(
    sums: np.ndarray, n_who: np.ndarray, known: np.ndarray, who: np.ndarray, where: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same once areas are fitted: the interviewers' normal equations C b = sums.

    C = diag(n_i) - sum over areas of n_ai n_aj / n_a, per question, as answers are missing from
    different interviews. Its rank is the number of interviewers less that of separate nets.
    """
    k, areas_n = len(n_who), int(where.max()) + 1
    cells, cell = np.unique(where * k + who, return_inverse=True)
    in_cell = _indicator(cell) @ known.astype(float)
    area, own = np.divmod(cells, k)
    parts = []
    for question in range(known.shape[1]):
        counts = in_cell[:, question]
        size = np.bincount(area, counts, minlength=areas_n)
        shares = counts / np.maximum(size, 1)[area]
        together = csr_array((counts, (area, own)), shape=(areas_n, k)).T @ csr_array(
            (shares, (area, own)), shape=(areas_n, k)
        )
        gram = np.diag(n_who[:, question]) - together.toarray()
        roots, axes = np.linalg.eigh(gram)
        real = roots > 1e-9 * max(roots.max(), 1)
        along = axes[:, real].T @ sums[:, question]
        parts.append((float((along**2 / roots[real]).sum()), int(real.sum()), np.trace(gram)))
    between, rank, trace = (np.array(part) for part in zip(*parts, strict=True))
    return between, rank, trace
