"""Belongs here: a year's sums put on the boundary of another day, and what that may not change.
Does not belong here: where a commune lies (tests/unit/facts), or figures of R (tests/oracle)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import small_set
from survey_builders import commune, district

from dgi.change.boundaries import IN_NO_UNIT, SUMS, restate, survey_year_of, unmeasured
from dgi.change.claims import CLAIMS, claim_of
from dgi.change.comparison import change_of_districts
from dgi.change.two_years import change_of_domains
from dgi.errors import FactError
from dgi.facts.comparisons import ComparisonRow
from dgi.facts.units import Units
from dgi.index.estimation import linearised_means, weighted_means
from dgi.index.scores import PROVINCE
from dgi.index.totals import PsuTotals, reduce_to_cells, reduce_to_psu
from dgi.ingest.facts import Facts
from dgi.survey.weights import count_respondents, sample_sizes

THEN, NOW = date(2020, 7, 1), date(2025, 7, 1)
KEYS = ["share", "rating"]
MOVED, STAYS, CUT = "06901", "06902", "06903"  # whole, whole, in two parts


def register(*shares) -> Units:
    """Districts 101 and 102; 101's communes become the units 06901 and 06904, CUT in parts."""
    ended, began = {"end": "2025-07-01"}, {"start": "2025-07-01"}
    districts = [
        district("101", "101-a", **ended),
        district("102", "102-b"),
        district("06901", "06901-c", **began),
        district("06904", "06904-d", **began),
    ]
    communes = [
        commune(MOVED, "101", successor=MOVED, **ended),
        commune(CUT, "101", successor=f"{MOVED};06904", **ended),
        commune(STAYS, "102"),
        commune(MOVED, "06901", **began),
        commune("06904", "06904", **began),
    ]
    rows = [
        {
            "commune_code": CUT,
            "ended_on": "2025-07-01",
            "successor": to,
            "share": str(share),
            "basis": "a list",
            "source": "test",
        }
        for to, share in zip((MOVED, "06904"), shares, strict=False)
    ]
    tables = [pd.DataFrame(one).astype("str") for one in (districts, communes)]
    return Units.from_tables(*tables, pd.DataFrame(rows) if rows else None)  # fmt: skip


def respondents(seed, size=90):
    """Three communes, each a stratum's half or more; sampling units are villages."""
    rng = np.random.default_rng(seed)
    code = rng.choice([MOVED, STAYS, CUT], size)
    people = pd.DataFrame({"commune_code": code})
    people["district"] = np.where(code == STAYS, "102-b", "101-a")
    people["stratum"] = people["district"] + ": all"
    people["psu"] = people["commune_code"] + "/" + rng.integers(1, 5, size).astype(str)
    values = np.column_stack([rng.integers(0, 2, size), rng.integers(1, 6, size)]).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    return people, values, rng.uniform(1, 3, size)


def totals_of(seed):
    people, values, weights = respondents(seed)
    table = reduce_to_psu(values, weights, people, KEYS).to_frame()
    table = table.merge(count_respondents(people, weights), on=["district", "psu"])
    return table.assign(is_sample=True)


def by_district(table):
    return table.groupby(["district", "key"])[SUMS].sum()


def read(frame) -> PsuTotals:
    return PsuTotals.from_frame(frame, KEYS, "adjust")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1))
