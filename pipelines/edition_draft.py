"""The next edition of a year drafted: its files, and every value that differs from the last.
Not here: the shelf it is put on (edition_shelf.py), or the command (editions.py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from pipelines.closing import SURVEY_ASSETS
from pipelines.edition_changes import Input, changed_inputs, compare_tables, in_words
from pipelines.edition_shelf import CHANGES, RECORD, REPORTS, TABLES, Edition, EditionError
from pipelines.edition_words import changes_in_words
from pipelines.files import from_parquet, sha256
from pipelines.jobs import STAGES
from pipelines.partitions import district_year_key, districts_of, place

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline


@dataclass(frozen=True)
class Draft:
    """What the next edition of a year would be.

    `files`: content by path within the edition; `changes`: every value that differs from the
    edition before (`before`, None for a first edition); `is_new`: whether anything does.
    """

    label: str
    files: dict[str, bytes]
    changes: pd.DataFrame
    inputs: list[Input]
    before: Edition | None
    is_new: bool


def hindrances(pipeline: Pipeline, year: int) -> list[str]:
    """Why a year cannot be published: each partition that is not true, and why, and each year
    before it that is not published as it is now. [] when it is whole."""
    from pipelines.refresh import candidates

    truth = pipeline.freshness.reopened([year])
    seen: dict[tuple[str, str | None], str] = {}
    found = []
    for stage in STAGES:
        if not set(stage.assets) <= SURVEY_ASSETS:
            continue
        for key in candidates(stage, [year]):
            for asset in stage.assets:
                if truth.is_true(asset, key, seen):
                    continue
                kept = pipeline.lake.read_manifest(asset, truth.place(asset, key))
                if kept is None:
                    why = "chưa có / not made"
                elif truth.is_true(asset, key, {}, judged=False):
                    why = "không qua kiểm tra bắt buộc / did not pass its blocking checks"
                else:
                    why = "đã cũ / stale: what it was made from changed"
                found.append(f"{asset} {key}: {why}")
    for before in pipeline.content.years_before(year):
        if not pipeline.content.is_published(before):
            found.append(
                f"{before}: chưa công bố như hiện có / not published as it is now, and {year} is "
                f"told against it: make publish YEAR={before} first"
            )
    return found


def draft(pipeline: Pipeline, year: int, reason: str) -> Draft:
    """The edition that would be published of what is kept of a year now.

    Raises EditionError when something that an edition holds is not kept.
    """
    content = pipeline.content
    before = pipeline.editions.newest(year)
    label = content.label(year)
    everything = content.everything(year)
    inputs = content.inputs(everything)
    by_kind = {
        "code": inputs.code, "delivered": inputs.delivered, "fact": inputs.facts,
        "secret": inputs.secret,
    }  # fmt: skip
    record = {
        "edition": label,
        "year": year,
        "reason": reason,
        "reasons": content.reasons(year),
        "before": before.label if before else None,
        "code_version": sha256(json.dumps(inputs.code, sort_keys=True).encode())[:12],
        "base_editions": {str(one): content.label(one) for one in content.years_before(year)},
        "content": content.content(year),
        "made": content.made(year),
        "inputs": by_kind,
    }
    files, tables = _tables(pipeline, year)
    files |= _reports(pipeline, year)
    old = before.record["inputs"] if before else {}
    inputs_changed = changed_inputs(old, by_kind) if before else []
    changes = compare_tables(
        before.tables() if before else tables, tables, _keys(pipeline),
        _causes(pipeline, year, inputs_changed),
    )  # fmt: skip
    reports = {
        name.removeprefix(f"{REPORTS}/"): sha256(files[name])
        for name in files
        if name.startswith(REPORTS)
    }
    files[f"{CHANGES}.csv"] = changes.to_csv(index=False, lineterminator="\n").encode()
    files[f"{CHANGES}.md"] = changes_in_words(
        record, changes, inputs_changed, before.reports() if before else {}, reports
    ).encode()
    files[RECORD] = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False).encode()
    is_new = before is None or before.record["content"] != record["content"]
    return Draft(label, files, changes, inputs_changed, before, is_new)


def publish(pipeline: Pipeline, year: int, reason: str) -> Draft:
    """Publish what is kept of a year as its next edition; nothing is written where the newest
    edition holds just that (`is_new` False). Raises EditionError while the year is not whole."""
    found = hindrances(pipeline, year)
    if found:
        raise EditionError(
            f"{year} chưa thể công bố, chạy make refresh trước / cannot be published before make "
            f'refresh, with REASON="why" where the year is closed: {len(found)}\n'
            + "\n".join(found)
        )
    made = draft(pipeline, year, reason)
    if made.is_new:
        pipeline.editions.put(made.label, made.files)
    return made


def _tables(pipeline: Pipeline, year: int) -> tuple[dict[str, bytes], dict[str, pd.DataFrame]]:
    """The tables that the warehouse was given for a year, as files and as frames."""
    files, tables = {}, {}
    for asset in pipeline.content.published:
        place = pipeline.freshness.place(asset, str(year))
        kept = pipeline.lake.read_manifest(asset, place)
        for table, digest in sorted(kept.artefacts.items()) if kept else []:
            path = pipeline.loaded.path(asset, place, table)
            content = path.read_bytes() if path.is_file() else b""
            if sha256(content) != digest:
                raise EditionError(f"{asset} {year}: {path} is not what the warehouse was given")
            tables[table] = from_parquet(content)
            files[f"{TABLES}/{table}.parquet"] = content
            files[f"{TABLES}/{table}.csv"] = (
                tables[table].to_csv(index=False, lineterminator="\n").encode()
            )
    return files, tables


def _reports(pipeline: Pipeline, year: int) -> dict[str, bytes]:
    """The year's report files."""
    files = {}
    for asset, key, kept in pipeline.content.kept(year):
        if asset in pipeline.content.products:
            place = pipeline.freshness.place(asset, key)
            for name, digest in kept.artefacts.items():
                path = pipeline.reports.path(place, name)
                content = path.read_bytes() if path.is_file() else b""
                if sha256(content) != digest:
                    raise EditionError(f"{asset} {key}: {path} is not what was made")
                files[f"{REPORTS}/{name}"] = content
    return files


