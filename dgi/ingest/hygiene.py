"""A sheet's text made clean: old fonts decoded, invisible letters out; garbled text is refused.
Not here: the rules of spelling themselves (dgi.facts.spelling, legacy_fonts), or what it means."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dgi.errors import Fault
from dgi.facts.legacy_fonts import DECODERS, decode_legacy, suspect_encoding
from dgi.facts.spelling import clean, clean_text
from dgi.ingest.column_faults import column_letter
from dgi.ingest.sheets import TextSheet

ACTIONS = {
    "utf-8": (
        "Xuất lại tệp và chọn bảng mã UTF-8, hoặc sửa bảng mã đã khai báo trong"
        " data/column_maps/encodings.csv.",
        "Export the file again as UTF-8, or correct the encoding declared in"
        " data/column_maps/encodings.csv.",
    )
} | {
    font: (
        f"Khai báo encoding là {font} cho tệp này trong data/column_maps/encodings.csv, hoặc gửi"
        " lại tệp bằng phông chữ Unicode.",
        f"Declare encoding {font} for this file in data/column_maps/encodings.csv, or send it"
        " again in a Unicode font.",
    )
    for font in DECODERS
}


def clean_sheet(
    sheet: TextSheet, file: str, encoding: str = ""
) -> tuple[TextSheet, tuple[Fault, ...]]:
    """The sheet with every header, label and cell clean and in Unicode, and what is garbled.

    `encoding`: 'tcvn3' or 'vni' where the whole file is declared to be typed in an old font;
    columns whose cells have such a font are decoded anyway. The faults name each column whose
    text seems to be typed or read in another way than anybody said; it is not guessed at.
    """
    of_file = encoding.lower() if encoding.lower() in DECODERS else ""
    fonts = {at: sheet.fonts.get(at) or of_file for at in range(len(sheet.header))}
    frame, header, faults = {}, [], []
    for at, font in fonts.items():
        text = sheet.frame[at]
        if font:
            text = decode_legacy(text, font)
        suspect = suspect_encoding(text)
        if suspect:
            faults.append(_garbled(file, sheet, at, suspect))
        frame[at] = clean_text(text)
    for at, words in enumerate(sheet.header):
        header.append(clean(DECODERS[fonts[at]](words) if fonts[at] else words))
    cleaned = replace(
        sheet,
        header=tuple(header),
        frame=pd.DataFrame(frame, index=sheet.frame.index, columns=sheet.frame.columns),
        labels=tuple(map(clean, sheet.labels)),
        value_labels={
            at: {code: clean(label) for code, label in own.items()}
            for at, own in sheet.value_labels.items()
        },
    )

    return cleaned, tuple(faults)


def _garbled(file: str, sheet: TextSheet, position: int, suspect: str) -> Fault:
    action_vi, action = ACTIONS[suspect]
    return Fault(
        file, f"the text of this column is garbled: it seems to be {suspect}", action,
        sheet=sheet.name or None, column=column_letter(position),
        rule_vi=f"chữ trong cột này bị lỗi phông, có vẻ là {suspect}", action_vi=action_vi,
    )  # fmt: skip
