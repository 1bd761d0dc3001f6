"""Belongs here: what an examination of the fieldwork says: laws of checks, places of findings.
Does not belong here: single measures (their own test files), or the return workbook."""

from __future__ import annotations

import fieldwork_builders as builders
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import SURVEY

from dgi.facts.fieldwork_rules import TOPICS
from dgi.facts.form_checks import FormRules
from dgi.fieldwork import quality
from dgi.fieldwork.findings import PLACED_COLUMNS, SET_ASIDE, place_findings
from dgi.fieldwork.form_rules import judge_form
from dgi.fieldwork.quality import ARGUMENTS, FORM_FAULTS, MEASURES, Fieldwork, examine
from dgi.fieldwork.rejections import REJECTED_COLUMNS
from dgi.ingest.facts import Facts
from pipelines.settings import ROOT

RULES = Facts(ROOT / "data").fieldwork_rules
FORM = builders.form()
MARGINS = pd.DataFrame(
    [("sex_age", f"{sex} {group}", 100.0) for sex in ("female", "male")
     for group in ("18-29", "30-44", "45-59", "60-70")]
    + [("area", "urban", 300.0), ("area", "rural", 500.0)],
    columns=["margin", "category", "population"],
)  # fmt: skip
MISSING = pd.DataFrame({"respondent_id": [], "question": [], "reason": []}, dtype="str")
REJECTED = pd.DataFrame(columns=[*REJECTED_COLUMNS, "interviewer"]).astype({"row": "int64"})


