"""Belongs here: which name a delivered column gets, what is said of one that gets none, and codes.
Does not belong here: finding the sheet and its header row (test_exports)."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest
from export_builders import (
    DATA,
    FORM,
    IDENTITY_WORDS,
    SEEN,
    SYSTEM,
    as_sheet,
    book_of,
    column_map,
    form_with_options,
    headers_of,
    interviews,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_builders import ANSWERS

from dgi.errors import FactError, WorkbookError
from dgi.facts.column_maps import (
    ColumnMap,
    check_encodings,
    check_identity_words,
    check_system_columns,
    find_encoding,
)
from dgi.facts.spelling import read_datetimes
from dgi.ingest.column_faults import column_letter, suggest_map
from dgi.ingest.columns import find_stale_lines, name_columns, read_columns
from dgi.ingest.contents import AnswerList, answer_lists, codes_of
from dgi.ingest.facts import Facts, read_table

GIVEN = interviews()
HEADERS = headers_of(GIVEN.columns)
BOOK = book_of()
FILE = "2019/193-ha-long/nhom1.xlsx"
LISTS = answer_lists(FORM)
AGREE = FORM.questions.set_index("answers").at["agree4", "column"].iloc[0]


def read(frame=GIVEN, header=HEADERS, lines=(), form=FORM, **sheet):
    book = BOOK if form is FORM else book_of(form)
    delivered = as_sheet(frame, list(header), name="TraLoi", **sheet)
    columns = read_columns(delivered, book, column_map(*lines), FILE)
    return name_columns(delivered, columns, book, FILE)


def refusal(*arguments, **options) -> WorkbookError:
    with pytest.raises(WorkbookError) as caught:
        read(*arguments, **options)
    return caught.value


def renamed(**headers) -> list[str]:
    """The headers, some called otherwise: MaPhieu='So phieu'."""
    return [headers.get(header, header) for header in HEADERS]


def meaning(header, label=""):
    found = BOOK.find(header, label)
    return None if found is None else (found.name, found.use)


@given(st.permutations(range(len(HEADERS))))
@settings(max_examples=15, deadline=None)
def test_the_order_of_columns_does_not_matter(order):
    shuffled = read(GIVEN.iloc[:, order], [HEADERS[at] for at in order])
    assert shuffled.interviews.equals(read().interviews)


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        str.lower,
        lambda header: f" {header}\xa0",
        lambda header: "\ufeff" + header,
        lambda header: header.replace("C", "С"),  # Cyrillic
        lambda header: f"nhom/{header}",
        lambda header: f"nhom.phan.{header}",
        lambda header: f"nhom:{header}",
        lambda header: f"nhom-{header}",
        lambda header: f"ho[1]/nhom/{header}",
    ],
)
def test_capitals_invisible_letters_and_groups_do_not_matter(spell):
    assert read(header=map(spell, HEADERS)).interviews.equals(read().interviews)


@pytest.mark.parametrize("text", ["text_vi", "text_en"])
@pytest.mark.parametrize("spell", [str, lambda text: unicodedata.normalize("NFD", text),
                                   lambda text: f"Phần 1/{text}"])  # fmt: skip
def test_the_wording_of_a_question_is_a_header_too(text, spell):
    for row in FORM.questions.itertuples():
        assert meaning(spell(getattr(row, text))) == (row.question, "read")


def test_a_variables_label_tells_what_its_name_does_not():
    row = FORM.questions.iloc[3]
    assert meaning("var7") is None
    assert meaning("var7", row["text_vi"]) == (row["question"], "read")
    assert meaning("var7", f"{row['column']}. câu hỏi viết khác") == (row["question"], "read")
    assert meaning("var7", row["text_vi"][:80]) == (row["question"], "read")


@pytest.mark.parametrize(
    ("header", "name", "use"),
    [
        ("_uuid", "submission", "read"),
        ("KEY", "submission", "read"),
        ("SubmissionDate", "submitted_at", "read"),
        ("meta/instanceID", "submission", "read"),
        ("nhom/start", "started_at", "read"),
        ("__version__", "form_version", "read"),
        ("_gps_latitude", "gps_latitude", "identity"),
        ("gps-Accuracy", "gps_accuracy", "read"),
        ("SET-OF-ho", "", "set_aside"),
        ("STT", "", "drop"),
        ("HoTen", "respondent_name", "identity"),
        ("Họ và tên", "respondent_name", "identity"),
        ("Họ và tên người trả lời", "respondent_name", "identity"),
        ("Họ tên điều tra viên", "interviewer_name", "identity"),
        ("so_dien_thoai", "respondent_phone", "identity"),
        ("SĐT", "respondent_phone", "identity"),
        ("CCCD/CMND", "identity_number", "identity"),
        ("Email", "", "identity"),
        ("Ngày sinh", "", "identity"),
    ],
)
def test_columns_of_tools_and_of_persons_are_known(header, name, use):
    assert meaning(header) == (name, use)


def test_a_long_header_about_telephones_is_a_question_nobody_declared():
    assert meaning("Trong 12 tháng qua Ông/Bà có gọi số điện thoại đường dây nóng không?") is None


def test_persons_columns_are_handed_on_by_name_or_set_aside_by_header():
    frame = GIVEN.assign(a="x", b="y")
    done = read(frame, [*HEADERS, "Họ và tên", "Email"])
    assert set(done.interviews["respondent_name"]) == {"x"}
    assert list(done.set_aside.columns) == ["Email"]


def test_an_unknown_column_stops_the_file_with_the_line_that_would_settle_it():
    fault = refusal(GIVEN.assign(x="1"), [*HEADERS, 'Câu "mới"']).faults[0]
    line = '*,"Câu ""mới""",,set_aside,'
    assert f"data/column_maps/2019.csv one line: {line}" in fault.action
    assert line in fault.action_vi
    assert (fault.where, fault.sheet, fault.row) == (FILE, "TraLoi", 1)
    done = read(GIVEN.assign(x="1"), [*HEADERS, 'Câu "mới"'],
                [("*", 'Câu "mới"', "", "set_aside")])  # fmt: skip
    assert list(done.set_aside.columns) == ['Câu "mới"']


