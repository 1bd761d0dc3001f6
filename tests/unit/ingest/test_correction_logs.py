"""Belongs here: how a correction log or a filled return workbook becomes entries, or is refused.
Does not belong here: what the entries do to an interview (tests/unit/fieldwork)."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pandas as pd
import pytest
import xlsxwriter
from survey_builders import FOREIGN, delivered, questionnaire

from dgi.errors import WorkbookError
from dgi.fieldwork.corrections import LOG_COLUMNS, apply_corrections
from dgi.ingest.corrections import read_correction_logs, read_corrections
from dgi.ingest.privacy import Keys
from dgi.ingest.sheets import TextFile, TextSheet

FORM = questionnaire(FOREIGN)
KEYS = Keys(b"a secret of some length", 2019)
LOG = {"NguoiSua": "tổ trưởng", "Ngay": "01/09/2019", "LyDo": "xem lại phiếu giấy",
       "MaPhieu": "QN-0001", "CauHoi": "C2", "GiaTriCu": "4", "GiaTriMoi": "5",
       "Tep": "", "Dong": "", "ViecLam": ""}  # fmt: skip
RETURN = {"STT": "1", "Tep": "", "TrangTinh": "", "Dong": "", "Cot": "C2",
          "MaPhieu": KEYS.pseudonym("QN-0001"), "CauHoi": "rating", "LyDo": "khác người khác",
          "GiaTriHienTai": "4", "TraLoi": "5", "NguoiSua": "tổ trưởng", "Ngay": "01/09/2019",
          "GhiChu": "chị Hoa ở nhà số 5"}  # fmt: skip


def sheet(*rows: dict, name="HieuChinh", header=None, first=2) -> TextSheet:
    names = header or list(rows[0])
    frame = pd.DataFrame([list(row.values()) for row in rows], columns=range(len(names)),
                         index=range(first, first + len(rows)), dtype="str")  # fmt: skip
    return TextSheet(name, tuple(names), first - 1, frame.mask(frame == ""))


def read(*sheets: TextSheet, name="hieu-chinh.xlsx", **other) -> pd.DataFrame:
    file = TextFile(name, "0" * 64, "xlsx", sheets)
    return read_correction_logs([file], FORM, KEYS.pseudonym, **other)


def refusal(*sheets: TextSheet) -> WorkbookError:
    with pytest.raises(WorkbookError) as caught:
        read(*sheets)
    return caught.value


def test_a_row_of_a_log_is_an_entry():
    log = read(sheet(LOG))
    assert list(log.columns) == LOG_COLUMNS
    entry = log.iloc[0]
    assert (entry["log_file"], entry["log_sheet"], entry["line"]) == (
        "hieu-chinh.xlsx", "HieuChinh", 2,
    )  # fmt: skip
    assert entry["when"] == pd.Timestamp(2019, 9, 1) and entry["who"] == "tổ trưởng"
    assert entry["respondent_id"] == KEYS.pseudonym("QN-0001")
    assert (entry["question"], entry["old_value"], entry["new_value"]) == ("rating", "4", "5")
    assert entry["action"] == "value" and entry["file"] == "" and pd.isna(entry["row"])


def test_english_headers_and_accented_ones_are_known_too():
    english = ["who", "when", "why", "respondent", "question", "old_value", "new_value", "file",
               "row", "action"]  # fmt: skip
    accented = ["Người sửa", "Ngày", "Lý do", "Mã phiếu", "Câu hỏi", "Giá trị cũ", "Giá trị mới",
                "Tệp", "Dòng", "Việc làm"]  # fmt: skip
    for header in (english, accented):
        pd.testing.assert_frame_equal(read(sheet(LOG, header=header)), read(sheet(LOG)))


def test_the_header_may_stand_below_a_title():
    title = {name: "Nhật ký hiệu chỉnh" if name == "NguoiSua" else "" for name in LOG}
    names = {name: name for name in LOG}
    plain = sheet(title, names, LOG, header=["Huyện Cô Tô", *[""] * (len(LOG) - 1)], first=2)
    assert list(read(plain)["line"]) == [4]


def test_the_sheet_is_found_by_name_or_is_the_first():
    other = sheet({"a": "1"}, name="HuongDan")
    assert len(read(other, sheet(LOG, name="hiệu chỉnh"))) == 1
    assert len(read(sheet(LOG, name=""), other)) == 1


@pytest.mark.parametrize("spelt", ["C2", " c2 ", "rating", "Diem chung"])
def test_a_question_is_told_by_its_header_its_key_or_the_delivered_header(spelt):
    log = read(sheet({**LOG, "CauHoi": spelt}), delivered_headers={"Diem chung": "rating"})
    assert list(log["question"]) == ["rating"]
    assert read(sheet({**LOG, "CauHoi": "Q10/1"})).loc[0, "question"] == "seen"


def test_a_pseudonym_stays_and_a_form_number_becomes_one():
    pseudonym = KEYS.pseudonym("QN-0001")
    log = read(sheet({**LOG, "MaPhieu": pseudonym}, {**LOG, "MaPhieu": " qn-0001 "}))
    assert list(log["respondent_id"]) == [pseudonym, pseudonym]


def test_a_form_number_that_is_corrected_becomes_a_pseudonym_as_well():
    row = {**LOG, "CauHoi": "MaPhieu", "GiaTriCu": "", "GiaTriMoi": "QN-0009", "MaPhieu": "",
           "Tep": "a.xlsx", "Dong": "3"}  # fmt: skip
    entry = read(sheet(row)).iloc[0]
    assert (entry["question"], entry["old_value"]) == ("respondent_id", "")
    assert entry["new_value"] == KEYS.pseudonym("QN-0009")
    assert (entry["file"], entry["row"]) == ("a.xlsx", 3)


@pytest.mark.parametrize(
    ("word", "action"),
    [("", "value"), ("Sửa", "value"), ("rút", "withdraw"), ("Huỷ phiếu", "withdraw"),
     ("withdraw", "withdraw"), ("superseded", "superseded"), ("hết hiệu lực", "superseded"),
     ("xác nhận", "confirmed")],
)  # fmt: skip
def test_what_is_to_be_done_is_said_in_either_language(word, action):
    assert list(read(sheet({**LOG, "ViecLam": word}))["action"]) == [action]


def test_only_a_value_entry_carries_a_new_value():
    assert list(read(sheet({**LOG, "ViecLam": "rút"}))["new_value"]) == [""]


@pytest.mark.parametrize(
    ("answer", "action", "new"),
    [("5", "value", "5"), ("4", "confirmed", ""), ("4.0", "confirmed", ""),
     ("đúng", "confirmed", ""), (" OK ", "confirmed", ""), ("hủy phiếu", "withdraw", "")],
)  # fmt: skip
def test_an_answered_row_of_a_return_workbook_is_an_entry(answer, action, new):
    unanswered = {**RETURN, "TraLoi": "", "NguoiSua": "", "Ngay": ""}
    log = read(sheet(unanswered, {**RETURN, "TraLoi": answer}, name="CanXacMinh"))
    assert list(log["line"]) == [3]
    entry = log.iloc[0]
    assert (entry["action"], entry["new_value"], entry["old_value"]) == (action, new, "4")
    assert entry["why"] == "khác người khác" and "Hoa" not in log.to_csv()


def test_a_finding_on_a_whole_interview_is_confirmed_or_the_interview_withdrawn():
    whole = {**RETURN, "CauHoi": "", "GiaTriHienTai": ""}
    other = {**whole, "Dong": "99", "TraLoi": "hủy"}
    log = read(sheet({**whole, "TraLoi": "đúng"}, other, name="CanXacMinh"))
    assert list(log["action"]) == ["confirmed", "withdraw"]
    error = refusal(sheet({**whole, "TraLoi": "chắc vậy"}, name="CanXacMinh"))
    assert error.faults[0].column == "CauHoi" and "question is not given" in error.faults[0].rule


@pytest.mark.parametrize(
    ("wrong", "column", "says", "says_vi"),
    [
        ({"NguoiSua": ""}, "NguoiSua", "who corrects", "ai sửa"),
        ({"Ngay": ""}, "Ngay", "day is not given", "ngày sửa"),
        ({"LyDo": " "}, "LyDo", "not said why", "lý do"),
        ({"Ngay": "31/02/2019"}, "Ngay", "day cannot be read", "ngày không đọc được"),
        ({"Ngay": "hôm qua"}, "Ngay", "day cannot be read", "ngày không đọc được"),
        ({"CauHoi": "C99"}, "CauHoi", "no such question", "không có câu hỏi"),
        ({"CauHoi": ""}, "CauHoi", "question is not given", "không ghi câu hỏi"),
        ({"Dong": "ba"}, "Dong", "no row number", "số dòng"),
        ({"Dong": "0"}, "Dong", "no row number", "số dòng"),
        ({"ViecLam": "xem"}, "ViecLam", "action is unknown", "không rõ việc"),
        ({"LyDo": "gọi 0912345678"}, "LyDo", "telephone", "số điện thoại"),
        ({"NguoiSua": "a@b.vn"}, "NguoiSua", "e-mail", "thư điện tử"),
    ],
)
def test_a_wrong_cell_is_named_by_its_place_in_both_languages_and_not_shown(
    wrong, column, says, says_vi
):
    (fault,) = refusal(sheet(LOG, {**LOG, **wrong})).faults
    assert (fault.where, fault.sheet, fault.row) == ("hieu-chinh.xlsx", "HieuChinh", 3)
    assert (fault.column, fault.value) == (column, None)
    assert says in fault.rule and says_vi in fault.rule_vi
    assert fault.action and fault.action_vi
    assert "0912345678" not in str(fault)


@pytest.mark.parametrize("name", ["NguoiSua", "Ngay", "LyDo", "CauHoi", "GiaTriCu", "GiaTriMoi"])
def test_a_column_that_every_entry_needs_is_asked_for(name):
    error = refusal(sheet({key: value for key, value in LOG.items() if key != name}))
    assert name in [fault.column for fault in error.faults]
    assert {fault.rule for fault in error.faults} == {"a column of the correction log is missing"}


def test_a_column_that_stands_twice_is_refused():
    error = refusal(sheet({**LOG, "question": "C1"}))
    assert [fault.rule for fault in error.faults] == ["a column stands twice"]


def test_a_superseded_entry_may_name_what_is_no_longer_asked():
    log = read(sheet({**LOG, "CauHoi": "C99", "ViecLam": "superseded"}))
    assert list(log["question"]) == [""] and list(log["action"]) == ["superseded"]


def test_no_log_at_all_is_a_log_without_entries():
    log = read_correction_logs([], FORM, KEYS.pseudonym)
    assert log.empty and list(log.columns) == LOG_COLUMNS
    assert list(log.dtypes) == list(read(sheet(LOG)).dtypes)


def test_entries_read_from_files_are_replayed_on_the_raw_rows():
    raw = delivered(2, trust="1", seen="")
    raw["respondent_id"] = [KEYS.pseudonym(f"QN-{n:04}") for n in range(2)]
    raw["rating"] = ["4", KEYS.fingerprint("rất tốt")]
    files = [
        TextFile("a.csv", "0" * 64, "csv", (sheet({**LOG, "GiaTriCu": "Rất tốt"}, name=""),)),
        TextFile("b.xlsx", "1" * 64, "xlsx", (
            sheet({**RETURN, "TraLoi": "đúng", "GiaTriHienTai": "5", "Ngay": "02/09/2019"},
                  name="CanXacMinh"),
        )),
    ]  # fmt: skip
    log = read_correction_logs(files, FORM, KEYS.pseudonym)
    corrected, applied = apply_corrections(raw, log, FORM, KEYS.fingerprint)
    assert list(corrected["rating"]) == ["4", "5"]
    assert list(applied["status"]) == ["applied", "confirmed"]


def write_workbook(path, name: str, rows: list[dict]) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(name)
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate([{key: key for key in rows[0]}, *rows]):
            page.write_row(number, 0, list(row.values()))
            if number:
                page.write_datetime(number, list(row).index("Ngay"), datetime(2019, 9, 5), day)


def test_every_file_of_the_folder_is_read_and_hashed(tmp_path):
    folder = tmp_path / "corrections"
    assert read_corrections(folder, FORM, KEYS.pseudonym)[1] == {}
    folder.mkdir()
    write_workbook(folder / "b.xlsx", "HieuChinh", [{**LOG, "GiaTriMoi": 5}])
    lines = [",".join(RETURN), ",".join({**RETURN, "TraLoi": "đúng"}.values())]
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    log, sources = read_corrections(folder, FORM, KEYS.pseudonym)
    assert list(log["log_file"]) == ["corrections/a.csv", "corrections/b.xlsx"]
    assert list(log["action"]) == ["confirmed", "value"]
    assert list(log["when"]) == [pd.Timestamp(2019, 9, 1), pd.Timestamp(2019, 9, 5)]
    assert list(log["new_value"]) == ["", "5"]
    content = (folder / "a.csv").read_bytes()
    assert sources["corrections/a.csv"] == hashlib.sha256(content).hexdigest()
    assert sorted(sources) == ["corrections/a.csv", "corrections/b.xlsx"]


def test_all_files_that_cannot_be_opened_are_named_at_once(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    (tmp_path / "b.xlsx").write_bytes(b"%PDF-1.7 ...")
    with pytest.raises(WorkbookError) as caught:
        read_corrections(tmp_path, FORM, KEYS.pseudonym)
    assert [fault.where.rpartition("/")[2] for fault in caught.value.faults] == ["a.xlsx", "b.xlsx"]


def test_an_interview_taken_out_in_one_row_of_a_return_workbook_is_taken_out_once():
    rows = [{**RETURN, "TraLoi": answer} for answer in ("5", "rút", "rút", "đúng")]
    log = read(sheet(*rows, {**RETURN, "Dong": "99", "TraLoi": "5"}, name="CanXacMinh"))
    assert list(log["action"]) == ["withdraw", "value"]
