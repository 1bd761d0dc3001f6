"""Belongs here: the look of every report: palette, fonts, number formats, page margins.
Does not belong here: what a sheet says, and where a block is placed (workbook.py)."""

from __future__ import annotations

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

FAMILY = "Times New Roman"

# Dark, middle and light of different hue: told apart by the colour-blind and on a grey printer.
BLUE, GREY, ORANGE, BLUE_SOFT = "1F4E79", "8A8F98", "E08214", "86B0D8"
INK, QUIET, RULE, PALE, MARKED = "1F2933", "5B6570", "C9D1DA", "EEF3F8", "FCE8CF"

# 42A is Vietnamese: readers that honour a format's language show 1,25; Excel uses its own.
_VI = "[$-42A]"
DECIMAL = f"{_VI}0.00"
DECIMAL3 = f"{_VI}0.000"
# Below a thousandth the figure is not zero, it is small.
PROBABILITY = f'[<0.001]{_VI}"<0,001";{_VI}0.000'
SIGNED = f'{_VI}+0.00;{_VI}"−"0.00;{_VI}0.00'
SIGNED1 = f'{_VI}+0.0;{_VI}"−"0.0;{_VI}0.0'
SIGNED3 = f'{_VI}+0.000;{_VI}"−"0.000;{_VI}0.000'
PERCENT = f"{_VI}0.0%"
SIGNED_PERCENT = f'{_VI}+0.0%;{_VI}"−"0.0%;{_VI}0.0%'
WHOLE = f"{_VI}#,##0"
YEAR = "0"
TEXT = "General"

MARGIN_INCHES = {"left": 0.6, "right": 0.6, "top": 0.75, "bottom": 0.75}
MARGIN_INCHES |= {"header": 0.35, "footer": 0.35}


def font(size: float = 11, bold: bool = False, italic: bool = False, colour: str = INK) -> Font:
    return Font(name=FAMILY, size=size, bold=bold, italic=italic, color=colour)


def fill(colour: str) -> PatternFill:
    return PatternFill("solid", start_color=colour, end_color=colour)


def line_below(colour: str = RULE, style: str = "thin") -> Border:
    return Border(bottom=Side(style=style, color=colour))


def line_left(colour: str, style: str) -> Border:
    return Border(left=Side(style=style, color=colour))


def boxed(colour: str = RULE) -> Border:
    side = Side(style="thin", color=colour)
    return Border(left=side, right=side, top=side, bottom=side)


def align(
    horizontal: str, vertical: str, indent: int = 0, rotation: int = 0, wraps: bool = True
) -> Alignment:
    return Alignment(
        horizontal=horizontal, vertical=vertical, wrap_text=wraps, indent=indent,
        text_rotation=rotation,
    )  # fmt: skip


def readable_on(colour: str) -> str:
    """White or dark ink, whichever is legible on this background."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
    return "FFFFFF" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else INK
