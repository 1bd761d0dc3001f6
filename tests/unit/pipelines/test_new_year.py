"""Belongs here: what `make new-year` drafts, what it leaves alone, and when it writes nothing.
Does not belong here: adding a year by hand from the documentation (tests/end_to_end)."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from dgi.errors import FactError
from dgi.ingest.facts import Facts
from pipelines.files import write_atomically
from pipelines.new_year import draft_year, next_steps, write_drafts
from pipelines.settings import ROOT


@pytest.fixture
def data(tmp_path) -> Path:
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("landing"))
    return tmp_path / "data"


def test_a_year_alike_takes_over_the_year_before_with_dates_moved_on(data):
    before = (data / "surveys.csv").read_text(encoding="utf-8")
    drafts = draft_year(data, 2026, is_new_version=False)
    assert set(drafts) == {"surveys.csv", "questionnaires/questionnaires.csv",
                           "indicator_sets/sets.csv", "column_maps/2026.csv"}  # fmt: skip
    assert drafts["surveys.csv"].startswith(before)
    write_drafts(data, drafts)
    survey = Facts(data).survey(2026)
    assert survey.questionnaire == "citizens-2018" and survey.fieldwork_end.year == 2026
    assert survey.reference_date.isoformat() == "2026-07-01"


def test_lines_that_do_not_change_keep_their_bytes(data):
    old = (data / "indicator_sets/sets.csv").read_text(encoding="utf-8").splitlines()
    new = draft_year(data, 2026, is_new_version=False)["indicator_sets/sets.csv"].splitlines()
    differing = [line for line, other in zip(old, new, strict=True) if line != other]
    assert [line.partition(",")[0] for line in differing] == ["district-2018"]


def test_a_new_version_is_a_copy_of_its_own_and_the_old_one_ends(data):
    write_drafts(data, draft_year(data, 2026, is_new_version=True))
    facts = Facts(data)
    survey = facts.survey(2026)
    assert (survey.questionnaire, survey.indicator_set) == ("citizens-2026", "district-2026")
    own = (data / "questionnaires/citizens-2026.csv").read_bytes()
    assert own == (data / "questionnaires/citizens-2018.csv").read_bytes()
    registry = facts.questionnaires.set_index("questionnaire")
    assert registry.loc["citizens-2018", "last_year"] == 2025
    assert registry.loc["citizens-2026", "first_year"] == 2026
    assert facts.survey(2025).questionnaire == "citizens-2018"


@pytest.mark.parametrize(("year", "says"), [(2019, "has its row already"), (2010, "no year")])
def test_a_year_that_cannot_be_drafted_writes_nothing(data, year, says):
    with pytest.raises(FactError, match=says):
        draft_year(data, year, is_new_version=False)


def test_what_is_wrong_with_the_year_before_is_told_under_its_own_name(data):
    path = data / "column_maps/2025.csv"
    path.write_text("files,header,name,use,note\n*,X,,read,\n", encoding="utf-8")
    with pytest.raises(FactError, match=r"column_maps/2025\.csv, row 2"):
        draft_year(data, 2026, is_new_version=False)


@pytest.mark.parametrize("name", ["surveys.csv", "indicator_sets/sets.csv"])
def test_tables_that_excel_saved_keep_its_mark_and_its_line_ends(data, name):
    before = (data / name).read_text(encoding="utf-8")
    (data / name).write_bytes(b"\xef\xbb\xbf" + before.replace("\n", "\r\n").encode())
    write_drafts(data, draft_year(data, 2026, is_new_version=True))
    after = (data / name).read_bytes()
    assert after.startswith(b"\xef\xbb\xbf") and after.count(b"\xef\xbb\xbf") == 1
    assert after.count(b"\n") == after.count(b"\r\n") == before.count("\n") + 1
    assert Facts(data).survey(2026).indicator_set == "district-2026"


def test_another_year_can_be_the_one_to_copy_and_a_year_between_can_be_added(data):
    row = next(
        csv.DictReader(draft_year(data, 2015, False, source=2016)["surveys.csv"].splitlines())
    )
    assert row["survey_year"] == "2016"  # the register's first line stays, 2015 is added below
    with pytest.raises(FactError, match="the year to copy has no row"):
        draft_year(data, 2026, is_new_version=False, source=2014)


def test_a_column_map_that_is_there_stays(data):
    own = data / "column_maps/2026.csv"
    own.write_text("files,header,name,use,note\n*,My tuoi,A2,read,\n", encoding="utf-8")
    assert "column_maps/2026.csv" not in draft_year(data, 2026, is_new_version=False)


def test_a_version_that_is_there_is_not_written_over(data):
    (data / "questionnaires/citizens-2026.csv").write_text("work of a week", encoding="utf-8")
    with pytest.raises(FactError, match="is there already"):
        draft_year(data, 2026, is_new_version=True)


def test_when_one_file_cannot_be_written_none_is(data, monkeypatch):
    def contents():
        return {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}

    def full_disk(path, content):
        if path.name == "surveys.csv" and b"2026" in content:
            raise OSError("no space left on device")
        write_atomically(path, content)

    before = contents()
    drafts = draft_year(data, 2026, is_new_version=True)
    monkeypatch.setattr("pipelines.new_year.write_atomically", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_drafts(data, drafts)
    assert contents() == before


def test_the_next_steps_name_the_files_to_edit(data):
    alike = "\n".join(next_steps(2026, draft_year(data, 2026, is_new_version=False)))
    anew = "\n".join(next_steps(2026, draft_year(data, 2026, is_new_version=True)))
    assert "column_maps/2026.csv" in alike and "questionnaires/citizens-2026.csv" in anew


def test_29_february_moves_to_the_28th(data):
    text = (data / "surveys.csv").read_text(encoding="utf-8")
    (data / "surveys.csv").write_text(text.replace("2020-08-15", "2020-02-29"), encoding="utf-8")
    assert "2021-02-28" in draft_year(data, 2021, is_new_version=False)["surveys.csv"]
