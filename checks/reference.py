"""Checks of reference tables and published PAPI: the views data/checks/reference.yaml looks at.
Not here: the rules themselves, or checks of anything computed from survey answers."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from dgi.papi.scores import sum_differences
from pipelines.partitions import SURVEY_YEARS, papi_year

STAGE = "reference"


def decision_views(context: Any, decision_items: pd.DataFrame) -> Views:
    decision = context.resources.facts.decision
    whole = pd.DataFrame(
        {
            PARTITION: [""],
            "budget_difference": [decision.budget_difference()],
            "months_difference": [decision.period.printed_months - decision.months_counted()],
            "grounds_out_of_order": [len(decision.grounds_out_of_order())],
        }
    )
    items = decision_items.assign(
        **{PARTITION: ""}, item=decision_items["kind"] + decision_items["id"]
    )
    return {"whole": whole, "items": items[[PARTITION, "item", "text_vi", "text_en"]]}


def unit_views(context: Any, administrative_units: pd.DataFrame) -> Views:
    facts = context.resources.facts
    state = administrative_units["valid_from"].astype("str")
    rows = administrative_units.assign(
        **{PARTITION: ""},
        state=administrative_units["level"] + administrative_units["unit_code"] + state,
    )
    events = facts.table("units/events.csv")
    events = events[events["communes_after"] != ""]
    counts = []
    for year in SURVEY_YEARS:
        day = facts.survey(year).reference_date
        past = events[pd.to_datetime(events["effective_date"]).dt.date <= day]
        known = int(past.sort_values("effective_date")["communes_after"].iloc[-1])
        found = len(facts.units.communes_on(day))
        counts.append({PARTITION: "", "difference": found - known})
    return {"rows": rows[[PARTITION, "state"]], "counts": pd.DataFrame(counts)}


def indicator_views(context: Any, indicators: pd.DataFrame) -> Views:
    own = indicators[indicators["indicator_set"].str.startswith("district-")]
    sizes = own[own["level"] == "indicator"].groupby(["indicator_set", "parent"]).size()
    subs = own.loc[own["level"] == "sub_dimension", ["indicator_set", "key"]]
    index = pd.MultiIndex.from_frame(subs)
    counts = subs.assign(**{PARTITION: ""}, indicators=sizes.reindex(index).fillna(0).to_numpy())
    nodes = indicators.assign(
        **{PARTITION: ""}, node=indicators["indicator_set"] + indicators["key"]
    )
    return {
        "sub_dimensions": counts[[PARTITION, "indicators"]],
        "nodes": nodes[[PARTITION, "node", "statement_vi"]],
    }


def survey_set_views(context: Any, survey_sets: pd.DataFrame) -> Views:
    return {"rows": survey_sets[["survey_year"]].astype("int64").assign(**{PARTITION: ""})}


def papi_views(context: Any, papi_scores: dict[str, pd.DataFrame]) -> Views:
    facts = context.resources.facts
    sums, rows, provinces = [], [], []
    for year, scores in papi_scores.items():
        structure = facts.papi_set(int(year))
        sums.append(sum_differences(scores, structure).assign(**{PARTITION: year}))
        scale = structure.tree.set_index("key")[["scale_min", "scale_max"]]
        own = scores.join(scale, on="key").assign(**{PARTITION: year})
        span = own["scale_max"] - own["scale_min"]
        own["place_on_scale"] = (own["score"] - own["scale_min"]) / span
        own["is_explained"] = own["score"].notna() != (own["flag"] == "suppressed_officially")
        rows.append(own[[PARTITION, "place_on_scale", "is_explained"]])
        provinces.append({PARTITION: year, "provinces": scores["province_code"].nunique()})
    return {
        "sums": pd.concat(sums)[[PARTITION, "difference"]],
        "rows": pd.concat(rows),
        "provinces": pd.DataFrame(provinces),
    }


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks(STAGE, "decision_items", None, decision_views),
    suite_checks(STAGE, "administrative_units", None, unit_views),
    suite_checks(STAGE, "indicators", None, indicator_views),
    suite_checks(STAGE, "survey_sets", None, survey_set_views),
    suite_checks(STAGE, "papi_scores", papi_year, papi_views),
]
