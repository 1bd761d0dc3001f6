"""Belongs here: laying declared sheets out on A4 and writing the workbook, the same bytes always.
Does not belong here: what is reported (the builders), how a chart is drawn (charts.py)."""

from __future__ import annotations

import io
import itertools
import math
import zipfile
from datetime import datetime, time

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from . import style
from .blocks import Block, Book, Chart, Column, Gap, Series, Sheet, Table, Text, Tile, Tiles
from .cells import sheet_title, write_cell
from .charts import build_chart, chart_columns, chart_values
from .looks import Look, Looks
from .measure import UNIT_POINTS, lines_needed
from .package import stable_package

__all__ = [
    "Block", "Book", "Chart", "Column", "Gap", "Series", "Sheet", "Table", "Text", "Tile",
    "Tiles", "write_workbook",
]  # fmt: skip

SAMPLE_BANNER = "DỮ LIỆU MẪU / SAMPLE DATA"
_ROW_POINTS = 15.0
_DEFAULT_WIDTH = 10.0
_EMU_PER_POINT = 12_700
_CHART_GAP = 60_000  # EMU, five points
# style -> size, bold, italic, colour, indent, points after
_TEXT_STYLES: dict[str, tuple[float, bool, bool, str, int, float]] = {
    "title": (20, True, False, style.BLUE, 0, 10),
    "lead": (12, True, False, style.INK, 0, 4),
    "heading": (12, True, False, style.BLUE, 0, 3),
    "body": (11, False, False, style.INK, 0, 4),
    "bullet": (11, False, False, style.INK, 1, 4),
    "note": (9.5, False, False, style.QUIET, 0, 1),
    "warning": (11, True, False, style.INK, 1, 4),
}
_DATA = Look(10, horizontal="general", vertical="bottom", wraps=False)
_DATA_NAME = _DATA._replace(bold=True)
_DATA_HEAD = Look(10, True, horizontal="right")
_HEADER = Look(9.5, True, colour="FFFFFF", fill=style.BLUE, border="header", horizontal="center")
_UPRIGHT = _HEADER._replace(rotation=90)
_TILE = {
    "vi": Look(10.5, True, fill=style.PALE, horizontal="center"),
    "value": Look(20, True, colour=style.BLUE, fill=style.PALE, horizontal="center"),
    "en": Look(9, italic=True, colour=style.QUIET, fill=style.PALE, horizontal="center"),
}


def write_workbook(book: Book) -> bytes:
    """The .xlsx of a book. Equal books give equal bytes: no clock, no random part inside.

    Raises ReportCellError (a ValueError) for a value that a cell cannot hold.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook._named_styles["Normal"].font = style.font()
    charts = _ChartData(sheet_title(book.chart_data_tab, [s.tab for s in book.sheets]))
    looks = Looks()
    for sheet in book.sheets:
        worksheet = workbook.create_sheet(sheet_title(sheet.tab, workbook.sheetnames))
        _SheetWriter(worksheet, sheet, book, charts, looks).write()
    if charts.placed:
        _write_chart_data(workbook.create_sheet(charts.title), book, charts, looks)
    properties, stamp = workbook.properties, datetime.combine(book.created, time())
    properties.creator, properties.title = "DGI", book.title_vi
    properties.description, properties.language = book.title_en, "vi-VN"
    properties.created = properties.modified = stamp
    raw = io.BytesIO()
    # Not workbook.save: it puts the clock in, and deflates what stable_package deflates again.
    ExcelWriter(workbook, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED)).save()
    return stable_package(raw.getvalue(), stamp)


class _ChartData:
    """Where on the data sheet each chart's figures stand."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.placed: list[tuple[Chart, int]] = []
        self._next = 8  # below the banner, the titles and the first chart's name

    def place(self, chart: Chart) -> int:
        row = self._next
        self.placed.append((chart, row))
        self._next = row + len(chart.frame) + 4
        return row


