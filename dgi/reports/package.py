"""Belongs here: the zip package of a workbook, made the same for the same content.
Does not belong here: what the package holds."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def stable_package(raw: bytes, stamp: datetime) -> bytes:
    """The package with sorted entries of one fixed time and without the writer's clock."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        # The content types come first: some readers expect them there.
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*",
                    rb"\g<1>" + stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
                    content,
                )
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(entry, content, compresslevel=6)
    return out.getvalue()
