"""Belongs here: the two-page profile of one district for one survey year.
Does not belong here: comparisons of all districts (annual_report.py), any estimate (dgi.index)."""

from __future__ import annotations

from datetime import date

import pandas as pd

from . import style
from .annual_findings import comparison_notes
from .annual_report import any_sample
from .blocks import Block, Book, Chart, Column, Gap, Series, Sheet, Table, Tile, Tiles
from .common import both, column, make_book, opening, paragraph, used_markers
from .district_tables import (
    PROVINCE,
    against_province,
    cells_of,
    change_columns,
    change_rows,
    chart_label,
    district_names,
    heading,
    interval_text,
    name_bands,
    since_last_year,
)
from .language import Pair, Texts, is_missing, is_true, joined, number, percent, probability
from .papi_findings import verb

WEAKEST = 3


def build_district_profile(
    year: int, district: str, district_scores: pd.DataFrame, district_changes: pd.DataFrame,
    indicator_estimates: pd.DataFrame, tree: pd.DataFrame, texts: Texts, set_statement: Pair,
    *, created: date,
) -> Book:  # fmt: skip
    """Two printable pages about one district: its star chart, its parts, what changed.

    Frames hold the published tables' columns for all districts (the province and the best
    district are read from them). created: for the file's properties only, nothing prints it.
    Raises KeyError when the district has no row in that year.
    """
    scores, changes, estimates = (
        frame[frame["survey_year"] == year]
        for frame in (district_scores, since_last_year(district_changes), indicator_estimates)
    )
    if district not in set(scores["district"]):
        raise KeyError(f"{district} has no row in district_scores of {year}")
    return _Profile(
        texts, year, district, scores, changes, estimates, tree, Pair(*set_statement)
    ).book(created)


