"""The door for field workbooks: each file of a district-year checked, read once, kept as text.
Not here: what the cells mean (dgi.fieldwork.responses), or any file that is no survey workbook."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dgi.errors import Fault, WorkbookError

ANSWERS_SHEET = "TraLoi"
COVER_SHEET = "Bia"
SAMPLE_MARKS = ("dữ liệu mẫu", "sample data")
LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes; a district's workbook unpacks to a few MB
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0"  # an old .xls, or an .xlsx behind a password
REPAIR = "Ask the field team for the file again and put it in the same folder."
logging.getLogger("fastexcel").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Delivered:
    """One file as received: its name, the hash of its bytes, and what was found in it."""

    name: str
    sha256: str
    rows: int
    is_sample: bool
    same_as: str | None = None  # an earlier file with the same bytes: this one was not read


def list_workbooks(folder: Path) -> list[Path]:
    """Files of one district-year in name order; hidden and lock files are no deliveries."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] not in ".~")


def has_delivery(landing: Path, year: int) -> bool:
    """Whether any workbook was delivered for a survey year."""
    return any(list_workbooks(folder) for folder in (landing / str(year)).glob("[!.]*"))


def hash_file(path: Path) -> str:
    """sha256 of the bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_district_year(folder: Path, headers: list[str]) -> tuple[pd.DataFrame, list[Delivered]]:
    """All interviews delivered for one district-year.

    `headers`: the columns a workbook must have, no more and no fewer (any order). Returns text
    columns in that order plus _file, _sheet, _row (the row number in the file) and is_sample,
    one row per interview, and what each file held. A file whose bytes were delivered already
    under another name is not read twice. Raises WorkbookError naming file, sheet, column, and
    what to do; a fault never carries a cell's content, which may be somebody's answer.
    """
    paths = list_workbooks(folder)
    if not paths:
        raise WorkbookError([Fault(str(folder), "no workbook was delivered",
                                   "Put the district's .xlsx files in this folder.")])  # fmt: skip
    frames, delivered = [], []
    first_with: dict[str, str] = {}
    for path in paths:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest in first_with:
            twin = first_with[digest]
            delivered.append(Delivered(path.name, digest, 0, False, same_as=twin))
            continue
        first_with[digest] = path.name
        name = f"{folder.parent.name}/{folder.name}/{path.name}"
        frame, is_sample = read_workbook(name, content, headers)
        frames.append(frame.assign(is_sample=is_sample))
        delivered.append(Delivered(path.name, digest, len(frame), is_sample))
    table = pd.concat(frames, ignore_index=True)
    return table, delivered


def read_workbook(name: str, content: bytes, headers: list[str]) -> tuple[pd.DataFrame, bool]:
    """One workbook: its answers as text with _file, _sheet, _row, and whether it is sample data."""
    _check_container(name, content)
    try:
        book = fastexcel.read_excel(content)
        sheets = book.sheet_names
        if ANSWERS_SHEET not in sheets:
            raise WorkbookError([Fault(name, f"there is no sheet {ANSWERS_SHEET}",
                                       "Rename the sheet that holds the interviews.",
                                       value=", ".join(sheets))])  # fmt: skip
        sheet = book.load_sheet(
            ANSWERS_SHEET, header_row=0, schema_sample_rows=None, dtype_coercion="coerce"
        )
        is_sample = COVER_SHEET in sheets and _has_sample_mark(book)
    except fastexcel.FastExcelError as error:
        raise WorkbookError(
            [Fault(name, f"the workbook cannot be read: {error}", REPAIR)]
        ) from None
    table = pa.table(sheet.to_arrow())
    _check_headers(name, [str(column) for column in table.column_names], headers)
    frame = pd.DataFrame({header: _as_text(table[header]) for header in headers}, dtype="str")
    frame["_file"], frame["_sheet"] = name.rsplit("/", 1)[-1], ANSWERS_SHEET
    frame["_row"] = range(2, len(frame) + 2)
    blank = (frame[headers].fillna("") == "").all(axis=1)
    return frame[~blank].reset_index(drop=True), is_sample


def _check_container(name: str, content: bytes) -> None:
    """Refuse what is not a sound .xlsx before any parser sees it."""
    if content[:4] == OLE_SIGNATURE:
        rule = "the file is an old .xls or is protected by a password"
        raise WorkbookError([Fault(name, rule, "Save it as .xlsx without a password.")])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > LARGEST_UNPACKED:
                raise WorkbookError([Fault(name, f"the file unpacks to {unpacked:,} bytes",
                                           "A survey workbook is far smaller: check it.")
                ])  # fmt: skip
            broken = archive.testzip()
            names = set(archive.namelist())
            first_row = None if broken else _first_row(archive, names)
    except (  # the last two: an entry that is encrypted, or packed in a way zipfile does not know
        zipfile.BadZipFile, EOFError, OSError, zlib.error, RuntimeError, NotImplementedError,
    ) as error:  # fmt: skip
        rule = f"the file is damaged or is not an .xlsx workbook ({error})"
        raise WorkbookError([Fault(name, rule, REPAIR)]) from None
    if broken or "xl/workbook.xml" not in names:
        rule = "the file is damaged or is not an .xlsx workbook"
        raise WorkbookError([Fault(name, rule, REPAIR, value=broken)])
    if first_row not in (None, 1):
        raise WorkbookError([Fault(name, "the headers stand in row 1", "Delete the rows above.",
                                   sheet=ANSWERS_SHEET, row=first_row)])  # fmt: skip
    if "xl/vbaProject.bin" in names:
        raise WorkbookError([Fault(name, "the workbook carries macros",
                                   "Save it as .xlsx without macros.")])  # fmt: skip


def _first_row(archive: zipfile.ZipFile, names: set[str]) -> int | None:
    """Number of the first row of the answers sheet, None when there is no such sheet.

    Asked of the file itself: the reader skips leading blank rows without a word, and every row
    number in a message to the field team would then be wrong.
    """
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    book = archive.read("xl/workbook.xml").decode(errors="replace")
    found = re.search(rf'<sheet [^>]*name="{ANSWERS_SHEET}"[^>]*r:id="([^"]+)"', book)
    links = archive.read("xl/_rels/workbook.xml.rels").decode(errors="replace")
    if found is None:
        return None
    for link in re.findall(r"<Relationship [^>]*>", links):
        target = re.search(r'Target="/?(?:xl/)?([^"]+)"', link)
        if target and f'Id="{found.group(1)}"' in link:
            path = f"xl/{target.group(1)}"
            if path in names:
                with archive.open(path) as sheet:
                    row = re.search(rb'<row [^>]*?r="(\d+)"[^>]*>\s*<c ', sheet.read(100_000))
                return int(row.group(1)) if row else None
    return None


def _check_headers(name: str, found: list[str], expected: list[str]) -> None:
    """Every expected column once, and none that the questionnaire does not know."""
    known, seen = set(expected), set(found)
    if len(known & seen) < len(known) / 2:
        # What stands there may be somebody's answers: it is not repeated.
        raise WorkbookError([Fault(name, "row 1 does not hold the questionnaire's headers",
                                   "Put the headers into row 1.", sheet=ANSWERS_SHEET,
                                   row=1)])  # fmt: skip
    action = "Correct the header, or the questionnaire in data/questionnaires."
    faults = [
        Fault(name, "a column of the questionnaire is missing", action, sheet=ANSWERS_SHEET,
              row=1, column=header)
        for header in expected
        if header not in seen
    ] + [
        # A column nobody declared may hold names or telephone numbers: it goes no further.
        Fault(name, "the questionnaire has no such column", "Remove the column, or declare it in"
              " data/questionnaires.", sheet=ANSWERS_SHEET, row=1, column=header)
        for header in found
        if header not in known
    ]  # fmt: skip
    if faults:
        raise WorkbookError(faults)


def _as_text(column: pa.ChunkedArray) -> pd.Series:
    """A column as the text a person would read in it; blanks as missing."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return pd.Series(pc.strftime(column, format="%d/%m/%Y").to_pandas(), dtype="str")
    if pa.types.is_floating(column.type):
        # Whole numbers in full: 1.2e+14 is nobody's interview id.
        whole = pc.fill_null(pc.equal(column, pc.round(column)), False)
        digits = pc.cast(pc.if_else(whole, column, None), pa.int64(), safe=False)
        text = pc.if_else(whole, pc.cast(digits, pa.string()), pc.cast(column, pa.string()))
        return pd.Series(text.to_pandas(), dtype="str")
    text = pd.Series(pc.cast(column, pa.string()).to_pandas(), dtype="str")
    # A real date among typed ones comes as a timestamp; it reads as the others do.
    return text.str.replace(r"^(\d{4})-(\d\d)-(\d\d) 00:00:00$", r"\3/\2/\1", regex=True)


def _has_sample_mark(book: fastexcel.ExcelReader) -> bool:
    """Whether the cover says that the workbook was simulated."""
    cover = pa.table(book.load_sheet(COVER_SHEET, header_row=None, dtypes="string").to_arrow())
    words = " ".join(
        value for name in cover.column_names for value in cover[name].to_pylist() if value
    )
    return any(mark in words.casefold() for mark in SAMPLE_MARKS)
