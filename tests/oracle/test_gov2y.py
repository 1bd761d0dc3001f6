"""Belongs here: estimates, errors, scores, change and raking of an invented survey, equal to R.
Does not belong here: figures that only our own software has computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.index.change import change_of_districts, stack_years
from dgi.index.estimation import (
    covariance,
    degrees_of_freedom,
    estimate_indicators,
    linearised_means,
    reduce_to_psu,
    variances,
    weighted_means,
)
from dgi.index.indicators import IndicatorSet
from dgi.index.scores import score_unit
from dgi.survey.weights import rake

DATA = Path(__file__).parent / "data"
# Relative, against R: what double precision leaves of sums taken in another order.
TOLERANCE = 1e-9
SPEC = pd.read_csv(DATA / "gov2y_spec.csv")
KEYS = list(SPEC["indicator"])


def close(ours, theirs):
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=TOLERANCE, atol=0
    )


@pytest.fixture(scope="module")
def survey():
    frame = pd.read_csv(DATA / "gov2y.csv", dtype={"psu": "str"})
    frame["commune_code"] = frame["psu"]
    return frame


@pytest.fixture(scope="module")
def golden():
    return pd.read_csv(DATA / "gov2y_r.csv")


def figure(golden, name):
    return golden[golden["figure"] == name].set_index(["domain", "term"])


def year_of(survey, design):
    return survey[survey["year"] == (2024 if design == "g24" else 2023)]


def fraction_of(totals, rows, design):
    """n_h / N_h of each PSU, from the population counts of the design with a correction."""
    if design != "g23_fpc":
        return 0.0
    size = rows.drop_duplicates("stratum").set_index("stratum")["npsu_pop"]
    counts = totals.psu["stratum"].map(totals.psu["stratum"].value_counts())
    return (counts / totals.psu["stratum"].map(size)).to_numpy(float)


def scored(rows):
    """PSU totals of u = 100 (x - min)/(max - min), reversed where direction is -1."""
    low, high = SPEC["min"].to_numpy(float), SPEC["max"].to_numpy(float)
    u = 100 * (rows[KEYS].to_numpy(float) - low) / (high - low)
    u = np.where(SPEC["direction"].to_numpy() < 0, 100 - u, u)
    return reduce_to_psu(u, rows["weight"].to_numpy(float), rows, KEYS)


def raw(rows):
    return reduce_to_psu(rows[KEYS].to_numpy(float), rows["weight"].to_numpy(float), rows, KEYS)


def district(totals, name):
    return totals.where((totals.psu["district"] == name).to_numpy())


def tree():
    """The spec as an indicator set: a part's weight in the total is the width of its scale."""
    whole = 100 * SPEC.drop_duplicates("dim")["w_dim"].sum()
    rows = [{"level": "total", "key": "total", "code": "TOTAL", "parent": "",
             "scale_min": 0.0, "scale_max": whole}]  # fmt: skip
    for name, part in SPEC.groupby("dim", sort=False):
        width = 100 * part["w_dim"].iloc[0]
        rows.append({"level": "dimension", "key": f"dim_{name.lower()}", "code": name,
                     "parent": "total", "scale_min": 0.0, "scale_max": width})  # fmt: skip
        for sub, own in part.groupby("sub", sort=False):
            rows.append({"level": "sub_dimension", "key": sub.lower(), "code": sub,
                         "parent": f"dim_{name.lower()}", "scale_min": 0.0,
                         "scale_max": width * own["w_sub"].iloc[0], "min_share": 0.6})  # fmt: skip
            rows += [
                {"level": "indicator", "key": item.indicator, "code": f"{sub}.{item.indicator}",
                 "parent": sub.lower(), "direction": item.direction, "weight": item.w_ind,
                 "scale_min": float(item.min), "scale_max": float(item.max),
                 "measure": "share" if item.max == 1 else "mean", "question": item.indicator,
                 "good_answers": "1" if item.max == 1 else "", "base": "all", "dk": "missing",
                 "min_n": 1}
                for item in own.itertuples()
            ]  # fmt: skip
    table = pd.DataFrame(rows).astype({"direction": "Int64"}).assign(name_vi="x", name_en="x")
    text = table.astype("string").fillna("").astype("str")
    return IndicatorSet.from_table("gov2y", text)


