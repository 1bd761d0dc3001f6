"""Quality: responses typed by the questionnaire, what was set aside or is missing and why, and how
good the fieldwork was. Not here: the rules of any of it (dgi.fieldwork), or the suites (checks)."""

from collections.abc import Iterator

import dagster as dg

from assets.declare import Frames, describe, for_each, note
from dgi.fieldwork.corrections import apply_corrections
from dgi.fieldwork.responses import type_responses
from dgi.ingest.corrections import read_corrections
from dgi.ingest.landing import district_folders
from dgi.ingest.privacy import Keys
from pipelines.partitions import district_year, place
from pipelines.resources import FactsParam, SettingsParam, VaultParam

MADE_BY = ["data/questionnaires", "data/units", "data/surveys.csv", "assets/quality.py"]
TASK = {"task": "T4"}


def _out(name: str, description: str) -> dg.AssetOut:
    return dg.AssetOut(**describe(name, "quality", description, MADE_BY, tags=TASK))


@dg.multi_asset(
    partitions_def=district_year,
    outs={
        "responses": _out(
            "responses", "One row is one respondent: typed design columns and coded answers."
        ),
        "rejected_responses": _out(
            "rejected_responses",
            "One row is one interview or one answer set aside, with rule, reason and place.",
        ),
        "missing_answers": _out(
            "missing_answers",
            "One row is one question that a respondent gave no valid answer to, and why.",
        ),
        "corrected_responses": _out(
            "corrected_responses",
            "One row is one interview as delivered with the corrections replayed on it, as text.",
        ),
        "applied_corrections": _out(
            "applied_corrections",
            "One row is one entry of the correction log: who changed which question, when, why.",
        ),
    },
)
def typed_responses(
    context: dg.AssetExecutionContext,
    facts: FactsParam,
    settings: SettingsParam,
    vault: VaultParam,
    raw_responses: Frames,
    delivered_columns: Frames,
) -> Iterator[dg.Output]:
    rejected: Frames = {}
    missing: Frames = {}
    corrections: Frames = {}
    corrected: Frames = {}

    def typed(key: str):
        year, district = place(key)
        survey = facts.survey(year)
        questionnaire = facts.questionnaire(survey.questionnaire)
        keys = Keys(vault.pseudonym_key(), year)
        folders = district_folders(settings.landing, year, district)
        named = delivered_columns[key][delivered_columns[key]["name"] != ""]
        headers = dict(zip(named["header"], named["name"], strict=True))
        log, read = read_corrections(folders.corrections, questionnaire, keys.pseudonym, headers)
        sources = {name.rpartition("/")[2]: digest for name, digest in read.items()}
        raw, applied = apply_corrections(
            raw_responses[key], log, questionnaire, fingerprint=keys.fingerprint
        )
        # Who and why are words of persons: they stand in the log, which is kept as received.
        applied = applied.drop(columns=["who", "why"])
        applied = applied.assign(survey_year=year, district=district)
        result = type_responses(raw, questionnaire, survey, facts.units, district)
        for made, table in (
            (corrections, applied), (corrected, raw), (rejected, result.rejected),
            (missing, result.missing),
        ):  # fmt: skip
            table.attrs["sources"] = sources
            made[key] = table
        scopes = result.rejected["scope"].value_counts()
        note(
            context,
            key,
            "responses",
            rows_in=len(raw),
            rows_set_aside=int(scopes.get("row", 0)),
            rows_delivered_twice=int(scopes.get("duplicate", 0)),
            corrections=len(applied),
        )
        counts = {"rejected_responses": result.rejected["rule"],
                  "missing_answers": result.missing["reason"],
                  "applied_corrections": applied["status"]}  # fmt: skip
        for asset, column in counts.items():
            by_kind = dg.MetadataValue.json(column.value_counts().sort_index().to_dict())
            note(context, key, asset, by_kind=by_kind)
        result.responses.attrs["sources"] = sources
        return result.responses

    kept = for_each(context, typed, raw_responses, delivered_columns)
    yield dg.Output(kept, output_name="responses")
    yield dg.Output(rejected, output_name="rejected_responses")
    yield dg.Output(missing, output_name="missing_answers")
    yield dg.Output(corrected, output_name="corrected_responses")
    yield dg.Output(corrections, output_name="applied_corrections")
