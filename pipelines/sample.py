"""Fills empty landing folders with the simulated survey, so that all runs without a field team.
Not here: how answers are made up (dgi.simulation.simulate) or laid out (dgi.reports)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dgi.facts.questionnaire import Questionnaire
from dgi.ingest.facts import Facts
from dgi.ingest.landing import BACK_CHECKS
from dgi.reports.field_exports import write_csv_export, write_kobo_export, write_sav_export
from dgi.reports.field_workbook import write_field_workbook
from dgi.simulation.assumptions import SampleAssumptions, check_filter_rates
from dgi.simulation.fieldwork import ask_again
from dgi.simulation.habits import plant_habits
from dgi.simulation.simulate import simulate_survey
from pipelines.settings import Settings

ASSUMPTIONS = "sample/assumptions.yaml"
FILTER_RATES = "sample/filter_rates.csv"
BANNER = "DỮ LIỆU MẪU / SAMPLE DATA"
# The largest district is worked by two crews that deliver apart, as the province's own would.
TEAMS = {"193-ha-long": 2}
PROCESSES = 2
# Name below the district's folder, how it is written, rows.
_File = tuple[str, Callable[[pd.DataFrame], bytes], pd.DataFrame]


@dataclass(frozen=True)
class _Parcel:
    """The files of one survey year and district."""

    folder: Path
    files: tuple[_File, ...]


def published_places(facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The province's published sub-dimensions, and the provinces' medians: year by key.

    Scores are places between the ends of their year's scale, 0-1, NaN where not published, so
    that years and versions can be read together.
    """
    province = str(facts.units.districts["province_code"].iloc[0])
    own, medians = {}, {}
    for year in sorted(facts.papi_sources["survey_year"]):
        ends = facts.papi_set(year).at("sub_dimension").set_index("key")
        scores = facts.papi_scores(year)
        wide = scores[scores["level"] == "sub_dimension"].pivot(
            index="province_code", columns="key", values="score"
        )
        places = (wide - ends["scale_min"]) / (ends["scale_max"] - ends["scale_min"])
        own[year], medians[year] = places.loc[province], places.median()
    return pd.DataFrame(own).T, pd.DataFrame(medians).T


def survey_targets(
    year: int, tree: pd.DataFrame, own: pd.DataFrame, medians: pd.DataFrame
) -> pd.Series:
    """The score that each sub-dimension of `tree` is centred on, on the tree's own scale.

    `own`, `medians`: as `published_places` returns them. The province's score of the year; one
    that was not published lies on the line between the years before and after that have it, or,
    outside the years that have it, is the nearest one's; a province without any takes the
    provinces' median of the nearest year. Returns key -> score.
    """
    found = {}
    for node in tree[tree["level"] == "sub_dimension"].itertuples(index=False):
        known = own[node.key].dropna()
        if len(known):
            place = float(np.interp(year, known.index, known))  # beyond either end: that end
        else:
            near = medians[node.key].dropna()
            place = float(near.iloc[np.abs(near.index - year).argmin()])
        found[node.key] = node.scale_min + (node.scale_max - node.scale_min) * place
    return pd.Series(found)


