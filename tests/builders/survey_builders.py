"""Belongs here: a small questionnaire, register of units and delivered rows for the tests here.
Does not belong here: what must be true of them (the test files beside this one)."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.facts.units import Units

DAY = date(2019, 7, 1)
DISTRICT = "193-ha-long"


def district(code, key, start="", end="", successor="", **other) -> dict:
    return {"district_code": code, "district": key, "province_code": "P14", "name_vi": key,
            "name_with_type_vi": f"Huyện {key}", "name_en": key, "type_vi": "Huyện",
            "type_en": "district", "valid_from": start, "valid_to": end, "successor": successor,
            "source": "test", **other}  # fmt: skip


def commune(code, home, start="", end="", successor="", area="urban", **other) -> dict:
    return {"commune_code": code, "name_vi": f"Xã {code}", "type_vi": "Xã", "area": area,
            "district_code": home, "valid_from": start, "valid_to": end, "successor": successor,
            "source": "test", **other}  # fmt: skip


DISTRICTS = pd.DataFrame(
    [
        district("193", "193-ha-long", end="2025-07-01"),
        district("204", "204-hoanh-bo", end="2020-01-01", successor="193-ha-long"),
        district("196", "196-uong-bi", end="2011-02-26", type_vi="Thị xã"),
        district("196", "196-uong-bi", start="2011-02-26", end="2025-07-01", type_vi="Thành phố"),
    ]
).astype("str")
COMMUNES = pd.DataFrame(
    [
        commune("06649", "193", end="2025-07-01"),
        commune("06652", "193", end="2020-01-01", successor="06649"),  # joined within the district
        commune("07030", "204", end="2020-01-01", successor="07030", area="rural"),
        commune("07030", "193", start="2020-01-01", end="2025-07-01", area="rural"),
        commune("07033", "204", end="2020-01-01", successor="06649;06820"),  # in two districts
        commune("07036", "204", end="2020-01-01", successor="06649;07030"),  # in one
        commune("06820", "196", end="2025-07-01"),
    ]
).astype("str")


def units() -> Units:
    return Units.from_tables(DISTRICTS, COMMUNES)


SURVEY = SurveyRow.model_validate(
    {"survey_year": "2019", "indicator_set": "x", "questionnaire": "form",
     "reference_date": "2019-07-01", "fieldwork_start": "2019-08-15",
     "fieldwork_end": "2019-11-15", "sample_per_district": "384",
     "respondents_per_village": "16", "design": "drawn", "census": "c"}
)  # fmt: skip

QUESTIONS = pd.DataFrame(
    [
        ("voted", "C1", "yes_no", ""),
        ("ballot", "C1a", "yes_no", "voted=1"),
        ("rating", "C2", "five", ""),
    ],
    columns=["question", "column", "answers", "asked_if"],
).assign(section="S", type="code", text_vi="câu hỏi", text_en="question")
ANSWERS = pd.DataFrame(
    [(name, str(code), kind)
     for name, codes in {"yes_no": [0, 1], "five": [1, 2, 3, 4, 5], "area": [1, 2],
                         "sex": [1, 2]}.items()
     for code, kind in [*((code, "valid") for code in codes),
                        (888, "dont_know"), (999, "refused")]],
    columns=["answers", "code", "kind"],
).assign(label_vi="nhãn", label_en="label")  # fmt: skip
FIXED = pd.DataFrame(
    [
        ("respondent_id", "MaPhieu", "text", "", "", ""),
        ("interview_date", "NgayPV", "date", "", "", ""),
        ("commune_code", "MaXa", "text", "", "", ""),
        ("village_code", "MaThon", "text", "", "", ""),
        ("area", "KhuVuc", "code", "1", "2", "area"),
        ("stratum", "Tang", "text", "", "", ""),
        ("psu", "PSU", "text", "", "", ""),
        ("commune_prob", "XacSuatXa", "number", "0.000001", "1", ""),
        ("village_prob", "XacSuatThon", "number", "0.000001", "1", ""),
        ("village_adults", "NguoiLon", "integer", "1", "20000", ""),
        ("interviewer", "MaDTV", "text", "", "", ""),
        ("sex", "GioiTinh", "code", "1", "2", "sex"),
        ("age", "Tuoi", "integer", "18", "70", ""),
    ],
    columns=["name", "column", "type", "min", "max", "answers"],
).assign(required="yes", role="design", text_vi="cột", text_en="column")


def questionnaire(questions: pd.DataFrame = QUESTIONS) -> Questionnaire:
    return Questionnaire.from_tables("form", questions, ANSWERS, FIXED)


def delivered(count: int = 1, **cells) -> pd.DataFrame:
    """Rows as a field team types them; `cells` by workbook header, one value or one per row."""
    row = {"MaPhieu": [f"QN-{n:04}" for n in range(count)], "NgayPV": "15/08/2019",
           "MaXa": "06649", "MaThon": "06649-01", "KhuVuc": "1", "Tang": "ha-long-urban",
           "PSU": "06649", "XacSuatXa": "0.5", "XacSuatThon": "0.25", "NguoiLon": "640",
           "MaDTV": "DTV1", "GioiTinh": "2", "Tuoi": "41",
           "C1": "1", "C1a": "0", "C2": "4"}  # fmt: skip
    frame = pd.DataFrame({**row, **cells}, index=range(count)).astype("str")
    frame["_file"], frame["_sheet"], frame["_row"] = "a.xlsx", "TraLoi", range(2, count + 2)
    return frame.assign(is_sample=False)