@pytest.fixture(scope="module")
def indicator_set():
    return tree()


def scale_of(indicator_set):
    """How much wider R's score (0 to 100 in every part) is than ours."""
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    return 100 / (nodes["scale_max"] - nodes["scale_min"]).to_numpy(float), list(nodes["code"])


@pytest.mark.parametrize("design", ["g23", "g24", "g23_fpc"])
def test_means_and_errors_by_district_equal_r(survey, golden, design):
    rows = year_of(survey, design)
    totals = scored(rows)
    theirs = figure(golden, f"{design}.mean")
    fraction = np.broadcast_to(fraction_of(totals, rows, design), len(totals.psu))
    for name in sorted(set(rows["district"])):
        unit = district(totals, name)
        own = (totals.psu["district"] == name).to_numpy()
        means = weighted_means(unit)
        stratum = unit.psu["stratum"].to_numpy()
        spread = variances(linearised_means(unit, means), stratum, "fail", fraction[own])
        expected = theirs.loc[[(name, key) for key in KEYS]]
        close(means, expected["est"])
        close(np.sqrt(spread), expected["se"])


def test_a_district_as_a_domain_of_the_whole_sample_has_the_same_error(survey, golden):
    rows = year_of(survey, "g23")
    totals = scored(rows)
    outside = (totals.psu["district"] != "D05").to_numpy()
    means = weighted_means(district(totals, "D05"))
    z = linearised_means(district(totals, "D05"), means)
    padded = np.zeros((len(totals.psu), len(KEYS)))
    padded[~outside] = z
    expected = figure(golden, "g23.mean").loc[[("D05", key) for key in KEYS], "se"]
    close(np.sqrt(variances(padded, totals.psu["stratum"].to_numpy())), expected)


def test_degrees_of_freedom_and_design_effects_by_district_equal_r(survey, golden):
    totals = scored(year_of(survey, "g23"))
    degrees = figure(golden, "g23.degf").droplevel("term")["df"]
    effects = figure(golden, "g23.deff")["deff"]
    assert len(degrees) == 14
    for name, expected in degrees.items():
        table = estimate_indicators(district(totals, name), np.ones(len(KEYS))).set_index("key")
        assert (table["df"] == expected).all()
        for key in ("q1", "q8", "b1"):
            close(table.loc[key, "deff"], effects.loc[(name, key)])
            close(table.loc[key, "n_effective"], table.loc[key, "n"] / effects.loc[(name, key)])


@pytest.mark.parametrize("design", ["g23", "g24"])
def test_scores_up_the_tree_equal_r_contrasts(survey, golden, indicator_set, design):
    totals = raw(year_of(survey, design))
    theirs = figure(golden, f"{design}.composite")
    widen, codes = scale_of(indicator_set)
    for name in [*sorted(set(totals.psu["district"])), "ALL"]:
        unit = totals if name == "ALL" else district(totals, name)
        table, _ = score_unit(unit, indicator_set)
        expected = theirs.loc[[(name, code) for code in codes]]
        close(table["score"] * widen, expected["est"])
        close(table["se"] * widen, expected["se"])


