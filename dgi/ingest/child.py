"""The child process that opens files: one request, one answer, over its standard input and output.
Not here: starting, limiting in time and replacing it (guard.py), or what to do with the answer."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import struct
import sys
from typing import BinaryIO

import pyarrow as pa

from dgi.ingest.looks import recognise, recognise_parts
from dgi.ingest.prescan import Archive
from dgi.ingest.readers.tables import Reading
from dgi.ingest.refusals import Note, Refused

NOT_DUMPABLE = 4  # PR_SET_DUMPABLE of Linux
HEAD = struct.Struct(">QQ")  # bytes of JSON, bytes of content


def read_content(content: bytes, encoding: str | None, separator: str | None) -> Reading:
    """A file of whatever format it really is. Raises Refused."""
    kind = recognise(content)
    if kind == "zip":
        archive = Archive(content)
        kind = recognise_parts(archive.names)
        if kind == "csv_zip":
            from dgi.ingest.readers.delimited import read_csv_zip

            return read_csv_zip(archive, encoding, separator)
        from dgi.ingest.readers.spreadsheets import read_ods, read_xlsx

        return (read_ods if kind == "ods" else read_xlsx)(content, archive)
    if kind == "xls":
        from dgi.ingest.readers.spreadsheets import read_xls

        return read_xls(content)
    if kind == "text":
        from dgi.ingest.readers.delimited import read_text

        return read_text(content, encoding, separator)
    from dgi.ingest.readers.statistical import read_statistical

    return read_statistical(content, kind, encoding)


def answer(request: dict, content: bytes) -> tuple[dict, list[pa.Buffer]]:
    """The answer to one request: what was read, or why not; never a library's own words."""
    try:
        reading = read_content(content, request["encoding"], request["separator"])
    except Refused as refused:
        return {"refused": refused.notes}, []
    except MemoryError:
        return {"refused": [Note("out_of_memory")]}, []
    except (Exception, pa.ArrowException) as error:
        key = "out_of_memory" if isinstance(error, pa.ArrowMemoryError) else "unreadable"
        return {"refused": [Note(key)]}, []
    except BaseException as error:
        # A Rust reader that gives up raises its own kind outside Exception.
        if type(error).__name__ != "PanicException":
            raise
        return {"refused": [Note("unreadable")]}, []
    sheets, blobs = [], []
    for table in reading.tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.rows.schema) as stream:
            stream.write_table(table.rows)
        blobs.append(sink.getvalue())
        sheets.append({
            "name": table.name, "header": table.header, "header_row": table.header_row,
            "labels": table.labels, "value_labels": table.value_labels,
            "missing": table.missing, "fonts": table.fonts, "bytes": blobs[-1].size,
        })  # fmt: skip
    return {"format": reading.format, "sheets": sheets, "remarks": reading.remarks}, blobs


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the parent closes its end."""
    while head := requests.read(HEAD.size):
        if len(head) < HEAD.size:
            return
        text, size = HEAD.unpack(head)
        request = json.loads(requests.read(text))
        content = requests.read(size)
        if len(content) < size:
            return
        about, blobs = answer(request, content)
        del content
        words = json.dumps(about).encode()
        answers.write(HEAD.pack(len(words), sum(blob.size for blob in blobs)) + words)
        for blob in blobs:
            answers.write(blob)
        answers.flush()
        del about, blobs


def limit(memory: int) -> None:
    """No more than `memory` bytes of data, and no core dump that would keep somebody's answers.

    RLIMIT_DATA rather than RLIMIT_AS: Arrow and Rust reserve far more address space than they
    ever write to, and only what can be written to is counted here.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A dump that is piped into a program heeds no limit, only this.
    ctypes.CDLL(None, use_errno=True).prctl(NOT_DUMPABLE, 0, 0, 0, 0)


def main() -> None:
    """Serve on private copies of the standard streams, so that no library can print into them."""
    limit(int(sys.argv[1]))
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    serve(requests, answers)


if __name__ == "__main__":
    main()
