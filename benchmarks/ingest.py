"""Times a year's field data from one large workbook to typed, checked rows under pseudonyms, beside
pandas with openpyxl reading the same file. Not here: the engine (engine.py), the refresh."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROWS, COLUMNS = 20_000, 80
REPETITIONS = 5
YEAR = 2016
SECRET = bytes(range(32))
# Beside the questions, in this order: what the fieldwork checks look at, and two persons' columns.
CARRIED = ["started_at", "ended_at", "submitted_at", "form_version", "is_replacement", "device",
           "respondent_name", "respondent_phone"]  # fmt: skip
AS_TEXT = {"respondent_id", "commune_code", "village_code", "psu", "respondent_phone"}
PEER = """
import resource, sys, time, pandas
begun = time.perf_counter()
frame = pandas.read_excel(sys.argv[1], engine="openpyxl", dtype="str")
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *frame.shape)
"""


def small_form(columns: int):
    """The year's form with as many of its first questions as make `columns` columns in all."""
    from dgi.ingest.facts import Facts
    from dgi.ingest.headers import HeaderBook

    facts = Facts(ROOT / "data")
    form = facts.form(YEAR)
    whole = form.questionnaire
    asked = columns - len(whole.fixed) - len(CARRIED)
    own = replace(whole, questions=whole.questions.iloc[:asked].reset_index(drop=True))
    return facts, replace(form, questionnaire=own, book=HeaderBook(own, *facts.tool_columns))


def write_survey(landing: Path, rows: int, columns: int) -> None:
    """One workbook for the whole year, in the year's folder: interviews of the sample survey, drawn
    again and again under form numbers of their own, in the districts' proportion."""
    from dgi.ingest.deliveries import read_delivery
    from dgi.ingest.landing import district_folders
    from dgi.ingest.privacy import Keys
    from pipelines.partitions import districts_of
    from pipelines.sample import make_sample

    facts, form = small_form(columns)
    with tempfile.TemporaryDirectory() as folder:
        make_sample(facts, Path(folder), [YEAR])
        parts = [
            read_delivery(
                district_folders(Path(folder), YEAR, district), district, facts.form(YEAR),
                Keys(SECRET, YEAR),
            ).raw
            for district in districts_of(YEAR)
        ]  # fmt: skip
    given = pd.concat(parts, ignore_index=True)
    drawn = given.iloc[np.random.default_rng(YEAR).integers(0, len(given), rows)]
    serial = [f"{number:06d}" for number in range(rows)]
    drawn = drawn.assign(
        respondent_id=[f"QN16-{number}" for number in serial],
        respondent_name=[f"Người trả lời mẫu {number}" for number in serial],
        respondent_phone=[f"0000{number}" for number in serial],
    )
    questionnaire = form.questionnaire
    headers = {name: header for header, name in questionnaire.known_headers().items()}
    names = [*questionnaire.fixed["name"], *questionnaire.questions["question"], *CARRIED]
    year = landing / str(YEAR)
    for district in districts_of(YEAR):
        (year / district).mkdir(parents=True)
    with xlsxwriter.Workbook(str(year / "mau-sample-ca-tinh.xlsx"), {"in_memory": True}) as book:
        sheet = book.add_worksheet("TraLoi")
        sheet.write_row(0, 0, [headers[name] for name in names])
        for column, name in enumerate(names):
            texts = drawn[name].fillna("").tolist()
            numbers = pd.to_numeric(drawn[name], errors="coerce").tolist()
            for row, (text, number) in enumerate(zip(texts, numbers, strict=True), start=1):
                if text and name not in AS_TEXT and number == number:  # NaN is no number
                    sheet.write_number(row, column, number)
                elif text:
                    sheet.write_string(row, column, text)


