"""Belongs here: files as hostile, careless or old programs write them, made in memory.
Does not belong here: what the door says about them (tests/unit/ingest/test_door_*.py)."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import xlsxwriter

SECRET = "Nguyễn Văn Bí Mật 0912345678"
HEADER = ["MaPhieu", "NgayPV", "MaXa", "C1"]
ROWS = [["QN-1", date(2019, 8, 15), "06649", 1], [SECRET, date(2019, 8, 16), "06652", 888]]
AS_TEXT = [["QN-1", "15/08/2019", "06649", "1"], [SECRET, "16/08/2019", "06652", "888"]]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def write_workbook(
    rows: Sequence[Sequence[object]] = ROWS,
    header: Sequence[str] | None = HEADER,
    finish: Callable[[xlsxwriter.Workbook, object], None] | None = None,
    first: tuple[int, int] = (0, 0),
    **options: object,
) -> bytes:
    """An .xlsx with one sheet TraLoi; `finish` may add to it before it is closed."""
    stream = io.BytesIO()
    given = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, **options}
    with xlsxwriter.Workbook(stream, given) as book:
        sheet = book.add_worksheet("TraLoi")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        lines = [*([header] if header else []), *rows]
        for number, line in enumerate(lines, start=first[0]):
            for column, value in enumerate(line, start=first[1]):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, column, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
        if finish:
            finish(book, sheet)
    return stream.getvalue()


def rezip(
    content: bytes,
    changed: Mapping[str, bytes | Callable[[bytes], bytes] | None] | None = None,
    added: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """The zip with parts replaced, changed, taken out (None) or added (even twice)."""
    stream, changed = io.BytesIO(), changed or {}
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            how = changed.get(entry.filename, old.read(entry))
            if how is not None:
                new.writestr(entry.filename, how(old.read(entry)) if callable(how) else how)
        for name, data in added:
            new.writestr(name, data)
    return stream.getvalue()


def build_raw_workbook(
    sheet: str, strings: str | None = None, head: str = "", body: str | None = None
) -> bytes:
    """An .xlsx around handwritten sheet rows. `body`: the whole sheet part instead of rows."""
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default '
        'Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets><sheet '
        'name="TraLoi" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": body
        or f'{head}<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, declaration + text)
    return stream.getvalue()


def inline(place: str, text: str) -> str:
    """A cell with its text in itself."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def build_ods(body: str, added: Sequence[tuple[str, bytes]] = (), styles: str = "") -> bytes:
    """An .ods around handwritten tables."""
    names = "".join(
        f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in (
            ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"),
        )
    )  # fmt: skip
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names}>{styles}'
        f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        for name, data in added:
            archive.writestr(name, data)
    return stream.getvalue()


def ods_cell(text: str, given: str = 'office:value-type="string"') -> str:
    return f"<table:table-cell {given}><text:p>{text}</text:p></table:table-cell>"


def build_ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file: header, one FAT sector, one directory sector, then the streams."""
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    fat, data, entries = [0xFFFFFFFD, end], b"", []
    for name, content in streams.items():
        content = content.ljust(4096, b"\0")  # below 4096 bytes they would go elsewhere
        content += b"\0" * (-len(content) % sector)
        first, count = len(fat), len(content) // sector
        fat += [*range(first + 1, first + count), end]
        entries.append((name, 2, first, len(content)))
        data += content
    assert len(fat) <= 128 and len(entries) <= 3
    directory = b""
    for number, (name, kind, first, size) in enumerate([("Root Entry", 5, end, 0), *entries]):
        label = name.encode("utf-16-le") + b"\0\0"
        child = 1 if kind == 5 else free
        right = number + 1 if 0 < number < len(entries) else free
        directory += label.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(label), kind, 1, free, right, child
        )
        directory += b"\0" * 36 + struct.pack("<IQ", first, size)
    directory = directory.ljust(sector, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    table = b"".join(struct.pack("<I", one) for one in fat).ljust(sector, b"\xff")
    return header + table + directory + data


def build_xls(cells: Sequence[tuple[int, int, object]], hidden: bool = False) -> bytes:
    """A BIFF8 workbook with one sheet TraLoi; cells as (row, column, value) from 0."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 1996, 0, 6))

    def style(number_format: int) -> bytes:
        return record(0xE0, struct.pack("<HHH", 0, number_format, 0) + b"\0" * 14)

    body = begin(0x10)
    for at, column, value in cells:
        if isinstance(value, str):
            text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
            body += record(0x204, struct.pack("<HHH", at, column, 0) + text)
        else:
            is_day = isinstance(value, date)
            number = (value - date(1899, 12, 30)).days if is_day else value
            body += record(0x203, struct.pack("<HHHd", at, column, int(is_day), number))
    body += record(0x0A, b"")
    start = begin(5) + record(0x42, struct.pack("<H", 1200)) + style(0) + style(14)
    name = b"TraLoi"
    sheet = struct.pack("<IBBBB", 0, int(hidden), 0, len(name), 0) + name
    length = len(start) + len(record(0x85, sheet)) + 4
    sheet = struct.pack("<I", length) + sheet[4:]
    return build_ole({"Workbook": start + record(0x85, sheet) + record(0x0A, b"") + body})


def flip_bits(content: bytes, at: int) -> bytes:
    """The file with all bits of one byte turned."""
    place = at % len(content)
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def build_bomb(part: str, unit: bytes, size: int) -> bytes:
    """A workbook in which one part unpacks to `size` bytes of one repeated unit."""
    return rezip(write_workbook(), {part: unit * (size // len(unit))})
