"""Editions as a command: list what is published, propose, publish and verify.
Not here: what an edition is made of (edition_draft.py), or where it stands (edition_shelf.py)."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pipelines.edition_draft import Draft, draft, hindrances, publish
from pipelines.edition_shelf import EditionError, faults_of
from pipelines.partitions import SURVEY_YEARS
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline


def _show(console: Console, made: Draft) -> None:
    """What the draft changes, in a table of counts and the inputs behind it."""
    if made.before is None:
        console.print(f"{made.label}: ấn bản đầu tiên / first edition, {len(made.files)} files")
        return
    if not made.is_new:
        console.print(f"{made.label}: không có gì khác / nothing differs from what is published")
        return
    table = Table(title=f"{made.before.label} → {made.label}", title_justify="left")
    table.add_column("table")
    table.add_column("values that differ", justify="right")
    for name, rows in made.changes.groupby("table"):
        table.add_row(str(name), str(len(rows)))
    console.print(table)
    for one in made.inputs:
        console.print(f"  {one}", highlight=False, soft_wrap=True)


def _list(pipeline: Pipeline, console: Console) -> int:
    table = Table(title="Editions", title_justify="left")
    for heading in ("edition", "base", "what is kept now", "why"):
        table.add_column(heading)
    for edition in pipeline.editions.editions():
        is_newest = edition == pipeline.editions.newest(edition.year)
        now = pipeline.content.label(edition.year) if is_newest else ""
        now = "the same" if now == edition.label else f"{now}, proposed" if now else ""
        base = ", ".join(edition.record["base_editions"].values())
        table.add_row(edition.label, base, now, edition.record["reason"])
    console.print(table)
    return 0


def _propose(pipeline: Pipeline, console: Console, year: int) -> int:
    found = hindrances(pipeline, year)
    for one in found:
        console.print(f"[red]{one}[/red]", soft_wrap=True)
    try:
        _show(console, draft(pipeline, year, ""))
    except EditionError as error:
        console.print(str(error), soft_wrap=True)
        return 1
    return 1 if found else 0


def _publish(pipeline: Pipeline, console: Console, year: int, reason: str) -> int:
    try:
        made = publish(pipeline, year, reason)
    except EditionError as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True)
        return 1
    _show(console, made)
    if made.is_new:
        console.print(f"{pipeline.editions.root / str(year) / made.label}", soft_wrap=True)
    return 0


def _verify(pipeline: Pipeline, console: Console, label: str | None) -> int:
    wanted = [one for one in pipeline.editions.editions() if label in (None, one.label)]
    if label is not None and not wanted:
        console.print(f"[red]{label}: không có ấn bản này / no such edition[/red]")
        return 1
    faults = [fault for edition in wanted for fault in faults_of(edition)]
    for fault in faults:
        console.print(f"[red]{fault}[/red]", soft_wrap=True)
    console.print(f"{len(wanted)} editions, {len(faults)} faults")
    return 1 if faults else 0


def main(arguments: list[str] | None = None) -> int:
    """`python -m pipelines.editions list | propose YEAR | publish YEAR --reason "…" | verify`.

    Exit status 1: the year cannot be published, or an edition is not what was published.
    """
    parser = argparse.ArgumentParser(prog="pipelines.editions", description=main.__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="every published edition, and whether what is kept is still it")
    proposing = verbs.add_parser("propose", help="what would differ; nothing is written")
    publishing = verbs.add_parser("publish", help="publish what is kept as the next edition")
    for one in (proposing, publishing):
        one.add_argument("year", type=int, choices=SURVEY_YEARS, metavar="YEAR")
    publishing.add_argument("--reason", required=True, help="why, in a sentence: it is published")
    verify = verbs.add_parser("verify", help="compare editions with their SHA256SUMS")
    verify.add_argument("edition", nargs="?", metavar="EDITION", help="as 2018.1; default: all")
    given = parser.parse_args(arguments)
    if given.verb == "publish" and not given.reason.strip():
        parser.error("--reason: say why")
    from pipelines.definitions import Pipeline

    pipeline, console = Pipeline(Settings()), Console()
    if given.verb == "list":
        return _list(pipeline, console)
    if given.verb == "propose":
        return _propose(pipeline, console, given.year)
    if given.verb == "publish":
        return _publish(pipeline, console, given.year, given.reason.strip())
    return _verify(pipeline, console, given.edition)


if __name__ == "__main__":
    sys.exit(main())
