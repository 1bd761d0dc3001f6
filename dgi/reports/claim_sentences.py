"""Belongs here: what may be claimed of each change, as a sentence with its figures as printed.
Does not belong here: which claim a row supports (dgi.change.claims), or the words (data/labels)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from dgi.change.claims import claim_of, remarks_of
from dgi.facts.comparisons import ClaimRow

from .language import Pair, is_missing, number, probability

PLACEHOLDERS = ("unit", "node", "base", "change", "low", "high", "q")
UNITS = {"points": Pair(" điểm", " points"), "share": Pair(" điểm phần trăm", " percentage points"),
         "answer": Pair("", "")}  # fmt: skip


def add_claims(
    changes: pd.DataFrame, tree: pd.DataFrame, names: Mapping[str, Pair],
    claims: Mapping[str, ClaimRow],
) -> pd.DataFrame:  # fmt: skip
    """The table of changes with claim, claim_vi and claim_en.

    tree: the year's indicator set; names: of districts and the province; claims: by code.
    """
    nodes = {row.key: row for row in tree.itertuples()}
    codes: list[str] = []
    vi: list[str] = []
    en: list[str] = []
    for row in changes.itertuples():
        code = claim_of(row)
        node = nodes[row.key]
        figures = _figures(row, _unit(node)) | {
            "unit": names[row.district],
            "node": Pair(node.name_vi, node.name_en),
        }
        said = [claims[one] for one in (code, *remarks_of(row))]
        codes.append(code)
        for texts, language in ((vi, "vi"), (en, "en")):
            own = {name: getattr(value, language) for name, value in figures.items()}
            sentences = [getattr(one, f"sentence_{language}").format(**own) for one in said]
            texts.append(" ".join(sentences))
    return changes.assign(claim=codes, claim_vi=vi, claim_en=en)


def _unit(node: object) -> str:
    if node.level != "indicator":  # type: ignore[attr-defined]
        return "points"
    is_share = (node.scale_min, node.scale_max) == (0, 1)  # type: ignore[attr-defined]
    return "share" if is_share else "answer"


def _figures(row: object, unit: str) -> dict[str, Pair]:
    """Figures as printed: two decimals of a point, one of a percentage point."""
    shown: dict[str, Pair] = {}
    for name, column in (("change", "change"), ("low", "ci_low"), ("high", "ci_high")):
        value = getattr(row, column)
        if is_missing(value):
            shown[name] = Pair("–", "–")
            continue
        printed = number(100 * value, 1, True) if unit == "share" else number(value, 2, True)
        shown[name] = Pair(*(a + b for a, b in zip(printed, UNITS[unit], strict=True)))
    q, base = row.q_value, row.base_year  # type: ignore[attr-defined]
    shown["q"] = Pair("–", "–") if is_missing(q) else probability(q)
    year = "–" if is_missing(base) else str(int(base))
    return shown | {"base": Pair(year, year)}