def test_a_renamed_column_is_told_from_both_sides_with_one_line_to_paste():
    error = refusal(header=renamed(C101a="C101a_moi"))
    line = '*,"C101a_moi",knows_village_head_name,read,'
    unknown, missing = error.faults
    assert unknown.column == "C101a_moi" and line in unknown.action
    assert missing.column == "C101a" and line in missing.action and line in missing.action_vi
    pasted = line.replace('"', "").split(",")[:4]
    done = read(header=renamed(C101a="C101a_moi"), lines=[tuple(pasted)])
    assert done.interviews.equals(read().interviews)


def test_a_column_that_is_gone_is_named():
    gone = HEADERS.index("C205")
    (fault,) = refusal(GIVEN.drop(columns=GIVEN.columns[gone]),
                       [header for header in HEADERS if header != "C205"]).faults  # fmt: skip
    assert fault.column == "C205" and "is missing" in fault.rule and "thiếu cột" in fault.rule_vi


def test_every_fault_of_a_header_is_told_at_once():
    header = renamed(C101a="x1", C102="C103")
    assert len(refusal(header=header).faults) >= 3


def test_a_name_given_twice_is_refused_and_one_of_the_two_may_be_set_aside():
    frame = GIVEN.assign(again=GIVEN["age"])
    (fault,) = refusal(frame, [*HEADERS, "nhom/Tuoi"]).faults
    assert fault.column == "nhom/Tuoi" and "second column" in fault.rule
    done = read(frame, [*HEADERS, "nhom/Tuoi"], [("*", "nhom/Tuoi", "", "set_aside")])
    assert done.interviews.equals(read().interviews)


def test_the_map_comes_before_all_else_and_a_line_for_one_file_before_one_for_all():
    frame = GIVEN.assign(other=GIVEN["age"])
    lines = [("*", "Tuoi", "", "drop"), ("nhom1*", "Tuoi", "", "set_aside"),
             ("*", "tuoi_thuc", "age", "read"), ("nhom2*", "Tuoi", "age", "read")]  # fmt: skip
    done = read(frame, [*HEADERS, "Tuoi_Thuc"], lines)
    assert done.interviews["age"].equals(read().interviews["age"])
    assert list(done.set_aside.columns) == ["Tuoi"]


