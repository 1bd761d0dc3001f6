"""Belongs here: Fay-Herriot fits and district tables of invented scores, equal to R's package sae.
Does not belong here: figures that only our own software has computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.index.small_areas import estimate_small_areas, fit_fay_herriot

DATA = Path(__file__).parent / "data"
# R iterates to 1e-12; what it leaves undone is of that order.
TOLERANCE = 1e-9
METHODS = ["REML", "ML", "FH"]


def close(ours, theirs):
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=TOLERANCE, atol=0
    )


@pytest.fixture(scope="module")
def areas():
    return pd.read_csv(DATA / "fh_gov14.csv")


@pytest.fixture(scope="module")
def golden():
    return pd.read_csv(DATA / "small_areas_r.csv")


def figures(golden, figure, stat):
    rows = golden[(golden["figure"] == figure) & (golden["stat"] == stat)]
    assert len(rows), f"{figure} {stat} is not in the golden file"
    return rows["value"].to_numpy()


def fit(areas, design, method):
    one = np.ones(len(areas))
    x = np.column_stack([one, areas["x"]]) if design == "gov14" else one[:, None]
    return fit_fay_herriot(areas["y"], areas["vardir"], x, method.lower())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("design", ["gov14", "gov14_null"])
def test_estimates_their_mse_and_the_model_variance_are_those_of_r(areas, golden, design, method):
    model = fit(areas, design, method)
    assert model.converged
    close(model.estimate, figures(golden, f"{design}.{method}", "eblup"))
    close(model.mse, figures(golden, f"{design}.{method}", "mse"))
    close([model.model_variance], figures(golden, f"{design}.{method}", "refvar"))


@pytest.mark.parametrize("method", METHODS)
def test_coefficients_are_those_of_r(areas, golden, method):
    close(fit(areas, "gov14", method).coefficients, figures(golden, f"gov14.{method}", "beta"))


@pytest.mark.parametrize("has_base", [True, False])
def test_the_district_table_carries_the_reml_figures_of_r(areas, golden, has_base):
    current = pd.DataFrame(
        {"district": areas["district"], "level": "total", "key": "total", "score": areas["y"],
         "se": np.sqrt(areas["vardir"])}
    )  # fmt: skip
    base = current.assign(score=areas["x"]).iloc[::-1] if has_base else None
    table = estimate_small_areas(current, base)
    name = "gov14.REML" if has_base else "gov14_null.REML"
    close(table["model_score"], figures(golden, name, "eblup"))
    close(table["model_se"] ** 2, figures(golden, name, "mse"))
    assert list(table["helps"]) == list(figures(golden, name, "mse") < areas["vardir"])
