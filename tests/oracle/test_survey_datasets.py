"""Belongs here: the engine on the data sets of R's survey package, equal to R survey 4.1.1.
Does not belong here: the composite index (test_gov2y.py), or calibrated weights themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.index.estimation import (
    estimate_contrasts,
    estimate_indicators,
    estimate_quantile,
    estimate_ratios,
    linearised_means,
    weighted_means,
)
from dgi.index.replicates import make_jackknife
from dgi.index.sums import Calibration
from dgi.index.totals import PsuTotals, reduce_to_cells, reduce_to_psu
from dgi.survey.calibration import calibrate, indicator_columns, post_stratify
from dgi.survey.design import Design

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-9  # relative, against R
ITEMS = ["api00", "api99", "enroll", "acs.core"]  # the last two have gaps
DESIGNS = ["srs", "strata", "clusters", "clusters_wr", "two_stages", "two_stages_wr"]
TYPES = ["E", "H", "M"]
# A limit below the share of the smallest value: the quantile is that value by its definition,
# and R 4.1.1 gives the second.
SECOND_VALUE = {("clusters", "H"), ("two_stages", "M")}


def close(ours, theirs, rtol=TOLERANCE):
    ours, theirs = (np.asarray(side, dtype=float) for side in (ours, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=0)


@pytest.fixture(scope="module")
def figures():
    table = pd.read_csv(DATA / "survey_datasets_r.csv", dtype={"domain": str, "term": str})
    table["term"] = table["term"].fillna("")
    return table.set_index(["design", "figure", "domain", "term", "stat"])["value"].sort_index()


@dataclass(frozen=True)
class Sample:
    """Rows, their weights, the design over its units, and the unit of each row."""

    rows: pd.DataFrame
    weights: np.ndarray
    design: Design
    unit: np.ndarray

    def totals(self, columns, domain=None) -> PsuTotals:
        domain = np.zeros(len(self.rows), dtype=int) if domain is None else domain
        return reduce_to_cells(
            self.rows[list(columns)].to_numpy(float), self.weights, self.unit, domain, self.design,
            columns,
        )  # fmt: skip


def by_unit(rows: pd.DataFrame, labels: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Number of each row's unit, and the first row of every unit."""
    unit = rows.groupby(labels, sort=False).ngroup().to_numpy()
    return unit, rows.drop_duplicates(labels)


def sample(name: str, r_data) -> Sample:
    if name == "srs":
        rows = r_data("apisrs")
        design = Design.of(np.zeros(len(rows)), population=rows["fpc"].to_numpy(float))
        return Sample(rows, (rows["fpc"] / len(rows)).to_numpy(), design, np.arange(len(rows)))
    if name == "strata":
        rows = r_data("apistrat")
        design = Design.of(rows["stype"], population=rows["fpc"].to_numpy(float))
        return Sample(rows, rows["pw"].to_numpy(float), design, np.arange(len(rows)))
    if name.startswith("clusters"):
        rows = r_data("apiclus1")
        unit, units = by_unit(rows, ["dnum"])
        size = None if name.endswith("wr") else units["fpc"].to_numpy(float)
        design = Design.of(np.zeros(len(units)), population=size)
        return Sample(rows, rows["pw"].to_numpy(float), design, unit)
    rows = r_data("apiclus2")
    weights = rows["pw"].to_numpy(float)
    if name.endswith("wr"):
        unit, units = by_unit(rows, ["dnum"])
        return Sample(rows, weights, Design.of(np.zeros(len(units))), unit)
    unit, units = by_unit(rows, ["dnum", "snum"])
    districts = rows.groupby("dnum")["snum"].nunique()
    weights = (
        rows["fpc1"] / rows["dnum"].nunique() * rows["fpc2"] / rows["dnum"].map(districts)
    ).to_numpy(float)
    design = Design.of(
        np.zeros(len(units)), units["dnum"].to_numpy(), units["fpc1"].to_numpy(float),
        [(units["snum"].to_numpy(), units["fpc2"].to_numpy(float))],
    )  # fmt: skip
    return Sample(rows, weights, design, unit)


def errors(totals: PsuTotals, z: np.ndarray) -> np.ndarray:
    return np.sqrt(totals.design.variances(z, totals.unit, totals.domain))