def test_a_line_that_finds_nothing_in_the_file_it_names_is_out_of_date():
    (fault,) = refusal(lines=[("nhom1.xlsx", "C999", "", "drop")]).faults
    assert (fault.where, fault.row) == ("data/column_maps/2019.csv", 2)
    assert "out of date" in fault.rule and "lỗi thời" in fault.rule_vi


def test_a_line_for_all_files_is_out_of_date_when_none_has_its_header():
    lines = column_map(("*", "C101a", "knows_village_head_name", "read"),
                       ("*", "C999", "", "drop"))  # fmt: skip
    sheet = as_sheet(GIVEN, HEADERS)
    columns = read_columns(sheet, BOOK, lines, FILE)
    assert [fault.row for fault in find_stale_lines(lines, [columns])] == [3]


def test_a_map_names_only_what_the_questionnaire_has():
    with pytest.raises(FactError, match="no column or question of that name"):
        read(lines=[("*", "C101a", "no_such_question", "read")])


def test_a_map_is_checked_cell_by_cell():
    table = pd.DataFrame({"files": ["*", "*", "*"], "header": ["A", "A", "B"],
                          "name": ["", "age", "age"], "use": ["read", "read", "drop"],
                          "note": [""] * 3})  # fmt: skip
    with pytest.raises(FactError) as caught:
        ColumnMap.from_table(table, "map.csv")
    assert [fault.row for fault in caught.value.faults] == [3, 2, 4]


def test_a_header_without_a_word_is_refused_only_where_there_is_data():
    blank = GIVEN.assign(x=pd.Series([None] * len(GIVEN), dtype="str"))
    assert read(blank, [*HEADERS, ""]).interviews.equals(read().interviews)
    (fault,) = refusal(GIVEN.assign(x="1"), [*HEADERS, ""]).faults
    assert fault.column == column_letter(len(HEADERS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MaXa", "MaThon"),
        ("GioiTinh", "Tuoi"),
        ("C101a", AGREE),
        ("NgayPV", "NguoiLon"),
        ("MaDTV", "C101a"),
    ],
)
def test_two_columns_that_changed_places_are_told(one, other):
    header = renamed(**{one: other, other: one})
    faults = refusal(header=header).faults
    assert any(
        {fault.column, *fault.rule.split("'")} >= {one, other} and "changed places" in fault.rule
        for fault in faults
    )
    assert len(faults) == 1


def test_columns_in_their_places_are_not_suspected_even_when_an_answer_list_changed():
    scale = GIVEN.assign(knows_village_head_name="7")  # codes of no list
    assert read(scale).interviews["knows_village_head_name"].eq("7").all()


def test_a_header_row_of_answers_is_not_repeated():
    secret = [f"Bí Mật {number}" for number in range(len(HEADERS))]
    error = refusal(header=secret)
    assert len(error.faults) == 1
    assert "does not hold the questionnaire's headers" in str(error)
    assert "Bí Mật" not in str(error)


def test_a_suggestion_may_rest_on_a_variables_label():
    text = FORM.questions.set_index("question").at["poverty_left_out", "text_vi"]
    missing = {"poverty_left_out": "C205", "knows_village_head_name": "C101a"}
    lines = suggest_map({"v9": text.replace("không?", "chưa?")}, missing, FORM)
    assert lines == {"v9": "poverty_left_out"}


def test_nothing_is_suggested_where_two_columns_are_as_like():
    missing = {"information_useful": "C107a", "information_reliable": "C107b"}
    assert suggest_map({"C107x": ""}, missing, FORM) == {"C107x": ""}


def test_a_label_cut_short_that_fits_two_questions_names_neither():
    opening = "Xin Ông/Bà cho biết mức độ đồng ý với nhận định sau: “"
    assert FORM.questions["text_vi"].str.startswith(opening).sum() > 1
    assert meaning("v31", opening) is None


def test_a_number_with_another_word_behind_it_is_not_taken_for_the_question():
    assert meaning("C101a mới") is None
    assert meaning("C101a cũ 2018") is None
    assert meaning("C101a - Ông bà biết tên ai") == ("knows_village_head_name", "read")


