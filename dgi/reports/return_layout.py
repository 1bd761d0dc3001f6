"""Belongs here: what every sheet of the return workbook has: its page, its looks, its cells.
Does not belong here: what a sheet tells (return_workbook.py, return_summary.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from . import return_words as words
from . import style
from .cells import clean_text
from .common import two_lines
from .language import NOT_APPLICABLE, Pair, is_missing
from .measure import lines_needed

FILLS = {"error": style.MARKED, "warn": style.PALE, "info": "FFFFFF"}
HIGHEST = 400  # points; a spreadsheet allows no row higher than 409
LEADING = 1.22  # a line's height over its letters' size
SMALL = 9  # size of the English below the Vietnamese


class ReturnBook:
    """The workbook being written: its formats, each made once, and what every sheet has."""

    def __init__(self, workbook: xlsxwriter.Workbook, title: Pair, is_sample: bool):
        self.workbook, self.title, self.is_sample = workbook, title, is_sample
        self._formats: dict[tuple, Format] = {}

    def look(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            plain = {"font_name": style.FAMILY, "font_size": 10, "font_color": f"#{style.INK}",
                     "valign": "top", "text_wrap": True}  # fmt: skip
            self._formats[key] = self.workbook.add_format({**plain, **properties})
        return self._formats[key]

    def cell(self, fill: str = "FFFFFF", **properties: Any) -> Format:
        border = {"border": 1, "border_color": f"#{style.RULE}", "bg_color": f"#{fill}"}
        return self.look(**border, **properties)

    @property
    def header(self) -> Format:
        return self.look(bold=True, font_color="#FFFFFF", bg_color=f"#{style.BLUE}", border=1,
                         border_color="#FFFFFF", align="center", valign="vcenter")  # fmt: skip

    @property
    def small(self) -> Format:
        return self.look(italic=True, font_size=SMALL, font_color=f"#{style.QUIET}")

    def add_sheet(self, name: str, widths: Iterable[float]) -> Worksheet:
        """A sheet on A4 across, as wide as the page, marked where the data is a sample."""
        sheet = self.workbook.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.center_horizontally()
        mark = f'&C&"{style.FAMILY},Bold"&10{words.BANNER}' if self.is_sample else ""
        sheet.set_header(mark)
        name_shown = clean_text(self.title.vi).replace("&", "&&")[:120]
        sheet.set_footer(f'&L&"{style.FAMILY},Regular"&9{name_shown}&R&9{name}, &P / &N')
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        return sheet


def put(sheet: Worksheet, row: int, at: int, value: object, look: Format) -> None:
    """One value: text is always text, a missing number a dash."""
    if is_missing(value):
        sheet.write_string(row, at, NOT_APPLICABLE, look)
    elif isinstance(value, str):
        sheet.write_string(row, at, clean_text(value), look)
    else:
        sheet.write_number(row, at, float(value), look)  # type: ignore[arg-type]


def put_pair(
    book: ReturnBook,
    sheet: Worksheet,
    row: int,
    at: int,
    pair: Pair,
    look: Format,
    opening: str = "",
) -> None:
    """Vietnamese, and below it English, smaller and slanted; `opening` is set in bold."""
    parts: list[Any] = [book.look(bold=True), f"{opening}. "] if opening else []
    parts += [book.look(), clean_text(pair.vi)]
    if pair.en:
        parts += [book.small, f"\n{clean_text(pair.en)}"]
    if len(parts) > 2:
        sheet.write_rich_string(row, at, *parts, look)
    else:
        sheet.write_string(row, at, clean_text(pair.vi), look)


def points_of(cells: Iterable[tuple[str | Pair, float]], size: float = 10) -> float:
    """Height of a row that shows the whole of its texts: (text, width of its column)."""
    highest = max(
        sum(lines_needed(text, width, own) * own * LEADING for text, own in _sized(said, size))
        for said, width in cells
    )
    return min(highest + 4, HIGHEST)


def _sized(said: str | Pair, size: float) -> list[tuple[str, float]]:
    """Each text of a cell with the size it is set in, as `put_pair` sets it."""
    if isinstance(said, str):
        return [(said, size)]
    return [(said.vi, size), (said.en, SMALL)] if said.en else [(said.vi, size)]


def write_header(book: ReturnBook, sheet: Worksheet, row: int, headers: Sequence[Pair]) -> None:
    for at, pair in enumerate(headers):
        sheet.write_string(row, at, two_lines(pair), book.header)