def _write_chart_data(
    worksheet: Worksheet, book: Book, charts: _ChartData, looks: Looks
) -> None:  # fmt: skip
    sheet = Sheet(
        "chart_data", charts.title, book.chart_data_title.vi, book.chart_data_title.en, (),
        "portrait", "long", (42, 19, 19, 19, 19),
    )  # fmt: skip
    writer = _SheetWriter(worksheet, sheet, book, charts, looks)
    writer.write()
    for chart, top in charts.placed:
        labels = {series.name: series.label for series in chart.series}
        labels |= {f"{s.name}{arm}": f"{s.label} {arm}" for s in chart.series for arm in "+-"}
        writer.put(top - 1, 1, chart.title.replace("\n", " / "), _DATA_NAME)
        for at, name in enumerate(chart_columns(chart), 1):
            writer.put(top, at, labels[name] if at > 1 else "", _DATA_HEAD)
        worksheet.row_dimensions[top].height = 40
        for offset, row in enumerate(chart_values(chart), 1):
            for at, value in enumerate(row, 1):
                if value is not None:  # blank is drawn as a gap
                    # Labels on the bars take their format from these cells.
                    wanted = chart.number_format if chart.has_labels else style.DECIMAL
                    is_whole = isinstance(value, str) or float(str(value)).is_integer()
                    plain = is_whole and not chart.has_labels
                    shown = style.TEXT if at == 1 or plain else wanted
                    writer.put(top + offset, at, value, _DATA._replace(number_format=shown))


