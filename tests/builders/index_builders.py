"""Belongs here: small indicator sets and samples that the tests of the index are built from.
Does not belong here: what must be true of them (the test files beside this one)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from dgi.change.two_years import change_of_domains
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire
from dgi.index.scores import score_domains
from dgi.index.totals import PsuTotals, reduce_to_psu

COLUMNS = ["level", "key", "code", "parent", "name_vi", "name_en", "direction", "weight",
           "scale_min", "scale_max", "measure", "question", "good_answers", "base", "dk",
           "min_n", "min_share"]  # fmt: skip


def share(key: str, weight="1", direction="1", **other) -> dict:
    return {"key": key, "weight": weight, "direction": direction, "scale_min": "0",
            "scale_max": "1", "measure": "share", "question": key, "good_answers": "1",
            "base": "all", "dk": "missing", "min_n": "1", **other}  # fmt: skip


def rating(key: str, weight="1", direction="1", **other) -> dict:
    return {**share(key, weight, direction), "scale_min": "1", "scale_max": "5",
            "measure": "mean", "good_answers": "", **other}  # fmt: skip


def table(dimensions: dict[str, dict[str, list[dict]]], min_share="0.6") -> pd.DataFrame:
    """A tree as text: {dimension: {sub-dimension: [indicators]}}, scales as in method §3."""
    count = len(dimensions)
    rows = [{"level": "total", "key": "total", "code": "TOTAL",
             "scale_min": str(count), "scale_max": str(10 * count)}]  # fmt: skip
    for number, (dimension, subs) in enumerate(dimensions.items(), start=1):
        rows.append({"level": "dimension", "key": dimension, "code": f"D{number}",
                     "parent": "total", "scale_min": "1", "scale_max": "10"})  # fmt: skip
        for order, (sub, indicators) in enumerate(subs.items(), start=1):
            rows.append({"level": "sub_dimension", "key": sub, "code": f"{number}.{order}",
                         "parent": dimension, "scale_min": f"1/{len(subs)}",
                         "scale_max": f"10/{len(subs)}", "min_share": min_share})  # fmt: skip
            rows += [
                {"level": "indicator", "code": f"{number}.{order}{'abcdefgh'[place]}",
                 "parent": sub, **indicator}
                for place, indicator in enumerate(indicators)
            ]  # fmt: skip
    named = pd.DataFrame(rows).assign(name_vi="tên", name_en="name")
    return named.reindex(columns=COLUMNS).fillna("").astype("str")


def small_set(**changes) -> IndicatorSet:
    """Two dimensions, three sub-dimensions, six indicators; `changes` go to every indicator."""

    def indicator(make, key, weight, direction="1"):
        return {**make(key, weight, direction), **changes}

    return IndicatorSet.from_table(
        "small",
        table(
            {
                "dimension_1": {
                    "knowing": [indicator(share, "a", "0.5"), indicator(share, "b", "0.3"),
                                indicator(rating, "c", "0.2")],
                    "voting": [indicator(share, "d", "1", "-1")],
                },
                "dimension_2": {
                    "paying": [indicator(share, "e", "0.5"), indicator(rating, "f", "0.5", "-1")]
                },
            }
        ),
    )  # fmt: skip


KEYS = ["a", "b", "c", "d", "e", "f"]
HIGHEST = np.array([1, 1, 5, 1, 1, 5])
LOWEST = np.array([0, 0, 1, 0, 0, 1])


def answers(
    seed: int,
    districts=("101-ha",),
    strata: int = 2,
    psus: int = 3,
    people: int = 4,
    missing: float = 0.1,
) -> pd.DataFrame:
    """Respondents of several districts, KEYS as answers worth (NaN where missing), and weights."""
    random = np.random.default_rng(seed)
    rows = [
        {"district": district, "stratum": f"{district}/{s}", "psu": f"{district}/{s}/{p}",
         "commune_code": f"{district}/{s}/{p}"}
        for district in districts
        for s in range(strata)
        for p in range(psus)
        for _ in range(people)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    values = random.integers(LOWEST, HIGHEST + 1, size=(len(frame), len(KEYS))).astype(float)
    values[random.random(values.shape) < missing] = np.nan
    frame[KEYS] = values
    frame["weight"] = random.lognormal(0, 0.7, len(frame))
    return frame


def totals_of(frame: pd.DataFrame, **options) -> PsuTotals:
    values, weights = frame[KEYS].to_numpy(float), frame["weight"].to_numpy(float)
    return reduce_to_psu(values, weights, frame, KEYS, **options)


def score_one(totals: PsuTotals, indicator_set: IndicatorSet) -> pd.DataFrame:
    """Scores of all units as one domain."""
    return score_domains(totals.together("all"), indicator_set).to_frame(["all"])


def change_of_one(
    now: PsuTotals, before: PsuTotals, current_set: IndicatorSet, base_set: IndicatorSet
) -> pd.DataFrame:
    """Change of all units as one domain."""
    whole = [totals.together("all") for totals in (now, before)]
    return change_of_domains(*whole, current_set, base_set)[0]


def samples_of(frame: pd.DataFrame) -> pd.DataFrame:
    """n and Kish's effective n of each district, as score_districts takes them."""
    units = frame.assign(ww=frame["weight"] ** 2).groupby("district")
    table = units.agg(n=("weight", "size"), w=("weight", "sum"), ww=("ww", "sum")).reset_index()
    return table.assign(n_effective=table["w"] ** 2 / table["ww"])


QUESTIONS = pd.DataFrame(
    [
        ("a", "C1", "yes_no", ""), ("b", "C2", "five", ""), ("c", "C3", "yes_no", ""),
        ("d", "C4", "yes_no", "a=1"), ("e", "C5", "yes_no", ""),
    ],
    columns=["question", "column", "answers", "asked_if"],
).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")  # fmt: skip
ANSWERS = pd.DataFrame(
    [(name, str(code), kind)
     for name, codes in {"yes_no": [0, 1], "five": [1, 2, 3, 4, 5]}.items()
     for code, kind in [*((code, "valid") for code in codes),
                        (888, "dont_know"), (999, "refused")]],
    columns=["answers", "code", "kind"],
).assign(label_vi="nhãn", label_en="label")  # fmt: skip
FIXED = pd.DataFrame(
    [("respondent_id", "MaPhieu", "text", "yes", "", "", "")],
    columns=["name", "column", "type", "required", "min", "max", "answers"],
).assign(role="key", text_vi="mã", text_en="id")


def form() -> Questionnaire:
    """A questionnaire of five questions, one of them asked of some."""
    return Questionnaire.from_tables("form", QUESTIONS, ANSWERS, FIXED)


TREE = {"dimension_1": {"knowing": [share("a", "0.5"), rating("b", "0.5")],
                        "voting": [share("c")]}}  # fmt: skip


def with_cell(key: str, column: str, value: str) -> pd.DataFrame:
    tree = table(TREE)
    tree.loc[tree["key"] == key, column] = value
    return tree


def print_on_threads(code: str, folder: Path) -> list[bytes]:
    """What `code` prints in processes with one and with two threads for linear algebra; modules
    of `folder` and of this one can be imported."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join(str(place) for place in (root, folder, Path(__file__).parent))
    return [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": threads,
                 "OMP_NUM_THREADS": threads},
            cwd=root, check=True, capture_output=True,
        ).stdout
        for threads in ("1", "2")
    ]  # fmt: skip
