"""Belongs here: which landing folders the sample survey fills, and what it is centred on.
Does not belong here: how its answers are made up or how a workbook is laid out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from dgi.errors import FactError
from dgi.fieldwork.responses import type_responses
from dgi.ingest.deliveries import read_delivery
from dgi.ingest.facts import Facts
from dgi.ingest.landing import district_folders
from dgi.ingest.privacy import Keys
from dgi.simulation.assumptions import SampleAssumptions
from pipelines.sample import (
    ASSUMPTIONS,
    BANNER,
    make_sample,
    published_places,
    split_teams,
    survey_targets,
)

DATA = Path(__file__).resolve().parents[3] / "data"
YEAR = 2020
EMPTY, ABSENT = "207-co-to", "202-ba-che"


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


def contents(landing):
    return {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def filled(facts, tmp_path_factory):
    """A landing place with a user's file in each district but two, before and after filling."""
    landing = tmp_path_factory.mktemp("landing")
    districts = facts.units.districts_on(facts.survey(YEAR).reference_date)["district"]
    for district in set(districts) - {EMPTY, ABSENT}:
        folder = landing / str(YEAR) / district
        folder.mkdir(parents=True)
        (folder / "phieu.xlsx").write_bytes(b"a workbook of the user's")
    (landing / str(YEAR) / EMPTY).mkdir()
    before = contents(landing)
    told = []
    written = make_sample(facts, landing, [YEAR], lambda done, of: told.append((done, of)))
    return landing, before, written, told


def test_a_folder_with_a_users_file_stays_untouched(filled):
    landing, before, written, _ = filled
    after = contents(landing)
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == set(written)


def test_an_empty_and_an_absent_folder_are_filled(filled):
    landing, _, written, told = filled
    assert written == [
        landing / str(YEAR) / district / f"{folder}mau-sample-{YEAR}-{district}-{part}.xlsx"
        for district in (ABSENT, EMPTY)
        for folder, part in (("back-checks/", "kiem-tra-lai"), ("", "1"))
    ]
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)
    # Nothing that was put together aside is left behind.
    assert not list(landing.rglob(".*"))


def test_a_sample_workbook_says_that_it_is_one(filled):
    for path in filled[2]:
        book = load_workbook(path, read_only=True)
        assert book["Bia"]["A1"].value == BANNER
        book.close()


def test_a_second_run_writes_nothing(facts, filled):
    landing = filled[0]
    before = contents(landing)
    assert make_sample(facts, landing, [YEAR]) == []
    assert contents(landing) == before


class AssumingFacts(Facts):
    """The project's facts, but for some entries of the sample's assumptions."""

    def __init__(self, folder: Path, **entries):
        super().__init__(folder)
        self.entries = entries

    def yaml(self, name):
        found = super().yaml(name)
        return found | self.entries if name == ASSUMPTIONS else found


def test_a_delivery_of_another_format_holds_the_same_interviews(facts, filled, tmp_path):
    for district in {path.name for path in (filled[0] / str(YEAR)).iterdir()} - {EMPTY, ABSENT}:
        folder = tmp_path / str(YEAR) / district
        folder.mkdir(parents=True)
        (folder / "phieu.xlsx").write_bytes(b"")
    own = {EMPTY: "sav", ABSENT: "kobo"}
    written = make_sample(AssumingFacts(DATA, deliveries=own), tmp_path, [YEAR])
    names = [path.name for path in written if path.parent.name != "back-checks"]
    assert [name.rpartition(".")[2] for name in names] == ["xlsx", "sav"]
    form, keys = facts.form(YEAR), Keys(b"a secret of some length", YEAR)
    for district, layout in ((EMPTY, "statistics"), (ABSENT, "kobo")):
        read = [
            read_delivery(district_folders(landing, YEAR, district), district, form, keys)
            for landing in (filled[0], tmp_path)
        ]
        assert read[1].files["layout"].tolist() == [layout]
        assert read[1].raw["is_sample"].all()
        one, other = (
            type_responses(
                delivery.raw, form.questionnaire, facts.survey(YEAR), facts.units, district
            )
            for delivery in read
        )
        pd.testing.assert_frame_equal(one.responses, other.responses)
        pd.testing.assert_frame_equal(one.missing, other.missing)


