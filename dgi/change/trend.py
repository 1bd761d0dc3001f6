"""Trends over four years or more: a slope a year for every district and node (method §8).
Not here: change between two years (two_years.py), or the years' own scores (dgi.index)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dgi.change.comparison import adjust_p_values
from dgi.change.panel import SurveyYear, stack_years
from dgi.change.two_years import is_restated
from dgi.index.estimation import (
    linearised_means,
    p_against_zero,
    t_interval,
    weighted_means,
)
from dgi.index.indicators import common_indicators
from dgi.index.ranking import SIGNIFICANCE
from dgi.index.scores import PROVINCE, has_estimate, scoring_rule, without_noise

FEWEST_YEARS = 4
TREND_COLUMNS = [
    "district", "level", "key", "first_year", "last_year", "years_n", "slope", "se", "ci_low",
    "ci_high", "df", "p_value", "q_value", "is_significant", "flag",
]  # fmt: skip


def trend_of_districts(years: Sequence[SurveyYear], expected: Sequence[str]) -> pd.DataFrame:
    """Least-squares slope, points a year, of every district and the province (method §8).

    `years`: in order, the last one being the year whose boundary and indicator set count;
    `expected`: its districts. Every score is restated by the last year's rule over the indicators
    that all years of the trend ask alike. A node takes the most recent years, as many as can be
    compared; with fewer than four it has no slope but the flag 'too_few_years'. The error is the
    linearised one of the slope, which is linear in the scores, with sampling units shared
    between years counted once; it says how sure the slope of these years is, not whether they
    lie on a line. q as for changes.
    """
    nodes = years[-1].indicator_set.tree
    nodes = nodes.loc[nodes["level"] != "indicator", ["level", "key"]].reset_index(drop=True)
    held: dict[tuple[int, ...], list[str]] = {}
    for unit in [*expected, PROVINCE]:
        usable = tuple(
            n
            for n, one in enumerate(years)
            if unit in one.complete or (unit == PROVINCE and set(expected) <= one.complete)
        )
        if usable and usable[-1] == len(years) - 1:
            held.setdefault(usable, []).append(unit)
    found = [pd.DataFrame(columns=[*TREND_COLUMNS])]
    for usable, units in held.items():
        # The longest run of years first: a shorter one serves only what that leaves open.
        for start in range(len(usable) - FEWEST_YEARS + 1):
            run = [years[n] for n in usable[start:]]
            districts = [unit for unit in units if unit != PROVINCE]
            found += [
                _slopes(run, names) for names in (districts, [PROVINCE]) if set(names) & set(units)
            ]
    slopes = pd.concat([table.dropna(subset=["slope"]) for table in found], ignore_index=True)
    slopes = slopes.drop_duplicates(["district", "key"])
    skeleton = pd.DataFrame({"district": [*expected, PROVINCE]}).merge(nodes, how="cross")
    trends = skeleton.merge(slopes, how="left", on=["district", "level", "key"])
    trends["flag"] = trends["flag"].fillna("too_few_years")
    numbers = ["slope", "se", "ci_low", "ci_high", "p_value"]
    trends = trends.astype(dict.fromkeys(numbers, float))
    trends["q_value"] = adjust_p_values(trends)
    significant = trends["q_value"] < SIGNIFICANCE
    trends["is_significant"] = significant.where(trends["q_value"].notna())
    integers = ["first_year", "last_year", "years_n", "df"]
    return trends[TREND_COLUMNS].astype(
        {**dict.fromkeys(integers, "Int64"), "is_significant": "boolean"}
    )


def _slopes(years: Sequence[SurveyYear], districts: Sequence[str]) -> pd.DataFrame:
    """Slopes of `districts` (or the province alone) over exactly these years."""
    last = years[-1]
    keys = list(last.indicator_set.at("indicator")["key"])
    totals = []
    for one in years:
        own = one.totals.select(keys)
        is_province = list(districts) == [PROVINCE]
        totals.append(own.together(PROVINCE) if is_province else own.only(districts))
    shared = np.ones(len(keys), dtype=bool)
    for one in years[:-1]:
        shared &= np.isin(keys, common_indicators(last.indicator_set, one.indicator_set))
    present = shared & np.all([has_estimate(own, last.indicator_set) for own in totals], axis=0)
    rule = scoring_rule(last.indicator_set, present, partial=True)
    time = np.array([one.year for one in years], dtype=float)
    pull = (time - time.mean()) / np.square(time - time.mean()).sum()
    matrices = rule.coefficients.transpose(0, 2, 1)
    means = [weighted_means(own) for own in totals]
    slope = np.tensordot(pull, [rule.apply(mean) for mean in means], axes=1)
    variance, degrees = stack_years(
        totals,
        [
            weight * own.combine(linearised_means(own, mean), matrices)
            for weight, own, mean in zip(pull, totals, means, strict=True)
        ],
    )
    slope = without_noise(slope, rule.nodes)
    se = np.where(rule.is_scored, without_noise(np.sqrt(variance), rule.nodes), np.nan)
    df = np.broadcast_to(degrees[:, None], slope.shape)
    low, high = t_interval(slope, se, df)
    restated = np.any(
        [is_restated(rule, last.indicator_set, one.indicator_set) for one in years[:-1]], axis=0
    )
    names = totals[0].domains
    table = pd.concat([rule.nodes[["level", "key"]]] * len(names), ignore_index=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return table.assign(
            district=np.repeat(np.array(names, dtype=object), len(rule.nodes)),
            first_year=years[0].year, last_year=last.year, years_n=len(years),
            slope=slope.ravel(), se=se.ravel(), ci_low=low.ravel(), ci_high=high.ravel(),
            df=df.ravel(), p_value=p_against_zero(slope, se, df).ravel(),
            flag=np.where(restated, "common_core", "observed").ravel(),
        )  # fmt: skip
