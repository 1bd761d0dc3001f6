"""Belongs here: what the simulated tablets add, that it is plainly made up, and that nothing moves.
Does not belong here: what checks find in it (fieldwork tests), or the answers themselves."""

from __future__ import annotations

import pandas as pd
import pytest

from dgi.ingest.facts import Facts
from dgi.simulation.assumptions import SampleAssumptions
from dgi.simulation.fieldwork import TIME_FORM, add_fieldwork, ask_again
from pipelines.settings import ROOT

FACTS = Facts(ROOT / "data")
FORM = FACTS.questionnaire("citizens-2018")
ASSUMED = SampleAssumptions.from_document(FACTS.yaml("sample/assumptions.yaml"), "assumptions")
DISTRICT = "207-co-to"


def delivered(count: int = 96) -> pd.DataFrame:
    rows = {column: ["1"] * count for column in FORM.headers()}
    frame = pd.DataFrame(rows, dtype=object)
    frame["MaPhieu"] = [f"QN-{n:04}" for n in range(count)]
    frame["MaDTV"] = [f"DTV{n % 4}" for n in range(count)]
    frame["NgayPV"] = [f"{15 + n // 16:02}/08/2019" for n in range(count)]
    return frame


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return add_fieldwork(delivered(), FORM, 2019, DISTRICT, ASSUMED)


def test_what_was_there_stays_and_the_same_call_gives_the_same(rows):
    pd.testing.assert_frame_equal(rows[delivered().columns.tolist()], delivered())
    again = add_fieldwork(delivered(), FORM, 2019, DISTRICT, ASSUMED)
    pd.testing.assert_frame_equal(rows, again)
    other = add_fieldwork(delivered(), FORM, 2020, DISTRICT, ASSUMED)
    assert not rows["BatDau"].equals(other["BatDau"])


def test_all_that_may_be_delivered_is_and_every_name_says_that_it_is_made_up(rows):
    assert set(rows.columns) <= set(FORM.known_headers())
    for column in ("HoTen", "DiaChi", "TenDTV"):
        assert rows[column].str.contains("mẫu").all()
    assert rows["DienThoai"].str.fullmatch(r"0000 00\d{4}").all()  # no subscriber has such a number
    assert rows["MaGui"].is_unique


def test_an_interviewers_day_runs_forwards_without_overlap(rows):
    start, end, sent = (
        pd.to_datetime(rows[column], format=TIME_FORM) for column in ("BatDau", "KetThuc", "GuiLuc")
    )
    assert (start < end).all() and (end < sent).all()
    ordered = pd.DataFrame({"who": rows["MaDTV"], "start": start, "end": end}).sort_values("start")
    before = ordered.groupby("who")["end"].shift()
    late = start.dt.hour >= 22  # a planted night may follow or precede anything
    assert ((ordered["start"] >= before) | before.isna() | late[ordered.index]).all()
    assert 25 < ((end - start).dt.total_seconds() / 60).median() < 90


def test_back_checks_ask_some_of_every_interviewer_again_and_mostly_agree(rows):
    again = ask_again(rows, FORM, 2019, DISTRICT, ASSUMED)
    assert len(again.columns) == 1 + ASSUMED.fieldwork.questions_again
    first = rows.set_index("MaPhieu").loc[again["MaPhieu"]]
    assert set(first["MaDTV"]) == set(rows["MaDTV"])
    assert 0.08 < len(again) / len(rows) < 0.2
    asked = again.columns[1:]
    same = (again[asked].astype(str).to_numpy() == first[asked].astype(str).to_numpy()).mean()
    assert 0.85 < same < 1
