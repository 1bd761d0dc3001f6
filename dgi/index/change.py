"""Change between two survey years on one boundary and indicator set, with its error (method §8).
Not here: the scores of either year (scores.py), or published PAPI (dgi.papi)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import (
    linearised_means,
    p_against_zero,
    t_interval,
    weighted_means,
)
from dgi.index.indicators import common_indicators
from dgi.index.panel import stack_years
from dgi.index.ranking import SIGNIFICANCE
from dgi.index.scores import (
    OBSERVED,
    PROVINCE,
    ScoringRule,
    has_estimate,
    scoring_rule,
    without_noise,
)
from dgi.index.totals import PsuTotals, sum_answers

OFFICIAL_RULE = 0.05
CHANGE_COLUMNS = [
    "district", "level", "key", "base_score", "score", "change", "relative_change", "se",
    "ci_low", "ci_high", "df", "p_value", "q_value", "is_significant", "is_official_change",
    "contribution", "composition", "rate", "comparable", "flag",
]  # fmt: skip


def change_of_domains(
    current: PsuTotals, base: PsuTotals, current_set: IndicatorSet, base_set: IndicatorSet
) -> tuple[pd.DataFrame, ScoringRule]:
    """Change of every node of every domain, and the rule that both years went by (method §8).

    `current`, `base`: totals with the same domains. The rule is the current set's, over the
    indicators that both versions ask alike and both years could estimate; what is left out makes
    the dimensions and the total a common core (flag 'common_core', comparable False).
    Contributions are the sub-dimensions' own changes in points, so they add up to the change of
    the total exactly.
    """
    keys = list(current_set.at("indicator")["key"])
    shared = np.isin(keys, common_indicators(current_set, base_set))
    aligned = base.select(keys)
    present = has_estimate(current, current_set) & has_estimate(aligned, current_set) & shared
    rule = scoring_rule(current_set, present, partial=True)
    means, before = weighted_means(current), weighted_means(aligned)
    matrices = rule.coefficients.transpose(0, 2, 1)
    variance, degrees = stack_years(
        [current, aligned],
        [
            current.combine(linearised_means(current, means), matrices),
            -aligned.combine(linearised_means(aligned, before), matrices),
        ],
    )
    score, base_score = rule.apply(means), rule.apply(before)
    scored = rule.is_scored
    change = without_noise(score - base_score, rule.nodes)
    se = np.where(scored, without_noise(np.sqrt(variance), rule.nodes), np.nan)
    df = np.broadcast_to(degrees[:, None], change.shape)
    low, high = t_interval(change, se, df)
    # What is asked alike but was answered by too few is no break of the questionnaire.
    askable = scoring_rule(current_set, shared, partial=True).is_scored
    flags = np.where(scored, rule.flags, "break_in_series")
    flags = np.where(~scored & askable, "suppressed_small_n", flags)
    flags = np.where(is_restated(rule, current_set, base_set) & scored, "common_core", flags)
    is_total = (rule.nodes["level"] == "total").to_numpy()
    table = pd.concat([rule.nodes[["level", "key"]]] * len(current.domains), ignore_index=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = table.assign(
            district=np.repeat(np.array(current.domains, dtype=object), len(rule.nodes)),
            base_score=base_score.ravel(),
            score=score.ravel(),
            change=change.ravel(),
            relative_change=(change / base_score).ravel(),
            se=se.ravel(),
            ci_low=low.ravel(),
            ci_high=high.ravel(),
            df=df.ravel(),
            p_value=p_against_zero(change, se, df).ravel(),
            contribution=np.where(is_total, np.nan, change).ravel(),
            comparable=(flags == "observed").ravel(),
            flag=flags.ravel(),
        )
    return table, rule


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


def change_of_districts(
    current: PsuTotals,
    base: PsuTotals,
    current_set: IndicatorSet,
    base_set: IndicatorSet,
    expected: Sequence[str],
    incomplete: Collection[str] = (),
    restated: Collection[str] = (),
    refused: Collection[str] = (),
    apportioned: Collection[str] = (),
    unmeasured: Collection[str] = (),
    groups: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Change of every district and the province (CHANGE_COLUMNS) (method §8).

    Both totals have the districts of today's boundary as domains. `expected`: districts of the
    current year; `incomplete`: those missing in either year or missing a part of their base-year
    area; `restated`: those whose base year was drawn on another boundary (flag
    'boundary_restated'); `apportioned`: those of them that share a commune's answers with another
    unit ('boundary_apportioned'); `refused`: those that part of a divided commune went to, which
    are not compared ('boundary_divided') while the province is; `unmeasured`: those of `restated`
    with too few sampling units for an error ('suppressed_small_n'); `groups`: this and the base
    year's sums by group of respondents (split_by_group), for composition and rate. q values:
    Benjamini-Hochberg over the districts of one level.
    """
    nodes = current_set.tree[current_set.tree["level"] != "indicator"]
    # A unit of today in whose area nobody was asked then has nothing to be compared with; that
    # a survey drawn on another boundary passed it by takes nothing from the province.
    held = set(current.domains) & set(base.domains)
    refused = set(refused) - set(incomplete)
    passed_by = set(restated) - held - refused - set(incomplete)
    incomplete = set(incomplete) | (set(expected) - held - passed_by - refused)
    unmeasured = set(unmeasured) & set(restated) - refused - passed_by - incomplete
    left_out = incomplete | refused | passed_by | unmeasured
    whole = [name for name in expected if name not in left_out]
    pairs = []
    if whole:
        pairs.append((current.only(whole), base.only(whole)))
    if not incomplete:
        pairs.append((current.together(PROVINCE), base.together(PROVINCE)))
    tables = []
    for now, then in pairs:
        table, rule = change_of_domains(now, then, current_set, base_set)
        if groups is not None:
            own = groups
            if now.domains == (PROVINCE,):
                own = tuple(frame.assign(district=PROVINCE) for frame in groups)
            split = split_by_group(rule, now.domains, *own)
            table = table.merge(split, on=["district", "key"], validate="one_to_one")
        tables.append(table)
    tables += [
        _absent_change(nodes, name, why)
        for name, why in [*_reasons(expected, refused, unmeasured), (PROVINCE, "unit_absent")]
        if name in left_out or (name == PROVINCE and incomplete)
    ]
    changes = pd.concat(tables, ignore_index=True)
    for said, concerned in (
        ("boundary_restated", set(restated) - refused - passed_by),
        ("boundary_apportioned", set(apportioned) - refused - passed_by),
    ):
        others = changes["flag"].where(changes["flag"] != "observed", "")
        with_boundary = [";".join(filter(None, (flag, said))) for flag in others]
        moved = changes["district"].isin(concerned)
        changes["flag"] = np.where(moved, with_boundary, changes["flag"])
    changes["q_value"] = adjust_p_values(changes)
    has_change = changes["change"].notna()
    tested = changes["q_value"].notna()
    changes["is_significant"] = (changes["q_value"] < SIGNIFICANCE).where(tested)
    official = changes["relative_change"].abs() >= OFFICIAL_RULE
    changes["is_official_change"] = official.where(has_change)
    return _conform(changes)


