"""Belongs here: what must hold of the rows that a simulated survey hands in.
Does not belong here: the design and the answers behind them, or their workbooks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dgi.facts.questionnaire import parse_condition
from dgi.ingest.facts import Facts
from dgi.simulation.assumptions import SampleAssumptions, check_filter_rates
from dgi.simulation.simulate import (
    STRANGE_AGES,
    STRANGE_ANSWER,
    STRANGE_COMMUNE,
    simulate_survey,
)

DATA = Path(__file__).resolve().parents[3] / "data"
KINDS = ("duplicate_id", "missing_id", "age_outside", "unknown_commune", "unlisted_answer",
         "answer_despite_skip")  # fmt: skip


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


@pytest.fixture(scope="module")
def document(facts):
    return facts.yaml("sample/assumptions.yaml")


@pytest.fixture(scope="module")
def assumptions(document):
    return SampleAssumptions.from_document(document, "data/sample/assumptions.yaml")


def simulate(facts, year, assumptions):
    survey = facts.survey(year)
    tree = facts.indicator_set(survey.indicator_set).tree
    subs = tree[tree["level"] == "sub_dimension"].set_index("key")
    return simulate_survey(
        survey, tree, facts.questionnaire(survey.questionnaire), facts.units,
        facts.commune_adults(survey.census), facts.census_day(survey.census),
        facts.margins(survey.census, survey.reference_date),
        (subs["scale_min"] + subs["scale_max"]) / 2, assumptions,
        check_filter_rates(facts.table("sample/filter_rates.csv"), "filter_rates.csv"),
    )  # fmt: skip


def without_faults(document):
    rates = dict.fromkeys(KINDS, 0.0) | {"largest_share": 0.01}
    return SampleAssumptions.from_document(document | {"imperfections": rates}, "assumptions.yaml")


@pytest.fixture(scope="module")
def clean(facts, document):
    """The survey of 2016 as a faultless team would deliver it, under the names of the data."""
    frames = simulate(facts, 2016, without_faults(document))
    headers = facts.questionnaire("citizens-2016").headers()
    return {district: frame.rename(columns=headers) for district, frame in frames.items()}


@pytest.fixture(scope="module")
def flawed(facts, document):
    """The survey of 2016 in which every district gets as many faults as there is room for."""
    rates = dict.fromkeys(KINDS, 1.0) | {"largest_share": 0.01}
    certain = SampleAssumptions.from_document(document | {"imperfections": rates}, "x.yaml")
    frames = simulate(facts, 2016, certain)
    headers = facts.questionnaire("citizens-2016").headers()
    return {district: frame.rename(columns=headers) for district, frame in frames.items()}


def answered_despite_skip(facts, frame):
    """Rows with an answer to a question whose filter is closed."""
    questions = facts.questionnaire("citizens-2016").questions
    wrong = pd.Series(False, index=frame.index)
    for row in questions[questions["asked_if"] != ""].itertuples():
        name, codes = parse_condition(row.asked_if)
        wrong |= ~frame[name].isin(codes) & frame[row.question].notna()
    return wrong


def test_every_district_has_its_sample_with_own_ids_inside_fieldwork(facts, clean):
    survey = facts.survey(2016)
    ids = pd.concat([frame["respondent_id"] for frame in clean.values()])
    assert ids.is_unique
    assert ids.str.fullmatch(r"QN16-\d{3}-\d{4}").all()
    for frame in clean.values():
        assert len(frame) == survey.sample_per_district
        assert (frame.groupby("village_code").size() == survey.respondents_per_village).all()
        assert (frame.groupby("stratum")["psu"].nunique() >= 2).all()
        assert frame["age"].between(18, 70).all()
        assert frame["commune_code"].str.fullmatch(r"\d{5}").all()
        days = pd.to_datetime(frame["interview_date"], format="%d/%m/%Y").dt.date
        assert days.between(survey.fieldwork_start, survey.fieldwork_end).all()
        assert frame.groupby(["interviewer", "interview_date"]).size().max() <= 4
        assert frame["interviewer"].nunique() == 6


def test_rows_hold_what_a_field_team_would_type(clean, facts):
    questions = list(facts.questionnaire("citizens-2016").questions["question"])
    for frame in clean.values():
        typed = {type(value) for name in questions for value in frame[name]}
        assert typed == {int, type(None)}


def test_each_kind_of_fault_is_planted_and_stays_rare(flawed, facts):
    questionnaire = facts.questionnaire("citizens-2016")
    questions = list(questionnaire.questions["question"])
    seen = dict.fromkeys(KINDS, 0)
    for frame in flawed.values():
        repeated = frame["respondent_id"].duplicated(keep="first") & frame["respondent_id"].notna()
        marks = {
            "duplicate_id": repeated,
            "missing_id": frame["respondent_id"].isna(),
            "age_outside": frame["age"].isin(STRANGE_AGES),
            "unknown_commune": frame["commune_code"] == STRANGE_COMMUNE,
            "unlisted_answer": (frame[questions] == STRANGE_ANSWER).any(axis=1),
        }
        skipped = answered_despite_skip(facts, frame) & ~marks["unlisted_answer"]
        marks["answer_despite_skip"] = skipped
        rows = pd.DataFrame(marks)
        assert 0 < rows.any(axis=1).sum() <= 0.01 * len(frame)
        for kind in KINDS:
            seen[kind] += int(rows[kind].any())
    assert all(seen.values()), seen


def test_a_survey_depends_on_the_seed_alone(facts, assumptions, document):
    first = simulate(facts, 2017, assumptions)
    simulate(facts, 2018, assumptions)
    again = simulate(facts, 2017, assumptions)
    other = simulate(facts, 2017, SampleAssumptions.from_document(document | {"seed": 1}, "x.yaml"))
    assert list(first) == list(again) == sorted(first)
    for district, frame in first.items():
        assert frame.equals(again[district])
        assert not frame.equals(other[district])
