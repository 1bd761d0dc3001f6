"""What a file really is, told by its first bytes and its parts, never by its name.
Not here: whether it is safe to open (prescan.py), or opening it (readers)."""

from __future__ import annotations

import re

import numpy as np

from dgi.ingest.refusals import Note, Refused

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
STATA_OLD = range(102, 116)  # release numbers that open a file before <stata_dta>
OTHERS = {
    b"%PDF": "PDF", b"{\\rtf": "RTF", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF",
    b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"PAR1": "Parquet",
    b"SQLite format 3": "SQLite", b"MZ": "program", b"\x7fELF": "program", b"BZh": "bzip2",
    b"\xfd7zXZ": "xz", b"HEADER RECORD****": "SAS", b"ARROW1": "Arrow",
}  # fmt: skip
WEB = re.compile(
    rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div|frameset)\b",
    re.I | re.S,
)
BOOK_PARTS = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
ENDINGS = {
    "xlsx": ("xlsx",), "xls": ("xls", "xlt"), "ods": ("ods",), "sav": ("sav", "zsav"),
    "dta": ("dta",), "csv": ("csv", "txt", "tsv", "tab", "dat"), "csv_zip": ("zip",),
}  # fmt: skip
TEXT_ENDINGS = (".csv", ".tsv", ".tab", ".txt")


def recognise(content: bytes) -> str:
    """xls, zip, sav, dta or text. Raises Refused for what is none of them."""
    head = content[:4096]
    if not content.strip(b"\x00\r\n\t "):
        raise Refused(Note("empty"))
    if head.startswith(OLE):
        return _recognise_ole(content)
    if head.startswith(ZIP):
        return "zip"
    if head[:4] in (b"$FL2", b"$FL3"):
        return "sav"
    if head.startswith(b"<stata_dta>") or _is_old_stata(head):
        return "dta"
    if head[:4] in (
        b"\x09\x00\x04\x00",
        b"\x09\x02\x06\x00",
        b"\x09\x04\x06\x00",
        b"\x09\x08\x08\x00",
    ):
        raise Refused(Note("ancient_workbook"))
    for signature, kind in OTHERS.items():
        if head.startswith(signature):
            raise Refused(Note("no_table", value=kind))
    _refuse_markup(head)
    return "text"


def recognise_parts(names: list[str]) -> str:
    """xlsx, ods or csv_zip, by the parts of a zip. Raises Refused for any other zip."""
    for part, kind in BOOK_PARTS.items():
        if part in names:
            if kind == "xlsb":
                raise Refused(Note("binary_workbook"))
            return kind
    if any(name.lower().endswith(TEXT_ENDINGS) for name in names):
        return "csv_zip"
    kind = "Word" if "word/document.xml" in names else "zip"
    raise Refused(Note("no_table", value=kind))


def disagrees(name: str, kind: str) -> bool:
    """Whether a file's ending is not one of its format's."""
    _, dot, ending = name.rpartition(".")
    return not dot or ending.lower() not in ENDINGS[kind]


def _recognise_ole(content: bytes) -> str:
    """An .xls; else what stands in the OLE container instead."""

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") + b"\x00\x00" in content

    if has("EncryptedPackage"):
        raise Refused(Note("password"))
    if not (has("Workbook") or has("Book")):
        if has("WordDocument"):
            raise Refused(Note("no_table", value="Word"))
        raise Refused(Note("damaged" if len(content) < 1536 else "no_table", value="OLE"))
    if _is_cut_short(content):  # the reader would hand on the rows that are left, without a word
        raise Refused(Note("damaged"))
    if has("_VBA_PROJECT_CUR") or has("_VBA_PROJECT"):
        raise Refused(Note("macros"))
    return "xls"


def _is_cut_short(content: bytes) -> bool:
    """Whether an OLE container lacks sectors that its allocation table has given out."""
    size = 1 << (content[30] & 0x0F)
    fat_at = np.frombuffer(content, dtype="<u4", count=109, offset=76)
    highest, per_sector = 0, size // 4
    for number, sector in enumerate(fat_at[fat_at < 0xFFFFFFFA].tolist()):
        start = (sector + 1) * size
        if len(content) < start + size:
            return True
        used = np.frombuffer(content, dtype="<u4", count=per_sector, offset=start) != 0xFFFFFFFF
        if used.any():
            highest = number * per_sector + int(np.flatnonzero(used)[-1])
    return len(content) < (highest + 2) * size


def _is_old_stata(head: bytes) -> bool:
    """The four bytes that open a .dta before release 117: release, byte order, type, 0."""
    return (
        len(head) > 100 and head[0] in STATA_OLD and head[1] in (1, 2) and head[2:4] == b"\x01\x00"
    )


def _refuse_markup(head: bytes) -> None:
    """Web pages and XML that carry a workbook's ending."""
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2])
    if codec:
        head = head.decode(codec, "replace").encode()
    start = head.removeprefix(b"\xef\xbb\xbf").removeprefix("\ufeff".encode()).lstrip()
    if WEB.match(start) or start[:13].lower() == b"mime-version:":
        raise Refused(Note("web_page"))
    if start.startswith(b"<?xml") or start.startswith(b"<!DOCTYPE"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
            raise Refused(Note("xml_workbook"))
        raise Refused(Note("web_page" if b"<html" in start.lower() else "no_table", value="XML"))
    if start[:1] in (b"{", b"[") and start[1:].lstrip()[:1] in (b'"', b"{", b"[", b"}", b"]"):
        raise Refused(Note("no_table", value="JSON"))
