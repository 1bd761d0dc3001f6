"""Belongs here: delivered files as text, as each collection tool and office writes them.
Does not belong here: what must be true of them (the test files that use these)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dgi.facts.column_maps import (
    ColumnMap,
    check_identity_words,
    check_system_columns,
)
from dgi.facts.questionnaire import Questionnaire
from dgi.ingest.facts import Facts, read_table
from dgi.ingest.headers import HeaderBook
from dgi.ingest.sheets import TextFile, TextSheet

DATA = Path(__file__).resolve().parents[2] / "data"
MAP_FILE = "data/column_maps/2019.csv"
FORM = Facts(DATA).questionnaire("citizens-2018")
SYSTEM = check_system_columns(read_table(DATA / "column_maps/system_columns.csv"))
IDENTITY_WORDS = check_identity_words(read_table(DATA / "column_maps/identity_words.csv"))
# A question with several answers, beside those of the real questionnaire.
SEEN = {"1": "seen_notice", "3": "seen_loudspeaker", "8": "seen_meeting"}


def form_with_options(unticked: str = "0") -> Questionnaire:
    """The questionnaire of 2018 with a question C305 of which several options may be ticked."""
    rows = pd.read_csv(DATA / "questionnaires/citizens-2018.csv", dtype=str, keep_default_na=False)
    rows = rows[rows["column"] != "C305"]
    options = pd.DataFrame(
        [{"question": name, "column": f"C305/{option}", "section": "D3", "type": "code",
          "text_vi": f"Ông/Bà có thấy cách {option} không?", "text_en": f"Seen by way {option}?",
          "answers": "ticked"} for option, name in SEEN.items()]
    )  # fmt: skip
    answers = pd.read_csv(DATA / "questionnaires/answers.csv", dtype=str, keep_default_na=False)
    kinds = [("1", "Có chọn", "Ticked", "valid"),
             (unticked, "Không chọn", "Not ticked", "not_selected"),
             ("888", "Không biết", "Don't know", "dont_know")]  # fmt: skip
    ticked = pd.DataFrame(kinds, columns=["code", "label_vi", "label_en", "kind"])
    return Questionnaire.from_tables(
        "with-options",
        pd.concat([rows, options], ignore_index=True).fillna(""),
        pd.concat([answers, ticked.assign(answers="ticked")], ignore_index=True).fillna(""),
        pd.read_csv(DATA / "questionnaires/fixed_columns.csv", dtype=str, keep_default_na=False),
    )


def book_of(questionnaire: Questionnaire = FORM) -> HeaderBook:
    return HeaderBook(questionnaire, SYSTEM, IDENTITY_WORDS)


def column_map(*lines: tuple[str, str, str, str]) -> ColumnMap:
    """A year's column map; each line is files, header, name, use."""
    table = pd.DataFrame(lines, columns=["files", "header", "name", "use"], dtype="str")
    return ColumnMap.from_table(table.assign(note=""), MAP_FILE)


def interviews(count: int = 24, questionnaire: Questionnaire = FORM) -> pd.DataFrame:
    """Interviews by name, all answers in their lists and turning over from row to row."""
    rows = range(count)
    frame = pd.DataFrame({
        "respondent_id": [f"QN-{row:04}" for row in rows],
        "interview_date": [f"{1 + row % 28:02}/09/2019" for row in rows],
        "commune_code": ["06649" if row % 2 else "06652" for row in rows],
        "village_code": [f"06649-{1 + row % 7:02}" for row in rows],
        "area": [str(1 + row % 2) for row in rows],
        "stratum": "ha-long-urban", "psu": "06649",
        "commune_prob": "0.5", "village_prob": "0.25", "village_adults": "640",
        "interviewer": [f"DTV{row % 4}" for row in rows],
        "sex": [str(1 + row % 2) for row in rows],
        "age": [str(18 + row * 7 % 53) for row in rows],
    }, index=rows, dtype="str")  # fmt: skip
    for place, question in enumerate(questionnaire.questions.itertuples(index=False)):
        codes = [*questionnaire.codes(question.answers, "valid")]
        frame[question.question] = [str(codes[(row + place) % len(codes)]) for row in rows]
    return frame.astype("str")


