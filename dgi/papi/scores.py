"""Published PAPI: the wide official figures made long, ranked over the provinces, and flagged.
Not here: why a score moved (diagnosis.py), or any figure of the district survey."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from dgi.errors import Fault
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.rows import FIRST_ROW, Key, Row, Text, Year, raise_faults
from dgi.index.ranking import rank_descending

REPAIR = "Compare the cell with the source named in data/papi/sources.csv and correct it."
COLUMNS = ["survey_year", "province_code", "province_name", "level", "key", "code",
           "score", "rank", "ranked_n", "flag"]  # fmt: skip
# Sums of published figures are checked to this; the sources print six digits (method §4).
TOLERANCE = 1e-4


class ProvinceRow(Row):
    province_code: Text
    gso_code: Text
    name_vi: Text
    name_en: Text
    source: str = ""


class SourceRow(Row):
    survey_year: Year
    indicator_set: Text
    source: Text
    licence: str = ""
    checked_against: str = ""


class SuppressionRow(Row):
    survey_year: Year
    province_code: Text
    level: Literal["total", "dimension", "sub_dimension"]
    key: Key
    flag: Literal["suppressed_officially"]
    reason_vi: Text
    reason_en: Text
    source: str = ""


def published_scores(
    year: int,
    wide: pd.DataFrame,
    structure: IndicatorSet,
    provinces: pd.DataFrame,
    suppressions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per province and node: score, rank over the provinces that have one, flag.

    `wide`: text, one row per province, a column per key, blank where not published. A blank is
    a flag and never a zero (method §4); a figure that is both blank and unexplained, or outside
    its scale, raises FactError with the row and column.
    """
    where = f"data/papi/{year}.csv"
    nodes = structure.tree[structure.tree["level"] != "indicator"]
    known = set(provinces["province_code"])
    faults = [
        Fault(where, "the columns are not those of the year's structure", REPAIR, row=1,
              column=name)
        for name in sorted(set(nodes["key"]) ^ (set(wide.columns) - {"province_code"}))
    ]  # fmt: skip
    raise_faults(faults)
    for number, code in enumerate(wide["province_code"], start=FIRST_ROW):
        if code not in known:
            faults.append(Fault(where, "the province is not in data/units/provinces.csv", REPAIR,
                                row=number, column="province_code", value=code))  # fmt: skip
    absent = sorted(known - set(wide["province_code"]))
    if absent or wide["province_code"].duplicated().any():
        faults.append(Fault(where, "every province has exactly one row", REPAIR,
                            value=", ".join(absent)))  # fmt: skip
    explained = set(
        suppressions.loc[suppressions["survey_year"] == year, ["province_code", "key"]].itertuples(
            index=False, name=None
        )
    )
    for node in nodes.itertuples(index=False):
        for number, (code, text) in enumerate(
            zip(wide["province_code"], wide[node.key], strict=True), start=FIRST_ROW
        ):
            if text == "":
                if (code, node.key) not in explained:
                    faults.append(Fault(where, "a blank has no row in suppressions.csv",
                                        "Give the figure, or the reason it was not published.",
                                        row=number, column=node.key))  # fmt: skip
                continue
            if (code, node.key) in explained:
                faults.append(Fault(where, "the figure stands in suppressions.csv as unpublished",
                                    "Remove one of the two.", row=number,
                                    column=node.key, value=text))  # fmt: skip
            try:
                score = float(text)
            except ValueError:
                faults.append(Fault(where, "a score is a number", REPAIR, row=number,
                                    column=node.key, value=text))  # fmt: skip
                continue
            if not node.scale_min - 5e-3 <= score <= node.scale_max + 5e-3:
                faults.append(Fault(where, f"the score is outside its scale {node.scale_min:.4g} to"
                                    f" {node.scale_max:.4g}", REPAIR, row=number,
                                    column=node.key, value=text))  # fmt: skip
    raise_faults(faults)

    long = wide.melt("province_code", var_name="key", value_name="score")
    long["score"] = pd.to_numeric(long["score"], errors="coerce")
    long = long.merge(nodes[["key", "level", "code"]], on="key")
    names = provinces.set_index("province_code")["name_vi"]
    long["province_name"] = long["province_code"].map(names)
    long["survey_year"] = year
    long["rank"] = long.groupby("key")["score"].transform(rank_descending).astype("Int64")
    long["ranked_n"] = long.groupby("key")["score"].transform("count").astype("Int64")
    long["flag"] = "observed"
    long.loc[long["score"].isna(), "flag"] = "suppressed_officially"
    order = {key: position for position, key in enumerate(nodes["key"])}
    return (
        long.assign(_order=long["key"].map(order))
        .sort_values(["province_code", "_order"], ignore_index=True)[COLUMNS]
        .astype({"survey_year": "int64"})
    )


def sum_differences(scores: pd.DataFrame, structure: IndicatorSet) -> pd.DataFrame:
    """Published totals and dimensions beside the sum of their published parts.

    Returns province_code, key, score, sum_of_parts, difference: one row per node that is
    published with all its parts. Every |difference| is to be below TOLERANCE.
    """
    parent = structure.tree.set_index("key")["parent"]
    children = parent[parent != ""].groupby(parent).size()
    parts = scores.assign(parent=scores["key"].map(parent)).dropna(subset=["score"])
    parts = parts[parts["parent"] != ""]
    sums = parts.groupby(["province_code", "parent"])["score"].agg(["sum", "size"]).reset_index()
    sums = sums[sums["size"] == sums["parent"].map(children)]
    whole = scores.dropna(subset=["score"])[["province_code", "key", "score"]]
    both = whole.merge(sums, left_on=["province_code", "key"], right_on=["province_code", "parent"])
    both = both.rename(columns={"sum": "sum_of_parts"})
    both["difference"] = both["score"] - both["sum_of_parts"]
    return both[["province_code", "key", "score", "sum_of_parts", "difference"]]
