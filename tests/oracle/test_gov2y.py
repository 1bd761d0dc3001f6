"""Belongs here: estimates, errors, scores, change and raking of an invented survey, equal to R.
Does not belong here: figures that only our own software has computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stacked_design import stack_as_r

from dgi.change.comparison import adjust_p_values
from dgi.change.panel import stack_years
from dgi.change.two_years import change_beside_the_whole, change_of_domains
from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import (
    estimate_indicators,
    estimate_quantile,
    linearised_means,
    p_against_zero,
    weighted_means,
)
from dgi.index.replicates import Replicates, make_jackknife, replicate_means
from dgi.index.scores import geometric_mean, score_domains
from dgi.index.totals import PsuTotals, reduce_to_psu
from dgi.survey.calibration import rake
from dgi.survey.design import Design

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


def prepared(rows, design):
    """Respondents with the design's finite population correction, where it has one."""
    if design != "g23_fpc":
        return rows
    drawn = rows.groupby("stratum")["psu"].transform("nunique")
    return rows.assign(psu_fraction=drawn / rows["npsu_pop"])


def worth(rows):
    """u = 100 (x - min)/(max - min), reversed where direction is -1."""
    low, high = SPEC["min"].to_numpy(float), SPEC["max"].to_numpy(float)
    u = 100 * (rows[KEYS].to_numpy(float) - low) / (high - low)
    return np.where(SPEC["direction"].to_numpy() < 0, 100 - u, u)


def scored(rows) -> PsuTotals:
    return reduce_to_psu(worth(rows), rows["weight"].to_numpy(float), rows, KEYS)


def raw(rows) -> PsuTotals:
    return reduce_to_psu(rows[KEYS].to_numpy(float), rows["weight"].to_numpy(float), rows, KEYS)


def errors(totals, z):
    return np.sqrt(totals.design.variances(z, totals.unit, totals.domain))


def parts_of_the_index() -> dict[str, np.ndarray]:
    """Coefficients of every sub-dimension, dimension and the total on the indicators."""
    sub = SPEC["w_ind"].to_numpy()
    return {
        **{n: np.where(SPEC["sub"] == n, sub, 0) for n in SPEC["sub"].unique()},
        **{n: np.where(SPEC["dim"] == n, sub * SPEC["w_sub"], 0) for n in SPEC["dim"].unique()},
        "TOTAL": sub * SPEC["w_sub"].to_numpy() * SPEC["w_dim"].to_numpy(),
    }


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
    totals = scored(prepared(year_of(survey, design), design))
    theirs = figure(golden, f"{design}.mean")
    means = weighted_means(totals)
    se = errors(totals, linearised_means(totals, means))
    for number, name in enumerate(totals.domains):
        expected = theirs.loc[[(name, key) for key in KEYS]]
        close(means[number], expected["est"])
        close(se[number], expected["se"])


def test_degrees_of_freedom_and_design_effects_by_district_equal_r(survey, golden):
    table = estimate_indicators(scored(year_of(survey, "g23")), np.ones(len(KEYS)))
    table = table.set_index(["district", "key"])
    degrees = figure(golden, "g23.degf").droplevel("term")["df"]
    effects = figure(golden, "g23.deff")["deff"]
    assert len(degrees) == 14
    for name, expected in degrees.items():
        assert (table.loc[name, "df"] == expected).all()
        for key in ("q1", "q8", "b1"):
            ours = table.loc[(name, key)]
            close(ours["deff"], effects.loc[(name, key)])
            close(ours["n_effective"], ours["n"] / effects.loc[(name, key)])


@pytest.mark.parametrize("design", ["g23", "g24"])
def test_scores_up_the_tree_equal_r_contrasts(survey, golden, indicator_set, design):
    totals = raw(year_of(survey, design))
    theirs = figure(golden, f"{design}.composite")
    widen, codes = scale_of(indicator_set)
    for unit in (totals, totals.together("ALL")):
        scores = score_domains(unit, indicator_set)
        for number, name in enumerate(unit.domains):
            expected = theirs.loc[[(name, code) for code in codes]]
            close(scores.score[number] * widen, expected["est"])
            close(np.sqrt(scores.variance[number]) * widen, expected["se"])


