"""What came too late: partitions of published years that are left alone, and why they would change.
Not here: the refusal to write them (closing.py), or which of the others a refresh makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.closing import SURVEY_ASSETS
from pipelines.delivered import READERS
from pipelines.edition_changes import NAMED, changed_inputs
from pipelines.edition_content import delivered_names
from pipelines.freshness import Freshness, Seen
from pipelines.jobs import STAGES, Stage
from pipelines.partitions import dimensions, district_year, year_of
from pipelines.runs import FailedPartition

if TYPE_CHECKING:
    from pipelines.definitions import Pipeline

GRIDS = ("district_year", "survey_year")


def left_alone(pipeline: Pipeline, stage: Stage, partitions: Sequence[str | None]) -> list[str]:
    """Partitions of published years that would now be made anew, and are not, without a reason.

    What was lost and would be made of just what the edition was made of is not among them: it
    comes back the same.
    """
    judged: dict[int, tuple[Freshness, Seen]] = {}
    # What is lost together comes back together: each is asked about as if the others were there.
    as_published = {
        (asset, str(key)): made[f"{asset}/{key}"]["fingerprint"]
        for key in partitions
        for made in [_published(pipeline, stage, key)]
        for asset in stage.assets
        if f"{asset}/{key}" in made
    }
    found = []
    for key in partitions:
        if key is None or not set(stage.assets) <= SURVEY_ASSETS:
            continue
        year = year_of(key)
        edition = pipeline.editions.newest(year)
        strict, seen = judged.setdefault(year, (pipeline.freshness.reopened([year]), {}))
        if edition is None or all(strict.is_true(asset, key, seen) for asset in stage.assets):
            continue
        own = {asset: as_published.get((asset, key)) for asset in stage.assets}
        comes_back = any(own.values()) and all(
            strict.expected(asset, key, seen | as_published).fingerprint == fingerprint
            for asset, fingerprint in own.items()
            if fingerprint
        )
        if not comes_back:
            found.append(key)
    return found


def _published(pipeline: Pipeline, stage: Stage, key: str | None) -> dict[str, dict[str, Any]]:
    """What the newest edition of a partition's year was made of; {} where there is none."""
    if key is None or stage.grain not in GRIDS:
        return {}
    edition = pipeline.editions.newest(year_of(key))
    return edition.made if edition else {}


def lost(pipeline: Pipeline, closed: Mapping[str, Sequence[str]]) -> list[FailedPartition]:
    """A failure for each partition left alone that is no longer kept as it was published: other
    years cannot be told against it."""
    seen: Seen = {}
    return [
        FailedPartition(stage.name, key, (
            "đã mất và không làm lại được như đã công bố / is lost and would not come back as "
            'published: make refresh REASON="why"'
        ))
        for stage in STAGES
        for key in closed.get(stage.name, ())
        for made in [_published(pipeline, stage, key)]
        if any(
            f"{asset}/{key}" in made and not pipeline.freshness.is_true(asset, key, seen)
            for asset in stage.assets
        )
    ]  # fmt: skip


def late_changes(
    pipeline: Pipeline, closed: Mapping[str, Sequence[str]]
) -> tuple[list[FailedPartition], list[str]]:
    """Why the partitions left alone would be made anew: a failure for each district-year whose
    delivered files are not those it was made from, and a sentence on the years where only code
    or facts changed. `closed`: the partitions left alone, by stage."""
    failures = []
    told = set()
    for key in closed.get("district_year", ()):
        changed = changed_files(pipeline, key)
        if changed:
            year = year_of(key)
            told.add(year)
            label = pipeline.editions.newest(year).label  # type: ignore[union-attr]
            failures.append(FailedPartition("district_year", key, (
                f"{', '.join(changed)}. Năm {year} đã công bố (ấn bản {label}) nên số liệu giữ "
                f'nguyên; muốn làm lại: make refresh REASON="lý do". / The year {year} is closed '
                f"since edition {label} and its figures stay; to take the change in: "
                f'make refresh REASON="why"'
            )))  # fmt: skip
    years = {
        year_of(key)
        for stage in STAGES if stage.grain in GRIDS
        for key in closed.get(stage.name, ())
    }  # fmt: skip
    sentences = [
        f"{year} đã công bố, giữ nguyên / closed since edition "
        f"{pipeline.editions.newest(year).label}, left as it is: "  # type: ignore[union-attr]
        f"mã nguồn hoặc dữ kiện thay đổi / code or facts changed{_which(pipeline, year)}"
        for year in sorted(years - told)
    ]
    return failures + lost(pipeline, closed), sentences


def _which(pipeline: Pipeline, year: int) -> str:
    """The code and fact files that are not those of the year's newest edition, in words."""
    published = pipeline.editions.newest(year).record.get("inputs", {})  # type: ignore[union-attr]
    now = pipeline.content.inputs(pipeline.content.everything(year))
    changed = changed_inputs(published, {"code": now.code, "fact": now.facts})
    more = f" +{len(changed) - NAMED}" if len(changed) > NAMED else ""
    named = "; ".join(f"{one.name} {one.how}" for one in changed[:NAMED])
    return f" ({named}{more})" if published and changed else ""


def changed_files(pipeline: Pipeline, key: str) -> list[str]:
    """Delivered files of a district-year that differ from those it was made from, in words."""
    where = dimensions(district_year, key)
    words: set[str] = set()
    for asset in READERS:
        kept = pipeline.freshness.lake.read_manifest(asset, where)
        before = delivered_names(asset, key, kept.sources if kept else {})
        now = delivered_names(asset, key, pipeline.freshness.sources[asset](where))
        words |= {f"{name} mới / new" for name in now if name not in before}
        words |= {f"{name} không còn / gone" for name in before if name not in now}
        words |= {
            f"{name} thay đổi / changed"
            for name in now
            if name in before and now[name] != before[name]
        }
    return sorted(words)
