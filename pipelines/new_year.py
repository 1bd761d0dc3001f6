"""A new survey year drafted: the fact files of the year before, copied on, for a person to finish.
Not here: what the facts mean, or their rules (dgi.facts); what does not load is not written."""

from __future__ import annotations

import argparse
import csv
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from rich.console import Console

from dgi.errors import FactError, Fault, FaultsFound
from dgi.ingest.facts import Facts
from pipelines.files import write_atomically
from pipelines.settings import Settings

DATES = ("reference_date", "fieldwork_start", "fieldwork_end")
REGISTER = "surveys.csv"
REGISTRIES = {
    "questionnaire": "questionnaires/questionnaires.csv",
    "indicator_set": "indicator_sets/sets.csv",
}
MAP_HEADER = "files,header,name,use,note\n"
BOM = "\ufeff"  # which Excel puts before a CSV that it saves as UTF-8


def draft_year(
    data: Path, year: int, is_new_version: bool, source: int | None = None
) -> dict[str, str]:
    """The files that make `year` a survey year, as text by their path under `data`.

    The year takes over the row of `source`, by default the latest year before it, dates moved on.
    Its questionnaire and indicator set serve it too or, with `is_new_version`, are copied to
    versions named for the year. Lines that do not change keep their bytes, line ends included; a
    column map that the year has already stays as it is. Raises FactError when the year is there
    already, `source` is not, a version of the new name is, or any survey year would not load.
    """
    facts = Facts(data)
    years = [int(known) for known in facts.surveys["survey_year"]]
    if source is None:
        source = max((known for known in years if known < year), default=None)
    if year in years:
        raise _refusal("the year has its row already", "Choose another year.", str(year))
    if source not in years:
        value = str(year) if source is None else str(source)
        rule = "no year comes before it" if source is None else "the year to copy has no row"
        raise _refusal(rule, "Name a year that has a row: --from.", value)
    facts.form(source)  # what is wrong with it already is told under its own name
    survey = facts.survey(source)
    row = {name: str(value) for name, value in survey.model_dump().items()}
    row["survey_year"] = str(year)
    row["form"] = ""  # the tablets' own form is that of its year
    for name in DATES:
        row[name] = _moved(getattr(survey, name), year - source).isoformat()
    drafts = {}
    for kind, registry in REGISTRIES.items():
        old = getattr(survey, kind)
        text = _text(data / registry)
        if not is_new_version:
            drafts[registry] = _with_service(text, kind, old, year)
            continue
        row[kind] = f"{re.sub(r'-[0-9]{4}$', '', old)}-{year}"
        copy = f"{registry.partition('/')[0]}/{row[kind]}.csv"
        if (data / copy).exists() or row[kind] in _cells(text, kind):
            raise _refusal(f"the {kind} is there already", "Move it aside, or give it its year by"
                           " hand.", row[kind], where=f"data/{copy}")  # fmt: skip
        drafts[copy] = _text((data / copy).with_stem(old))
        is_over = not any(
            getattr(facts.survey(later), kind) == old for later in years if later > year
        )
        drafts[registry] = _with_version(text, kind, old, row[kind], year, is_over)
    drafts[REGISTER] = _with_rows(_text(data / REGISTER), [row])
    own_map, last_map = (data / f"column_maps/{one}.csv" for one in (year, source))
    if not own_map.exists():
        drafts[f"column_maps/{year}.csv"] = _text(last_map) if last_map.exists() else MAP_HEADER
    _check(data, drafts, [*years, year])
    return drafts


def write_drafts(data: Path, drafts: Mapping[str, str]) -> list[Path]:
    """Write all files or, when one cannot be written, none; returns them in the order written.

    The register comes last: until it is there, nothing reads what the other files say of the
    year, so that even a machine that stops in between leaves a folder that loads.
    """
    names = sorted(drafts, key=lambda name: (name == REGISTER, name in REGISTRIES.values(), name))
    paths = [data / name for name in names]
    before = {path: path.read_bytes() if path.exists() else None for path in paths}
    try:
        for path, name in zip(paths, names, strict=True):
            write_atomically(path, drafts[name].encode())
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                write_atomically(path, content)
        raise
    return paths


def _refusal(rule: str, action: str, value: str, where: str = f"data/{REGISTER}") -> FactError:
    return FactError([Fault(where, rule, action, value=value)])


def _check(data: Path, drafts: Mapping[str, str], years: list[int]) -> None:
    """Load every survey year with the drafts in place, aside. Raises FactError."""
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / "data"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("landing"))
        for name, text in drafts.items():
            (copy / name).parent.mkdir(exist_ok=True)
            (copy / name).write_bytes(text.encode())
        facts = Facts(copy)
        for year in years:
            facts.form(year)


