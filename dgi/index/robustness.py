"""Is the ranking robust: ranks under other defensible choices, and which choice moves them (§10).
Not here: the published scores (scores.py), or rank intervals from sampling alone (ranking.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from SALib.analyze.sobol import first_order, total_order
from SALib.sample import sobol
from scipy import stats

from dgi.facts.indicator_sets import PARENT_LEVEL, IndicatorSet
from dgi.index.ranking import DIGITS, band_codes
from dgi.index.scores import PROVINCE

CHOICES = ("weights", "aggregation", "dimension_left_out", "normalisation")
SAMPLING = "sampling"
POINTS = 1024
SPREAD = 0.25
RESAMPLES = 200
BLOCK = 256  # runs scored together: their tables then stay in the processor's cache
RANK_SHARES = {"median_rank": 0.5, "rank_low": 0.05, "rank_high": 0.95}
DISTRICT_COLUMNS = [
    "district", "published_rank", *RANK_SHARES, "rank_min", "rank_max", "mean_shift",
    "share_in_published_band",
]  # fmt: skip
INDICES = [f"{name}{end}" for name in ("first_order", "total_effect")
           for end in ("", "_low", "_high")]  # fmt: skip
CHOICE_COLUMNS = ["district", "choice", *INDICES]
ALTERNATIVE_COLUMNS = ["choice", "alternative", "district", "published_rank", "rank", "shift"]


@dataclass(frozen=True)
class Robustness:
    """What `assess_ranking` finds, as three tables.

    `districts`: one row per district, its rank over the runs; `choices`: Sobol' indices, one row
    per choice of the mean rank shift (district `province`, with bounds) and of each ranked
    district's own rank; `alternatives`: one row per alternative and ranked district, everything
    else as published.
    """

    districts: pd.DataFrame
    choices: pd.DataFrame
    alternatives: pd.DataFrame


@dataclass(frozen=True)
class Runs:
    """R ways to add up the tree: `weights` by level (R, nodes), zero for a part left out;
    `is_geometric`, `is_observed` (R,); `replicate` (R,), which draw of the means to use."""

    weights: dict[str, np.ndarray]
    is_geometric: np.ndarray
    is_observed: np.ndarray
    replicate: np.ndarray


def read_weights(indicator_set: IndicatorSet) -> dict[str, np.ndarray]:
    """Weights as published: an indicator's own, the width of the scale above it (method §10)."""
    nodes = {level: indicator_set.at(level) for level in PARENT_LEVEL}
    weights = {level: rows["scale_max"] - rows["scale_min"] for level, rows in nodes.items()}
    weights["indicator"] = nodes["indicator"]["weight"]
    return {level: weight.to_numpy(float) for level, weight in weights.items()}


def link_parents(indicator_set: IndicatorSet, level: str) -> np.ndarray:
    """(C, P): 1 where node c of the level lies under node p of the one above (method §10)."""
    parents = indicator_set.at(PARENT_LEVEL[level])["key"].to_numpy()
    return (indicator_set.at(level)["parent"].to_numpy()[:, None] == parents).astype(float)


def normalise_means(means: np.ndarray, indicators: pd.DataFrame, is_observed: bool) -> np.ndarray:
    """Means (R, U, J) on 0..1, good at 1, NaN where missing (method §10).

    Between the set's goalposts or, if `is_observed`, between the lowest and the highest of the
    units; an indicator on which all units are equal is then 0.5.
    """
    sign = indicators["direction"].to_numpy(float)
    low, high = (indicators[name].to_numpy(float) for name in ("scale_min", "scale_max"))
    if is_observed:
        low, high = (pick.reduce(means, axis=1, keepdims=True) for pick in (np.fmin, np.fmax))
    is_flat = high == low
    slope = sign / np.where(is_flat, 1.0, high - low)
    offset = np.where(sign > 0, -low * slope, 1 - low * slope)
    return means * np.where(is_flat, 0.0, slope) + np.where(is_flat, 0.5, offset)


