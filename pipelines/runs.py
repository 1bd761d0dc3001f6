"""One Dagster run over a range of partitions, and finding the partition at fault when it fails.
Not here: which partitions are stale or in what order stages run (refresh.py)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.closing import REASON
from pipelines.io_managers import RANGE_END, RANGE_START
from pipelines.jobs import STAGES, Stage
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
INSTANCE_SETTINGS = """\
# Written by the refresh; edit it to move Dagster's records elsewhere, such as to PostgreSQL.
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: pipelines.event_log
  class: KeptEngineEventLog
  config:
    base_dir: {home}/history/runs
"""
Say = Callable[[str], object]


@dataclass(frozen=True)
class FailedPartition:
    """A partition that could not be made, and what the failing step said."""

    stage: str
    partition: str
    reason: str

    def __str__(self) -> str:
        return f"{self.stage} {self.partition}: {self.reason}"


@dataclass
class RangeOutcome:
    """What became of a range: partitions made, partitions that failed."""

    stage: str
    made: list[str] = field(default_factory=list)
    failures: list[FailedPartition] = field(default_factory=list)


def dagster_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance that the UI shows as well: its records live under the home folder."""
    home = settings.dagster_home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        text = INSTANCE_SETTINGS.format(home=home)
        (home / "dagster.yaml").write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return dg.DagsterInstance.from_config(str(home))


def span(group: list[str]) -> str:
    """A range in words."""
    return group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}" if group else "all"


def run_range(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    stage: Stage,
    group: list[str],
    reason: str = "",
) -> RangeOutcome:
    """Make a range of neighbouring partitions ([] for an unpartitioned stage) in one run, which
    carries the `reason` for which published years may be made anew.

    A range that fails is halved until it is known which partition is at fault, so that Dagster
    records the failure there and nowhere else, and its neighbours are made.
    """
    outcome = RangeOutcome(stage.name)
    waiting = [group]
    while waiting:
        part = waiting.pop(0)
        result = _run(pipeline, instance, stage, part, reason)
        if result.success:
            outcome.made += part or ["all"]
        elif len(part) > 1:
            waiting = [part[: len(part) // 2], part[len(part) // 2 :], *waiting]
        else:
            failure = FailedPartition(stage.name, span(part), _reason(result))
            outcome.failures.append(failure)
    return outcome


def _run(
    pipeline: Pipeline, instance: dg.DagsterInstance, stage: Stage, group: list[str], reason: str
) -> dg.ExecuteInProcessResult:
    job = pipeline.definitions.resolve_job_def(stage.name)
    is_range = len(group) > 1
    return job.execute_in_process(
        instance=instance,
        run_config=QUIET,
        raise_on_error=False,
        tags=({RANGE_START: group[0], RANGE_END: group[-1]} if is_range else {})
        | ({REASON: reason} if reason else {}),
        partition_key=group[0] if len(group) == 1 else None,
    )


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The innermost message of the first step that failed."""
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            return f"[{event.step_key}] {error.message.strip()}"
    return "the run failed without saying why; see the Dagster UI"


@lru_cache(maxsize=1)
def _own_pipeline(settings: Settings) -> tuple[Pipeline, dg.DagsterInstance]:
    """The pipeline and instance of a worker process, made once."""
    from pipelines.definitions import Pipeline as Made

    return Made(settings), dagster_instance(settings)


def run_in_worker(
    settings: Settings, stage_name: str, group: list[str], reason: str = ""
) -> RangeOutcome:
    """`run_range` for a worker process, which shares only the stores and the instance."""
    pipeline, instance = _own_pipeline(settings)
    stage = next(stage for stage in STAGES if stage.name == stage_name)
    return run_range(pipeline, instance, stage, group, reason)
