"""Belongs here: regressions of satisfaction and relative weights, equal to R's.
Not here: properties that hold for any survey (tests/unit/index/test_priorities.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.index.importance import fit_regression, measure_importance
from dgi.survey.design import Design

DATA = Path(__file__).parent / "data"
# Relative, against R: what double precision leaves of sums taken in another order.
TOLERANCE = 1e-9
SPEC = pd.read_csv(DATA / "gov2y_spec.csv").set_index("indicator")
TERMS = ["u_q1", "u_q3", "u_q5", "u_b2"]
ITEMS = ["q1", "q2", "q3", "q4", "q5", "b1", "q6", "b2", "q7", "b3", "b4"]


def close(ours, theirs):
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=TOLERANCE, atol=0
    )


@pytest.fixture(scope="module")
def golden():
    table = pd.read_csv(DATA / "importance_r.csv", keep_default_na=False)
    return table.set_index(["figure", "term"])["value"].astype(float)


@pytest.fixture(scope="module")
def rows():
    """Year 2023, every item on 0..100 with 100 the good end."""
    frame = pd.read_csv(DATA / "gov2y.csv").query("year == 2023").reset_index(drop=True)
    for name, item in SPEC.iterrows():
        u = 100 * (frame[name] - item["min"]) / (item["max"] - item["min"])
        frame[f"u_{name}"] = 100 - u if item["direction"] < 0 else u
    return frame


def complete(frame, *columns):
    return frame.dropna(subset=list(columns)).reset_index(drop=True)


def sampled(frame, lonely_psu="fail"):
    """Each respondent's unit, the units' labels, and the design."""
    labels = pd.MultiIndex.from_frame(frame[["district", "stratum", "psu"]])
    unit, units = labels.factorize(sort=True)
    units = units.to_frame(index=False, name=["district", "stratum", "psu"])
    return unit, units, Design.of(units["stratum"], lonely_psu=lonely_psu)


def fitted(frame, outcome, terms, lonely_psu="fail", intercept=True, absorbed=0):
    """All units of `frame` count; rows without a predictor have no weight, as under na.omit."""
    unit, _, design = sampled(frame, lonely_psu)
    known = frame[terms].notna().all(axis=1).to_numpy()
    x = frame[terms].fillna(0.0).to_numpy(float)
    x = np.column_stack([np.ones(len(x)), x]) if intercept else x
    weights = np.where(known, frame["weight"].to_numpy(float), 0.0)
    return fit_regression(frame[outcome].to_numpy(float), x, weights, unit, design, absorbed)


def equals(fit, golden, figure, terms):
    close(fit.coefficients, golden.loc[[(f"{figure}.coefficient", k) for k in terms]])
    close(np.sqrt(np.diag(fit.covariance)), golden.loc[[(f"{figure}.se", k) for k in terms]])
    close(fit.covariance[0, 1], golden[f"{figure}.covariance", " ".join(terms[:2])])
    assert fit.df == golden[f"{figure}.df", ""]


@pytest.mark.parametrize("figure, terms, groups", [
    ("plain", TERMS, ["sex", "age"]), ("dummies", ["u_q1", "u_q3"], ["sex", "age", "district"]),
])  # fmt: skip
def test_coefficients_errors_and_degrees_of_freedom_equal_svyglm(
    rows, golden, figure, terms, groups
):
    columns = pd.get_dummies(rows[groups], prefix_sep="", drop_first=True, dtype=float)
    frame = pd.concat([rows, columns], axis=1)
    terms = [*terms, *columns]
    equals(fitted(frame, "u_q8", terms), golden, figure, ["(Intercept)", *terms])


def test_units_where_nobody_says_how_satisfied_they_are_stay_as_they_do_in_svyglm(rows, golden):
    silent = rows.copy()
    units = pd.unique(silent["psu"])
    silent.loc[silent["psu"].isin(units[[0, 1, 39]]), "u_q8"] = np.nan
    equals(fitted(silent, "u_q8", TERMS), golden, "silent", ["(Intercept)", *TERMS])


def test_taking_out_district_means_equals_district_dummies_in_svyglm(rows, golden):
    frame = complete(rows, "u_q8", *TERMS)
    for column in ("u_q8", *TERMS):
        weighted = (frame[column] * frame["weight"]).groupby(frame["district"]).transform("sum")
        weight = frame.groupby("district")["weight"].transform("sum")
        frame[column] = frame[column] - weighted / weight
    fit = fitted(frame, "u_q8", TERMS, intercept=False, absorbed=14)
    equals(fit, golden, "within", TERMS)


@pytest.mark.parametrize("policy", ["certainty", "adjust", "average"])
def test_a_stratum_with_one_unit_equals_svyglm_under_each_policy(golden, policy):
    toy = pd.read_csv(DATA / "lonely_psu.csv").assign(district="x")
    equals(fitted(toy, "rating", ["share"], policy), golden, policy, ["(Intercept)", "share"])


@pytest.fixture(scope="module")
def measured(rows):
    """Importance of eleven items, under the replicate that doubles every second unit."""
    unit, units, design = sampled(rows)
    factors = np.where(units["psu"].argsort().argsort() % 2 == 0, 2.0, 0.0)[None, :]
    return measure_importance(
        rows["u_q8"].to_numpy(float), rows[[f"u_{item}" for item in ITEMS]].to_numpy(float), ITEMS,
        rows["weight"].to_numpy(float), unit, units["district"].to_numpy(), design, factors,
    )  # fmt: skip


def of_items(golden, figure):
    return golden.loc[[(figure, f"u_{item}") for item in ITEMS]].to_numpy()


def test_relative_weights_equal_those_from_singular_vectors_of_the_data_in_r(measured, golden):
    close(measured["importance"] * measured["r_squared"],
          of_items(golden, "importance.relative_weight"))  # fmt: skip
    close(measured["r_squared"], np.full(len(ITEMS), golden["importance.r_squared", ""]))
    close(of_items(golden, "importance.relative_weight").sum(), golden["importance.r_squared", ""])


def test_a_replicate_equals_r_on_the_reweighted_survey(measured, golden):
    expected = of_items(golden, "half.relative_weight") / golden["half.r_squared", ""]
    close(measured["importance_low"], expected)
    close(measured["importance_high"], expected)


def test_coefficients_of_filled_and_standardised_items_equal_svyglm(measured, golden):
    close(measured["coefficient"], of_items(golden, "importance.coefficient"))
    close(measured["coefficient_se"], of_items(golden, "importance.se"))
    assert (measured["df"] == golden["importance.df", ""]).all()
