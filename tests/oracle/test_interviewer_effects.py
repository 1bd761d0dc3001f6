"""Belongs here: intraclass correlations and F tests of interviewers, equal to R's.
Does not belong here: properties that hold for any survey (unit/fieldwork/test_interviewers.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dgi.fieldwork.interviewer_effects import interviewer_effects

DATA = Path(__file__).parent / "data"
# Relative, against R: what double precision leaves of sums taken in another order.
TOLERANCE = 1e-9
FIGURES = ["icc", "f", "p_value", "df_between", "df_within"]
QUESTIONS = ["q0", "q1", "q2", "q3", "q4"]


@pytest.fixture(scope="module")
def golden() -> pd.Series:
    table = pd.read_csv(DATA / "interviewer_effects_r.csv")
    return table.set_index(["data", "model", "question", "figure"])["value"].sort_index()


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Unequal interviewers, one with one interview, one alone in an area, missing answers."""
    return pd.read_csv(DATA / "interviewer_answers.csv")


@pytest.mark.parametrize(("model", "areas"), [("raw", None), ("net", "area")])
def test_all_questions_at_once_give_what_r_gives_one_by_one(rows, golden, model, areas):
    within = rows[areas] if areas else None
    ours = interviewer_effects(rows[[*QUESTIONS, "q5"]], rows["interviewer"], within)
    for question in QUESTIONS:
        theirs = golden["lopsided", model, question].loc[FIGURES]
        np.testing.assert_allclose(
            ours.loc[question, FIGURES].to_numpy(float), theirs, rtol=TOLERANCE, atol=0
        )


def test_an_answer_that_never_varies_has_no_effect_to_speak_of(rows):
    table = interviewer_effects(rows[["q5"]], rows["interviewer"], rows["area"])
    assert table.loc["q5", ["icc", "f", "p_value"]].isna().all()


def test_one_area_for_all_is_the_raw_figure(rows):
    raw = interviewer_effects(rows[QUESTIONS], rows["interviewer"])
    alone = interviewer_effects(
        rows[QUESTIONS], rows["interviewer"], pd.Series("A", index=rows.index)
    )
    pd.testing.assert_frame_equal(raw, alone, rtol=TOLERANCE)


def test_balanced_interviewers_have_the_intraclass_correlation_of_reml(golden):
    balanced = pd.read_csv(DATA / "interviewer_balanced.csv")
    ours = interviewer_effects(balanced[["q0", "q1", "q2"]], balanced["interviewer"])["icc"]
    theirs = golden["balanced", "reml"].xs("icc", level="figure")
    assert (theirs > 0).all()
    # lme4 searches for its maximum, and stops a little before it.
    np.testing.assert_allclose(ours, theirs.loc[ours.index], rtol=1e-5)
