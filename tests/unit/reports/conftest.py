"""Belongs here: the small, lopsided frames that the report tests print.
Does not belong here: real figures, tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from dgi.reports.language import Texts, make_texts

LABELS = Path(__file__).resolve().parents[3] / "data" / "labels"
YEAR, OWN = 2016, "P14"


def load_texts() -> Texts:
    strings = yaml.safe_load((LABELS / "reports.yaml").read_text(encoding="utf-8"))
    flags = pd.read_csv(LABELS / "flags.csv", dtype=str, keep_default_na=False)
    bands = pd.read_csv(LABELS / "bands.csv", dtype={"colour": str})
    return make_texts(strings, flags, bands)


@pytest.fixture(scope="session")
def texts() -> Texts:
    return load_texts()


@pytest.fixture
def tree() -> pd.DataFrame:
    """Two dimensions with two sub-dimensions each; one indicator of each kind."""
    rows = [
        ("total", "total", "TOTAL", "", "Tổng", "Total", 2, 20),
        ("dimension", "dimension_1", "D1", "total", "Tham gia", "Participation", 1, 10),
        ("dimension", "dimension_2", "D2", "total", "Công khai", "Transparency", 1, 10),
        ("sub_dimension", "s_one", "1.1", "dimension_1", "Một", "One", 0.5, 5),
        ("sub_dimension", "s_two", "1.2", "dimension_1", "Hai", "Two", 0.5, 5),
        ("sub_dimension", "s_three", "2.1", "dimension_2", "Ba", "Three", 0.5, 5),
        ("sub_dimension", "s_four", "2.2", "dimension_2", "Bốn", "Four", 0.5, 5),
        ("indicator", "i_share", "1.1a", "s_one", "=cmd|'/C calc'!A0", "A share", 0, 1),
        ("indicator", "i_mean", "1.2a", "s_two", "Trung bình", "A mean", 1, 5),
    ]
    names = ["level", "key", "code", "parent", "name_vi", "name_en", "scale_min", "scale_max"]
    return pd.DataFrame(rows, columns=names)


PARTS = ["s_one", "s_two", "s_three", "s_four"]
PARENT = {"s_one": "dimension_1", "s_two": "dimension_1"}
PARENT |= {"s_three": "dimension_2", "s_four": "dimension_2"}


def _with_sums(parts: dict[str, float]) -> dict[str, float]:
    sums = {"dimension_1": parts["s_one"] + parts["s_two"]}
    sums["dimension_2"] = parts["s_three"] + parts["s_four"]
    return {"total": sum(sums.values()), **sums, **parts}


@pytest.fixture
def papi_scores(tree: pd.DataFrame) -> pd.DataFrame:
    """Three provinces, 2014-2016; ours is last in 2016."""
    rows = []
    for year in (2014, 2015, 2016):
        for number, code in enumerate(["P01", "P02", OWN]):
            drop = 0.4 if (code, year) == (OWN, 2016) else 0.0
            parts = {key: 2.5 - 0.1 * number - drop * (i + 1) / 4 for i, key in enumerate(PARTS)}
            for key, score in _with_sums(parts).items():
                rows.append((year, code, f"Tỉnh {code}", key, score, number + 1, 3, "observed"))
    names = ["survey_year", "province_code", "province_name", "key", "score", "rank", "ranked_n"]
    scores = pd.DataFrame(rows, columns=[*names, "flag"])
    return scores.merge(tree[["key", "level", "code"]], on="key")


@pytest.fixture
def diagnosis(papi_scores: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    now = papi_scores[papi_scores["survey_year"] == YEAR]
    before = papi_scores[papi_scores["survey_year"] == YEAR - 1]
    own = now[now["province_code"] == OWN].merge(tree[["key", "name_vi", "name_en"]], on="key")
    base = before[before["province_code"] == OWN].set_index("key")["score"]
    own = own.assign(
        band="low",
        base_year=YEAR - 1,
        base_score=own["key"].map(base),
        median=own["key"].map(now.groupby("key")["score"].median()),
        best_quarter=own["key"].map(now.groupby("key")["score"].quantile(0.75)),
        national_median_change=0.0,
        comparable=True,
    )
    own["change"] = own["score"] - own["base_score"]
    own["relative_change"] = own["change"] / own["base_score"]
    own["is_official_change"] = (own["relative_change"].abs() >= 0.05).astype("boolean")
    own["contribution"] = own["change"].where(own["level"] == "sub_dimension")
    own["change_net_of_country"] = own["change"]
    own["contribution_base_year"] = YEAR - 1
    own["contribution_median"] = 0.0
    own["gap_to_median"] = own["score"] - own["median"]
    own["gap_to_best_quarter"] = own["score"] - own["best_quarter"]
    return own


@pytest.fixture
def reasons() -> pd.DataFrame:
    names = ["survey_year", "province_code", "level", "key", "flag", "reason_vi", "reason_en"]
    row = (YEAR, OWN, "total", "total", "suppressed_officially", "Không đủ dữ liệu", "Not enough")
    return pd.DataFrame([(*row, "example.org")], columns=[*names, "source"])


def _suppress(scores: pd.DataFrame, diagnosis: pd.DataFrame, keys: list[str]) -> tuple:
    """The same frames with our province's `keys` of the year officially not published."""
    scores, diagnosis = scores.copy(), diagnosis.copy()
    hidden = (scores["survey_year"] == YEAR) & (scores["province_code"] == OWN)
    hidden &= scores["key"].isin(keys)
    scores.loc[hidden, ["score", "rank"]] = float("nan")
    scores.loc[hidden, "flag"] = "suppressed_officially"
    gone = diagnosis["key"].isin(keys)
    figures = ["score", "rank", "change", "relative_change", "contribution", "gap_to_median",
               "gap_to_best_quarter"]  # fmt: skip
    diagnosis[figures] = diagnosis[figures].astype(float)
    diagnosis.loc[gone, figures] = float("nan")
    diagnosis.loc[gone, "is_official_change"] = pd.NA
    diagnosis.loc[gone, "band"] = ""
    diagnosis.loc[gone, "flag"] = "suppressed_officially"
    return scores, diagnosis


