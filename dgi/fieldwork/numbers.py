"""Numbers that stand out: values far from the others, ages that are rounded or moved.
Not here: values outside their declared range, which are set aside before this (responses.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from dgi.fieldwork.measures import Measured, list_interviews, list_measured, not_taken

# Whipple's range: 40 ages of which 8 end in 0 or 5, so that a fifth is what chance gives.
HEAPING_AGES = (23, 62)
HEAPING_SHARE = 0.2
# The ages inside each limit of eligibility, and those next to them. Both bands of a limit hold
# one age ending in 0 and 5 alike, so rounding does not pass for displacement.
EDGES = {18: ((18, 22), (23, 27)), 70: ((66, 70), (61, 65))}


def measure_iqr_distance(
    numbers: pd.Series,
    responses: pd.DataFrame,
    by: str = "",
    log: bool = False,
    min_group: int = 12,
) -> Measured:
    """How many interquartile ranges a number lies beyond the nearer quartile; 0 between them.

    The threshold is the multiplier (Tukey's 1.5). `numbers`: aligned with `responses`, named
    after its column. `by`: a column; each of its groups has its own quartiles. `log`: of the
    logarithm, positive numbers only. Groups with fewer than `min_group` numbers, or whose
    quartiles are equal, are not looked at. Quartiles by linear interpolation.
    """

    def distance(values: pd.Series, groups: np.ndarray) -> pd.Series:
        own = values.groupby(groups)
        low, high = (own.transform("quantile", share) for share in (0.25, 0.75))
        return np.maximum(low - values, values - high).clip(lower=0) / (high - low)

    return _measure_distance(numbers, responses, by, log, min_group, distance)


def measure_sd_distance(
    numbers: pd.Series,
    responses: pd.DataFrame,
    by: str = "",
    log: bool = False,
    min_group: int = 12,
) -> Measured:
    """How many standard deviations (divisor n - 1) a number lies from the mean of its group.

    Arguments as for measure_iqr_distance. Of n numbers none lies further than (n - 1) / sqrt(n),
    so 3 cannot be reached below 11: hence `min_group`.
    """

    def distance(values: pd.Series, groups: np.ndarray) -> pd.Series:
        own = values.groupby(groups)
        return (values - own.transform("mean")).abs() / own.transform("std")

    return _measure_distance(numbers, responses, by, log, min_group, distance)


def measure_age_heaping(responses: pd.DataFrame, by: str = "", min_ages: int = 30) -> Measured:
    """z of the share of ages 23-62 that end in 0 or 5, against a fifth (binomial, signed).

    One row for the district, or per interviewer (`by` "interviewer"), with `min_ages` ages in
    that range. Adds ages_n, share.
    """
    share, ages_n, interviewer, why_not = _heaped_shares(responses, by, min_ages)
    if why_not:
        return not_taken(why_not)
    z = (share - HEAPING_SHARE) / np.sqrt(HEAPING_SHARE * (1 - HEAPING_SHARE) / ages_n)
    return list_measured(z, interviewer=interviewer, ages_n=ages_n, share=share)


def measure_whipple(responses: pd.DataFrame, by: str = "", min_ages: int = 30) -> Measured:
    """Whipple's index of ages 23-62: 100 no heaping, 500 every age ends in 0 or 5. Adds ages_n."""
    share, ages_n, interviewer, why_not = _heaped_shares(responses, by, min_ages)
    if why_not:
        return not_taken(why_not)
    return list_measured(100 * share / HEAPING_SHARE, interviewer=interviewer, ages_n=ages_n)


def measure_age_displacement(responses: pd.DataFrame, by: str = "", min_ages: int = 30) -> Measured:
    """|z| of ages just inside each limit of eligibility against those next to them.

    Ages 18-22 against 23-27 and 66-70 against 61-65, half of each pair expected in either band:
    too few inside the limit were moved out, too many moved in (DHS Methodological Reports 24
    has the habit). Populations are not even over ten years, so this is a sign and no proof.
    One row per limit (question "age", column edge 18 or 70) and group with `min_ages` ages in
    the two bands. Adds edge, inside_n, next_n.
    """
    if responses.empty:
        return not_taken("no_interviews")
    ages, groups = _grouped_ages(responses, by)
    parts = []
    for edge, bands in EDGES.items():
        inside, beside = (ages.between(*band).groupby(groups).sum() for band in bands)
        table = pd.DataFrame({"edge": edge, "inside_n": inside, "next_n": beside})
        parts.append(table[inside + beside >= max(min_ages, 1)])
    table = pd.concat(parts)
    if table.empty:
        return not_taken("too_few_ages")
    z = (table["inside_n"] - table["next_n"]).abs() / np.sqrt(table["inside_n"] + table["next_n"])
    extras = {name: table[name] for name in table}
    return list_measured(z, interviewer=table.index, question="age", **extras)


def _measure_distance(
    numbers: pd.Series,
    responses: pd.DataFrame,
    by: str,
    log: bool,
    min_group: int,
    distance: Callable[[pd.Series, np.ndarray], pd.Series],
) -> Measured:
    values = pd.Series(numbers.to_numpy(float, na_value=np.nan), index=responses.index)
    if log:
        values = np.log(values.where(values > 0))
    values = values.where(np.isfinite(values))
    # Sorted, because sums taken in another order differ in the last digit.
    order = responses["respondent_id"].sort_values().index
    rows, values = responses.loc[order], values[order]
    groups = rows[by].astype("str").fillna("").to_numpy() if by else np.full(len(rows), "")
    enough = values.groupby(groups).transform("count") >= max(min_group, 1)
    given = values.notna() & enough
    if not given.any():
        return not_taken("no_interviews" if rows.empty else "too_few_answers")
    found = distance(values[given], groups[given]).reindex(rows.index)
    spread = np.isfinite(found)  # over a spread of zero the distance is no number
    if not spread.any():
        return not_taken("no_spread")
    return list_interviews(rows, found, given & spread, question=str(numbers.name))


def _grouped_ages(responses: pd.DataFrame, by: str) -> tuple[pd.Series, pd.Series]:
    ages = pd.Series(responses["age"].to_numpy(float, na_value=np.nan), index=responses.index)
    return ages, responses[by] if by else pd.Series("", index=responses.index)


def _heaped_shares(
    responses: pd.DataFrame, by: str, min_ages: int
) -> tuple[pd.Series, pd.Series, pd.Index, str]:
    """Share ending in 0 or 5 and number of the ages in Whipple's range, by group."""
    ages, groups = _grouped_ages(responses, by)
    ages = ages[ages.between(*HEAPING_AGES)]
    own = (ages % 5 == 0).groupby(groups[ages.index])
    ages_n = own.size()
    kept = ages_n >= max(min_ages, 1)
    why_not = "" if kept.any() else "no_interviews" if responses.empty else "too_few_ages"
    return own.mean()[kept], ages_n[kept], ages_n.index[kept], why_not
