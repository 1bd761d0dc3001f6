"""Belongs here: which keys of two versions of the set can be compared, and what is said to differ.
Does not belong here: the change itself (test_two_years.py), or one answer's worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import (
    ANSWERS,
    FIXED,
    QUESTIONS,
    TREE,
    answers,
    small_set,
    table,
    with_cell,
)

from dgi.change.comparability import compare_sets
from dgi.change.two_years import change_of_domains
from dgi.facts.differences import put_in_words
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire
from dgi.index.indicators import common_indicators
from dgi.index.totals import PsuTotals, reduce_to_psu
from dgi.ingest.facts import Facts

ROOT = Path(__file__).resolve().parents[3]
BASE = IndicatorSet.from_table("base", table(TREE))


def form(questions=QUESTIONS, lists=ANSWERS) -> Questionnaire:
    return Questionnaire.from_tables("form", questions, lists, FIXED)


def changed(frame: pd.DataFrame, where: pd.Series, **cells: str) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].mask(where, cell) for name, cell in cells.items()})


def asked_otherwise(**cells: str) -> Questionnaire:
    """The small questionnaire with other cells in the row of question a."""
    return form(changed(QUESTIONS, QUESTIONS["question"] == "a", **cells))


def aspects(row) -> set[str]:
    return {aspect for aspect, *_ in row["differences"]}


def verdicts(current=BASE, base=BASE, now=None, then=None) -> pd.DataFrame:
    pair = current.asked_by(now or form()), base.asked_by(then or form())
    return compare_sets(*pair).set_index("key")


# ---- the questionnaire behind a key


def test_a_question_whose_answers_grew_breaks_its_key_though_the_set_is_the_same():
    lists = pd.concat([ANSWERS, ANSWERS[ANSWERS["answers"] == "yes_no"].head(1).assign(code="2")])
    table_ = verdicts(now=form(lists=lists))
    # Indicators a and c are asked with the list yes_no, b with another.
    assert list(table_.loc[["a", "b", "c"], "status"]) == ["broken", "comparable", "broken"]
    assert table_.loc["a", "differences"] == (("answers", "0;1", "0;1;2"),)
    assert common_indicators(BASE.asked_by(form(lists=lists)), BASE.asked_by(form())) == ["b"]
    # The set alone does not know.
    assert common_indicators(BASE, BASE) == ["a", "b", "c"]


def test_offering_a_dont_know_where_there_was_none_breaks_the_key():
    without = ANSWERS[~((ANSWERS["answers"] == "five") & (ANSWERS["kind"] == "dont_know"))]
    table_ = verdicts(then=form(lists=without))
    assert list(table_.loc[["a", "b"], "status"]) == ["comparable", "broken"]


def test_the_same_words_at_other_codes_break_the_key_and_new_words_alone_do_not():
    words = {"0": "Không", "1": "Có"}
    labelled = ANSWERS.assign(label_vi=ANSWERS["code"].map(words).fillna("nhãn"))
    turned = labelled.assign(label_vi=labelled["label_vi"].replace({"Không": "Có", "Có": "Không"}))
    reworded = labelled.assign(label_vi=labelled["label_vi"].replace({"Có": "Có ạ"}))
    then = form(lists=labelled)
    assert verdicts(now=form(lists=turned), then=then).loc["a", "status"] == "broken"
    told = verdicts(now=form(lists=reworded), then=then).loc["a"]
    assert told["status"] == "comparable"
    assert aspects(told) == {"answer_words"}


def test_a_code_for_refusals_is_bookkeeping():
    lists = changed(ANSWERS, ANSWERS["kind"] == "refused", code="99")
    assert set(verdicts(now=form(lists=lists))["status"]) == {"comparable"}


def test_a_wording_is_told_and_leaves_the_key_comparable():
    row = verdicts(now=asked_otherwise(text_vi="câu hỏi khác")).loc["a"]
    assert row["status"] == "comparable"
    assert aspects(row) == {"wording"}


def test_other_answers_to_the_question_that_decides_who_is_asked_break_the_key_behind_it():
    tree = {"d1": {"s": [{**TREE["dimension_1"]["voting"][0], "key": "d", "question": "d",
                          "base": "a=1"}]}}  # fmt: skip
    own = IndicatorSet.from_table("own", table(tree))
    row = verdicts(own, own, now=asked_otherwise(answers="five")).loc["d"]
    assert row["status"] == "broken"
    assert aspects(row) == {"base"}


# ---- the set


@pytest.mark.parametrize(
    ("column", "value", "aspect", "status"),
    [
        ("dk", "counts_as_no", "dk", "broken"),
        ("direction", "-1", "direction", "broken"),
        ("good_answers", "0;1", "good_answers", "broken"),
        ("question", "c", "question", "broken"),
        ("base", "c=1", "base", "broken"),
        ("weight", "0.25", "weight", "comparable"),
        ("code", "9.9z", "code", "moved"),
        ("parent", "voting", "parent", "moved"),
    ],
)
def test_what_differs_in_an_indicator_is_named_and_judged(column, value, aspect, status):
    now = IndicatorSet.from_table("now", with_cell("a", column, value))
    row = compare_sets(now, BASE).set_index("key").loc["a"]
    assert (row["status"], aspects(row)) == (status, {aspect})


def test_another_measure_breaks_with_the_scale_it_brings():
    row = compare_sets(small_set(), BASE).set_index("key").loc["b"]
    assert row["status"] == "broken"
    assert {"measure", "scale", "good_answers"} <= aspects(row)


def test_a_key_that_changed_parents_leaves_both_parents_a_common_core():
    now = IndicatorSet.from_table("now", with_cell("a", "parent", "voting"))
    status = compare_sets(now, BASE).set_index("key")["status"]
    assert status["a"] == "moved"
    assert status["knowing"] == status["voting"] == status["total"] == "common_core"


def test_a_sub_dimension_of_which_too_little_is_left_is_broken_and_so_is_what_rests_on_it_alone():
    now = IndicatorSet.from_table("now", with_cell("c", "dk", "counts_as_no"))
    status = compare_sets(now, BASE).set_index("key")["status"]
    assert status["voting"] == "broken"
    assert status["dimension_1"] == status["total"] == "common_core"


def test_differences_read_as_a_line_in_either_language():
    differences = (("scale", "1-5", "0-4"), ("parts_left", "", "a, b"), ("wording", "", ""))
    names = {"a": "phần A", "b": "phần B"}
    words = {"scale": "thang điểm", "parts_left": "phần bỏ đi", "wording": "lời câu hỏi"}
    line = "thang điểm: 1-5 → 0-4; phần bỏ đi: phần A, phần B; lời câu hỏi"
    assert put_in_words(differences, words, names) == line


# ---- laws

CELLS = st.sampled_from(
    [("a", "dk", "counts_as_no"), ("a", "code", "9.9z"), ("a", "parent", "voting"),
     ("b", "weight", "0.25"), ("c", "direction", "-1"), ("knowing", "code", "9.9"),
     ("c", "question", "e"), ("a", "key", "z"), ("a", "good_answers", "0;1")]
)  # fmt: skip


def edited(cells) -> IndicatorSet:
    tree = table(TREE)
    for key, column, value in cells:
        tree.loc[tree["key"] == key, column] = value
    return IndicatorSet.from_table("edited", tree)


EDITS = st.lists(CELLS, max_size=3, unique_by=lambda cell: cell[:2])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(EDITS, EDITS)
def test_the_verdict_is_the_same_whichever_version_came_first(one, other):
    first, second = edited(one), edited(other)
    ahead = compare_sets(first, second).set_index("key")["status"]
    back = compare_sets(second, first).set_index("key")["status"]
    mirrored = back.replace({"entered": "left", "left": "entered"}).reindex(ahead.index)
    indicators = list(first.at("indicator")["key"])
    assert set(ahead.index) == set(back.index)
    assert (ahead == mirrored)[indicators].all()
    assert sorted(common_indicators(first, second)) == sorted(common_indicators(second, first))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(EDITS)
def test_a_version_can_be_compared_with_itself_in_full(edits):
    own = edited(edits)
    table_ = compare_sets(own, own)
    assert set(table_["status"]) == {"comparable"}
    assert not table_["is_restated"].any()
    assert (table_["differences"].str.len() == 0).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(EDITS)
def test_change_flags_what_the_verdict_says(edits):
    """What is asked of both years and answered by enough people is flagged by the verdict alone."""
    current = edited(edits)
    frame = answers(3)
    pair = [everybody_answers(frame, own).together("all") for own in (current, BASE)]
    change = change_of_domains(*pair, current, BASE)[0].set_index("key")
    change = change[change["level"] != "indicator"]
    verdict = compare_sets(current, BASE).set_index("key").loc[change.index]
    expected = np.where(verdict["is_restated"], "common_core", "observed")
    lost = verdict["status"].isin(["broken", "entered"])
    assert list(np.where(lost, "break_in_series", expected)) == list(change["flag"])


def everybody_answers(frame: pd.DataFrame, own: IndicatorSet) -> PsuTotals:
    rows = own.at("indicator")
    draw = np.random.default_rng(1).random((len(frame), len(rows)))
    low, high = (rows[name].to_numpy(float) for name in ("scale_min", "scale_max"))
    weights = frame["weight"].to_numpy(float)
    return reduce_to_psu(low + draw * (high - low), weights, frame, list(rows["key"]))


def test_change_leaves_out_a_key_whose_answers_changed_under_an_unchanged_set():
    frame = answers(3)
    lists = pd.concat([ANSWERS, ANSWERS[ANSWERS["answers"] == "five"].head(1).assign(code="6")])
    pair = [everybody_answers(frame, BASE).together("all")] * 2
    sets = BASE.asked_by(form(lists=lists)), BASE.asked_by(form())
    flags = change_of_domains(*pair, *sets)[0].set_index("key")["flag"]
    # Half of sub-dimension knowing, indicator b, has a longer list: too little of it is left.
    assert flags["knowing"] == "break_in_series" and flags["voting"] == "observed"
    assert flags["total"] == "common_core"
    assert set(change_of_domains(*pair, BASE, BASE)[0]["flag"]) == {"observed"}


# ---- the versions of 2016 and 2018


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    facts = Facts(ROOT / "data")
    return compare_sets(facts.set_as_asked(2018), facts.set_as_asked(2017)).set_index("key")


def named(real: pd.DataFrame, status: str, level: str) -> set[str]:
    return set(real.index[(real["status"] == status) & (real["level"] == level)])


def test_in_2018_two_dimensions_entered_and_none_left(real):
    assert named(real, "entered", "dimension") == {"dimension_7", "dimension_8"}
    assert named(real, "left", "dimension") == set()
    assert real.loc["total", "status"] == "common_core"
    said = {aspect: now for aspect, _, now in real.loc["total", "differences"]}
    assert said["scale"] == "8-80"
    assert said["parts_entered"] == "dimension_7, dimension_8"


def test_in_2018_sub_dimensions_entered_left_and_moved_by_name(real):
    assert named(real, "entered", "sub_dimension") == {
        "access_to_information", "access_to_justice", "environmental_protection", "air_quality",
        "water_quality", "egov_portals", "internet_access", "e_responsiveness",
    }  # fmt: skip
    assert named(real, "left", "sub_dimension") == {"peoples_inspection_boards"}
    assert named(real, "moved", "sub_dimension") == {
        "poverty_lists", "communal_budget", "land_use_plans",
    }  # fmt: skip
    assert tuple(real.loc["poverty_lists", ["base_code", "code"]]) == ("2.1", "2.2")
    assert named(real, "common_core", "sub_dimension") == {
        "civic_knowledge", "responsiveness", "willingness_fight_corruption",
        "basic_infrastructure",
    }  # fmt: skip


def test_the_questionnaire_of_2018_asks_no_kept_key_with_other_answers(real):
    assert named(real, "broken", "indicator") == set()
    assert len(named(real, "comparable", "indicator") | named(real, "moved", "indicator")) == 69


def test_every_aspect_that_can_differ_has_a_name_in_both_languages(real):
    labels = Facts(ROOT / "data").table("labels/differences.csv").set_index("aspect")
    found = {aspect for row in real["differences"] for aspect, *_ in row}
    assert found <= set(labels.index)
    assert (labels[["name_vi", "name_en"]] != "").all(axis=None)