def average(
    values: np.ndarray, weights: np.ndarray, parent: np.ndarray, is_geometric: bool = False
) -> np.ndarray:
    """Weighted mean of the children of each parent: (R, U, P) (method §10).

    `values`: (R or 1, U, C), NaN where missing, then the others carry its weight; `weights`:
    (R, C), any sum; `parent`: (C, P). Raises ValueError for a geometric mean of values not above
    zero. Arithmetic and geometric aggregation of the OECD/JRC Handbook (2008), step 6.
    """
    if is_geometric:
        if (values <= 0).any():
            raise ValueError("a geometric mean needs scores above zero: raise the set's scale_min")
        return np.exp(average(np.log(values), weights, parent))
    present = ~np.isnan(values)
    weights = weights[:, None, :]
    if present.all():
        return (values * weights) @ parent / (weights @ parent)
    return (np.where(present, values, 0.0) * weights) @ parent / ((present * weights) @ parent)


def score_runs(means: np.ndarray, indicator_set: IndicatorSet, runs: Runs) -> np.ndarray:
    """(R, U) totals on the set's scale, rounded to 1e-9, of units that are rankable (method §10).

    `means`: (draws, U, J). Every part is put on its parent's scale and averaged there, which
    with the set's own weights is the published sum; only the total may be a geometric mean.
    """
    width = {level: (nodes["scale_max"] - nodes["scale_min"]).to_numpy(float)
             for level, nodes in indicator_set.tree.groupby("level")}  # fmt: skip
    parent = {level: link_parents(indicator_set, level) for level in PARENT_LEVEL}
    indicators, subs = indicator_set.at("indicator"), indicator_set.at("sub_dimension")
    weight_sum = indicators["weight"].to_numpy(float) @ parent["indicator"]
    lift = parent["sub_dimension"] @ width["dimension"] / width["sub_dimension"]
    base = subs["scale_min"].to_numpy(float)
    totals = np.empty((len(runs.replicate), means.shape[1]))
    for is_observed, is_geometric in product((False, True), repeat=2):
        is_own = (runs.is_observed == is_observed) & (runs.is_geometric == is_geometric)
        for rows in np.split(np.flatnonzero(is_own), range(BLOCK, is_own.sum(), BLOCK)):
            weight = {level: table[rows] for level, table in runs.weights.items()}
            drawn = means if len(means) == 1 else means[runs.replicate[rows]]
            shares = normalise_means(drawn, indicators, is_observed)
            shares = average(shares, weight["indicator"], parent["indicator"]) * weight_sum
            subs_up = (base + width["sub_dimension"] * shares) * lift
            dimensions = average(subs_up, weight["sub_dimension"], parent["sub_dimension"])
            dimensions *= width["total"] / width["dimension"]
            whole = average(dimensions, weight["dimension"], parent["dimension"], is_geometric)
            totals[rows] = whole[:, :, 0]
    return np.round(totals, DIGITS)


def rank_runs(scores: np.ndarray) -> np.ndarray:
    """Ranks (R, U) within each run: 1 for the highest; ties share the better rank (method §10)."""
    return stats.rankdata(-scores, method="min", axis=-1).astype(int)


def measure_shift(ranks: np.ndarray, published: np.ndarray) -> np.ndarray:
    """(R,) mean absolute rank shift, R_S of Saisana et al. (2005), in places (method §10)."""
    return np.abs(ranks - published).mean(axis=-1)


def summarise_ranks(scores: np.ndarray, published: np.ndarray) -> pd.DataFrame:
    """One row per unit: ranks over runs `scores` (R, U), beside `published` (U,) (method §10)."""
    ranks, own = rank_runs(scores), rank_runs(published[None])[0]
    places = {"published_rank": own}
    for name, share in RANK_SHARES.items():
        places[name] = np.quantile(ranks, share, axis=0, method="inverted_cdf")
    places |= {"rank_min": ranks.min(axis=0), "rank_max": ranks.max(axis=0)}
    in_band = (band_codes(scores) == band_codes(published)).mean(axis=0)
    return pd.DataFrame(places, dtype="Int64").assign(
        mean_shift=np.abs(ranks - own).mean(axis=0), share_in_published_band=in_band
    )


