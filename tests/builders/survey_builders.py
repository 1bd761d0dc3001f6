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
KINDS_OF_ALL = [(888, "dont_know", ""), (999, "refused", "")]
ANSWERS = pd.DataFrame(
    [(name, str(code), kind, also)
     for name, codes in {"yes_no": [0, 1], "five": [1, 2, 3, 4, 5], "area": [1, 2],
                         "sex": [1, 2]}.items()
     for code, kind, also in [*((code, "valid", "") for code in codes), *KINDS_OF_ALL]]
    + [("flag", "0", "valid", ""), ("flag", "1", "valid", "")]
    # A list as a foreign file has it: its own codes for every reason, and other spellings.
    + [("foreign", "1", "valid", ""), ("foreign", "2", "valid", ""),
       ("foreign", "9", "dont_know", "34;.a"), ("foreign", "98", "refused", ""),
       ("foreign", "7", "not_asked", ".b"), ("foreign", "-99", "suppressed", "")]
    + [("ticked", "1", "valid", ""), ("ticked", "-999999", "not_selected", "")],
    columns=["answers", "code", "kind", "also"],
).assign(label_vi="nhãn", label_en="label")  # fmt: skip
FIXED = pd.DataFrame(
    [
        ("respondent_id", "MaPhieu", "text", "", "", "", "key", ""),
        ("interview_date", "NgayPV", "date", "", "", "", "design", ""),
        ("commune_code", "MaXa", "text", "", "", "", "design", r"\d{5}"),
        ("village_code", "MaThon", "text", "", "", "", "design", ""),
        ("area", "KhuVuc", "code", "1", "2", "area", "design", ""),
        ("stratum", "Tang", "text", "", "", "", "design", ""),
        ("psu", "PSU", "text", "", "", "", "design", ""),
        ("commune_prob", "XacSuatXa", "number", "0.000001", "1", "", "design", ""),
        ("village_prob", "XacSuatThon", "number", "0.000001", "1", "", "design", ""),
        ("village_adults", "NguoiLon", "integer", "1", "20000", "", "design", ""),
        ("interviewer", "MaDTV", "text", "", "", "", "design", "[A-Za-z0-9_-]{1,16}"),
        ("sex", "GioiTinh", "code", "1", "2", "sex", "design", ""),
        ("age", "Tuoi", "integer", "18", "70", "", "design", ""),
        ("submission", "MaGui", "text", "", "", "", "key", ""),
        ("started_at", "BatDau", "datetime", "", "", "", "fieldwork", ""),
        ("form_version", "PhienBan", "text", "", "", "", "fieldwork", "[A-Za-z0-9.]{1,9}"),
        ("is_replacement", "ThayThe", "code", "", "", "flag", "fieldwork", ""),
        ("gps_accuracy", "GPS_SaiSo", "number", "0", "", "", "fieldwork", ""),
        ("respondent_name", "HoTen", "text", "", "", "", "identity", ""),
    ],
    columns=["name", "column", "type", "min", "max", "answers", "role", "pattern"],
).assign(text_vi="cột", text_en="column")
FIXED["required"] = ["yes" if role == "design" or name == "respondent_id" else "no"
                     for name, role in zip(FIXED["name"], FIXED["role"], strict=True)]  # fmt: skip
FOREIGN = pd.concat(
    [
        QUESTIONS,
        pd.DataFrame(
            [("trust", "Q9C", "foreign", ""), ("seen", "Q10/1", "ticked", "voted=1")],
            columns=["question", "column", "answers", "asked_if"],
        ).assign(section="S", type="code", text_vi="câu hỏi", text_en="question"),
    ],
    ignore_index=True,
)


def questionnaire(questions: pd.DataFrame = QUESTIONS) -> Questionnaire:
    return Questionnaire.from_tables("form", questions, ANSWERS, FIXED)


def delivered(count: int = 1, **cells) -> pd.DataFrame:
    """Raw rows as the door hands them on; `cells` by column name, one value or one per row."""
    row = {"respondent_id": [f"QN-{n:04}" for n in range(count)], "interview_date": "15/08/2019",
           "commune_code": "06649", "village_code": "06649-01", "area": "1",
           "stratum": "ha-long-urban", "psu": "06649", "commune_prob": "0.5",
           "village_prob": "0.25", "village_adults": "640", "interviewer": "DTV1", "sex": "2",
           "age": "41", "voted": "1", "ballot": "0", "rating": "4"}  # fmt: skip
    frame = pd.DataFrame({**row, **cells}, index=range(count)).astype("str")
    frame["_file"], frame["_sheet"], frame["_row"] = "a.xlsx", "TraLoi", range(2, count + 2)
    return frame.assign(is_sample=False)
