"""From a delivered file as text to its interviews by the questionnaire's names, in one go.
Not here: the steps (hygiene.py, exports.py, columns.py), or who may see a column (privacy.py)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.column_maps import ColumnMap
from dgi.ingest.columns import Columns, name_columns, read_columns
from dgi.ingest.exports import find_interviews
from dgi.ingest.headers import HeaderBook
from dgi.ingest.hygiene import clean_sheet
from dgi.ingest.sheets import TextFile


@dataclass(frozen=True)
class Interviews:
    """What a delivered file holds. `answers`: text columns by the questionnaire's names, then
    _file, _sheet, _row; `set_aside`: columns that go no further, by header, same index;
    `family`: whose export it is; `columns`: what became of each; `remarks`: what was left out."""

    answers: pd.DataFrame
    set_aside: pd.DataFrame
    family: str
    columns: Columns
    remarks: tuple[Fault, ...]


def read_interviews(
    file: TextFile,
    book: HeaderBook,
    column_map: ColumnMap,
    encoding: str = "",
) -> Interviews:
    """The interviews of one delivered file.

    `book`: the headers of the year's questionnaire; `encoding`: 'tcvn3' or 'vni' where declared for
    the file. Raises WorkbookError with what stands in the way, all of a step at once; no fault
    carries what stands in a cell.
    """
    cleaned = [clean_sheet(sheet, file.name, encoding) for sheet in file.sheets]
    garbled = {sheet.name: faults for sheet, faults in cleaned}
    file = replace(file, sheets=tuple(sheet for sheet, _ in cleaned))
    export = find_interviews(file, book, column_map)
    if garbled[export.sheet.name]:
        raise WorkbookError(garbled[export.sheet.name])
    columns = read_columns(export.sheet, book, column_map, file.name)
    delivered = name_columns(export.sheet, columns, book, file.name)
    return Interviews(
        delivered.interviews, delivered.set_aside, export.family, columns, export.remarks
    )