def _keys(pipeline: Pipeline) -> dict[str, list[str]]:
    """Key columns of each table, from data/tables/columns.csv."""
    columns = pipeline.columns
    return {
        str(table): list(rows.loc[rows["is_key"] == "yes", "column"])
        for table, rows in columns.groupby("table")
    }


def _causes(pipeline: Pipeline, year: int, changed: list[Input]) -> Callable[[str, str], str]:
    """Words for what changed behind a row: the changed inputs among those that the partition it
    comes from was made of, the district's where its table is made by district, else the year's."""
    content, graph = pipeline.content, pipeline.freshness.graph
    of_the_year = set(content.of_the_year(year))
    by_district = {
        asset for stage in STAGES if stage.grain == "district_year" for asset in stage.assets
    }

    @cache
    def cause(table: str, district: str) -> str:
        own = [(table, str(year))]
        if district in districts_of(year):
            own.insert(0, (table, str(district_year_key(district, year))))
        # Rows of the province beside those of districts come from a table of the whole year.
        known = [one for one in own if one in of_the_year]
        behind = content.ancestors(known[:1] or [(one, str(year)) for one in content.published])
        read = {
            place(str(key))
            for asset, key in behind
            if asset in pipeline.freshness.sources and asset in by_district
        }
        parts = {
            part
            for asset, _ in behind
            for part in graph.get(dg.AssetKey(asset)).metadata["made_by"]
        }
        return in_words(one for one in changed if _is_behind(one, read, parts))

    return cause


def _is_behind(one: Input, read: set[tuple[int, str]], parts: set[str]) -> bool:
    """Whether an input is among the district-years `read`, or in the code and facts `parts`."""
    if one.kind == "delivered":
        year, *path = one.name.split("/")  # <year>/<district>/…, or <year>/<file> for several
        return any(int(year) == y and (len(path) == 1 or path[0] == d) for y, d in read)
    return one.kind == "secret" or any(
        one.name == part or one.name.startswith(f"{part}/") for part in parts
    )
