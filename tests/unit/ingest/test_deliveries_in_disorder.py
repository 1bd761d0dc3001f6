"""Belongs here: folders as people leave them, and rows, logs and cells that try to slip through.
Does not belong here: files that break a reader (test_door_hostile.py), single columns."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from export_builders import headers_of, interviews

from dgi.errors import WorkbookError
from dgi.facts.expressions import NotEvaluableError, parse
from dgi.fieldwork.corrections import CorrectionError, apply_corrections
from dgi.ingest.corrections import read_corrections
from dgi.ingest.deliveries import read_delivery
from dgi.ingest.facts import Facts
from dgi.ingest.landing import content_of, district_folders
from dgi.ingest.privacy import Keys
from pipelines.settings import ROOT

FACTS = Facts(ROOT / "data")
FORM = FACTS.form(2019)
KEYS = Keys(b"a secret of some length", 2019)
HA_LONG, CO_TO = "193-ha-long", "207-co-to"
LOG = ("NguoiSua", "Ngay", "LyDo", "MaPhieu", "CauHoi", "GiaTriCu", "GiaTriMoi", "ViecLam", "Tep",
       "Dong")  # fmt: skip


def workbook(sheets: dict[str, list[list[str]]]) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                for at, text in enumerate(cells):
                    if text:
                        sheet.write_string(number, at, text)
    return sink.getvalue()


def survey(frame: pd.DataFrame, sheet: str = "TraLoi") -> bytes:
    rows = frame.fillna("").astype(str).to_numpy().tolist()
    return workbook({sheet: [list(headers_of(frame.columns)), *rows]})


@pytest.fixture
def year(tmp_path) -> Path:
    (tmp_path / "2019" / HA_LONG).mkdir(parents=True)
    return tmp_path / "2019"


def read(year: Path, district: str = HA_LONG):
    return read_delivery(district_folders(year.parent, 2019, district), district, FORM, KEYS)


def correct(year: Path, raw: pd.DataFrame):
    folder = district_folders(year.parent, 2019, HA_LONG).corrections
    log, _ = read_corrections(folder, FORM.questionnaire, KEYS.pseudonym)
    return apply_corrections(raw, log, FORM.questionnaire, fingerprint=KEYS.fingerprint)


def write_log(year: Path, sheets: dict[str, list[list[str]]]) -> None:
    folder = year / HA_LONG / "corrections"
    folder.mkdir(exist_ok=True)
    (folder / "x.xlsx").write_bytes(workbook({n: [list(LOG), *rows] for n, rows in sheets.items()}))


def test_a_shared_file_that_lies_there_twice_is_read_once(year):
    content = survey(interviews(12))
    (year / "a.xlsx").write_bytes(content)
    (year / "a (1).xlsx").write_bytes(content)
    assert len(read(year).raw) == 12


def test_a_districts_own_file_is_whole_whatever_was_read_of_the_same_bytes_before(year):
    frame = interviews(12)
    frame.loc[frame.index[6:], "commune_code"] = "07192"
    (year / "shared.xlsx").write_bytes(survey(frame))
    assert len(read(year).raw) == 6
    (year / "shared.xlsx").rename(year / HA_LONG / "own.xlsx")
    own = read(year)
    assert len(own.raw) == 12 and set(own.raw["_file"]) == {"own.xlsx"}


def test_rows_no_district_can_claim_are_told_by_one_district_alone(year):
    frame = interviews(12).assign(commune_code="99999")
    (year / "shared.xlsx").write_bytes(survey(frame))
    assert len(read(year).raw) == 12
    with pytest.raises(WorkbookError, match="no interview was delivered"):
        read(year, CO_TO)


@pytest.mark.parametrize("place", [3, 11])
def test_a_row_with_a_form_number_is_an_interview_wherever_it_stands(year, place):
    frame = interviews(12)
    frame.loc[place, [c for c in frame if c not in ("respondent_id", "interviewer")]] = ""
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))
    assert len(read(year).raw) == 12


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini"])
def test_what_a_file_manager_left_behind_is_no_delivery(year, name):
    (year / HA_LONG / "a.xlsx").write_bytes(survey(interviews(3)))
    (year / name).write_bytes(b"\xd0\xcf\x11\xe0")
    assert len(read(year).raw) == 3


def test_a_file_far_too_large_is_refused_unread(year):
    with (year / HA_LONG / "big.xlsx").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(WorkbookError, match="too large"):
        read(year)


def test_a_name_that_is_no_utf_8_is_spelt_out(year):
    path = os.fsencode(year / HA_LONG) + b"/phi\xd5u.xlsx"
    Path(os.fsdecode(path)).write_bytes(survey(interviews(3)))
    assert content_of(district_folders(year.parent, 2019, HA_LONG)).files == 1
    assert read(year).files["file"].str.isascii().all()


@pytest.mark.parametrize(
    ("column", "text"),
    [("interview_date", "0912-34-5678"), ("interview_date", "2019-09-05 0912345678"),
     ("interviewer", "0912-345-678"), ("psu", "022-092-001-234"), ("commune_prob", "0912.345678")],
)  # fmt: skip
def test_a_number_of_a_person_passes_for_no_date_code_or_share(year, column, text):
    frame = interviews(12)
    frame.loc[2, column] = text
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))
    found = read(year)
    assert found.masked.get(column) == 1 and text not in set(found.raw[column])


def test_a_header_with_a_telephone_number_is_told_by_its_letter(year):
    frame = interviews(3).assign(note="x")
    content = workbook({"TraLoi": [
        [*headers_of(frame.columns[:-1]), "Chị Hoa 0912345678"],
        *frame.fillna("").astype(str).to_numpy().tolist(),
    ]})  # fmt: skip
    (year / HA_LONG / "a.xlsx").write_bytes(content)
    with pytest.raises(WorkbookError, match="not known") as told:
        read(year)
    assert "0912345678" not in str(told.value)


def test_a_row_named_by_its_place_alone_is_one_without_a_number(year):
    frame = interviews(6)
    entry = ["Đội", "05/09/2019", "không có mã", "", "", "", "", "rút", "a.xlsx", "5"]
    write_log(year, {"HieuChinh": [entry]})
    nameless = frame.copy()
    nameless.loc[3, "respondent_id"] = ""
    (year / HA_LONG / "a.xlsx").write_bytes(survey(nameless))
    assert correct(year, read(year).raw)[0]["is_withdrawn"].sum() == 1
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))  # delivered anew: row 5 is somebody
    with pytest.raises(CorrectionError):
        correct(year, read(year).raw)


def test_every_sheet_of_a_log_counts(year):
    frame = interviews(6)
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))
    entries = [
        ["Đội", "05/09/2019", "nhập nhầm", frame["respondent_id"][n], "Tuoi", frame["age"][n],
         "30", "", "", ""]
        for n in (1, 2)
    ]  # fmt: skip
    write_log(year, {"Thang 9": entries[:1], "Thang 10": entries[1:]})
    assert len(correct(year, read(year).raw)[1]) == 2


def test_files_are_known_by_their_names_however_these_are_spelt(year):
    frame = interviews(6)
    frame.loc[2, "age"] = "17"
    (year / HA_LONG / "Ðợt  1.xlsx").write_bytes(survey(frame))
    write_log(year, {"HieuChinh": [["Đội", "05/09/2019", "nhập nhầm", frame["respondent_id"][2],
                                    "Tuoi", "17", "30", "", "Đợt 1.xlsx", "4"]]})  # fmt: skip
    assert correct(year, read(year).raw)[0]["age"][2] == "30"


def test_a_form_number_put_in_by_a_correction_is_never_kept_as_it_is(year):
    frame = interviews(6)
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))
    number = "2019090508300001"  # sixteen digits, as a pseudonym has
    write_log(year, {"HieuChinh": [["Đội", "05/09/2019", "mã sai", frame["respondent_id"][2],
                                    "MaPhieu", frame["respondent_id"][2], number, "", "",
                                    ""]]})  # fmt: skip
    corrected, _ = correct(year, read(year).raw)
    assert number not in set(corrected["respondent_id"])
    assert KEYS.pseudonym(number) in set(corrected["respondent_id"])


def test_a_pattern_that_might_try_for_ever_is_not_tried():
    with pytest.raises(NotEvaluableError):
        parse("regex(., '([A-Za-z0-9]+)+!')")
    assert parse("regex(., '(?:[A-Z]{2}-[0-9]{2})')")


def test_a_nameless_row_stays_addressed_by_its_place_once_it_has_been_given_a_number(year):
    frame = interviews(6)
    frame.loc[3, "respondent_id"] = ""
    (year / HA_LONG / "a.xlsx").write_bytes(survey(frame))
    place = ["a.xlsx", "5"]
    write_log(year, {"HieuChinh": [
        ["Đội", "05/09/2019", "thiếu mã", "", "MaPhieu", "", "QN-9999", "", *place],
        ["Đội", "06/09/2019", "nhập nhầm", "", "Tuoi", frame["age"][3], "30", "", *place],
    ]})  # fmt: skip
    corrected, _ = correct(year, read(year).raw)
    assert corrected["age"][3] == "30"
    assert corrected["respondent_id"][3] == KEYS.pseudonym("QN-9999")
