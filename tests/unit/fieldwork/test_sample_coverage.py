"""Belongs here: the sample against plan and census, places, back-checks: figures by hand.
Does not belong here: how they are judged (test_quality.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare
from test_quality import FORM, MARGINS, responses

from dgi.fieldwork.back_checks import (
    compare_back_checks,
    measure_back_check_differences,
    measure_back_check_questions,
    measure_unchecked_interviewers,
    measure_unchecked_share,
    type_back_checks,
)
from dgi.fieldwork.places import measure_gps_error, measure_other_places
from dgi.fieldwork.sample import (
    measure_district_shortfall,
    measure_mix_doubt,
    measure_replacements,
    measure_sample_mix,
    measure_village_excess,
    measure_village_shortfall,
)


def by(measured, column: str) -> dict:
    return dict(zip(measured.frame[column], measured.frame["value"], strict=True))


def test_villages_short_of_or_beyond_their_target_are_told_by_share():
    rows = responses(16).assign(village_code=["a"] * 10 + ["b"] * 6)
    assert by(measure_village_shortfall(rows, 8), "other") == {"a": 0.0, "b": 0.25}
    assert by(measure_village_excess(rows, 8), "other") == {"a": 0.25, "b": 0.0}
    assert by(measure_district_shortfall(rows, 20), "other") == {"": pytest.approx(0.2)}
    assert by(measure_district_shortfall(rows, 10), "other") == {"": 0.0}
    assert not measure_village_shortfall(rows.iloc[:0], 8).taken


def test_replacements_are_counted_of_those_known():
    rows = responses(8).assign(village_code=["a"] * 4 + ["b"] * 4)
    rows["is_replacement"] = pd.array([1, 0, 0, None, 1, 1, None, None], dtype="Int64")
    shares = by(measure_replacements(rows), "other")
    assert shares == {"a": pytest.approx(1 / 3), "b": 1.0, "": pytest.approx(3 / 5)}
    assert measure_replacements(responses(8)).why_not == "no_replacements"


def test_the_mix_of_the_sample_is_held_against_the_census():
    rows = responses(64)
    mix = by(measure_sample_mix(rows, MARGINS), "other")
    assert mix["female 18-29"] == pytest.approx(0.0)
    assert mix["urban"] == pytest.approx(abs(3 / 8 - 300 / 800))
    rows["sex"] = "male"
    mix = by(measure_sample_mix(rows, MARGINS), "other")
    assert mix["female 18-29"] == pytest.approx(1 / 8) == mix["male 18-29"]
    doubt = measure_mix_doubt(rows, MARGINS).frame["value"].iloc[0]
    counts = [0] * 4 + [16] * 4
    assert doubt == pytest.approx(1 - chisquare(counts, [8] * 8).pvalue)
    assert not measure_mix_doubt(rows.iloc[:20], MARGINS).taken


def test_a_device_elsewhere_is_told_by_the_units_code():
    rows = responses(5).assign(commune_code="06652")
    rows["gps_place"] = pd.array(["06652", "06649", "193", "000", None], dtype="str")
    rows["gps_accuracy"] = [5.0, 10.0, np.nan, 80.0, np.nan]
    away = by(measure_other_places(rows), "respondent_id")
    assert list(away.values()) == [0.0, 1.0, 0.0, 1.0]
    assert list(by(measure_gps_error(rows), "respondent_id").values()) == [5.0, 10.0, 80.0]
    assert measure_other_places(responses(5)).why_not == "no_places"


def raw_back_checks(rows: pd.DataFrame) -> pd.DataFrame:
    raw = rows[["respondent_id", "q0", "q1", "q2"]].astype("str")
    return raw.assign(_file="b.xlsx", _sheet="s", _row=range(2, 2 + len(raw)), is_sample=False)


def test_back_checks_are_typed_once_an_interview_by_the_questions_own_lists():
    rows = responses(6)
    raw = raw_back_checks(rows)
    raw.loc[1, "q0"] = "77"  # no code of the list
    raw.loc[2, "q1"] = "?0123456789ab"
    again = pd.concat([raw, raw.iloc[:2].assign(q0="5", _row=[90, 91])], ignore_index=True)
    typed = type_back_checks(again, FORM)
    assert list(typed.columns) == ["respondent_id", "q0", "q1", "q2"] and len(typed) == 6
    assert typed["q0"][0] == rows["q0"][0] and np.isnan(typed["q0"][1]) and np.isnan(typed["q1"][2])


def test_differences_are_shares_of_what_was_asked_again():
    rows = responses(30)
    typed = type_back_checks(raw_back_checks(rows.iloc[:15]), FORM)
    typed.loc[0, "q0"] = float(rows["q0"][0] % 5 + 1)
    typed.loc[1, ["q0", "q1"]] = [np.nan, float(rows["q1"][1] % 5 + 1)]
    differs = compare_back_checks(rows, typed)
    assert differs.iloc[0].tolist() == [1.0, 0.0, 0.0]
    assert np.isnan(differs.iloc[1, 0]) and differs.iloc[1, 1:].tolist() == [1.0, 0.0]
    shares = list(by(measure_back_check_differences(rows, typed), "respondent_id").values())
    assert shares[:3] == [pytest.approx(1 / 3), 0.5, 0.0]
    untyped = pd.DataFrame({"question": [], "back_check_type": []})
    questions = by(measure_back_check_questions(rows, typed, untyped), "question")
    assert questions == {"q0": pytest.approx(1 / 14), "q1": pytest.approx(1 / 15), "q2": 0.0}
    assert by(measure_unchecked_share(rows, typed), "other") == {"": 0.5}
    first = typed.iloc[:1]  # one interviewer has been checked, the other has not
    checked = by(measure_unchecked_interviewers(rows, first), "interviewer")
    assert checked == {rows["interviewer"][0]: 0.0, rows["interviewer"][1]: 1.0}
    none = typed.iloc[:0]
    assert measure_back_check_differences(rows, none).why_not == "no_back_checks"
