"""Belongs here: a province's published totals and ranks over the years, as a table and two charts.
Does not belong here: the reporting year's own findings (papi_findings.py)."""

from __future__ import annotations

import math

import pandas as pd

from . import style
from .blocks import Block, Chart, Series
from .common import both, mark_column, two_lines
from .language import Texts

# Beyond so many years the labels of the axis would touch: then two digits a year.
_LONG = 8


def province_trend(
    texts: Texts, scores: pd.DataFrame, province_code: str, year: int
) -> pd.DataFrame:
    """One row per year to `year`: year, score, rank, ranked_n, parts (dimensions), scale, marks.

    A year without a published total stays as a row with its flag.
    """
    dimensions = scores[scores["level"] == "dimension"]
    parts = dimensions.groupby("survey_year")["key"].nunique()
    totals = scores[(scores["level"] == "total") & (scores["province_code"] == province_code)]
    trend = totals.set_index("survey_year").reindex(parts.index)
    trend = trend[["score", "rank", "ranked_n", "flag"]]
    flags = trend["flag"].astype(object)
    trend["flag"] = flags.where(flags.notna(), "suppressed_officially")
    trend["rank"] = trend["rank"].where(trend["score"].notna())
    trend["parts"] = parts
    trend["scale"] = [f"{n}–{10 * n}" for n in parts]
    trend["marks"] = mark_column(texts, trend["flag"])
    trend["row_style"] = ["strong" if one == year else "" for one in trend.index]
    return trend.rename_axis("year").reset_index()


def trend_charts(texts: Texts, trend: pd.DataFrame) -> list[Block]:
    """Total and rank side by side; totals of 6 and of 8 dimensions are two lines, never joined."""
    if trend["score"].notna().sum() < 2:
        return []
    frame = trend.copy()
    is_long = len(frame) > _LONG
    frame["label"] = [f"’{year % 100:02d}" if is_long else str(year) for year in frame["year"]]
    counts = sorted(frame.loc[frame["score"].notna(), "parts"].unique())
    looks = [(style.BLUE, "solid", "circle"), (style.ORANGE, "sysDash", "diamond")]
    series = []
    for count, (colour, dash, marker) in zip(counts, looks, strict=False):
        frame[f"total_{count}"] = frame["score"].where(frame["parts"] == count)
        label = both(texts.say("papi.series.dimensions", count=count))
        series.append(Series(f"total_{count}", label, colour, dash, marker=marker))
    most = float(frame["ranked_n"].max())
    rank = both(texts.say("papi.series.rank"))
    totals = Chart(
        "line", two_lines(texts.say("papi.chart.total")), frame, "label", series,
        both(texts.say("points.word")), number_format="0",
        axis_min=math.floor(frame["score"].min() - 1),
        axis_max=math.ceil(frame["score"].max() + 1),
        height_cm=7.2, columns=3, stays_on_row=True,
    )  # fmt: skip
    # First, middle and last place on the axis: there is no place 0.
    ranks = Chart(
        "line", two_lines(texts.say("papi.chart.rank")), frame, "label", [Series("rank", rank)],
        rank, number_format="0", axis_min=1, axis_max=most, major_unit=(most - 1) / 2,
        height_cm=7.2, is_reversed=True, column=4,
    )  # fmt: skip
    return [totals, ranks]