def test_shares_that_sum_to_one_keep_every_sum_of_the_province(seed, share):
    table = totals_of(seed)
    moved = restate(table, register(share, 1 - share), THEN, NOW)
    before, after = (one.groupby("key")[SUMS].sum() for one in (table, moved.frame))
    np.testing.assert_allclose(after, before, rtol=1e-9)
    # The error of the province counts a unit that two domains share once, so it stays as well.
    whole, again = (read(one).together(PROVINCE) for one in (table, moved.frame))
    z = [linearised_means(one, weighted_means(one)) for one in (whole, again)]
    errors = [one.design.variances(own, one.unit, one.domain)
              for one, own in zip((whole, again), z, strict=True)]  # fmt: skip
    np.testing.assert_allclose(errors[1], errors[0], rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_its_own_boundary_changes_nothing(seed):
    table = totals_of(seed)
    moved = restate(table, register(), THEN, THEN)
    pd.testing.assert_frame_equal(moved.frame[list(table)], table)
    assert not (moved.restated | moved.apportioned | moved.refused | moved.not_whole)


def test_there_and_back_is_the_identity_for_communes_that_did_not_change():
    table = totals_of(1)
    table = table[table["commune_code"] == STAYS].reset_index(drop=True)
    there = restate(table, register(), THEN, date(2022, 7, 1)).frame[list(table)]
    back = restate(there, register(), date(2022, 7, 1), THEN).frame[list(table)]
    pd.testing.assert_frame_equal(back, table)


def test_a_commune_of_known_parts_gives_each_unit_its_share_of_respondents_and_no_more():
    table = totals_of(2)
    moved = restate(table, register(0.25, 0.75), THEN, NOW)
    assert moved.apportioned == {"06901-c", "06904-d"} and not moved.refused
    sums, cut = by_district(moved.frame), table[table["commune_code"] == CUT]
    np.testing.assert_allclose(sums.loc["06904-d"], 0.75 * cut.groupby("key")[SUMS].sum())
    sizes = sample_sizes(moved.frame).set_index("district")
    own = sample_sizes(cut).set_index("district").loc["101-a"]
    # No respondent helps two units over a threshold, by count or by Kish's size.
    assert sizes.loc["06904-d", "n"] == pytest.approx(0.75 * own["n"])
    assert sizes.loc["06904-d", "n_effective"] == pytest.approx(0.75 * own["n_effective"])
    assert sizes["n"].sum() == pytest.approx(sample_sizes(table)["n"].sum())


def test_units_of_a_divided_commune_are_refused_even_where_the_draw_passed_it_by():
    table = totals_of(3)
    for given_rows in (table, table[table["commune_code"] != CUT]):
        moved = restate(given_rows, register(), THEN, NOW)
        assert moved.refused == {"06901-c", "06904-d"}
        cut = moved.frame["commune_code"] == CUT
        assert (moved.frame.loc[cut, "district"] == IN_NO_UNIT).all()
        assert len(moved.frame) == len(given_rows)  # guessed at by nobody, lost to nobody


def test_a_unit_lacks_a_part_where_a_district_of_then_is_lost():
    table = totals_of(4)
    moved = restate(table[table["district"] == "102-b"], register(), THEN, NOW, lost=["101-a"])
    assert moved.not_whole == {"06901-c", "06904-d"}
    assert moved.restated == {"06901-c"}


def test_a_commune_that_was_not_in_force_is_named():
    table = totals_of(5).replace({"commune_code": {STAYS: "99999"}})
    with pytest.raises(FactError, match="99999"):
        restate(table, register(), THEN, NOW)


def test_a_unit_within_a_stratum_has_the_error_of_a_domain_and_not_of_a_stratum():
    people, values, weights = respondents(6, 200)
    table = reduce_to_psu(values, weights, people, KEYS).to_frame()
    moved = read(restate(table, register(0.0, 1.0), THEN, NOW).frame).only(["06901-c"])
    # The same by the general way: a domain that cuts through the strata of the design.
    whole = reduce_to_psu(values, weights, people, KEYS, lonely_psu="adjust")
    unit = people["psu"].map({psu: n for n, psu in enumerate(whole.units["psu"])}).to_numpy()
    inside = np.where(people["commune_code"] == MOVED, 0, -1)
    cells = reduce_to_cells(values, weights, unit, inside, whole.design, KEYS)
    means = [weighted_means(one) for one in (moved, cells)]
    np.testing.assert_allclose(*means)
    errors = [
        one.design.variances(linearised_means(one, mean), one.unit, one.domain)
        for one, mean in zip((moved, cells), means, strict=True)
    ]
    np.testing.assert_allclose(*errors, rtol=1e-9)


# ---- the change that rests on it


def survey(seed, districts):
    """A small survey of the set: a commune of its own for every unit named."""
    rng = np.random.default_rng(seed)
    keys = list(small_set().at("indicator")["key"])
    people = pd.DataFrame({"commune_code": np.repeat(sorted(districts), 60)})
    people["district"] = people["commune_code"].map(districts)
    people["stratum"] = people["district"] + ": all"
    people["psu"] = people["commune_code"] + "/" + rng.integers(1, 9, len(people)).astype(str)
    answers = rng.integers(0, 2, (len(people), len(keys))).astype(float)
    return reduce_to_psu(answers, np.ones(len(people)), people, keys).to_frame(), keys


PREVIOUS = ComparisonRow(
    comparison="previous", kind="previous", max_gap_years=5, name_vi="x", name_en="x",
    note_vi="x", note_en="x",
)  # fmt: skip


def totals_changed(now, base, units, expected, of_day=THEN):
    """The totals' changes of units and province between two tables, the older one restated."""
    years = []
    for year, table, day in ((2020, base, of_day), (2025, now, NOW)):
        moved = restate(table, units, day, NOW)
        keys = list(small_set().at("indicator")["key"])
        totals = PsuTotals.from_frame(moved.frame, keys)
        years.append(survey_year_of(moved, year, totals, small_set(), is_whole=True))
    table = change_of_districts(years[1], years[:1], PREVIOUS, expected)
    # Whatever a boundary does to a change, something may be said of it.
    assert {claim_of(row) for row in table.itertuples()} <= set(CLAIMS)
    return table[table["level"] == "total"].set_index("district")


def changes(units):
    base, keys = survey(1, {MOVED: "101-a", CUT: "101-a", STAYS: "102-b"})
    now, _ = survey(2, {MOVED: "06901-c", "06904": "06904-d", STAYS: "102-b"})
    total = totals_changed(now, base, units, ["06901-c", "06904-d", "102-b"])
    return total, (base, now, keys)


def test_refused_units_have_no_change_and_say_why_while_the_province_has_its_own():
    total, (base, now, keys) = changes(register())
    for unit in ("06901-c", "06904-d"):
        assert total.loc[unit, "flag"] == "boundary_divided" and pd.isna(total.loc[unit, "change"])
    assert total.loc["102-b", "flag"] == "spans_years" and total.loc["102-b", "change"] is not None
    # The province has no boundary within it: its change is that of the tables as they were drawn.
    whole = [PsuTotals.from_frame(table, keys).together(PROVINCE) for table in (now, base)]
    plain, _ = change_of_domains(*whole, small_set(), small_set())
    own = plain[plain["level"] == "total"].iloc[0]
    for column in ("change", "se", "df"):
        assert total.loc[PROVINCE, column] == pytest.approx(own[column], rel=1e-9)


def test_a_unit_of_one_sampling_unit_has_no_error_and_so_no_change():
    base, keys = survey(1, {MOVED: "101-a", CUT: "101-a", STAYS: "102-b"})
    base = base[(base["commune_code"] != CUT) | (base["psu"] == f"{CUT}/1")]
    now, _ = survey(2, {MOVED: "06901-c", "06904": "06904-d", STAYS: "102-b"})
    moved = restate(base, register(0.0, 1.0), THEN, NOW)
    totals = PsuTotals.from_frame(moved.frame, keys)
    assert unmeasured(totals) == {"06904-d"}
    expected = ["06901-c", "06904-d", "102-b"]
    total = totals_changed(now, base, register(0.0, 1.0), expected)
    assert total.loc["06904-d", "flag"] == "suppressed_small_n;boundary_restated"
    assert pd.isna(total.loc["06904-d", "change"]) and pd.notna(total.loc[PROVINCE, "change"])
    assert pd.notna(total.loc["06901-c", "change"])


def test_units_of_known_parts_are_compared_and_marked():
    total, _ = changes(register(0.4, 0.6))
    assert total.loc["06904-d", "flag"] == "boundary_restated;boundary_apportioned;spans_years"
    assert total["change"].notna().all()


# ---- the register itself


@pytest.fixture(scope="module")
def facts():
    return Facts(Path(__file__).resolve().parents[3] / "data")


def test_of_the_54_units_of_2025_nineteen_cannot_be_compared_with_2020(facts):
    day = facts.survey(2020).reference_date
    communes = facts.units.communes_on(day)[["commune_code", "district"]]
    communes["psu"] = communes["commune_code"] + "/1"
    moved = restate(communes, facts.units, day, facts.survey(2025).reference_date)
    assert len(moved.refused) == 19 and not moved.apportioned and not moved.not_whole
    assert len(moved.restated | moved.refused) == 54
    assert moved.frame["district"].ne(IN_NO_UNIT).sum() == 177 - 14
    # Codes were given anew in 2025: 06652/1 of 2020 is no sampling unit of the new 06652.
    assert (moved.frame["psu"] == "2020: " + communes["psu"]).all()
    before = restate(communes, facts.units, day, date(2024, 12, 1)).frame
    assert (before["psu"] == communes["psu"]).all()
