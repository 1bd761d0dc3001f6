"""The refresh: finds what is stale, materialises it through Dagster stage by stage, and says what was made.
Not here: what makes a partition stale (freshness.py), or what an asset computes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from rich.console import Console
from rich.table import Table

from pipelines.freshness import Seen
from pipelines.jobs import STAGES, Stage
from pipelines.partitions import (
    DISTRICTS,
    PAPI_YEARS,
    SURVEY_YEARS,
    district_year_key,
    districts_of,
    place,
)
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SAME_FAULT = 3  # partitions; one fault repeated so often is the software's, not a district's
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


@dataclass(frozen=True)
class FailedPartition:
    """A partition that could not be made, and what the failing step said."""

    stage: str
    partition: str
    reason: str

    def __str__(self) -> str:
        return f"{self.stage} {self.partition}: {self.reason}"


@dataclass
class Outcome:
    """What a refresh did, by stage: partitions made, already true, waiting for one that failed."""

    made: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    failures: list[FailedPartition] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def dagster_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance that the UI shows as well: its records live under the home folder."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        settings_text = INSTANCE_SETTINGS.format(home=home.resolve())
        (home / "dagster.yaml").write_text(settings_text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.resolve())
    return dg.DagsterInstance.from_config(str(home.resolve()))


def delivered_years(landing: Path) -> list[int]:
    """Survey years for which at least one file was delivered."""
    return [
        year
        for year in SURVEY_YEARS
        if any(path.is_file() for path in (landing / str(year)).glob("*/*"))
    ]


def candidates(stage: Stage, years: Iterable[int], all_papi: bool) -> list[str | None]:
    """Partitions of a stage that ought to exist, in order; [None] for an unpartitioned one."""
    if stage.grain == "none":
        return [None]
    if stage.grain == "papi_year":
        return [str(year) for year in PAPI_YEARS if all_papi or year in set(years)]
    if stage.grain == "survey_year":
        return [str(year) for year in years]
    return [str(district_year_key(d, year)) for year in years for d in districts_of(year)]


def ranges(stage: Stage, partitions: list[str]) -> list[list[str]]:
    """Partitions grouped into runs of neighbours: one Dagster run serves a whole range."""

    def position(key: str) -> tuple[int, int]:
        if stage.grain == "district_year":
            year, district = place(key)
            return year, DISTRICTS.index(district)
        return 0, int(key)

    groups: list[list[str]] = []
    for key in sorted(partitions, key=position):
        year, number = position(key)
        if groups and position(groups[-1][-1]) == (year, number - 1):
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups


class Refresher:
    """Runs stages of one pipeline on one Dagster instance."""

    def __init__(
        self, pipeline: Pipeline, instance: dg.DagsterInstance, say: Callable[[str], object]
    ):
        self.pipeline = pipeline
        self.instance = instance
        self.say = say
        self.outcome = Outcome()

    def run_stage(self, stage: Stage, wanted: list[str | None], force: bool = False) -> None:
        """Make what is stale among the wanted partitions of one stage."""
        started = time.monotonic()
        truth = self.pipeline.freshness
        seen: Seen = {}
        waiting = [key for key in wanted if not self._can_be_made(stage, key, seen)]
        wanted = [key for key in wanted if key not in waiting]
        self.outcome.waiting[stage.name] = [str(key) for key in waiting]
        stale = [
            key for key in wanted
            if force or not all(truth.is_true(asset, key, seen) for asset in stage.assets)
        ]  # fmt: skip
        self.outcome.kept[stage.name] = len(wanted) - len(stale)
        self.outcome.made.setdefault(stage.name, [])
        if stale == [None]:
            self._run(stage, [])
        elif stale:
            groups = ranges(stage, [key for key in stale if key is not None])
            for number, group in enumerate(groups, start=1):
                self.say(f"{stage.name}: {_span(group)} ({number} of {len(groups)})")
                self._run(stage, group)
        self.outcome.seconds[stage.name] = time.monotonic() - started

    def _can_be_made(self, stage: Stage, key: str | None, seen: Seen) -> bool:
        """Whether what the stage cannot do without is there: else its failure says it already."""
        truth = self.pipeline.freshness
        return all(
            truth.is_true(parent, parent_key, seen)
            for asset in stage.assets
            for parent, parent_key in truth.parents(asset, key)
            if parent in stage.requires
        )

    def _run(self, stage: Stage, group: list[str], siblings: list[str] | None = None) -> None:
        """One Dagster run over a range; a range that fails is halved until it is known which
        partition is at fault, so that Dagster records the failure there and nowhere else. A
        fault that several partitions share is not looked for in every one of them."""
        alike = self._shared_fault(stage, siblings or group)
        if alike:
            reason = f"not tried, {SAME_FAULT} neighbours failed alike: {alike}"
            self.outcome.failures += [FailedPartition(stage.name, key, reason) for key in group]
            return
        job = self.pipeline.definitions.resolve_job_def(stage.name)
        tags = {RANGE_START: group[0], RANGE_END: group[-1]} if len(group) > 1 else {}
        result = job.execute_in_process(
            instance=self.instance,
            run_config=QUIET,
            raise_on_error=False,
            tags=tags,
            partition_key=group[0] if len(group) == 1 else None,
        )
        if result.success:
            self.outcome.made[stage.name] += group or ["all"]
        elif len(group) > 1:
            self.say(f"{stage.name}: {_span(group)} failed as a whole; looking for the cause")
            half = len(group) // 2
            self._run(stage, group[:half], siblings or group)
            self._run(stage, group[half:], siblings or group)
        else:
            failure = FailedPartition(stage.name, group[0] if group else "all", _reason(result))
            self.outcome.failures.append(failure)
            self.say(f"FAILED {failure}")


    def _shared_fault(self, stage: Stage, siblings: list[str]) -> str | None:
        """The reason that SAME_FAULT partitions of one range have given, if there is one."""
        reasons = [
            failure.reason
            for failure in self.outcome.failures
            if failure.stage == stage.name and failure.partition in siblings
        ]
        return next((r for r in reasons if reasons.count(r) >= SAME_FAULT), None)


def _span(group: list[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}"


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The innermost message of the first step that failed."""
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            return f"[{event.step_key}] {error.message.strip()}"
    return "the run failed without saying why; see the Dagster UI"


