"""Every unit against its base year: which year that is, and the table of changes (method §8).
Not here: the arithmetic of a change (two_years.py), or what may be said of one (claims.py)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from dgi.change.panel import SurveyYear
from dgi.change.two_years import change_beside_the_whole, change_of_domains, split_by_group
from dgi.facts.comparisons import PREVIOUS, ComparisonRow
from dgi.facts.indicator_sets import IndicatorSet
from dgi.index.estimation import p_against_zero
from dgi.index.ranking import SIGNIFICANCE
from dgi.index.scores import PROVINCE

OFFICIAL_RULE = 0.05
CHANGE_COLUMNS = [
    "comparison", "base_year", "district", "level", "key", "direction", "base_score", "score",
    "change", "relative_change", "se", "ci_low", "ci_high", "df", "p_value", "q_value",
    "is_significant", "is_official_change", "contribution", "composition", "rate", "change_net",
    "change_net_se", "net_p_value", "comparable", "flag",
]  # fmt: skip
FIGURES = [
    "base_score", "score", "change", "relative_change", "se", "ci_low", "ci_high", "p_value",
    "q_value", "contribution", "composition", "rate", "change_net", "change_net_se", "net_p_value",
]  # fmt: skip


def choose_base_years(
    comparison: ComparisonRow,
    year: int,
    complete: Mapping[int, Collection[str]],
    expected: Sequence[str],
) -> dict[str, int | None]:
    """The base year of every district and of the province; None where there is none (method §8).

    `complete`: for each year, this one included, the districts of this year's boundary that are
    whole in it, and PROVINCE where it is. Kind previous: the latest of them before `year`,
    max_gap_years back at most; kind fixed: that year or none. The province needs a year in which
    every district is whole.
    """
    reach = (one for one in complete if is_in_reach(comparison, year, one))
    earlier = sorted(reach, reverse=True)
    needed = {**{unit: {unit} for unit in expected}, PROVINCE: set(expected)}

    def is_whole(unit: str, own: set[str], one: int) -> bool:
        return unit in complete[one] or own <= set(complete[one])

    return {
        unit: next((one for one in earlier if is_whole(unit, own, one)), None)
        if is_whole(unit, own, year)
        else None
        for unit, own in needed.items()
    }


def change_of_districts(
    now: SurveyYear,
    earlier: Sequence[SurveyYear],
    comparison: ComparisonRow,
    expected: Sequence[str],
    taken: Collection[int] = (),
) -> pd.DataFrame:
    """Change of every district and the province by one comparison (CHANGE_COLUMNS) (method §8).

    `expected`: districts of this year's boundary; `earlier`: earlier survey years on it; `taken`:
    years whose survey was taken, also those of which nothing could be used. Units may have
    different base years; one without a base has rows with a flag and no figure: 'unit_absent'
    (not whole this year), 'no_base_year' (no survey to compare with), 'no_valid_base' (there was
    one, in which the unit is not whole), 'boundary_divided' (part of a divided commune went to
    it) or 'suppressed_small_n' (too few sampling units lie in it for an error).

    q values are Benjamini and Hochberg's over the districts of one comparison and level of the
    year, the province apart. All base years make one family: the reader is shown one list, "who
    changed since the year before", and the share of false entries must hold for that list. A
    unit whose survey failed the year before would otherwise be alone in its family, its q equal
    to its p, and be called changed on weaker evidence than its neighbours. Comparisons are not
    pooled: "since last year" and "since the baseline" are two questions, each with its list.
    """
    years = {one.year: one for one in earlier}
    complete = {one.year: one.complete & {*one.totals.domains, PROVINCE} for one in (*earlier, now)}
    chosen = choose_base_years(comparison, now.year, complete, expected)
    tables = [
        _change_since(now, years[base], [u for u, own in chosen.items() if own == base], expected)
        for base in sorted({base for base in chosen.values() if base is not None})
    ]
    missing = [unit for unit in chosen if chosen[unit] is None]
    if missing:
        reasons = _reasons(comparison, now.year, complete[now.year], expected, {*years, *taken})
        reasons |= _refusals(comparison, now, earlier)
        tables.append(_rows_without_change(now.indicator_set, {u: reasons[u] for u in missing}))
    changes = pd.concat(tables, ignore_index=True).assign(comparison=comparison.comparison)
    spans = changes["base_year"].astype("Int64") < now.year - 1
    spans = spans.fillna(False).to_numpy(bool) & (comparison.kind == PREVIOUS)
    changes["flag"] = _add_flag(changes["flag"], "spans_years", spans)
    changes["q_value"] = adjust_p_values(changes)
    changes["is_significant"] = (changes["q_value"] < SIGNIFICANCE).where(
        changes["q_value"].notna()
    )
    official = changes["relative_change"].abs() >= OFFICIAL_RULE
    changes["is_official_change"] = official.where(changes["relative_change"].notna())
    # Every unit's rows stand in the order of the districts, whatever its base year.
    order = {unit: number for number, unit in enumerate(chosen)}
    changes = changes.sort_values("district", key=lambda d: d.map(order), kind="stable")
    integers = ["base_year", "direction", "df"]
    return changes.reset_index(drop=True)[CHANGE_COLUMNS].astype(
        {"is_significant": "boolean", "is_official_change": "boolean", "comparable": bool,
         **dict.fromkeys(integers, "Int64"), **dict.fromkeys(FIGURES, float)}
    )  # fmt: skip


def _change_since(
    now: SurveyYear, base: SurveyYear, units: Sequence[str], expected: Sequence[str]
) -> pd.DataFrame:
    """Changes of `units`, the province among them or not, since one base year."""
    keys = list(now.indicator_set.at("indicator")["key"])
    is_whole = set(expected) <= now.complete & base.complete
    held = list(expected) if is_whole else [unit for unit in units if unit != PROVINCE]
    tables = []
    if held:
        current, then = now.totals.only(held), base.totals.only(held).select(keys)
    for names in ([unit for unit in held if unit in units], [PROVINCE]):
        if not set(names) & set(units):
            continue
        # The province is all who were asked, those in a divided commune too.
        ours, theirs = (
            (now.totals.together(PROVINCE), base.totals.together(PROVINCE).select(keys))
            if names == [PROVINCE]
            else (current.only(names), then.only(names))
        )
        table, rule = change_of_domains(ours, theirs, now.indicator_set, base.indicator_set)
        if now.groups is not None and base.groups is not None:
            own = [
                frame.assign(district=PROVINCE) if names == [PROVINCE] else frame
                for frame in (now.groups, base.groups)
            ]
            split = split_by_group(rule, names, *own)
            table = table.merge(split, on=["district", "key"], validate="one_to_one")
        if is_whole and names != [PROVINCE]:
            net, se = change_beside_the_whole(current, then, rule, names)
            # The district's own df: less than the province's, so never too sure.
            p = p_against_zero(net.ravel(), se.ravel(), table["df"].to_numpy(int))
            table = table.assign(change_net=net.ravel(), change_net_se=se.ravel(), net_p_value=p)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True).assign(base_year=base.year)
    for flag, units_said in (
        ("boundary_restated", base.restated), ("boundary_apportioned", base.apportioned)
    ):  # fmt: skip
        moved = table["district"].isin(units_said).to_numpy(bool)
        table["flag"] = _add_flag(table["flag"], flag, moved)
    return table.reindex(columns=[name for name in CHANGE_COLUMNS if name != "comparison"])


def _add_flag(flags: pd.Series, flag: str, where: np.ndarray) -> pd.Series:
    """`flag` beside the others; in place of 'observed', which says that there is none."""
    others = flags.where(flags != "observed", "")
    joined = pd.Series([";".join(filter(None, (own, flag))) for own in others], index=flags.index)
    return flags.where(~where, joined)


def _reasons(
    comparison: ComparisonRow,
    year: int,
    complete: Collection[str],
    expected: Sequence[str],
    taken: Collection[int],
) -> dict[str, str]:
    """Why each unit, were it without a base, is so."""
    asked = {comparison.base_year}
    if comparison.kind == PREVIOUS:
        asked = set(range(year - (comparison.max_gap_years or 1), year))
    base = "no_valid_base" if asked & set(taken) else "no_base_year"
    absent = set(expected) - set(complete)
    reasons = {unit: "unit_absent" if unit in absent else base for unit in expected}
    return {**reasons, PROVINCE: "unit_absent" if absent else base}


def _refusals(
    comparison: ComparisonRow, now: SurveyYear, earlier: Sequence[SurveyYear]
) -> dict[str, str]:
    """Units of this year that the boundary keeps from the last year they could be compared with."""
    reach = [one for one in earlier if is_in_reach(comparison, now.year, one.year)]
    if not reach:
        return {}
    last = max(reach, key=lambda one: one.year)
    reasons = dict.fromkeys(last.refused, "boundary_divided")
    reasons |= dict.fromkeys(last.too_few - last.refused, "suppressed_small_n;boundary_restated")
    return {unit: why for unit, why in reasons.items() if unit in now.complete}


def is_in_reach(comparison: ComparisonRow, year: int, base: int) -> bool:
    """Whether a comparison lets `year` be compared with `base` (method §8)."""
    if comparison.kind == PREVIOUS:
        return year - (comparison.max_gap_years or 1) <= base < year
    return base == comparison.base_year and base < year


def _rows_without_change(indicator_set: IndicatorSet, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Every node of every unit with the reason as its flag, and no figure."""
    nodes = indicator_set.tree.sort_values(
        "level", key=lambda level: level == "indicator", kind="stable"
    )
    direction = nodes["direction"].where(nodes["level"] == "indicator", 1).astype("Int64")
    rows = nodes[["level", "key"]].assign(direction=direction, comparable=False)
    table = pd.concat(
        [rows.assign(district=unit, flag=flag) for unit, flag in reasons.items()],
        ignore_index=True,
    )
    return table.reindex(columns=[name for name in CHANGE_COLUMNS if name != "comparison"])


def adjust_p_values(table: pd.DataFrame) -> pd.Series:
    """q of each p_value: Benjamini-Hochberg (1995) over the districts of one level, the province
    apart (method §8). `table`: district, level, p_value; NaN stays NaN."""
    q = pd.Series(np.nan, index=table.index)
    family = [table["level"], table["district"] == PROVINCE]
    for _, rows in table.dropna(subset=["p_value"]).groupby(family).groups.items():
        q[rows] = stats.false_discovery_control(table.loc[rows, "p_value"], method="bh")
    return q