def test_a_delivery_of_no_district_is_refused_before_anything_is_written(tmp_path):
    facts = AssumingFacts(DATA, deliveries={"207-coto": "csv"})
    with pytest.raises(FactError, match="207-coto"):
        make_sample(facts, tmp_path, [YEAR])
    assert not any(tmp_path.iterdir())


def test_the_second_of_two_teams_hands_in_one_village_of_the_first_again(facts):
    document = facts.yaml(ASSUMPTIONS)
    twice = document | {"fieldwork": document["fieldwork"] | {"delivered_twice": 1.0}}
    assumptions = SampleAssumptions.from_document(twice, "x.yaml")
    questionnaire = facts.questionnaire(facts.survey(YEAR).questionnaire)
    rows = pd.DataFrame("1", index=range(96), columns=list(questionnaire.headers()), dtype=object)
    rows["MaPhieu"] = [f"QN-{number}" for number in range(96)]
    rows["MaThon"] = [f"06649-{number // 16}" for number in range(96)]
    rows["MaDTV"] = [f"DTV{number % 4}" for number in range(96)]
    first, second = split_teams(rows, questionnaire, YEAR, "193-ha-long", assumptions)
    again = second[second["MaPhieu"].isin(first["MaPhieu"])]
    assert again["MaThon"].nunique() == 1
    village = first[first["MaThon"] == again["MaThon"].iloc[0]]
    pd.testing.assert_frame_equal(again.reset_index(drop=True), village.reset_index(drop=True))
    (alone,) = split_teams(rows, questionnaire, YEAR, EMPTY, assumptions)
    pd.testing.assert_frame_equal(alone, rows)


@pytest.fixture
def tree():
    row = {"level": "sub_dimension", "key": "one", "scale_min": 0.5, "scale_max": 5.0}
    return pd.DataFrame([row, {"level": "total", "key": "total"}])


@pytest.mark.parametrize(
    ("year", "published", "place"),
    [
        (2018, {2016: 0.2, 2018: 0.5, 2020: 0.6}, 0.5),  # the year's own
        (2018, {2016: 0.2, 2020: 0.6}, 0.4),  # on the line between two years
        (2016, {2018: 0.3, 2020: 0.6}, 0.3),  # before the first: the nearest
        (2020, {2016: 0.2, 2018: 0.3}, 0.3),  # after the last: the nearest
        (2018, {}, 0.9),  # never: the provinces' median of the nearest year
    ],
)
def test_a_target_is_the_provinces_own_place_wherever_it_has_one(tree, year, published, place):
    years = range(2016, 2021)
    own = pd.DataFrame({"one": pd.Series(published, index=years, dtype=float)})
    medians = pd.DataFrame({"one": pd.Series({2016: 0.7, 2019: 0.9}, index=years, dtype=float)})
    targets = survey_targets(year, tree, own, medians)
    assert targets.to_dict() == {"one": pytest.approx(0.5 + 4.5 * place)}


def test_every_survey_year_has_all_its_targets_on_their_scales(facts):
    own, medians = published_places(facts)
    for survey in facts.surveys.itertuples():
        tree = facts.indicator_set(survey.indicator_set).tree
        subs = tree[tree["level"] == "sub_dimension"].set_index("key")
        targets = survey_targets(survey.survey_year, tree, own, medians)
        assert list(targets.index) == list(subs.index)
        low, high = (subs[end].to_numpy(float) for end in ("scale_min", "scale_max"))
        assert np.all((targets >= low - 1e-9) & (targets <= high + 1e-9))
