"""Whether two versions of the set measure alike, key by key, and what differs (method §3, §8).
Not here: what breaks one indicator (dgi.facts.differences), or the change itself (two_years.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dgi.change.two_years import is_restated
from dgi.facts.differences import Differences, breaks_comparison, compare_indicators
from dgi.facts.indicator_sets import LEVELS, IndicatorSet
from dgi.index.scores import OBSERVED, scoring_rule

COMPARISON_COLUMNS = [
    "level", "key", "code", "base_code", "parent", "base_parent", "name_vi", "name_en", "status",
    "is_restated", "differences",
]  # fmt: skip
COMPARED = ("comparable", "moved", "common_core")


def compare_sets(current: IndicatorSet, base: IndicatorSet) -> pd.DataFrame:
    """One row per key of either version (COMPARISON_COLUMNS), the current order first (method §8).

    Answers on offer and wordings are looked at where both versions know their questionnaire
    (IndicatorSet.asked_by). `status`, the first that holds:
    entered, left: one version alone has the key;
    broken: nothing, or too little, of it is measured alike, so it has no change;
    moved: made of the same parts with the same weights, under another code or parent;
    common_core: compared on the parts both share, or by this version's weights and scale;
    comparable: as published. `is_restated`: the base year's score is computed again on this
    version's parts, weights and scale, and so differs from the one published then; the change
    then carries the flag 'common_core'. `differences`: tuples (aspect, before, now).
    """
    differences = compare_indicators(current, base)
    keys = list(current.at("indicator")["key"])
    common = [key for key in keys if key in differences and not breaks_comparison(differences[key])]
    rule = scoring_rule(current, np.isin(keys, common), partial=True)
    scored = dict(zip(rule.nodes["key"], rule.is_scored[0], strict=True))
    whole = dict(zip(rule.nodes["key"], rule.codes[0] == OBSERVED, strict=True))
    restated = dict(zip(rule.nodes["key"], is_restated(rule, current, base)[0], strict=True))
    now = current.tree.set_index(["level", "key"])
    then = base.tree.set_index(["level", "key"])
    status: dict[str, str] = {}
    rows = []
    for level in reversed(LEVELS):  # parts before what they are parts of
        for key in current.at(level)["key"]:
            if (level, key) not in then.index:
                status[key] = "entered"
                continue
            row, old = now.loc[(level, key)], then.loc[(level, key)]
            has_moved = row["code"] != old["code"] or row["parent"] != old["parent"]
            if level == "indicator":
                found = differences[key]
                is_same, is_broken = True, breaks_comparison(found)
            else:
                found = _differences_of_node(key, row, old, now, then, status)
                is_same = whole[key] and not any(
                    aspect.startswith("parts") or aspect == "weight" for aspect, *_ in found
                )
                is_broken = not scored[key]
            differences[key] = found
            if is_broken:
                status[key] = "broken"
            elif has_moved and is_same:
                status[key] = "moved"
            else:
                status[key] = "common_core" if restated.get(key, False) else "comparable"
    for (level, key), row in now.iterrows():
        old = then.loc[(level, key)] if status[key] != "entered" else None
        rows.append(
            {
                "level": level, "key": key, "code": row["code"], "parent": row["parent"],
                "base_code": "" if old is None else old["code"],
                "base_parent": "" if old is None else old["parent"],
                "name_vi": row["name_vi"], "name_en": row["name_en"], "status": status[key],
                "is_restated": bool(restated.get(key, False)) and status[key] in COMPARED,
                "differences": () if old is None else differences[key],
            }
        )  # fmt: skip
    for (level, key), old in then.iterrows():
        if (level, key) not in now.index:
            rows.append(
                {
                    "level": level, "key": key, "code": "", "parent": "",
                    "base_code": old["code"], "base_parent": old["parent"],
                    "name_vi": old["name_vi"], "name_en": old["name_en"], "status": "left",
                    "is_restated": False, "differences": (),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _differences_of_node(
    key: str, row: pd.Series, old: pd.Series, now: pd.DataFrame, then: pd.DataFrame,
    status: Mapping[str, str],
) -> Differences:  # fmt: skip
    """What differs in a total, dimension or sub-dimension, whose parts are judged already."""
    parts, before = now[now["parent"] == key], then[then["parent"] == key]
    mine, theirs = (dict(zip(p.index.get_level_values("key"), p["weight"], strict=True))
                    for p in (parts, before))  # fmt: skip
    shared = [part for part in mine if part in theirs]
    found = []
    if (row["scale_min"], row["scale_max"]) != (old["scale_min"], old["scale_max"]):
        found.append(("scale", _scale(old), _scale(row)))
    if any(mine[part] != theirs[part] for part in shared) and row.name[0] == "sub_dimension":
        found.append(("weight", _weights(theirs, shared), _weights(mine, shared)))
    found += [
        (column, str(old[column]), str(row[column]))
        for column in ("code", "parent") if row[column] != old[column]
    ]  # fmt: skip
    groups = {
        "parts_entered": [part for part in mine if part not in theirs],
        "parts_left": [part for part in theirs if part not in mine],
        "parts_broken": [part for part in shared if status[part] == "broken"],
        "parts_restated": [part for part in shared if status[part] == "common_core"],
    }
    found += [(aspect, "", ", ".join(names)) for aspect, names in groups.items() if names]
    return tuple(found)


def _scale(row: pd.Series) -> str:
    return f"{row['scale_min']:.4g}-{row['scale_max']:.4g}"


def _weights(weights: Mapping[str, float], keys: Sequence[str]) -> str:
    return "; ".join(f"{weights[key]:.4g}" for key in keys)
