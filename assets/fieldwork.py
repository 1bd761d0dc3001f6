"""Fieldwork: how good the interviews of one district-year are, and what the team is to verify.
Not here: what is measured and judged (dgi.fieldwork), thresholds (data/fieldwork), the suites."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from dgi.facts.form_checks import FormRules
from dgi.fieldwork.back_checks import type_back_checks
from dgi.fieldwork.findings import place_findings
from dgi.fieldwork.form_rules import list_form_rules
from dgi.fieldwork.quality import Fieldwork, examine
from dgi.ingest.xlsform_rules import load_form_rules
from dgi.reports.return_workbook import write_return_workbook
from pipelines.partitions import district_year, place, survey_year
from pipelines.resources import FactsParam

FORM_FACTS = ["data/questionnaires", "data/surveys.csv", "data/forms", "data/column_maps"]
MADE_BY = [*FORM_FACTS, "data/census", "data/fieldwork", "assets/fieldwork.py"]
TASK = {"task": "T4"}
TO_VERIFY = ("error", "warn")  # what is only to be followed does not go back to the team


def _out(name: str, description: str) -> dg.AssetOut:
    return dg.AssetOut(**describe(name, "quality", description, MADE_BY, tags=TASK))


@dg.multi_asset(
    partitions_def=district_year,
    outs={
        "fieldwork": _out(
            "fieldwork", "One row is one check of the fieldwork: what was looked at and found."
        ),
        "fieldwork_findings": _out(
            "fieldwork_findings",
            "One row is one thing to verify: an interview, cell or interviewer, where and why.",
        ),
        "interviewers": _out(
            "interviewers", "One row is one interviewer: interviews, pace, answers, back-checks."
        ),
    },
)
def fieldwork_quality(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    responses: Frames,
    rejected_responses: Frames,
    missing_answers: Frames,
    corrected_responses: Frames,
    raw_back_checks: Frames,
    delivered_columns: Frames,
) -> Iterator[dg.Output]:
    findings: Frames = {}
    tables: Frames = {}
    forms: dict[int, FormRules] = {}

    def examined(key: str) -> pd.DataFrame:
        year, district = place(key)
        survey = facts.survey(year)
        questionnaire = facts.questionnaire(survey.questionnaire)
        raw, rules = corrected_responses[key], facts.fieldwork_rules
        who = raw[["_file", "_row", "interviewer"]].rename(columns={"_file": "file", "_row": "row"})
        rejected = rejected_responses[key].merge(who, on=["file", "row"], how="left")
        if year not in forms:
            forms[year] = load_form_rules(facts.folder, survey, facts.form(year))
        margins = facts.margins(survey.census, survey.reference_date)
        work = Fieldwork(
            responses=responses[key],
            rejected=rejected,
            missing=missing_answers[key],
            questionnaire=questionnaire,
            survey=survey,
            margins=margins[margins["district"] == district],
            back_checks=type_back_checks(raw_back_checks[key], questionnaire),
            raw_back_checks=raw_back_checks[key],
            back_check_types=facts.back_check_types,
            delivered=raw,
            form_rules=forms[year],
        )
        found = examine(work, rules)
        placed = place_findings(found.findings, rejected, raw, delivered_columns[key], rules)
        is_sample = bool(raw["is_sample"].any())
        findings[key] = _of_partition(placed, year, district, is_sample)
        tables[key] = _of_partition(found.interviewers, year, district, is_sample)
        status = found.checks["status"].value_counts()
        note(
            context,
            key,
            "fieldwork",
            checks=dg.MetadataValue.json(status.sort_index().to_dict()),
            to_verify=int(placed["severity"].isin(TO_VERIFY).sum()),
        )
        return _of_partition(found.checks, year, district, is_sample)

    checks = for_each(context, examined, responses, corrected_responses, raw_back_checks)
    yield dg.Output(checks, output_name="fieldwork")
    yield dg.Output(findings, output_name="fieldwork_findings")
    yield dg.Output(tables, output_name="interviewers")


@dg.asset(
    partitions_def=district_year,
    io_manager_key="returns",
    **describe(
        "return_workbook",
        "quality",
        "One row is one thing the field team is to verify, in a workbook that they send back.",
        [*MADE_BY, "dgi/reports"],
        kinds=("excel",),
        tags=TASK,
    ),
)
def return_workbook(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    fieldwork: Frames,
    fieldwork_findings: Frames,
    interviewers: Frames,
) -> Frames:
    def written(key: str) -> dict[str, bytes]:
        year, district = place(key)
        survey = facts.survey(year)
        names = facts.units.districts_on(survey.reference_date).set_index("district").loc[district]
        findings = fieldwork_findings[key]
        content = write_return_workbook(
            (names["name_with_type_vi"], f"{names['name_en']} {names['type_en']}"),
            year,
            bool(fieldwork[key]["is_sample"].any()),
            fieldwork[key],
            findings[findings["severity"].isin(TO_VERIFY)],
            interviewers[key],
            facts.fieldwork_rules,
            facts.questionnaire(survey.questionnaire),
        )
        name = f"can-xac-minh-{district}-{year}.xlsx"
        note(context, key, file=name, bytes=len(content))
        return {name: content}

    return for_each(context, written, fieldwork, fieldwork_findings, interviewers)


@dg.asset(
    partitions_def=survey_year,
    **describe(
        "form_rules",
        "quality",
        "One row is one rule of the year's form: question, part, expression, whether it can be "
        "evaluated, and the piece that cannot.",
        [*FORM_FACTS, "assets/fieldwork.py"],
        tags=TASK,
    ),
)
def form_rules(context: dg.AssetExecutionContext, facts: FactsParam) -> Frames:
    def listed(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        rules = load_form_rules(facts.folder, survey, facts.form(int(year)))
        table = list_form_rules(rules, facts.questionnaire(survey.questionnaire))
        note(
            context,
            year,
            form=survey.form or survey.questionnaire,
            rules=len(table),
            not_evaluable=int((~table["is_evaluable"]).sum()),
        )
        table.insert(0, "survey_year", int(year))
        return table

    return for_each(context, listed)


def _of_partition(table: pd.DataFrame, year: int, district: str, is_sample: bool) -> pd.DataFrame:
    table = table.assign(is_sample=is_sample)
    table.insert(0, "district", district)
    table.insert(0, "survey_year", year)
    return table
