"""Belongs here: calibrated, raked, post-stratified and trimmed weights, equal to R survey's.
Does not belong here: laws that hold without R (tests/unit/survey), or errors of estimates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.survey.calibration import (
    bound_weights,
    calibrate,
    indicator_columns,
    post_stratify,
    rake,
)

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-9  # relative, of every single weight
GOLDEN = pd.read_csv(DATA / "calibration_r.csv")
TYPES = np.array([4421.0, 755, 1018])  # E, H, M
TARGETS = np.array([1072.0, 5122])  # No, Yes
PEOPLE = [np.array([9000.0, 13000, 8000]), np.array([15600.0, 14400]),
          np.array([7500.0, 9000, 7500, 6000])]  # fmt: skip
METHODS = {"linear": ("linear", None), "raking": ("raking", None),
           "truncated": ("linear", (0.6, 1.6)), "logit": ("logit", (0.4, 2.6))}  # fmt: skip


def equals_r(ours, design):
    theirs = GOLDEN.loc[GOLDEN["design"] == design, "weight"].to_numpy()
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=0)


def codes_of(frame, *columns):
    return [pd.factorize(frame[column], sort=True)[0] for column in columns]


@pytest.fixture(scope="module")
def clusters(r_data):
    return r_data("apiclus1")


@pytest.fixture(scope="module")
def lopsided():
    """Three districts of gov2y with their weights cubed: from 0.16 to 1,533 persons."""
    frame = pd.read_csv(DATA / "gov2y.csv").query("year == 2023")
    frame = frame[frame["district"].isin(["D01", "D02", "D03"])]
    base = frame["weight"].to_numpy(float) ** 3
    return base * 30000 / base.sum(), codes_of(frame, "district", "sex", "age")


def test_post_stratified_weights_equal_r(clusters):
    (stype,) = codes_of(clusters, "stype")
    equals_r(post_stratify(clusters["pw"].to_numpy(), stype, TYPES), "clusters_poststratified")


def test_raked_weights_equal_r(clusters, r_data, lopsided):
    codes = codes_of(clusters, "stype", "sch.wide")
    equals_r(rake(clusters["pw"].to_numpy(), codes, [TYPES, TARGETS])[0], "clusters_raked")
    strata = r_data("apistrat")
    targets = [TARGETS, np.array([1711.0, 4483])]
    raked = rake(strata["pw"].to_numpy(), codes_of(strata, "sch.wide", "comp.imp"), targets)
    equals_r(raked[0], "strata_raked")
    equals_r(rake(*lopsided, PEOPLE)[0], "lopsided_raked")


@pytest.mark.parametrize("method", METHODS)
def test_weights_calibrated_to_counts_and_a_quantity_equal_r(clusters, method):
    x = np.column_stack([indicator_columns(codes_of(clusters, "stype"), [3]), clusters["api99"]])
    totals = np.append(TYPES, 3914069.0)
    found = calibrate(clusters["pw"].to_numpy(), x, totals, *METHODS[method])
    equals_r(found.weights, f"clusters_{method}")


@pytest.mark.parametrize("method", METHODS)
def test_lopsided_weights_calibrated_to_three_whole_margins_equal_r(lopsided, method):
    base, codes = lopsided
    x = indicator_columns(codes, [3, 2, 4])  # collinear twice, where R leaves categories out
    distance, bounds = METHODS[method]
    found = calibrate(base, x, np.concatenate(PEOPLE), distance, bounds and (0.5, 2))
    equals_r(found.weights, f"lopsided_{method}")


def test_trimmed_weights_equal_r(clusters, lopsided):
    codes = codes_of(clusters, "stype", "sch.wide")
    raked = rake(clusters["pw"].to_numpy(), codes, [TYPES, TARGETS])[0]
    equals_r(bound_weights(raked, 20, 45), "clusters_trimmed")
    lopsided_raked = rake(*lopsided, PEOPLE)[0]
    equals_r(bound_weights(lopsided_raked, 0, 200), "lopsided_trimmed_above")


def test_a_whole_surveys_raked_weights_equal_r():
    frame = pd.read_csv(DATA / "gov2y.csv").query("year == 2023")
    theirs = pd.read_csv(DATA / "gov2y_raked_weights.csv").set_index("resp_id")["raked_weight"]
    adults = np.linspace(20000, 46000, 14)
    shares = [np.array([0.52, 0.48]), np.array([0.25, 0.30, 0.25, 0.20])]
    targets = [adults, *(share * adults.sum() for share in shares)]
    codes, base = codes_of(frame, "district", "sex", "age"), frame["weight"].to_numpy(float)
    for ours in (
        rake(base, codes, targets)[0],
        calibrate(base, indicator_columns(codes, [14, 2, 4]), np.concatenate(targets), "raking"),
    ):
        ours = getattr(ours, "weights", ours)
        np.testing.assert_allclose(ours, theirs.loc[frame["resp_id"]], rtol=TOLERANCE, atol=0)
