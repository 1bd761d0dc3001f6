"""What was delivered for a district-year: every file through the door, to one frame of interviews.
Not here: opening a file (door.py), its columns (interviews.py), or typing (dgi.fieldwork)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.column_maps import ColumnMap, find_encoding
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.spelling import pad_codes
from dgi.facts.unit_names import match_commune
from dgi.facts.units import Units
from dgi.ingest.boundaries import Boundaries, read_points
from dgi.ingest.door import read_file, read_whole
from dgi.ingest.exports import COVER_SHEET
from dgi.ingest.headers import HeaderBook
from dgi.ingest.interviews import read_interviews
from dgi.ingest.landing import Folders, list_files, name_of
from dgi.ingest.privacy import Keys, Split, split_identities
from dgi.ingest.sheets import Declared, TextFile

SAMPLE_MARKS = ("dữ liệu mẫu", "sample data")
SAMPLE_NAME = "mau-sample-"  # of a simulated file whose format has no cover sheet
FILE_COLUMNS = ["file", "sha256", "format", "layout", "rows", "is_shared", "is_sample", "same_as",
                "remarks"]  # fmt: skip
COLUMN_COLUMNS = ["file", "sheet", "position", "header", "name", "use", "how"]
SHARED_FILES_KEPT = 4  # a shared file serves the year's districts, one after another
CODE_DIGITS = 5  # of a commune
GPS = ("gps_point", "gps_latitude", "gps_longitude")


@dataclass(frozen=True)
class Form:
    """What a survey year's files are read by. `key`: equal forms have equal keys."""

    key: str
    survey_year: int
    questionnaire: Questionnaire
    book: HeaderBook
    column_map: ColumnMap
    encodings: pd.DataFrame
    units: Units
    day: date
    boundaries: Boundaries | None = None


@dataclass(frozen=True)
class Opened:
    """One file: its interviews by name, columns nobody declared (same index), what its columns
    are, and its row in the list of files."""

    interviews: pd.DataFrame
    set_aside: pd.DataFrame
    columns: pd.DataFrame
    facts: dict[str, object]


@dataclass(frozen=True)
class Delivery:
    """One district-year as received.

    `raw`: text columns by the questionnaire's names, pseudonymous, plus _file, _sheet, _row and
    is_sample, one row per interview; `identities`: what was split off; `files`, `columns`: one
    row per file, and per column of a file; `sources`: file -> sha256; `masked`: column -> cells.
    """

    raw: pd.DataFrame
    identities: pd.DataFrame
    files: pd.DataFrame
    columns: pd.DataFrame
    sources: dict[str, str]
    masked: dict[str, int]


def read_delivery(folders: Folders, district: str, form: Form, keys: Keys) -> Delivery:
    """All interviews delivered for one district-year.

    Files in the district's own folder are its own, whole; of a file in the year's folder the
    rows whose commune lies in the district are. A row of a shared file that no district can claim
    goes to the first district of that file, whose rejected rows then tell of it. A file whose
    bytes were read already is not read twice. Raises WorkbookError with the faults of every file,
    and when nothing was delivered.
    """
    opened, sources = _open_all(folders, (folders.own, folders.shared), form)
    parts = [
        _of_district(one, district, form) if one.facts["is_shared"] and len(one.interviews) else one
        for one in opened
    ]
    parts = [one for one in parts if len(one.interviews) or not one.facts["is_shared"]]
    if not any(len(one.interviews) for one in parts):
        raise WorkbookError([_nothing(folders.own)])
    split = _split(parts, form, keys)
    return Delivery(
        raw=split.answers,
        identities=split.identities,
        files=pd.DataFrame([one.facts for one in parts], columns=FILE_COLUMNS),
        columns=pd.concat([one.columns for one in parts], ignore_index=True),
        sources=sources,
        masked=split.masked,
    )


