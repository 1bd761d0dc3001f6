"""Lineage: what a year's published figures were made from, as tables of the warehouse.
Not here: the record itself (the manifests of the lake), or the view over it (sql/views)."""

from collections.abc import Iterator
from dataclasses import asdict, fields

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, for_each, note
from assets.index import FACTS_OF_A_YEAR
from pipelines.partitions import survey_year
from pipelines.resources import AncestryParam, FactsParam, Made, ReceivedFile

GROUP = "warehouse"
MADE_BY = ["assets/lineage.py", "pipelines/resources.py", "pipelines/provenance.py"]


@dg.multi_asset(
    partitions_def=survey_year,
    outs={
        "provenance": dg.AssetOut(
            **describe(
                "provenance",
                GROUP,
                "One row is one partition of the lake that the year's published scores and "
                "changes were made from, with the fingerprint of all that went into it.",
                MADE_BY,
            )
        ),
        "source_files": dg.AssetOut(
            **describe(
                "source_files",
                GROUP,
                "One row is one file as received that the year's published scores and changes "
                "rest on, with the hash of its bytes.",
                MADE_BY,
            )
        ),
    },
)
def origins(
    context: dg.AssetExecutionContext,
    ancestry: AncestryParam,
    province_estimates: Frames,
    district_scores: Frames,
    district_changes: Frames,
) -> Iterator[dg.Output]:
    given = {"province_estimates": province_estimates, "district_scores": district_scores,
             "district_changes": district_changes}  # fmt: skip
    files: Frames = {}

    def traced(year: str) -> pd.DataFrame:
        made, received = ancestry.trace([(asset, year) for asset in given])
        files[year] = _table(received, ReceivedFile).assign(survey_year=int(year))
        table = _table(made, Made).assign(survey_year=int(year))
        versions = table.groupby("asset")["code_version"].nunique()
        note(
            context,
            year,
            "provenance",
            partitions=len(table),
            assets_of_several_code_versions=", ".join(versions.index[versions > 1]) or "none",
        )
        note(context, year, "source_files", files=len(received))  # fmt: skip
        return table

    yield dg.Output(for_each(context, traced, *given.values()), output_name="provenance")
    yield dg.Output(files, output_name="source_files")


def _table(rows: list, kind: type) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[one.name for one in fields(kind)])


@dg.asset(
    partitions_def=survey_year,
    **describe(
        "indicator_questions",
        "reference",
        "One row is one question behind one indicator of the year's set, as the year's "
        "questionnaire words it.",
        ["data/indicator_sets", "data/questionnaires", *FACTS_OF_A_YEAR, *MADE_BY],
    ),
)
def indicator_questions(context: dg.AssetExecutionContext, facts: FactsParam) -> Frames:
    def asked(year: str) -> pd.DataFrame:
        survey = facts.survey(int(year))
        indicators = facts.indicator_set(survey.indicator_set).at("indicator")
        pairs = indicators[["key", "question"]].assign(question=indicators["question"].str.split())
        questions = facts.questionnaire(survey.questionnaire).questions
        table = pairs.explode("question").merge(questions, on="question", validate="many_to_one")
        note(context, year, questions=table["question"].nunique())
        table = table.rename(columns={"column": "header"})
        columns = ["key", "question", "header", "text_vi", "text_en", "answers", "asked_if"]
        return table[columns].assign(survey_year=int(year))

    return for_each(context, asked)


@dg.asset(
    partitions_def=survey_year,
    io_manager_key="warehouse",
    **describe(
        "published_lineage",
        GROUP,
        "One row is one table of one survey year in the warehouse: what can be compared, and "
        "what the year's figures were made from.",
        ["sql", "assets/lineage.py"],
        kinds=("sql", "sqlalchemy"),
    ),
)
def published_lineage(
    context: dg.AssetExecutionContext,
    set_comparisons: Frames,
    indicator_questions: Frames,
    provenance: Frames,
    source_files: Frames,
) -> Frames:
    given = {"set_comparisons": set_comparisons, "indicator_questions": indicator_questions,
             "provenance": provenance, "source_files": source_files}  # fmt: skip

    def tables(year: str) -> Frames:
        return {name: frames[year] for name, frames in given.items()}

    return for_each(context, tables, *given.values())
