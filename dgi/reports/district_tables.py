"""Belongs here: tables of the district survey that the annual report and the profiles share.
Does not belong here: the sentences and sheets of either product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from dgi.facts.comparisons import PREVIOUS

from . import style
from .blocks import Column
from .common import (
    band_colour,
    code_order,
    column,
    nodes,
    short_name,
    two_lines,
    yes_no,
)
from .language import Pair, Texts, is_missing, is_true

PROVINCE = "province"
CI_FACTOR = 1.96


def district_names(texts: Texts, scores: pd.DataFrame) -> dict[str, Pair]:
    """Names of all units in the scores, the province named by its own text."""
    rows = scores.drop_duplicates("district")
    names = {
        row.district: Pair(row.district_name_vi, row.district_name_en) for row in rows.itertuples()
    }
    return {**names, PROVINCE: texts.say("word.province")}


def totals(scores: pd.DataFrame) -> pd.DataFrame:
    """The total of every unit: districts by rank, those without one after them, province last."""
    found = scores[scores["level"] == "total"].copy()
    found["_last"] = found["district"] == PROVINCE
    order = found.sort_values(["_last", "rank", "district"], na_position="last")
    return order.drop(columns="_last").reset_index(drop=True)


def unit_order(scores: pd.DataFrame) -> list[str]:
    """All units in the order of `totals`."""
    return list(totals(scores)["district"])


def interval_text(low: object, high: object) -> object:
    """'1–4'; NA when unknown."""
    if is_missing(low) or is_missing(high):
        return pd.NA
    return f"{int(low)}–{int(high)}"  # type: ignore[call-overload]


def name_bands(texts: Texts, table: pd.DataFrame) -> pd.DataFrame:
    """Adds band_name (vi) and band_colour for the `band` column."""
    table = table.copy()
    table["band_colour"] = [band_colour(texts, band) for band in table["band"]]
    table["band_name"] = [
        pd.NA if is_missing(band) or band == "" else texts.band_name(band).vi
        for band in table["band"]
    ]
    return table


def ranking_table(texts: Texts, scores: pd.DataFrame) -> tuple[list[Column], pd.DataFrame]:
    """Rank, district, total with interval, rank interval, band with probability, interviews."""
    table = name_bands(texts, totals(scores))
    names = district_names(texts, scores)
    table["name"] = [names[unit].vi for unit in table["district"]]
    table["ranks"] = [
        interval_text(row.rank_low, row.rank_high) for row in table.itertuples(index=False)
    ]
    table["row_style"] = ["strong" if unit == PROVINCE else "" for unit in table["district"]]
    columns = [
        column(texts, "rank", align="center"),
        column(texts, "name", "column.district", width=25),
        column(texts, "score"), column(texts, "ci_low"), column(texts, "ci_high"),
        column(texts, "ranks", "column.rank_interval", align="center", width=12),
        column(texts, "band_name", "column.band", width=16, align="center",
               fill_from="band_colour"),
        column(texts, "band_probability"), column(texts, "n"),
    ]  # fmt: skip
    return columns, table


Cells = Mapping[tuple[str, str], tuple[object, object]]


def cells_of(frame: pd.DataFrame, value: str) -> dict[tuple[str, str], tuple[object, object]]:
    """(district, key) -> (value, flag). One pass: filtering once per unit costs far more."""
    keys = zip(frame["district"].tolist(), frame["key"].tolist(), strict=True)
    values = zip(frame[value].tolist(), frame["flag"].tolist(), strict=True)
    return dict(zip(keys, values, strict=True))


def _fill_cells(
    table: dict[str, object], name: str, cells: Cells, wanted: Sequence[tuple[str, str]],
    colours: Mapping[tuple[str, str], str],
) -> None:  # fmt: skip
    """Adds the columns `name`, `<name>_flag` and `<name>_colour` for the wanted cells."""
    found = [cells.get(one, (float("nan"), "unit_absent")) for one in wanted]
    table[name] = [value for value, _ in found]
    table[f"{name}_flag"] = ["unit_absent" if is_missing(flag) else flag for _, flag in found]
    table[f"{name}_colour"] = [colours.get(one, "") for one in wanted]


def _colours(texts: Texts, scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    keys = zip(scores["district"].tolist(), scores["key"].tolist(), strict=True)
    colours = [band_colour(texts, band) for band in scores["band"].tolist()]
    return dict(zip(keys, colours, strict=True))


def dimension_matrix(
    texts: Texts, scores: pd.DataFrame, tree: pd.DataFrame
) -> tuple[list[Column], pd.DataFrame]:
    """Districts x (total and dimensions), each cell shaded by its band."""
    shown = pd.concat([nodes(tree, "total"), nodes(tree, "dimension")], ignore_index=True)
    names, units = district_names(texts, scores), unit_order(scores)
    cells, colours = cells_of(scores, "score"), _colours(texts, scores)
    table: dict[str, object] = {
        "district": units,
        "name": [names[unit].vi for unit in units],
        "row_style": ["strong" if unit == PROVINCE else "" for unit in units],
    }
    columns = [column(texts, "name", "column.district", width=25)]
    for node in shown.to_dict("records"):
        key = node["key"]
        _fill_cells(table, key, cells, [(unit, key) for unit in units], colours)
        name, code = Pair(node["name_vi"], node["name_en"]), f"{node['code']}. "
        if node["level"] == "total":
            name, code = texts.say("column.total"), ""
        columns.append(
            Column(key, f"{code}{name.vi}", name.en, number_format=style.DECIMAL, width=13.5,
                   flag=f"{key}_flag", fill_from=f"{key}_colour", align="center")
        )  # fmt: skip
    return columns, pd.DataFrame(table)


def unit_columns(
    texts: Texts, names: Mapping[str, Pair], units: Iterable[str], **options: object
) -> list[Column]:
    """A narrow upright column per unit; the province first."""
    others = [unit for unit in units if unit != PROVINCE]
    made = []
    for unit in [PROVINCE, *others]:
        name = names[unit]
        is_province = unit == PROVINCE
        made.append(
            Column(unit, name.vi, name.en if is_province else "", number_format=style.DECIMAL,
                   width=8, flag=f"{unit}_flag", fill_from=f"{unit}_colour", is_upright=True,
                   align="center", **options)  # type: ignore[arg-type]
        )  # fmt: skip
    return made


def sub_dimension_matrix(
    texts: Texts, scores: pd.DataFrame, tree: pd.DataFrame
) -> tuple[list[Column], pd.DataFrame]:
    """Sub-dimensions x units, each cell shaded by its band."""
    shown = nodes(tree, "sub_dimension")
    table = _lists(shown[["key", "code", "name_vi", "name_en"]])
    units = _fill_units(table, scores, cells_of(scores, "score"), _colours(texts, scores))
    columns = [column(texts, "code"), column(texts, "name_vi"),
               *unit_columns(texts, district_names(texts, scores), units)]  # fmt: skip
    return columns, pd.DataFrame(table)


def indicator_matrix(
    texts: Texts, estimates: pd.DataFrame, scores: pd.DataFrame, tree: pd.DataFrame
) -> tuple[list[Column], pd.DataFrame]:
    """Indicators x units; shares in percent, means and counts in the unit of the answer."""
    shown = nodes(tree, "indicator")
    is_share = (shown["scale_min"].astype(float) == 0) & (shown["scale_max"].astype(float) == 1)
    table = _lists(shown[["key", "code"]])
    table["format"] = [style.PERCENT if share else style.DECIMAL for share in is_share]
    table["name"] = (shown["name_vi"] + "\n" + shown["name_en"]).tolist()
    units = _fill_units(table, scores, cells_of(estimates, "estimate"), {})
    columns = [
        column(texts, "code", width=7), column(texts, "name", width=84),
    ]  # fmt: skip
    names = district_names(texts, scores)
    narrow = unit_columns(texts, names, units, format_from="format")
    return [*columns, *narrow], pd.DataFrame(table)


def _lists(frame: pd.DataFrame) -> dict[str, object]:
    return {str(name): frame[name].tolist() for name in frame.columns}


def _fill_units(
    table: dict[str, object], scores: pd.DataFrame, cells: Cells,
    colours: Mapping[tuple[str, str], str],
) -> list[str]:  # fmt: skip
    """Adds three columns per unit to a table with a row per key; returns the units in order."""
    keys, units = table["key"], unit_order(scores)
    for unit in units:
        _fill_cells(table, unit, cells, [(unit, key) for key in keys], colours)  # type: ignore[attr-defined]
    return units


def since_last_year(changes: pd.DataFrame) -> pd.DataFrame:
    """The rows that compare with the year before, not with another base year."""
    return changes[changes["comparison"] == PREVIOUS]


def change_columns(texts: Texts, **significance: object) -> list[Column]:
    """Change, its error, and the two marks, never merged."""
    return [
        column(texts, "change"), column(texts, "relative_change"),
        column(texts, "se"), column(texts, "p_value"), column(texts, "q_value"),
        column(texts, "significant", "column.is_significant", align="center", width=15,
               **significance),
        column(texts, "official", "column.is_official_change", align="center", width=15),
        column(texts, "marks", align="center", width=10),
    ]  # fmt: skip


_CHANGE_FIGURES = ("change", "relative_change", "se", "p_value", "q_value", "contribution")
_CHANGE_WORDS = ("district", "level", "key", "flag", "is_significant", "is_official_change")


def change_rows(
    texts: Texts, changes: pd.DataFrame, tree: pd.DataFrame, names: Mapping[str, Pair]
) -> pd.DataFrame:
    """Changes of totals and dimensions with names, both marks and ± 1.96 standard errors.

    District by district, the province last, each in code order.
    """
    shown = {
        node["key"]: node
        for node in tree[tree["level"].isin(["total", "dimension"])].to_dict("records")
    }
    columns = {name: changes[name].to_numpy(float).tolist() for name in _CHANGE_FIGURES}
    columns |= {name: changes[name].tolist() for name in _CHANGE_WORDS}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rows = [row for row in rows if row["key"] in shown]
    rows.sort(
        key=lambda row: (
            row["district"] == PROVINCE, row["district"], code_order(shown[row["key"]]["code"])
        )
    )  # fmt: skip
    for row in rows:
        node, unit = shown[row["key"]], row["district"]
        row["name"] = names[unit].vi if unit in names else unit
        row["code"] = "" if node["level"] == "total" else node["code"]
        row["name_vi"], row["name_en"] = node["name_vi"], node["name_en"]
        # The total contributes to nothing; only a change that is missing has a reason to show.
        row["contribution_flag"] = row["flag"] if is_missing(row["change"]) else ""
        row["significant"] = yes_no(texts, row["is_significant"])
        row["official"] = yes_no(texts, row["is_official_change"])
        row["marks"] = texts.marks(row["flag"])
        row["low"] = row["change"] - CI_FACTOR * row["se"]
        row["high"] = row["change"] + CI_FACTOR * row["se"]
        row["row_style"] = "marked" if is_true(row["is_significant"]) else ""
    made = [*columns, "name", "code", "name_vi", "name_en", "contribution_flag", "significant",
            "official", "marks", "low", "high", "row_style"]  # fmt: skip
    return pd.DataFrame(rows, columns=made)


_OWN = ("score", "ci_low", "ci_high", "band", "band_probability", "flag")


def against_province(
    texts: Texts, scores: pd.DataFrame, tree: pd.DataFrame, level: str, district: str
) -> pd.DataFrame:
    """One district's nodes of a level beside the province and the best district.

    A node without a row is flagged unit_absent, so that a table never loses a line in silence.
    """
    shown = nodes(tree, level)
    keys = set(shown["key"])
    own: dict[str, tuple] = {}
    province: dict[str, tuple[float, object]] = {}
    best: dict[str, float] = {}
    columns = [scores[name].tolist() for name in ("district", "key", *_OWN)]
    for unit, key, *figures in zip(*columns, strict=True):
        if key not in keys:
            continue
        if unit == district:
            own[key] = tuple(figures)
        score = float("nan") if is_missing(figures[0]) else float(figures[0])
        if unit == PROVINCE:
            province[key] = score, figures[-1]
        elif score > best.get(key, float("-inf")):  # never true of NaN
            best[key] = score
    nothing = (float("nan"), float("nan"), float("nan"), "", float("nan"), "unit_absent")
    rows = []
    for node in shown[["key", "code", "name_vi", "name_en"]].to_dict("records"):
        key = node["key"]
        row = node | dict(zip(_OWN, own.get(key, nothing), strict=True))
        row["province"], row["province_flag"] = province.get(
            key, (float("nan"), "suppressed_incomplete")
        )
        row["best_district"] = best.get(key, float("nan"))
        row["gap_to_province"] = row["score"] - row["province"]
        row["gap_flag"] = row["flag"] if is_missing(row["score"]) else row["province_flag"]
        has_band = not is_missing(row["band"]) and row["band"] != ""
        row["band_colour"] = band_colour(texts, row["band"])
        row["band_name"] = texts.band_name(row["band"]).vi if has_band else pd.NA
        row["row_style"] = ""
        rows.append(row)
    return pd.DataFrame(rows)


def chart_label(texts: Texts, row: object) -> str:
    name = Pair(row.name_vi, row.name_en)  # type: ignore[attr-defined]
    return f"{row.code} {short_name(texts, row.key, name).vi}"  # type: ignore[attr-defined]


def heading(texts: Texts, key: str) -> str:
    return two_lines(texts.say(key))
