"""Belongs here: what must hold of the answers of the simulated survey: lists, skips, levels.
Does not belong here: who is asked, or the faults that are planted afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.errors import FactError
from dgi.index.indicators import indicator_values
from dgi.ingest.facts import Facts
from dgi.simulation.answers import simulate_answers
from dgi.simulation.assumptions import SampleAssumptions, check_filter_rates
from dgi.simulation.sampling import draw_people, draw_villages, village_frame
from dgi.survey.weights import weigh_district

DATA = Path(__file__).resolve().parents[3] / "data"


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


def middling_targets(tree):
    """A different score for each sub-dimension, between 0.35 and 0.65 of its scale."""
    subs = tree[tree["level"] == "sub_dimension"].set_index("key")
    places = np.linspace(0.35, 0.65, len(subs))
    return subs["scale_min"] + places * (subs["scale_max"] - subs["scale_min"])


class Sample:
    """The people of 2016, and their answers under given targets and rates."""

    def __init__(self, facts):
        self.survey = survey = facts.survey(2016)
        self.tree = facts.indicator_set(survey.indicator_set).tree
        self.questionnaire = facts.questionnaire(survey.questionnaire)
        self.assumptions = SampleAssumptions.from_document(
            facts.yaml("sample/assumptions.yaml"), "assumptions.yaml"
        )
        self.rates = check_filter_rates(facts.table("sample/filter_rates.csv"), "filter_rates.csv")
        self.frame = village_frame(
            facts.units, facts.commune_adults(survey.census),
            facts.census_day(survey.census), survey.reference_date, self.assumptions,
        )  # fmt: skip
        self.people = draw_people(
            draw_villages(self.frame, survey, self.assumptions),
            facts.margins(survey.census, survey.reference_date), survey, self.assumptions,
        )  # fmt: skip

    def answers(self, targets=None, rates=None):
        return simulate_answers(
            self.tree, self.questionnaire,
            middling_targets(self.tree) if targets is None else targets,
            self.rates if rates is None else rates,
            self.frame, self.people, self.survey.survey_year, self.assumptions,
        )  # fmt: skip


@pytest.fixture(scope="module")
def sample(facts):
    return Sample(facts)


@pytest.fixture(scope="module")
def people(sample):
    return sample.people


@pytest.fixture(scope="module")
def answers(sample):
    return pd.DataFrame(sample.answers())


def test_skips_are_obeyed_and_answers_are_in_their_lists(facts, answers):
    questionnaire = facts.questionnaire("citizens-2016")
    assert list(answers) == list(questionnaire.questions["question"])
    for row in questionnaire.questions.itertuples():
        assert set(answers[row.question].dropna()) <= set(questionnaire.codes(row.answers))
    asked = questionnaire.is_asked(answers.astype(float))
    assert (answers.notna() == asked).all().all()


def test_filters_open_at_about_their_assumed_rate(facts, answers):
    rates = facts.table("sample/filter_rates.csv")
    asked = [row for row in rates.itertuples() if row.question in answers]
    assert asked
    for row in asked:
        opened = answers[row.question].isin([int(code) for code in row.code.split(";")]).mean()
        assert abs(opened - float(row.rate)) < 0.06, row.question


def test_the_province_is_centred_on_its_targets(facts, people, answers):
    survey = facts.survey(2016)
    questionnaire = facts.questionnaire(survey.questionnaire)
    tree = facts.indicator_set(survey.indicator_set)
    indicators = tree.at("indicator")
    margins = facts.margins(survey.census, survey.reference_date)
    total, weight = 0.0, 0.0
    groups = pd.cut(people["age"], [17, 29, 44, 59, 70],
                    labels=["18-29", "30-44", "45-59", "60-70"])  # fmt: skip
    responses = people.rename(columns={"adults": "village_adults"}).assign(
        age_group=groups.astype(str), **answers.astype("Int16")
    )
    for district, typed in responses.groupby("district"):
        weights, report = weigh_district(typed, margins[margins["district"] == district])
        assert report.converged
        w = weights["weight"].to_numpy()[:, None]
        values = indicator_values(typed, indicators, questionnaire)
        total = total + np.nansum(w * values, axis=0)
        weight = weight + (w * ~np.isnan(values)).sum(axis=0)
    low, high = (indicators[name].to_numpy(float) for name in ("scale_min", "scale_max"))
    t = (total / weight - low) / (high - low)
    t = np.where(indicators["direction"] == 1, t, 1 - t)
    found = pd.Series(t * indicators["weight"].to_numpy(float)).groupby(indicators["parent"]).sum()
    assert (found.max() - found.min()) > 0.2  # the targets differ, so the centring is seen
    subs = tree.at("sub_dimension").set_index("key")
    places = (middling_targets(tree.tree) - subs["scale_min"]) / (
        subs["scale_max"] - subs["scale_min"]
    )
    assert (found - places).abs().max() < 0.05


def test_a_target_that_is_missing_is_named(sample):
    with pytest.raises(ValueError, match="poverty_lists"):
        sample.answers(targets=middling_targets(sample.tree).drop("poverty_lists"))


def test_a_filter_without_a_rate_is_named(sample):
    rates = sample.rates[sample.rates["question"].isin(sample.questionnaire.questions["question"])]
    with pytest.raises(FactError) as raised:
        sample.answers(rates=rates.iloc[1:])
    assert [fault.value for fault in raised.value.faults] == [rates["question"].iloc[0]]
