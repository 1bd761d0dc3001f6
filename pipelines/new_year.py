"""A new survey year drafted: the fact files of the year before, copied on, for a person to finish.
Not here: what the facts mean, or their rules (dgi.facts); what does not load is not written."""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console

from dgi.errors import FactError, Fault
from dgi.ingest.facts import Facts
from pipelines.files import write_atomically
from pipelines.settings import Settings

DATES = ("reference_date", "fieldwork_start", "fieldwork_end")
REGISTRIES = {
    "questionnaire": "questionnaires/questionnaires.csv",
    "indicator_set": "indicator_sets/sets.csv",
}
MAP_HEADER = "files,header,name,use,note\n"


def draft_year(data: Path, year: int, is_new_version: bool) -> dict[str, str]:
    """The files that make `year` a survey year, as text by their path under `data`.

    The year takes over the row of the latest year before it, dates moved on. Its questionnaire
    and indicator set serve it too or, with `is_new_version`, are copied to versions named for the
    year. Lines that do not change keep their bytes. Raises FactError when the year is there
    already, or no year is before it.
    """
    facts = Facts(data)
    years = [int(known) for known in facts.surveys["survey_year"]]
    before = max((known for known in years if known < year), default=None)
    if year in years or before is None:
        rule = "the year has its row already" if year in years else "no year comes before it"
        raise FactError([Fault("data/surveys.csv", rule, "Choose another year.", value=str(year))])
    survey = facts.survey(before)
    row = {name: str(value) for name, value in survey.model_dump().items()}
    row["survey_year"] = str(year)
    for name in DATES:
        row[name] = _moved(getattr(survey, name), year - before).isoformat()
    drafts = {}
    for kind, registry in REGISTRIES.items():
        old = getattr(survey, kind)
        if is_new_version:
            row[kind] = f"{old.rpartition('-')[0]}-{year}"
            folder = registry.partition("/")[0]
            drafts[f"{folder}/{row[kind]}.csv"] = _text(data / folder / f"{old}.csv")
            drafts[registry] = _with_version(_text(data / registry), kind, old, row[kind], year)
        else:
            drafts[registry] = _with_last_year(_text(data / registry), kind, old, year)
    register = _text(data / "surveys.csv")
    header = next(csv.reader(register.splitlines()))
    drafts["surveys.csv"] = register + _line([row[name] for name in header])
    last_map = data / f"column_maps/{before}.csv"
    drafts[f"column_maps/{year}.csv"] = _text(last_map) if last_map.exists() else MAP_HEADER
    _check(data, drafts, year)
    return drafts


def _check(data: Path, drafts: dict[str, str], year: int) -> None:
    """Load the drafted year beside everything else, aside. Raises FactError."""
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / "data"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("landing"))
        for name, text in drafts.items():
            (copy / name).write_text(text, encoding="utf-8")
        Facts(copy).form(year)


def _with_last_year(text: str, kind: str, name: str, year: int) -> str:
    """A registry in which one version serves until `year` at least."""

    def later(row: dict[str, str]) -> dict[str, str] | None:
        if row[kind] != name or int(row["last_year"]) >= year:
            return None
        return row | {"last_year": str(year)}

    return _edited(text, later)


def _with_version(text: str, kind: str, old: str, new: str, year: int) -> str:
    """A registry with a copy of one version's row for `year` on; the old one ends before it."""
    copies = []

    def ended(row: dict[str, str]) -> dict[str, str] | None:
        if row[kind] != old:
            return None
        copies.append(row | {kind: new, "first_year": str(year), "last_year": str(year)})
        return row | {"last_year": str(min(int(row["last_year"]), year - 1))}

    edited = _edited(text, ended)
    return edited + "".join(_line(list(copy.values())) for copy in copies)


def _edited(text: str, change: Callable[[dict[str, str]], dict[str, str] | None]) -> str:
    """A table's text with some rows changed; all other lines keep their bytes."""
    lines = text.splitlines(keepends=True)
    header = next(csv.reader([lines[0]]))
    for number, line in enumerate(lines[1:], start=1):
        cells = next(csv.reader([line]))
        changed = change(dict(zip(header, cells, strict=True)))
        if changed is not None:
            lines[number] = _line(list(changed.values()))
    return "".join(lines)


def _line(cells: list[str]) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerow(cells)
    return sink.getvalue()


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text if text.endswith("\n") else text + "\n"


def _moved(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def main() -> int:
    """`python -m pipelines.new_year --year 2021 [--new-version]`: exit status 1 when refused."""
    parser = argparse.ArgumentParser(description="Draft the fact files of a new survey year.")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument(
        "--new-version", action="store_true",
        help="copy the questionnaire and the indicator set to versions of their own: when a "
        "question is dropped, added or asked otherwise",
    )  # fmt: skip
    arguments = parser.parse_args()
    data = Settings().data
    console = Console()
    try:
        drafts = draft_year(data, arguments.year, arguments.new_version)
    except FactError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    for name, text in sorted(drafts.items()):
        write_atomically(data / name, text.encode())
        console.print(f"written: {data / name}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Next: step 2 of docs/new-survey-year.md for {arguments.year}.", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
