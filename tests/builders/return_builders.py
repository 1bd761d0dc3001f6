"""Belongs here: delivered rows with their findings, and the return workbook written and filled in.
Does not belong here: what must be true of it (tests/unit/reports/test_return_*.py)."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import pandas as pd
import survey_builders as builders
from openpyxl import load_workbook

from dgi.facts.questionnaire import Questionnaire
from dgi.fieldwork.corrections import apply_corrections
from dgi.fieldwork.findings import place_findings
from dgi.fieldwork.quality import FINDING_COLUMNS
from dgi.fieldwork.responses import type_responses
from dgi.ingest.corrections import read_correction_logs
from dgi.ingest.door import read_file
from dgi.ingest.facts import Facts
from dgi.reports.return_words import INTERVIEWER_COLUMNS
from dgi.reports.return_workbook import write_return_workbook
from pipelines.settings import ROOT

RULES = Facts(ROOT / "data").fieldwork_rules
FORM = builders.questionnaire()
IDS = [f"{n:016x}" for n in range(8)]
HEADER = ["STT", "Tep", "TrangTinh", "Dong", "Cot", "MaPhieu", "CauHoi", "LyDo",
          "GiaTriHienTai", "TraLoi", "NguoiSua", "Ngay", "GhiChu"]  # fmt: skip
CHECKS = RULES[["check", "topic", "severity", "threshold"]].assign(
    status="passed", why_not="", base_n=8, findings_n=0, worst_value=0.5
)
INTERVIEWERS = pd.DataFrame(
    [{name: "DTV1" if name == "interviewer" else np.nan for name in INTERVIEWER_COLUMNS}]
)


def raw(count: int = 8, **cells) -> pd.DataFrame:
    return builders.delivered(count, respondent_id=IDS[:count], **cells)


def columns_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Delivered columns in the questionnaire's order, A, B, C, ..."""
    headers = {name: header for header, name in FORM.known_headers().items()}
    names = [name for name in rows if not name.startswith("_") and name != "is_sample"]
    return pd.DataFrame(
        [("a.xlsx", at, headers[name], name) for at, name in enumerate(names, start=1)],
        columns=["file", "position", "header", "name"],
    )


def finding(check: str, respondent: str, question: str = "", other: str = "", value: float = 1.0):
    rule = RULES.set_index("check").loc[check]
    return {"check": check, "topic": rule["topic"], "severity": rule["severity"],
            "respondent_id": respondent, "interviewer": "DTV1", "question": question,
            "other": other, "value": value, "threshold": rule["threshold"]}  # fmt: skip


def placed(rows: pd.DataFrame, *found: dict) -> pd.DataFrame:
    """Findings with their places, beside what the typing of the rows sets aside."""
    typed = type_responses(rows, FORM, builders.SURVEY, builders.units(), builders.DISTRICT)
    table = pd.DataFrame(list(found), columns=FINDING_COLUMNS)
    return place_findings(table, typed.rejected, rows, columns_of(rows), RULES)


def written(
    findings: pd.DataFrame, is_sample: bool = False, interviewers: pd.DataFrame = INTERVIEWERS,
    questionnaire: Questionnaire = FORM,
) -> bytes:  # fmt: skip
    names = ("Thành phố Hạ Long", "Ha Long city")
    return write_return_workbook(
        names, 2019, is_sample, CHECKS, findings, interviewers, RULES, questionnaire
    )


def sheet_of(content: bytes, name: str = "CanXacMinh"):
    return load_workbook(io.BytesIO(content))[name]


def table_of(content: bytes) -> pd.DataFrame:
    """The sheet to be answered, as text."""
    first, *rows = sheet_of(content).iter_rows(values_only=True)
    return pd.DataFrame(rows, columns=list(first))


def filled(content: bytes, answers: dict[int, str], day: str | date = "20/11/2019") -> bytes:
    """The workbook as a team sends it back: STT -> what is written in TraLoi."""
    book = load_workbook(io.BytesIO(content))
    at = {name: number for number, name in enumerate(HEADER, start=1)}
    for number, answer in answers.items():
        cells = {"TraLoi": answer, "NguoiSua": "Tổ trưởng 2", "Ngay": day}
        for name, value in cells.items():
            book["CanXacMinh"].cell(number + 1, at[name], value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def replayed(rows: pd.DataFrame, content: bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw rows and entries once the filled workbook has been put among the corrections."""
    file = read_file("corrections/can-xac-minh.xlsx", content)
    log = read_correction_logs([file], FORM, lambda form: f"pseudonym of {form}")
    return apply_corrections(rows, log, FORM)


def faulty() -> pd.DataFrame:
    """A code outside its list, an age out of range, a masked cell, an answer to be skipped."""
    rows = raw()
    rows.loc[1, "rating"], rows.loc[2, "age"], rows.loc[3, "rating"] = "77", "17", "?0123456789ab"
    rows.loc[4, "voted"] = "0"
    return rows