def test_suggestions_give_each_name_once():
    lines = suggest_map({"C101a_moi": "", "C101_a": ""}, {"knows_village_head_name": "C101a"}, FORM)
    assert sorted(lines.values()) == ["", "knows_village_head_name"]


def test_labels_are_read_as_codes_of_the_list():
    answers = pd.Series(["Có", "co", "KHÔNG", "Yes", "don't know", "Từ chối trả lời", "01", "1.0",
                         "1,0", "888", "7", "gì đó", None])  # fmt: skip
    assert list(codes_of(answers, LISTS["yes_no"]).fillna("")) == [
        "1", "1", "0", "1", "888", "999", "1", "1", "1", "888", "7", "gì đó", "",
    ]  # fmt: skip


def test_other_spellings_of_a_code_are_read_as_the_code():
    foreign = AnswerList(ANSWERS[ANSWERS["answers"] == "foreign"])
    codes = pd.Series(["34", "34.0", ".a", ".b", "-99", "9", "label"])
    assert list(codes_of(codes, foreign)) == ["9", "9", "9", "7", "-99", "9", "label"]


def test_labels_of_fixed_columns_are_read_as_codes_too():
    frame = GIVEN.assign(sex=["Nam", "nữ"] * 12, area=["Urban", "Nông thôn"] * 12)
    done = read(frame).interviews
    assert list(done["sex"]) == list(done["area"]) == ["1", "2"] * 12


def test_every_label_of_every_list_finds_its_code():
    for name, rows in FORM.answers.groupby("answers"):
        for column in ("label_vi", "label_en"):
            labels = rows[column].astype("str")
            for spelled in (labels, labels.str.upper(), labels.str.normalize("NFD")):
                assert list(codes_of(spelled, LISTS[name])) == list(rows["code"].astype(str))


def test_a_files_own_labels_decide_what_its_codes_mean():
    own = {"1": "Không", "2": "Có", "9": "Không biết", "5": "khác"}
    codes = pd.Series(["1", "2.0", "9", "5", "888"])
    assert list(codes_of(codes, LISTS["yes_no"], own)) == ["0", "1", "888", "5", "888"]
    place = HEADERS.index("C101a")
    frame = GIVEN.assign(knows_village_head_name=["1", "2"] * 12)
    done = read(frame, value_labels={place: own}).interviews
    assert list(done["knows_village_head_name"]) == ["0", "1"] * 12


def test_a_time_of_greenwich_that_says_so_is_not_told_twice():
    times = ["2019-09-08T02:00:00", "2019-09-08T02:00:00Z", "2019-09-08T09:00:00+07:00"] * 8
    done = read(GIVEN.assign(x=times), [*HEADERS, "_submission_time"]).interviews
    assert set(read_datetimes(done["submitted_at"])) == {pd.Timestamp("2019-09-08 09:00")}


def test_a_tools_placeholders_are_blanks():
    frame = GIVEN.assign(knows_village_head_name=["n/a", "NA", "#N/A"] * 8)
    assert read(frame).interviews["knows_village_head_name"].isna().all()


FORMS = {"0": form_with_options("0"), "-999999": form_with_options("-999999")}
NAMES = list(SEEN.values())


def ticks(common=None, unticked="0", **options) -> list[str]:
    """The options of each row as read, '1--' for ticked, and two blanks."""
    form = FORMS[unticked]
    count = len(next(iter(options.values()), common))
    frame = interviews(count, form).drop(columns=NAMES)
    header = headers_of(frame.columns, form)
    for option, cells in options.items():
        frame[option], header = cells, [*header, f"C305/{option[1:]}"]
    if common is not None:
        frame["common"], header = common, [*header, "nhom/C305"]
    done = read(frame.astype("str"), header, form=form).interviews
    marks = done[NAMES].fillna("-").replace("-999999", "0")
    return ["".join(row) for row in marks.to_numpy()]


@pytest.mark.parametrize("unticked", FORMS)
@pytest.mark.parametrize("between", [" ", ",", ";", ", "])
def test_options_are_made_from_the_common_column(between, unticked):
    common = [between.join(["1", "3", "8"]), "3", "8.0", None, "888", "n/a"]
    assert ticks(common, unticked) == ["111", "010", "001", "---", "888888888", "---"]


