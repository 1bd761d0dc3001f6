"""Belongs here: columns, covers, notes and small table steps that every report shares.
Does not belong here: what one product says (its own module), layout (workbook.py)."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date

import pandas as pd

from . import style
from .blocks import Block, Book, Column, Gap, Sheet, Table, Text, Tiles
from .language import Pair, Texts, fold, is_missing, split_flags

COVER_WIDTHS = (8.0,) * 12
NOTES_WIDTHS = (9.0, 26.0, 24.0, 36.0)
# column -> number format and width; anything else is text
_LOOKS: dict[str, tuple[str, float]] = {
    "code": (style.TEXT, 6.5),
    "name_vi": (style.TEXT, 40),
    "name_en": (style.TEXT, 31),
    "score": (style.DECIMAL, 9),
    "rank": (style.WHOLE, 9),
    "ranked_n": (style.WHOLE, 9.5),
    "change": (style.SIGNED, 10),
    "relative_change": (style.SIGNED_PERCENT, 11),
    "se": (style.DECIMAL3, 9),
    "p_value": (style.PROBABILITY, 9),
    "q_value": (style.PROBABILITY, 9),
    "contribution": (style.SIGNED, 11),
    "national_median_change": (style.SIGNED, 12),
    "median": (style.DECIMAL, 11),
    "best_quarter": (style.DECIMAL, 12),
    "gap_to_median": (style.SIGNED, 11),
    "gap_to_best_quarter": (style.SIGNED, 12),
    "gap_to_province": (style.SIGNED, 10),
    "ci_low": (style.DECIMAL, 9),
    "ci_high": (style.DECIMAL, 9),
    "band_probability": (style.PERCENT, 11),
    "n": (style.WHOLE, 9),
    "n_effective": (style.WHOLE, 10),
    "year": (style.YEAR, 7),
}
# Differences say their unit: beside relative changes they would be read as percentages.
_IN_POINTS = {
    "change", "contribution", "national_median_change", "gap_to_median", "gap_to_best_quarter",
    "gap_to_province",
}  # fmt: skip


def column(texts: Texts, name: str, header: str = "", **options: object) -> Column:
    """A table column with its usual heading, number format and width.

    `header`: another text key, when one frame column plays a different part.
    """
    heading = texts.say(header or f"column.{name}", **options.pop("values", {}))  # type: ignore[arg-type]
    number_format, width = _LOOKS.get(name, (style.TEXT, 12))
    made = {"number_format": number_format, "width": width, "is_quiet": name == "name_en"}
    made["unit"] = texts.say("points.word").vi if name in _IN_POINTS else ""
    return Column(name, heading.vi, heading.en, **{**made, **options})  # type: ignore[arg-type]


def paragraph(pair: Pair, kind: str = "body") -> Text:
    return Text(pair.vi, pair.en, kind)


def code_order(code: object) -> tuple[tuple[int, int | str], ...]:
    """Sorts 'TOTAL' first, 'D2' before 'D10', '2.10' after '2.9'."""
    if code == "TOTAL":
        return ()
    parts = re.findall(r"\d+|\D+", str(code))
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)


def nodes(tree: pd.DataFrame, level: str) -> pd.DataFrame:
    """The tree's nodes of one level in code order."""
    found = tree[tree["level"] == level]
    return found.sort_values("code", key=lambda s: s.map(code_order), ignore_index=True)


def with_names(frame: pd.DataFrame, tree: pd.DataFrame, level: str, flag: str) -> pd.DataFrame:
    """All nodes of a level in code order, with the frame's figures where it has a row.

    Nodes without a row get `flag`, so that a table never loses a line in silence.
    """
    names = nodes(tree, level)[["key", "code", "parent", "name_vi", "name_en"]]
    figures = frame[frame["level"] == level].drop(
        columns=["level", "code", "name_vi", "name_en"], errors="ignore"
    )
    table = names.merge(figures, on="key", how="left", validate="one_to_one")
    table["flag"] = table["flag"].astype(object).where(table["flag"].notna(), flag)
    return table


def scale_of_total(tree: pd.DataFrame) -> tuple[float, float]:
    total = tree[tree["level"] == "total"].iloc[0]
    return float(total["scale_min"]), float(total["scale_max"])


def mark_column(texts: Texts, flags: pd.Series) -> pd.Series:
    """Markers of each flag cell, '' where the figure needs none."""
    return flags.map(texts.marks).astype(object)


def band_colour(texts: Texts, band: object) -> str:
    return "" if is_missing(band) or band == "" else texts.bands[str(band)].colour


def yes_no(texts: Texts, value: object) -> object:
    """'Có / Yes' or 'Không / No'; NA stays NA and takes its flag's marker."""
    if is_missing(value):
        return pd.NA
    pair = texts.say("word.yes" if value else "word.no")
    return f"{pair.vi} / {pair.en}"


def cover(
    texts: Texts, title: Pair, subtitle: Pair, blocks: Sequence[Block], tiles: Tiles | None,
    sheets: Sequence[Sheet], year: int,
) -> Sheet:  # fmt: skip
    """The first page: title, statements, headline figures, contents in tab order, the edition.

    It prints no date of writing: the same data must give the same pages on any day.
    """
    lines: list[Block] = [paragraph(subtitle, "lead"), Gap(6)]
    if tiles:
        lines.append(tiles)
        hidden = [tile.flag for tile in tiles.tiles if is_missing(tile.value)]
        markers = used_markers(texts, hidden)
        lines += [paragraph(markers, "note"), Gap(4)] if markers else []
    lines += [*blocks, Gap(10), paragraph(texts.say("cover.contents"), "heading")]
    for number, sheet in enumerate(sheets, 1):
        pair = texts.say("cover.contents_line", number=number, vi=sheet.title_vi, en=sheet.title_en)
        lines.append(paragraph(pair, "bullet"))
    lines += [Gap(10), paragraph(texts.say("cover.edition", year=year), "note")]
    return Sheet("cover", "Bìa", title.vi, title.en, lines, "portrait", "one", COVER_WIDTHS)


