"""Belongs here: the form of every registered survey year, as the command writes and reads it.
Does not belong here: what stands in a form, or foreign forms (facts, reports and ingest tests)."""

from __future__ import annotations

import io
import sys

import pandas as pd
import pytest

from pipelines import form
from pipelines.partitions import FACTS, SURVEY_YEARS


@pytest.mark.parametrize("year", SURVEY_YEARS)
def test_the_form_of_a_year_comes_back_as_its_questionnaire(year, tmp_path):
    content = form.form_of_year(FACTS, year)
    assert content == form.form_of_year(FACTS, year)
    path = tmp_path / "form.xlsx"
    path.write_bytes(content)
    tables, _ = form.tables_of_form(path)
    read = pd.read_csv(io.BytesIO(tables["questions.csv"]), dtype=str, keep_default_na=False)
    own = FACTS.table(f"questionnaires/{FACTS.survey(year).questionnaire}.csv")
    assert list(read["question"]) == list(own["question"])
    assert list(read["asked_if"]) == list(own["asked_if"])


def test_the_command_writes_a_form_and_says_what_is_wrong_with_a_year(
    tmp_path, monkeypatch, capsys
):
    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["form", *arguments])
        return form.main()

    target = tmp_path / "form.xlsx"
    assert run("--year", str(SURVEY_YEARS[-1]), "--to", str(target)) == 0
    assert target.read_bytes()[:2] == b"PK"
    assert run("--read", str(target), "--to", str(tmp_path / "tables")) == 0
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        "questions.csv", "answers.csv", "fixed_columns.csv"
    }  # fmt: skip
    assert run("--year", "1999", "--to", str(tmp_path / "no.xlsx")) == 1
    assert "surveys.csv" in capsys.readouterr().out and not (tmp_path / "no.xlsx").exists()
