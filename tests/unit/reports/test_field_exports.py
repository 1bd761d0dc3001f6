"""Belongs here: what the CSV, KoboToolbox and SPSS files of interviews hold, and their bytes.
Does not belong here: the field workbook, or how the door names what it reads in them."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from dgi.ingest.facts import Facts
from dgi.reports.field_exports import write_csv_export, write_kobo_export, write_sav_export
from pipelines.settings import ROOT

FORM = Facts(ROOT / "data").questionnaire("citizens-2018")
BANNER = "DỮ LIỆU MẪU / SAMPLE DATA"


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "MaPhieu": ["QN18-193-0001", "QN18-193-0002"],
            "NgayPV": ["15/08/2018", "16/08/2018"],
            "MaXa": ["06649", "06652"],
            "C101a": [1, 888],
            "C201a": [None, 3],
            "MaGui": ["uuid:1", "uuid:2"],
            "BatDau": ["15/08/2018 08:00:00", "16/08/2018 09:30:00"],
            "KetThuc": ["15/08/2018 08:50:00", None],
            "GuiLuc": ["15/08/2018 09:00:00", "17/08/2018 06:00:00"],
            "PhienBan": ["2018.1", "2018.2"],
            "GPS": ["21.0 107.1 0 5", None],
            "HoTen": ["Người trả lời mẫu 0001", "Người trả lời mẫu; 0002"],
        },
        dtype=object,
    )


def test_a_text_file_keeps_zeros_blanks_and_separators_inside_a_cell(rows):
    content = write_csv_export(rows)
    assert content.startswith(b"\xef\xbb\xbfMaPhieu;NgayPV;")
    assert content.count(b"\r\n") == 3
    read = pd.read_csv(io.BytesIO(content), sep=";", dtype="str", encoding="utf-8-sig")
    assert list(read.columns) == list(rows.columns)
    assert read["MaXa"].tolist() == ["06649", "06652"]
    assert read["HoTen"].iloc[1] == "Người trả lời mẫu; 0002"
    assert read["C201a"].isna().tolist() == [True, False]


def test_a_kobo_export_has_the_tools_headers_groups_and_clocks(rows):
    content = write_kobo_export(rows, FORM)
    sheet = openpyxl.load_workbook(io.BytesIO(content))["citizens-2018"]
    header, first, second = (list(row) for row in sheet.iter_rows(values_only=True))
    section = FORM.questions.set_index("column").at["C101a", "section"]
    assert {f"{section}/C101a", "MaPhieu", "MaXa", "__version__"} <= set(header)
    found = dict(zip(header, zip(first, second, strict=True), strict=True))
    assert found["MaXa"] == ("06649", "06652")
    assert found["start"][0] == "2018-08-15T08:00:00.000+07:00"
    assert found["end"][1] is None
    # The hour of Greenwich, which is the evening before.
    assert found["_submission_time"] == ("2018-08-15T02:00:00", "2018-08-16T23:00:00")
    assert found["_uuid"] == ("uuid:1", "uuid:2") and found["_index"] == (1, 2)
    assert not {"MaGui", "BatDau", "KetThuc", "GuiLuc", "PhienBan"} & set(header)


def test_an_spss_file_has_labels_and_missing_codes_and_no_clock(rows, tmp_path):
    path = tmp_path / "interviews.sav"
    path.write_bytes(write_sav_export(rows, FORM, BANNER))
    frame, about = pyreadstat.read_sav(path, user_missing=True)
    assert list(frame.columns) == list(rows.columns)
    assert about.file_label == BANNER
    assert frame["C101a"].tolist() == [1, 888]
    assert about.variable_value_labels["C101a"][888] == "Không biết"
    assert about.column_names_to_labels["MaXa"].startswith("Mã xã")
    assert {entry["lo"] for entry in about.missing_ranges["C101a"]} == {888, 999}
    assert frame["MaXa"].tolist() == ["06649", "06652"]
    assert frame["KetThuc"].tolist()[1] == "" and frame["C201a"].isna().tolist() == [True, False]
    assert about.creation_time.year == 2017


@pytest.mark.parametrize(
    "write",
    [
        write_csv_export,
        lambda rows: write_kobo_export(rows, FORM),
        lambda rows: write_sav_export(rows, FORM, BANNER),
    ],
)
def test_equal_rows_give_equal_bytes(rows, write):
    assert write(rows) == write(rows.copy())
