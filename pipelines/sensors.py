"""Sensors: a new or changed file in the landing folder asks for its partition, once.
Not here: what a refresh does with it (jobs.py), or what else is stale (freshness.py)."""

from __future__ import annotations

import hashlib
import json

import dagster as dg

from dgi.ingest.landing import content_of, district_folders
from pipelines.closing import ClosedYears
from pipelines.delivered import LANDING, NOTHING, look, news, versions_of
from pipelines.freshness import Freshness, Seen
from pipelines.jobs import STAGES, asset_jobs
from pipelines.partitions import (
    DISTRICT,
    SURVEY_YEARS,
    YEAR,
    dimensions,
    district_year,
    district_year_key,
)
from pipelines.resources import SettingsParam

CONTENT = "dgi/content_sha256"
FILES = "dgi/files"
# A file that is still being copied changes between two looks: it is asked for when it rests.
SETTLING_SECONDS = 30
STAGE = next(stage for stage in STAGES if stage.name == "district_year")
DISTRICT_JOB = next(job for job in asset_jobs if job.name == STAGE.name)


@dg.sensor(
    job=DISTRICT_JOB,
    minimum_interval_seconds=SETTLING_SECONDS,
    description="Asks for a district-year when what was delivered for it is new or has changed.",
)
def landing(
    context: dg.SensorEvaluationContext,
    settings: SettingsParam,
    freshness: dg.ResourceParam[Freshness],
    closed_years: dg.ResourceParam[ClosedYears],
) -> dg.SensorResult:
    """One run request for each district-year whose content is new since it was last asked for.

    The cursor keeps, for each partition, the content that was asked for and the content seen at
    the last look; a request is made when two looks agree, unless the partition was made from
    just that by other means, or belongs to a published year: a run without a reason would be
    refused. Dagster is told of the content all the same, so that what was made from other
    content shows as stale. Its run key is partition, content and a trace of all that was asked
    for before (an earlier delivery may come back), so that a lost cursor asks again but nothing
    that stands is made twice. Hashes only: the name of a file may name a person.
    """
    known = json.loads(context.cursor) if context.cursor else {}
    asked, seen, told = (dict(known.get(name, {})) for name in ("asked", "seen", "told"))
    chain = dict(known.get("chain", {}))
    now = look(settings.landing)[LANDING]
    requests, waiting = [], set()
    fresh: Seen = {}
    truth = freshness.reopened(SURVEY_YEARS)
    for key, content in now.items():
        if seen.get(key, NOTHING) != content:
            continue  # not yet at rest
        told[key] = content
        if content == NOTHING or asked.get(key) == content:
            continue
        place = dimensions(district_year, key)
        if all(truth.is_true(asset, key, fresh) for asset in STAGE.assets):
            asked[key] = content
        elif edition := closed_years.edition(STAGE.assets[0], place):
            waiting.add(edition.label)  # a run without a reason would be refused
        else:
            asked[key], before = content, chain.get(key, "")
            run_key = ":".join(filter(None, (key, content, before)))
            chain[key] = hashlib.sha256(run_key.encode()).hexdigest()[:16]
            delivered = content_of(district_folders(settings.landing, place[YEAR], place[DISTRICT]))
            requests.append(
                dg.RunRequest(
                    run_key=run_key,
                    partition_key=district_year_key(place[DISTRICT], int(place[YEAR])),
                    tags={CONTENT: content, FILES: str(delivered.files if delivered else 0)},
                )
            )
    observations = news(versions_of(told), versions_of(known.get("told", {})))
    cursor = json.dumps({"asked": asked, "seen": now, "told": told, "chain": chain}, sort_keys=True)
    reason = "nothing new in the landing folder, or it is still being written"
    if waiting:
        reason = (
            f"closed since editions {', '.join(sorted(waiting))}: what was delivered for them "
            'waits for make refresh REASON="why"'
        )
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else reason,
        asset_events=observations,
        cursor=cursor,
    )
