"""Respondent weights of a district: stages, census margins, trimming and a report (method §5).
Not here: calibration as such (calibration.py), estimates or their errors (dgi.index)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dgi.facts.surveys import DesignRow
from dgi.survey.calibration import RAKE_TOLERANCE, bound_weights, indicator_columns, rake

MARGINS = ("sex_age", "area")
TRIM_LOW, TRIM_HIGH = 0.2, 5.0  # times the median: the range that method §5 asks to state
TRIM_ROUNDS = 400
AT_BOUND = 1e-6  # relative: how near a bound is at the bound, and not beyond it
LARGEST_GAP = 1e-6  # relative, of any margin's category: more is an error


@dataclass(frozen=True)
class WeightReport:
    """What a data engineer asks of a set of weights."""

    rounds: int  # of raking, over all repetitions
    converged: bool
    largest_gap: float  # largest |achieved / wanted - 1| over the margins' categories
    lower_bound: float  # persons: TRIM_LOW and TRIM_HIGH times the median of the raked weights
    upper_bound: float
    trimmed_n: int  # final weights at a bound, or beyond it where the margins leave no choice
    weights_within_bounds: bool
    kish_design_effect: float
    weight_cv: float
    weight_min: float
    weight_max: float


def stage_weights(probabilities: np.ndarray) -> np.ndarray:
    """Design weights (n,): 1 / product of the stage `probabilities` (n, S) (method §5).

    Raises ValueError for probabilities that are missing or outside (0, 1].
    """
    probabilities = np.asarray(probabilities, dtype=float)
    wrong = ~((probabilities > 0) & (probabilities <= 1))
    if wrong.any():
        raise ValueError(
            f"{wrong.any(axis=1).sum()} rows have a selection probability outside (0, 1]: correct "
            "the columns XacSuatXa and XacSuatThon of the district's workbook"
        )
    return 1 / probabilities.prod(axis=1)


def base_weights(responses: pd.DataFrame) -> np.ndarray:
    """Design weight: `stage_weights`, times adults per interview in the village.

    `responses` needs commune_prob, village_prob, village_adults, village_code. Sharing the
    village's adults over the interviews it kept is the non-response adjustment within the
    last-stage unit (method §5). Returns (n,), persons per respondent.
    """
    kept = responses.groupby("village_code")["village_code"].transform("size").to_numpy(float)
    stages = stage_weights(responses[["commune_prob", "village_prob"]].to_numpy(float))
    return responses["village_adults"].to_numpy(float) / kept * stages


def trim(weights: np.ndarray, low: float = TRIM_LOW, high: float = TRIM_HIGH) -> np.ndarray:
    """Weights (n,) inside `low` and `high` times their median, their sum kept (method §5).

    The excess is shared out by `bound_weights`, which raises ValueError when it does not fit.
    """
    median = np.median(weights)
    return bound_weights(weights, low * median, high * median)


def kish_design_effect(weights: np.ndarray) -> float:
    """n * sum w^2 / (sum w)^2: what unequal weights alone cost (Kish 1965) (method §5)."""
    weights = np.asarray(weights, dtype=float)
    return float(len(weights) * (weights**2).sum() / weights.sum() ** 2)


def count_respondents(respondents: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Respondents, sums of weights and of their squares by PSU: for sample sizes (method §5)."""
    table = respondents[["district", "psu"]].assign(w=weights, ww=np.square(weights))
    return table.groupby(["district", "psu"], as_index=False).agg(
        respondents_n=("w", "size"),
        unit_weight_sum=("w", "sum"),
        unit_weight_square_sum=("ww", "sum"),
    )


def sample_sizes(totals: pd.DataFrame) -> pd.DataFrame:
    """One row per district: n (respondents), n_effective (Kish: w^2 / ww), w (sum of weights),
    ww (sum of squared weights), is_sample (method §5).

    `totals`: long PSU totals with the columns of `count_respondents`.
    """
    units = totals.drop_duplicates(["district", "psu"]).groupby("district")
    table = units.agg(
        n=("respondents_n", "sum"),
        w=("unit_weight_sum", "sum"),
        ww=("unit_weight_square_sum", "sum"),
        is_sample=("is_sample", "any"),
    ).reset_index()
    table["n_effective"] = table["w"] ** 2 / table["ww"]
    return table[["district", "n", "n_effective", "w", "ww", "is_sample"]]


