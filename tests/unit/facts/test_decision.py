"""Belongs here: Decision 3051/QĐ-UBND as data: sums, months, dates, and its contradictions.
Does not belong here: how a product is made."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path

import pytest

from dgi.errors import FactError
from dgi.facts.decision import Decision
from dgi.ingest.facts import Facts

WHERE = "data/decision/decision-3051.yaml"


@pytest.fixture(scope="module")
def facts():
    return Facts(Path(__file__).resolve().parents[3] / "data")


@pytest.fixture
def document(facts):
    return copy.deepcopy(facts.yaml("decision/decision-3051.yaml"))


@pytest.fixture(scope="module")
def decision(facts):
    return facts.decision


def refusal(document) -> str:
    with pytest.raises(FactError) as caught:
        Decision.from_document(document, WHERE)
    message = str(caught.value)
    assert message.startswith(WHERE)
    return message


def test_it_is_decision_3051_of_9_august_2017(decision):
    assert decision.number == "3051/QĐ-UBND" and decision.date == date(2017, 8, 9)


def test_the_budget_is_2_353_798_000_dong_and_its_parts_add_up(decision, document):
    assert decision.budget.total == 2_353_798_000 and decision.budget.currency == "VND"
    assert {part.body: part.amount for part in decision.budget.parts} == {
        "managing_body": 1_500_000_000, "coordinating_bodies": 853_798_000}  # fmt: skip
    assert decision.budget_difference() == 0
    document["budget"]["parts"][0]["amount"] -= 1000
    assert Decision.from_document(document, WHERE).budget_difference() == 1000


def test_it_prints_18_months_where_the_calendar_counts_20(decision, document):
    assert decision.period.printed_months == 18
    assert decision.months_counted() == 20
    document["period"] |= {"start": "2018-12", "end": "2018-12"}
    assert Decision.from_document(document, WHERE).months_counted() == 1


def test_the_directive_is_dated_after_the_plan_that_carries_it_out(decision, document):
    assert decision.grounds_out_of_order() == ["directive"]
    document["grounds"][1]["date"] = date(2015, 12, 29)
    assert Decision.from_document(document, WHERE).grounds_out_of_order() == []


def test_every_place_where_the_text_contradicts_itself_is_kept_beside_it(decision, document):
    known = {item.id for item in decision.inconsistencies}
    marked = {item.get("inconsistency") for item in document["grounds"]}
    marked |= {document["period"]["inconsistency"]}
    assert marked - {None} <= known and len(known) == 5
    assert all(item.source and item.why.vi and item.why.en for item in decision.inconsistencies)


def test_it_lists_three_objectives_five_tasks_four_contents_and_seven_products(decision):
    counts = [len(part) for part in (decision.objectives, decision.tasks, decision.contents,
                                     decision.products)]  # fmt: skip
    assert counts == [3, 5, 4, 7]
    assert {item.id for item in decision.products} == {f"P{n}" for n in range(1, 8)}


def test_every_product_answers_a_task_or_a_content_and_none_is_left_over(decision):
    answered = {answer for item in decision.products for answer in item.answers}
    assert all(item.answers for item in decision.products)
    assert answered == {f"T{n}" for n in range(1, 6)} | {f"C{n}" for n in range(1, 5)}


def test_as_a_table_each_clause_is_one_row_in_both_languages(decision):
    table = decision.to_frame()
    assert not table.duplicated(["kind", "id"]).any()
    assert (table["text_vi"].str.len() > 0).all() and (table["text_en"].str.len() > 0).all()
    budget = table[table["kind"] == "budget"]
    assert budget["amount"].sum() == decision.budget.total
    assert table.loc[table["kind"] != "budget", "amount"].isna().all()
    assert len(table[table["kind"] == "inconsistency"]) == len(decision.inconsistencies)


@pytest.mark.parametrize("document", [None, "a text", [], 7])
def test_what_is_no_document_is_refused(document):
    assert "Correct the entry as printed in the Decision." in refusal(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("date",), "9 August"),
        (("title", "vi"), None),
        (("period", "start"), "5/2017"),
        (("budget", "total"), "2,3 billion"),
        (("grounds", 1, "date"), "29/12/2016"),
        (("products", 0, "answers"), 5),
    ],
)
def test_a_wrong_entry_is_named_by_its_place(document, path, value):
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert f"column {'.'.join(map(str, path))}" in refusal(document)


@pytest.mark.parametrize("part", ["budget", "tasks", "period", "number"])
def test_a_missing_part_is_named(document, part):
    del document[part]
    assert f"column {part}: Field required" in refusal(document)


def test_a_product_that_answers_nothing_listed_is_refused(document):
    document["products"][0]["answers"] = ["T1", "T9", "C7"]
    message = refusal(document)
    assert "a product answers a task or content that is not listed (found 'C7, T9')" in message


def test_every_wrong_entry_is_reported_in_one_pass(document):
    document["date"] = "never"
    document["budget"]["total"] = "much"
    message = refusal(document)
    assert "column date" in message and "column budget.total" in message
