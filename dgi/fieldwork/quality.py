"""The quality of one district's fieldwork: every check of the manager's list, and what it found.
Not here: the measures themselves, the list (data/fieldwork), where a finding stands (findings)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.fieldwork_rules import parse_arguments
from dgi.facts.form_checks import FormRules
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.fieldwork import (
    answering,
    back_checks,
    interviewers,
    numbers,
    places,
    sample,
    similarity,
    timing,
)
from dgi.fieldwork.form_rules import JudgedForm, judge_form, measure_form_faults
from dgi.fieldwork.interviewer_effects import measure_interviewer_effects
from dgi.fieldwork.measures import COLUMNS, Measured, with_plain_codes

CHECK_COLUMNS = ["check", "topic", "severity", "status", "why_not", "base_n", "findings_n",
                 "findings_share", "worst_value", "threshold"]  # fmt: skip
FINDING_COLUMNS = ["check", "topic", "severity", *COLUMNS, "threshold"]
NEVER = np.inf  # the threshold of a measure that no check of the list uses


@dataclass(frozen=True)
class Fieldwork:
    """What there is to look at in one district-year.

    `responses`, `rejected`, `missing`: as typed; `margins`: the district's census; `back_checks`:
    as `type_back_checks` gives them, empty where none were made, and `raw_back_checks` as they
    were delivered; `back_check_types`: question, back_check_type; `delivered`: the rows that
    `responses` were typed from, as corrected; `form_rules`: those of the year's form.
    """

    responses: pd.DataFrame
    rejected: pd.DataFrame
    missing: pd.DataFrame
    questionnaire: Questionnaire
    survey: SurveyRow
    margins: pd.DataFrame
    back_checks: pd.DataFrame
    raw_back_checks: pd.DataFrame
    back_check_types: pd.DataFrame
    delivered: pd.DataFrame
    form_rules: FormRules

    @cached_property
    def judged_form(self) -> JudgedForm:
        """The form's verdict on all answers: worked out once, for all checks that use it."""
        return judge_form(
            self.form_rules, self.delivered, self.responses, self.rejected, self.questionnaire
        )


@dataclass(frozen=True)
class Examination:
    """`checks`: one row per check, CHECK_COLUMNS; `findings`: one row per thing to verify,
    FINDING_COLUMNS; `interviewers`: one row per interviewer (tabulate_interviewers)."""

    checks: pd.DataFrame
    findings: pd.DataFrame
    interviewers: pd.DataFrame


class Measure:
    """A measure as a check names it.

    Parameters called like parts of Fieldwork are given them; `fixed` gives others, from the
    Fieldwork or as they are; what is left is what a check may state as its arguments.
    """

    def __init__(self, function: Callable[..., Measured], **fixed: Any):
        self.function = function
        self.fixed = fixed
        names = inspect.signature(function).parameters
        self.parts = [name for name in names if name in PARTS]
        self.arguments: frozenset[str] = frozenset(names) - {*self.parts, *fixed, *NOT_STATED}

    def take(self, work: Fieldwork, arguments: Mapping[str, Any]) -> Measured:
        """The measure of one district-year."""
        given = {name: getattr(work, name) for name in self.parts}
        given |= {name: f(work) if callable(f) else f for name, f in self.fixed.items()}
        return self.function(**given, **arguments)


PARTS = frozenset(field.name for field in fields(Fieldwork))
NOT_STATED = frozenset({"questions", "excluded"})  # lists, not single values


def _measure_sure_effects(
    responses: pd.DataFrame, questionnaire: Questionnaire, within: str = "", p_below: float = 0.01
) -> Measured:
    """Interviewer effects that chance would rarely give; 0 where it might."""
    found = measure_interviewer_effects(responses, questionnaire, within=within)
    if not found.taken:
        return found
    is_sure = found.frame["p_value"] < p_below
    return replace(found, frame=found.frame.assign(value=found.frame["value"].where(is_sure, 0.0)))


def _of(module: ModuleType, *names: str) -> dict[str, Measure]:
    return {name: Measure(getattr(module, f"measure_{name}")) for name in names}