@pytest.fixture
def suppress() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    return _suppress


@pytest.fixture
def survey(tree: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Three districts of 2018, the last without answers, so the province is withheld."""
    units = [
        ("193-ha-long", "Hạ Long"),
        ("194-mong-cai", "Móng Cái"),
        ("207-co-to", "Cô Tô"),
        ("province", "Toàn tỉnh"),
    ]
    nodes = tree[tree["level"] != "indicator"].set_index("key")
    scores, changes, estimates = [], [], []
    for number, (unit, name) in enumerate(units):
        is_known = number < 2
        flag = "observed" if is_known else "unit_absent" if unit != "province" else ""
        flag = flag or "suppressed_incomplete"
        values = _with_sums({key: 2.5 + 0.2 * i - 0.3 * number for i, key in enumerate(PARTS)})
        for key, value in values.items():
            score = value if is_known else float("nan")
            scores.append(
                {
                    "survey_year": 2018,
                    "edition": "2018.1",
                    "district": unit,
                    "district_name_vi": name,
                    "district_name_en": name,
                    "level": nodes.at[key, "level"],
                    "key": key,
                    "code": nodes.at[key, "code"],
                    "score": score,
                    "se": 0.1,
                    "ci_low": score - 0.2,
                    "ci_high": score + 0.2,
                    "df": 20,
                    "n": 384 if is_known else 0,
                    "n_effective": 300.0,
                    "rank": number + 1 if is_known else pd.NA,
                    "rank_low": 1 if is_known else pd.NA,
                    "rank_high": 2 if is_known else pd.NA,
                    "ranked_n": 2,
                    "band": ("high", "low")[number] if is_known else "",
                    "band_probability": 0.9 if is_known else float("nan"),
                    "flag": flag,
                    "is_sample": True,
                }
            )
            change = (-0.6 if number else 0.1) if is_known else float("nan")
            changes.append(
                {
                    "survey_year": 2018,
                    "comparison": "previous",
                    "base_year": 2017,
                    "district": unit,
                    "boundary_date": "2018-07-01",
                    "level": nodes.at[key, "level"],
                    "key": key,
                    "change": change,
                    "relative_change": change / 10,
                    "se": 0.1,
                    "p_value": 0.001 if is_known else float("nan"),
                    "q_value": 0.002 if is_known else float("nan"),
                    "is_significant": number == 1 if is_known else pd.NA,
                    "is_official_change": number == 1 if is_known else pd.NA,
                    "contribution": change,
                    "comparable": is_known,
                    "flag": "common_core" if is_known else "unit_absent",
                    "is_sample": True,
                }
            )
        for key in ("i_share", "i_mean"):
            hidden = key == "i_mean" and number == 1
            estimates.append(
                {
                    "survey_year": 2018,
                    "district": unit,
                    "key": key,
                    "estimate": float("nan") if hidden or not is_known else 0.0,
                    "flag": "suppressed_small_n" if hidden else flag,
                    "is_sample": True,
                }
            )
    quality = pd.DataFrame(
        {
            "district": ["193-ha-long", "194-mong-cai"],
            "response_rate": [0.8, 0.9],
            "own_measure": [1.5, 2.5],
        }
    )
    frames = {
        "scores": pd.DataFrame(scores),
        "changes": pd.DataFrame(changes),
        "estimates": pd.DataFrame(estimates),
        "quality": quality,
    }
    for name in ("rank", "rank_low", "rank_high"):
        frames["scores"][name] = frames["scores"][name].astype("Int64")
    for name in ("is_significant", "is_official_change"):
        frames["changes"][name] = frames["changes"][name].astype("boolean")
    return frames
