"""Belongs here: what the district survey of one year says, as sentences, with its uncertainty.
Does not belong here: tables and charts of the annual report (annual_report.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from .common import scale_of_total
from .district_tables import PROVINCE, totals
from .language import Pair, Texts, is_missing, joined, number

SURE = 0.8


def findings(
    texts: Texts, scores: pd.DataFrame, changes: pd.DataFrame, tree: pd.DataFrame,
    names: Mapping[str, Pair],
) -> list[Pair]:  # fmt: skip
    """Key sentences of the summary; a place in the ranking is never named without its interval."""
    table = totals(scores)
    low, high = scale_of_total(tree)
    said = []
    province = table[(table["district"] == PROVINCE) & table["score"].notna()]
    if not province.empty:
        row = province.iloc[0]
        said.append(
            texts.say("annual.province", score=number(row["score"]), low=f"{low:g}",
                      high=f"{high:g}", ci_low=number(row["ci_low"]),
                      ci_high=number(row["ci_high"]))
        )  # fmt: skip
    ranked = table[(table["district"] != PROVINCE) & table["score"].notna()]
    if len(ranked) > 1:
        said += _spread(texts, ranked, names)
    return [*said, *_changes(texts, changes, names)]


def _spread(texts: Texts, ranked: pd.DataFrame, names: Mapping[str, Pair]) -> list[Pair]:
    first, last = ranked.iloc[0], ranked.iloc[-1]
    said = [
        texts.say("annual.spread", lowest=number(last["score"]), last=names[last["district"]],
                  highest=number(first["score"]), first=names[first["district"]])
    ]  # fmt: skip
    width = (ranked["rank_high"] - ranked["rank_low"] + 1).astype(float).mean()
    if not is_missing(width):
        said.append(texts.say("annual.rank_wide", width=number(width, 1)))
    sure = ranked[ranked["band_probability"].astype(float) >= SURE]
    said.append(
        texts.say(
            "annual.sure_band",
            high=named(texts, sure.loc[sure["band"] == "high", "district"], names),
            low=named(texts, sure.loc[sure["band"] == "low", "district"], names),
        )
    )
    return said


def _changes(texts: Texts, changes: pd.DataFrame, names: Mapping[str, Pair]) -> list[Pair]:
    rows = changes[(changes["level"] == "total") & (changes["district"] != PROVINCE)]
    known = rows[rows["change"].notna()]
    if known.empty:
        return [texts.say("annual.no_base", reason=texts.say("annual.why.first"))]
    base = int(known["base_year"].mode().iloc[0])
    said = _core_notes(texts, changes, names)
    for key, column in (
        ("annual.significant", "is_significant"),
        ("annual.official", "is_official_change"),
    ):
        marked = known[known[column].astype("boolean").fillna(False)].sort_values("district")
        items = [
            Pair(*(f"{name} ({value})" for name, value in zip(names[row.district],
                                                             number(row.change, signed=True),
                                                             strict=True)))
            for row in marked.itertuples()
        ]  # fmt: skip
        listed = joined(items) if items else texts.say("list.none")
        said.append(texts.say(key, base=base, names=listed))
    return [*said, texts.say("annual.two_marks")]


def named(texts: Texts, units: Iterable[str], names: Mapping[str, Pair]) -> Pair:
    """The units' names in one list, or 'không có / none'."""
    listed = [names[unit] for unit in sorted(units)]
    return joined(listed) if listed else texts.say("list.none")


def comparison_notes(
    texts: Texts, year: int, changes: pd.DataFrame, names: Mapping[str, Pair],
    units: Collection[str] | None = None,
) -> list[Pair]:  # fmt: skip
    """What must be said beside the changes of `units` (default: all): another boundary or set.

    changes: those of all districts, because only together they show a change of the set.
    """
    said = []
    rows = changes[(changes["level"] == "total") & (changes["district"] != PROVINCE)]
    shown = rows if units is None else rows[rows["district"].isin(list(units))]
    restated = shown[shown["flag"].astype(str).str.contains("boundary_restated")]
    if not restated.empty:
        day = pd.Timestamp(restated["boundary_date"].iloc[0]).strftime("%d/%m/%Y")
        said.append(
            texts.say("annual.changes.boundary", day=day,
                      names=named(texts, restated["district"], names))
        )  # fmt: skip
        if year == 2020 and restated["district"].str.startswith("193-").any():
            said.append(texts.say("annual.changes.hoanh_bo"))
    for how in ("apportioned", "divided"):
        own = shown.loc[shown["flag"].astype(str).str.contains(f"boundary_{how}"), "district"]
        if len(own):
            said.append(texts.say(f"annual.changes.{how}", names=named(texts, own, names)))
    return [*said, *_core_notes(texts, changes, names, units)]


def _core_notes(
    texts: Texts, changes: pd.DataFrame, names: Mapping[str, Pair],
    units: Collection[str] | None = None,
) -> list[Pair]:  # fmt: skip
    """Whose total is compared on a common core: all of them (another set), or only some."""
    rows = changes[(changes["level"] == "total") & changes["change"].notna()]
    rows = rows[rows["district"] != PROVINCE]
    core = rows[rows["flag"].astype(str).str.contains("common_core")]
    if core.empty:
        return []
    if len(core) == len(rows):
        return [texts.say("annual.changes.core")]
    if units is not None:
        core = core[core["district"].isin(list(units))]
    if core.empty:
        return []
    return [texts.say("annual.changes.core_some", names=named(texts, core["district"], names))]
