"""Belongs here: the look of a cell as one value, and each look built only once per workbook.
Does not belong here: palette, fonts, formats (style.py), or which cell gets which look."""

from __future__ import annotations

from typing import NamedTuple

from openpyxl.cell.cell import Cell
from openpyxl.styles.cell_style import StyleArray

from . import style

BORDERS = {
    "row": style.line_below(),
    "title": style.line_below(style.BLUE, "medium"),
    "header": style.boxed("FFFFFF"),
    "tile": style.line_left("FFFFFF", "thick"),
}


class Look(NamedTuple):
    """Everything about a cell but its value. fill: RRGGBB or ''. border: a key of BORDERS or ''."""

    size: float = 11
    bold: bool = False
    italic: bool = False
    colour: str = style.INK
    fill: str = ""
    border: str = ""
    horizontal: str = "left"
    vertical: str = "center"
    indent: int = 0
    rotation: int = 0
    number_format: str = style.TEXT
    wraps: bool = True


class Looks:
    """The looks of one workbook.

    Setting font, fill, border and alignment cell by cell makes openpyxl compare each with all
    it knows: that was most of the time of a report. Here the first cell of a look is set that
    way and the others share its style array, so nothing may be set on a cell after `give`.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Look, bool], StyleArray] = {}

    def give(self, cell: Cell, look: Look) -> None:
        """Set the cell's look; a text kept from being a formula (quotePrefix) stays kept."""
        own = cell._style
        key = (look, own is not None and bool(own.quotePrefix))
        known = self._known.get(key)
        if known is None:
            _set(cell, look)
            known = self._known[key] = cell._style
        cell._style = known


def _set(cell: Cell, look: Look) -> None:
    cell.font = style.font(look.size, look.bold, look.italic, look.colour)
    cell.alignment = style.align(
        look.horizontal, look.vertical, look.indent, look.rotation, look.wraps
    )
    cell.number_format = look.number_format
    if look.fill:
        cell.fill = style.fill(look.fill)
    if look.border:
        cell.border = BORDERS[look.border]
