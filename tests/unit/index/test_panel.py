"""Belongs here: which sampling units of several years count once, and how their values are stacked.
Does not belong here: the change or trend that is made of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.index.panel import join_strata, stack_years
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


def totals(units: pd.DataFrame) -> PsuTotals:
    """One respondent in each unit."""
    frame = units.assign(district=units["domain"], commune_code="c")
    return reduce_to_psu(np.ones((len(units), 1)), np.ones(len(units)), frame, ["y"])


def stacked(parts):
    """Stack (units, z) parts whose units are sorted as totals sort them."""
    return stack_years([totals(units) for units, _ in parts], [z for _, z in parts])


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
    one, two = totals(now), totals(before)
    z, design, domain = stack_years([one, two], [np.ones((2, 1)), np.ones((2, 1))])
    assert len(z) == design.size == len(domain) == 4  # nothing was joined


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


def test_a_psu_of_both_years_is_one_row_with_the_difference():
    now, before = year(("p1", "A"), ("p2", "A")), year(("p1", "A"), ("p3", "A"))
    z, design, _ = stacked([(now, np.array([[5.0], [7.0]])), (before, np.array([[-2.0], [-11.0]]))])
    assert sorted(z[:, 0]) == [-11, 3, 7]
    assert len(np.unique(design.stages[0].stratum)) == 1


def test_a_psu_of_five_years_is_one_row_when_its_stratum_never_splits():
    parts = [(year(("p1", "A"), (f"q{n}", "A")), np.array([[1.0], [10.0]])) for n in range(5)]
    z, design, _ = stacked(parts)
    assert sorted(z[:, 0]) == [5, 10, 10, 10, 10, 10]
    assert design.degrees_of_freedom(np.arange(6), np.zeros(6, dtype=int)) == [5]


@few
@given(st.integers(0, 10_000))
def test_the_labels_of_strata_change_nothing(seed):
    random = np.random.default_rng(seed)
    now = year(("a", "1"), ("b", "1"), ("c", "2"), ("d", "2"))
    before = year(("b", "1"), ("e", "1"), ("c", "2"), ("f", "2"))
    z = [(now, random.normal(size=(4, 2))), (before, random.normal(size=(4, 2)))]
    renamed = [(units.assign(stratum="x" + units["stratum"]), values) for units, values in z]
    one, two = (design.covariance(values) for values, design, _ in (stacked(z), stacked(renamed)))
    np.testing.assert_allclose(one, two, rtol=1e-12)
