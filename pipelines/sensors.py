"""Sensors: a new or changed file in the landing folder asks for its partition, once.
Not here: what a refresh does with it (jobs.py), or what else is stale (freshness.py)."""

from __future__ import annotations

import json
from contextlib import suppress

import dagster as dg

from dgi.ingest.landing import content_of, district_folders
from pipelines.freshness import Freshness, Seen
from pipelines.jobs import STAGES, asset_jobs
from pipelines.partitions import SURVEY_YEARS, district_year_key, districts_of
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
) -> dg.SensorResult | dg.SkipReason:
    """One run request for each district-year whose content is new since it was last asked for.

    The cursor keeps, for each partition, the content that was asked for and the content seen at
    the last look; a request is made when two looks agree, unless the partition was made from
    just that by other means. Its run key is partition, content and the content asked for before
    (an earlier delivery may come back), so that a lost cursor asks again but nothing that stands
    is made twice. Hashes only: the name of a file may name a person.
    """
    known = json.loads(context.cursor) if context.cursor else {}
    asked, seen = known.get("asked", {}), known.get("seen", {})
    requests, now = [], {}
    fresh: Seen = {}
    for year in SURVEY_YEARS:
        for district in districts_of(year):
            content = None
            with suppress(OSError):  # gone or locked between two looks: there is a next look
                content = content_of(district_folders(settings.landing, year, district))
            if content is None:
                continue
            key = district_year_key(district, year)
            now[str(key)] = content.sha256
            if asked.get(str(key)) == content.sha256 or seen.get(str(key)) != content.sha256:
                continue
            before, asked[str(key)] = asked.get(str(key), ""), content.sha256
            if all(freshness.is_true(asset, str(key), fresh) for asset in STAGE.assets):
                continue
            requests.append(
                dg.RunRequest(
                    run_key=":".join(filter(None, (str(key), content.sha256, before[:16]))),
                    partition_key=key,
                    tags={CONTENT: content.sha256, FILES: str(content.files)},
                )
            )
    cursor = json.dumps({"asked": asked, "seen": now}, sort_keys=True)
    if not requests:
        context.update_cursor(cursor)
        return dg.SkipReason("nothing new in the landing folder, or it is still being written")
    return dg.SensorResult(run_requests=requests, cursor=cursor)
