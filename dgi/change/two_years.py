"""Change between two survey years on one boundary and indicator set, with its error (method §8).
Not here: which year a unit is compared with (comparison.py), or published PAPI (dgi.papi)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from dgi.change.panel import degrees_of_freedom, stack_years
from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import (
    linearised_means,
    p_against_zero,
    t_interval,
    weighted_means,
)
from dgi.index.indicators import common_indicators
from dgi.index.scores import (
    OBSERVED,
    SUPPRESSED,
    ScoringRule,
    has_estimate,
    scoring_rule,
    without_noise,
)
from dgi.index.sums import sum_answers
from dgi.index.totals import PsuTotals


def change_of_domains(
    current: PsuTotals, base: PsuTotals, current_set: IndicatorSet, base_set: IndicatorSet
) -> tuple[pd.DataFrame, ScoringRule]:
    """Change of every node and indicator of every domain, and the rule both years went by (§8).

    `current`, `base`: totals with the same domains. The rule is the current set's, over the
    indicators that both versions ask alike and both years could estimate; what is left out makes
    the dimensions and the total a common core (flag 'common_core', comparable False). Indicators
    follow the nodes, in the unit of their answers, their df that of the units where somebody
    answered. Contributions are points of the total: each level's add up to its change exactly.
    """
    keys = list(current_set.at("indicator")["key"])
    shared = np.isin(keys, common_indicators(current_set, base_set))
    aligned = base.select(keys)
    present = has_estimate(current, current_set) & has_estimate(aligned, current_set) & shared
    rule = _with_indicators(scoring_rule(current_set, present, partial=True), current_set, present)
    means, before = weighted_means(current), weighted_means(aligned)
    matrices = rule.coefficients.transpose(0, 2, 1)
    years = [current, aligned]
    z = [linearised_means(current, means), -linearised_means(aligned, before)]
    variance, degrees = stack_years(
        years, [own.combine(part, matrices) for own, part in zip(years, z, strict=True)]
    )
    score, base_score = rule.apply(means), rule.apply(before)
    scored = rule.is_scored
    change = without_noise(score - base_score, rule.nodes)
    se = np.where(scored, without_noise(np.sqrt(variance), rule.nodes), np.nan)
    df = np.broadcast_to(degrees[:, None], change.shape).copy()
    df[:, -len(keys) :] = degrees_of_freedom(years, [own.n > 0 for own in years])
    low, high = t_interval(change, se, df)
    # What is asked alike but was answered by too few is no break of the questionnaire.
    askable = scoring_rule(current_set, shared, partial=True)
    askable = _with_indicators(askable, current_set, shared[None, :])
    flags = np.where(scored, rule.flags, "break_in_series")
    flags = np.where(~scored & askable.is_scored, "suppressed_small_n", flags)
    flags = np.where(is_restated(rule, current_set, base_set) & scored, "common_core", flags)
    indicators = current_set.at("indicator")
    direction = np.ones(len(rule.nodes), dtype=int)
    direction[-len(keys) :] = indicators["direction"].to_numpy(int)
    table = pd.concat([rule.nodes[["level", "key"]]] * len(current.domains), ignore_index=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = change / base_score
        table = table.assign(
            district=np.repeat(np.array(current.domains, dtype=object), len(rule.nodes)),
            direction=np.tile(direction, len(current.domains)),
            base_score=base_score.ravel(),
            score=score.ravel(),
            change=change.ravel(),
            # Nothing is a share of zero: a base of 0 has a change and no relative one.
            relative_change=np.where(np.isfinite(relative), relative, np.nan).ravel(),
            se=se.ravel(),
            ci_low=low.ravel(),
            ci_high=high.ravel(),
            df=df.ravel(),
            p_value=p_against_zero(change, se, df).ravel(),
            contribution=_contributions(rule, change).ravel(),
            comparable=(flags == "observed").ravel(),
            flag=flags.ravel(),
        )
    return table, rule


def _with_indicators(
    rule: ScoringRule, indicator_set: IndicatorSet, present: np.ndarray
) -> ScoringRule:
    """The rule with the indicators themselves as further nodes: each is its own mean."""
    below = indicator_set.at("indicator")
    count, size = len(rule.codes), len(below)
    own = np.broadcast_to(np.eye(size), (count, size, size)) * present[..., None]
    return replace(
        rule,
        nodes=pd.concat([rule.nodes, below], ignore_index=True),
        constants=np.hstack([rule.constants, np.zeros((count, size))]),
        coefficients=np.concatenate([rule.coefficients, own], axis=1),
        codes=np.hstack([rule.codes, np.where(present, OBSERVED, SUPPRESSED)]),
    )


def _contributions(rule: ScoringRule, change: np.ndarray) -> np.ndarray:
    """(D, K) what each node gave to the total's change, in points; NaN for the total itself."""
    total = int(np.flatnonzero(rule.nodes["level"] == "total")[0])
    below = (rule.nodes["level"] == "indicator").to_numpy()
    given = change.copy()
    given[:, below] *= np.where(rule.is_scored[:, [total]], rule.coefficients[:, total], np.nan)
    given[:, total] = np.nan
    return given


