"""Belongs here: native spreadsheet charts from declared ones, with their data cached inside.
Does not belong here: choosing what to chart (the reports), placing charts (workbook.py)."""

from __future__ import annotations

from typing import Any

from openpyxl.chart import BarChart, LineChart, RadarChart
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.error_bar import ErrorBars
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.series import Series as XlsxSeries
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import (
    CharacterProperties,
    Font,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
    RichTextProperties,
)
from openpyxl.utils import get_column_letter, quote_sheetname

from . import style
from .blocks import Chart, Series
from .cells import clean_text
from .language import is_missing

XlsxChart = Any  # a BarChart, LineChart or RadarChart: openpyxl carries no types


def chart_columns(chart: Chart) -> list[str]:
    """The columns this chart needs on the data sheet, category first; 'a±' hold the two arms."""
    names = [chart.category]
    for series in chart.series:
        names.append(series.name)
        if series.low:
            names += [f"{series.name}+", f"{series.name}-"]
    return names


def chart_values(chart: Chart) -> list[list[object]]:
    """The chart's figures row by row in the order of `chart_columns`; None where missing."""
    rows: list[list[object]] = []
    for record in chart.frame.to_dict("records"):
        row: list[object] = [clean_text(str(record[chart.category]))]
        for series in chart.series:
            value = _float(record[series.name])
            row.append(value)
            if series.low:
                low, high = _float(record[series.low]), _float(record[series.high])
                if value is None or low is None or high is None:
                    row += [None, None]
                else:
                    row += [high - value, value - low]
        rows.append(row)
    return rows


def build_chart(chart: Chart, sheet: str, first_row: int) -> XlsxChart:
    """The native chart reading `sheet` from `first_row` (its header row) on."""
    data = _Data(chart, sheet, first_row)
    bars = [series for series in chart.series if not series.as_line]
    lines = [series for series in chart.series if series.as_line]
    built = _frame(chart)
    built.series = [_series(chart, series, data, n) for n, series in enumerate(bars)]
    if lines:
        overlay = LineChart()
        overlay.series = [_series(chart, s, data, len(bars) + n) for n, s in enumerate(lines)]
        built += overlay
    return built


def _float(value: Any) -> float | None:
    return None if is_missing(value) else float(value)


class _Data:
    """References with their cached values, so that previews without a calculator draw too."""

    def __init__(self, chart: Chart, sheet: str, first_row: int) -> None:
        self.columns, self.rows = chart_columns(chart), chart_values(chart)
        self.format, self.sheet, self.top = chart.number_format, quote_sheetname(sheet), first_row

    def _range(self, name: str) -> str:
        letter = get_column_letter(self.columns.index(name) + 1)
        return f"{self.sheet}!${letter}${self.top + 1}:${letter}${self.top + len(self.rows)}"

    def numbers(self, name: str) -> NumDataSource:
        at = self.columns.index(name)
        points = [
            NumVal(idx=i, v=repr(row[at])) for i, row in enumerate(self.rows) if row[at] is not None
        ]
        cache = NumData(formatCode=self.format, ptCount=len(self.rows), pt=points)
        return NumDataSource(numRef=NumRef(f=self._range(name), numCache=cache))

    def categories(self) -> AxDataSource:
        points = [StrVal(idx=i, v=str(row[0])) for i, row in enumerate(self.rows)]
        cache = StrData(ptCount=len(points), pt=points)
        return AxDataSource(strRef=StrRef(f=self._range(self.columns[0]), strCache=cache))

    def label(self, series: Series) -> SeriesLabel:
        letter = get_column_letter(self.columns.index(series.name) + 1)
        cache = StrData(ptCount=1, pt=[StrVal(idx=0, v=clean_text(series.label))])
        return SeriesLabel(strRef=StrRef(f=f"{self.sheet}!${letter}${self.top}", strCache=cache))


def _series(chart: Chart, series: Series, data: _Data, order: int) -> XlsxSeries:
    made = XlsxSeries(idx=order, order=order, tx=data.label(series))
    made.val, made.cat = data.numbers(series.name), data.categories()
    is_bar = chart.kind in ("bar", "column") and not series.as_line
    if is_bar:
        made.invertIfNegative = False
        made.graphicalProperties = GraphicalProperties(solidFill=series.colour)
        made.graphicalProperties.line = LineProperties(solidFill=style.INK, w=6350)
        if series.by_sign:
            made.dPt = [_negative(i) for i, v in _indexed(data, series) if v is not None and v < 0]
    else:
        made.smooth = False if chart.kind != "radar" else None
        made.graphicalProperties = GraphicalProperties()
        made.graphicalProperties.line = LineProperties(
            solidFill=series.colour, w=28575, prstDash=series.dash
        )
        if chart.kind == "dot" and not series.as_line:
            made.graphicalProperties.line = LineProperties(noFill=True)
        made.marker = _marker(series)
    if series.low:
        made.errBars = ErrorBars(
            errDir=None if chart.kind == "bar" else "y",
            errBarType="both",
            errValType="cust",
            noEndCap=False,
            plus=data.numbers(f"{series.name}+"),
            minus=data.numbers(f"{series.name}-"),
            spPr=GraphicalProperties(ln=LineProperties(solidFill=style.INK, w=12700)),
        )
    if chart.has_labels and not series.as_line:
        made.dLbls = DataLabelList(
            showVal=True, showSerName=False, showCatName=False, showLegendKey=False,
            showPercent=False, numFmt=chart.number_format, txPr=_rich(800),
        )  # fmt: skip
    return made


