"""Belongs here: SPSS and Stata files through the door: codes, labels, missing codes, dates.
Does not belong here: other formats (test_door_reading.py), or what a code means for an answer."""

from __future__ import annotations

import struct
from datetime import date, datetime

import pandas as pd
import pyreadstat
import pytest

from dgi.errors import WorkbookError
from dgi.ingest.door import read_file
from dgi.ingest.sheets import Declared

DATA = pd.DataFrame({
    "q1": [1.0, 888.0, None, 2.5, 950.0],
    "ten": ["Đầm Hà", "", "06652", "x", "y"],
    "ngay": [date(2019, 9, 3), None, date(1950, 5, 5), date(2019, 1, 1), date(2019, 1, 2)],
    "luc": [datetime(2019, 9, 3, 14, 5, 6)] * 5,
})  # fmt: skip
LABELS = ["Câu hỏi 1", "Tên", "", ""]


@pytest.fixture
def sav(tmp_path):
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        DATA, path, column_labels=LABELS,
        variable_value_labels={"q1": {1: "Có", 888: "Không biết"}},
        missing_ranges={"q1": [888, {"lo": 900, "hi": 999}], "ten": ["x"]},
    )  # fmt: skip
    return path.read_bytes()


@pytest.fixture
def dta(tmp_path):
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(
        DATA.assign(q1=[1.0, "a", None, 2.5, "b"]), path, column_labels=LABELS,
        variable_value_labels={"q1": {1: "Có", "a": "Không biết"}},
        missing_user_values={"q1": ["a", "b"]},
    )  # fmt: skip
    return path.read_bytes()


def test_a_sav_keeps_codes_labels_and_declared_missing_codes(sav):
    file = read_file("a.sav", sav)
    sheet = file.sheets[0]
    assert (file.format, file.remarks, sheet.name, sheet.header_row) == ("sav", (), "", 1)
    assert sheet.header == ("q1", "ten", "ngay", "luc") and sheet.labels == tuple(LABELS)
    assert list(sheet.frame.index) == [2, 3, 4, 5, 6]
    assert sheet.frame[0].fillna("").tolist() == ["1", "888", "", "2.5", "950"]
    assert sheet.frame[1].fillna("").tolist() == ["Đầm Hà", "", "06652", "x", "y"]
    assert sheet.frame.loc[2, [2, 3]].tolist() == ["03/09/2019", "03/09/2019 14:05:06"]
    assert sheet.value_labels == {0: {"1": "Có", "888": "Không biết"}}
    assert sheet.missing == {0: ("888", "950"), 1: ("x",)}
    assert all(isinstance(kind, pd.StringDtype) for kind in sheet.frame.dtypes)


def test_a_dta_keeps_its_extended_missing_values_as_codes(dta):
    file = read_file("a.dta", dta)
    sheet = file.sheets[0]
    assert file.format == "dta" and sheet.labels == tuple(LABELS)
    assert sheet.frame[0].fillna("").tolist() == ["1", ".a", "", "2.5", ".b"]
    assert sheet.frame.loc[2, 1] == "Đầm Hà"
    assert sheet.value_labels == {0: {"1": "Có", ".a": "Không biết"}}
    assert sheet.missing == {0: (".a", ".b")}


def test_a_one_letter_text_of_a_dta_is_no_missing_value(tmp_path):
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(pd.DataFrame({"x": ["a", "b"]}), path)
    assert read_file("a.dta", path.read_bytes()).sheets[0].frame[0].tolist() == ["a", "b"]


def test_a_number_in_single_precision_reads_as_it_was_typed(tmp_path):
    path = tmp_path / "a.dta"
    frame = pd.DataFrame({"x": pd.array([0.35, 0.1], dtype="float32")})
    frame.to_stata(path, write_index=False, version=118)
    assert read_file("a.dta", path.read_bytes()).sheets[0].frame[0].tolist() == ["0.35", "0.1"]


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_old_and_new_releases_of_dta_are_recognised_whatever_the_name(tmp_path, version):
    path = tmp_path / "a.dta"
    pd.DataFrame({"x": [1, 22]}).to_stata(path, write_index=False, version=version)
    file = read_file("a.xlsx", path.read_bytes())
    assert file.format == "dta" and file.sheets[0].frame[0].tolist() == ["1", "22"]
    assert file.remarks[0].value == "dta"


def test_a_compressed_sav_is_read(tmp_path):
    path = tmp_path / "a.zsav"
    pyreadstat.write_sav(DATA, path, compress=True)
    assert path.read_bytes()[:4] == b"$FL3"
    assert read_file("a.zsav", path.read_bytes()).sheets[0].frame[0].iloc[1] == "888"


def test_a_number_beyond_what_is_kept_exactly_is_told(tmp_path):
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"ma": [123456789012345678.0]}), path)
    file = read_file("a.sav", path.read_bytes())
    assert file.sheets[0].frame[0].tolist() == ["123456789012345???"]
    assert [one.column for one in file.remarks] == ["ma"]


def test_a_dta_typed_in_an_old_font_is_passed_on_with_its_name(tmp_path):
    path = tmp_path / "a.dta"
    pd.DataFrame({"ten": ["HuyÖn C« T«"]}).to_stata(path, write_index=False, version=114)
    sheet = read_file("a.dta", path.read_bytes(), Declared(encoding="tcvn3")).sheets[0]
    assert sheet.frame.loc[2, 0] == "HuyÖn C« T«" and sheet.fonts == {0: "tcvn3"}


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.97, 0.999])
@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_a_truncated_file_is_refused(sav, dta, kind, kept):
    content = sav if kind == "sav" else dta
    with pytest.raises(WorkbookError) as caught:
        read_file(f"a.{kind}", content[: int(len(content) * kept)])
    assert caught.value.faults[0].rule_vi


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_a_file_with_any_byte_turned_harms_nothing(sav, dta, kind):
    content = sav if kind == "sav" else dta
    for at in range(4, len(content), max(len(content) // 60, 1)):
        turned = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
        try:
            read_file(f"a.{kind}", turned)
        except WorkbookError as error:
            assert error.faults[0].rule_vi and "06652" not in str(error)
    assert len(read_file(f"a.{kind}", content).sheets[0].frame) == 5


@pytest.mark.parametrize("promised", [6, 2_000_000_000])
def test_a_sav_that_ends_before_the_rows_it_promises_is_refused(sav, promised):
    assert struct.unpack_from("<i", sav, 80) == (5,)
    with pytest.raises(WorkbookError, match="cut short"):
        read_file("a.sav", sav[:80] + struct.pack("<i", promised) + sav[84:])


def test_a_sav_that_does_not_say_how_many_rows_it_has_is_read(sav):
    file = read_file("a.sav", sav[:80] + struct.pack("<i", -1) + sav[84:])
    assert len(file.sheets[0].frame) == 5