@pytest.mark.parametrize("name", DESIGNS)
def test_means_of_the_sample_and_of_domains_equal_r_where_answers_are_missing(
    name, r_data, figures
):
    own = sample(name, r_data)
    theirs = figures[name, "mean"]
    for domain, members in (("all", None), ("type", pd.factorize(own.rows["stype"], sort=True)[0])):
        totals = own.totals(ITEMS, members)
        means = weighted_means(totals)
        se = errors(totals, linearised_means(totals, means))
        for number, label in enumerate(["all"] if domain == "all" else TYPES):
            close(means[number], [theirs[label, item, "est"] for item in ITEMS])
            close(se[number], [theirs[label, item, "se"] for item in ITEMS])
            df = totals.design.degrees_of_freedom(totals.unit, totals.domain)
            assert df[number] == figures[name, "df", label, "", "df"]


@pytest.mark.parametrize("name", DESIGNS)
def test_joint_covariances_of_domains_equal_r(name, r_data, figures):
    own = sample(name, r_data)
    items = ["api00", "api99", "meals"]
    totals = own.totals(items, pd.factorize(own.rows["stype"], sort=True)[0])
    joint = totals.design.covariances(
        linearised_means(totals, weighted_means(totals)), totals.unit, totals.domain
    )
    for number, label in enumerate(TYPES):
        for i, one in enumerate(items):
            for j, other in enumerate(items[i:], start=i):
                expected = figures[name, "covariance", label, f"{one} {other}", "cov"]
                close(joint[number, i, j], expected, rtol=1e-8 if i != j else TOLERANCE)


@pytest.mark.parametrize("name", DESIGNS)
def test_totals_ratios_contrasts_and_design_effects_equal_r(name, r_data, figures):
    own = sample(name, r_data)
    totals = own.totals([*ITEMS, "api.stu"])
    theirs = figures[name, "total", "all"]
    close(totals.sums(totals.wy)[0, :4], [theirs[item, "est"] for item in ITEMS])
    close(errors(totals, totals.ey)[0, :4], [theirs[item, "se"] for item in ITEMS])
    # A ratio is over those who answered both.
    both = own.rows["api.stu"].notna() & own.rows["enroll"].notna()
    paired = own.rows[["api.stu", "enroll"]].where(both)
    pair = Sample(paired, own.weights, own.design, own.unit).totals(["api.stu", "enroll"])
    ratio, z = estimate_ratios(pair, ["api.stu"], ["enroll"])
    theirs = figures[name, "ratio", "all", "api.stu/enroll"]
    close(ratio[0, 0], theirs["est"])
    close(errors(pair, z)[0, 0], theirs["se"])
    by_type = own.totals(["api00"], pd.factorize(own.rows["stype"], sort=True)[0])
    difference, variance = estimate_contrasts(
        by_type, weighted_means(by_type), np.array([-1.0, 1.0, 0.0]).reshape(3, 1, 1)
    )
    theirs = figures[name, "contrast", "H-E", "contrast"]
    close(difference[0], theirs["est"])
    close(np.sqrt(variance[0, 0]), theirs["se"])
    table = estimate_indicators(totals, np.ones(5)).set_index("key")
    close(table.loc["api00", "deff"], figures[name, "deff", "all", "api00", "deff"])


@pytest.mark.parametrize("name", DESIGNS)
def test_quantiles_and_their_woodruff_intervals_equal_r(name, r_data, figures):
    own = sample(name, r_data)
    value = own.rows["api00"].to_numpy(float)
    members = pd.factorize(own.rows["stype"], sort=True)[0]
    whole = np.zeros(len(value), dtype=int)
    asked = [("all", share, whole, 0) for share in (0.25, 0.5, 0.8765)]
    asked += [(label, 0.5, members, number) for number, label in enumerate(TYPES)]
    for label, share, domain, number in asked:
        got = estimate_quantile(value, own.weights, own.unit, domain, own.design, share)
        theirs = figures[name, "quantile", label, str(share)]
        ours = got.iloc[number]
        close(ours["quantile"], theirs["est"])
        close(ours["ci_high"], theirs["ci_high"])
        if (name.removesuffix("_wr"), label) in SECOND_VALUE:
            own_values = np.sort(value[domain == number])
            assert (ours["ci_low"], theirs["ci_low"]) == tuple(own_values[:2])
            continue
        close(ours["ci_low"], theirs["ci_low"])
        close(ours["se"], theirs["se"])