class _SheetWriter:
    """Writes one sheet from the top down."""

    def __init__(
        self, worksheet: Worksheet, sheet: Sheet, book: Book, charts: _ChartData, looks: Looks
    ) -> None:
        self.ws, self.sheet, self.book, self.charts = worksheet, sheet, book, charts
        self.looks = looks
        self.row = 1
        self.main_header = 0
        self.table_rows = (1, 1)
        tables = [block for block in sheet.blocks if isinstance(block, Table)]
        rows = [list(sheet.widths), *([c.width for c in t.columns] for t in tables)]
        count = max(max(map(len, rows)), 1)
        self.widths = [
            max([row[i] for row in rows if i < len(row)] or [_DEFAULT_WIDTH]) for i in range(count)
        ]

    def write(self) -> None:
        self._page()
        if self.book.sample_data:
            self._banner()
        self._titles()
        for block in self.sheet.blocks:
            if isinstance(block, Text):
                self._text(block)
            elif isinstance(block, Table):
                self._table(block)
            elif isinstance(block, Chart):
                self._chart(block)
            elif isinstance(block, Tiles):
                self._tiles(block)
            else:
                self._advance(block.points)
        last = get_column_letter(len(self.widths))
        if self.sheet.key != "chart_data":
            self.ws.print_area = f"A1:{last}{self.row}"

    def _page(self) -> None:
        ws, sheet = self.ws, self.sheet
        for i, width in enumerate(self.widths, 1):
            ws.column_dimensions[get_column_letter(i)].width = width
        ws.page_setup.paperSize, ws.page_setup.orientation = 9, sheet.orientation
        ws.sheet_properties.pageSetUpPr.fitToPage = True
        ws.page_setup.fitToWidth = 1
        ws.page_setup.fitToHeight = 1 if sheet.pages == "one" else 0
        ws.print_options.horizontalCentered = True
        ws.sheet_view.showGridLines = False
        for side, inches in style.MARGIN_INCHES.items():
            setattr(ws.page_margins, side, inches)
        small = f'&"{style.FAMILY},Regular"&9'
        ws.oddFooter.left.text = small + self.book.title_vi.replace("&", "&&")[:150]
        ws.oddFooter.right.text = f"{small}Trang &P / &N"
        if self.book.sample_data:
            ws.oddHeader.center.text = f'&"{style.FAMILY},Bold"&10{SAMPLE_BANNER}'

    def put(self, row: int, column: int, value: object, look: Look, flag: object = None) -> Cell:
        """One value with its look; the only way this module writes a cell."""
        cell = self.ws.cell(row, column)
        write_cell(cell, value, flag, self.book.markers)
        self.looks.give(cell, look)
        return cell

    def _span(self, first: int, last: int, look: Look) -> None:
        """Merge columns of this row. Each gets the look itself: merging loses the borders."""
        if look.fill or look.border:
            for column in range(first + 1, last + 1):
                self.looks.give(self.ws.cell(self.row, column), look)
        if last > first:
            # Not ws.merge_cells, which styles the borders of every cell once more.
            area = CellRange(min_row=self.row, max_row=self.row, min_col=first, max_col=last)
            self.ws.merged_cells.ranges.add(area)

    def _merged(self, value: object, points: float, look: Look) -> None:
        """One cell over the sheet's whole width on a new row."""
        self.put(self.row, 1, value, look)
        self._span(1, len(self.widths), look)
        self._advance(points)

    def _banner(self) -> None:
        look = Look(13, True, colour="FFFFFF", fill=style.INK, horizontal="center")
        self._merged(SAMPLE_BANNER, 24, look)
        self._advance(7)

    def _titles(self) -> None:
        if self.sheet.key == "cover":
            self._cover_titles()
            return
        vi, en = self.sheet.title_vi, self.sheet.title_en
        points = 21.0 * self._lines(vi, 15)
        self._merged(vi, points, Look(15, True, colour=style.BLUE, vertical="top"))
        look = Look(11, italic=True, colour=style.QUIET, border="title", vertical="top")
        self._merged(en, 17 * self._lines(en, 11), look)
        self._advance(7)

    def _cover_titles(self) -> None:
        """White on a dark band; the title centred, the translation below it."""
        band = Look(fill=style.BLUE, colour="FFFFFF", horizontal="center")
        self._advance(18)
        self._merged("", 26, band)
        vi, en = self.sheet.title_vi, self.sheet.title_en
        points = 28.0 * self._lines(vi, 21, bold=True)
        self._merged(vi, points, band._replace(size=21, bold=True))
        points = 19.0 * self._lines(en, 13)
        self._merged(en, points, band._replace(size=13, italic=True))
        self._merged("", 26, band)
        self._advance(18)

    def _text(self, text: Text) -> None:
        size, bold, italic, colour, indent, after = _TEXT_STYLES[text.style]
        fill = style.MARKED if text.style == "warning" else ""
        mark = "• " if text.style == "bullet" else ""
        tail = 0 if text.en else after
        points = size * 1.22 * self._lines(mark + text.vi, size, indent, bold) + tail + 2
        look = Look(size, bold, italic, colour, fill, vertical="top", indent=indent)
        self._merged(mark + text.vi, points, look)
        if text.en:
            small = max(size - 1.5, 8.5) if text.style != "title" else 13
            points = small * 1.22 * self._lines(text.en, small, indent + 1) + after + 1
            # The second indent lines the translation up with the text behind the bullet.
            deep = indent + (1 if mark else 0)
            look = Look(small, False, True, style.QUIET, fill, vertical="top", indent=deep)
            self._merged(text.en, points, look)

    def _lines(self, text: str, size: float, indent: int = 0, bold: bool = False) -> int:
        return lines_needed(text, sum(self.widths) - 2 * indent, size, bold)

    def _table(self, table: Table) -> None:
        ws, top = self.ws, self.row
        if table.has_header:
            self._header(table)
        for record in table.frame.to_dict("records"):
            self._record(table, record)
        self.table_rows = (top, self.row - 1)
        if table.is_main and not self.main_header:
            self.main_header = top
            ws.auto_filter.ref = f"A{top}:{get_column_letter(len(table.columns))}{self.row - 1}"
            ws.print_title_rows = f"{top}:{top}"
            if self.sheet.pages == "long":
                ws.freeze_panes = ws.cell(top + 1, 1)
        self._advance(4)
        for note in table.notes:
            self._text(note)

    def _header(self, table: Table) -> None:
        lines, is_upright = 1, any(column.is_upright for column in table.columns)
        for at, column in enumerate(table.columns, 1):
            unit = f"({column.unit})" if column.unit else ""
            text = "\n".join(filter(None, (column.header_vi, column.header_en, unit)))
            self.put(self.row, at, text, _UPRIGHT if column.is_upright else _HEADER)
            if not column.is_upright:
                lines = max(lines, lines_needed(text, self.widths[at - 1], 9.5, True))
        self._advance(max(12.5 * lines + 7, 100 if is_upright else 0))

    def _record(self, table: Table, record: dict[str, object]) -> None:
        row_style = record.get("row_style", "")
        strong, lines = row_style == "strong", 1
        plain = style.MARKED if row_style == "marked" else style.PALE if strong else ""
        for at, column in enumerate(table.columns, 1):
            cell = self.ws.cell(self.row, at)
            write_cell(
                cell, record[column.name], record.get(column.flag), self.book.markers
            )  # fmt: skip
            is_text, is_quiet = isinstance(cell.value, str), column.is_quiet
            is_left = is_text and column.number_format == style.TEXT
            fill = str(record.get(column.fill_from) or "") if column.fill_from else ""
            fill = fill or plain
            colour = style.QUIET if is_quiet else style.readable_on(fill) if fill else style.INK
            size = 9.5 if is_quiet else 10.5
            look = Look(
                size, strong, is_quiet, colour, fill, "row",
                horizontal=column.align or ("left" if is_left else "right"),
                number_format=str(record.get(column.format_from, column.number_format)),
            )  # fmt: skip
            self.looks.give(cell, look)
            if is_text:
                lines = max(lines, lines_needed(cell.value, self.widths[at - 1], size, strong))
        self._advance(max(17.0, 13.5 * lines + 4))

    def _tiles(self, tiles: Tiles) -> None:
        spans = _split(len(self.widths), len(tiles.tiles))
        for points, part in zip((18, 30, 16), ("vi", "value", "en"), strict=True):
            for tile, (first, last) in zip(tiles.tiles, spans, strict=True):
                border = "tile" if first > 1 else ""
                look = _TILE[part]._replace(border=border)
                value = tile.value if part == "value" else getattr(tile.label, part)
                if part == "value":
                    size = self._tile_size(value, sum(self.widths[first - 1 : last]))
                    look = look._replace(number_format=tile.number_format, size=size)
                self.put(self.row, first, value, look, tile.flag)
                self._span(first, last, look._replace(border=""))
            self._advance(points)
        self._advance(10)

    @staticmethod
    def _tile_size(value: object, units: float) -> float:
        """The largest size in which a word fits its tile on one line; figures always fit."""
        if not isinstance(value, str):
            return _TILE["value"].size
        sizes = (_TILE["value"].size, 16, 13)
        return next((size for size in sizes if lines_needed(value, units, size, True) == 1), 11)

    def _chart(self, chart: Chart) -> None:
        """Anchored to cells at both corners, so that it is as wide as its columns everywhere."""
        built = build_chart(chart, self.charts.title, self.charts.place(chart))
        top, bottom = self.table_rows
        if not chart.is_beside_table:
            top = self.row
            bottom = top + math.ceil(chart.height_cm / 2.54 * 72 / _ROW_POINTS) - 1
        right = chart.column - 1 + chart.columns if chart.columns else len(self.widths)
        # Inside the last column: on its edge the print area would cut the frame.
        inside = round(self.widths[right - 1] * UNIT_POINTS * _EMU_PER_POINT) - _CHART_GAP
        built.anchor = TwoCellAnchor(
            editAs="oneCell",
            _from=AnchorMarker(col=chart.column - 1, colOff=_CHART_GAP, row=top - 1),
            to=AnchorMarker(col=right - 1, colOff=inside, row=bottom),
        )
        self.ws.add_chart(built)
        if not chart.stays_on_row and not chart.is_beside_table:
            while self.row <= bottom + 1:
                self._advance(_ROW_POINTS if self.row <= bottom else 8)

    def _advance(self, points: float) -> None:
        self.ws.row_dimensions[self.row].height = round(points, 1)
        self.row += 1


def _split(columns: int, parts: int) -> list[tuple[int, int]]:
    """First and last column of each of `parts` equal spans."""
    edges = [round(i * columns / parts) for i in range(parts + 1)]
    return [(a + 1, b) for a, b in itertools.pairwise(edges)]