def draw_runs(
    indicator_set: IndicatorSet,
    varying: Sequence[str],
    replicates: int,
    points: int,
    spread: float,
    seed: int,
) -> Runs:
    """points * (k + 2) runs of a Sobol' design over k inputs (Saltelli 2010; method §10).

    Weights and draws of the means are one input each: which of the drawn ones to use.
    """
    problem = {"num_vars": len(varying), "names": varying, "bounds": [[0, 1]] * len(varying)}
    design = sobol.sample(problem, points, calc_second_order=False, seed=seed)
    # Zero is the published choice of every input, and where one that does not vary stays.
    at = dict.fromkeys((*CHOICES, SAMPLING), np.zeros(len(design)))
    at.update(zip(varying, design.T, strict=True))
    random = np.random.default_rng(seed)
    weights = {}
    for level, own in read_weights(indicator_set).items():
        drawn = own * random.uniform(1 - spread, 1 + spread, (points, len(own)))
        drawn[0] = own
        weights[level] = drawn[(at["weights"] * points).astype(int)]
    size = weights["dimension"].shape[1]
    left_out = (at["dimension_left_out"] * (size + 1)).astype(int) - 1
    weights["dimension"] = weights["dimension"] * (left_out[:, None] != np.arange(size))
    replicate = (at[SAMPLING] * replicates).astype(int)
    return Runs(weights, at["aggregation"] >= 0.5, at["normalisation"] >= 0.5, replicate)