def refresh(
    years: Iterable[int] | None = None,
    instance: dg.DagsterInstance | None = None,
    pipeline: Pipeline | None = None,
    say: Callable[[str], object] = print,
    force: bool = False,
) -> Outcome:
    """Refresh the given survey years (default: all, and every year of published PAPI).

    Each stale partition becomes a recorded materialisation of the instance. A district that
    fails does not stop its neighbours; the year's tables then name it and withhold the province.
    """
    if pipeline is None:
        from pipelines.definitions import pipeline as default

        pipeline = default
    instance = instance or dagster_instance(pipeline.settings)
    delivered = delivered_years(pipeline.settings.landing)
    wanted_years = [year for year in delivered if years is None or year in set(years)]
    runner = Refresher(pipeline, instance, say)
    for stage in STAGES:
        runner.run_stage(stage, candidates(stage, wanted_years, years is None), force)
    return runner.outcome


def _summary(outcome: Outcome, settings: Settings) -> Table:
    """What was made and where, as a table for the terminal."""
    where = {
        "reference_tables": settings.warehouse,
        "papi_year": settings.reports,
        "district_year": settings.lake,
        "survey_year": settings.reports,
        "district_profiles": settings.reports,
    }
    table = Table(title="Refresh", title_justify="left")
    for heading in ("stage", "made", "already true", "failed", "waiting", "seconds", "where"):
        table.add_column(heading, justify="left" if heading in ("stage", "where") else "right")
    for stage in STAGES:
        failed = sum(failure.stage == stage.name for failure in outcome.failures)
        table.add_row(
            stage.name,
            str(len(outcome.made[stage.name])),
            str(outcome.kept[stage.name]),
            str(failed),
            str(len(outcome.waiting[stage.name])),
            f"{outcome.seconds[stage.name]:.1f}",
            str(where[stage.name]),
        )
    return table


def main() -> int:
    """`python -m pipelines.refresh [--year 2019]`: exit status 1 when a partition failed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--year", type=int, action="append", help="survey year; default: all")
    parser.add_argument("--force", action="store_true", help="make again what is already true")
    arguments = parser.parse_args()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    console = Console()
    settings = Settings()
    if not any(path.is_file() for path in settings.landing.glob("*/*/*")):
        from pipelines.partitions import FACTS
        from pipelines.sample import make_sample

        console.print("The landing folder is empty: making sample workbooks (sample data).")
        make_sample(FACTS, settings.landing, SURVEY_YEARS)
    started = time.monotonic()
    with console.status("Loading the pipeline …") as status:
        outcome = refresh(
            years=arguments.year,
            say=lambda text: (
                console.print(text) if text.startswith("FAILED") else status.update(text)
            ),
            force=arguments.force,
        )
    console.print(_summary(outcome, settings))
    console.print(f"{time.monotonic() - started:.1f} s. Look at it: make ui")
    for failure in outcome.failures:
        console.print(f"[red]failed[/red] {failure}", soft_wrap=True)
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