@pytest.mark.parametrize("design", ["g23", "g23_fpc"])
def test_linear_combinations_of_linearised_totals_equal_r(survey, golden, design):
    totals = scored(prepared(year_of(survey, design), design))
    parts = parts_of_the_index()
    combine = np.array(list(parts.values()))
    theirs = figure(golden, f"{design}.composite")
    for unit in (totals, totals.together("ALL")):
        means = weighted_means(unit)
        z = linearised_means(unit, means)
        joint = unit.design.covariances(z, unit.unit, unit.domain)
        se = errors(unit, z @ combine.T)
        for number, name in enumerate(unit.domains):
            expected = theirs.loc[[(name, part) for part in parts]]
            close(combine @ means[number], expected["est"])
            close(se[number], expected["se"])
            # The same from the covariance of the indicators: nothing is lost by combining first.
            again = combine @ joint[number] @ combine.T
            close(np.sqrt(np.diag(again)), expected["se"])


@pytest.mark.parametrize("design", ["g23", "g24", "g23_fpc"])
def test_the_geometric_total_and_its_delta_error_equal_r(survey, golden, design):
    totals = scored(prepared(year_of(survey, design), design))
    theirs = figure(golden, f"{design}.composite_geo")
    parts = parts_of_the_index()
    dimensions = list(SPEC["dim"].unique())
    combine = np.array([parts[name] for name in dimensions])
    weights = SPEC.drop_duplicates("dim")["w_dim"].to_numpy()
    means = weighted_means(totals)
    whole, gradient = geometric_mean(means @ combine.T, weights)
    z = linearised_means(totals, means) @ combine.T
    z = (z * gradient[totals.domain]).sum(axis=1, keepdims=True)
    expected = theirs.loc[[(name, "TOTAL") for name in totals.domains]]
    close(whole, expected["est"])
    close(errors(totals, z)[:, 0], expected["se"])


def test_a_geometric_total_of_the_tree_is_the_geometric_mean_of_its_dimensions(
    survey, indicator_set
):
    totals = raw(year_of(survey, "g23"))
    plain = score_domains(totals, indicator_set)
    geometric = score_domains(totals, indicator_set, aggregation="geometric")
    nodes = plain.rule.nodes
    dimensions = (nodes["level"] == "dimension").to_numpy()
    expected = dimensions.sum() * np.exp(np.log(plain.score[:, dimensions]).mean(axis=1))
    is_total = (nodes["level"] == "total").to_numpy()
    close(geometric.score[:, is_total][:, 0], expected)
    np.testing.assert_array_equal(geometric.variance[:, ~is_total], plain.variance[:, ~is_total])
    assert (geometric.score[:, is_total] < plain.score[:, is_total]).all()


def test_medians_by_district_equal_r(survey, r_survey_figures):
    rows = year_of(survey, "g23")
    unit, labels = pd.factorize(rows["psu"], sort=True)
    strata = rows.drop_duplicates("psu").set_index("psu")["stratum"].loc[labels]
    district, names = pd.factorize(rows["district"], sort=True)
    got = estimate_quantile(
        worth(rows)[:, KEYS.index("q8")], rows["weight"], unit, district, Design.of(strata)
    )
    theirs = r_survey_figures.query("design == 'gov2y' and figure == 'median'")
    theirs = theirs.pivot(index="domain", columns="stat", values="value").loc[names]
    for ours, column in (("quantile", "est"), ("ci_low", "ci_low"), ("ci_high", "ci_high"),
                         ("se", "se")):  # fmt: skip
        close(got[ours], theirs[column])