def estimate_indices(outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First-order indices and total effects of k inputs on M outcomes: (k, ..., M) (method §10).

    `outcomes`: (k + 2, N, ..., M), the runs A, AB_1 .. AB_k, B from N base points. Estimators of
    Saltelli et al. (2010), table 2: (b) for the first order; (f), Jansen's, for the total. (b) is
    not the same for a shifted outcome: centre it first. NaN where nothing varies.
    """
    a, *crossed, b = outcomes
    varies = np.var(np.concatenate([a, b]), axis=0) > np.finfo(float).eps
    if not varies.any():
        nothing = np.full((len(crossed), *varies.shape), np.nan)
        return nothing, nothing
    first = np.array([first_order(a, ab, b) for ab in crossed])
    total = np.array([total_order(a, ab, b) for ab in crossed])
    return np.where(varies, first, np.nan), np.where(varies, total, np.nan)


def bound_indices(outcomes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Sobol' indices of outcomes (k + 2, N, M), centred: (k, M) each, by column (method §10).

    The first outcome has 95% bootstrap bounds too, over base points; the others' are NaN.
    """
    outcomes = outcomes - outcomes.mean(axis=(0, 1))
    size = outcomes.shape[1]
    picks = np.random.default_rng(seed).integers(size, size=(size, RESAMPLES))
    again = estimate_indices(outcomes[:, picks, 0])
    found = {}
    for place, values in enumerate(estimate_indices(outcomes)):
        name = ("first_order", "total_effect")[place]
        found[name] = values
        for end, share in (("low", 0.025), ("high", 0.975)):
            found[f"{name}_{end}"] = np.full(values.shape, np.nan)
            found[f"{name}_{end}"][:, 0] = np.quantile(again[place], share, axis=1)
    return found


def list_alternatives(indicator_set: IndicatorSet) -> tuple[list[tuple[str, str]], Runs]:
    """(choice, alternative) of runs that change one; the first changes nothing (method §10)."""
    keys = list(indicator_set.at("dimension")["key"])
    names = [("", "as_published"), ("weights", "equal"), ("aggregation", "geometric"),
             ("normalisation", "observed_range")]  # fmt: skip
    order = np.arange(len(names) + len(keys))
    weights = {
        level: np.tile(own, (len(order), 1)) for level, own in read_weights(indicator_set).items()
    }
    for table in weights.values():
        table[1] = 1.0
    weights["dimension"][len(names) :] *= 1 - np.eye(len(keys))
    names += [("dimension_left_out", key) for key in keys]
    return names, Runs(weights, order == 2, order == 3, np.zeros(len(order), dtype=int))


def assess_ranking(
    means: np.ndarray,
    indicator_set: IndicatorSet,
    districts: Sequence[str],
    published: np.ndarray,
    replicates: np.ndarray | None = None,
    seed: int = 0,
    points: int = POINTS,
    spread: float = SPREAD,
    varying: Sequence[str] = CHOICES,
) -> Robustness:
    """The published ranking against other defensible ones (method §10).

    `means`: (U, J), NaN where suppressed; `published`: (U,) total scores in points, NaN where
    withheld: such a district has no rank in any run; `replicates`: (draws, U, J) of the means,
    with which sampling error joins the choices; `spread`: half-width of the uniform draw around
    each weight, relative; `points`: a power of two; `varying`: the choices that vary, each of
    whose alternatives is equally likely. With fewer than two totals there is no ranking: nobody
    has a rank, and the other tables are empty. Raises ValueError when the set has one dimension,
    or when means and set do not give the published totals.
    OECD/JRC Handbook (2008), step 7; Saisana, Saltelli and Tarantola (2005).
    """
    ranked = ~np.isnan(published)
    if len(indicator_set.at("dimension")) < 2:
        raise ValueError("the set has one dimension: there is no choice of leaving one out")
    if ranked.sum() < 2:
        nobody = pd.DataFrame({"district": list(districts)}).reindex(columns=DISTRICT_COLUMNS)
        none = [pd.DataFrame(columns=columns) for columns in (CHOICE_COLUMNS, ALTERNATIVE_COLUMNS)]
        return Robustness(nobody, *none)
    draws = table = means[None, ranked]
    names, alternatives = list_alternatives(indicator_set)
    single = score_runs(table, indicator_set, alternatives)
    if not np.allclose(single[0], published[ranked], rtol=0, atol=1e-6):
        raise ValueError("the means and the indicator set do not give the published totals")
    if replicates is not None:
        # A draw in which nobody answered an indicator says nothing new of its mean.
        draws = np.where(np.isnan(replicates[:, ranked]), table, replicates[:, ranked])
        draws = np.where(np.isnan(table), np.nan, draws)
        varying = (*varying, SAMPLING)
    runs = draw_runs(indicator_set, varying, len(draws), points, spread, seed)
    scores = score_runs(draws, indicator_set, runs)
    ranks, own_ranks = rank_runs(scores), rank_runs(single)
    labels = np.asarray(districts, dtype=object)[ranked]
    places = summarise_ranks(scores, single[0]).set_axis(labels).reindex(districts)
    outcomes = np.column_stack([measure_shift(ranks, own_ranks[0]), ranks])
    # The design lists A, AB_1 .. AB_k, B of one base point after those of another.
    by_point = outcomes.reshape(points, len(varying) + 2, -1)
    found = bound_indices(by_point.swapaxes(0, 1), seed)
    index = pd.MultiIndex.from_product([[PROVINCE, *labels], varying], names=["district", "choice"])
    choices = pd.DataFrame({name: each.T.ravel() for name, each in found.items()}, index=index)
    changed = [(*name, label) for name in names[1:] for label in labels]
    others = pd.DataFrame(changed, columns=["choice", "alternative", "district"]).assign(
        published_rank=np.tile(own_ranks[0], len(names) - 1), rank=own_ranks[1:].ravel()
    )
    others["shift"] = others["rank"] - others["published_rank"]
    return Robustness(places.rename_axis("district").reset_index(), choices.reset_index(), others)
