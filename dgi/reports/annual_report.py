"""Belongs here: product P7, the yearly report of the district survey.
Does not belong here: one district's own pages (district_profile.py), any estimate (dgi.index)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import pandas as pd

from . import style
from .annual_findings import comparison_notes, findings
from .blocks import Block, Book, Chart, Column, Gap, Series, Sheet, Table, Text, Tile, Tiles
from .common import (
    band_legend,
    both,
    column,
    cover,
    make_book,
    notes_sheet,
    opening,
    paragraph,
    scale_of_total,
)
from .district_tables import (
    PROVINCE,
    change_columns,
    change_rows,
    dimension_matrix,
    district_names,
    heading,
    indicator_matrix,
    ranking_table,
    since_last_year,
    sub_dimension_matrix,
    totals,
)
from .language import Pair, Texts, joined, number


def build_annual_report(
    year: int, district_scores: pd.DataFrame, district_changes: pd.DataFrame,
    indicator_estimates: pd.DataFrame, tree: pd.DataFrame, texts: Texts, set_statement: Pair,
    sample_quality: pd.DataFrame, absent: Sequence[Pair | str], *, created: date,
) -> Book:  # fmt: skip
    """Product P7 for one survey year.

    Frames hold the published tables' columns; rows of other years are ignored.
    tree: the year's district set with its indicators. set_statement: what the set is and is not.
    sample_quality: one row per district (column `district`, then any measures; a column `<x>`
    is headed by the text `column.<x>` where there is one). absent: districts without answers.
    created: for the file's properties only, nothing prints it.
    The book carries the sample banner when any row of any frame is sample data.
    """
    scores, changes, estimates = (
        frame[frame["survey_year"] == year]
        for frame in (district_scores, since_last_year(district_changes), indicator_estimates)
    )
    report = _AnnualReport(
        texts, year, scores, changes, estimates, tree, set_statement, sample_quality, absent
    )
    return report.book(created)


def any_sample(*frames: pd.DataFrame) -> bool:
    """Does any row say that it is sample data?"""
    return any(bool(frame["is_sample"].astype("boolean").fillna(True).any()) for frame in frames)


MOST_UNITS_ON_A_PAGE = 20  # rows that can still be read where a sheet is scaled to one page


class _AnnualReport:
    def __init__(
        self, texts: Texts, year: int, scores: pd.DataFrame, changes: pd.DataFrame,
        estimates: pd.DataFrame, tree: pd.DataFrame, statement: Pair, quality: pd.DataFrame,
        absent: Sequence[Pair | str],
    ) -> None:  # fmt: skip
        self.texts, self.year, self.tree = texts, year, tree
        self.scores, self.changes, self.estimates = scores, changes, estimates
        self.statement, self.quality = Pair(*statement), quality
        self.absent = [Pair(x, x) if isinstance(x, str) else Pair(*x) for x in absent]
        self.names = district_names(texts, scores)
        self.is_sample = any_sample(scores, changes, estimates)

    def book(self, created: date) -> Book:
        say = self.texts.say
        title = say("annual.title", year=self.year)
        sheets = [
            self._summary(), self._dimensions(), self._sub_dimensions(), *self._changes(),
            self._indicators(), self._sample(),
        ]  # fmt: skip
        sheets.append(self._notes(sheets))
        blocks: list[Block] = [paragraph(opening(self.statement))]
        if self.is_sample:
            blocks.insert(0, paragraph(say("cover.sample"), "warning"))
        blocks += self._absent()
        subtitle = say("annual.subtitle", count=len(self._surveyed()))
        first = cover(self.texts, title, subtitle, blocks, self._tiles(), sheets, self.year)
        return make_book(self.texts, title, [first, *sheets], created, self.is_sample)

    def _absent(self) -> list[Block]:
        if not self.absent:
            return []
        text = self.texts.say("annual.absent", names=joined(self.absent))
        return [paragraph(text, "warning")]

    def _surveyed(self) -> pd.DataFrame:
        """Units that were asked, with or without a total that may be shown."""
        table = totals(self.scores)
        return table[(table["district"] != PROVINCE) & table["n"].fillna(0).gt(0)]

    def _with_score(self) -> pd.DataFrame:
        table = totals(self.scores)
        return table[(table["district"] != PROVINCE) & table["score"].notna()]

    def _tiles(self) -> Tiles:
        say, table, surveyed = self.texts.say, self._with_score(), self._surveyed()
        province = self.scores[
            (self.scores["district"] == PROVINCE) & (self.scores["level"] == "total")
        ]
        score, flag = (pd.NA, "suppressed_incomplete")
        if not province.empty:
            score, flag = province["score"].iloc[0], province["flag"].iloc[0]
        spread: object = pd.NA
        if len(table):
            low, high = number(table["score"].min()), number(table["score"].max())
            spread = f"{low.vi}–{high.vi}"
        tiles = [
            Tile(paragraph(say("annual.tile.province")), score, style.DECIMAL, flag),
            Tile(paragraph(say("annual.tile.districts")), len(surveyed), style.WHOLE),
            Tile(paragraph(say("annual.tile.interviews")), int(surveyed["n"].sum()), style.WHOLE),
            Tile(paragraph(say("annual.tile.range")), spread, flag="suppressed_incomplete"),
        ]  # fmt: skip
        return Tiles(tiles)

    def _sheet(
        self, key: str, blocks: Sequence[Block], orientation: str, pages: str,
        widths: Sequence[float] = (),
    ) -> Sheet:  # fmt: skip
        title = self.texts.say(f"annual.{key}.title", year=self.year)
        tab = self.texts.say(f"annual.{key}.tab").vi
        if len(self.names) > MOST_UNITS_ON_A_PAGE:
            pages = "long"
        return Sheet(key, tab, title.vi, title.en, blocks, orientation, pages, widths)

    def _summary(self) -> Sheet:
        said = findings(self.texts, self.scores, self.changes, self.tree, self.names)
        blocks: list[Block] = [*self._absent(), *(paragraph(pair, "bullet") for pair in said)]
        columns, table = ranking_table(self.texts, self.scores)
        blocks += [Gap(4), Table(columns, table), Gap(4)]
        if len(self._with_score()):
            blocks.append(self._ranking_chart())
        return self._sheet("summary", blocks, "portrait", "one")

    def _ranking_chart(self) -> Chart:
        say, frame = self.texts.say, self._with_score().copy()
        frame["label"] = [self.names[unit].vi for unit in frame["district"]]
        series = [Series("score", both(say("annual.series.score")), low="ci_low", high="ci_high")]
        province = self.scores[
            (self.scores["district"] == PROVINCE) & (self.scores["level"] == "total")
        ]["score"].dropna()
        if len(province):
            frame["province"] = float(province.iloc[0])
            label = both(say("word.province"))
            series.append(
                Series("province", label, style.ORANGE, "dash", as_line=True, marker="none")
            )
        # Points and intervals, not bars: bars would have to start at the scale's lowest value,
        # and districts that differ by a few points would all look the same.
        low, high = frame["ci_low"].min(), frame["ci_high"].max()
        height = max(8.6, 0.45 * len(frame))
        return Chart("dot", heading(self.texts, "annual.chart.total"), frame, "label", series,
                     both(say("points.word")), number_format="0", axis_min=math.floor(low - 0.5),
                     axis_max=math.ceil(high + 0.5), height_cm=height)  # fmt: skip

    def _dimensions(self) -> Sheet:
        columns, table = dimension_matrix(self.texts, self.scores, self.tree)
        legend = band_legend(self.texts)
        # The legend fits below the matrix: number, name, English name in its first columns.
        narrow = [
            Column("band", "", "", width=25, fill_from="colour"),
            Column("band_en", "", "", width=11, is_quiet=True),
        ]
        blocks: list[Block] = [self._how_to_read(), Table(columns, table), Gap(4)]
        blocks.append(Table(narrow, legend.frame, is_main=False, has_header=False))
        return self._sheet("dimensions", blocks, "landscape", "one")

    def _sub_dimensions(self) -> Sheet:
        columns, table = sub_dimension_matrix(self.texts, self.scores, self.tree)
        blocks: list[Block] = [self._how_to_read(), Table(columns, table)]
        return self._sheet("sub", blocks, "landscape", "one")

    def _how_to_read(self) -> Text:
        bands = list(self.texts.bands.values())
        names = Pair(", ".join(b.name.vi.lower() for b in bands),
                     ", ".join(b.name.en.lower() for b in bands))  # fmt: skip
        return paragraph(self.texts.say("annual.dimensions.read", bands=names))

    def _changes(self) -> list[Sheet]:
        say = self.texts.say
        table = change_rows(self.texts, self.changes, self.tree, self.names)
        notes = comparison_notes(self.texts, self.year, self.changes, self.names)
        blocks: list[Block] = [paragraph(pair, "warning") for pair in notes]
        known = table["change"].notna().any()
        if not known:
            reason = say("annual.no_base", reason=say("annual.why.first"))
            blocks.append(paragraph(reason, "warning"))
        by_total = table[table["level"] == "total"].copy()
        by_total["_last"] = by_total["district"] == PROVINCE
        by_total = by_total.sort_values(["_last", "change"], ascending=[True, False])
        district = column(self.texts, "name", "column.district", width=25)
        columns = [district, *change_columns(self.texts)]
        blocks.append(Table(columns, by_total))
        widths = [one.width for one in columns]
        if known:
            series = [Series("change", both(say("column.change")), low="low", high="high",
                             by_sign=True)]  # fmt: skip
            chart = Chart("bar", heading(self.texts, "annual.changes.chart"), by_total, "name",
                          series, both(say("points.word")), number_format=style.SIGNED1,
                          axis_min=math.floor(min(by_total["low"].min(), 0)),
                          axis_max=math.ceil(max(by_total["high"].max(), 0)),
                          height_cm=11.5)  # fmt: skip
            blocks += [Gap(4), chart]
        first = self._sheet("changes", blocks, "portrait", "one", widths)
        if not known:
            return [first]
        # A change that was not measured has one line in the sheet of totals; parts add nothing.
        parts = table[(table["level"] == "dimension")]
        measured, *marks = change_columns(self.texts)
        columns = [
            district, column(self.texts, "code"), column(self.texts, "name_vi"), measured,
            marks[0], column(self.texts, "contribution", flag="contribution_flag"), *marks[1:],
        ]  # fmt: skip
        second = self._sheet("changes_dimensions", [Table(columns, parts)], "landscape", "long")
        return [first, second]

    def _indicators(self) -> Sheet:
        columns, table = indicator_matrix(self.texts, self.estimates, self.scores, self.tree)
        read = paragraph(self.texts.say("annual.indicators.read"), "note")
        return self._sheet("indicators", [read, Table(columns, table)], "landscape", "long")

    def _sample(self) -> Sheet:
        sizes = totals(self.scores)[["district", "n", "n_effective", "flag"]]
        measures = [
            name for name in self.quality.columns
            if name not in (*sizes.columns, "survey_year", "is_sample")
        ]  # fmt: skip
        table = sizes.merge(self.quality[["district", *measures]], on="district", how="left")
        is_province = table["district"] == PROVINCE
        for name in measures:
            # Counts add up to the province's; with a district absent they would not.
            if name.endswith("_n") and not self.absent:
                table.loc[is_province, name] = table[name].sum()
        table["name"] = [self.names[unit].vi for unit in table["district"]]
        table["row_style"] = is_province.map({True: "strong", False: ""})
        columns = [column(self.texts, "name", "column.district", width=25)]
        columns += [] if "kept_n" in measures else [column(self.texts, "n")]
        columns.append(column(self.texts, "n_effective"))
        columns += [self._measure(name, table[name]) for name in measures]
        return self._sheet("sample", [Table(columns, table)], "landscape", "one")

    def _measure(self, name: str, values: pd.Series) -> Column:
        """A column of the quality frame: shares and rates in percent, whole numbers as such."""
        number_format = style.TEXT
        if pd.api.types.is_numeric_dtype(values):
            present = values.dropna()
            is_whole = bool((present == present.round()).all())
            number_format = style.WHOLE if is_whole else style.DECIMAL
            if name.endswith(("_share", "_rate")):
                number_format = style.PERCENT
        if self.texts.has(f"column.{name}"):
            return column(self.texts, name, number_format=number_format, width=12)
        return Column(name, name, "", number_format=number_format, width=12)

    def _notes(self, sheets: Sequence[Sheet]) -> Sheet:
        say = self.texts.say
        low, high = scale_of_total(self.tree)
        n = totals(self.scores).query("district != @PROVINCE")["n"].fillna(0).sum()
        sources = [say("annual.source", year=self.year, n=number(n, 0)), self.statement]
        method = [
            say("annual.note.scale", low=f"{low:g}", high=f"{high:g}"), say("annual.note.se"),
            say("annual.note.rank"), say("annual.note.q"), say("annual.note.contribution"),
            *comparison_notes(self.texts, self.year, self.changes, self.names),
        ]  # fmt: skip
        if self.absent:
            method.append(say("annual.absent", names=joined(self.absent)))
        return notes_sheet(self.texts, sources, method, sheets)
