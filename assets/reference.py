"""Reference: the Decision, the units, the indicator sets and published PAPI as tables.
Not here: anything computed from survey answers, or why a published score moved (causes.py)."""

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from pipelines.partitions import papi_year
from pipelines.resources import FactsParam

GROUP = "reference"
LOADING = ["assets/reference.py"]


@dg.asset(
    **describe(
        "decision_items",
        GROUP,
        "One row is one item of Decision 3051/QĐ-UBND: an objective, task, content, product, "
        "body, budget part, or a place where its text disagrees with itself.",
        [*LOADING, "data/decision"],
    )
)
def decision_items(facts: FactsParam) -> pd.DataFrame:
    return facts.decision.to_frame()


@dg.asset(
    **describe(
        "administrative_units",
        GROUP,
        "One row is one state of one province, district or commune: its name and type between "
        "two dates, and what it became.",
        [*LOADING, "data/units"],
    )
)
def administrative_units(facts: FactsParam) -> pd.DataFrame:
    units = facts.units
    provinces = facts.provinces.assign(level="province", unit_code=facts.provinces["gso_code"])
    districts = units.districts.assign(level="district", unit_code=units.districts["district_code"])
    districts["name_vi"] = districts["name_with_type_vi"]
    keys = units.districts.drop_duplicates("district_code").set_index("district_code")["district"]
    communes = units.communes.assign(level="commune", unit_code=units.communes["commune_code"])
    communes["district"] = communes["district_code"].map(keys).fillna("")
    columns = [
        "level",
        "unit_code",
        "district",
        "name_vi",
        "name_en",
        "area",
        "valid_from",
        "valid_to",
        "successor",
        "source",
    ]
    table = pd.concat([provinces, districts, communes], ignore_index=True)[columns]
    text = ["district", "name_en", "area", "successor"]
    return table.fillna(dict.fromkeys(text, ""))


@dg.asset(
    **describe(
        "indicators",
        GROUP,
        "One row is one node of one version of an indicator set: total, dimension, sub-dimension "
        "or indicator, with its scale, weight, question and base. The district sets are this "
        "project's own design on PAPI's published structure; the official list is not public.",
        [*LOADING, "data/indicator_sets"],
    )
)
def indicators(facts: FactsParam) -> pd.DataFrame:
    tables = []
    for row in facts.indicator_sets.itertuples(index=False):
        tree = facts.indicator_set(row.indicator_set).tree.drop(columns="source")
        tree["good_answers"] = [";".join(map(str, codes)) for codes in tree["good_answers"]]
        tables.append(
            tree.assign(
                indicator_set=row.indicator_set,
                statement_vi=row.statement_vi,
                statement_en=row.statement_en,
            )
        )
    return pd.concat(tables, ignore_index=True)


@dg.asset(
    **describe(
        "survey_sets",
        GROUP,
        "One row is one survey year: which indicator set, questionnaire and boundary it uses.",
        [*LOADING, "data/surveys.csv"],
    )
)
def survey_sets(facts: FactsParam) -> pd.DataFrame:
    return facts.surveys[["survey_year", "indicator_set", "questionnaire", "reference_date"]]


@dg.asset(
    partitions_def=papi_year,
    **describe(
        "papi_scores",
        GROUP,
        "One row is one province's published PAPI score for one node of the year's structure, "
        "with its rank among the provinces published; real figures, unpublished ones flagged.",
        [*LOADING, "data/papi", "data/indicator_sets", "data/units"],
        tags={"task": "T1"},
    ),
)
def papi_scores(context: dg.AssetExecutionContext, facts: FactsParam) -> Frames:
    def published(year: str) -> pd.DataFrame:
        scores = facts.papi_scores(int(year))
        own = scores[(scores["province_code"] == "P14") & (scores["level"] == "total")].iloc[0]
        note(
            context,
            year,
            source=str(facts.papi_sources.set_index("survey_year").loc[int(year), "source"]),
            provinces_ranked=int(own["ranked_n"]),
            quang_ninh_total="not published" if pd.isna(own["score"]) else float(own["score"]),
            quang_ninh_rank="none" if pd.isna(own["rank"]) else int(own["rank"]),
            unpublished_figures=int(scores["score"].isna().sum()),
        )
        return scores

    return for_each(context, published)