def margin_codes(
    responses: pd.DataFrame, margins: pd.DataFrame
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A category number (n,) per respondent and the population of each, for every margin.

    `margins`: the district's rows of `district_margins`. A sex-age cell nobody was interviewed
    in is joined to the same sex's nearest age group (method §5). Raises ValueError for interviews
    in a category that the census leaves empty.
    """
    categories = {
        "sex_age": (responses["sex"] + " " + responses["age_group"]).to_numpy(str),
        "area": responses["area"].to_numpy(str),
    }
    codes, targets = [], []
    for name in MARGINS:
        wanted = margins[margins["margin"] == name].set_index("category")["population"]
        wanted = _join_empty_cells(wanted, set(categories[name]))
        codes.append(wanted.index.get_indexer(categories[name]))
        unknown = sorted(set(categories[name][codes[-1] < 0]))
        if unknown:
            raise ValueError(
                f"the census margin {name} has nobody in {', '.join(unknown)}, but interviews "
                "were taken there: correct data/census or the workbook's area and sex columns"
            )
        targets.append(wanted.to_numpy(float))
    return codes, targets


def weigh_district(
    responses: pd.DataFrame, margins: pd.DataFrame
) -> tuple[pd.DataFrame, WeightReport]:
    """Weights of one district's respondents, raked to its margins and trimmed (method §5).

    Raking and trimming alternate until both hold. Where they cannot, the margins do, and the
    report says that the bounds do not. Returns one row per respondent (respondent_id,
    base_weight, weight) and the report. Raises ValueError when raking misses the margins.
    """
    base = base_weights(responses)
    codes, targets = margin_codes(responses, margins)
    weights, rounds, gap = rake(base, codes, targets)
    lower, upper = TRIM_LOW * np.median(weights), TRIM_HIGH * np.median(weights)
    for _ in range(TRIM_ROUNDS if lower <= weights.mean() <= upper else 0):
        if not _outside(weights, lower, upper, AT_BOUND).any():
            break
        weights, more, gap = rake(bound_weights(weights, lower, upper), codes, targets)
        rounds += more
    if gap > LARGEST_GAP:
        raise ValueError(
            f"raking did not reach the census margins (off by {gap:.1%} after {rounds} rounds): "
            "the margins in data/census disagree with one another or with who was interviewed"
        )
    report = WeightReport(
        rounds=rounds,
        converged=gap < RAKE_TOLERANCE,
        largest_gap=gap,
        lower_bound=float(lower),
        upper_bound=float(upper),
        trimmed_n=int(_outside(weights, lower, upper, -AT_BOUND).sum()),
        weights_within_bounds=not _outside(weights, lower, upper, AT_BOUND).any(),
        kish_design_effect=kish_design_effect(weights),
        weight_cv=float(weights.std() / weights.mean()),
        weight_min=float(weights.min()),
        weight_max=float(weights.max()),
    )
    table = responses[["respondent_id"]].reset_index(drop=True)
    return table.assign(base_weight=base, weight=weights), report


def weigh_respondents(
    responses: pd.DataFrame, margins: pd.DataFrame, design: DesignRow
) -> tuple[pd.DataFrame, WeightReport | None]:
    """Weights as the design says: computed (`weigh_district`), or as delivered (method §5).

    Delivered weights are used as they are, base_weight equal to weight, without a report. Raises
    ValueError for one that is missing or not above zero.
    """
    if design.weights == "computed":
        return weigh_district(responses, margins)
    delivered = responses[design.weight].to_numpy(float, na_value=np.nan)
    if not (delivered > 0).all():
        raise ValueError(
            f"{int((~(delivered > 0)).sum())} delivered weights are missing or not above zero: "
            f"correct the column {design.weight} of the district's workbook"
        )
    table = responses[["respondent_id"]].reset_index(drop=True)
    return table.assign(base_weight=delivered, weight=delivered), None


def calibration_columns(
    responses: pd.DataFrame, margins: pd.DataFrame, design: DesignRow
) -> np.ndarray | None:
    """(n, P) what `weigh_respondents` calibrated to, None where it did not (method §5)."""
    if design.weights == "delivered":
        return None
    codes, targets = margin_codes(responses, margins)
    return indicator_columns(codes, [len(target) for target in targets])


def _outside(weights: np.ndarray, lower: float, upper: float, slack: float) -> np.ndarray:
    """True (n,) where a weight is beyond a bound by more than `slack`, relative."""
    return (weights < lower * (1 - slack)) | (weights > upper * (1 + slack))


def _join_empty_cells(wanted: pd.Series, observed: set[str]) -> pd.Series:
    """Give the population of a category nobody answered in to the next one of the same kind."""
    labels = [str(label) for label in wanted.index]
    joined = {label: float(value) for label, value in zip(labels, wanted, strict=True)}
    for number, label in enumerate(labels):
        if label in observed or joined[label] == 0:
            continue
        group = label.split(" ")[0]
        near = [
            other
            for other in sorted(labels, key=lambda x: abs(labels.index(x) - number))
            if other in observed and other.split(" ")[0] == group
        ]
        if near:  # else it stays, and raking refuses it: nobody speaks for those people
            joined[near[0]] += joined[label]
            joined[label] = 0.0
    kept = {label: value for label, value in joined.items() if value > 0}
    return pd.Series(kept, dtype=float)