KINDS = ("dont_know", "refused", "blank")
FORM_FAULTS = {
    "form_skips": "answered_when_not_relevant",
    "form_blanks": "blank_when_required",
    "form_constraints": "constraint_broken",
}
MEASURES: dict[str, Measure] = (
    _of(similarity, "best_match", "fewest_differences", "exact_copies", "repeated_submissions",
        "repeated_starts")
    | _of(timing, "speed", "slowness", "brevity", "length", "end_before_start", "sent_before_end",
          "overlaps", "short_gaps", "night", "date_mismatch", "pace", "outdated_versions",
          "uncommon_versions")
    | _of(answering, "straight_lining", "flatness", "longest_run", "other_share")
    | {f"item_{kind}": Measure(answering.measure_item_rates, kind=kind) for kind in KINDS}
    | {
        f"respondent_{kind}": Measure(answering.measure_respondent_rates, kind=kind)
        for kind in KINDS
    }
    | {
        f"interviewer_{kind}": Measure(interviewers.measure_interviewer_rates, kind=kind)
        for kind in KINDS
    }
    | {
        f"interviewer_excess_{kind}": Measure(interviewers.measure_interviewer_excess, kind=kind)
        for kind in KINDS
    }
    | {"interviewer_effects": Measure(_measure_sure_effects)}
    | _of(numbers, "age_heaping", "whipple", "age_displacement")
    | _of(sample, "replacements", "sample_mix", "mix_doubt")
    | _of(places, "other_places", "gps_error")
    | _of(back_checks, "back_check_differences", "back_check_interviewers",
          "back_check_questions", "unchecked_share", "unchecked_interviewers",
          "unmatched_back_checks")
    | {
        name: Measure(measure_form_faults, judged=lambda work: work.judged_form, kind=kind)
        for name, kind in FORM_FAULTS.items()
    }
    | {
        "days_outside": Measure(
            timing.measure_days_outside,
            first=lambda work: work.survey.fieldwork_start,
            last=lambda work: work.survey.fieldwork_end,
        ),
        "village_adults_distance": Measure(
            numbers.measure_iqr_distance,
            numbers=lambda work: work.responses["village_adults"].astype(float),
        ),
        "village_shortfall": Measure(
            sample.measure_village_shortfall,
            target=lambda work: work.survey.respondents_per_village,
        ),
        "village_excess": Measure(
            sample.measure_village_excess,
            target=lambda work: work.survey.respondents_per_village,
        ),
        "district_shortfall": Measure(
            sample.measure_district_shortfall,
            planned=lambda work: work.survey.sample_per_district,
        ),
    }
)  # fmt: skip
ARGUMENTS = {name: measure.arguments for name, measure in MEASURES.items()}


def examine(work: Fieldwork, rules: pd.DataFrame) -> Examination:
    """Every check of `rules` (FieldworkRuleRow) on one district-year.

    A check has status passed, findings, not_taken (why_not says why: there was nothing to look
    at, which is never 'passed') or off. The order of responses changes nothing, and a higher
    threshold never adds a finding (all measures: larger is worse).
    """
    work = replace(work, responses=with_plain_codes(work.responses, work.questionnaire))
    taken: dict[tuple[str, str], Measured] = {}
    checks, findings = [], []
    for rule in rules.itertuples(index=False):
        row = {"check": rule.check, "topic": rule.topic, "severity": rule.severity,
               "threshold": rule.threshold, "why_not": "", "base_n": 0, "findings_n": 0,
               "findings_share": np.nan, "worst_value": np.nan}  # fmt: skip
        checks.append(row)
        if not rule.is_on:
            row["status"] = "off"
            continue
        key = (rule.measure, rule.arguments)
        if key not in taken:
            taken[key] = MEASURES[rule.measure].take(work, parse_arguments(rule.arguments))
        measured = taken[key]
        if not measured.taken:
            row |= {"status": "not_taken", "why_not": measured.why_not}
            continue
        found = measured.findings(rule.threshold)[COLUMNS]
        row |= {
            "status": "findings" if len(found) else "passed",
            "base_n": measured.base,
            "findings_n": len(found),
            "findings_share": len(found) / measured.base if measured.base else 0.0,
            "worst_value": measured.frame["value"].max(),
        }
        findings.append(found.assign(check=rule.check, topic=rule.topic, severity=rule.severity,
                                     threshold=rule.threshold))  # fmt: skip
    table = pd.DataFrame(checks, columns=CHECK_COLUMNS)
    nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in FINDING_COLUMNS})
    found = pd.concat(findings, ignore_index=True) if findings else nothing
    return Examination(table, found[FINDING_COLUMNS], _tabulate(work, rules, taken))


def _tabulate(
    work: Fieldwork, rules: pd.DataFrame, taken: dict[tuple[str, str], Measured]
) -> pd.DataFrame:
    """The table of interviewers, at the lowest thresholds of the list."""
    lowest = rules[rules["is_on"]].groupby("measure")["threshold"].min()
    differences = None
    if not work.back_checks.empty:
        pairs = back_checks.compare_back_checks(work.responses, work.back_checks)
        differences = pairs.mean(axis=1).dropna()
    return interviewers.tabulate_interviewers(
        work.responses,
        work.questionnaire,
        short_at=float(lowest.get("speed", NEVER)),
        similar_at=float(lowest.get("best_match", NEVER)),
        straight_at=float(lowest.get("straight_lining", NEVER)),
        night_at=float(lowest.get("night", NEVER)),
        missing=work.missing,
        rejected=work.rejected,
        differences=differences,
        matched=taken.get(("best_match", "")),
    )