def adjust_p_values(table: pd.DataFrame) -> pd.Series:
    """q of each p_value: Benjamini-Hochberg (1995) over the districts of one level, the province
    apart (method §8). `table`: district, level, p_value; NaN stays NaN."""
    q = pd.Series(np.nan, index=table.index)
    family = [table["level"], table["district"] == PROVINCE]
    for _, rows in table.dropna(subset=["p_value"]).groupby(family).groups.items():
        q[rows] = stats.false_discovery_control(table.loc[rows, "p_value"], method="bh")
    return q


def _conform(changes: pd.DataFrame) -> pd.DataFrame:
    """The columns of CHANGE_COLUMNS, gaps where the split was not asked for."""
    return changes.reindex(columns=CHANGE_COLUMNS).astype(
        {"is_significant": "boolean", "is_official_change": "boolean", "df": "Int64",
         "comparable": bool, "composition": float, "rate": float}
    )  # fmt: skip


def _reasons(
    expected: Sequence[str], refused: Collection[str], unmeasured: Collection[str]
) -> list[tuple[str, str]]:
    """Each district with the flag that it has where it is not compared."""
    flags = dict.fromkeys(refused, "boundary_divided")
    flags |= dict.fromkeys(unmeasured, "suppressed_small_n")
    return [(name, flags.get(name, "unit_absent")) for name in expected]


def _absent_change(nodes: pd.DataFrame, district: str, flag: str) -> pd.DataFrame:
    """Rows that say why a change cannot be known, such as a unit missing in one of the years."""
    numbers = ["base_score", "score", "change", "relative_change", "se", "ci_low", "ci_high",
               "df", "p_value", "contribution"]  # fmt: skip
    rows = nodes[["level", "key"]].reset_index(drop=True)
    return rows.assign(
        **dict.fromkeys(numbers, np.nan), comparable=False, flag=flag,
        district=district,
    )  # fmt: skip


def first_year_changes(indicator_set: IndicatorSet, expected: Sequence[str]) -> pd.DataFrame:
    """Rows of a year that has no survey before it: flag 'no_base_year', no figure (method §8)."""
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    rows = [_absent_change(nodes, unit, "no_base_year") for unit in [*expected, PROVINCE]]
    table = pd.concat(rows, ignore_index=True).assign(
        q_value=np.nan, is_significant=pd.NA, is_official_change=pd.NA
    )
    return _conform(table)
