"""CHANGES.md of an edition: what changed, how much and why, in Vietnamese and then in English.
Not here: finding the differences (edition_changes.py), or when an edition is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipelines.edition_changes import Input

HOW = {"changed": "thay đổi", "new": "mới", "gone": "không còn"}
KIND = {
    "delivered": "tệp đã nhận",
    "fact": "dữ kiện",
    "code": "mã nguồn",
    "secret": "khóa bí mật của mã giả danh",
}


def changes_in_words(
    record: Mapping[str, Any],
    changes: pd.DataFrame,
    inputs: Sequence[Input],
    old_reports: Mapping[str, str],
    new_reports: Mapping[str, str],
) -> str:
    """The text of CHANGES.md. `record`: edition.json; `changes`: CHANGES.csv; `inputs`: what
    changed behind it; reports as {file: sha256}."""
    label, before = record["edition"], record["before"]
    reasons = [record["reason"], *(r for r in record["reasons"] if r != record["reason"])]
    based = ", ".join(record["base_editions"].values())
    if before is None:
        vi = [f"# Ấn bản {label}", f"Ấn bản đầu tiên của năm {record['year']}.",
              "Lý do công bố:", _items(reasons)]  # fmt: skip
        en = [f"# Edition {label}", f"The first edition of {record['year']}.",
              "Why it is published:", _items(reasons)]  # fmt: skip
        if based:
            vi.append(f"So sánh với các ấn bản: {based}.")
            en.append(f"Told against editions: {based}.")
        return "\n\n".join([*vi, *en]) + "\n"
    totals = _totals(changes)
    counts = changes.groupby("table").agg(n=("row", "size"), rows=("row", "nunique"))
    numbers = [(table, str(one["rows"]), str(one["n"])) for table, one in counts.iterrows()]
    reports = sorted(
        name for name in {*old_reports, *new_reports}
        if old_reports.get(name) != new_reports.get(name)
    )  # fmt: skip
    vi = [
        f"# Ấn bản {label}: những gì khác ấn bản {before}",
        "## Lý do", _items(reasons),
        "## Nguyên nhân",
        _items(f"{KIND[one.kind]} `{one.name}`: {HOW[one.how]}" for one in inputs),
        "## Mức độ",
        f"{len(changes)} giá trị khác nhau; từng giá trị ở `CHANGES.csv`. Số được so sánh sau khi "
        "làm tròn chín chữ số thập phân, như khi xếp hạng.",
        _grid(("bảng", "số dòng", "số giá trị"), numbers),
        "## Chỉ số chung của các huyện",
        _grid(("dòng", "cột", "cũ", "mới"), totals) if totals else "Không thay đổi.",
        "## Báo cáo thay đổi", _items(f"`{name}`" for name in reports),
    ]  # fmt: skip
    en = [
        f"# Edition {label}: what differs from edition {before}",
        "## Why", _items(reasons),
        "## Causes", _items(f"{one.kind} `{one.name}`: {one.how}" for one in inputs),
        "## How much",
        f"{len(changes)} values differ; each is in `CHANGES.csv`. Figures are compared after "
        "rounding to nine decimals, as they are for ranks.",
        _grid(("table", "rows", "values"), numbers),
        "## Totals of the districts",
        _grid(("row", "column", "old", "new"), totals) if totals else "No change.",
        "## Reports that changed", _items(f"`{name}`" for name in reports),
    ]  # fmt: skip
    if based:
        vi.append(f"So sánh với các ấn bản: {based}.")
        en.append(f"Told against editions: {based}.")
    return "\n\n".join([*vi, *en]) + "\n"


def _totals(changes: pd.DataFrame) -> list[tuple[str, ...]]:
    """Scores, ranks, bands and flags of totals that differ."""
    is_total = changes["table"].eq("district_scores") & changes["row"].str.endswith("key=total")
    shown = changes[is_total & changes["column"].isin(["score", "rank", "band", "flag"])]
    return list(shown[["row", "column", "old", "new"]].itertuples(index=False, name=None))


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "- —"


def _grid(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
