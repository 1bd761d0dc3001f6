"""Belongs here: what a workbook can be made of, as plain declarations.
Does not belong here: openpyxl, figures, texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from . import style


@dataclass(frozen=True)
class Column:
    """One table column.

    name: column of the frame. flag: column whose flag explains a missing value.
    format_from: column that holds a number format per row, where rows differ in unit.
    fill_from: column that holds a background colour per row (RRGGBB, '' for none).
    """

    name: str
    header_vi: str
    header_en: str
    unit: str = ""
    number_format: str = style.TEXT
    width: float = 10
    flag: str = "flag"
    align: str = ""
    is_quiet: bool = False
    format_from: str = ""
    fill_from: str = ""
    is_upright: bool = False


@dataclass(frozen=True)
class Table:
    """A frame to print. Its `row_style` column ('', 'strong', 'marked') sets off whole rows."""

    columns: Sequence[Column]
    frame: pd.DataFrame
    notes: Sequence[Text] = ()
    is_main: bool = True
    has_header: bool = True


@dataclass(frozen=True)
class Series:
    """One line, or one set of bars, of a chart. low/high: columns of an interval, if any."""

    name: str
    label: str
    colour: str = style.BLUE
    dash: str = "solid"
    as_line: bool = False
    low: str = ""
    high: str = ""
    marker: str = "circle"
    by_sign: bool = False


@dataclass(frozen=True)
class Chart:
    """A native chart. kind: bar (lying), column (standing), line, dot, radar.

    The frame goes to the chart data sheet with missing values left blank, because a marker text
    in a chart's range would be drawn as 0. column, columns: first sheet column and how many it
    spans (0: to the right edge). stays_on_row: the next chart stands beside it.
    is_beside_table: it stands beside the table before it, from its first row to its last.
    """

    kind: str
    title: str
    frame: pd.DataFrame
    category: str
    series: Sequence[Series]
    axis_title: str = ""
    number_format: str = style.DECIMAL
    axis_min: float | None = None
    axis_max: float | None = None
    major_unit: float | None = None
    height_cm: float = 8.0
    has_labels: bool = False
    is_reversed: bool = False
    column: int = 1
    columns: int = 0
    stays_on_row: bool = False
    is_beside_table: bool = False


@dataclass(frozen=True)
class Text:
    """One paragraph, Vietnamese first. style: lead, body, bullet, note, heading, warning, title."""

    vi: str
    en: str = ""
    style: str = "body"


@dataclass(frozen=True)
class Tile:
    """One headline figure."""

    label: Text
    value: object
    number_format: str = style.TEXT
    flag: object = None


@dataclass(frozen=True)
class Tiles:
    """Headline figures side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Gap:
    """Empty space."""

    points: float = 10


Block = Table | Chart | Text | Tiles | Gap


@dataclass(frozen=True)
class Sheet:
    """One printed unit. pages: 'one' scales to a single page, 'long' only to the width.

    widths: column widths of a sheet whose tables do not give them.
    """

    key: str
    tab: str
    title_vi: str
    title_en: str
    blocks: Sequence[Block]
    orientation: str = "landscape"
    pages: str = "long"
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Book:
    """A workbook. created: the date in the file's properties; the caller gives it (no clock)."""

    title_vi: str
    title_en: str
    sheets: Sequence[Sheet]
    created: date
    markers: Mapping[str, str] = field(default_factory=dict)
    sample_data: bool = False
    chart_data_tab: str = "Số liệu biểu đồ"
    chart_data_title: Text = Text("Số liệu của các biểu đồ", "Figures behind the charts")
