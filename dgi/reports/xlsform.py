"""Belongs here: the file of an XLSForm, as tablets and their servers take it.
Does not belong here: what stands in its sheets (dgi.facts.form_design), or reading one."""

from __future__ import annotations

import io

import pandas as pd
import xlsxwriter

from dgi.facts.form_design import FormDesign

from .cells import AS_TEXT, clean_text
from .field_workbook import CREATED
from .style import BLUE, FAMILY

CODES_SHEET = "dgi_codes"
WIDTHS = {"type": 26, "name": 28, "list_name": 22}
WIDEST_LABEL, OTHER = 60, 16


def write_xlsform(design: FormDesign) -> bytes:
    """The .xlsx of a form: sheets survey, choices and settings, all cells text.

    A sheet 'dgi_codes' is added where the design has codes that nobody is offered; collection
    tools pass over it. Equal designs give equal bytes.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True} | AS_TEXT) as workbook:
        workbook.set_properties({"created": CREATED, "author": "DGI"})
        for name, table in (("survey", design.survey), ("choices", design.choices),
                            ("settings", design.settings)):  # fmt: skip
            _write_sheet(workbook, name, table)
        if len(design.codes):
            _write_sheet(workbook, CODES_SHEET, design.codes)
    return buffer.getvalue()


def _write_sheet(workbook: xlsxwriter.Workbook, name: str, table: pd.DataFrame) -> None:
    sheet = workbook.add_worksheet(name)
    header = workbook.add_format(
        {"bold": True, "font_color": "#FFFFFF", "bg_color": f"#{BLUE}", "font_name": FAMILY}
    )
    # A code typed into the form later keeps its leading zero.
    text = workbook.add_format({"num_format": "@", "font_name": FAMILY, "valign": "top"})
    wrapped = workbook.add_format(
        {"num_format": "@", "font_name": FAMILY, "valign": "top", "text_wrap": True}
    )
    sheet.freeze_panes(1, 2)
    for column, title in enumerate(table.columns):
        is_long = "::" in title or title in ("relevant", "constraint")
        width = WIDEST_LABEL if is_long else WIDTHS.get(title, OTHER)
        own = wrapped if is_long else text
        sheet.set_column(column, column, width, own)
        sheet.write_string(0, column, title, header)
        for row, value in enumerate(table[title], start=1):
            if value:
                sheet.write_string(row, column, clean_text(value), own)