@pytest.mark.parametrize("kind", ["bootstrap", "jackknife"])
@pytest.mark.parametrize("around", ["mean", "estimate"])
def test_replicate_errors_of_the_whole_index_equal_r(survey, r_survey_figures, kind, around):
    totals = scored(year_of(survey, "g23"))
    if kind == "jackknife":
        drawn = make_jackknife(totals.design)
        factors, scale = drawn.factors, drawn.scale
    else:
        table = pd.read_csv(DATA / "gov2y_bootstrap_factors.csv", dtype={"psu": "str"})
        factors = table.set_index("psu").loc[totals.units["psu"]].to_numpy(float).T
        scale = np.full(len(factors), 1 / (len(factors) - 1))
    replicates = Replicates(factors, scale, around_estimate=around == "estimate")
    parts = parts_of_the_index()
    dimensions = np.array([parts[name] for name in SPEC["dim"].unique()])
    weights = SPEC.drop_duplicates("dim")["w_dim"].to_numpy()

    def index(means):
        geometric, _ = geometric_mean((means @ dimensions.T).reshape(-1, len(weights)), weights)
        return np.stack([means @ parts["TOTAL"], geometric.reshape(means.shape[:-1])], axis=-1)

    estimate, drawn = index(weighted_means(totals)), index(replicate_means(totals, factors))
    theirs = r_survey_figures.query("design == @design and figure == @figure", local_dict={
        "design": f"gov2y_{kind}", "figure": f"around_{around}"
    }).set_index(["domain", "term", "stat"])["value"]  # fmt: skip
    for number, name in enumerate(totals.domains):
        joint = replicates.covariance(drawn[number], estimate[number])
        for place, term in enumerate(("arithmetic", "geometric")):
            close(estimate[number, place], theirs[name, term, "est"])
            close(np.sqrt(joint[place, place]), theirs[name, term, "se"])


def year_pair(survey, rows_of=lambda frame: frame):
    """Totals, means and signed linearised values of 2024 and 2023."""
    totals = [scored(rows_of(year_of(survey, design))) for design in ("g24", "g23")]
    means = [weighted_means(own) for own in totals]
    z = [
        sign * linearised_means(own, mean)
        for sign, own, mean in zip((1, -1), totals, means, strict=True)
    ]
    return totals, means, z


def test_linearised_values_stacked_as_r_does_have_rs_errors(survey, golden):
    totals, means, z = year_pair(survey)
    variance, df = stack_as_r(totals, z)
    theirs = figure(golden, "gpanel.diff")
    degrees = figure(golden, "gpanel.degf").droplevel("term")["df"]
    parts = parts_of_the_index()
    combine = np.array(list(parts.values())).T
    whole, _ = stack_as_r(totals, [own @ combine for own in z])
    for number, name in enumerate(totals[0].domains):
        expected = theirs.loc[[(name, key) for key in KEYS]]
        close((means[0] - means[1])[number], expected["est"])
        close(np.sqrt(variance[number]), expected["se"])
        assert df[number] == degrees[name]
        expected = theirs.loc[[(name, part) for part in parts]]
        close((means[0] - means[1])[number] @ combine, expected["est"])
        close(np.sqrt(whole[number]), expected["se"])


@pytest.mark.parametrize("shared", ["gov2y_apart", "gov2y_kept"])
def test_the_error_of_change_equals_r_where_no_psu_or_every_psu_is_shared(
    survey, r_survey_figures, shared
):
    kept = set.intersection(*(set(rows["psu"]) for _, rows in survey.groupby("year")))
    choose = {
        "gov2y_kept": lambda rows: rows[rows["psu"].isin(kept)],
        "gov2y_apart": lambda rows: rows.assign(psu=rows["year"].astype(str) + rows["psu"]),
    }[shared]
    totals, means, z = year_pair(survey, choose)
    variance, df = stack_years(totals, z)
    theirs = r_survey_figures.query("design == @shared", local_dict={"shared": shared})
    theirs = theirs.fillna({"term": ""}).set_index(["figure", "domain", "term", "stat"])["value"]
    theirs = theirs.sort_index()
    for number, name in enumerate(totals[0].domains):
        change = theirs["change", name]
        close((means[0] - means[1])[number], [change[key, "est"] for key in KEYS])
        close(np.sqrt(variance[number]), [change[key, "se"] for key in KEYS])
        assert df[number] == theirs["df", name, "", "df"]


