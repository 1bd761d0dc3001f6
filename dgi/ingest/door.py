"""The one door for delivered files of any format: bytes in, sheets of text out, or a clear refusal.
Not here: parsing (child.py and readers, in a process of their own), or what columns mean."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa

from dgi.errors import WorkbookError
from dgi.ingest.guard import GUARD, MB, Guard
from dgi.ingest.looks import disagrees
from dgi.ingest.refusals import REFUSALS, REMARKS, Note, Refused, make_faults
from dgi.ingest.sheets import Declared, TextFile, TextSheet

LARGEST_FILE = 100 * MB


def read_file(
    name: str, content: bytes, declared: Declared | None = None, guard: Guard | None = None
) -> TextFile:
    """One delivered file as text, whatever its format and whatever its name says.

    `name`: as messages shall call it. `declared`: encoding and separator of a text file that
    does not tell them itself. Raises WorkbookError with bilingual faults that name file, sheet,
    row and column, and never a cell's content. A file that breaks its reader does no other harm.
    """
    declared = declared or Declared()
    request = {"encoding": declared.encoding, "separator": declared.separator}
    try:
        if len(content) > LARGEST_FILE:
            raise Refused(_too_large(len(content)))
        about, data = (guard or GUARD).read(request, content)
        if "refused" in about:
            raise Refused(*(Note(*given) for given in about["refused"]))
    except Refused as refused:
        raise WorkbookError(make_faults(name, refused.notes, REFUSALS)) from None
    remarks = [Note(*given) for given in about["remarks"]]
    kind = about["format"]
    is_archive = kind == "csv" and content[:2] == b"PK"
    if disagrees(name, "csv_zip" if is_archive else kind):
        remarks.insert(0, Note("extension", value=kind))
    sheets, at = [], 0
    for given in about["sheets"]:
        sheets.append(_as_sheet(given, data[at : at + given["bytes"]]))
        at += given["bytes"]
    return TextFile(name, hashlib.sha256(content).hexdigest(), kind, tuple(sheets),
                    tuple(make_faults(name, remarks, REMARKS)))  # fmt: skip


def read_whole(name: str, path: Path) -> bytes:
    """The bytes of a file; one that is too large is refused before it is read (WorkbookError)."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise WorkbookError(make_faults(name, [_too_large(size)], REFUSALS))
    return path.read_bytes()


def _too_large(size: int) -> Note:
    return Note("file_too_large", value=f"{size // MB} MB")


def _as_sheet(given: dict, data: memoryview) -> TextSheet:
    """A sheet of the child's answer."""
    table = pa.ipc.open_stream(pa.py_buffer(data)).read_all()
    rows = table.column("row").to_numpy()
    frame = table.drop_columns(["row"]).to_pandas().astype("str")
    frame.columns = pd.RangeIndex(len(frame.columns))
    frame.index = pd.Index(rows, name=None)
    return TextSheet(
        name=given["name"],
        header=tuple(given["header"]),
        header_row=given["header_row"],
        frame=frame,
        labels=tuple(given["labels"]),
        value_labels={int(at): codes for at, codes in given["value_labels"].items()},
        missing={int(at): tuple(codes) for at, codes in given["missing"].items()},
        fonts={int(at): font for at, font in given["fonts"].items()},
    )