def make_sample(
    facts: Facts,
    landing: Path,
    years: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the sample files of `years` under <landing>/<year>/<district>/.

    Only a district's folder without any file is filled, and at one stroke, so a workbook of the
    user's is neither overwritten nor joined by made-up interviews. `progress` is told how many
    folders are done, of how many. Returns the paths written, sorted.
    """
    wanted = {year: _empty_folders(facts, landing, year) for year in years}
    total = sum(len(folders) for folders in wanted.values())
    tell = progress or (lambda done, of: None)
    tell(0, total)
    if not total:
        return []
    written: list[Path] = []
    done = 0
    # A fresh interpreter: forking one that runs threads (a progress bar, Dagster) may hang.
    with ProcessPoolExecutor(min(PROCESSES, total), mp_context=get_context("spawn")) as pool:
        running: set[Future[list[Path]]] = set()
        for parcel in _parcels(facts, wanted):
            running.add(pool.submit(_deliver, parcel))
            finished = {future for future in running if future.done()}
            while len(running) - len(finished) > 4 * PROCESSES:  # a year ahead fills memory
                more, _ = wait(running - finished, return_when=FIRST_COMPLETED)
                finished |= more
            running -= finished
            for future in finished:
                written += future.result()
            done += len(finished)
            tell(done, total)
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                written += future.result()
            done += len(finished)
            tell(done, total)
    return sorted(written)


def _empty_folders(facts: Facts, landing: Path, year: int) -> dict[str, Path]:
    """District key -> its folder of the year, where that holds nothing or is not there yet."""
    districts = facts.units.districts_on(facts.survey(year).reference_date)["district"]
    folders = {district: landing / str(year) / district for district in districts}
    return {
        district: folder
        for district, folder in folders.items()
        if not folder.exists() or not any(folder.iterdir())
    }


def _parcels(facts: Facts, wanted: dict[int, dict[str, Path]]) -> Iterator[_Parcel]:
    assumptions = SampleAssumptions.from_document(facts.yaml(ASSUMPTIONS), f"data/{ASSUMPTIONS}")
    filter_rates = check_filter_rates(facts.table(FILTER_RATES), f"data/{FILTER_RATES}")
    own, medians = published_places(facts)
    for year, folders in wanted.items():
        if not folders:
            continue
        survey = facts.survey(year)
        tree = facts.indicator_set(survey.indicator_set).tree
        frames = simulate_survey(
            survey,
            tree,
            facts.questionnaire(survey.questionnaire),
            facts.units,
            facts.commune_adults(survey.census),
            facts.census_day(survey.census),
            facts.margins(survey.census, survey.reference_date),
            survey_targets(year, tree, own, medians),
            assumptions,
            filter_rates,
        )
        questionnaire = facts.questionnaire(survey.questionnaire)
        for district, folder in folders.items():
            place = (questionnaire, year, district, assumptions)
            # Who is asked again says what he said, whatever the interviewer had written.
            again = ask_again(frames[district], *place)
            teams = _teams(plant_habits(frames[district], *place), *place)
            cover = partial(_cover, assumptions.seed, year, district)
            kind = assumptions.deliveries.get(year, {}).get(district)
            name = f"mau-sample-{year}-{district}"
            yield _Parcel(
                folder,
                (
                    *(_pack(f"{name}-{team}", own, kind, questionnaire, cover(team))
                      for team, own in enumerate(teams, start=1)),
                    _pack(f"{BACK_CHECKS}/{name}-kiem-tra-lai", again, None, questionnaire,
                          cover("kiểm tra lại")),
                ),
            )  # fmt: skip


def _pack(
    name: str,
    rows: pd.DataFrame,
    kind: str | None,
    questionnaire: Questionnaire,
    cover: tuple[str, ...],
) -> _File:
    """One file of this kind; None: the field workbook, the only one that has a cover."""
    if kind == "csv":
        return f"{name}.csv", write_csv_export, rows
    if kind == "kobo":
        return f"{name}.xlsx", partial(write_kobo_export, questionnaire=questionnaire), rows
    if kind == "sav":
        write = partial(write_sav_export, questionnaire=questionnaire, label=BANNER)
        return f"{name}.sav", write, rows
    return f"{name}.xlsx", partial(write_field_workbook, cover=cover), rows


def _teams(
    rows: pd.DataFrame,
    questionnaire: Questionnaire,
    year: int,
    district: str,
    assumptions: SampleAssumptions,
) -> list[pd.DataFrame]:
    """The rows that each team delivers: interviewers in order of their codes, as equal in number
    as can be; of two teams the second may hand in a village of the first once more."""
    header = {name: column for column, name in questionnaire.headers().items()}
    who, count = rows[header["interviewer"]].astype(str), TEAMS.get(district, 1)
    crews = np.array_split(np.sort(who.unique()), count)
    teams = [rows[who.isin(crew)].reset_index(drop=True) for crew in crews]
    rng = assumptions.stream("delivered twice", year, district)
    if count > 1 and rng.random() < assumptions.fieldwork.delivered_twice:
        village = teams[0][header["village_code"]]
        again = teams[0][village == rng.choice(np.sort(village.unique()))]
        teams[1] = pd.concat([teams[1], again], ignore_index=True)
    return teams


def _cover(seed: int, year: int, district: str, team: int | str) -> tuple[str, ...]:
    return (
        BANNER,
        "Số liệu mô phỏng để trình diễn phần mềm, không phải kết quả khảo sát. / "
        "Simulated to demonstrate the software, not the result of a survey.",
        f"Hạt giống / Seed: {seed}",
        f"Năm khảo sát / Survey year: {year}",
        f"Đơn vị / District: {district}",
        f"Đội điều tra / Team: {team}",
        f"Giả định / Assumptions: data/{ASSUMPTIONS}",
    )


def _deliver(parcel: _Parcel) -> list[Path]:
    """Write one district's files aside and move them into place all at once."""
    aside = parcel.folder.with_name(f".{parcel.folder.name}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)  # of a process of the same number that was killed
    aside.mkdir(parents=True)
    try:
        for name, write, rows in parcel.files:
            (aside / name).parent.mkdir(exist_ok=True)
            with (aside / name).open("wb") as file:
                file.write(write(rows))
                file.flush()
                os.fsync(file.fileno())
        if parcel.folder.exists():
            parcel.folder.rmdir()  # refuses when somebody has put a file there meanwhile
        aside.replace(parcel.folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [parcel.folder / name for name, _, _ in parcel.files]


def main() -> None:
    """Fill the landing place of the settings for every registered survey year."""
    settings = Settings()
    facts = Facts(settings.data)
    columns = (
        TextColumn("Sample survey"), BarColumn(), MofNCompleteColumn(), TextColumn("districts"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns) as bar:
        task = bar.add_task("sample", total=None)
        written = make_sample(
            facts, settings.landing, list(facts.surveys["survey_year"]),
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    done = f"{len(written)} files written under {settings.landing}"
    Console().print(done, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
