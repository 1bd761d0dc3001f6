"""Belongs here: the door for fact files: what is read, what is refused, and by which name.
Does not belong here: the rules of any one table (the tests of the room that owns it)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from dgi.errors import FactError
from dgi.facts.fieldwork_rules import SHEET
from dgi.ingest.facts import Facts, read_table

DATA = Path(__file__).resolve().parents[3] / "data"


@pytest.fixture(scope="module")
def facts():
    return Facts(DATA)


def test_a_table_is_text_and_blanks_are_blank(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("code,name\n007,NA\n,Hạ Long\n", encoding="utf-8")
    table = read_table(path)
    assert table.to_dict("list") == {"code": ["007", ""], "name": ["NA", "Hạ Long"]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the fact file is missing"),
        (b"", "not a readable CSV table"),
        ("tên\nHạ Long\n".encode("utf-16"), "not a readable CSV table"),
        (b'a,b\n1,"2\n', "not a readable CSV table"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FactError, match=says) as caught:
        read_table(path)
    assert "t.csv" in str(caught.value) and caught.value.faults[0].action


def test_every_fact_of_the_province_is_sound(facts):
    assert list(facts.surveys["survey_year"]) == [2016, 2017, 2018, 2019, 2020, 2025]
    assert len(facts.provinces) == 63
    for year in facts.surveys["survey_year"]:
        survey = facts.survey(int(year))
        questionnaire = facts.questionnaire(survey.questionnaire)
        facts.indicator_set(survey.indicator_set).check_against(questionnaire)
        statement = facts.set_statement(survey.indicator_set)
        assert statement["vi"] and statement["en"]
        margins = facts.margins(survey.census, survey.reference_date)
        districts = set(facts.units.districts_on(survey.reference_date)["district"])
        assert set(margins["district"]) == districts


def test_every_set_is_one_tree_with_known_dimensions(facts):
    expected = {"papi-2011": (6, 22), "papi-2016": (6, 22), "papi-2018": (8, 28),
                "papi-2019": (8, 29), "papi-2021": (8, 28), "district-2016": (6, 22),
                "district-2018": (8, None)}  # fmt: skip
    assert set(facts.indicator_sets["indicator_set"]) >= set(expected)
    for name, (dimensions, subs) in expected.items():
        tree = facts.indicator_set(name)
        assert len(tree.at("total")) == 1 and len(tree.at("dimension")) == dimensions
        assert subs in (None, len(tree.at("sub_dimension")))
        assert float(tree.at("total")["scale_max"].iloc[0]) == 10 * dimensions


def test_the_weights_of_a_sub_dimension_in_the_district_sets_add_up_to_one(facts):
    for name in ("district-2016", "district-2018"):
        indicators = facts.indicator_set(name).at("indicator")
        sums = indicators.groupby("parent")["weight"].sum()
        assert (sums - 1).abs().max() < 1e-12


def test_joining_hoanh_bo_loses_nobody(facts):
    before = facts.margins("2019-illustrative", date(2019, 7, 1))
    after = facts.margins("2019-illustrative", date(2020, 7, 1))
    people = [m[m["margin"] == "area"]["population"].sum() for m in (before, after)]
    assert people[0] == pytest.approx(people[1])
    ha_long = [
        m[(m["margin"] == "area") & m["district"].isin(["193-ha-long", "204-hoanh-bo"])]
        for m in (before, after)
    ]
    sums = [m["population"].sum() for m in ha_long]
    assert sums[0] == pytest.approx(sums[1])
    assert ha_long[1]["district"].nunique() == 1


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda facts: facts.survey(2031), "survey year 2031 has no row"),
        (lambda facts: facts.questionnaire("citizens-1999"), "the questionnaire is not registered"),
        (lambda facts: facts.indicator_set("district-1999"), "the fact file is missing"),
        (lambda facts: facts.papi_set(2031), "0 PAPI structures serve 2031"),
        (lambda facts: facts.yaml("labels/nothing.yaml"), "not a readable YAML document"),
    ],
)
def test_what_is_not_there_is_refused_by_name(facts, ask, says):
    with pytest.raises(FactError, match=says):
        ask(facts)


def test_a_broken_yaml_document_is_refused_with_its_line(tmp_path):
    (tmp_path / "x.yaml").write_text("a: [1, 2\nb: 3\n", encoding="utf-8")
    with pytest.raises(FactError, match=r"data/x\.yaml: not a readable YAML") as caught:
        Facts(tmp_path).yaml("x.yaml")
    assert "line 2" in str(caught.value) and len(caught.value.faults) == 1


def faults_of_rules(tmp_path, edit):
    """What is said of the list of checks once its sheet has been edited."""
    book = openpyxl.load_workbook(DATA / "fieldwork" / "checks.xlsx")
    edit(book[SHEET])
    (tmp_path / "fieldwork").mkdir()
    book.save(tmp_path / "fieldwork" / "checks.xlsx")
    with pytest.raises(FactError) as caught:
        _ = Facts(tmp_path).fieldwork_rules
    return caught.value.faults


def test_a_wrong_threshold_is_named_by_the_cell_the_manager_sees_in_both_languages(tmp_path):
    def edit(sheet):
        sheet.insert_rows(4)  # a blank row between two checks
        sheet["E9"] = "1e999"

    (fault,) = faults_of_rules(tmp_path, edit)
    assert (fault.row, fault.column) == (9, "threshold")
    assert "hữu hạn" in fault.rule_vi and "finite" in fault.rule
    assert "HuongDan" in fault.action_vi and "HuongDan" in fault.action


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda sheet: sheet.cell(1, 14, "severity"), "một cột đứng hai lần"),
        (lambda sheet: sheet.cell(1, 5, "limit"), "thiếu một cột"),
        (lambda sheet: setattr(sheet, "title", "Nguong2"), "không có sổ tính với trang Nguong"),
    ],
)
def test_a_list_of_checks_that_cannot_be_used_is_told_in_both_languages(tmp_path, edit, says):
    faults = faults_of_rules(tmp_path, edit)
    assert says in [fault.rule_vi for fault in faults]
    assert all(fault.rule and fault.action and fault.action_vi for fault in faults)