def _with_service(text: str, kind: str, name: str, year: int) -> str:
    """A registry in which one version serves `year` too."""

    def served(row: dict[str, str]) -> dict[str, str] | None:
        first, last = int(row["first_year"]), int(row["last_year"])
        if row[kind] != name or first <= year <= last:
            return None
        return row | {"first_year": str(min(first, year)), "last_year": str(max(last, year))}

    return _edited(text, served)


def _with_version(text: str, kind: str, old: str, new: str, year: int, is_over: bool) -> str:
    """A registry with a copy of one version's row, for `year`; the old one then ends before it,
    where no later year is asked by it (`is_over`)."""
    copies = []

    def ended(row: dict[str, str]) -> dict[str, str] | None:
        if row[kind] != old:
            return None
        copies.append(row | {kind: new, "first_year": str(year), "last_year": str(year)})
        if not is_over or int(row["last_year"]) < year:
            return None
        return row | {"last_year": str(year - 1)}

    return _with_rows(_edited(text, ended), copies)


def _records(text: str) -> list[str]:
    """A table's text as its rows, each with its line end; a quoted cell may hold line ends."""
    records, open_record = [], ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        open_record += line
        if open_record.count('"') % 2 == 0:
            records.append(open_record)
            open_record = ""
    return records + ([open_record] if open_record else [])


def _header(text: str) -> list[str]:
    return next(csv.reader(io.StringIO(_records(text)[0].removeprefix(BOM))))


def _cells(text: str, column: str) -> set[str]:
    """What stands in one column of a table."""
    return {row[column] for row in csv.DictReader(io.StringIO(text.removeprefix(BOM)))}


def _edited(text: str, change: Callable[[dict[str, str]], dict[str, str] | None]) -> str:
    """A table's text with some rows changed; all other rows keep their bytes."""
    header, records = _header(text), _records(text)
    for number, record in enumerate(records[1:], start=1):
        cells = next(csv.reader(io.StringIO(record, newline="")))
        changed = change(dict(zip(header, cells, strict=True)))
        if changed is not None:
            records[number] = _line(list(changed.values()), _line_end(text))
    return "".join(records)


def _with_rows(text: str, rows: list[dict[str, str]]) -> str:
    """A table's text with rows added, cells in the order of its header."""
    end = _line_end(text)
    whole = text if text.endswith("\n") else text + end
    return whole + "".join(_line([row[name] for name in _header(text)], end) for row in rows)


def _line(cells: list[str], end: str) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator=end).writerow(cells)
    return sink.getvalue()


def _line_end(text: str) -> str:
    return "\r\n" if _records(text)[0].endswith("\r\n") else "\n"


def _text(path: Path) -> str:
    return path.read_bytes().decode()  # line ends as they are


def _moved(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def next_steps(year: int, drafts: Mapping[str, str]) -> list[str]:
    """What is left for a person to do after a draft, a line each."""
    versions = [name for name in drafts if name.endswith(f"-{year}.csv")]
    changes = (
        f"data/{' and data/'.join(versions)}: questions dropped, added or renumbered, and the"
        " indicators that use them."
        if versions
        else f"data/column_maps/{year}.csv: a line for each header that files deliver otherwise."
    )
    return [
        f"data/{REGISTER}: reference_date, fieldwork_start, fieldwork_end, sample and census of"
        f" {year}.",
        changes,
        f"See that it loads: .venv/bin/python -m pipelines.form --year {year} --to"
        f" form-{year}.xlsx",
        f"Files into data/landing/{year}/<district>/, then: make refresh YEAR={year}",
    ]


def main() -> int:
    """`python -m pipelines.new_year --year 2021 [--new-version] [--from 2020] [--data folder]`.

    Exit status 1, and nothing written, when refused.
    """
    parser = argparse.ArgumentParser(description="Draft the fact files of a new survey year.")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument(
        "--new-version", action="store_true",
        help="copy the questionnaire and the indicator set to versions of their own: when a "
        "question is dropped, added or asked otherwise",
    )  # fmt: skip
    parser.add_argument("--from", dest="source", type=int, help="the year to copy; default: the"
                        " latest before it")  # fmt: skip
    parser.add_argument("--data", type=Path, help="the folder of fact files; default: DGI_DATA")
    arguments = parser.parse_args()
    data = arguments.data or Settings().data
    console = Console()

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    try:
        drafts = draft_year(data, arguments.year, arguments.new_version, arguments.source)
        written = write_drafts(data, drafts)
    except (FaultsFound, OSError) as error:
        say(str(error))
        return 1
    for path in written:
        say(f"written: {path}")
    say("Next (docs/new-survey-year.md, from step 2):")
    for number, step in enumerate(next_steps(arguments.year, drafts), start=1):
        say(f"{number}. {step}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