def test_changes_of_indicators_in_their_own_unit_equal_r(survey, r_survey_figures, indicator_set):
    kept = set.intersection(*(set(rows["psu"]) for _, rows in survey.groupby("year")))
    own = survey[survey["psu"].isin(kept)]
    now, before = (raw(year_of(own, design)) for design in ("g24", "g23"))
    changes, _ = change_of_domains(now, before, indicator_set, indicator_set)
    changes = changes.set_index(["district", "key"])
    theirs = r_survey_figures.query("design == 'gov2y_kept' and figure == 'change'")
    theirs = theirs.set_index(["domain", "term", "stat"])["value"]
    widen = 100 / (SPEC["max"] - SPEC["min"]).to_numpy(float)
    for name in now.domains:
        ours = changes.loc[[(name, key) for key in KEYS]]
        worth_of = ours["change"] * ours["direction"] * widen
        close(worth_of, [theirs[name, key, "est"] for key in KEYS])
        close(ours["se"] * widen, [theirs[name, key, "se"] for key in KEYS])


def test_a_change_less_the_provinces_and_its_error_equal_r(survey, indicator_set):
    kept = set.intersection(*(set(rows["psu"]) for _, rows in survey.groupby("year")))
    own = survey[survey["psu"].isin(kept)]
    now, before = (raw(year_of(own, design)) for design in ("g24", "g23"))
    _, rule = change_of_domains(now, before, indicator_set, indicator_set)
    net, se = change_beside_the_whole(now, before, rule, now.domains)
    keys = list(rule.nodes["key"])
    theirs = pd.read_csv(DATA / "net_change_r.csv").query("figure == 'net'")
    assert len(theirs) == 3 * 14
    places = [(now.domains.index(row.domain), keys.index(row.term)) for row in theirs.itertuples()]
    at = tuple(np.transpose(places))
    close(net[at], theirs["est"])
    close(se[at], theirs["se"])


def test_adjusted_p_values_equal_r_with_ties_and_gaps():
    theirs = pd.read_csv(DATA / "net_change_r.csv").query("figure == 'BH'")
    table = pd.DataFrame({"district": "d", "level": "total", "p_value": theirs["est"]})
    close(adjust_p_values(table), theirs["se"])


def test_the_error_of_change_lies_near_rs_where_half_of_the_psus_are_shared(survey, golden):
    """A unit of one year is no sampled zero of the other: our error differs from R's stacking,
    mostly by a few percent here, and much more where strata differ (tests/unit/index)."""
    totals, _, z = year_pair(survey)
    theirs = figure(golden, "gpanel.diff")
    expected = np.array(
        [[theirs.loc[(name, key), "se"] for key in KEYS] for name in totals[0].domains]
    )
    ratio = np.sqrt(stack_years(totals, z)[0]) / expected
    assert 0.97 < np.median(ratio) < 1.05 and ratio.min() > 0.85 and ratio.max() < 1.2


def test_changes_and_adjusted_p_of_scores_equal_r(survey, golden, indicator_set):
    now, before = raw(year_of(survey, "g24")), raw(year_of(survey, "g23"))
    names = list(now.domains)
    changes, _ = change_of_domains(now, before, indicator_set, indicator_set)
    changes = changes.set_index(["district", "key"])
    theirs = figure(golden, "gpanel.diff")
    widen, codes = scale_of(indicator_set)
    nodes = indicator_set.tree[indicator_set.tree["level"] != "indicator"]
    for name in names:
        ours = changes.loc[[(name, key) for key in nodes["key"]]]
        close(ours["change"] * widen, theirs.loc[[(name, code) for code in codes], "est"])
    # R's own estimates, errors and df through our test and adjustment.
    total = theirs.loc[[(name, "TOTAL") for name in names]].droplevel("term")
    degrees = figure(golden, "gpanel.degf").droplevel("term")["df"][names]
    p = p_against_zero(total["est"].to_numpy(), total["se"].to_numpy(), degrees.to_numpy())
    close(p, total["p_value"])
    table = pd.DataFrame({"district": names, "level": "total", "p_value": p})
    close(adjust_p_values(table), figure(golden, "gpanel.padj").droplevel("term")["q_value"][names])


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
