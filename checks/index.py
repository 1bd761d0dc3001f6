"""Checks of weights, totals, estimates and scores: the views data/checks/index.yaml looks at.
Not here: the rules themselves, or checks of change between years (change.py)."""

from __future__ import annotations

from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from checks.suites import PARTITION, Views, suite_checks
from dgi.index.scores import BAND_SHARES
from dgi.index.totals import TOTAL_COLUMNS
from dgi.survey.weights import kish_design_effect
from pipelines.partitions import (
    district_year,
    districts_of,
    place,
    survey_year,
)

STAGE = "index"
Tables = dict[str, pd.DataFrame]


def weight_views(context: Any, respondent_weights: Tables) -> Views:
    facts = context.resources.facts
    rows, districts = [], []
    for key, table in respondent_weights.items():
        year, district = place(key)
        survey = facts.survey(year)
        margins = facts.margins(survey.census, survey.reference_date)
        area = margins[(margins["district"] == district) & (margins["margin"] == "area")]
        weights = table["weight"].to_numpy(float)
        rows.append(pd.DataFrame({PARTITION: key, "weight": weights}))
        # Delivered weights are used as they are: they need not add up to the census.
        is_computed = facts.design(survey.design).weights == "computed"
        gap = abs(weights.sum() / area["population"].sum() - 1)
        districts.append(
            {
                PARTITION: key,
                "gap_to_population": gap if is_computed else 0.0,
                "delivered_gap": 0.0 if is_computed else gap,
                "kish_design_effect": kish_design_effect(weights),
                "largest_over_median": weights.max() / np.median(weights),
                "smallest_over_median": weights.min() / np.median(weights),
            }
        )
    return {"rows": pd.concat(rows, ignore_index=True), "districts": pd.DataFrame(districts)}


def total_views(context: Any, psu_totals: Tables) -> Views:
    rows, strata = [], []
    for key, table in psu_totals.items():
        own = table[list(TOTAL_COLUMNS.values())].astype(float)
        rows.append(own.assign(**{PARTITION: key}))
        units = table.groupby("stratum")["psu"].nunique().to_numpy()
        strata.append(pd.DataFrame({PARTITION: key, "units": units}))
    return {"rows": pd.concat(rows, ignore_index=True), "strata": pd.concat(strata)}


def _estimate_views(facts: Any, tables: Tables, years: dict[str, int]) -> Views:
    rows, partitions = [], []
    for key, table in tables.items():
        survey = facts.survey(years[key])
        scale = facts.indicator_set(survey.indicator_set).at("indicator").set_index("key")
        own = table.join(scale[["scale_min", "scale_max"]], on="key")
        observed = own[own["flag"] == "observed"]
        span = observed["scale_max"] - observed["scale_min"]
        place_on_scale = (observed["estimate"] - observed["scale_min"]) / span
        rows.append(
            pd.DataFrame(
                {
                    PARTITION: key,
                    "place_on_scale": place_on_scale.to_numpy(float),
                    "se": observed["se"].to_numpy(float),
                }
            )
        )
        share = float((own["flag"] == "suppressed_small_n").mean())
        partitions.append({PARTITION: key, "share_suppressed": share})
    return {"rows": pd.concat(rows, ignore_index=True), "partitions": pd.DataFrame(partitions)}


def estimate_views(context: Any, indicator_estimates: Tables) -> Views:
    years = {key: place(key)[0] for key in indicator_estimates}
    return _estimate_views(context.resources.facts, indicator_estimates, years)


def province_views(context: Any, province_estimates: Tables) -> Views:
    years = {key: int(key) for key in province_estimates}
    return _estimate_views(context.resources.facts, province_estimates, years)


def coverage_views(context: Any, survey_totals: Tables) -> Views:
    rows = [
        {
            PARTITION: year,
            "absent_districts": len(set(districts_of(int(year))) - set(table["district"])),
        }
        for year, table in survey_totals.items()
    ]
    return {"years": pd.DataFrame(rows)}


def score_views(context: Any, district_scores: Tables) -> Views:
    facts = context.resources.facts
    rows, sums, ranks, bands, groups, scored = [], [], [], [], [], []
    for year, table in district_scores.items():
        tree = facts.indicator_set(facts.survey(int(year)).indicator_set).tree
        own = table.join(tree.set_index("key")[["scale_min", "scale_max", "parent"]], on="key")
        span = own["scale_max"] - own["scale_min"]
        own["place_on_scale"] = (own["score"] - own["scale_min"]) / span
        own["is_flagged"] = own["score"].notna() | (own["flag"] != "observed")
        rows.append(own[["place_on_scale", "is_flagged"]].assign(**{PARTITION: year}))
        parts = own[own["parent"] != ""].groupby(["district", "parent"])["score"]
        total = parts.sum(min_count=1).rename("parts")
        whole = own.join(total, on=["district", "key"]).dropna(subset=["score", "parts"])
        difference = (whole["score"] - whole["parts"]).to_numpy(float)
        sums.append(pd.DataFrame({PARTITION: year, "difference": difference}))
        errors = own.loc[own["score"].notna(), ["se"]]
        scored.append(errors.assign(**{PARTITION: year}))
        ranked = own[own["rank"].notna()]
        difference = ranked[BAND_SHARES].sum(axis=1).to_numpy(float) - 1
        bands.append(pd.DataFrame({PARTITION: year, "difference": difference}))
        has_group = (ranked["tie_group"] != "").to_numpy(bool)
        groups.append(pd.DataFrame({PARTITION: year, "has_group": has_group}))
        best = ranked.groupby("key")["rank"].min().to_numpy(float)
        worst = ranked.groupby("key")["rank"].max() - ranked.groupby("key")["ranked_n"].max()
        ranks.append(
            pd.DataFrame({PARTITION: year, "best_rank": best, "beyond_n": worst.to_numpy(float)})
        )
    views = {"rows": rows, "sums": sums, "ranks": ranks, "bands": bands, "ranked": groups,
             "scored": scored}  # fmt: skip
    return {name: pd.concat(frames) for name, frames in views.items()}


def probability_views(context: Any, rank_probabilities: Tables) -> Views:
    rows, sums = [], []
    for year, table in rank_probabilities.items():
        rows.append(table[["probability"]].assign(**{PARTITION: year}))
        total = table.groupby(["district", "key"])["probability"].sum().to_numpy(float)
        sums.append(pd.DataFrame({PARTITION: year, "difference": total - 1}))
    return {"rows": pd.concat(rows), "sums": pd.concat(sums)}


CHECKS: list[dg.AssetChecksDefinition] = [
    suite_checks(STAGE, "respondent_weights", district_year, weight_views),
    suite_checks(STAGE, "psu_totals", district_year, total_views),
    suite_checks(STAGE, "indicator_estimates", district_year, estimate_views),
    suite_checks(STAGE, "survey_totals", survey_year, coverage_views),
    suite_checks(STAGE, "province_estimates", survey_year, province_views),
    suite_checks(STAGE, "district_scores", survey_year, score_views),
    suite_checks(STAGE, "rank_probabilities", survey_year, probability_views),
]
