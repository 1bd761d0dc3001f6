"""Belongs here: the making of data/sample_survey*.csv, a few rows of the SIMULATED survey.
Does not belong here: anything that a test needs at run time; the extract is committed.

Run from the repository's root, with the simulated workbooks in the landing folder (make sample):
    PYTHONPATH=. python tests/oracle/extract_sample_survey.py data/landing
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from dgi.change.panel import join_strata
from dgi.fieldwork.responses import type_responses
from dgi.index.indicators import indicator_values
from dgi.ingest.deliveries import read_delivery
from dgi.ingest.facts import Facts, read_table
from dgi.ingest.landing import district_folders
from dgi.ingest.privacy import Keys
from dgi.survey.weights import weigh_district

ROOT = Path(__file__).resolve().parents[2]
SECRET = b"pseudonyms are not in the extract"
TARGET = Path(__file__).parent / "data"
DELIVERED = {2019: ["193-ha-long", "201-hai-ha", "204-hoanh-bo", "207-co-to"],
             2020: ["193-ha-long", "201-hai-ha", "207-co-to"]}  # fmt: skip
# Three whole sub-dimensions (a count, means, shares, direction -1) and one rarely asked question.
SUB_DIMENSIONS = ["civic_knowledge", "interactions", "corruption_government"]
RARELY_ASKED = ["land_compensation_fair"]


def main(landing: Path) -> None:
    facts = Facts(ROOT / "data")
    tables = []
    for year, districts in DELIVERED.items():
        survey = facts.survey(year)
        questionnaire = facts.questionnaire(survey.questionnaire)
        indicators = facts.indicator_set(survey.indicator_set).at("indicator")
        chosen = indicators["parent"].isin(SUB_DIMENSIONS) | indicators["key"].isin(RARELY_ASKED)
        indicators = indicators[chosen]
        for district in districts:
            folders = district_folders(landing, year, district)
            delivery = read_delivery(folders, district, facts.form(year), Keys(SECRET, year))
            rows = type_responses(
                delivery.raw, questionnaire, survey, facts.units, district
            ).responses
            margins = facts.margins(survey.census, survey.reference_date)
            weights, _ = weigh_district(rows, margins[margins["district"] == district])
            rows = rows.merge(weights[["respondent_id", "weight"]], on="respondent_id")
            assert rows["is_sample"].all(), "only simulated answers may be committed"
            values = indicator_values(rows, indicators, questionnaire)
            table = rows[["survey_year", "district", "stratum", "psu", "commune_code"]].copy()
            places = facts.units.places_of_communes(
                rows["commune_code"], survey.reference_date, facts.survey(2020).reference_date
            )
            homes = places.set_index("commune_code")["district"]
            table["unit_2020"] = rows["commune_code"].map(homes)
            table["weight"] = rows["weight"].map(lambda weight: float(f"{weight:.9g}"))
            table[list(indicators["key"])] = values
            tables.append(table)
    extract = pd.concat(tables, ignore_index=True)
    units = extract.rename(columns={"survey_year": "year", "unit_2020": "domain"})
    joined = pd.Series(join_strata(units)).map("joined {}".format)
    extract.insert(6, "panel_stratum", joined)
    tree = read_table(ROOT / "data" / "indicator_sets" / f"{survey.indicator_set}.csv")
    dimensions = tree.loc[tree["key"].isin(SUB_DIMENSIONS), "parent"]
    kept = (tree["level"] == "total") | tree["key"].isin([*SUB_DIMENSIONS, *dimensions])
    kept |= tree["parent"].isin(SUB_DIMENSIONS)
    tree[kept].to_csv(TARGET / "sample_survey_tree.csv", index=False, lineterminator="\n")
    extract.to_csv(
        TARGET / "sample_survey.csv", index=False, float_format="%.9g", lineterminator="\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