class _Profile:
    def __init__(
        self, texts: Texts, year: int, district: str, scores: pd.DataFrame,
        changes: pd.DataFrame, estimates: pd.DataFrame, tree: pd.DataFrame, statement: Pair,
    ) -> None:  # fmt: skip
        self.texts, self.year, self.district, self.tree = texts, year, district, tree
        self.scores, self.statement = scores, statement
        self.names = district_names(texts, scores)
        self.name = self.names[district]
        self.changes = changes
        self.own_changes = changes[changes["district"] == district]
        self.is_sample = any_sample(scores, changes, estimates)
        self.dimensions = self._level("dimension")
        self.parts = self._level("sub_dimension")
        own = scores[(scores["district"] == district) & (scores["level"] == "total")]
        self.total = name_bands(texts, own).iloc[0]
        self.weakest = self._weakest()

    def _level(self, level: str) -> pd.DataFrame:
        return against_province(self.texts, self.scores, self.tree, level, self.district)

    def book(self, created: date) -> Book:
        title = self.texts.say("profile.title", district=self.name, year=self.year)
        pages = [self._page_one(title), self._page_two()]
        return make_book(self.texts, title, pages, created, self.is_sample)

    def _page_one(self, title: Pair) -> Sheet:
        say = self.texts.say
        blocks: list[Block] = [self._tiles()]
        blocks += [paragraph(pair, "bullet") for pair in self._sentences()]
        blocks += [paragraph(say("profile.dimensions"), "heading")]
        blocks += [Table(self._score_columns(), self.dimensions), Gap(4), self._radar()]
        blocks.append(paragraph(opening(self.statement), "note"))
        return Sheet("page_1", say("profile.page1.tab").vi, title.vi, title.en, blocks,
                     "portrait", "one")  # fmt: skip

    def _tiles(self) -> Tiles:
        say, row = self.texts.say, self.total
        rank = say("papi.tile.rank_none")
        if not is_missing(row["rank"]):
            rank = say("papi.tile.rank", n=int(row["ranked_n"]))
        ranks = interval_text(row["rank_low"], row["rank_high"])
        tiles = [
            (say("papi.tile.total"), row["score"], style.DECIMAL),
            (rank, row["rank"], style.WHOLE),
            (say("profile.tile.rank_interval"), ranks, style.TEXT),
            (say("profile.tile.band"), row["band_name"], style.TEXT),
        ]
        return Tiles([Tile(paragraph(p), v, f, flag=row["flag"]) for p, v, f in tiles])

    def _sentences(self) -> list[Pair]:
        said = [self._position(), *self._change()]
        gaps = self.dimensions["gap_to_province"].dropna()
        if len(gaps):
            above, below = int((gaps > 0).sum()), int((gaps < 0).sum())
            said.append(self.texts.say("profile.province", above=above, below=below))
        return [*said, *self._weakest_sentence()]

    def _position(self) -> Pair:
        say, row = self.texts.say, self.total
        if is_missing(row["score"]) or is_missing(row["rank"]):
            flag = self.texts.flags[str(row["flag"])].name
            flag = Pair(flag.vi.lower(), flag.en.lower())
            return say("profile.no_score", district=self.name, year=self.year, flag=flag)
        band = self.texts.band_name(row["band"])
        return say(
            "profile.rank", district=self.name, score=number(row["score"]),
            ci_low=number(row["ci_low"]), ci_high=number(row["ci_high"]), rank=int(row["rank"]),
            n=int(row["ranked_n"]), rank_low=int(row["rank_low"]),
            rank_high=int(row["rank_high"]), band=Pair(band.vi.lower(), band.en.lower()),
            probability=percent(row["band_probability"], 0),
        )  # fmt: skip

    def _change(self) -> list[Pair]:
        say = self.texts.say
        rows = self.own_changes[self.own_changes["level"] == "total"]
        if rows.empty or is_missing(rows["change"].iloc[0]):
            return [say("annual.no_base", reason=say("annual.why.first"))]
        row = rows.iloc[0]
        is_core = "common_core" in str(row["flag"])

        def answer(value: object) -> Pair:
            pair = say("word.yes" if is_true(value) else "word.no")
            return Pair(pair.vi.lower(), pair.en.lower())

        said = say(
            "profile.changed_core" if is_core else "profile.changed", base=int(row["base_year"]),
            verb=verb(self.texts, row["change"]), change=number(abs(row["change"])),
            p=probability(row["p_value"]), q=probability(row["q_value"]),
            significant=answer(row["is_significant"]),
            official=answer(row["is_official_change"]),
        )  # fmt: skip
        about = comparison_notes(self.texts, self.year, self.changes, self.names, [self.district])
        return [said, *about]

    def _weakest(self) -> pd.DataFrame:
        """The sub-dimensions furthest below the province, as a share of their own scale."""
        behind = self.parts[self.parts["gap_to_province"] < 0]
        scale = self.tree.set_index("key")
        span = (scale["scale_max"] - scale["scale_min"]).reindex(behind["key"]).to_numpy(float)
        order = (behind["gap_to_province"] / span).sort_values()
        return behind.loc[order.index[:WEAKEST]]

    def _weakest_sentence(self) -> list[Pair]:
        say, weakest = self.texts.say, self.weakest
        if self.parts["gap_to_province"].notna().sum() == 0:
            return []
        if weakest.empty:
            return [say("profile.weakest_none")]
        items = [
            say("profile.item_took", name=Pair(row.name_vi, row.name_en),
                change=number(row.gap_to_province, signed=True))
            for row in weakest.itertuples()
        ]  # fmt: skip
        return [say("profile.weakest", names=joined(items))]

    def _score_columns(self) -> list[Column]:
        texts = self.texts
        return [
            column(texts, "code"), column(texts, "name_vi"),
            column(texts, "score"), column(texts, "ci_low"), column(texts, "ci_high"),
            column(texts, "province", number_format=style.DECIMAL, width=9,
                   flag="province_flag"),
            column(texts, "gap_to_province", flag="gap_flag"),
            column(texts, "best_district", number_format=style.DECIMAL, width=9),
            column(texts, "band_name", "column.band", width=15, align="center",
                   fill_from="band_colour"),
            column(texts, "band_probability"),
        ]  # fmt: skip

    def _radar(self) -> Chart:
        say, frame = self.texts.say, self.dimensions.copy()
        frame["label"] = [chart_label(self.texts, row) for row in frame.itertuples()]
        series = [
            Series("score", self.name.vi, style.BLUE),
            Series("province", both(say("word.province")), style.GREY, "sysDash",
                   marker="square"),
            Series("best_district", both(say("profile.radar.best")), style.ORANGE, "sysDot",
                   marker="triangle"),
        ]  # fmt: skip
        series = [one for one in series if frame[one.name].notna().any()]
        return Chart("radar", heading(self.texts, "profile.radar"), frame, "label", series,
                     number_format="0", axis_min=1, axis_max=10, major_unit=3,
                     height_cm=12.5)  # fmt: skip

    def _page_two(self) -> Sheet:
        say = self.texts.say
        changes = change_rows(self.texts, self.own_changes, self.tree, self.names)
        parts = self.parts.copy()
        moved = cells_of(self.own_changes, "change")
        found = [
            moved.get((self.district, key), (float("nan"), "no_base_year")) for key in parts["key"]
        ]
        parts["change"], parts["change_flag"] = zip(*found, strict=True)
        is_weak = [at in self.weakest.index for at in parts.index]
        parts["note"] = [say("word.weakest").vi if weak else "" for weak in is_weak]
        parts["row_style"] = ["marked" if weak else "" for weak in is_weak]
        notes = [paragraph(say("profile.weakest_note"), "note")] if any(is_weak) else []
        blocks: list[Block] = [
            paragraph(say("profile.sub"), "heading"),
            Table(self._part_columns(), parts, notes), Gap(6),
            paragraph(say("profile.changes"), "heading"),
            Table(self._change_columns(), changes, is_main=False), Gap(6),
            paragraph(say("profile.sample"), "heading"), paragraph(self._sample_line()), Gap(4),
            *self._footnotes([*changes["flag"], *parts["flag"], *parts["change_flag"]]),
        ]  # fmt: skip
        title = say("profile.page2.title", district=self.name, year=self.year)
        return Sheet("page_2", say("profile.page2.tab").vi, title.vi, title.en, blocks,
                     "portrait", "one")  # fmt: skip

    def _part_columns(self) -> list[Column]:
        """Aligned with the change table below: both tables share the sheet's columns."""
        texts = self.texts
        return [
            *self._score_columns()[:7],
            column(texts, "best_district", number_format=style.DECIMAL, width=10),
            column(texts, "band_name", "column.band", width=15, align="center",
                   fill_from="band_colour"),
            column(texts, "change", flag="change_flag", width=15),
            column(texts, "note", align="center", width=10),
        ]  # fmt: skip

    def _change_columns(self) -> list[Column]:
        change, relative, *rest = change_columns(self.texts)
        return [
            column(self.texts, "code"), column(self.texts, "name_vi"), change,
            relative,
            column(self.texts, "contribution", width=11, flag="contribution_flag"), *rest,
        ]  # fmt: skip

    def _sample_line(self) -> Pair:
        row = self.total
        n = 0 if is_missing(row["n"]) else row["n"]
        effective = row["n_effective"]
        shown = Pair("–", "–") if is_missing(effective) else number(effective, 0)
        return self.texts.say("profile.sample_line", n=number(n, 0), n_effective=shown)

    def _footnotes(self, flags: list[object]) -> list[Block]:
        say = self.texts.say
        lines = [say("annual.note.q"), say("annual.note.se"), say("annual.note.contribution")]
        if self.district == PROVINCE:
            lines = lines[:2]
        markers = used_markers(self.texts, flags)
        lines += [markers] if markers else []
        return [paragraph(line, "note") for line in [*lines, say("notes.dash")]]