def as_sheet(
    frame: pd.DataFrame, header: list[str] | None = None, name: str = "", row: int = 1, **other
) -> TextSheet:
    """A sheet whose headers stand in `row` and are the frame's columns unless given."""
    cells = frame.astype("str").set_axis(range(len(frame.columns)), axis=1)
    cells.index = pd.RangeIndex(row + 1, row + 1 + len(frame))
    return TextSheet(name, tuple(header or frame.columns), row, cells, **other)


def as_file(*sheets: TextSheet, name: str = "2019/193-ha-long/nhom1.xlsx", kind: str = "xlsx"):
    return TextFile(name, "0" * 64, kind, sheets)


def headers_of(names, questionnaire: Questionnaire = FORM) -> list[str]:
    """Workbook headers of some names."""
    by_name = {name: header for header, name in questionnaire.known_headers().items()}
    return [by_name[name] for name in names]


def field_workbook(frame: pd.DataFrame, questionnaire: Questionnaire = FORM) -> TextFile:
    """Our own workbook: a cover, and the sheet TraLoi."""
    cover = as_sheet(pd.DataFrame({"Phiếu hỏi": ["Dữ liệu mẫu"]}), name="Bia")
    answers = as_sheet(frame, headers_of(frame.columns, questionnaire), name="TraLoi")
    return as_file(cover, answers)


def group_of(header: str) -> str:
    return "phan_" + (header[1] if header[0] == "C" and header[1].isdigit() else "chung")


def kobo_export(frame: pd.DataFrame, separator: str = "/", labels: str = "") -> TextFile:
    """KoboToolbox: groups before the headers or labels instead, its own columns at both ends,
    and a sheet of the household's members. `labels`: text_vi or text_en."""
    header = [separator.join((group_of(own), own)) for own in headers_of(frame.columns)]
    if labels:
        columns = pd.concat([FORM.questions.rename(columns={"question": "name"}), FORM.fixed])
        header = list(columns.set_index("name").loc[list(frame.columns), labels])
    count = len(frame)
    before = pd.DataFrame({"start": ["2019-09-08T08:00:00.000+07:00"] * count,
                           "end": ["2019-09-08T08:40:00.000+07:00"] * count})  # fmt: skip
    after = pd.DataFrame({
        "_id": [str(1000 + row) for row in range(count)],
        "_uuid": [f"0b1c-{row}" for row in range(count)],
        "_submission_time": ["2019-09-08T02:00:00"] * count,
        "_validation_status": [None] * count, "_notes": [None] * count,
        "_status": ["submitted_via_web"] * count, "_submitted_by": ["nhom1"] * count,
        "__version__": ["vX1"] * count, "_tags": [None] * count,
        "_index": [str(1 + row) for row in range(count)],
    })  # fmt: skip
    whole = pd.concat([before, frame, after], axis=1)
    members = pd.DataFrame({"ho/ten": ["x"] * 3, "ho/tuoi": ["1"] * 3, "_index": list("123"),
                            "_parent_table_name": ["Phieu"] * 3, "_parent_index": list("112"),
                            "_submission__id": ["1000"] * 3})  # fmt: skip
    main = as_sheet(whole, [*before, *header, *after], name="Phieu")
    return as_file(main, as_sheet(members, name="ho"))


