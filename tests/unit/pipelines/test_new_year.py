"""Belongs here: what `make new-year` drafts, what it leaves alone, and when it writes nothing.
Does not belong here: adding a year by hand from the documentation (tests/end_to_end)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dgi.errors import FactError
from dgi.ingest.facts import Facts
from pipelines.new_year import draft_year
from pipelines.settings import ROOT


@pytest.fixture
def data(tmp_path) -> Path:
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("landing"))
    return tmp_path / "data"


def write(data: Path, drafts: dict[str, str]) -> None:
    for name, text in drafts.items():
        (data / name).write_text(text, encoding="utf-8")


def test_a_year_alike_takes_over_the_year_before_with_dates_moved_on(data):
    before = (data / "surveys.csv").read_text(encoding="utf-8")
    drafts = draft_year(data, 2021, is_new_version=False)
    assert set(drafts) == {"surveys.csv", "questionnaires/questionnaires.csv",
                           "indicator_sets/sets.csv", "column_maps/2021.csv"}  # fmt: skip
    assert drafts["surveys.csv"].startswith(before)
    write(data, drafts)
    survey = Facts(data).survey(2021)
    assert survey.questionnaire == "citizens-2018" and survey.fieldwork_end.year == 2021
    assert survey.reference_date.isoformat() == "2021-07-01"


def test_lines_that_do_not_change_keep_their_bytes(data):
    old = (data / "indicator_sets/sets.csv").read_text(encoding="utf-8").splitlines()
    new = draft_year(data, 2021, is_new_version=False)["indicator_sets/sets.csv"].splitlines()
    differing = [line for line, other in zip(old, new, strict=True) if line != other]
    assert [line.partition(",")[0] for line in differing] == ["district-2018"]


def test_a_new_version_is_a_copy_of_its_own_and_the_old_one_ends(data):
    write(data, draft_year(data, 2021, is_new_version=True))
    facts = Facts(data)
    survey = facts.survey(2021)
    assert (survey.questionnaire, survey.indicator_set) == ("citizens-2021", "district-2021")
    own = (data / "questionnaires/citizens-2021.csv").read_bytes()
    assert own == (data / "questionnaires/citizens-2018.csv").read_bytes()
    registry = facts.questionnaires.set_index("questionnaire")
    assert registry.loc["citizens-2018", "last_year"] == 2020
    assert registry.loc["citizens-2021", "first_year"] == 2021
    assert facts.survey(2020).questionnaire == "citizens-2018"


@pytest.mark.parametrize(("year", "says"), [(2019, "has its row already"), (2010, "no year")])
def test_a_year_that_cannot_be_drafted_writes_nothing(data, year, says):
    with pytest.raises(FactError, match=says):
        draft_year(data, year, is_new_version=False)


def test_what_would_not_load_is_refused_before_anything_is_written(data):
    path = data / "column_maps/2020.csv"
    path.write_text("files,header,name,use,note\n*,X,,read,\n", encoding="utf-8")
    with pytest.raises(FactError, match=r"column_maps/2021\.csv"):
        draft_year(data, 2021, is_new_version=False)
    assert not (data / "column_maps/2021.csv").exists()


def test_29_february_moves_to_the_28th(data):
    text = (data / "surveys.csv").read_text(encoding="utf-8")
    (data / "surveys.csv").write_text(text.replace("2020-08-15", "2020-02-29"), encoding="utf-8")
    assert "2021-02-28" in draft_year(data, 2021, is_new_version=False)["surveys.csv"]
