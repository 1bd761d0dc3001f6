"""Belongs here: the rules for many files: twins, shared files, broken files, rows nobody can place.
Does not belong here: formats (door tests), headers (column tests), typing (fieldwork tests)."""

from __future__ import annotations

import io

import pandas as pd
import pytest
import xlsxwriter
from export_builders import headers_of, interviews
from hypothesis import given, settings
from hypothesis import strategies as st

from dgi.errors import WorkbookError
from dgi.fieldwork.responses import type_responses
from dgi.ingest.deliveries import read_back_checks, read_delivery
from dgi.ingest.facts import Facts
from dgi.ingest.landing import content_of, district_folders, has_delivery, list_files
from dgi.ingest.privacy import Keys
from pipelines.settings import ROOT

FACTS = Facts(ROOT / "data")
FORM = FACTS.form(2019)
KEYS = Keys(b"a secret of some length", 2019)
DISTRICT = "193-ha-long"
ELSEWHERE = ("207-co-to", "07192")


def workbook(frame: pd.DataFrame, cover: str = "", sheet: str = "TraLoi") -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        rows = book.add_worksheet(sheet)
        for at, header in enumerate(headers_of(frame.columns)):
            rows.write_string(0, at, header)
            for row, cell in enumerate(frame.iloc[:, at], start=1):
                if pd.notna(cell):
                    rows.write_string(row, at, str(cell))
        if cover:
            book.add_worksheet("Bia").write_string(0, 0, cover)
    return sink.getvalue()


@pytest.fixture
def landing(tmp_path):
    (tmp_path / "2019" / DISTRICT).mkdir(parents=True)
    return tmp_path


def put(landing, name: str, content: bytes, district: str = DISTRICT) -> None:
    path = landing / "2019" / district / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read(landing, district: str = DISTRICT):
    return read_delivery(district_folders(landing, 2019, district), district, FORM, KEYS)


def typed(delivery, district: str = DISTRICT):
    questionnaire, survey = FORM.questionnaire, FACTS.survey(2019)
    return type_responses(delivery.raw, questionnaire, survey, FACTS.units, district)


def test_all_files_of_a_district_make_one_frame_that_says_where_a_row_stood(landing):
    frame = interviews(12)
    put(landing, "team-1.xlsx", workbook(frame.iloc[:7], "DỮ LIỆU MẪU / SAMPLE DATA"))
    put(landing, "team-2.xlsx", workbook(frame.iloc[7:]))
    delivery = read(landing)
    assert list(delivery.raw["_row"]) == [*range(2, 9), *range(2, 7)]
    assert list(delivery.raw["_file"].unique()) == ["team-1.xlsx", "team-2.xlsx"]
    assert list(delivery.raw["is_sample"]) == [True] * 7 + [False] * 5
    assert list(delivery.files["rows"]) == [7, 5]
    assert set(delivery.sources) == {"team-1.xlsx", "team-2.xlsx"}
    first = delivery.columns[delivery.columns["file"] == "team-1.xlsx"].iloc[0]
    assert (first["position"], first["header"], first["name"]) == (1, "MaPhieu", "respondent_id")


def test_the_same_bytes_under_another_name_are_read_once_and_told(landing):
    content = workbook(interviews(5))
    put(landing, "a.xlsx", content)
    put(landing, "b.xlsx", content)
    delivery = read(landing)
    assert len(delivery.raw) == 5
    assert list(delivery.files["same_as"]) == ["", "a.xlsx"]
    assert set(delivery.sources) == {"a.xlsx", "b.xlsx"}


def test_every_broken_file_is_named_at_once_and_in_both_languages(landing):
    put(landing, "good.xlsx", workbook(interviews(3)))
    put(landing, "empty.xlsx", b"")
    put(landing, "page.xls", b"<html><body><table></table></body></html>")
    with pytest.raises(WorkbookError) as caught:
        read(landing)
    said = str(caught.value)
    assert "empty.xlsx" in said and "page.xls" in said and "good.xlsx" not in said
    assert all(fault.rule_vi and fault.action_vi for fault in caught.value.faults)


def test_a_district_without_any_interview_is_told_in_both_languages(landing):
    with pytest.raises(WorkbookError, match="no interview was delivered"):
        read(landing)
    (landing / "2019" / DISTRICT / ".~lock.a.xlsx#").write_bytes(b"lock")
    with pytest.raises(WorkbookError, match="chưa nhận được phiếu nào"):
        read(landing)


