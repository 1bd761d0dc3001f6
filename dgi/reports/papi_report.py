"""Belongs here: product P1, the yearly report on a province's published PAPI scores.
Does not belong here: ranks, medians and contributions themselves (dgi.index)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from . import style
from .blocks import Block, Book, Chart, Column, Gap, Series, Sheet, Table, Tile, Tiles
from .common import (
    band_colour,
    both,
    column,
    cover,
    make_book,
    nodes,
    notes_sheet,
    paragraph,
    scale_of_total,
    short_name,
    signed_axis,
    two_lines,
    used_markers,
    with_names,
)
from .language import Pair, Texts, is_missing, number
from .papi_findings import comparison_row, contributions, findings, row_at, why_no_comparison
from .papi_trend import province_trend, trend_charts

WEAKEST, ON_COVER = 3, 2
_SUPPRESSED = "suppressed_officially"


def build_papi_report(
    year: int, province_code: str, scores: pd.DataFrame, diagnosis: pd.DataFrame,
    tree: pd.DataFrame, texts: Texts, reasons: pd.DataFrame, *, created: date,
    province_name: Pair | None = None, sources: Sequence[str] = (),
) -> Book:  # fmt: skip
    """Product P1 for one province and year.

    scores: papi_scores of all provinces, `year` and every earlier year at hand.
    diagnosis: papi_diagnosis rows; those of the province and year are used.
    tree: the year's structure (level, key, code, parent, name_vi, name_en, scale_min, scale_max).
    created: for the file's properties only, nothing prints it.
    reasons: survey_year, province_code, key, reason_vi, reason_en, source of missing figures.
    sources: where this copy of the scores comes from, one line each.
    A year without a published total comes out without a rank and without a change.
    """
    scores = scores[scores["survey_year"] <= year]
    own = diagnosis[
        (diagnosis["survey_year"] == year) & (diagnosis["province_code"] == province_code)
    ]
    why = reasons[
        (reasons["survey_year"] == year) & (reasons["province_code"] == province_code)
    ].drop_duplicates("key")
    if province_name is None:
        name = scores.loc[scores["province_code"] == province_code, "province_name"].iloc[0]
        province_name = Pair(name, name)
    report = _PapiReport(texts, year, province_code, province_name, scores, own, tree, why, sources)
    return report.book(created)


class _PapiReport:
    def __init__(
        self, texts: Texts, year: int, code: str, province: Pair, scores: pd.DataFrame,
        diagnosis: pd.DataFrame, tree: pd.DataFrame, reasons: pd.DataFrame,
        sources: Sequence[str],
    ) -> None:  # fmt: skip
        self.texts, self.year, self.code, self.province = texts, year, code, province
        self.scores, self.diagnosis, self.tree = scores, diagnosis, tree
        self.reasons, self.sources = reasons, sources
        self.comparison = comparison_row(diagnosis)
        self.findings = findings(texts, year, province, code, scores, diagnosis, tree, reasons)

    def book(self, created: date) -> Book:
        say = self.texts.say
        title = say("papi.title", province=self.province, year=self.year)
        sheets = [self._summary(), self._dimensions(), self._sub_dimensions()]
        gaps = self._gaps()
        sheets += [gaps] if gaps else []
        sheets.append(self._contributions())
        sheets.append(self._notes(sheets))
        blocks = [paragraph(say("papi.statement"))]
        if is_missing(self._total("score")):
            blocks.append(paragraph(self.findings[0], "warning"))
        else:
            blocks += [paragraph(pair, "bullet") for pair in self.findings[:ON_COVER]]
        first = cover(
            self.texts, title, say("papi.subtitle"), blocks, self._tiles(), sheets, self.year
        )
        return make_book(self.texts, title, [first, *sheets], created)

    def _total(self, name: str) -> Any:
        row = row_at(self.diagnosis, "total")
        return pd.NA if row is None else row[name]

    def _tiles(self) -> Tiles:
        say = self.texts.say
        flag = self._total("flag")
        flag = _SUPPRESSED if is_missing(flag) else flag
        n = self._total("ranked_n")
        has_total = not is_missing(self._total("score"))
        rank = say("papi.tile.rank", n=int(n)) if has_total else say("papi.tile.rank_none")
        change, label, why = pd.NA, say("papi.tile.change_none"), flag
        if self.comparison:
            row, is_core = self.comparison
            key = "papi.tile.change_core" if is_core else "papi.tile.change"
            change, label = row["change"], say(key, year=int(row["base_year"]))
        tiles = [
            (say("papi.tile.total"), self._total("score"), style.DECIMAL, flag),
            (rank, self._total("rank"), style.WHOLE, flag),
            (label, change, style.SIGNED, why),
            (say("papi.tile.gap"), self._total("gap_to_median"), style.SIGNED, flag),
        ]
        return Tiles([Tile(paragraph(p), v, f, flag=g) for p, v, f, g in tiles])

    def _summary(self) -> Sheet:
        say = self.texts.say
        blocks: list[Block] = [paragraph(pair, "bullet") for pair in self.findings]
        blocks += [Gap(4), paragraph(say("papi.trend"), "heading")]
        trend = province_trend(self.texts, self.scores, self.code, self.year)
        blocks += trend_charts(self.texts, trend)
        if trend.loc[trend["score"].notna(), "parts"].nunique() > 1:
            blocks.append(paragraph(say("papi.trend_break"), "note"))
        columns = (
            column(self.texts, "year", width=12, align="center"),
            column(self.texts, "score", "column.total", width=18),
            column(self.texts, "scale", width=18, align="right"),
            column(self.texts, "rank", width=16),
            column(self.texts, "ranked_n", width=18),
            column(self.texts, "marks", width=16, align="center"),
        )
        markers = used_markers(self.texts, trend["flag"])
        notes = [paragraph(markers, "note")] if markers else []
        blocks.append(Table(columns, trend, notes))
        title = say("papi.summary.title", year=self.year)
        return Sheet("summary", say("papi.summary.tab").vi, title.vi, title.en, blocks,
                     "portrait", "one")  # fmt: skip

    def _level(self, level: str) -> pd.DataFrame:
        table = with_names(self.diagnosis, self.tree, level, _SUPPRESSED)
        table["band_colour"] = [band_colour(self.texts, band) for band in table["band"]]
        table["band"] = [
            pd.NA if is_missing(band) or band == "" else self.texts.band_name(band).vi
            for band in table["band"]
        ]
        table["row_style"] = ""
        return table

    def _columns(self) -> list[Column]:
        texts = self.texts
        return [
            column(texts, "code"), column(texts, "name_vi", "column.name_vi"),
            column(texts, "name_en"), column(texts, "score"), column(texts, "rank"),
            column(texts, "ranked_n"),
            column(texts, "band", "column.quartile", width=15, align="center",
                   fill_from="band_colour"),
            column(texts, "median"), column(texts, "gap_to_median"),
            column(texts, "best_quarter"), column(texts, "gap_to_best_quarter"),
            column(texts, "base_year", "column.compared_with", number_format=style.YEAR, width=9),
            column(texts, "change"),
            column(texts, "relative_change"),
        ]  # fmt: skip

    def _dimensions(self) -> Sheet:
        say, table = self.texts.say, self._level("dimension")
        title = say("papi.dimensions.title", year=self.year)
        blocks: list[Block] = [Table(self._columns(), table, self._base_note(table)), Gap(6)]
        table["label"] = [
            f"{row.code} {short_name(self.texts, row.key, Pair(row.name_vi, row.name_en)).vi}"
            for row in table.itertuples()
        ]
        series = [
            Series("score", self.province.vi, style.BLUE),
            Series("median", both(say("column.median")), style.GREY),
            Series("best_quarter", both(say("column.best_quarter")), "E9D8A6"),
        ]
        series = [one for one in series if table[one.name].notna().any()]
        if series:
            caption = say("papi.dimensions.chart", province=self.province, year=self.year)
            blocks.append(
                Chart("column", two_lines(caption), table, "label", series,
                      both(say("points.word")), axis_min=0, axis_max=10, major_unit=2,
                      height_cm=9.4, has_labels=True)
            )  # fmt: skip
        return Sheet("dimensions", say("papi.dimensions.tab").vi, title.vi, title.en, blocks,
                     "landscape", "one")  # fmt: skip

    def _base_note(self, table: pd.DataFrame) -> list:
        years = table.loc[table["change"].notna(), "base_year"].dropna()
        if years.empty:
            reason = why_no_comparison(self.texts, self.year, self.diagnosis)
            return [paragraph(self.texts.say("papi.no_change", reason=reason), "note")]
        return []

    def _sub_dimensions(self) -> Sheet:
        say, table = self.texts.say, self._level("sub_dimension")
        place = table["rank"].astype(float) / table["ranked_n"].astype(float)
        order = pd.DataFrame({"place": -place, "gap": table["gap_to_median"]}).dropna()
        weakest = order.sort_values(["place", "gap"]).head(WEAKEST).index
        word = say("word.weakest")
        table["note"] = ""
        table.loc[weakest, "note"] = f"{word.vi} / {word.en}"
        table.loc[weakest, "row_style"] = "marked"
        columns = [*self._columns(), column(self.texts, "note", width=19, align="center")]
        notes = [paragraph(say("papi.sub.note"), "note")] if len(weakest) else []
        title = say("papi.sub.title", year=self.year)
        return Sheet("sub_dimensions", say("papi.sub.tab").vi, title.vi, title.en,
                     [Table(columns, table, [*notes, *self._base_note(table)])],
                     "landscape", "one")  # fmt: skip

    def _gaps(self) -> Sheet | None:
        say, table = self.texts.say, self._level("sub_dimension")
        if table["gap_to_median"].notna().sum() == 0:
            return None
        table["label"] = table["code"] + " " + table["name_vi"]
        low, high, step = signed_axis(table["gap_to_median"])
        caption = say("papi.gap.chart", province=self.province, year=self.year)
        chart = Chart(
            "bar", two_lines(caption), table, "label",
            [Series("gap_to_median", both(say("column.gap_to_median")), by_sign=True)],
            both(say("points.word")), number_format=style.SIGNED,
            height_cm=max(12.0, 0.82 * len(table)), has_labels=True,
            axis_min=low, axis_max=high, major_unit=step,
        )  # fmt: skip
        title = say("papi.gap.title")
        return Sheet("gaps", say("papi.gap.tab").vi, title.vi, title.en,
                     [paragraph(say("papi.gap.read")), chart], "portrait", "one",
                     (12.0,) * 9)  # fmt: skip

    def _contributions(self) -> Sheet:
        say, title = self.texts.say, self.texts.say("papi.contrib.title")
        table = contributions(self.diagnosis, self.tree)
        tab = say("papi.contrib.tab").vi
        if self.comparison is None or table.empty:
            reason = why_no_comparison(self.texts, self.year, self.diagnosis)
            text = paragraph(say("papi.contrib.none", reason=reason), "warning")
            return Sheet("contributions", tab, title.vi, title.en, [text], "landscape", "one",
                         (15.0,) * 9)  # fmt: skip
        row, is_core = self.comparison
        base = int(row["base_year"])
        exact = say("papi.contrib.exact", change=number(row["change"], signed=True),
                    base=base, year=self.year)  # fmt: skip
        blocks: list[Block] = [paragraph(exact)]
        if is_core:
            blocks.append(paragraph(say("papi.contrib.core", base=base, year=self.year), "warning"))
        texts = self.texts
        columns = [
            column(texts, "code"), column(texts, "name_vi"), column(texts, "name_en"),
            column(texts, "base_score", values={"year": base}, number_format=style.DECIMAL,
                   width=9),
            column(texts, "score", "column.this_score", values={"year": self.year}),
            column(texts, "contribution", number_format=style.SIGNED3),
            column(texts, "national_median_change", number_format=style.SIGNED3),
        ]  # fmt: skip
        low, high, step = signed_axis(table["contribution"])
        chart = Chart(
            "bar", two_lines(say("papi.contrib.chart")), table, "code",
            [Series("contribution", both(say("column.contribution")), by_sign=True)],
            both(say("points.word")), number_format=style.SIGNED, has_labels=True, column=9,
            is_beside_table=True, axis_min=low, axis_max=high, major_unit=step,
        )  # fmt: skip
        blocks += [Table(columns, self._with_sums(table, row, is_core)), chart]
        return Sheet("contributions", tab, title.vi, title.en, blocks, "landscape", "one",
                     (6.5, 40, 31, 9, 9, 11, 12, 2, 13, 13, 13, 13))  # fmt: skip

    def _with_sums(self, table: pd.DataFrame, row: pd.Series, is_core: bool) -> pd.DataFrame:
        """The contributions, their sum, and beside it the change they must add up to."""
        say = self.texts.say
        total = say("papi.contrib.total_core" if is_core else "papi.contrib.total")
        summed = float(table["contribution"].sum())
        rows = [(say("papi.contrib.sum"), summed, pd.NA, pd.NA, pd.NA)]
        # The published total is printed to fewer digits than the sum of its parts.
        if abs(summed - float(row["change"])) >= 5e-4:
            rest = float(row["change"]) - summed
            rows.append((say("papi.contrib.rest"), rest, pd.NA, pd.NA, pd.NA))
        rows.append((total, row["change"], row["base_score"], row["score"],
                     row["national_median_change"]))  # fmt: skip
        extra = pd.DataFrame(
            [{"code": "", "name_vi": pair.vi, "name_en": pair.en, "contribution": value,
              "base_score": base, "score": score, "national_median_change": national,
              "flag": "observed", "row_style": "strong"}
             for pair, value, base, score, national in rows]
        )  # fmt: skip
        both = pd.concat([table.astype(object), extra.astype(object)], ignore_index=True)
        both["row_style"] = both["row_style"].fillna("")
        return both

    def _notes(self, sheets: Sequence[Sheet]) -> Sheet:
        say = self.texts.say
        low, high = scale_of_total(self.tree)
        count = len(nodes(self.tree, "dimension"))
        sources = [say("papi.source.scores", year=self.year)]
        sources += [say("papi.source.detail", source=source) for source in self.sources]
        method = [
            say("papi.note.scale", count=count, low=f"{low:g}", high=f"{high:g}"),
            *([say("papi.note.scale_print")] if count == 8 else []),
            say("papi.note.rank"), say("papi.note.rule"), say("papi.note.sample"),
        ]  # fmt: skip
        return notes_sheet(self.texts, sources, method, sheets, self._reasons())

    def _reasons(self) -> list[Block]:
        if self.reasons.empty:
            return []
        names = self.tree[["key", "code", "name_vi"]]
        table = names.merge(self.reasons[["key", "reason_vi", "reason_en", "source"]], on="key")
        codes = table["code"].where(table["code"] != "TOTAL", "")
        table["name_vi"] = codes + " " + table["name_vi"]
        rows = (
            table.groupby(["reason_vi", "reason_en"], sort=False)
            .agg(name=("name_vi", lambda s: "; ".join(n.strip() for n in s)),
                 source=("source", "first"))
            .reset_index()
        )  # fmt: skip
        rows.insert(0, "number", range(1, len(rows) + 1))
        rows["reason"] = rows["reason_vi"] + "\n" + rows["reason_en"]
        columns = (
            Column("number", "", "", number_format=style.WHOLE, width=9, align="center"),
            column(self.texts, "reason", width=26), column(self.texts, "source", width=24),
            column(self.texts, "name", "column.dimension", width=36),
        )  # fmt: skip
        heading = paragraph(self.texts.say("papi.reasons"), "heading")
        return [Gap(6), heading, Table(columns, rows, is_main=False)]