def test_two_stages_with_a_correction_at_each_equal_r(r_data, figures):
    rows = r_data("mu284")
    size = rows.groupby("id1")["id2"].transform("nunique")
    weights = (rows["n1"] / rows["id1"].nunique() * rows["n2"] / size).to_numpy(float)
    design = Design.of(
        np.zeros(len(rows)), rows["id1"].to_numpy(), rows["n1"].to_numpy(float),
        [(rows["id2"].to_numpy(), rows["n2"].to_numpy(float))],
    )  # fmt: skip
    totals = Sample(rows, weights, design, np.arange(len(rows))).totals(["y1"])
    for figure, value, z in (
        ("mean", weighted_means(totals), linearised_means(totals, weighted_means(totals))),
        ("total", totals.sums(totals.wy), totals.ey),
    ):
        close(value[0, 0], figures["mu284", figure, "all", "y1", "est"])
        close(errors(totals, z)[0, 0], figures["mu284", figure, "all", "y1", "se"])


def test_many_strata_and_lopsided_weights_equal_r(r_data, figures):
    rows = r_data("nhanes")
    unit, units = by_unit(rows, ["SDMVSTRA", "SDMVPSU"])
    design = Design.of(units["SDMVSTRA"].to_numpy())
    own = Sample(rows, rows["WTMEC2YR"].to_numpy(float), design, unit)
    for domain in (None, rows["race"].to_numpy() - 1):
        totals = own.totals(["HI_CHOL"], domain)
        means = weighted_means(totals)
        se = errors(totals, linearised_means(totals, means))
        df = totals.design.degrees_of_freedom(totals.unit, totals.domain)
        for number, label in enumerate(["all"] if domain is None else "1234"):
            theirs = figures["nhanes", "mean", label, "HI_CHOL"]
            close(means[number, 0], theirs["est"])
            close(se[number, 0], theirs["se"])
            assert label == "all" or df[number] == figures["nhanes", "df", label, "", "df"]
    rows = r_data("yrbs")
    unit, units = by_unit(rows, ["stratum", "psu"])
    design = Design.of(units["stratum"].to_numpy())
    totals = Sample(rows, rows["weight"].to_numpy(float), design, unit).totals(["qn8"])
    means = weighted_means(totals)
    close(means[0, 0], figures["yrbs", "mean", "all", "qn8", "est"])
    close(errors(totals, linearised_means(totals, means))[0, 0],
          figures["yrbs", "mean", "all", "qn8", "se"])  # fmt: skip
    df = totals.design.degrees_of_freedom(totals.unit, totals.domain)[0]
    assert df == figures["yrbs", "df", "all", "", "df"]


def test_a_domain_without_members_in_some_units_of_a_finite_population_equals_r(r_data, figures):
    rows = r_data("fpcdat")
    unit, units = by_unit(rows, ["stratid", "psuid"])
    design = Design.of(units["stratid"].to_numpy(), population=units["Nh"].to_numpy(float))
    own = Sample(rows, rows["weight"].to_numpy(float), design, unit)
    for label, domain in (("all", None), ("x>4", np.where(rows["x"] > 4, 0, -1))):
        totals = own.totals(["x"], domain)
        means = weighted_means(totals)
        theirs = figures["fpc", "mean", label, "x"]
        close(means[0, 0], theirs["est"])
        close(errors(totals, linearised_means(totals, means))[0, 0], theirs["se"])
    theirs = figures["fpc", "total", "x>4", "x"]
    close(totals.sums(totals.wy)[0, 0], theirs["est"])
    close(errors(totals, totals.ey)[0, 0], theirs["se"])


@pytest.mark.parametrize("policy", ["certainty", "adjust", "average", "merge"])
def test_each_policy_for_a_stratum_of_one_unit_equals_r(policy, r_data, figures):
    rows = r_data("fpcdat").iloc[:6]
    design = Design.of(rows["stratid"].to_numpy(), lonely_psu=policy)
    own = Sample(rows, rows["weight"].to_numpy(float), design, np.arange(6))
    totals = own.totals(["x"])
    means = weighted_means(totals)
    theirs = figures["lonely", policy, "all", "x"]
    close(means[0, 0], theirs["est"])
    close(errors(totals, linearised_means(totals, means))[0, 0], theirs["se"])


# ---- errors that respect calibration