def notes_sheet(
    texts: Texts, sources: Iterable[Pair], method: Iterable[Pair], sheets: Iterable[Sheet],
    extra: Sequence[Block] = (),
) -> Sheet:  # fmt: skip
    """Sources, method, the meaning of the markers in `sheets` and of the bands; `extra` last."""
    blocks: list[Block] = [paragraph(texts.say("notes.sources"), "heading")]
    blocks += [paragraph(source, "bullet") for source in sources]
    blocks += [Gap(6), paragraph(texts.say("notes.method"), "heading")]
    blocks += [paragraph(line, "bullet") for line in method]
    for key in ("notes.decimals", "notes.dash", "notes.chart_data"):
        blocks.append(paragraph(texts.say(key), "bullet"))
    flags = flags_in(sheets)
    if any(texts.flags[flag].marker for flag in flags):
        legend = flag_legend(texts, flags)
        blocks += [Gap(6), paragraph(texts.say("notes.flags"), "heading"), legend]
    blocks.append(Gap(4))
    blocks += [paragraph(texts.say("notes.bands"), "heading"), band_legend(texts)]
    blocks += list(extra)
    title = texts.say("notes.title")
    tab = texts.say("notes.tab").vi
    return Sheet("notes", tab, title.vi, title.en, blocks, "portrait", "long", NOTES_WIDTHS)


def flags_in(sheets: Iterable[Sheet]) -> set[str]:
    """Every flag that a table or a headline figure of the sheets carries."""
    found: set[str] = set()
    for block in (block for sheet in sheets for block in sheet.blocks):
        if isinstance(block, Table):
            for name in {one.flag for one in block.columns} & set(block.frame.columns):
                found.update(*map(split_flags, block.frame[name].tolist()))
        elif isinstance(block, Tiles):
            found.update(*(split_flags(tile.flag) for tile in block.tiles))
    return found


def flag_legend(texts: Texts, flags: Collection[str]) -> Table:
    """The markers of `flags` with their names and meanings."""
    rows = [
        {
            "marker": flag.marker,
            "name": f"{flag.name.vi}\n{flag.name.en}",
            "meaning": flag.meaning.vi,
            "meaning_en": flag.meaning.en,
        }
        for flag in texts.flags.values()
        if flag.marker and flag.flag in flags
    ]
    meaning = texts.say("column.meaning")
    columns = (
        column(texts, "marker", width=9, align="center"),
        column(texts, "name", width=26),
        Column("meaning", meaning.vi, "", width=34),
        Column("meaning_en", meaning.en, "", width=34, is_quiet=True),
    )
    return Table(columns, pd.DataFrame(rows), is_main=False)


def band_legend(texts: Texts) -> Table:
    rows = [
        {"order": band.order, "band": band.name.vi, "band_en": band.name.en, "colour": band.colour}
        for band in texts.bands.values()
    ]
    name = texts.say("column.band")
    columns = (
        Column("order", "", "", number_format=style.WHOLE, width=9, align="center"),
        Column("band", name.vi, "", width=26, fill_from="colour"),
        Column("band_en", name.en, "", width=24, is_quiet=True),
    )
    return Table(columns, pd.DataFrame(rows), is_main=False)


def used_markers(texts: Texts, flags: Iterable[object]) -> Pair | None:
    """One line explaining the markers that occur in `flags`; None when there is none."""
    names = sorted({name for flag in flags for name in split_flags(flag)})
    shown = [texts.flags[name] for name in names if texts.flags[name].marker]
    if not shown:
        return None
    items = [texts.say("profile.mark", marker=flag.marker, name=flag.name) for flag in shown]
    return texts.say(
        "profile.marks", marks=Pair("; ".join(i.vi for i in items), "; ".join(i.en for i in items))
    )


def opening(statement: Pair, sentences: int = 2) -> Pair:
    """The first sentences of a statement, for pages where the whole would push out the figures."""
    return Pair(*(" ".join(re.split(r"(?<=[.]) ", part)[:sentences]) for part in statement))


def signed_axis(values: pd.Series) -> tuple[float, float, float]:
    """Axis of bars to both sides of zero: lowest, highest, step.

    There is room for the bars' labels, and zero is one of the ticks.
    """
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = max(high - low, 0.1)
    step = next(step for step in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if step >= span / 8)
    return (
        round(step * math.floor((low - 0.12 * span) / step), 2) if low else 0.0,
        round(step * math.ceil((high + 0.12 * span) / step), 2) if high else 0.0,
        step,
    )


def both(pair: Pair) -> str:
    """'Thứ hạng / Rank', or one of them where both are the same word."""
    return pair.vi if fold(pair.vi) == fold(pair.en) else f"{pair.vi} / {pair.en}"


def two_lines(pair: Pair) -> str:
    return f"{pair.vi}\n{pair.en}"


def short_name(texts: Texts, key: str, name: Pair) -> Pair:
    """A dimension's short name for a chart or a narrow heading."""
    return texts.say(f"short.{key}") if texts.has(f"short.{key}") else name


def make_book(
    texts: Texts, title: Pair, sheets: Sequence[Sheet], created: date, is_sample: bool = False
) -> Book:
    data_title = texts.say("chart_data.title")
    return Book(
        title.vi, title.en, sheets, created, texts.markers, is_sample,
        texts.say("chart_data.tab").vi, Text(data_title.vi, data_title.en),
    )  # fmt: skip
