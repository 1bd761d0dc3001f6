"""Belongs here: aggregation, rank shifts and Sobol' indices equal to COINr's and SALib's.
Does not belong here: figures that only our own software has computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from SALib.analyze import sobol as salib
from SALib.sample import sobol as salib_design
from SALib.test_functions import Ishigami

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.robustness import (
    Runs,
    average,
    estimate_indices,
    link_parents,
    measure_shift,
    normalise_means,
    read_weights,
    score_runs,
)

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-9
TREE = pd.read_csv(DATA / "coinr_gov14_tree.csv", keep_default_na=False)
MEANS = pd.read_csv(DATA / "coinr_gov14_means.csv").drop(columns="unit").to_numpy(float)
SCORES = pd.read_csv(DATA / "coinr_gov14_scores.csv")
LEVELS = ("indicator", "sub_dimension", "dimension")
PARTS = {"indicator": ["S1", "S2", "S3", "S4", "S5", "S6"], "sub_dimension": ["A", "B", "C"],
         "dimension": ["TOTAL"]}  # fmt: skip


def close(ours, theirs):
    np.testing.assert_allclose(ours, np.asarray(theirs, float), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.fixture(scope="module")
def indicator_set() -> IndicatorSet:
    """COINr's tree as an indicator set on 0 to 100: a weight is the width of a part's scale."""
    nodes = TREE.set_index("code")
    width = {"TOTAL": 100.0}
    for code in ("A", "B", "C", *PARTS["indicator"]):
        width[code] = width[nodes.loc[code, "parent"]] * nodes.loc[code, "weight"]
    indicator = {"measure": "mean", "base": "all", "dk": "missing", "min_n": "1"}
    rows = []
    for level, number in (("total", 4), ("dimension", 3), ("sub_dimension", 2), ("indicator", 1)):
        for node in TREE[TREE["level"] == number].itertuples():
            row = {"level": level, "key": node.code.lower(), "code": node.code, "name_vi": "x",
                   "name_en": "x", "parent": node.parent.lower(), "weight": str(node.weight),
                   "direction": str(node.direction), "scale_min": "0", "min_share": "0.6",
                   "scale_max": str(width.get(node.code, 100.0))}  # fmt: skip
            rows.append(row | (indicator | {"question": node.code} if number == 1 else {}))
    return IndicatorSet.from_table("gov14", pd.DataFrame(rows).fillna(""))


def theirs(run: str, level: str) -> np.ndarray:
    return SCORES[SCORES["run"] == run][PARTS[level]].to_numpy(float)


@pytest.mark.parametrize(
    ("run", "is_observed", "geometric_levels"),
    [
        ("goalposts_a_amean", False, ()),
        ("goalposts_a_gmean", False, LEVELS),
        ("goalposts_amean_amean_gmean", False, ("dimension",)),
        ("minmax_a_amean", True, ()),
    ],
)
def test_every_level_equals_coinr(indicator_set, run, is_observed, geometric_levels):
    scores = 100 * normalise_means(MEANS[None], indicator_set.at("indicator"), is_observed)
    for level in LEVELS:
        weight = read_weights(indicator_set)[level][None]
        parent = link_parents(indicator_set, level)
        scores = average(scores, weight, parent, level in geometric_levels)
        close(scores[0], theirs(run, level))


def test_totals_of_many_runs_at_once_equal_coinr(indicator_set):
    names = ["minmax_a_amean", "goalposts_amean_amean_gmean", "goalposts_a_amean"]
    weights = {level: np.tile(own, (3, 1)) for level, own in read_weights(indicator_set).items()}
    geometric, observed = np.array([False, True, False]), np.array([True, False, False])
    runs = Runs(weights, geometric, observed, np.zeros(3, dtype=int))
    totals = score_runs(MEANS[None], indicator_set, runs)
    close(totals, [theirs(name, "dimension")[:, 0] for name in names])


def coinr_indices(outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ours as COINr reports them: it does not centre, and its variance divides by 2N - 1."""
    size = 2 * outcomes.shape[1]
    first, total = estimate_indices(outcomes[..., None])
    return first[:, 0] * (size - 1) / size, total[:, 0] * (size - 1) / size


def golden_indices(case: str) -> pd.DataFrame:
    golden = pd.read_csv(DATA / "coinr_indices.csv")
    return golden[golden["case"] == case]


def test_indices_of_the_ishigami_function_equal_coinr():
    runs = pd.read_csv(DATA / "coinr_ishigami.csv")
    first, total = coinr_indices(runs[["a", "ab_1", "ab_2", "ab_3", "b"]].to_numpy().T)
    close(first, golden_indices("ishigami")["first_order"])
    close(total, golden_indices("ishigami")["total_effect"])


def test_indices_of_the_mean_rank_shift_of_600_runs_equal_coinr():
    table = pd.read_csv(DATA / "coinr_asem_ranks.csv").drop(columns="unit")
    published = table.pop("published").to_numpy()
    a, b, *crossed = measure_shift(table.to_numpy().T, published).reshape(6, 100)
    first, total = coinr_indices(np.array([a, *crossed, b]))
    close(first, golden_indices("asem")["first_order"])
    close(total, golden_indices("asem")["total_effect"])


def test_centred_indices_equal_salib_and_come_near_the_exact_ones_of_the_ishigami_function():
    problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[-np.pi, np.pi]] * 3}
    y = Ishigami.evaluate(salib_design.sample(problem, 1024, calc_second_order=False, seed=1))
    other = salib.analyze(problem, y, calc_second_order=False, seed=1)
    first, total = estimate_indices((y - y.mean()).reshape(1024, 5, 1).swapaxes(0, 1))
    close(first[:, 0], other["S1"])
    close(total[:, 0], other["ST"])
    np.testing.assert_allclose(first[:, 0], [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(total[:, 0], [0.5576, 0.4424, 0.2437], atol=0.02)
