"""Belongs here: how wide a text is on paper, so that row heights fit without opening the file.
Does not belong here: any formatting."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Advance widths of Times New Roman in thousandths of an em; its metric twins have the same.
_WIDTHS = {
    180: "'", 200: "|", 250: " ,.\u00a0", 278: "/:;\\ijlt", 333: "()-[]!`frI‘’", 350: "•",
    389: "sJ", 408: '"', 444: "?acez“”", 480: "{}", 556: "FPS", 564: "+<>=−±", 611: "ELTZ",
    667: "BCR", 722: "ADGHKNOQUVXYwĐ", 778: "m&", 833: "%", 889: "M", 921: "@", 944: "W",
    1000: "—…",
}  # fmt: skip
_EMS = {letter: width / 1000 for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _OTHER_CAPITAL = 0.5, 0.722
UNIT_POINTS = 5.25  # one column unit, a digit of the 11-point default font, on screen and paper
_PADDING_POINTS = 5.0
_BOLD, _SAFETY = 1.07, 1.03


def text_points(text: str, size: float, is_bold: bool = False) -> float:
    """Approximate width of a line of text in points; a little too wide rather than too narrow."""
    return _ems(text) * size * _SAFETY * (_BOLD if is_bold else 1.0)


@lru_cache(maxsize=8192)
def _ems(text: str) -> float:
    letters = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return sum(_EMS.get(c, _OTHER_CAPITAL if c.isupper() else _OTHER) for c in letters)


def lines_needed(text: str, units: float, size: float, is_bold: bool = False) -> int:
    """How many lines the text takes, wrapped between words, in a cell so many units wide."""
    room = max(units * UNIT_POINTS - _PADDING_POINTS, size)
    space = text_points(" ", size)
    count = 0
    for paragraph in text.split("\n"):
        used, count = 0.0, count + 1
        for word in paragraph.split(" "):
            width = text_points(word, size, is_bold)
            if used and used + space + width > room:
                count, used = count + 1, 0.0
            used += width + (space if used else 0.0)
            while used > room:  # a word longer than the cell is broken
                count, used = count + 1, used - room
    return count
