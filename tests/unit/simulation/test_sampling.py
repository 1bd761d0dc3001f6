"""Belongs here: what must hold of the village frame, the draw from it and the people drawn.
Does not belong here: what the people answer, or the rows handed in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.ingest.facts import Facts
from dgi.simulation.assumptions import SampleAssumptions
from dgi.simulation.sampling import draw_people, draw_villages, village_frame

DATA = Path(__file__).resolve().parents[3] / "data"

CENSUS = date(2019, 7, 1)  # the day of the table that the years before 2025 go by


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


@pytest.fixture(scope="module")
def assumptions(facts):
    return SampleAssumptions.from_document(
        facts.yaml("sample/assumptions.yaml"), "assumptions.yaml"
    )


@pytest.fixture(scope="module")
def adults(facts):
    return facts.commune_adults(facts.survey(2016).census)


def test_census_adults_all_live_in_a_village_of_their_district(facts, adults, assumptions):
    for year in (2019, 2020):
        survey = facts.survey(year)
        frame = village_frame(facts.units, adults, CENSUS, survey.reference_date, assumptions)
        margins = facts.margins(survey.census, survey.reference_date)
        area = margins[margins["margin"] == "area"].set_index(["district", "category"])
        lived = frame.groupby(["district", "area"])["adults"].sum()
        assert (lived == area["population"].reindex(lived.index)).all()
        assert lived.sum() == adults["adults"].sum()


def test_villages_of_a_commune_stay_the_same_when_others_join_it(facts, adults, assumptions):
    before, after = (
        village_frame(facts.units, adults, CENSUS, day, assumptions).set_index("village_code")[
            "adults"
        ]
        for day in (date(2019, 7, 1), date(2020, 7, 1))
    )
    same = before.index.intersection(after.index)
    assert len(same) > 0.9 * len(before)
    assert (before[same] == after[same]).all()
    assert after.min() >= assumptions.villages.smallest


def test_merged_ha_long_is_one_district_with_an_urban_and_a_rural_stratum(
    facts, adults, assumptions
):
    survey = facts.survey(2020)
    frame = village_frame(facts.units, adults, CENSUS, survey.reference_date, assumptions)
    assert frame["district"].nunique() == 13
    ha_long = frame[frame["district"] == "193-ha-long"]
    assert set(ha_long["home"]) == {"193-ha-long", "204-hoanh-bo"}
    sample = draw_villages(ha_long, survey, assumptions)
    assert set(sample["stratum"]) == {"193-ha-long-urban", "193-ha-long-rural"}


def test_a_unit_of_one_commune_is_a_stratum_of_six_villages(facts, assumptions):
    survey = facts.survey(2025)
    adults = facts.commune_adults(survey.census)
    day = survey.reference_date
    frame = village_frame(facts.units, adults, facts.census_day(survey.census), day, assumptions)
    sample = draw_villages(frame, survey, assumptions)
    assert (sample.groupby("district").size() == 6).all() and sample["district"].nunique() == 54
    assert (sample["stratum"] == sample["district"]).all()
    assert sample["stratum"].str.fullmatch("[A-Za-z0-9_-]{1,20}").all()  # as the form demands
    assert (sample["commune_prob"] == 1).all()
    assert (sample["psu"] == sample["village_code"]).all()
    # Opinions stay those of the districts of 2019, wherever a unit lies now.
    assert set(frame["home"]) == set(facts.units.districts_on(CENSUS)["district"])


def test_co_to_takes_its_three_communes_with_eight_villages_each(facts, adults, assumptions):
    survey = facts.survey(2018)
    frame = village_frame(facts.units, adults, CENSUS, survey.reference_date, assumptions)
    sample = draw_villages(frame[frame["district"] == "207-co-to"], survey, assumptions)
    assert list(sample.groupby("commune_code").size()) == [8, 8, 8]
    assert (sample["commune_prob"] == 1).all()
    assert (sample["psu"] == sample["village_code"]).all()
    assert set(sample["stratum"]) == {f"207-co-to-{code}" for code in sample["commune_code"]}


@st.composite
def district_frames(draw):
    """A district of 1 to 30 communes with 2 to 15 villages each, some communes very large."""
    rows = []
    for number in range(draw(st.integers(1, 30))):
        size = draw(st.sampled_from([60, 100, 400, 5000]))
        area = draw(st.sampled_from(["urban", "rural"]))
        for serial in range(draw(st.integers(2, 15))):
            code = f"{70000 + number}"
            rows.append((code, area, f"{code}-{serial + 1:02d}", size + draw(st.integers(0, 300))))
    frame = pd.DataFrame(rows, columns=["commune_code", "area", "village_code", "adults"])
    return frame.assign(district="299-thu", home="299-thu", village_row=range(len(frame)))


@settings(max_examples=25, deadline=None)
@given(frame=district_frames(), year=st.integers(2016, 2020))
def test_any_district_gets_a_measurable_sample_that_stands_for_all_adults(
    facts, assumptions, frame, year
):
    survey = facts.survey(2016).model_copy(update={"survey_year": year})
    sample = draw_villages(frame, survey, assumptions)
    assert sample["village_code"].is_unique
    assert (sample.groupby("stratum")["psu"].nunique() >= 2).all()
    for column in ("commune_prob", "village_prob"):
        assert sample[column].between(0, 1, inclusive="right").all()
    stands_for = sample["adults"] / (sample["commune_prob"] * sample["village_prob"])
    assert stands_for.sum() == pytest.approx(frame["adults"].sum(), rel=1e-9)


def test_the_next_year_keeps_the_communes_and_about_half_of_the_villages(
    facts, adults, assumptions
):
    first, second = (
        draw_villages(
            village_frame(
                facts.units, adults, CENSUS, facts.survey(year).reference_date, assumptions
            ),
            facts.survey(year), assumptions,
        )
        for year in (2016, 2017)
    )  # fmt: skip
    assert set(first["commune_code"]) == set(second["commune_code"])
    assert 0.4 < first["village_code"].isin(second["village_code"]).mean() < 0.65


def people_of(facts, adults, assumptions, year):
    survey = facts.survey(year)
    frame = village_frame(facts.units, adults, CENSUS, survey.reference_date, assumptions)
    margins = facts.margins(survey.census, survey.reference_date)
    return draw_people(draw_villages(frame, survey, assumptions), margins, survey, assumptions)


@pytest.fixture(scope="module")
def people(facts, adults, assumptions):
    return people_of(facts, adults, assumptions, 2016)


def test_women_answer_more_readily_so_raking_has_something_to_do(people):
    assert (people["sex"] == "female").mean() > 0.53


def test_two_members_of_one_team_share_a_village(people, assumptions):
    shared = people.groupby("village_code")["interviewer"].unique()
    assert {len(names) for names in shared} == {2}
    assert all(first[:-1] == second[:-1] for first, second in shared)
    assert people.groupby("district")["interviewer"].nunique().eq(6).all()
    per_day = people.groupby(["interviewer", "interview_date"]).size()
    assert per_day.max() <= assumptions.interviewers.per_day


def test_the_lean_of_sex_and_age_moves_no_district(facts, people):
    survey = facts.survey(2016)
    margins = facts.margins(survey.census, survey.reference_date)
    cells = margins[margins["margin"] == "sex_age"].set_index(["district", "category"])
    group = pd.cut(people["age"], [17, 29, 44, 59, 70], labels=["18-29", "30-44", "45-59", "60-70"])
    named = people.assign(category=people["sex"] + " " + group.astype(str))
    lean = named.groupby(["district", "category"])["lean"].agg(["min", "max"])
    assert (lean["min"] == lean["max"]).all()
    population = cells["population"].reindex(lean.index)
    assert len(lean) == len(cells)  # every cell is met, so the mean below is the whole one
    mean = (lean["min"] * population).groupby("district").sum() / population.groupby(
        "district"
    ).sum()
    assert mean.abs().max() < 1e-12


def test_other_years_other_people(facts, adults, assumptions, people):
    again = people_of(facts, adults, assumptions, 2016)
    later = people_of(facts, adults, assumptions, 2017)
    assert again.equals(people)
    assert (later["age"].to_numpy() != people["age"].to_numpy()).any()