def change_beside_the_whole(
    current: PsuTotals, base: PsuTotals, rule: ScoringRule, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Change of some domains less that of all domains together: (D, K) and its error (method §8).

    `current`, `base`: totals of all domains of the whole, indicators in the rule's order; `rule`:
    that of `names`, in their order. The whole is scored by each domain's own rule, so that both
    sides hold the same indicators. It contains the domain: a unit's linearised value is the
    domain's less the whole's, one pass over the units of both years, every covariance counted.
    """
    place = {name: number for number, name in enumerate(names)}
    size = len(rule.nodes)
    stacked, z, moved = [], [], []
    for totals, sign in ((current, 1), (base, -1)):
        whole = totals.together("whole")
        means, mean = weighted_means(totals), weighted_means(whole)
        coefficients = rule.coefficients.transpose(0, 2, 1)  # (D, J, K)
        at = np.array([place.get(name, -1) for name in totals.domains])
        every = np.where((at >= 0)[:, None, None], coefficients[at], 0.0)
        own = totals.combine(linearised_means(totals, means), every)
        less = -np.einsum("cj,djk->cdk", linearised_means(whole, mean), coefficients)
        cell = np.searchsorted(whole.unit, totals.unit)
        inside = at[totals.domain] >= 0
        np.add.at(less, (cell[inside], at[totals.domain[inside]]), own[inside])
        stacked.append(whole)
        z.append(sign * less.reshape(len(less), -1))
        order = [totals.domains.index(name) for name in names]
        gap = np.nan_to_num(means[order] - mean)
        moved.append(sign * np.einsum("dkj,dj->dk", rule.coefficients, gap))
    variance, _ = stack_years(stacked, z)
    net = np.where(rule.is_scored, without_noise(moved[0] + moved[1], rule.nodes), np.nan)
    se = without_noise(np.sqrt(variance[0].reshape(len(names), size)), rule.nodes)
    return net, np.where(rule.is_scored, se, np.nan)


def split_change(
    now_wy: np.ndarray, now_w: np.ndarray, base_wy: np.ndarray, base_w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each mean's change as composition (who was asked) and rate (what they said) (method §8).

    All inputs (..., G, J): sums of weight*y and of weights by group of respondents and indicator.
    Kitagawa's (1955) split: composition = sum_g (p1-p0)(m1+m0)/2, rate = sum_g (p1+p0)/2 (m1-m0)
    with p a group's share and m its mean; they add up to the change of the mean exactly. A group
    that one year lacks is given the other year's mean: its appearing is all composition.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, before = now_wy / now_w, base_wy / base_w
        share = np.nan_to_num(now_w / now_w.sum(axis=-2, keepdims=True))
        base_share = np.nan_to_num(base_w / base_w.sum(axis=-2, keepdims=True))
    mean, before = np.where(now_w > 0, mean, before), np.where(base_w > 0, before, mean)
    mean, before = np.nan_to_num(mean), np.nan_to_num(before)
    composition = ((share - base_share) * (mean + before) / 2).sum(axis=-2)
    rate = ((share + base_share) / 2 * (mean - before)).sum(axis=-2)
    return composition, rate


def sum_by_group(
    values: np.ndarray, weights: np.ndarray, people: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Sums by group of respondents, which the split of a change needs (method §8).

    `values`: (n, J), NaN where missing; `weights`: (n,); `people`: n rows with sex, age_group,
    area and what places them (district, commune_code). One row per place, respondent_group
    ('female 18-29 urban') and key that somebody answered: weighted_sum, weight_sum, n.
    """
    group = people["sex"] + " " + people["age_group"] + " " + people["area"]
    named = people[["district", "commune_code"]].assign(respondent_group=group)
    cell, cells = pd.MultiIndex.from_frame(named).factorize(sort=True)
    sums = sum_answers(values, weights, cell, len(cells))
    table = cells.to_frame(index=False, name=list(named)).loc[
        np.repeat(np.arange(len(cells)), len(keys))
    ]
    table = table.assign(
        key=np.tile(np.array(keys, dtype=object), len(cells)),
        weighted_sum=sums["wy"].ravel(), weight_sum=sums["w"].ravel(), n=sums["n"].ravel(),
    )  # fmt: skip
    return table[table["n"] > 0].reset_index(drop=True)


def split_by_group(
    rule: ScoringRule, domains: Sequence[str], now: pd.DataFrame, base: pd.DataFrame
) -> pd.DataFrame:
    """Composition and rate of every node's change: district, key, composition, rate (method §8).

    `rule`: as `change_of_domains` returns it, over `domains`; `now`, `base`: one row per district
    (on today's boundary), respondent_group and key with weighted_sum, weight_sum.
    """
    groups = sorted(set(now["respondent_group"]) | set(base["respondent_group"]))
    axes = {"district": list(domains), "respondent_group": groups, "key": list(rule.keys)}
    shape = tuple(len(axis) for axis in axes.values())
    sums = []
    for table in (now, base):
        at = [pd.Index(axis).get_indexer(table[name]) for name, axis in axes.items()]
        kept = np.all([place >= 0 for place in at], axis=0)
        for column in ("weighted_sum", "weight_sum"):
            filled = np.zeros(shape)
            np.add.at(filled, tuple(place[kept] for place in at), table[column].to_numpy()[kept])
            sums.append(filled)
    parts = split_change(*sums)
    composition, rate = (np.einsum("dkj,dj->dk", rule.coefficients, part) for part in parts)
    return pd.DataFrame(
        {
            "district": np.repeat(np.array(domains, dtype=object), len(rule.nodes)),
            "key": np.tile(rule.nodes["key"].to_numpy(), len(domains)),
            "composition": np.where(rule.is_scored, composition, np.nan).ravel(),
            "rate": np.where(rule.is_scored, rate, np.nan).ravel(),
        }
    )


def is_restated(rule: ScoringRule, current_set: IndicatorSet, base_set: IndicatorSet) -> np.ndarray:
    """(D, K) whether the base year is measured otherwise than it was published (method §8).

    So it is for a sub-dimension that lost or gained an indicator, or changed a weight or its
    scale, and for every dimension and total above one or short of one.
    """
    nodes = rule.nodes
    scales = base_set.tree.set_index("key")[["scale_min", "scale_max"]]
    before = scales.reindex(nodes["key"]).to_numpy(float)
    moved = ~np.isclose(nodes[["scale_min", "scale_max"]].to_numpy(float), before).all(axis=1)
    weights = [_own_weights(tree, nodes["key"]) for tree in (current_set.tree, base_set.tree)]
    reweighed = np.array([now != then for now, then in zip(*weights, strict=True)])
    restated = (rule.codes != OBSERVED) & rule.is_scored
    restated |= (nodes["level"] == "sub_dimension").to_numpy() & (moved | reweighed)
    for level in ("dimension", "total"):
        for row in nodes.index[nodes["level"] == level]:
            key = nodes.loc[row, "key"]
            children = (nodes["parent"] == key).to_numpy()
            base_children = set(base_set.tree.loc[base_set.tree["parent"] == key, "key"])
            restated[:, row] |= restated[:, children].any(axis=1)
            restated[:, row] |= set(nodes.loc[children, "key"]) != base_children
    return restated


def _own_weights(tree: pd.DataFrame, keys: pd.Series) -> list[dict[str, float]]:
    """For each node, the weight of every indicator directly under it."""
    own = tree[tree["level"] == "indicator"].groupby("parent")
    table = {key: dict(zip(rows["key"], rows["weight"], strict=True)) for key, rows in own}
    return [table.get(key, {}) for key in keys]
