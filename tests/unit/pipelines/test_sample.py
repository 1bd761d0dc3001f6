"""Belongs here: which landing folders the sample survey fills, and what it is centred on.
Does not belong here: how its answers are made up or how a workbook is laid out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from dgi.fieldwork.responses import type_responses
from dgi.ingest.deliveries import read_delivery
from dgi.ingest.facts import Facts
from dgi.ingest.landing import district_folders
from dgi.ingest.privacy import Keys
from dgi.simulation.assumptions import SampleAssumptions
from pipelines.sample import ASSUMPTIONS, BANNER, make_sample, published_places, survey_targets

DATA = Path(__file__).resolve().parents[3] / "data"
YEAR = 2020
EMPTY, ABSENT = "207-co-to", "202-ba-che"


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


def contents(landing):
    return {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}


def occupy(facts, landing, spared):
    """A user's file in each district but those spared."""
    districts = facts.units.districts_on(facts.survey(YEAR).reference_date)["district"]
    for district in set(districts) - spared:
        folder = landing / str(YEAR) / district
        folder.mkdir(parents=True)
        (folder / "phieu.xlsx").write_bytes(b"a workbook of the user's")


@pytest.fixture(scope="module")
def filled(facts, tmp_path_factory):
    """A landing place with a user's file in each district but two, before and after filling."""
    landing = tmp_path_factory.mktemp("landing")
    occupy(facts, landing, {EMPTY, ABSENT})
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


@pytest.fixture(scope="module")
def delivered(facts, tmp_path_factory):
    """Kind of file -> one district's responses, missing answers and list of files, as read."""
    document, form, survey = facts.yaml(ASSUMPTIONS), facts.form(YEAR), facts.survey(YEAR)
    read = {}
    for kind in ("workbook", "csv", "kobo", "sav"):
        landing = tmp_path_factory.mktemp(kind)
        occupy(facts, landing, {EMPTY})
        own = {} if kind == "workbook" else {YEAR: {EMPTY: kind}}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Facts, "yaml", lambda _, path, own=own: document | {"deliveries": own})
            make_sample(facts, landing, [YEAR])
        found = read_delivery(
            district_folders(landing, YEAR, EMPTY),
            EMPTY,
            form,
            Keys(b"a secret of the tests", YEAR),
        )
        typed = type_responses(found.raw, form.questionnaire, survey, facts.units, EMPTY)
        read[kind] = typed.responses, typed.missing, found.files
    return read


@pytest.mark.parametrize(
    ("kind", "layout"), [("csv", "office"), ("kobo", "kobo"), ("sav", "statistics")]
)
def test_a_district_reads_the_same_in_whatever_form_it_delivers(delivered, kind, layout):
    responses, missing, files = delivered[kind]
    assert files[["layout", "is_sample"]].to_numpy().tolist() == [[layout, True]]
    origin = ["_file", "_sheet"]
    pd.testing.assert_frame_equal(
        responses.drop(columns=origin, errors="ignore"),
        delivered["workbook"][0].drop(columns=origin, errors="ignore"),
    )
    pd.testing.assert_frame_equal(missing, delivered["workbook"][1])


def test_every_other_form_of_delivery_is_that_of_a_district_surveyed_that_year(facts):
    deliveries = SampleAssumptions.from_document(facts.yaml(ASSUMPTIONS), ASSUMPTIONS).deliveries
    assert {kind for own in deliveries.values() for kind in own.values()} == {"csv", "kobo", "sav"}
    for year, own in deliveries.items():
        districts = facts.units.districts_on(facts.survey(year).reference_date)["district"]
        assert set(own) <= set(districts)


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