def calibrated(name: str, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Weights and the columns they were calibrated to, as the R script asks for."""
    base, code = rows["pw"].to_numpy(float), pd.factorize(rows["stype"], sort=True)[0]
    if name == "post_stratified":
        x = indicator_columns([code], [3])
        return post_stratify(base, code, np.array([4421.0, 755.0, 1018.0])), x
    x = np.column_stack([np.ones(len(rows)), code == 1, code == 2, rows["api99"]]).astype(float)
    totals = np.array([6194.0, 755.0, 1018.0, 3914069.0])
    options = {
        "linear": {"distance": "linear"},
        "raking": {"distance": "raking"},
        "logit": {"distance": "logit", "bounds": (0.4, 2.6)},
        "truncated": {"distance": "linear", "bounds": (0.6, 1.6)},
    }[name]
    return calibrate(base, x, totals, **options).weights, x


@pytest.mark.parametrize("name", ["post_stratified", "linear", "raking", "logit", "truncated"])
def test_errors_after_calibration_equal_r(name, r_data, figures):
    rows = r_data("apiclus1")
    weights, x = calibrated(name, rows)
    items = ["api00", "meals", "enroll", "No", "Yes"]
    values = rows[items[:3]].assign(
        # Under calibration a domain is a column: gaps outside it.
        **{label: rows["api00"].where(rows["sch.wide"] == label) for label in ("No", "Yes")}
    )
    respondents = pd.DataFrame({"district": "all", "stratum": "all", "psu": rows["dnum"],
                                "commune_code": rows["dnum"],
                                "psu_fraction": 15 / rows["fpc"]})  # fmt: skip
    totals = reduce_to_psu(
        values.to_numpy(float), weights, respondents, items,
        Calibration(x, rows["pw"].to_numpy(float)),
    )  # fmt: skip
    means = weighted_means(totals)
    se = errors(totals, linearised_means(totals, means))[0]
    sum_se = errors(totals, totals.ey)[0]
    for number, item in enumerate(items):
        theirs = (
            figures[name, "mean", "all", item]
            if number < 3
            else figures[name, "mean", item, "api00"]
        )
        close(means[0, number], theirs["est"])
        close(se[number], theirs["se"])
        if number < 3:
            theirs = figures[name, "total", "all", item]
            close(totals.sums(totals.wy)[0, number], theirs["est"])
            close(sum_se[number], theirs["se"])


@pytest.mark.parametrize("district", ["D03", "D09"])
def test_a_district_raked_to_whole_margins_has_rs_errors(district, figures):
    spec = pd.read_csv(DATA / "gov2y_spec.csv")
    keys = list(spec["indicator"])
    rows = pd.read_csv(DATA / "gov2y.csv").query("year == 2023 and district == @district")
    low, high = spec["min"].to_numpy(float), spec["max"].to_numpy(float)
    u = 100 * (rows[keys].to_numpy(float) - low) / (high - low)
    u = np.where(spec["direction"].to_numpy() < 0, 100 - u, u)
    # Two whole margins: their columns are collinear, which must not matter.
    sex, age = (pd.factorize(rows[name], sort=True)[0] for name in ("sex", "age"))
    x = indicator_columns([sex, age], [2, 4])
    targets = 30000 * np.array([0.52, 0.48, 0.25, 0.30, 0.25, 0.20])
    base = rows["weight"].to_numpy(float)
    weights = calibrate(base, x, targets, distance="raking").weights
    respondents = rows.assign(commune_code=rows["psu"])
    totals = reduce_to_psu(u, weights, respondents, keys, Calibration(x, base))
    means = weighted_means(totals)
    se = errors(totals, linearised_means(totals, means))[0]
    theirs = figures["gov2y_raked", "mean", district]
    close(means[0], [theirs[key, "est"] for key in keys])
    close(se, [theirs[key, "se"] for key in keys])
    ignored = reduce_to_psu(u, weights, respondents, keys)
    plain = errors(ignored, linearised_means(ignored, means))[0]
    assert (np.abs(plain / se - 1) > 1e-3).any()


def test_the_jackknife_equals_r(r_data, figures):
    for name, label in (("clusters", "jk1"), ("strata", "jkn")):
        own = sample(name, r_data)
        jackknife = make_jackknife(own.design)
        totals = own.totals(["api00", "enroll"])
        top, bottom = (np.zeros((own.design.size, 2)) for _ in range(2))
        top[totals.unit], bottom[totals.unit] = totals.wy, totals.w
        replicated = (jackknife.factors @ top) / (jackknife.factors @ bottom)
        se = np.sqrt(np.diag(jackknife.covariance(replicated, weighted_means(totals)[0])))
        theirs = figures[label, "mean", "all"]
        close(weighted_means(totals)[0], [theirs[v, "est"] for v in ("api00", "enroll")])
        close(se, [theirs[v, "se"] for v in ("api00", "enroll")])