def read_back_checks(
    folders: Folders, form: Form, keys: Keys
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Re-interviews delivered for one district-year, and the files they were read from.

    `form`: of a questionnaire `asked_again`, since a back-check asks some of the questions only.
    Returns raw text as `read_delivery` does, without a row where nothing was delivered.
    """
    opened, sources = _open_all(folders, (folders.back_checks,), form)
    if not opened:
        empty = {"respondent_id": "str", "_file": "str", "_sheet": "str", "_row": "int64",
                 "is_sample": bool}  # fmt: skip
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in empty.items()}), sources
    return _split(opened, form, keys).answers, sources


def _open_all(
    folders: Folders, places: tuple[Path, ...], form: Form
) -> tuple[list[Opened], dict[str, str]]:
    """Every file of some folders, opened, and file -> sha256."""
    opened: list[Opened] = []
    faults: list[Fault] = []
    sources: dict[str, str] = {}
    for path in (path for place in places for path in list_files(place)):
        is_shared = path.parent == folders.shared
        called = name_of(path)
        name = f"../{called}" if is_shared else called
        where = str(path.relative_to(folders.shared.parent).with_name(called))
        try:
            content = read_whole(where, path)
        except WorkbookError as error:
            faults += error.faults
            continue
        digest = hashlib.sha256(content).hexdigest()
        twin = next((file for file, known in sources.items() if known == digest), None)
        sources[name] = digest
        if twin is not None:
            opened.append(_repeat(name, digest, twin, is_shared))
            continue
        try:
            opened.append(_open(where, name, content, digest, form, is_shared))
        except WorkbookError as error:
            faults += error.faults
    if faults:
        raise WorkbookError(faults)
    return opened, sources


_shared: OrderedDict[tuple[str, ...], Opened] = OrderedDict()


def _open(
    where: str, name: str, content: bytes, digest: str, form: Form, is_shared: bool
) -> Opened:
    """One file opened; one that serves several districts is opened once for all of them."""
    key = (name, digest, form.key)
    if is_shared and key in _shared:
        return _shared[key]
    declared = _declared(where, form)
    file = read_file(where, content, declared)
    found = read_interviews(file, form.book, form.column_map, declared.encoding or "")
    is_sample = _is_sample(file)
    sheet = next(iter(found.answers["_sheet"]), "")
    columns = pd.DataFrame(
        [
            (name, sheet, column.position + 1, column.header, column.name, column.use,
             column.how)
            for column in found.columns.columns
        ],
        columns=COLUMN_COLUMNS,
    )  # fmt: skip
    facts = {
        "file": name, "sha256": digest, "format": file.format, "layout": found.family,
        "rows": len(found.answers), "is_shared": is_shared, "is_sample": is_sample,
        "same_as": "", "remarks": "\n".join(map(str, (*file.remarks, *found.remarks))),
    }  # fmt: skip
    frame = found.answers.assign(_file=name, is_sample=is_sample)
    opened = Opened(_spell_communes(frame, form), found.set_aside, columns, facts)
    if is_shared:
        _shared[key] = opened
        while len(_shared) > SHARED_FILES_KEPT:
            _shared.popitem(last=False)
    return opened


def _declared(file: str, form: Form) -> Declared:
    encoding, separator = find_encoding(form.encodings, form.survey_year, file)
    return Declared(encoding or None, separator or None)


def _repeat(name: str, digest: str, twin: str, is_shared: bool) -> Opened:
    """A file whose bytes were read under another name."""
    facts = {"file": name, "sha256": digest, "format": "", "layout": "", "rows": 0,
             "is_shared": is_shared, "is_sample": False, "same_as": twin,
             "remarks": ""}  # fmt: skip
    nothing = pd.DataFrame()
    return Opened(nothing, nothing, pd.DataFrame(columns=COLUMN_COLUMNS), facts)


def _is_sample(file: TextFile) -> bool:
    """Whether the file says that it was simulated: on its cover, or in its name."""
    covers = [sheet for sheet in file.sheets if sheet.name == COVER_SHEET]
    words = " ".join(
        [cell for cover in covers for cell in (*cover.header, *_cells(cover.frame))]
    ).casefold()
    is_named = file.name.rpartition("/")[2].startswith(SAMPLE_NAME)
    return is_named or any(mark in words for mark in SAMPLE_MARKS)


def _cells(frame: pd.DataFrame) -> Iterator[str]:
    return (str(cell) for cell in frame.to_numpy().ravel() if isinstance(cell, str))


def _spell_communes(frame: pd.DataFrame, form: Form) -> pd.DataFrame:
    """Communes by code: a name, or a code that lost its zeros, is settled where it is certain."""
    if "commune_code" not in frame:
        return frame
    given = frame["commune_code"]
    code = match_commune(given, form.units, form.day)["code"]
    known = set(form.units.communes["commune_code"])
    spelt = {"commune_code": code.where(code != "", given)}
    if "village_code" in frame:
        spelt["village_code"] = pad_codes(frame["village_code"], CODE_DIGITS, known)
    return frame.assign(**spelt)


def _of_district(one: Opened, district: str, form: Form) -> Opened:
    """The rows of a shared file that are a district's."""
    homes = form.units.communes_on(form.day).set_index("commune_code")["district"]
    places = one.interviews["commune_code"].map(homes)
    known = sorted(set(places.dropna())) or sorted(homes.dropna())
    # What nobody can place is told once, and by somebody.
    own = places == district
    if known[:1] == [district]:
        own |= places.isna()
    facts = one.facts | {"rows": int(own.sum())}
    return Opened(one.interviews[own], one.set_aside[own], one.columns, facts)


def _split(parts: list[Opened], form: Form, keys: Keys) -> Split:
    """All rows of some files, with what nobody else may see split off."""
    frame = pd.concat([one.interviews for one in parts], ignore_index=True)
    set_aside = pd.concat([one.set_aside for one in parts], ignore_index=True)
    for name in form.questionnaire.headers().values():
        if name not in frame:
            frame[name] = pd.Series(pd.NA, index=frame.index, dtype="str")
    return split_identities(_place_devices(frame, form), set_aside, form.questionnaire, keys)


def _place_devices(frame: pd.DataFrame, form: Form) -> pd.DataFrame:
    """Where each device stood, as a unit's code: coordinates go no further than this."""
    given = [name for name in GPS if name in frame]
    if not given or (given != ["gps_point"] and len(given) == 1):
        return frame
    point = frame.get("gps_point")
    points = read_points(point, frame.get("gps_latitude"), frame.get("gps_longitude"))
    found = {}
    if point is not None and "gps_accuracy" not in frame:
        found["gps_accuracy"] = points["accuracy"].map(_metres, na_action="ignore").astype("str")
    if form.boundaries is not None:
        found["gps_place"] = form.boundaries.places(points["latitude"], points["longitude"])
    return frame.assign(**found)


def _metres(accuracy: float) -> str:
    return f"{accuracy:.1f}"


def _nothing(folder: Path) -> Fault:
    return Fault(
        f"{folder.parent.name}/{folder.name}", "no interview was delivered",
        "Put the district's files in this folder, or a file for several districts in the year's.",
        rule_vi="chưa nhận được phiếu nào",
        action_vi="Để tệp của huyện vào thư mục này, hoặc tệp chung nhiều huyện vào thư mục năm.",
    )  # fmt: skip