def test_a_shared_file_gives_each_district_its_own_rows_and_every_row_to_one(landing):
    frame = interviews(10)
    frame.loc[frame.index[6:], "commune_code"] = ELSEWHERE[1]
    frame.loc[frame.index[9], "commune_code"] = "99999"
    (landing / "2019" / "all.xlsx").write_bytes(workbook(frame))
    ours, theirs = read(landing), read(landing, ELSEWHERE[0])
    assert len(ours.raw) == 7 and len(theirs.raw) == 3
    assert sorted([*ours.raw["_row"], *theirs.raw["_row"]]) == list(range(2, 12))
    assert set(ours.raw["_file"]) == {"../all.xlsx"} == set(theirs.sources)
    # The row that no district can claim is told by the first of the file.
    rejected = typed(ours).rejected
    assert list(rejected.loc[rejected["scope"] == "row", "rule"]) == ["commune_is_in_the_district"]
    with pytest.raises(WorkbookError, match="no interview"):
        read(landing, "196-uong-bi")


def test_communes_by_name_or_without_their_zero_become_codes(landing):
    frame = interviews(4)
    frame["commune_code"] = ["Phường Hà Khánh", "phuong ha phong", "6649", "P. Hà Khánh"]
    frame["village_code"] = "6649-01"
    put(landing, "a.xlsx", workbook(frame))
    raw = read(landing).raw
    assert list(raw["commune_code"]) == ["06649", "06652", "06649", "06649"]
    assert set(raw["village_code"]) == {"06649-01"}


def test_a_device_stands_in_a_unit_and_its_coordinates_go_no_further(landing):
    from test_boundaries import DISTRICT as AREA
    from test_boundaries import map_of

    from dgi.ingest.boundaries import Boundaries
    from dgi.ingest.deliveries import Form

    areas = Boundaries.from_geojson(map_of(AREA), "map")
    frame = interviews(3)
    frame["gps_point"] = ["20.5 107.1 3 5", "10.0 100.0 0 9", None]
    put(landing, "a.xlsx", workbook(frame))
    form = Form(**{**FORM.__dict__, "boundaries": areas, "key": "2019 with a map"})
    delivery = read_delivery(district_folders(landing, 2019, DISTRICT), DISTRICT, form, KEYS)
    assert list(delivery.raw["gps_place"].fillna("")) == ["193", "000", ""]
    assert list(delivery.raw["gps_accuracy"].fillna("")) == ["5.0", "9.0", ""]
    assert "gps_point" not in delivery.raw and "107.1" not in delivery.raw.to_csv()
    assert delivery.identities["gps_point"].iloc[0] == "20.5 107.1 3 5"


def test_a_back_check_may_ask_a_few_questions_only(landing):
    frame = interviews(6)[["respondent_id", "voted_peoples_council", "village_meetings"]]
    put(landing, "back-checks/again.xlsx", workbook(frame))
    again = FACTS.form(2019, is_again=True)
    folders = district_folders(landing, 2019, DISTRICT)
    table, sources = read_back_checks(folders, again, KEYS)
    assert len(table) == 6 and list(sources) == ["again.xlsx"]
    assert table["respondent_id"].iloc[0] == KEYS.pseudonym("QN-0000")
    nothing, none = read_back_checks(district_folders(landing, 2019, "x"), again, KEYS)
    assert nothing.empty and none == {} and "respondent_id" in nothing


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_order_of_rows_columns_and_files_changes_nothing(tmp_path_factory, random, teams):
    frame = interviews(9)
    expected = tmp_path_factory.mktemp("plain")
    put(expected, "a.xlsx", workbook(frame))
    rows, columns = list(frame.index), list(frame.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = frame.loc[rows, columns]
    landing = tmp_path_factory.mktemp("shuffled")
    for team in range(teams):
        put(landing, f"team-{9 - team}.xlsx", workbook(shuffled.iloc[team::teams]))
    one, other = typed(read(expected)), typed(read(landing))
    pd.testing.assert_frame_equal(one.responses, other.responses)
    pd.testing.assert_frame_equal(one.missing, other.missing)
    parts = ["respondent_id", "scope", "column", "rule", "value"]
    told = [table.rejected[parts].sort_values(parts, ignore_index=True) for table in (one, other)]
    pd.testing.assert_frame_equal(*told)


def test_what_lies_in_the_landing_folder_is_told_by_its_content(landing):
    folders = district_folders(landing, 2019, DISTRICT)
    assert content_of(folders) is None and not has_delivery(landing, 2019)
    put(landing, "a.xlsx", b"one")
    first = content_of(folders)
    assert first and first.files == 1 and has_delivery(landing, 2019)
    put(landing, "corrections/log.csv", b"log")
    (landing / "2019" / "all.csv").write_bytes(b"shared")
    assert content_of(folders).files == 3
    put(landing, "a.xlsx", b"two")
    assert content_of(folders).sha256 != first.sha256
    put(landing, "~$a.xlsx", b"lock")
    assert [path.name for path in list_files(folders.own)] == ["a.xlsx"]
