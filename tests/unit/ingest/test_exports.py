"""Belongs here: each tool's export and each office's table gives the same interviews by name.
Does not belong here: opening files (the door), or single headers (test_columns)."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from export_builders import (
    FORM,
    SEEN,
    as_file,
    as_sheet,
    book_of,
    column_map,
    field_workbook,
    form_with_options,
    headers_of,
    interviews,
    kobo_export,
    odk_export,
    office_table,
    statistics_file,
    surveycto_export,
)

from dgi.errors import WorkbookError
from dgi.facts.spelling import read_datetimes
from dgi.ingest.exports import find_interviews
from dgi.ingest.interviews import read_interviews

GIVEN = interviews()
BOOK = book_of()
NO_MAP = column_map()


def read(file, lines=NO_MAP, **options):
    return read_interviews(file, BOOK, lines, **options)


def refusal(file, lines=NO_MAP) -> str:
    with pytest.raises(WorkbookError) as caught:
        read(file, lines)
    return str(caught.value)


def same(answers: pd.DataFrame) -> bool:
    return answers[list(GIVEN.columns)].reset_index(drop=True).equals(GIVEN)


EXPORTS = {
    "field_workbook": [field_workbook(GIVEN)],
    "kobo": [kobo_export(GIVEN), kobo_export(GIVEN, "."), kobo_export(GIVEN, ":"),
             kobo_export(GIVEN, labels="text_vi"), kobo_export(GIVEN, labels="text_en")],
    "odk": [odk_export(GIVEN)],
    "surveycto": [surveycto_export(GIVEN)],
    "statistics": [statistics_file(GIVEN)],
    "office": [office_table(GIVEN), as_file(as_sheet(GIVEN)),  # the latter: keys as headers
               as_file(as_sheet(GIVEN, headers_of(GIVEN.columns), name="Sheet1"))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "file"), [(family, file) for family, files in EXPORTS.items() for file in files]
)
def test_every_export_gives_the_same_interviews(family, file):
    found = read(file)
    assert found.family == family
    assert same(found.answers)


def test_columns_of_the_tools_are_read_under_our_names_or_set_aside():
    found = read(surveycto_export(GIVEN))
    first = found.answers.iloc[0]
    assert first["submission"] == "uuid:0"
    assert first["started_at"] == "Sep 8, 2019 9:20:30 AM"
    assert first["form_version"] == "1909010000"
    assert first["device"] == "abc-1"
    # The user's name and telephone are no answers, and the second copy of the key is not needed.
    assert {"username", "devicephonenum", "simid", "instanceID"} <= set(found.set_aside.columns)
    assert found.set_aside.index.equals(found.answers.index)


def test_a_time_of_kobo_is_of_greenwich():
    sent = read(kobo_export(GIVEN)).answers["submitted_at"]
    assert set(read_datetimes(sent)) == {pd.Timestamp("2019-09-08 09:00:00")}


def test_coordinates_of_odk_are_about_persons():
    found = read(odk_export(GIVEN))
    uses = {column.name: column.use for column in found.columns.columns if column.name}
    assert uses["gps_latitude"] == uses["gps_longitude"] == "identity"
    assert uses["gps_accuracy"] == "read"


def test_rows_of_a_repeat_are_no_interviews_and_are_told():
    for file in (kobo_export(GIVEN), odk_export(GIVEN)):
        (remark,) = read(file).remarks
        assert "repeat" in remark.rule and "lặp" in remark.rule_vi
        assert remark.sheet == file.sheets[1].name


@pytest.mark.parametrize(
    ("export", "header", "no"),
    [(kobo_export, "_validation_status", "Not Approved"), (odk_export, "ReviewState", "rejected"),
     (surveycto_export, "review_status", "REJECTED")],
)  # fmt: skip
def test_interviews_the_office_rejected_in_the_tool_are_told_by_row(export, header, no):
    file = export(GIVEN)
    main = file.sheets[0]
    cells = main.frame.copy()
    cells.loc[[3, 5], main.header.index(header)] = no
    found = read(replace(file, sheets=(replace(main, frame=cells), *file.sheets[1:])))
    (remark,) = [remark for remark in found.remarks if remark.column == header]
    assert "2 interviews" in remark.rule and "rows 3, 5" in remark.rule
    assert same(found.answers)


def test_title_numbering_totals_and_notes_of_an_offices_table_are_told_by_row():
    found = read(office_table(GIVEN))
    assert [(remark.row, remark.rule.split(",")[0]) for remark in found.remarks] == [
        (5, "the row numbers the columns"),
        (30, "the row is a totals row"),
        (31, "the row is a note under the table"),
    ]
    assert list(found.answers["_row"]) == list(range(6, 30))


@pytest.mark.parametrize("word", ["Tổng cộng", "CỘNG", "Tổng số:", "Total"])
def test_a_totals_row_is_no_respondent_wherever_it_stands(word):
    rows = GIVEN.copy()
    rows.iloc[4, 0], rows.iloc[4, 2:] = word, "384"
    found = read(field_workbook(rows))
    assert len(found.answers) == len(GIVEN) - 1
    assert 6 not in set(found.answers["_row"])
    assert [remark.row for remark in found.remarks] == [6]


def test_a_second_header_of_wordings_is_no_interview():
    columns = pd.concat([FORM.questions.rename(columns={"question": "name"}), FORM.fixed])
    wording = columns.set_index("name").loc[list(GIVEN.columns), "text_vi"]
    rows = pd.concat([wording.to_frame().T, GIVEN], ignore_index=True)
    found = read(field_workbook(rows))
    assert len(found.answers) == len(GIVEN)
    assert [(remark.row, remark.rule.split(",")[0]) for remark in found.remarks] == [
        (2, "the row is a second header")
    ]


def test_a_nearly_empty_interview_among_others_is_kept():
    rows = GIVEN.copy()
    rows.iloc[3, 1:] = None
    assert len(read(field_workbook(rows)).answers) == len(GIVEN)


def test_the_sheet_of_answers_is_found_by_its_headers_not_by_its_place_or_name():
    other = as_sheet(pd.DataFrame({"a": ["1"], "b": ["2"]}), name="Ghi chú")
    main = as_sheet(GIVEN, headers_of(GIVEN.columns), name="Dữ liệu")
    found = read(as_file(other, main))
    assert same(found.answers)
    assert [remark.sheet for remark in found.remarks] == ["Ghi chú"]


def test_two_sheets_of_interviews_are_not_chosen_between():
    sheets = [as_sheet(GIVEN, headers_of(GIVEN.columns), name=name) for name in ("Xã A", "Xã B")]
    assert "2 sheets hold interviews: Xã A, Xã B" in refusal(as_file(*sheets))
    # Our own sheet is meant where it is there.
    own = replace(sheets[1], name="TraLoi")
    assert read(as_file(sheets[0], own)).answers["_sheet"].unique() == ["TraLoi"]


def test_a_file_without_headers_is_refused_and_nothing_of_it_is_repeated():
    secret = "Nguyễn Thị Bí Mật"
    cells = pd.DataFrame([[secret, "0912345678", "1"] * 40] * 5, dtype="str")
    message = refusal(as_file(as_sheet(cells, [secret, "0912345678", "1"] * 40)))
    assert "row 1 does not hold the questionnaire's headers" in message
    assert "dòng 1 không phải là dòng tiêu đề" in message
    assert secret not in message and "0912345678" not in message


def test_options_under_a_merged_header_are_read_as_options():
    form = form_with_options()
    rows = interviews(questionnaire=form)
    names = list(rows.columns)
    upper = [header if "/" not in header else None for header in headers_of(names, form)]
    first = names.index("seen_notice")
    upper[first] = "C305"
    lower = [None] * len(names)
    lower[first : first + 3] = list(SEEN)
    cells = pd.DataFrame([lower, *rows.to_numpy().tolist()], dtype="str")
    file = as_file(as_sheet(cells, [cell or "" for cell in upper]))
    found = read_interviews(file, book_of(form), NO_MAP)
    assert found.answers[names].reset_index(drop=True).equals(rows)


def test_text_of_an_old_font_is_decoded_where_the_font_is_known_and_refused_where_not():
    rows = GIVEN.assign(respondent_name="NguyÔn V¨n «ng")
    header = headers_of(rows.columns)
    place = len(header) - 1
    found = read(as_file(as_sheet(rows, header, fonts={place: "tcvn3"})))
    assert set(found.answers["respondent_name"]) == {"Nguyễn Văn ông"}
    found = read(as_file(as_sheet(rows, header)), encoding="tcvn3")
    assert set(found.answers["respondent_name"]) == {"Nguyễn Văn ông"}
    message = refusal(as_file(as_sheet(rows, header)))
    assert "Declare encoding tcvn3" in message and "column ED" in message
    assert "NguyÔn" not in message and "Nguyễn" not in message


def test_garbled_text_of_a_sheet_that_is_not_read_stops_nothing():
    notes = as_sheet(pd.DataFrame({"x": ["Kh«ng biÕt", "HuyÖn"]}), name="ghi chu")
    main = as_sheet(GIVEN, headers_of(GIVEN.columns), name="Sheet1")
    assert same(read(as_file(main, notes)).answers)


def test_the_microdata_of_papi_is_told_by_its_own_columns():
    header = [*headers_of(GIVEN.columns), "idcode0", "tentinh", "tinh", "PSW_psweight"]
    rows = GIVEN.assign(idcode0="1", tentinh="Quang Ninh", tinh="22", PSW_psweight="0.9")
    file = as_file(as_sheet(rows, header))
    assert find_interviews(file, BOOK, NO_MAP).family == "papi"
    assert "PSW_psweight" in read(file).set_aside
