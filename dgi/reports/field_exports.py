"""Belongs here: interviews as files other than the field workbook: CSV, KoboToolbox export, SPSS.
Does not belong here: the field workbook, what the columns mean, or reading any of them back."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from dgi.facts.questionnaire import Questionnaire

from .cells import AS_TEXT
from .field_workbook import CREATED

FORM_TIME, KOBO_TIME = "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S"
# KoboToolbox has start and end by the tablet's clock, with its zone; the sending in UTC.
ZONE, UTC_OFFSET = ".000+07:00", pd.Timedelta(hours=7)
KOBO_HEADERS = {
    "submission": "_uuid",
    "started_at": "start",
    "ended_at": "end",
    "submitted_at": "_submission_time",
    "form_version": "__version__",
    "device": "deviceid",
}
SAV_MOMENT = slice(92, 109)  # bytes of a .sav that hold the date and time of writing
SAV_WRITTEN = b"01 Jan 1700:00:00"  # CREATED, as a .sav writes it


def write_csv_export(rows: pd.DataFrame) -> bytes:
    """Interviews as a text file: `;` between cells, UTF-8 with a byte-order mark, CRLF.

    `rows`: workbook headers, values as for the field workbook. Equal rows give equal bytes.
    """
    return rows.to_csv(sep=";", index=False, lineterminator="\r\n").encode("utf-8-sig")


def write_kobo_export(rows: pd.DataFrame, questionnaire: Questionnaire) -> bytes:
    """Interviews as KoboToolbox exports them to .xlsx: `group/question`, its own headers and times.

    `rows`: as for `write_csv_export`. A group is a section of the questionnaire; the sheet has the
    questionnaire's name. Equal arguments give equal bytes.
    """
    questions = questionnaire.questions
    grouped = dict(zip(questions["column"], questions["section"] + "/" + questions["column"],
                       strict=True))  # fmt: skip
    metadata = {
        column: KOBO_HEADERS[name]
        for column, name in questionnaire.known_headers().items() if name in KOBO_HEADERS
    }  # fmt: skip
    table = rows.rename(columns=grouped | metadata)
    for header in ("start", "end"):
        times = pd.to_datetime(table[header], format=FORM_TIME)
        table[header] = times.dt.strftime(KOBO_TIME) + ZONE
    sent = pd.to_datetime(table["_submission_time"], format=FORM_TIME) - UTC_OFFSET
    table["_submission_time"] = sent.dt.strftime(KOBO_TIME)
    table["_index"] = range(1, len(table) + 1)
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs={"options": AS_TEXT}) as writer:
        writer.book.set_properties({"created": CREATED})
        table.to_excel(writer, sheet_name=questionnaire.name, index=False)
    return buffer.getvalue()


def write_sav_export(rows: pd.DataFrame, questionnaire: Questionnaire, label: str) -> bytes:
    """Interviews as an SPSS file: variables and codes with their labels, user-missing codes.

    `rows`: as for `write_csv_export`. A column of numbers stays one, any other is text. Don't
    know and refused are declared missing. `label`: of the file, 64 bytes at most. Equal arguments
    give equal bytes: the moment of writing in the file is a fixed one.
    """
    parts = (questionnaire.fixed, questionnaire.carried, questionnaire.questions)
    known = pd.concat([part[["column", "text_vi", "answers"]] for part in parts])
    known = known.set_index("column").loc[rows.columns]
    is_text = rows.map(lambda value: isinstance(value, str)).any()
    texts = rows.loc[:, is_text].fillna("").astype("str")
    numbers = rows.loc[:, ~is_text].astype("float64")
    labels = questionnaire.answers.groupby("answers")[["code", "label_vi"]]
    labels = {name: dict(own.astype({"code": float}).to_numpy()) for name, own in labels}
    coded = {column: known.at[column, "answers"] for column in numbers}
    coded = {column: name for column, name in coded.items() if name in labels}
    missing: dict[str, list[Any]] = {
        column: [*questionnaire.codes(name, "dont_know"), *questionnaire.codes(name, "refused")]
        for column, name in coded.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "interviews.sav"
        pyreadstat.write_sav(
            pd.concat([texts, numbers], axis=1)[rows.columns], path, file_label=label,
            row_compress=True, column_labels=known["text_vi"].to_dict(),
            variable_value_labels={column: labels[name] for column, name in coded.items()},
            missing_ranges={column: codes for column, codes in missing.items() if codes},
        )  # fmt: skip
        content = bytearray(path.read_bytes())
    content[SAV_MOMENT] = SAV_WRITTEN
    return bytes(content)
