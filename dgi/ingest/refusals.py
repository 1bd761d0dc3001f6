"""What the door says about a file, each sentence once, in Vietnamese and English.
Not here: finding it (prescan, readers, child), or anything a cell holds: places and counts only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dgi.errors import Fault

ENCODINGS = "utf-8, utf-16-le, cp1258, cp1252, tcvn3, vni"
SEPARATORS = "comma , semicolon ; tab, bar |"


class Sentence(NamedTuple):
    """What is the matter and what to do, in both languages."""

    rule_vi: str
    action_vi: str
    rule: str
    action: str


class Note(NamedTuple):
    """One sentence of the catalogue with its place; `value` is a count, a size or a format."""

    key: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None


class Refused(Exception):
    """A file goes no further; `notes` say why."""

    def __init__(self, *notes: Note):
        self.notes = notes
        super().__init__(", ".join(note.key for note in notes))


ASK = ("Xin nhóm khảo sát gửi lại tệp.", "Ask the field team for the file again.")
SAVE = ("Mở bằng Excel và lưu lại thành .xlsx.", "Open it in Excel and save it as .xlsx.")
COPY = (
    "Chép dữ liệu sang một tệp .xlsx mới (chỉ dán giá trị).",
    "Copy the data into a new .xlsx file (paste values only).",
)
SPLIT = ("Kiểm tra lại tệp; chia nhỏ nếu cần.", "Check the file; split it if need be.")


def _say(rule_vi: str, rule: str, action: tuple[str, str]) -> Sentence:
    return Sentence(rule_vi, action[0], rule, action[1])


REFUSALS: dict[str, Sentence] = {
    "empty": _say("tệp rỗng", "the file is empty", ASK),
    "damaged": _say("tệp bị hỏng hoặc bị cắt cụt", "the file is damaged or cut short", ASK),
    "no_table": _say(
        "tệp không phải là bảng dữ liệu", "the file is no table of data",
        ("Gửi tệp .xlsx, .ods, .csv, .sav hoặc .dta.", "Send .xlsx, .ods, .csv, .sav or .dta."),
    ),
    "web_page": _say("tệp là trang web (HTML), không phải sổ tính",
                     "the file is a web page (HTML), not a workbook", SAVE),
    "xml_workbook": _say("tệp là sổ tính XML kiểu cũ", "the file is an old XML workbook", SAVE),
    "binary_workbook": _say("tệp là sổ tính nhị phân .xlsb",
                            "the file is a binary workbook (.xlsb)", SAVE),
    "ancient_workbook": _say("tệp là sổ tính Excel trước năm 1995",
                             "the file is a workbook from before Excel 95", SAVE),
    "password": _say(
        "tệp được bảo vệ bằng mật khẩu", "the file is protected by a password",
        ("Lưu lại tệp không có mật khẩu.", "Save it without a password."),
    ),
    "macros": _say(
        "sổ tính có chứa macro", "the workbook carries macros",
        ("Lưu lại thành .xlsx không có macro.", "Save it as .xlsx without macros."),
    ),
    "file_too_large": _say("tệp quá lớn", "the file is too large", SPLIT),
    "unpacks_too_large": _say("tệp nén bung ra quá lớn", "the file unpacks to far too much", SPLIT),
    "packed_too_tight": _say("một phần của tệp được nén chặt bất thường",
                             "a part of the file is packed far too tightly", COPY),
    "too_many_parts": _say("tệp nén có quá nhiều phần",
                           "the file has too many parts inside", COPY),
    "part_twice": _say("một phần trong tệp nén xuất hiện hai lần",
                       "a part inside the file stands there twice", COPY),
    "part_path": _say("một phần trong tệp nén có đường dẫn ra ngoài tệp",
                      "a part inside the file has a path that leads outside", COPY),
    "dtd": _say("tệp có khai báo DTD hoặc thực thể XML",
                "the file declares a DTD or XML entities", COPY),
    "part_encoding": _say("một phần của tệp không dùng bảng mã UTF-8",
                          "a part of the file is not UTF-8", SAVE),
    "dde": _say("ô có lệnh DDE gọi chương trình khác",
                "a cell calls another program (DDE)", COPY),
    "beyond_grid": _say("có ô nằm ngoài giới hạn của trang tính",
                        "a cell lies beyond the edge of a sheet", COPY),
    "sheet_too_wide": _say(
        "có ô nằm quá xa vùng dữ liệu", "a cell lies absurdly far from the data",
        ("Xóa các hàng và cột thừa ở xa bảng dữ liệu rồi lưu lại.",
         "Delete the stray rows and columns far from the table and save again."),
    ),
    "cell_too_long": _say("một ô dài bất thường", "a cell is far too long", COPY),
    "formula_without_value": _say(
        "ô chứa công thức chưa có kết quả", "a cell holds a formula without a result",
        ("Mở bằng Excel, dán lại dưới dạng giá trị rồi lưu.",
         "Open it in Excel, paste it as a value and save."),
    ),
    "not_finite": _say(
        "ô chứa số không hợp lệ (NaN hoặc vô cực)", "a cell holds no finite number",
        ("Sửa ô đó trong tệp.", "Correct the cell in the file."),
    ),
    "no_sheet": _say("không có trang tính nào hiển thị và có dữ liệu",
                     "no visible sheet holds any data", ASK),
    "strings_missing": _say("tệp thiếu phần chứa chữ (sharedStrings)",
                            "the part with the texts (sharedStrings) is missing", ASK),
    "encoding_unknown": _say(
        "không rõ bảng mã của tệp văn bản", "the encoding of the text file is not known",
        (f"Lưu lại bằng UTF-8, hoặc khai báo bảng mã: {ENCODINGS}.",
         f"Save it as UTF-8, or declare the encoding: {ENCODINGS}."),
    ),
    "encoding_wrong": _say(
        "nội dung không khớp với bảng mã đã khai báo",
        "the content does not fit the declared encoding",
        (f"Khai báo đúng bảng mã: {ENCODINGS}.", f"Declare the right encoding: {ENCODINGS}."),
    ),
    "no_such_encoding": _say(
        "không có bảng mã như đã khai báo", "there is no encoding as declared",
        (f"Khai báo một bảng mã: {ENCODINGS}.", f"Declare one of: {ENCODINGS}."),
    ),
    "nul": _say("tệp văn bản có byte rỗng (NUL)", "the text file has NUL bytes", ASK),
    "separator_unclear": _say(
        "không xác định được dấu phân cách", "it is not clear what separates the columns",
        (f"Khai báo dấu phân cách ({SEPARATORS}), hoặc gửi .xlsx.",
         f"Declare the separator ({SEPARATORS}), or send .xlsx."),
    ),
    "ragged": _say(
        "số ô trong hàng khác với hàng tiêu đề", "the row has not as many cells as the header",
        ("Sửa hàng đó (thường do dấu phân cách hoặc xuống dòng trong câu trả lời).",
         "Correct the row (often a separator or a line break within an answer)."),
    ),
    "quotes": _say(
        "dấu ngoặc kép mở mà không đóng", "a quotation mark is out of place or never closed",
        ("Sửa dấu ngoặc kép trong hàng đó.", "Correct the quotation marks of that row."),
    ),
    "out_of_memory": _say("đọc tệp cần quá nhiều bộ nhớ",
                          "reading the file takes too much memory", COPY),
    "out_of_time": _say("đọc tệp mất quá nhiều thời gian",
                        "reading the file takes too long", COPY),
    "reader_died": _say("chương trình đọc bị dừng vì tệp này",
                        "the reader broke down over this file", COPY),
    "unreadable": _say("không đọc được tệp", "the file cannot be read", SAVE),
}  # fmt: skip

REMARKS: dict[str, Sentence] = {
    "extension": _say(
        "đuôi tệp không đúng với định dạng thật của tệp",
        "the file's ending is not that of its real format",
        ("Không cần làm gì; nên đặt lại đuôi tệp.", "Nothing need be done; better rename it."),
    ),
    "hidden_sheet": _say(
        "trang tính bị ẩn, không được đọc", "the sheet is hidden and was not read",
        ("Cho hiện trang tính nếu nó có dữ liệu.", "Unhide it if it holds data."),
    ),
    "hidden_rows": _say(
        "có hàng bị ẩn, vẫn được đọc", "rows are hidden; they were read all the same",
        ("Kiểm tra xem các hàng này có phải dữ liệu không.", "Check whether they are data."),
    ),
    "hidden_columns": _say(
        "có cột bị ẩn, vẫn được đọc", "columns are hidden; they were read all the same",
        ("Kiểm tra xem các cột này có phải dữ liệu không.", "Check whether they are data."),
    ),
    "merged": _say(
        "có ô gộp: chỉ ô đầu tiên có giá trị", "cells are merged: only the first has the value",
        ("Bỏ gộp ô nếu chúng nằm trong bảng dữ liệu.", "Unmerge them if they are in the data."),
    ),
    "formulas": _say(
        "có ô là công thức; kết quả đã lưu được đọc",
        "cells are formulas; their kept results were read",
        ("Nên dán lại dưới dạng giá trị.", "Better paste them as values."),
    ),
    "other_workbook": _say(
        "sổ tính lấy giá trị từ tệp khác", "the workbook takes values from another file",
        ("Kiểm tra các giá trị, dán lại dưới dạng giá trị.", "Check them; paste as values."),
    ),
    "web_values": _say(
        "ô lấy giá trị từ mạng", "a cell takes its value from the web",
        ("Kiểm tra giá trị, dán lại dưới dạng giá trị.", "Check it; paste it as a value."),
    ),
    "digits_lost": _say(
        "số dài hơn 15 chữ số, các chữ số cuối đã mất ('?')",
        "a number of more than 15 digits; the last ones are lost ('?')",
        ("Nhập lại các mã dài dưới dạng chữ.", "Type long codes as text."),
    ),
    "error_cells": _say(
        "ô hiện lỗi của Excel", "cells show an Excel error",
        ("Sửa các ô đó trong tệp.", "Correct them in the file."),
    ),
    "old_font": _say(
        "cột dùng phông chữ tiếng Việt cũ", "the column is typed in an old Vietnamese font",
        ("Cột được chuyển mã; nên chuyển sang Unicode.", "It is decoded; better use Unicode."),
    ),
    "old_font_somewhere": _say(
        "tệp có dùng phông chữ tiếng Việt cũ ở một số ô",
        "some cells use an old Vietnamese font; which ones this format does not tell us",
        ("Chuyển sang Unicode, hoặc lưu lại thành .xlsx.", "Use Unicode, or save as .xlsx."),
    ),
    "parts_unread": _say(
        "tệp nén có các tệp khác không được đọc", "other files in the archive were not read",
        ("Kiểm tra xem chúng có dữ liệu không.", "Check whether they hold data."),
    ),
    "strings_missing": _say(
        "tệp thiếu phần chứa chữ (sharedStrings)",
        "the part with the texts (sharedStrings) is missing; no cell needs it",
        ("Không cần làm gì.", "Nothing need be done."),
    ),
}  # fmt: skip


def make_faults(where: str, notes: Iterable[Note], catalogue: dict[str, Sentence]) -> list[Fault]:
    """The catalogue's sentences about one file as faults."""
    return [
        Fault(where, said.rule, said.action, sheet=note.sheet, row=note.row, column=note.column,
              value=note.value, rule_vi=said.rule_vi, action_vi=said.action_vi)
        for note in notes
        for said in [catalogue[note.key]]
    ]  # fmt: skip
