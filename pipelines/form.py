"""The XLSForm of a survey year for ODK or KoboToolbox, and an existing one read into tables.
Not here: what stands in a form (dgi.facts.form_design), or its file (dgi.reports, dgi.ingest)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from dgi.errors import FaultsFound
from dgi.facts.form_design import design_form
from dgi.ingest.facts import Facts
from dgi.ingest.xlsform import read_xlsform
from dgi.reports.xlsform import write_xlsform
from pipelines.files import write_atomically
from pipelines.settings import Settings


def form_of_year(facts: Facts, year: int, with_identity: bool = True) -> bytes:
    """The XLSForm by which a survey year is asked. Raises FactError for a year that has no row."""
    survey = facts.survey(year)
    registered = facts.questionnaires.set_index("questionnaire").loc[survey.questionnaire]
    communes = facts.units.communes_on(survey.reference_date)
    communes = communes[communes["district"].notna()].rename(
        columns={"commune_code": "code", "name_vi": "name"}
    )
    design = design_form(
        facts.questionnaire(survey.questionnaire),
        facts.table(f"questionnaires/{survey.questionnaire}.csv"),
        year,
        {"vi": f"{registered['name_vi']} - {year}", "en": f"{registered['name_en']} - {year}"},
        communes=communes[["code", "name", "district"]],
        indicator_set=facts.indicator_set(survey.indicator_set),
        statement=facts.set_statement(survey.indicator_set),
        with_identity=with_identity,
    )
    return write_xlsform(design)


def tables_of_form(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """An XLSForm as the questionnaire's tables, file name -> CSV, and what was not taken over.

    Raises WorkbookError for a file that is refused or is no XLSForm.
    """
    form = read_xlsform(path.name, path.read_bytes())
    tables = {"questions.csv": form.questions, "answers.csv": form.answers,
              "fixed_columns.csv": form.fixed}  # fmt: skip
    written = {
        name: table.to_csv(index=False, lineterminator="\n").encode()
        for name, table in tables.items()
    }
    return written, [str(fault) for fault in (*form.not_taken, *form.remarks)]


def main() -> int:
    """`python -m pipelines.form --year 2021 --to form.xlsx`, or `--read form.xlsx --to folder`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--year", type=int, help="write the form of this survey year")
    what.add_argument("--read", type=Path, help="read an existing XLSForm into tables")
    parser.add_argument("--to", type=Path, required=True, help="the file, or the folder of tables")
    parser.add_argument("--without-identity", action="store_true",
                        help="leave the questions about persons out")  # fmt: skip
    arguments = parser.parse_args()
    console = Console()

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    try:
        if arguments.year is not None:
            facts = Facts(Settings().data)
            content = form_of_year(facts, arguments.year, not arguments.without_identity)
            written, told = {arguments.to: content}, list[str]()
        else:
            tables, told = tables_of_form(arguments.read)
            written = {arguments.to / name: content for name, content in tables.items()}
    except (FaultsFound, OSError) as error:
        say(str(error))
        return 1
    for path, content in written.items():
        write_atomically(path, content)
        say(f"written: {path}")
    for line in told:
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