def responses(count: int = 64, seed: int = 1) -> pd.DataFrame:
    frame = builders.interviews(count, FORM, seed)
    turns = np.arange(count)
    groups = np.array(["18-29", "30-44", "45-59", "60-70"])
    return frame.assign(
        survey_year=2019, district="193-ha-long",
        sex=np.where(turns % 2, "male", "female"), age_group=groups[turns // 2 % 4],
        area=np.where(turns % 8 < 3, "urban", "rural"),
        village_adults=pd.array(600 + turns % 9, dtype="Int64"),
    )  # fmt: skip


def work(
    rows: pd.DataFrame,
    back_checks: pd.DataFrame | None = None,
    delivered: pd.DataFrame | None = None,
) -> Fieldwork:
    none = pd.DataFrame({"respondent_id": pd.Series(dtype="str")})
    again = none if back_checks is None else back_checks
    return Fieldwork(
        responses=rows,
        rejected=REJECTED,
        missing=MISSING,
        questionnaire=FORM,
        survey=SURVEY,
        margins=MARGINS,
        back_checks=again,
        raw_back_checks=again.assign(_file="b.xlsx", _row=range(2, 2 + len(again))),
        back_check_types=pd.DataFrame([("q0", 1)], columns=["question", "back_check_type"]),
        delivered=raw_of(rows) if delivered is None else delivered,
        form_rules=FormRules.of_questionnaire(FORM),
    )


def test_the_managers_list_covers_every_topic_and_names_measures_that_are_there():
    assert set(RULES["topic"]) == set(TOPICS)
    assert set(RULES["measure"]) <= set(MEASURES)
    assert RULES["is_on"].all() and RULES["source"].str.len().min() > 5
    assert len(RULES) >= 45


def test_every_check_says_whether_it_was_taken_and_what_it_found():
    checks = examine(work(responses()), RULES).checks
    assert list(checks["check"]) == list(RULES["check"])
    assert set(checks["status"]) <= {"passed", "findings", "not_taken"}
    taken = checks["status"] != "not_taken"
    assert (checks.loc[taken, "why_not"] == "").all() and (checks.loc[taken, "base_n"] > 0).all()
    assert (checks.loc[~taken, "why_not"] != "").all() and checks.loc[
        ~taken, "worst_value"
    ].isna().all()


def test_a_district_without_interviews_is_not_taken_and_never_passed():
    checks = examine(work(responses().iloc[:0]), RULES).checks
    assert set(checks["status"]) == {"not_taken"}


def test_a_check_that_is_off_is_not_made():
    off = RULES.assign(is_on=RULES["check"] != "night")
    checks = examine(work(responses()), off).checks.set_index("check")
    assert checks.loc["night", "status"] == "off" and checks.loc["night", "findings_n"] == 0
    assert checks.loc["fast", "status"] != "off"


def planted() -> pd.DataFrame:
    rows = responses()
    questions = list(FORM.questions["question"])
    rows.loc[5, questions] = rows.loc[3, questions].to_numpy()  # a copy
    rows.loc[7, "ended_at"] = rows.loc[7, "started_at"] + pd.Timedelta(minutes=6)  # far too fast
    night = pd.Timestamp("2019-09-01 23:30")
    times = {"started_at": night, "ended_at": night + pd.Timedelta(minutes=40)}
    for name, time in times.items():
        rows.loc[9, name] = time
    rows.loc[11, "interview_date"] = pd.Timestamp("2019-12-24")
    rows["gps_place"] = "193"
    rows.loc[13, "gps_place"] = "000"
    return rows


@pytest.mark.parametrize(
    ("check", "row"),
    [("exact_copies", 5), ("near_copies", 5), ("too_fast", 7), ("night", 9),
     ("outside_the_window", 11), ("other_places", 13)],
)  # fmt: skip
def test_what_is_planted_is_found_at_its_interview(check, row):
    rows = planted()
    found = examine(work(rows), RULES).findings
    own = found[found["check"] == check]
    assert rows["respondent_id"][row] in set(own["respondent_id"])
    assert (own["value"] >= own["threshold"]).all()


def test_back_checks_that_differ_are_found_and_counted_to_the_interviewer():
    rows = responses()
    again = rows[["respondent_id", *[f"q{n}" for n in range(10)]]].iloc[:12].copy()
    for n in range(10):
        again[f"q{n}"] = again[f"q{n}"].astype(float)
    again.loc[0, [f"q{n}" for n in range(4)]] = 9.0
    found = examine(work(rows, again), RULES)
    own = found.findings[found.findings["check"] == "back_check_differences"]
    assert list(own["respondent_id"]) == [rows["respondent_id"][0]]
    assert own["value"].iloc[0] == pytest.approx(0.4)
    table = found.interviewers.set_index("interviewer")
    assert table["back_checked_n"].sum() == 12
    assert table.loc[rows["interviewer"][0], "back_check_difference"] == pytest.approx(0.4 / 6)


def test_a_blank_that_the_form_does_not_allow_is_found_at_its_cell():
    rows = responses()
    delivered = raw_of(rows)
    delivered.loc[3, "q1"] = ""
    found = examine(work(rows, delivered=delivered), RULES)
    own = found.findings[found.findings["check"] == "form_blanks"]
    assert own[["respondent_id", "interviewer", "question", "value"]].values.tolist() == [
        [rows["respondent_id"][3], rows["interviewer"][3], "q1", 1.0]
    ]
    checks = found.checks.set_index("check")
    assert checks.loc["form_blanks", "base_n"] == len(rows) * (len(FORM.questions) + 2)
    placed = place_findings(own, REJECTED, delivered, COLUMNS, RULES)
    assert list(placed["file"]) == ["a.xlsx"] and list(placed["row"]) == [5]


def test_the_form_is_evaluated_once_however_many_checks_use_it(monkeypatch):
    calls = []
    monkeypatch.setattr(
        quality, "judge_form", lambda *given: calls.append(given) or judge_form(*given)
    )
    rows = responses()
    sound = raw_of(rows).drop(columns="age")
    taken = examine(work(rows, delivered=sound), RULES).checks.set_index("check")["status"]
    # This questionnaire has no skips to be judged by.
    assert list(taken[list(FORM_FAULTS)]) == ["not_taken", "passed", "passed"]
    assert len(calls) == 1
    calls.clear()
    without = RULES.assign(is_on=~RULES["check"].isin(FORM_FAULTS))
    examine(work(responses()), without)
    assert not calls


def test_a_re_interview_of_nobody_is_a_finding_with_its_place():
    rows = responses()
    again = rows[["respondent_id", "q0"]].iloc[:2].assign(q0=1.0)
    again.loc[1, "respondent_id"] = "f" * 16
    found = examine(work(rows, again), RULES).findings
    own = found[found["check"] == "back_checks_unmatched"]
    assert own[["respondent_id", "other"]].values.tolist() == [["", "b.xlsx:3"]]


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(1.0, 3.0))
def test_raising_thresholds_never_adds_and_order_changes_nothing(random, factor):
    rows = planted()
    order = list(rows.index)
    random.shuffle(order)
    low = examine(work(rows), RULES)
    shuffled = examine(work(rows.loc[order].reset_index(drop=True)), RULES)
    pd.testing.assert_frame_equal(low.checks, shuffled.checks)
    pd.testing.assert_frame_equal(low.findings, shuffled.findings)
    pd.testing.assert_frame_equal(low.interviewers, shuffled.interviewers)
    high = examine(work(rows), RULES.assign(threshold=RULES["threshold"] * factor))
    keys = ["check", "respondent_id", "interviewer", "question", "other"]
    before = set(low.findings[keys].itertuples(index=False, name=None))
    assert set(high.findings[keys].itertuples(index=False, name=None)) <= before
    assert (high.checks["findings_n"] <= low.checks["findings_n"]).all()


