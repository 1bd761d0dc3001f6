"""What is checked of a zipped file before any parser sees it: sizes, names, parts, forbidden XML.
Not here: the cells of its sheets (cellscan.py), or which format it is (looks.py)."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dgi.ingest.refusals import Note, Refused

MB = 1024 * 1024
LARGEST_UNPACKED = 200 * MB  # 20,000 interviews of 80 questions unpack to 47 MB
MOST_PARTS = 10_000  # a workbook of 14 sheets has about 30; an ODK archive with photographs more
# Deflate packs up to 1032 : 1. A real sheet reaches 8 : 1, one of 20,000 x 80 cells all alike
# 16 : 1 (every cell carries its own address), so beyond 100 it is no survey. A small part may
# be packed tighter: it costs nothing.
TIGHTEST = 100
RATIO_FLOOR = 8 * MB
CHUNK = 2 * MB
OVERLAP = 16
FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)
DAMAGE = (zipfile.BadZipFile, EOFError, OSError, zlib.error, ValueError)


class Archive:
    """A zip whose sizes and names have passed; its parts are streamed, never held whole unasked."""

    def __init__(self, content: bytes):
        with read_safely():
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        self.names = list(self._entries)
        _check_entries(self._zip.infolist())

    def size(self, name: str) -> int:
        """Bytes of a part when unpacked."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """A small part, whole."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part piece by piece; XML with a DTD or in another encoding than UTF-8 is refused.

        Raises Refused, too, when the checksum fails at the end.
        """
        is_xml = name.lower().endswith((".xml", ".rels", ".vml"))
        before = b""
        with read_safely(), self._zip.open(name) as part:
            first = True
            while chunk := part.read(CHUNK):
                if is_xml:
                    if first and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in chunk[:64]):
                        raise Refused(Note("part_encoding"))
                    joint = before + chunk[:OVERLAP]
                    for text in (joint, chunk):
                        if b"<!" in text and FORBIDDEN.search(text):
                            raise Refused(Note("dtd"))
                    before = (before + chunk[-OVERLAP:])[-OVERLAP:]
                first = False
                yield chunk

    def check(self, name: str) -> None:
        """Read a part to its end for its checksum and forbidden XML."""
        for _ in self.chunks(name):
            pass

    def rewrite(self, changed: dict[str, Callable[[bytes], bytes]]) -> bytes:
        """The same archive, unpacked, with some parts changed."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as copy:
            for name in self.names:
                part = self.read(name)
                copy.writestr(name, changed[name](part) if name in changed else part)
        return stream.getvalue()


@contextmanager
def read_safely() -> Iterator[None]:
    """Whatever a damaged zip makes the library raise becomes one refusal."""
    try:
        yield
    except RuntimeError as error:  # also of a way of packing that the library does not know
        key = "password" if "encrypted" in str(error) or "password" in str(error) else "damaged"
        raise Refused(Note(key)) from None
    except DAMAGE:
        raise Refused(Note("damaged")) from None


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Names and sizes as the archive declares them (reading never goes beyond these)."""
    if len(entries) > MOST_PARTS:
        raise Refused(Note("too_many_parts", value=str(len(entries))))
    notes = []
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED:
        notes.append(Note("unpacks_too_large", value=f"{unpacked // MB} MB"))
    for entry in entries:
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > RATIO_FLOOR and ratio > TIGHTEST:
            notes.append(Note("packed_too_tight", value=f"{ratio:.0f} : 1"))
            break
    if any(entry.flag_bits & 0x1 for entry in entries):
        notes.append(Note("password"))
    names = Counter(entry.filename.lower() for entry in entries)
    if any(count > 1 for count in names.values()):
        notes.append(Note("part_twice"))
    if any(_leads_outside(entry) for entry in entries):
        notes.append(Note("part_path"))
    if any(name.rsplit("/", 1)[-1] == "vbaproject.bin" for name in names):
        notes.append(Note("macros"))
    if notes:
        raise Refused(*notes)


def _leads_outside(entry: zipfile.ZipInfo) -> bool:
    """An absolute path, a drive, or a step upwards."""
    name = entry.orig_filename.replace("\\", "/")
    return (
        name.startswith("/") or ".." in name.split("/") or "\0" in name
        or re.match(r"[A-Za-z]:", name) is not None
    )  # fmt: skip
