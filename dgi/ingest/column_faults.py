"""What is said of columns that are unknown, missing, twice there or misplaced, and what to do.
Not here: finding them (columns.py); what stands in a column is never repeated."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import pandas as pd

from dgi.errors import Fault
from dgi.facts.column_maps import ANY_FILE, ColumnMap
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.rows import FIRST_ROW
from dgi.facts.spelling import column_letter, fold
from dgi.ingest.headers import plain
from dgi.ingest.privacy import PERSONAL
from dgi.ingest.sheets import TextSheet

NEAR = 0.6  # least likeness of a suggested header, by difflib
TIE = 0.03  # two likenesses no further apart are a tie


def suggest_map(
    unknown: Mapping[str, str], missing: Mapping[str, str], questionnaire: Questionnaire
) -> dict[str, str]:
    """A name for each unknown header: that of the likest missing column, '' where none is like.

    `unknown`: header -> its variable's label, or ''; `missing`: name -> header the questionnaire
    expects. Each name is suggested once, and none where two are about as like: a label cut short
    fits several questions. Likeness is that of the header to the expected one and to the name,
    and of header and label to the wording.
    """
    columns = pd.concat([questionnaire.questions.rename(columns={"question": "name"}),
                         questionnaire.fixed]).set_index("name")  # fmt: skip
    wordings = columns[["text_vi", "text_en"]].map(fold)
    likenesses = []
    for header, label in unknown.items():
        texts = [fold(text) for text in (header, label) if text]
        for name, expected in missing.items():
            pairs = [(plain(header), plain(expected)), (plain(header), name)]
            pairs += [(text, wording) for text in texts for wording in wordings.loc[name]]
            likenesses.append((max(_likeness(*pair) for pair in pairs), header, name))
    best: dict[str, list[float]] = {}
    for ratio, header, _ in sorted(likenesses, reverse=True):
        best.setdefault(header, []).append(ratio)
    clear = {header for header, own in best.items() if len(own) == 1 or own[0] - own[1] > TIE}
    suggested = dict.fromkeys(unknown, "")
    for ratio, header, name in sorted(likenesses, reverse=True):
        if (
            ratio >= NEAR
            and header in clear
            and not suggested[header]
            and name not in suggested.values()
        ):
            suggested[header] = name
    return suggested


def _likeness(one: str, other: str) -> float:
    """difflib's ratio, 0 where it is surely below NEAR."""
    matcher = difflib.SequenceMatcher(None, one, other)
    if matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR:
        return 0.0
    return matcher.ratio()


def write_map_line(header: str, name: str, files: str = ANY_FILE) -> str:
    """A line for a year's column map, as it stands in the file: read where there is a name."""
    quoted = header.replace('"', '""')
    return f'{files},"{quoted}",{name},{"read" if name else "set_aside"},'


def describe_stale(column_map: ColumnMap, line: int) -> Fault:
    """A line of the map (its number in the file) whose header is nowhere."""
    return Fault(
        column_map.where, "no file it speaks of has this header: the line is out of date",
        "Remove the line or correct its header or files.",
        row=line, column="header", value=str(column_map.lines.at[line - FIRST_ROW, "header"]),
        rule_vi="không có tệp nào có tiêu đề cột này: dòng đã lỗi thời",
        action_vi="Xóa dòng, hoặc sửa tiêu đề hay tên tệp ở dòng đó.",
    )  # fmt: skip


def describe_no_header(sheet: TextSheet, file: str) -> Fault:
    """The header row holds something else; what, is not repeated: it may be answers."""
    return Fault(
        file, f"row {sheet.header_row} does not hold the questionnaire's headers",
        "Send the file with the questionnaire's headers in one row above the interviews; if they"
        " have other names, draft the year's column map first.",
        sheet=sheet.name or None, row=sheet.header_row,
        rule_vi=f"dòng {sheet.header_row} không phải là dòng tiêu đề của phiếu hỏi",
        action_vi="Gửi lại tệp có dòng tiêu đề của phiếu hỏi ngay trên các phiếu; nếu cột mang tên"
        " khác, hãy lập bảng tên cột của năm đó trước.",
    )  # fmt: skip


def describe_repeated(name: str, header: str, position: int, file: str, sheet: TextSheet) -> Fault:
    """A second column of one name."""
    letter = column_letter(position)
    return Fault(
        file, f"a second column gives {name!r}, in column {letter}",
        "Remove one of the two from the file, or set one aside in the column map.",
        sheet=sheet.name or None, row=sheet.header_row, column=header or letter,
        rule_vi=f"có hai cột cùng là {name!r}, cột thứ hai là cột {letter}",
        action_vi="Bỏ một trong hai cột khỏi tệp, hoặc để riêng một cột bằng bảng tên cột.",
    )  # fmt: skip


def describe_unknown(
    header: str, position: int, name: str, map_file: str, sheet: TextSheet, file: str
) -> Fault:
    """A column that nothing gives a meaning to; `name`: the likest missing one, or ''."""
    letter = column_letter(position)
    lines = [write_map_line(header, own) for own in dict.fromkeys((name, ""))]
    action = f"Add to {map_file} one line: {' or '.join(lines)}"
    action_vi = f"Thêm vào {map_file} một dòng: {' hoặc '.join(lines)}"
    is_personal = PERSONAL.search(header) is not None
    if not header or is_personal:
        action = "Give the column a header that names nobody, or remove it from the file."
        action_vi = "Đặt tiêu đề cho cột, không nêu thông tin của ai, hoặc bỏ cột khỏi tệp."
    return Fault(
        file, f"column {letter} is not known", action, sheet=sheet.name or None,
        row=sheet.header_row, column=letter if is_personal else header or letter,
        rule_vi=f"không rõ cột {letter} là cột gì", action_vi=action_vi,
    )  # fmt: skip


def describe_missing(
    missing: Mapping[str, str], lines: Mapping[str, str], map_file: str, sheet: TextSheet,
    file: str,
) -> list[Fault]:  # fmt: skip
    """The expected columns (name -> header) that are not there; `lines` as `suggest_map`."""
    likest = {name: header for header, name in lines.items() if name}
    faults = []
    for name, header in missing.items():
        action = "Ask for the file again with this column."
        action_vi = "Xin lại tệp có cột này."
        if name in likest:
            line = write_map_line(likest[name], name)
            action = f"If it is now called {likest[name]!r}, add to {map_file}: {line}"
            action_vi = f"Nếu nay cột có tên {likest[name]!r}, thêm vào {map_file}: {line}"
        faults.append(Fault(
            file, f"the column of {name!r} is missing", action, sheet=sheet.name or None,
            row=sheet.header_row, column=header, rule_vi=f"thiếu cột {name!r}",
            action_vi=action_vi,
        ))  # fmt: skip
    return faults


def describe_swapped(one: str, other: str, file: str, sheet: TextSheet) -> Fault:
    """Two columns, by header, that hold each other's answers."""
    return Fault(
        file, f"this column and column {other!r} have changed places: neither holds its own"
        " answers, each holds the other's",
        "Put the two headers right in the file.", sheet=sheet.name or None,
        row=sheet.header_row, column=one,
        rule_vi=f"cột này và cột {other!r} bị đổi chỗ cho nhau: nội dung cột này là của cột kia",
        action_vi="Sửa lại tiêu đề của hai cột trong tệp.",
    )  # fmt: skip