def _indexed(data: _Data, series: Series) -> list[tuple[int, float | None]]:
    at = data.columns.index(series.name)
    return [(i, row[at]) for i, row in enumerate(data.rows)]  # type: ignore[misc]


def _negative(index: int) -> DataPoint:
    properties = GraphicalProperties(solidFill=style.ORANGE)
    properties.line = LineProperties(solidFill=style.INK, w=6350)
    return DataPoint(idx=index, invertIfNegative=False, spPr=properties)


def _marker(series: Series) -> Marker:
    marker = Marker(symbol=series.marker, size=7 if series.marker != "none" else None)
    marker.graphicalProperties = GraphicalProperties(solidFill=series.colour)
    marker.graphicalProperties.line = LineProperties(solidFill=series.colour)
    return marker


def _frame(chart: Chart) -> XlsxChart:
    built: XlsxChart
    if chart.kind == "radar":
        built = RadarChart()
        built.type = "marker"
    elif chart.kind in ("line", "dot"):
        built = LineChart()
    else:
        built = BarChart()
        built.type = "bar" if chart.kind == "bar" else "col"
        built.gapWidth = 45
        built.overlap = 0 if len(chart.series) > 1 else None
    built.style, built.roundedCorners = 2, False
    built.title = _title(chart.title, 1100)
    built.display_blanks = "gap"
    built.graphical_properties = GraphicalProperties(
        ln=LineProperties(solidFill=style.RULE, w=9525), solidFill="FFFFFF"
    )
    built.plot_area.graphicalProperties = GraphicalProperties(noFill=True)
    if len(chart.series) > 1:
        built.legend.position = "b"
        built.legend.txPr = _rich(900)
    else:
        built.legend = None
    _axes(built, chart)
    return built


def _axes(built: XlsxChart, chart: Chart) -> None:
    category, value = built.x_axis, built.y_axis
    for axis in (category, value):
        # openpyxl 3.1 writes no 'delete' element, which newer Excel reads as 'axis hidden'.
        axis.delete = False
        axis.txPr = _rich(900)
        axis.graphicalProperties = GraphicalProperties(
            ln=LineProperties(solidFill=style.QUIET, w=9525)
        )
    value.number_format = _axis_format(chart)
    value.majorTickMark = "none" if chart.kind == "radar" else "out"
    value.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="DDE3EA", w=6350))
    value.scaling.min, value.scaling.max = chart.axis_min, chart.axis_max
    value.majorUnit = chart.major_unit
    category.tickLblPos = "low"
    if chart.axis_title and chart.kind != "radar":
        value.title = _title(chart.axis_title, 900, bold=False)
    if chart.kind == "bar":
        # First row on top, and the value axis back at the bottom.
        category.scaling.orientation = "maxMin"
        value.crosses = "max"
    elif chart.is_reversed:
        value.scaling.orientation = "maxMin"
        category.tickLblPos = "high"
    elif chart.axis_min is not None:
        value.crosses = "min"


def _axis_format(chart: Chart) -> str:
    """The labels' format, without decimals where the ticks are whole numbers."""
    is_whole = chart.major_unit is not None and float(chart.major_unit).is_integer()
    return "0" if is_whole and chart.number_format == style.DECIMAL else chart.number_format


def _rich(size: int, bold: bool = False) -> RichText:
    properties = _characters(size, bold)
    return RichText(
        bodyPr=RichTextProperties(),
        p=[Paragraph(pPr=ParagraphProperties(defRPr=properties), endParaRPr=properties)],
    )


def _characters(size: int, bold: bool) -> CharacterProperties:
    return CharacterProperties(
        sz=size, b=bold, solidFill=style.INK, latin=Font(typeface=style.FAMILY)
    )


def _title(text: str, size: int, bold: bool = True) -> Title:
    paragraphs = []
    for n, part in enumerate(clean_text(text).split("\n")):
        properties = _characters(size if n == 0 else size - 150, bold and n == 0)
        paragraphs.append(
            Paragraph(
                pPr=ParagraphProperties(defRPr=properties),
                r=[RegularTextRun(rPr=properties, t=part)],
            )
        )
    title = Title(tx=Text(rich=RichText(bodyPr=RichTextProperties(), p=paragraphs)), overlay=False)
    return title