@pytest.mark.parametrize("design", ["g23", "g23_fpc"])
def test_scores_from_linear_combinations_of_linearised_totals_equal_r(survey, golden, design):
    rows = year_of(survey, design)
    totals = scored(rows)
    fraction = np.broadcast_to(fraction_of(totals, rows, design), len(totals.psu))
    sub = SPEC["w_ind"].to_numpy()
    parts = {
        **{n: np.where(SPEC["sub"] == n, sub, 0) for n in SPEC["sub"].unique()},
        **{n: np.where(SPEC["dim"] == n, sub * SPEC["w_sub"], 0) for n in SPEC["dim"].unique()},
        "TOTAL": sub * SPEC["w_sub"].to_numpy() * SPEC["w_dim"].to_numpy(),
    }
    combine = np.array(list(parts.values()))
    theirs = figure(golden, f"{design}.composite")
    for name in [*sorted(set(rows["district"])), "ALL"]:
        own = (totals.psu["district"] == name).to_numpy() | (name == "ALL")
        unit = totals.where(own)
        means = weighted_means(unit)
        z = linearised_means(unit, means)
        stratum = unit.psu["stratum"].to_numpy()
        expected = theirs.loc[[(name, part) for part in parts]]
        close(combine @ means, expected["est"])
        close(np.sqrt(variances(z @ combine.T, stratum, "fail", fraction[own])), expected["se"])
        # The same from the covariance of the indicators: nothing is lost by combining first.
        joint = combine @ covariance(z, stratum, "fail", fraction[own]) @ combine.T
        close(np.sqrt(np.diag(joint)), expected["se"])


def test_change_of_indicators_counts_shared_psus_once_as_r_does(survey, golden):
    now, before = scored(year_of(survey, "g24")), scored(year_of(survey, "g23"))
    theirs = figure(golden, "gpanel.diff")
    degrees = figure(golden, "gpanel.degf").droplevel("term")["df"]
    for name in degrees.index:
        current, base = district(now, name), district(before, name)
        means, earlier = weighted_means(current), weighted_means(base)
        z, strata = stack_years(
            linearised_means(current, means),
            linearised_means(base, earlier),
            current.psu,
            base.psu,
        )
        expected = theirs.loc[[(name, key) for key in KEYS]]
        close(means - earlier, expected["est"])
        close(np.sqrt(variances(z, strata)), expected["se"])
        assert degrees_of_freedom(strata) == degrees[name]


def test_change_of_scores_with_its_p_and_adjusted_p_equals_r(survey, golden, indicator_set):
    now, before = raw(year_of(survey, "g24")), raw(year_of(survey, "g23"))
    names = sorted(set(now.psu["district"]))
    changes = change_of_districts(
        now, before, indicator_set, indicator_set, names, set(), set()
    ).set_index(["district", "key"])
    theirs = figure(golden, "gpanel.diff")
    degrees = figure(golden, "gpanel.degf").droplevel("term")["df"]
    widen, codes = scale_of(indicator_set)
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    for name in names:
        ours = changes.loc[[(name, key) for key in nodes["key"]]]
        expected = theirs.loc[[(name, code) for code in codes]]
        close(ours["change"] * widen, expected["est"])
        close(ours["se"] * widen, expected["se"])
        close(ours["p_value"], expected["p_value"])
        assert (ours["df"] == degrees[name]).all()
    adjusted = figure(golden, "gpanel.padj").droplevel("term")["q_value"]
    close([changes.loc[(name, "total"), "q_value"] for name in names], adjusted[names])


def test_raked_weights_equal_r():
    frame = pd.read_csv(DATA / "gov2y.csv")
    frame = frame[frame["year"] == 2023]
    theirs = pd.read_csv(DATA / "gov2y_raked_weights.csv").set_index("resp_id")["raked_weight"]
    adults = np.linspace(20000, 46000, 14)
    shares = {"sex": [0.52, 0.48], "age": [0.25, 0.30, 0.25, 0.20]}
    targets = [adults] + [np.array(share) * adults.sum() for share in shares.values()]
    codes = [pd.factorize(frame[c], sort=True)[0] for c in ("district", "sex", "age")]
    raked, _, gap = rake(frame["weight"].to_numpy(float), codes, targets)
    assert gap < 1e-9
    np.testing.assert_allclose(raked, theirs.loc[frame["resp_id"]], rtol=1e-6)
