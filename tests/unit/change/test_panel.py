"""Belongs here: which sampling units of several years count once, and how their values are stacked.
Does not belong here: the change or trend that is made of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stacked_design import stack_as_r

from dgi.change.panel import join_strata, stack_years
from dgi.index.totals import PsuTotals, reduce_to_psu

few = settings(max_examples=20, deadline=None, derandomize=True)


def year(*pairs, domain="d") -> pd.DataFrame:
    """Units of one year from (psu, stratum) pairs."""
    return pd.DataFrame(pairs, columns=["psu", "stratum"]).assign(domain=domain)


def joined(*years) -> list[np.ndarray]:
    """Labels of each year's units."""
    units = pd.concat([one.assign(year=n) for n, one in enumerate(years)], ignore_index=True)
    labels = join_strata(units)
    ends = np.cumsum([len(one) for one in years])
    return np.split(labels, ends[:-1])


def totals(units: pd.DataFrame, psu_fraction=0.0, **options) -> PsuTotals:
    """One respondent in each unit."""
    frame = units.assign(district=units["domain"], commune_code="c", psu_fraction=psu_fraction)
    weights = np.ones(len(units))
    return reduce_to_psu(np.ones((len(units), 1)), weights, frame, ["y"], **options)


def stacked(parts):
    """Variance and df of (units, z) parts whose units are sorted as totals sort them."""
    variance, df = stack_years([totals(units) for units, _ in parts], [z for _, z in parts])
    return variance[0], df[0]


def test_strata_that_share_psus_one_to_one_are_one_stratum_even_when_renamed():
    now, before = joined(
        year(("p1", "A"), ("p2", "A"), ("p3", "B")), year(("p1", "old A"), ("p9", "old A"))
    )
    assert now[0] == now[1] == before[0] == before[1] != now[2]


@pytest.mark.parametrize(
    ("now", "before"),
    [
        # one stratum of now shares PSUs with two of before
        (year(("p1", "A"), ("p2", "A")), year(("p1", "X"), ("p2", "Y"))),
        # and the other way round
        (year(("p1", "A"), ("p2", "B")), year(("p1", "X"), ("p2", "X"))),
    ],
)
def test_strata_in_a_tangle_stay_apart_by_year(now, before):
    labels = joined(now, before)
    assert not set(labels[0]) & set(labels[1])


def test_a_tangle_beside_a_pair_leaves_the_pair_joined():
    now, before = joined(
        year(("p1", "A"), ("p2", "A"), ("p5", "C")), year(("p1", "X"), ("p2", "Y"), ("p5", "Z"))
    )
    assert now[2] == before[2]
    assert not set(now[:2]) & set(before[:2])


def test_strata_without_a_common_psu_are_independent_even_under_one_name():
    now, before = joined(year(("p1", "A")), year(("p2", "A")))
    assert now[0] != before[0]


def test_the_same_label_in_two_districts_is_not_the_same_unit():
    both = pd.concat([year(("p1", "A")), year(("p1", "A"), domain="e")], ignore_index=True)
    (labels,) = joined(both)
    assert labels[0] != labels[1]


def test_a_variance_of_change_worked_by_hand():
    """p1 is in both years: deviations (5-6) and (2-6.5) times sqrt(2), added with their signs."""
    now, before = year(("p1", "A"), ("p2", "A")), year(("p1", "A"), ("p3", "A"))
    variance, df = stacked([(now, np.array([[5.0], [7]])), (before, -np.array([[2.0], [11]]))])
    assert variance[0] == pytest.approx(2 * ((-1 + 4.5) ** 2 + 1 + 4.5**2), rel=1e-14)
    assert df == 3 - 1


def test_one_shared_unit_does_not_undo_the_strata():
    """Two strata that differ and in which nothing varies: no error, as in either year alone."""
    now = year(("p1", "A"), ("p2", "A"), ("p3", "B"), ("p4", "B"))
    before = year(("p1", "A"), ("q2", "A"), ("q3", "B"), ("q4", "B"))
    z = np.array([[1.0], [1], [-1], [-1]])
    assert stacked([(now, z), (before, -z)])[0][0] == pytest.approx(0, abs=1e-30)
    # A design over the units of both years takes a unit of one for a sampled zero of the other.
    assert stack_as_r([totals(now), totals(before)], [z, -z])[0][0, 0] > 1


def test_units_that_are_all_shared_have_the_variance_of_their_differences():
    units = year(("p1", "A"), ("p2", "A"), ("p3", "A"))
    z, y = np.array([[1.0], [2], [6]]), np.array([[0.0], [4], [5]])
    variance, _ = stacked([(units, z), (units, -y)])
    own = totals(units)
    assert variance[0] == pytest.approx(own.design.covariance(z - y)[0, 0], rel=1e-14)


def test_every_year_keeps_its_own_fractions_and_lonely_policy():
    units = year(("p1", "A"), ("p2", "A"), ("p3", "B"))
    certain = totals(units, psu_fraction=[0.5, 0.5, 1.0])
    z = np.array([[1.0], [3], [9]])
    variance, _ = stack_years([certain, certain], [z, -2 * z])
    assert variance[0, 0] == pytest.approx(0.5 * 2 * (1 + 1), rel=1e-14)
    adjusted = totals(units, lonely_psu="certainty")
    assert stack_years([certain, adjusted], [z, -z])[0][0, 0] > 0


def test_years_with_other_domains_are_not_compared():
    one = totals(year(("p1", "A"), ("p2", "A")))
    other = totals(year(("p1", "A"), ("p2", "A"), domain="e"))
    with pytest.raises(ValueError, match="same domains"):
        stack_years([one, other], [np.ones((2, 1))] * 2)


def test_a_unit_of_five_years_counts_once():
    parts = [(year(("p1", "A"), (f"q{n}", "A")), np.array([[1.0], [10.0]])) for n in range(5)]
    variance, df = stacked(parts)
    # p1 lies 4.5 below its mean every year: (5 * 4.5)^2; each q once 4.5 above: 5 * 4.5^2.
    assert variance[0] == pytest.approx(2 * (22.5**2 + 5 * 4.5**2), rel=1e-14)
    assert df == 6 - 1


@few
@given(st.integers(0, 10_000))
def test_the_labels_of_strata_change_nothing(seed):
    random = np.random.default_rng(seed)
    now = year(("a", "1"), ("b", "1"), ("c", "2"), ("d", "2"))
    before = year(("b", "1"), ("e", "1"), ("c", "2"), ("f", "2"))
    z = [(now, random.normal(size=(4, 2))), (before, random.normal(size=(4, 2)))]
    renamed = [(units.assign(stratum="x" + units["stratum"]), values) for units, values in z]
    one, two = (stacked(parts)[0] for parts in (z, renamed))
    np.testing.assert_allclose(one, two, rtol=1e-12)
