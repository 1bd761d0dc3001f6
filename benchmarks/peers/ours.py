"""The project's own engine on the benchmark's data: two functions that call dgi.index.
Not here: arithmetic; what is timed is what the pipeline runs."""

from __future__ import annotations

import harness
import numpy as np
import survey_data as survey

from dgi.index.estimation import linearised_means, weighted_means
from dgi.index.replicates import draw_bootstrap, replicate_means
from dgi.index.sums import Answers
from dgi.index.totals import PsuTotals, reduce_to_cells
from dgi.survey.design import Design


def prepare(data: survey.Data) -> tuple[survey.Data, Answers, Design]:
    """Answers as the engine takes them, and the design over the sampling units."""
    first = np.unique(data.psu, return_index=True)[1]
    levels = tuple(level[~np.isnan(level)] for level in data.levels)
    return data, Answers(data.codes, levels), Design.of(data.stratum[first])


def reduce(data: survey.Data, answers: Answers, design: Design) -> PsuTotals:
    return reduce_to_cells(answers, data.weights, data.psu, data.district, design, KEYS)


def run(prepared: tuple[survey.Data, Answers, Design]) -> tuple[np.ndarray, np.ndarray]:
    """Means and linearised errors, each (items, districts), from the joint covariances."""
    totals = reduce(*prepared)
    means = weighted_means(totals)
    z = linearised_means(totals, means)
    joint = totals.design.covariances(z, totals.unit, totals.domain)
    return means.T, np.sqrt(np.diagonal(joint, axis1=1, axis2=2)).T


def run_bootstrap(
    prepared: tuple[survey.Data, Answers, Design], replicates: int
) -> tuple[np.ndarray, np.ndarray]:
    """All scores and their bootstrap errors, each (scores, districts)."""
    data = prepared[0]
    totals = reduce(*prepared)
    drawn = draw_bootstrap(totals.design, replicates, np.random.default_rng(survey.SEED))
    scores = replicate_means(totals, drawn.factors) @ data.tree.T
    return (weighted_means(totals) @ data.tree.T + data.offset).T, scores.std(axis=1, ddof=1).T


KEYS = [f"item_{number}" for number in range(survey.ITEMS)]
JOBS = {
    "means": harness.Job(
        prepare=prepare,
        run=lambda prepared, request: run(prepared),
        tidy=lambda raw, request: raw,
    ),
    "bootstrap": harness.Job(
        prepare=prepare,
        run=lambda prepared, request: run_bootstrap(prepared, request.replicates),
        tidy=lambda raw, request: raw,
    ),
}


if __name__ == "__main__":
    harness.measure(JOBS, None)