def test_arguments_a_check_may_state_are_those_of_its_measure():
    assert ARGUMENTS["best_match"] == {"min_common", "within"}
    assert ARGUMENTS["night"] == {"morning", "evening"}
    assert ARGUMENTS["days_outside"] == {"column"} and ARGUMENTS["replacements"] == frozenset()


def raw_of(rows: pd.DataFrame) -> pd.DataFrame:
    questions = list(FORM.questions["question"])
    text = rows[["respondent_id", "interviewer", *questions]].astype("str")
    return text.assign(_file="a.xlsx", _sheet="TraLoi", _row=range(2, 2 + len(rows)), age="?0f")


COLUMNS = pd.DataFrame(
    [("a.xlsx", 1, "MaPhieu", "respondent_id"), ("a.xlsx", 28, "C0", "q0"), ("a.xlsx", 5, "x", "")],
    columns=["file", "position", "header", "name"],
)


def test_a_finding_stands_where_the_team_sees_it():
    rows = responses(40)
    finding = pd.DataFrame(
        [("c", "copies", "warn", rows["respondent_id"][3], "DTV1", "q0", "", 1.0, 0.5),
         ("c", "copies", "warn", rows["respondent_id"][4], "DTV1", "", "", 1.0, 0.5),
         ("c", "sample", "warn", "", "", "", "06649-01", 1.0, 0.5)],
        columns=["check", "topic", "severity", "respondent_id", "interviewer", "question", "other",
                 "value", "threshold"],
    )  # fmt: skip
    rules = pd.DataFrame([("c", "v", "e", "vn", "en")],
                         columns=["check", "rule_vi", "rule_en", "next_vi", "next_en"])  # fmt: skip
    raw = raw_of(rows)
    placed = place_findings(finding, REJECTED, raw, COLUMNS, rules)
    assert list(placed.columns) == PLACED_COLUMNS
    group, cell, interview = (placed.iloc[n] for n in range(3))
    assert group["file"] == "" and pd.isna(group["row"]) and group["other"] == "06649-01"
    assert (cell["file"], cell["row"], cell["cell"], cell["column"]) == ("a.xlsx", 5, "AB5", "C0")
    assert cell["current"] == raw["q0"][3] and cell["reason_vi"] == "v" and cell["next_en"] == "en"
    assert (interview["row"], interview["cell"], interview["current"]) == (6, "", "")


def test_what_was_set_aside_is_to_be_verified_too():
    rows = responses(40)
    rejected = pd.DataFrame(
        [(2019, "193-ha-long", "a.xlsx", "TraLoi", 4, rows["respondent_id"][2], "answer", "q0",
          "answer_is_in_the_list", "v", "e", "", "DTV0"),
         (2019, "193-ha-long", "a.xlsx", "TraLoi", 5, "", "row", "respondent_id",
          "respondent_id_is_given", "v", "e", "", "DTV1")],
        columns=[*REJECTED_COLUMNS, "interviewer"],
    )  # fmt: skip
    none = examine(work(responses().iloc[:0]), RULES).findings
    placed = place_findings(none, rejected, raw_of(rows), COLUMNS, RULES)
    assert list(placed["topic"]) == [SET_ASIDE] * 2
    assert list(placed["severity"]) == ["warn", "error"]
    assert list(placed["cell"]) == ["AB4", "A5"]
    assert list(placed["interviewer"]) == list(rows["interviewer"][2:4])
    assert placed["reason_vi"].str.len().min() > 10
