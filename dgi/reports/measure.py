"""Belongs here: how wide a text is on paper, so that row heights fit without opening the file.
Does not belong here: any formatting."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Widths in ems of Times New Roman and its metric twins (Liberation Serif).
_NARROW, _WIDE = frozenset("ijltfrI.,;:!'’()[]|/- "), frozenset("mwMWĐ%—@")
UNIT_POINTS = 5.25  # one column unit, a digit of the 11-point default font, on screen and paper
_PADDING_POINTS = 5.0
_BOLD, _SAFETY = 1.05, 0.98


def text_points(text: str, size: float, is_bold: bool = False) -> float:
    """Approximate width of a line of text in points; a little too wide rather than too narrow."""
    return _ems(text) * size * _SAFETY * (_BOLD if is_bold else 1.0)


@lru_cache(maxsize=8192)
def _ems(text: str) -> float:
    ems = 0.0
    for letter in unicodedata.normalize("NFD", text):
        if unicodedata.combining(letter):
            continue
        if letter in _NARROW:
            ems += 0.31
        elif letter in _WIDE:
            ems += 0.80
        elif letter.isupper():
            ems += 0.68
        else:
            ems += 0.485
    return ems


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
