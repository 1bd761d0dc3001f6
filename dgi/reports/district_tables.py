"""Belongs here: tables of the district survey that the annual report and the profiles share.
Does not belong here: the sentences and sheets of either product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from . import style
from .blocks import Column
from .common import (
    band_colour,
    code_order,
    column,
    mark_column,
    nodes,
    short_name,
    two_lines,
    with_names,
    yes_no,
)
from .language import Pair, Texts, is_missing

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


def dimension_matrix(
    texts: Texts, scores: pd.DataFrame, tree: pd.DataFrame
) -> tuple[list[Column], pd.DataFrame]:
    """Districts x (total and dimensions), each cell shaded by its band."""
    shown = pd.concat([nodes(tree, "total"), nodes(tree, "dimension")], ignore_index=True)
    names = district_names(texts, scores)
    table = pd.DataFrame({"district": unit_order(scores)})
    table["name"] = [names[unit].vi for unit in table["district"]]
    table["row_style"] = ["strong" if unit == PROVINCE else "" for unit in table["district"]]
    columns = [column(texts, "name", "column.district", width=25)]
    width = 13.5
    for node in shown.itertuples():
        _add_cells(texts, table, scores, node.key, table["district"])
        name = Pair(node.name_vi, node.name_en)
        name = texts.say("column.total") if node.level == "total" else name
        code = "" if node.level == "total" else f"{node.code}. "
        columns.append(
            Column(f"{node.key}", f"{code}{name.vi}", name.en, number_format=style.DECIMAL,
                   width=width, flag=f"{node.key}_flag", fill_from=f"{node.key}_colour",
                   align="center")
        )  # fmt: skip
    return columns, table


def _add_cells(
    texts: Texts, table: pd.DataFrame, scores: pd.DataFrame, key: str, units: pd.Series
) -> None:
    """Adds the score, flag and band colour of one node for the units of the rows."""
    rows = scores[scores["key"] == key].set_index("district")
    table[key] = rows["score"].reindex(units).to_numpy()
    table[f"{key}_flag"] = rows["flag"].reindex(units).fillna("unit_absent").to_numpy()
    bands = rows["band"].reindex(units)
    table[f"{key}_colour"] = [band_colour(texts, band) for band in bands]


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
    table = nodes(tree, "sub_dimension")[["key", "code", "name_vi", "name_en"]].copy()
    units = unit_order(scores)
    for unit in units:
        rows = scores[scores["district"] == unit].set_index("key")
        table[unit] = rows["score"].reindex(table["key"]).to_numpy()
        flags = rows["flag"].reindex(table["key"]).fillna("unit_absent")
        table[f"{unit}_flag"] = flags.to_numpy()
        bands = rows["band"].reindex(table["key"])
        table[f"{unit}_colour"] = [band_colour(texts, band) for band in bands]
    names = district_names(texts, scores)
    columns = [column(texts, "code"), column(texts, "name_vi"),
               *unit_columns(texts, names, units)]  # fmt: skip
    return columns, table


def indicator_matrix(
    texts: Texts, estimates: pd.DataFrame, scores: pd.DataFrame, tree: pd.DataFrame
) -> tuple[list[Column], pd.DataFrame]:
    """Indicators x units; shares in percent, means and counts in the unit of the answer."""
    table = nodes(tree, "indicator").copy()
    is_share = (table["scale_min"].astype(float) == 0) & (table["scale_max"].astype(float) == 1)
    table["format"] = [style.PERCENT if share else style.DECIMAL for share in is_share]
    table["name"] = table["name_vi"] + "\n" + table["name_en"]
    units = unit_order(scores)
    for unit in units:
        rows = estimates[estimates["district"] == unit].set_index("key")
        table[unit] = rows["estimate"].reindex(table["key"]).to_numpy()
        flags = rows["flag"].reindex(table["key"]).fillna("unit_absent")
        table[f"{unit}_flag"] = flags.to_numpy()
    names = district_names(texts, scores)
    columns = [
        column(texts, "code", width=7), column(texts, "key", width=24, is_quiet=True),
        column(texts, "name", width=56),
    ]  # fmt: skip
    narrow = unit_columns(texts, names, units, format_from="format")
    return [*columns, *narrow], table


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


def mark_changes(texts: Texts, changes: pd.DataFrame) -> pd.DataFrame:
    """Adds the written marks, the markers of the flags, and ± 1.96 standard errors."""
    table = changes.copy()
    table["significant"] = [yes_no(texts, value) for value in table["is_significant"]]
    table["official"] = [yes_no(texts, value) for value in table["is_official_change"]]
    table["marks"] = mark_column(texts, table["flag"])
    table["low"] = table["change"] - CI_FACTOR * table["se"]
    table["high"] = table["change"] + CI_FACTOR * table["se"]
    marked = table["is_significant"].astype("boolean").fillna(False)
    table["row_style"] = marked.map({True: "marked", False: ""})
    return table


def change_rows(
    texts: Texts, changes: pd.DataFrame, tree: pd.DataFrame, names: Mapping[str, Pair]
) -> pd.DataFrame:
    """Changes of totals and dimensions with codes and names, district by district."""
    shown = tree[tree["level"].isin(["total", "dimension"])]
    table = changes[changes["key"].isin(shown["key"])].merge(
        shown[["key", "code", "name_vi", "name_en"]], on="key"
    )
    table["name"] = [names[unit].vi if unit in names else unit for unit in table["district"]]
    table["_code"] = table["code"].map(code_order)
    table["_last"] = table["district"] == PROVINCE
    table = table.sort_values(["_last", "district", "_code"], ignore_index=True)
    table["code"] = table["code"].where(table["level"] != "total", "")
    # The total contributes to nothing; only a change that is missing has a reason to show.
    table["contribution_flag"] = table["flag"].where(table["change"].isna(), "")
    return mark_changes(texts, table.drop(columns=["_code", "_last"]))


def against_province(
    texts: Texts, scores: pd.DataFrame, tree: pd.DataFrame, level: str, district: str
) -> pd.DataFrame:
    """One district's nodes of a level beside the province and the best district."""
    own = scores[scores["district"] == district]
    table = name_bands(texts, with_names(own, tree, level, "unit_absent"))
    at_level = scores[scores["level"] == level]
    province = at_level[at_level["district"] == PROVINCE].set_index("key")
    best = at_level[at_level["district"] != PROVINCE].groupby("key")["score"].max()
    table["province"] = province["score"].reindex(table["key"]).to_numpy()
    flags = province["flag"].reindex(table["key"]).fillna("suppressed_incomplete")
    table["province_flag"] = flags.to_numpy()
    table["best_district"] = best.reindex(table["key"]).to_numpy()
    table["gap_to_province"] = table["score"] - table["province"]
    table["gap_flag"] = table["flag"].mask(table["score"].notna(), table["province_flag"])
    table["row_style"] = ""
    return table


def chart_label(texts: Texts, row: object) -> str:
    name = Pair(row.name_vi, row.name_en)  # type: ignore[attr-defined]
    return f"{row.code} {short_name(texts, row.key, name).vi}"  # type: ignore[attr-defined]


def heading(texts: Texts, key: str) -> str:
    return two_lines(texts.say(key))
