"""Belongs here: laws of a sampling design and the variance it implies, on numbers one can check.
Does not belong here: agreement with R (tests/oracle), or what is estimated (tests/unit/index)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.facts.surveys import DesignRow
from dgi.survey.design import Design, LonelyPsuError, sampling_units

few = settings(max_examples=25, deadline=None, derandomize=True)
ROW = {"design": "d", "weights": "computed", "weight": "", "stratum": "layer", "psu": "unit",
       "psu_population": "", "lonely_psu": "fail", "note_vi": "x", "note_en": "x"}  # fmt: skip


def variance(design, z):
    return design.covariance(np.asarray(z, dtype=float)[:, None])[0, 0]


def test_a_variance_worked_by_hand():
    """Two strata of two: 2/1 * ((1-2)^2 + (3-2)^2) + 2/1 * ((0-5)^2 + (10-5)^2) = 4 + 100."""
    assert variance(Design.of(["a", "a", "b", "b"]), [1, 3, 0, 10]) == pytest.approx(104, rel=1e-14)
    # Half of either stratum was drawn: half of the variance is left.
    halved = Design.of(["a", "a", "b", "b"], population=np.full(4, 4.0))
    assert variance(halved, [1, 3, 0, 10]) == pytest.approx(52, rel=1e-15)


def test_a_fraction_says_the_same_as_the_population_it_is_of():
    strata = ["a"] * 3 + ["b"] * 2
    by_count = Design.of(strata, population=np.array([12, 12, 12, 4, 4.0]))
    by_share = Design.of(strata, population=np.array([0.25, 0.25, 0.25, 0.5, 0.5]))
    z = np.arange(5.0)
    assert variance(by_count, z) == pytest.approx(variance(by_share, z), rel=1e-14)


def test_a_second_stage_adds_its_own_term_times_the_first_fraction():
    """Two of four units, in each two of four: V = V1/2 + (V2 of each)/2/2."""
    psu = np.array([1, 1, 2, 2])
    design = Design.of(
        np.zeros(4), psu, np.full(4, 4.0), [(np.array([1, 2, 1, 2]), np.full(4, 4.0))]
    )
    z = [1.0, 3.0, 10.0, 14.0]
    first = 0.5 * 2 * ((4 - 14) ** 2 + (24 - 14) ** 2)
    second = 0.5 * 0.5 * 2 * ((1 - 2) ** 2 + (3 - 2) ** 2 + (10 - 12) ** 2 + (14 - 12) ** 2)
    assert variance(design, z) == pytest.approx(first + second, rel=1e-14)
    unstated = Design.of(np.zeros(4), psu, None, [(np.array([1, 2, 1, 2]), np.full(4, 4.0))])
    assert variance(unstated, z) == pytest.approx(2 * 200, rel=1e-14)


@few
@given(st.integers(0, 10_000))
def test_neither_order_nor_labels_of_units_matter(seed):
    random = np.random.default_rng(seed)
    strata = random.integers(0, 3, 12)
    strata[:6] = [0, 0, 1, 1, 2, 2]
    z = random.normal(size=12)
    expected = variance(Design.of(strata), z)
    order = random.permutation(12)
    shuffled = Design.of([f"stratum {7 - strata[i]}" for i in order])
    assert variance(shuffled, z[order]) == pytest.approx(expected, rel=1e-12)


@few
@given(st.integers(0, 10_000))
def test_a_domain_is_measured_among_the_zeros_of_all_others(seed):
    random = np.random.default_rng(seed)
    design = Design.of(np.repeat([0, 1, 2], 4))
    inside = random.random(12) < 0.6
    inside[0] = True
    z = np.where(inside, random.normal(size=12), 0.0)
    unit = np.flatnonzero(inside)
    domain = np.zeros(len(unit), dtype=int)
    ours = design.variances(z[unit][:, None], unit, domain)[0, 0]
    assert ours == pytest.approx(variance(design, z), rel=1e-12, abs=1e-15)
    degrees = design.degrees_of_freedom(unit, domain)[0]
    assert degrees == len(unit) - len(np.unique(unit // 4))


@few
@given(st.integers(0, 10_000))
def test_covariances_of_several_domains_at_once_are_those_of_each(seed):
    random = np.random.default_rng(seed)
    design = Design.of(np.repeat([0, 1], 5))
    unit = np.tile(np.arange(10), 2)
    domain = np.repeat([0, 1], 10)
    z = random.normal(size=(20, 3))
    joint = design.covariances(z, unit, domain)
    for number in range(2):
        own = z[domain == number]
        np.testing.assert_allclose(joint[number], design.covariance(own), rtol=1e-12)
    diagonal = np.diagonal(joint, axis1=1, axis2=2)
    np.testing.assert_allclose(design.variances(z, unit, domain), diagonal, rtol=1e-12)


def test_a_stratum_of_one_unit_needs_a_policy_unless_all_of_it_was_drawn():
    strata = ["a", "a", "b"]
    with pytest.raises(LonelyPsuError, match=r"1 strata .*designs\.csv.*certainty"):
        variance(Design.of(strata), [1, 2, 3])
    whole = Design.of(strata, population=np.array([4, 4, 1.0]))
    assert variance(whole, [1, 2, 3]) == pytest.approx(0.5, rel=1e-14)


def test_merged_strata_pool_their_units_and_their_populations():
    """One of 4 and two of 4 drawn: three of 8, and 1 - f = 5/8."""
    design = Design.of(["a", "b", "b"], population=np.array([4, 4, 4.0]), lonely_psu="merge")
    assert design.stages[0].fraction == pytest.approx(np.full(3, 3 / 8), rel=1e-14)
    assert variance(design, [0, 3, 6]) == pytest.approx(5 / 8 * 3 / 2 * 18, rel=1e-14)
    # A unit that is the whole of its stratum needs no neighbour.
    certain = Design.of(["a", "b", "b"], population=np.array([1, 4, 4.0]), lonely_psu="merge")
    assert list(certain.stages[0].stratum) == [0, 1, 1]


def test_the_mean_of_one_unit_says_nothing_of_its_distance():
    assert np.isnan(variance(Design.of(["a"], lonely_psu="adjust"), [3]))


def test_an_average_over_no_other_stratum_is_not_known():
    assert np.isnan(variance(Design.of(["a", "b"], lonely_psu="average"), [1, 2]))
    assert variance(Design.of(["a", "b"], lonely_psu="certainty"), [1, 2]) == 0


def test_a_lonely_stratum_merges_with_the_next_of_its_group_or_the_one_before():
    merged = Design.of(["a", "b", "b", "c"], lonely_psu="merge")
    assert len(np.unique(merged.stages[0].stratum)) == 1
    apart = Design.of(
        ["1a", "1b", "1b", "2a", "2a", "2b"], lonely_psu="merge", group=[1, 1, 1, 2, 2, 2]
    )
    assert list(apart.stages[0].stratum) == [0, 0, 0, 1, 1, 1]


def test_a_lonely_stratum_without_a_neighbour_is_an_error_that_says_so():
    alone = Design.of(["1a", "2a", "2a"], lonely_psu="merge", group=[1, 2, 2])
    with pytest.raises(LonelyPsuError, match="no neighbour to merge with"):
        variance(alone, [1, 2, 3])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lonely_psu": "ignore"}, "it is one of"),
        ({"population": np.array([1.5, 1.5, 9, 9])}, "fewer units in the population"),
        ({"population": np.array([8.0, 9, 9, 9])}, "more than one population count"),
        ({"population": np.array([8.0, 8, np.nan, np.nan])}, "fewer units in the population"),
        ({"psu": np.array([1, 1, 2, 3])}, "listed twice"),
    ],
)
def test_a_design_that_cannot_be_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        Design.of(["a", "a", "b", "b"], **options)


def test_units_are_read_from_the_columns_that_the_design_names():
    people = pd.DataFrame(
        {"district": "201-hai-ha", "commune_code": ["06904", "06904", "06907"],
         "layer": ["rural"] * 3, "unit": ["1", "2", "1"], "units_there": [10, 10, 10]}
    )  # fmt: skip
    units = sampling_units(people, DesignRow.model_validate(ROW))
    assert list(units["psu"]) == ["06904/1", "06904/2", "06907/1"]
    assert set(units["stratum"]) == {"201-hai-ha: rural"} and (units["psu_fraction"] == 0).all()
    stated = DesignRow.model_validate({**ROW, "psu_population": "units_there"})
    assert (sampling_units(people, stated)["psu_fraction"] == 0.3).all()
