"""The sample as it was done against the plan and the census: villages, replacements, sex and age.
Not here: the design and its weights (dgi.survey), or what is too far from the plan."""

from __future__ import annotations

import pandas as pd
from scipy.stats import chi2

from dgi.fieldwork.measures import (
    Measured,
    find_delivered,
    list_measured,
    not_taken,
    sort_interviews,
)

LEAST_FOR_A_TEST = 30  # interviews; below it a share says nothing about a district


def measure_village_shortfall(responses: pd.DataFrame, target: int) -> Measured:
    """Share of a village's planned interviews that is lacking: 1 - done / `target`, 0 at least.

    One row per village with an interview (question: '', other: the village). A village with none
    is not in the responses: the district's own shortfall tells of it.
    """
    return _measure_villages(responses, lambda done: (1 - done / target).clip(lower=0))


def measure_village_excess(responses: pd.DataFrame, target: int) -> Measured:
    """Interviews of a village beyond its `target`, as a share of it; 0 at least."""
    return _measure_villages(responses, lambda done: (done / target - 1).clip(lower=0))


def _measure_villages(responses: pd.DataFrame, value) -> Measured:
    if responses.empty:
        return not_taken("no_interviews")
    done = responses.groupby("village_code")["respondent_id"].nunique()
    return list_measured(value(done), other=done.index.astype("str"), done_n=done)


def measure_district_shortfall(responses: pd.DataFrame, planned: int) -> Measured:
    """Share of the district's `planned` interviews that is lacking; 0 at least."""
    if responses.empty:
        return not_taken("no_interviews")
    return list_measured([max(1 - len(responses) / planned, 0.0)], done_n=[len(responses)])


def measure_replacements(responses: pd.DataFrame) -> Measured:
    """Share of interviews with persons who stood in for others, by village and over all.

    One row per village (other: the village) and one for the district (other: '').
    """
    replaced = find_delivered(responses, "is_replacement")
    known = replaced.notna()
    if not known.any():
        return not_taken("no_replacements")
    rows = responses[known].assign(replaced=replaced[known].astype(float))
    villages = rows.groupby("village_code")["replaced"].mean()
    values = [*villages, rows["replaced"].mean()]
    return list_measured(values, other=[*villages.index.astype(str), ""])


def measure_sample_mix(responses: pd.DataFrame, margins: pd.DataFrame) -> Measured:
    """How far the share of a census group is from its share of the population, 0-1.

    `margins`: margin, category ('female 18-29', 'urban'), population of the district. One row per
    group (other: the group). Unweighted, so a design that takes some groups more often shows.
    """
    if len(responses) < LEAST_FOR_A_TEST:
        return not_taken("too_few_interviews")
    if margins["population"].sum() <= 0:
        return not_taken("no_margins")
    found = _shares(responses, margins)
    return list_measured(found["difference"].abs(), other=found["category"])


def measure_mix_doubt(responses: pd.DataFrame, margins: pd.DataFrame) -> Measured:
    """How sure it is that the sexes and ages are not those of the population: 1 - p, 0-1.

    p: chi-square of the counts by sex and age group against the census, as if drawn at random;
    clustered samples differ a little more by chance, so a threshold is set high.
    """
    if len(responses) < LEAST_FOR_A_TEST:
        return not_taken("too_few_interviews")
    if margins.loc[margins["margin"] == "sex_age", "population"].sum() <= 0:
        return not_taken("no_margins")
    found = _shares(responses, margins)
    found = found[(found["margin"] == "sex_age") & (found["expected"] > 0)]
    expected = found["expected"] * len(responses)
    statistic = float(((found["share"] * len(responses) - expected) ** 2 / expected).sum())
    return list_measured([float(chi2.cdf(statistic, len(found) - 1))])


def _shares(responses: pd.DataFrame, margins: pd.DataFrame) -> pd.DataFrame:
    """margin, category, share of the interviews, expected share of the population."""
    rows = sort_interviews(responses)
    groups = {"sex_age": rows["sex"] + " " + rows["age_group"], "area": rows["area"]}
    parts = []
    for margin, own in margins.groupby("margin"):
        counted = groups[str(margin)].value_counts(normalize=True)
        share = own["category"].map(counted).fillna(0.0)
        expected = own["population"] / own["population"].sum()
        parts.append(own.assign(share=share, expected=expected, difference=share - expected))
    return pd.concat(parts, ignore_index=True)
