"""Bytes on disk: files written whole or not at all, and frames as Parquet, always the same bytes.
Not here: what is kept where (stores.py, vault.py)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def sha256(content: bytes) -> str:
    """Hexadecimal digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes) -> bool:
    """Write a file whole: a reader, or a crash, sees the old bytes or the new ones.

    Returns False, touching nothing, when the file holds these bytes already.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def to_parquet(frame: pd.DataFrame) -> bytes:
    """A frame as Parquet bytes: the same frame gives the same bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


NULLABLE = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def from_parquet(content: bytes) -> pd.DataFrame:
    """The frame of Parquet bytes; integers and booleans may have gaps."""
    return pq.read_table(pa.BufferReader(content)).to_pandas(types_mapper=NULLABLE.get)
