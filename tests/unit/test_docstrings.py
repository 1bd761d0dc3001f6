"""Belongs here: what every public function of the engine must say of itself.
Does not belong here: whether what it says is true (the tests of each function)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = [
    *(ROOT / "dgi/index").glob("*.py"),
    *(ROOT / "dgi/change").glob("*.py"),
    *(ROOT / "dgi/survey" / name for name in ("design.py", "weights.py", "calibration.py")),
]


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.name)
def test_a_public_function_says_what_it_is_and_which_section_it_carries_out(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            words = ast.get_docstring(node) or ""
            assert "§" in words, f"{node.name} names no section of docs/method.md"
        if isinstance(node, ast.ClassDef):
            own = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            for part in [node, *own]:
                assert part.name.startswith("_") or ast.get_docstring(part), part.name


def test_the_engine_stays_small_enough_to_read_in_an_afternoon():
    """Lines of code, without blank lines, comments and docstrings."""
    rooms = [*(ROOT / "dgi/index").glob("*.py"), *(ROOT / "dgi/survey").glob("*.py")]
    assert sum(_lines_of_code(path) for path in rooms) < 2500
    # Years compared stood in dgi/index once; the two together stay readable as well.
    assert sum(_lines_of_code(path) for path in (ROOT / "dgi/change").glob("*.py")) < 900


def _lines_of_code(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    words: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(
            node
        ):
            words |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return sum(
        1
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#") and number not in words
    )
