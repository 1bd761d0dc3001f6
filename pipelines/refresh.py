"""The refresh: finds what is stale, has it made stage by stage, and says what was made and where.
Not here: one run (runs.py), what makes a partition stale (freshness.py), or what is computed."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from rich.console import Console
from rich.table import Table

from dgi.ingest.landing import SUBFOLDERS, has_delivery, list_files
from pipelines.absences import report_absences
from pipelines.delivered import report
from pipelines.freshness import Seen
from pipelines.jobs import STAGES, Stage
from pipelines.late import late_changes, left_alone
from pipelines.partitions import (
    DISTRICTS,
    FACTS,
    PAPI_YEARS,
    SURVEY_YEARS,
    district_year_key,
    districts_of,
    place,
    year_before,
)
from pipelines.runs import (
    FailedPartition,
    RangeOutcome,
    Say,
    dagster_instance,
    run_in_worker,
    run_range,
    span,
)
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline


# Longer ranges leave a worker process idle while the other makes a year of many units.
LONGEST_RANGE = 18


@dataclass
class Outcome:
    """What a refresh did, by stage: partitions made, already true, waiting for one that failed,
    and `closed`: those of published years that would be made anew, had anybody given a reason."""

    made: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    closed: dict[str, list[str]] = field(default_factory=dict)
    failures: list[FailedPartition] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def delivered_years(landing: Path) -> list[int]:
    """Survey years for which at least one file was delivered."""
    return [year for year in SURVEY_YEARS if has_delivery(landing, year)]


def misplaced(landing: Path) -> list[FailedPartition]:
    """Deliveries where nobody looks: a folder that belongs to no district of any registered
    survey year, or one inside a district's that is none of its subfolders.

    Whoever put them there believes that they count: each is a failure, never passed over.
    """
    found = []
    years = list(map(str, SURVEY_YEARS))
    for folder in sorted(landing.glob("[!.]*")):
        if folder.name not in years and list_files(folder):
            reason = f"{folder.name} is no survey year: see data/surveys.csv. Nothing was read."
            found.append(FailedPartition("district_year", folder.name, reason))
    for folder in sorted(landing.glob("[!.]*/[!.]*")):
        year, district = folder.parent.name, folder.name
        known = districts_of(int(year)) if year in years else []
        inside = [] if not folder.is_dir() else [
            one for one in folder.glob("[!.]*") if one.is_dir() and one.name not in SUBFOLDERS
        ]  # fmt: skip
        for stray in sorted(one for one in inside if list_files(one)):
            reason = f"folder {stray.name} in it is none of {', '.join(SUBFOLDERS)}: not read."
            found.append(FailedPartition("district_year", f"{district}|{year}", reason))
        if district not in known and list_files(folder):
            near = get_close_matches(district, known, n=1) if known else []
            advice = f"did you mean {near[0]}?" if near else "see data/units and data/surveys.csv"
            reason = f"{year} has no district {district}: {advice} Nothing in it was read."
            found.append(FailedPartition("district_year", f"{district}|{year}", reason))
    return found


def candidates(stage: Stage, years: Iterable[int]) -> list[str | None]:
    """Partitions of a stage that ought to exist, in order; [None] for an unpartitioned one."""
    if stage.grain == "none":
        return [None]
    if stage.grain == "papi_year":
        # Always all: each year is told against the ones before it, and they cost seconds once.
        return [str(year) for year in PAPI_YEARS]
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
        is_next = bool(groups) and position(groups[-1][-1]) == (year, number - 1)
        if is_next and len(groups[-1]) < LONGEST_RANGE:
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups


class Refresher:
    """Makes what is stale of one pipeline on one Dagster instance, with one process or more."""

    def __init__(
        self,
        pipeline: Pipeline,
        instance: dg.DagsterInstance,
        say: Say,
        processes: int,
        years: Iterable[int] = (),
        reason: str = "",
    ):
        self.pipeline = pipeline
        self.reason = reason
        # With a reason, published years among `years` are judged like all others.
        truth = pipeline.freshness
        self.truth = truth.reopened(years) if reason else truth
        self.instance = instance
        self.say = say
        self.processes = processes
        self.outcome = Outcome()
        self._pool: ProcessPoolExecutor | None = None

    @contextmanager
    def workers(self) -> Iterator[None]:
        """Worker processes live as long as the refresh; they start when first needed."""
        try:
            yield
        finally:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None

    def run_phase(self, wanted: dict[Stage, list[str | None]], force: bool = False) -> None:
        """Make what is stale in stages that do not need one another."""
        started = time.monotonic()
        tasks: list[tuple[Stage, list[str]]] = []
        for stage, partitions in wanted.items():
            stale = self._stale(stage, partitions, force)
            self.outcome.made[stage.name] = []
            groups = [[]] if stale == [None] else ranges(stage, [key for key in stale if key])
            tasks += [(stage, group) for group in groups]
        for done, outcome in enumerate(self._outcomes(tasks), start=1):
            self.outcome.made[outcome.stage] += outcome.made
            self.outcome.failures += outcome.failures
            self.outcome.seconds[outcome.stage] = time.monotonic() - started
            self.say(f"{outcome.stage}: {len(outcome.made)} made ({done} of {len(tasks)} ranges)")
            for failure in outcome.failures:
                self.say(f"FAILED {failure}")

    def withdraw(self, wanted: dict[Stage, list[str | None]]) -> None:
        """Take away from readers what failed to be made anew: old figures beside new ones lie."""
        failed = {(failure.stage, failure.partition) for failure in self.outcome.failures}
        truth = self.truth
        for stage, partitions in wanted.items():
            waiting = set(self.outcome.waiting[stage.name])
            for key in partitions:
                if key is None or ((stage.name, key) not in failed and key not in waiting):
                    continue
                for asset in stage.assets:
                    if not truth.is_true(asset, key):
                        truth.stores[asset].withdraw(asset, truth.place(asset, key))

    def _stale(self, stage: Stage, wanted: list[str | None], force: bool) -> list[str | None]:
        truth = self.truth
        seen: Seen = {}
        closed = [] if self.reason else left_alone(self.pipeline, stage, wanted)
        wanted = [key for key in wanted if key not in closed]
        able = [key for key in wanted if self._can_be_made(stage, key, seen)]
        stale = [
            key for key in able
            if force or not all(truth.is_true(asset, key, seen) for asset in stage.assets)
        ]  # fmt: skip
        self.outcome.closed[stage.name] = closed
        self.outcome.waiting[stage.name] = [str(key) for key in wanted if key not in able]
        self.outcome.kept[stage.name] = len(able) - len(stale)
        self.outcome.seconds[stage.name] = 0.0
        return stale

    def _can_be_made(self, stage: Stage, key: str | None, seen: Seen) -> bool:
        """Whether what the stage cannot do without is there: else its failure says it already."""
        truth = self.truth
        return all(
            truth.is_true(parent, parent_key, seen)
            for asset in stage.assets
            for parent, parent_key in truth.parents(asset, key)
            if parent in stage.requires
        )

    def _outcomes(self, tasks: list[tuple[Stage, list[str]]]) -> Iterator[RangeOutcome]:
        """Outcome of each range as it is known; here, or in worker processes when they pay."""
        if self.processes == 1 or (len(tasks) < 2 and self._pool is None):
            for stage, group in tasks:
                self.say(f"{stage.name}: {span(group)}")
                yield run_range(self.pipeline, self.instance, stage, group, self.reason)
            return
        if self._pool is None:
            _ = self.pipeline.warehouse.engine  # its tables are made once, before workers meet
            self._pool = ProcessPoolExecutor(
                self.processes, mp_context=multiprocessing.get_context("spawn")
            )
        settings = self.pipeline.settings
        self.say(f"{len(tasks)} ranges of partitions on {self.processes} processes")
        futures = [
            self._pool.submit(run_in_worker, settings, s.name, group, self.reason)
            for s, group in tasks
        ]
        for future in as_completed(futures):
            yield future.result()


def refresh(
    years: Iterable[int] | None = None,
    instance: dg.DagsterInstance | None = None,
    pipeline: Pipeline | None = None,
    say: Say = lambda text: None,
    force: bool = False,
    processes: int = 1,
    reason: str = "",
) -> Outcome:
    """Refresh the given survey years (default: all), and every year of published PAPI.

    Each stale partition becomes a recorded materialisation of the instance. A district that
    fails does not stop its neighbours; the year's tables then name it and withhold the province.
    More than one of `processes` needs an instance that they can share (not an ephemeral one).
    What belongs to a published year is made anew only for a `reason`, which the runs carry and
    the next edition tells; without one it is left alone, and new deliveries for it are failures.
    """
    if pipeline is None:
        from pipelines.definitions import pipeline as default

        pipeline = default
    instance = instance or dagster_instance(pipeline.settings)
    report(instance, pipeline.settings.landing)
    closed = {edition.year for edition in pipeline.editions.editions()}
    delivered = sorted({*delivered_years(pipeline.settings.landing), *closed})
    # A year is compared with the one before it, so that one must be true as well.
    named = None if years is None else {*years, *map(year_before, years)}
    wanted_years = [year for year in delivered if named is None or year in named]
    told = report_absences(instance, wanted_years)
    if told:
        say(f"{told} partitions cannot exist: recorded, with the reason")
    runner = Refresher(pipeline, instance, say, processes, wanted_years, reason.strip())
    with runner.workers():
        for _, stages in groupby(STAGES, key=lambda stage: stage.phase):
            wanted = {s: candidates(s, wanted_years) for s in stages}
            runner.run_phase(wanted, force)
            runner.withdraw(wanted)
    late, by_code = late_changes(pipeline, runner.outcome.closed)
    for sentence in by_code:
        say(sentence)
    for failure in late:
        say(f"FAILED {failure}")
    runner.outcome.failures += late
    strays = misplaced(pipeline.settings.landing)
    for stray in strays:
        say(f"FAILED {stray}")
    runner.outcome.failures += strays
    return runner.outcome


def _summary(outcome: Outcome, settings: Settings) -> Table:
    """What was made and where, as a table for the terminal."""
    table = Table(title="Refresh", title_justify="left")
    for heading in ("stage", "made", "already true", "failed", "waiting", "closed", "seconds"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage in STAGES:
        failed = sum(failure.stage == stage.name for failure in outcome.failures)
        table.add_row(
            stage.name,
            str(len(outcome.made[stage.name])),
            str(outcome.kept[stage.name]),
            str(failed),
            str(len(outcome.waiting[stage.name])),
            str(len(outcome.closed[stage.name])),
            f"{outcome.seconds[stage.name]:.1f}",
        )
    places = {"lake": settings.lake, "reports": settings.reports, "warehouse": settings.warehouse}
    table.caption = "\n".join(f"{name}: {place}" for name, place in places.items())
    table.caption_justify = "left"
    return table


def main() -> int:
    """`python -m pipelines.refresh [--year 2019]`: exit status 1 when a partition failed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--year", type=int, action="append", help="survey year; default: all")
    parser.add_argument("--force", action="store_true", help="make again what is already true")
    parser.add_argument("--reason", default="", help="why published years may be made anew")
    parser.add_argument("--processes", type=int, default=2, help="worker processes; default: 2")
    arguments = parser.parse_args()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    console = Console()
    settings = Settings()
    if not any(path.is_file() for path in settings.landing.glob("*/[!.]*/*")) and not any(
        list_files(folder) for folder in settings.landing.glob("[!.]*")
    ):
        from pipelines.sample import make_sample

        console.print("The landing folder is empty: making sample workbooks (sample data).")
        with console.status("Sample workbooks") as status:
            make_sample(
                FACTS,
                settings.landing,
                SURVEY_YEARS,
                lambda done, total: status.update(f"Sample workbooks: {done} of {total} districts"),
            )
    started = time.monotonic()
    with console.status("Looking for what is stale …") as status:

        def say(text: str) -> None:
            # A terminal shows the newest line; a log keeps them all.
            if console.is_terminal and not text.startswith("FAILED"):
                status.update(text)
            else:
                console.print(text, soft_wrap=True, highlight=False)

        outcome = refresh(
            years=arguments.year,
            say=say,
            force=arguments.force,
            processes=arguments.processes,
            reason=arguments.reason,
        )
    console.print(_summary(outcome, settings))
    console.print(f"{time.monotonic() - started:.1f} s. Look at it: make ui")
    if outcome.failures:
        console.print(f"[red]{len(outcome.failures)} partitions failed[/red], named above.")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