def ingest(landing: Path, columns: int, repetition: int) -> tuple[dict[str, float], int]:
    """Seconds of each step over all districts of the year, and the rows that were kept."""
    from dgi.fieldwork.back_checks import type_back_checks
    from dgi.fieldwork.quality import Fieldwork, examine
    from dgi.fieldwork.responses import type_responses
    from dgi.ingest.deliveries import read_back_checks, read_delivery
    from dgi.ingest.landing import district_folders
    from dgi.ingest.privacy import Keys
    from dgi.ingest.xlsform_rules import load_form_rules
    from pipelines.partitions import districts_of

    facts, form = small_form(columns)
    # Under a key of its own, or the file would be known from the repetition before.
    form = replace(form, key=f"{form.key} {repetition}")
    survey, questionnaire = facts.survey(YEAR), form.questionnaire
    rules, form_rules = facts.fieldwork_rules, load_form_rules(facts.folder, survey, form)
    margins = facts.margins(survey.census, survey.reference_date)
    seconds = dict.fromkeys(("read, named, pseudonymous", "typed", "checked"), 0.0)
    kept = 0
    for district in districts_of(YEAR):
        marks = [time.perf_counter()]
        folders, keys = district_folders(landing, YEAR, district), Keys(SECRET, YEAR)
        raw = read_delivery(folders, district, form, keys).raw
        marks.append(time.perf_counter())
        typed = type_responses(raw, questionnaire, survey, facts.units, district)
        marks.append(time.perf_counter())
        again, _ = read_back_checks(folders, form, keys)
        work = Fieldwork(
            responses=typed.responses,
            rejected=typed.rejected.assign(interviewer=""),
            missing=typed.missing,
            questionnaire=questionnaire,
            survey=survey,
            margins=margins[margins["district"] == district],
            back_checks=type_back_checks(again, questionnaire),
            delivered=raw,
            form_rules=form_rules,
            raw_back_checks=again,
            back_check_types=facts.back_check_types,
        )
        examine(work, rules)
        marks.append(time.perf_counter())
        for name, spent in zip(seconds, np.diff(marks), strict=True):
            seconds[name] += float(spent)
        kept += len(typed.responses)
    return seconds, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument(
        "--without-peer", action="store_true", help="leave out pandas, which is slow"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        landing = Path(folder, "landing")
        # In a process of its own, so that writing does not count as memory of reading.
        writer = "import sys; from pathlib import Path; from ingest import write_survey; "
        writer += "write_survey(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
        subprocess.run([sys.executable, "-c", writer, landing, str(given.rows), str(given.columns)],
                       cwd=ROOT / "benchmarks", check=True)  # fmt: skip
        path = next(landing.glob("*/*.xlsx"))
        size = path.stat().st_size / 1e6
        print(f"{given.rows:,} x {given.columns}, {size:.1f} MB, one workbook for all districts")
        from dgi.ingest.guard import GUARD

        runs = [ingest(landing, given.columns, number) for number in range(REPETITIONS)]
        totals = [sum(seconds.values()) for seconds, _ in runs]
        status = Path(f"/proc/{GUARD.pid}/status").read_text()
        child = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
        GUARD.close()
        parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name in runs[0][0]:
            print(f"  {name:<34} {statistics.median(s[name] for s, _ in runs):6.2f} s")
        ours = statistics.median(totals)
        print(f"ingested, median of {REPETITIONS:<15} {ours:6.2f} s   first {totals[0]:.2f} s   "
              f"parent {parent / 1024:.0f} MiB, child {child / 1024:.0f} MiB, "
              f"{runs[0][1]:,} rows kept")  # fmt: skip
        if given.without_peer:
            return
        done = subprocess.run([sys.executable, "-c", PEER, path], capture_output=True, text=True,
                              check=True)  # fmt: skip
        theirs, peak, *_ = map(float, done.stdout.split())
        print(f"pandas with openpyxl, reading only {theirs:6.2f} s   {peak / 1024:.0f} MiB")
        print(f"the whole of it is {theirs / ours:.1f} times as fast as that reading")


if __name__ == "__main__":
    main()
