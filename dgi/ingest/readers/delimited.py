"""Reads text files of separated columns: encoding and separator proved or declared, never guessed.
Not here: old Vietnamese letters once they are text (dgi.facts.spelling), or workbooks."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata

import numpy as np
import pyarrow as pa

from dgi.ingest.prescan import Archive
from dgi.ingest.readers.tables import Reading, Table, blank_to_null, cut_at_header
from dgi.ingest.refusals import Note, Refused

SEPARATORS = (",", ";", "\t", "|")
PROOF = 200  # records that must agree about a separator
SHOWN = 20
LONGEST_CELL = 1_000_000  # characters; beyond it a quotation mark was never closed
# Bytes typed in an old font are Western letters to a computer; each byte is one letter.
OLD_FONTS = {"tcvn3": "cp1252", "vni": "cp1252"}
ALLOWED = {
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258", "cp1252", "iso8859-1",
    "ascii",
}  # fmt: skip
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
SEP_LINE = re.compile(r"\s*\"?sep=(.)\"?\r?\n", re.I)


def read_text(content: bytes, encoding: str | None, separator: str | None) -> Reading:
    """One text file as one sheet; row numbers count records, as a spreadsheet shows them.

    A line break inside quotation marks makes no new row. Raises Refused with the row.
    """
    return Reading("csv", (_read_sheet("", content, encoding, separator),))


def read_csv_zip(archive: Archive, encoding: str | None, separator: str | None) -> Reading:
    """An archive of text files, one for each repeat group: one sheet for each, by its name."""
    endings = (".csv", ".tsv", ".tab", ".txt")
    wanted: list[str] = []
    others: list[str] = []
    for name in archive.names:
        if name.endswith("/"):
            continue
        is_text = name.lower().endswith(endings) and not name.startswith("__MACOSX/")
        (wanted if is_text else others).append(name)
    tables = []
    for name in sorted(wanted):
        content = archive.read(name)
        if not content.strip():
            continue
        sheet = name.rsplit(".", 1)[0]
        try:
            tables.append(_read_sheet(sheet, content, encoding, separator))
        except Refused as refused:
            raise Refused(*(note._replace(sheet=sheet) for note in refused.notes)) from None
    for name in others:
        archive.check(name)
    if not tables:
        raise Refused(Note("no_sheet"))
    remarks = (Note("parts_unread", value=str(len(others))),) if others else ()
    return Reading("csv", tuple(tables), remarks)


def _read_sheet(name: str, content: bytes, encoding: str | None, separator: str | None) -> Table:
    text, font = _decode(content, encoding)
    above = 0
    declared = SEP_LINE.match(text)
    if declared:  # Excel's own way to say it
        separator, above = separator or declared.group(1), 1
        text = text[declared.end() :]
    records = _split(text, separator or _find_separator(text), above)
    width = len(next(record for record in records if any(record)))
    ragged = []
    for number, record in enumerate(records, start=1 + above):
        if len(record) != width:
            if len(record) > width and not any(record[width:]):
                del record[width:]
            elif any(record):
                ragged.append(Note("ragged", row=number, value=f"{len(record)} / {width}"))
    if ragged:
        raise Refused(*ragged[:SHOWN])
    blank = [""] * width
    rows = [blank] * above + [record if any(record) else blank for record in records]
    columns = [blank_to_null(pa.array(cells, pa.string())) for cells in zip(*rows, strict=True)]
    fonts = dict.fromkeys(range(width), font) if font else {}
    table = cut_at_header(name, columns, fonts)
    if table is None:
        raise Refused(Note("no_sheet"))
    return table


def _decode(content: bytes, encoding: str | None) -> tuple[str, str | None]:
    """The text, and the old font it is typed in, if any."""
    for mark, codec in MARKS:
        if content.startswith(mark):
            return _decode_as(content[len(mark) :], codec, "encoding_unknown"), None
    if encoding is None:
        nul = content.find(b"\0")
        if nul >= 0:
            # Every second byte NUL is UTF-16 without its mark; anything else is damage.
            if _looks_utf16(content):
                raise Refused(Note("encoding_unknown", value="utf-16"))
            raise Refused(Note("nul", row=content.count(b"\n", 0, nul) + 1))
        return _decode_as(content, "utf-8", "encoding_unknown"), None
    font = encoding.lower() if encoding.lower() in OLD_FONTS else None
    try:
        codec = codecs.lookup(OLD_FONTS.get(encoding.lower(), encoding)).name
    except LookupError:
        raise Refused(Note("no_such_encoding")) from None
    if codec not in ALLOWED:
        raise Refused(Note("no_such_encoding"))
    text = _decode_as(content, codec, "encoding_wrong")
    if codec == "cp1258":  # keeps tones as marks of their own
        text = unicodedata.normalize("NFC", text)
    return text, font


def _decode_as(content: bytes, codec: str, refusal: str) -> str:
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise Refused(Note(refusal, row=row)) from None
    nul = text.find("\0")
    if nul >= 0:
        raise Refused(Note("nul", row=text.count("\n", 0, nul) + 1))
    return text


def _looks_utf16(content: bytes) -> bool:
    """Whether NUL bytes stand almost only at even, or only at odd, places."""
    sample = np.frombuffer(content[:4096], dtype=np.uint8)
    even, odd = (sample[::2] == 0).mean(), (sample[1::2] == 0).mean()
    return bool(max(even, odd) > 0.3 and min(even, odd) < 0.05)


def _find_separator(text: str) -> str:
    """The one separator whose columns agree over the first records. Raises Refused."""
    head = text[: 4 * LONGEST_CELL]
    agreeing, present = [], []
    for separator in SEPARATORS:
        try:
            widths = _widths(head, separator)
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            present.append(separator)
            if len(set(widths)) == 1:
                agreeing.append(separator)
    if len(agreeing) == 1:
        return agreeing[0]
    if len(agreeing) > 1:
        raise Refused(Note("separator_unclear"))
    if len(present) == 1:  # some rows are ragged: the reader says which
        return present[0]
    if present:
        raise Refused(Note("separator_unclear"))
    return ","  # one column


def _widths(text: str, separator: str) -> list[int]:
    """Cells of each of the first records that is not blank."""
    widths = []
    for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
        if any(record):
            widths.append(len(record))
        if len(widths) == PROOF:
            break
    return widths


def _split(text: str, separator: str, above: int) -> list[list[str]]:
    """All records, blank ones included, so that their numbers are those of the file."""
    if len(separator) != 1:
        raise Refused(Note("separator_unclear"))
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[list[str]] = []
    try:
        for record in reader:
            records.append(record)
    except csv.Error:
        raise Refused(Note("quotes", row=len(records) + 1 + above)) from None
    if not any(any(record) for record in records):
        raise Refused(Note("empty"))
    return records