def odk_export(frame: pd.DataFrame) -> TextFile:
    """ODK Central: an archive of CSV files, one for the repeat."""
    count = len(frame)
    header = [f"{group_of(own)}-{own}" for own in headers_of(frame.columns)]
    before = pd.DataFrame({"SubmissionDate": ["2019-09-08T02:00:00.000Z"] * count,
                           "gps-Latitude": ["20.95"] * count, "gps-Longitude": ["107.1"] * count,
                           "gps-Altitude": ["3"] * count,
                           "gps-Accuracy": ["4.9"] * count})  # fmt: skip
    keys = [f"uuid:{row}" for row in range(count)]
    after = pd.DataFrame({
        "meta-instanceID": keys, "KEY": keys, "SubmitterID": "12", "SubmitterName": "nhom1",
        "AttachmentsPresent": "0", "AttachmentsExpected": "0", "Status": None,
        "ReviewState": None, "DeviceID": "collect:1", "Edits": "0", "FormVersion": "3",
    })  # fmt: skip
    whole = pd.concat([before, frame, after], axis=1)
    members = pd.DataFrame({"ten": ["x"], "PARENT_KEY": ["uuid:0"], "KEY": ["uuid:0/ho[1]"]})
    return as_file(as_sheet(whole, [*before, *header, *after], name="phieu"),
                   as_sheet(members, name="phieu-ho"), name="phieu.zip", kind="csv")  # fmt: skip


def surveycto_export(frame: pd.DataFrame) -> TextFile:
    """SurveyCTO: plain headers, its own columns, English month names in its times."""
    count = len(frame)
    before = pd.DataFrame({
        "SubmissionDate": ["Sep 8, 2019 10:20:30 AM"] * count,
        "starttime": ["Sep 8, 2019 9:20:30 AM"] * count,
        "endtime": ["Sep 8, 2019 10:02:30 AM"] * count, "deviceid": "abc-1",
        "subscriberid": "452", "simid": "89", "devicephonenum": None, "username": "nhom1",
        "duration": "2520", "caseid": None,
    })  # fmt: skip
    keys = [f"uuid:{row}" for row in range(count)]
    after = pd.DataFrame({"instanceID": keys, "formdef_version": "1909010000",
                          "review_status": "APPROVED", "KEY": keys})  # fmt: skip
    header = headers_of(frame.columns)
    whole = pd.concat([before, frame, after], axis=1)
    return as_file(as_sheet(whole, [*before, *header, *after]), name="phieu.csv", kind="csv")


def statistics_file(frame: pd.DataFrame) -> TextFile:
    """SPSS: variables without meaning, the wording in their labels, cut at 80 letters."""
    columns = pd.concat([FORM.questions.rename(columns={"question": "name"}), FORM.fixed])
    labels = tuple(columns.set_index("name").loc[list(frame.columns), "text_vi"].str[:200])
    header = [f"var{place}" for place in range(1, 1 + len(labels))]
    sheet = as_sheet(frame, header, labels=labels)
    return as_file(sheet, name="phieu.sav", kind="sav")


def office_table(frame: pd.DataFrame) -> TextFile:
    """An office's table: title rows, a header over two rows, column numbers, a totals row and a
    note under it."""
    header = headers_of(frame.columns)
    width = len(header) + 1
    blank = [None] * width
    upper = ["STT", *header[:13], "Phần trả lời", *[None] * (width - 15)]
    lower = [None, *[None] * 13, *header[13:]]
    rows = [
        ["ỦY BAN NHÂN DÂN TỈNH", *blank[1:]],
        upper,
        lower,
        [f"({place})" for place in range(1, width + 1)],
        *([str(1 + at), *row] for at, row in enumerate(frame.to_numpy().tolist())),
        ["Tổng cộng", str(len(frame)), *blank[2:]],
        ["Người lập biểu", *blank[1:]],
    ]
    cells = pd.DataFrame(rows[1:], index=range(3, 2 + len(rows)), columns=range(width))
    first = tuple(cell or "" for cell in rows[0])
    return as_file(TextSheet("Sheet1", first, 2, cells.astype("str")), name="bang.xls", kind="xls")
