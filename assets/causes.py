"""Causes: where published PAPI fell or lags, and what each part took from or gave to it (task T1).
Not here: the district survey's own change (change.py)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from dgi.papi.diagnosis import diagnose
from pipelines.partitions import papi_year, this_year_and_the_one_before
from pipelines.resources import FactsParam

PROVINCE_CODE = "P14"


@dg.asset(
    partitions_def=papi_year,
    ins={"papi_scores": dg.AssetIn(partition_mapping=this_year_and_the_one_before)},
    **describe(
        "papi_diagnosis",
        "causes",
        "One row is one province and one node of published PAPI: its place, its gap to the median "
        "and to the best quarter, and its change on what both years measure alike.",
        ["data/indicator_sets", "assets/causes.py"],
        tags={"task": "T1"},
    ),
)
def papi_diagnosis(
    context: dg.AssetExecutionContext, facts: FactsParam, papi_scores: Frames
) -> Frames:
    def diagnosed(year: str) -> pd.DataFrame:
        before = str(int(year) - 1)
        has_base = before in papi_scores
        table = diagnose(
            papi_scores[year],
            facts.papi_set(int(year)),
            papi_scores.get(before),
            facts.papi_set(int(before)) if has_base else None,
        )
        own = table[table["province_code"] == PROVINCE_CODE]
        parts = own[own["level"] == "sub_dimension"].dropna(subset=["contribution"])
        beyond = parts["contribution"] - parts["national_median_change"]
        worst = parts.loc[beyond.nsmallest(3).index]
        note(
            context,
            year,
            compared_with=before if has_base else "no earlier year",
            took_more_than_the_median_province=", ".join(
                f"{row.key} {row.contribution:+.3f}" for row in worst.itertuples(index=False)
            ),
            flags=dg.MetadataValue.json(own["flag"].value_counts().to_dict()),
        )
        return table

    return for_each(context, diagnosed, papi_scores)