@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("TRUE", "FALSE"), ("x", None), ("X", "n/a"), ("Có", "Không"),
                    ("1.0", "NA")]
)  # fmt: skip
def test_options_are_read_however_they_are_ticked(yes, no):
    read_as = ticks(o1=[yes, no, yes], o3=[no, yes, yes], o8=[no, no, yes])
    assert read_as == ["100", "010", "111"]


def test_options_nobody_ticked_are_blank_where_nothing_says_that_they_were_read_out():
    assert ticks(o1=["x", None], o3=[None, None], o8=["n/a", "n/a"]) == ["100", "---"]


def test_a_common_cell_with_an_unknown_option_stands_in_all_of_them_to_be_judged():
    assert ticks(["1 99"]) == ["1 991 991 99"]


def test_both_deliveries_agree_or_the_rows_are_named():
    same = ticks(["1 3", "8", None], o1=["1", "0", None], o3=["1", "0", None], o8=["0", "1", None])
    assert same == ["110", "001", "---"]
    assert ticks(["1 3"], o1=[None], o3=[None], o8=[None]) == ["110"]
    with pytest.raises(WorkbookError) as caught:
        ticks(["1 3", "8", None], o1=["1", "1", "1"], o3=["1", "0", "0"], o8=["0", "1", "0"])
    (fault,) = caught.value.faults
    assert "in rows 3, 4" in fault.rule and "ở các dòng 3, 4" in fault.rule_vi
    assert fault.column == "nhom/C305" and fault.value is None


@pytest.mark.parametrize("form", ["C305_{}", "C305.{}", "nhom/C305/{}", "C305_opt{}", "c305:{}"])
def test_options_are_known_by_every_tools_header(form):
    book = book_of(FORMS["0"])
    for option, name in SEEN.items():
        assert book.find(form.format(option)).name == name


def test_a_file_that_gives_neither_options_nor_the_common_column_lacks_them():
    form = FORMS["0"]
    frame = interviews(24, form).drop(columns=NAMES)
    faults = refusal(frame, headers_of(frame.columns, form), form=form).faults
    assert [fault.column for fault in faults] == ["C305/1", "C305/3", "C305/8"]


def test_the_tables_of_headers_are_in_order():
    names = set(FORM.known_headers().values())
    assert set(SYSTEM["name"]) | set(IDENTITY_WORDS["name"]) <= names | {""}
    for year in Facts(DATA).surveys["survey_year"]:
        where = f"data/column_maps/{year}.csv"
        form = Facts(DATA).questionnaire(Facts(DATA).survey(year).questionnaire)
        lines = ColumnMap.from_table(read_table(DATA / f"column_maps/{year}.csv"), where)
        lines.check_against(form.known_headers().values())
    check_encodings(read_table(DATA / "column_maps/encodings.csv"))
    with pytest.raises(FactError):
        check_system_columns(SYSTEM.assign(use="read it").astype("str"))
    with pytest.raises(FactError):
        check_identity_words(pd.concat([IDENTITY_WORDS, IDENTITY_WORDS.head(1)]).astype("str"))


def test_an_encoding_is_declared_by_year_and_file():
    table = check_encodings(pd.DataFrame({
        "survey_year": ["2019", "2019"], "files": ["*/193-ha-long/cu*.csv", "*.csv"],
        "encoding": ["tcvn3", "cp1258"], "separator": [";", ""], "note": ["", ""],
    }))  # fmt: skip
    assert find_encoding(table, 2019, "2019/193-ha-long/cu1.csv") == ("tcvn3", ";")
    assert find_encoding(table, 2019, "moi.csv") == ("cp1258", "")
    assert find_encoding(table, 2018, "moi.csv") == ("", "")


def test_rows_keep_the_numbers_a_person_sees():
    sheet = as_sheet(GIVEN, HEADERS, name="TraLoi", row=4)
    columns = read_columns(sheet, BOOK, column_map(), FILE)
    rows = name_columns(sheet, columns, BOOK, FILE).interviews["_row"]
    assert list(rows) == list(range(5, 5 + len(GIVEN)))
    assert rows.dtype == np.int64
