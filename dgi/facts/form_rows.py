"""Each column and each question of a questionnaire as rows of an XLSForm's sheets.
Not here: their order and groups, settings and version (form_design.py), or any file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from dgi.facts.questionnaire import Questionnaire, parse_condition
from dgi.facts.spelling import fold

VI, EN = "Vietnamese (vi)", "English (en)"
SURVEY_COLUMNS = (
    "type", "name", f"label::{VI}", f"label::{EN}", f"hint::{VI}", f"hint::{EN}", "required",
    "relevant", "constraint", f"constraint_message::{VI}", f"constraint_message::{EN}",
    "choice_filter", "dgi_name", "dgi_column", "dgi_role", "dgi_type", "dgi_required",
    "dgi_pattern", "dgi_section", "dgi_indicator",
)  # fmt: skip
CHOICE_COLUMNS = (
    "list_name", "name", f"label::{VI}", f"label::{EN}", "dgi_kind", "dgi_also", "dgi_name",
    "dgi_answers",
)  # fmt: skip
CODE_COLUMNS = ["answers", "code", "label_vi", "label_en", "kind", "also"]
NOT_OFFERED = ("not_asked", "not_selected", "suppressed")
REASONS = ("dont_know", "refused")
FORM_ONLY = "form"  # role of a row that helps to fill in and is no column of the questionnaire
# Known only to the sampling list: nobody can be asked for them.
OFFICE = ("stratum", "psu", "commune_prob", "village_prob", "village_adults")
METADATA = {"started_at": "start", "ended_at": "end", "device": "deviceid"}
OUTSIDE = {
    "submission": ("phần mềm tự cấp khi gửi phiếu", "given by the tool on submission"),
    "submitted_at": ("phần mềm tự ghi khi gửi phiếu", "recorded by the tool on submission"),
    "form_version": ("phần mềm tự ghi theo phiên bản phiếu", "recorded by the tool"),
    "gps_place": ("được tính tại cửa nhận tệp từ gps_point", "found at the door from gps_point"),
    "gps_accuracy": ("nằm trong gps_point", "part of gps_point"),
    "gps_latitude": ("nằm trong gps_point", "part of gps_point"),
    "gps_longitude": ("nằm trong gps_point", "part of gps_point"),
}
TYPES = {"text": "text", "code": "select_one", "integer": "integer", "number": "decimal",
         "date": "date", "datetime": "dateTime"}  # fmt: skip
TYPES_BY_NAME = {"gps_point": "geopoint", "audio": "audio"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
Rows = list[dict[str, str]]


class Names:
    """Names that stand in the form already; what the form itself adds makes way for them."""

    def __init__(self, taken: Iterable[str]):
        self._taken = set(taken)

    def free(self, wanted: str) -> str:
        """The name wanted, or the nearest one that is free; it is taken from then on."""
        name, count = wanted, 2
        while name in self._taken:
            name, count = f"{wanted}_{count}", count + 1
        self._taken.add(name)
        return name


@dataclass(frozen=True)
class Asked:
    """One question as the respondent hears it: a row of the questionnaire, or the rows of all
    options of a question of which several may be ticked, by option."""

    name: str
    section: str
    asked_if: str
    rows: tuple[Any, ...]
    options: tuple[str, ...] = ()


def both(column: str, words: tuple[str, str]) -> dict[str, str]:
    """A text in the two language columns of a sheet."""
    return {f"{column}::{VI}": words[0], f"{column}::{EN}": words[1]}


def merge_options(questionnaire: Questionnaire, questions: pd.DataFrame) -> list[Asked]:
    """Questions in the order asked; options whose column is PARENT/OPTION are one question.

    Options stay questions of their own where they are not asked together: other sections, skips
    or answer lists, other questions between them, or names that a form cannot have.
    """
    taken = {*questions["question"], *questionnaire.fixed["name"], *questionnaire.carried["name"]}

    def share(row: Any) -> tuple[str, ...]:
        parent, mark, option = row.column.rpartition("/")
        if row.type != "code" or not (mark and NAME.fullmatch(parent)) or parent in taken:
            return ("", row.question)
        return (parent, row.section, row.asked_if, row.answers) if option.strip() == option else ()

    runs = [(key, tuple(run)) for key, run in groupby(questions.itertuples(index=False), share)]
    parents = [key[0] for key, _ in runs if key]
    blocks = []
    for key, rows in runs:
        options = tuple(row.column.rpartition("/")[2] for row in rows)
        is_one = key and key[0] and parents.count(key[0]) == 1
        if is_one and all(re.fullmatch(r"\S+", option) for option in options):
            blocks.append(Asked(key[0], rows[0].section, rows[0].asked_if, rows, options))
        else:
            blocks += [Asked(row.question, row.section, row.asked_if, (row,)) for row in rows]
    return blocks


def lay_out_metadata(column: Any, names: Names) -> dict[str, str]:
    """A column that the device fills in by itself."""
    kind = METADATA[column.name]
    words = both("label", (column.text_vi, column.text_en))
    return {"type": kind, "name": names.free(kind), **words, **_notes(column)}


def lay_out_column(column: Any, is_office: bool = False) -> dict[str, str]:
    """The row of a column that is no question of the index: who, where, when.

    A code column offers only valid codes, as only these are accepted of it.
    """
    kind = TYPES_BY_NAME.get(column.name, TYPES[column.type])
    row = {"name": column.name, **both("label", (column.text_vi, column.text_en))}
    row |= {"required": "yes" if column.required and not is_office else "", **_notes(column)}
    row["type"] = f"{kind} {column.answers}" if kind == "select_one" else kind
    if kind == "select_one":
        row["choice_filter"] = "dgi_kind = 'valid'"
    return row | _limits(column)


def lay_out_place(column: Any, communes: pd.DataFrame, names: Names) -> tuple[Rows, Rows]:
    """The commune chosen from a list, the district first: rows of survey and of choices."""
    districts = dict.fromkeys(communes["district"])
    keys = {own: own if re.fullmatch(r"\S+", own) else fold(own).replace(" ", "_")
            for own in districts}  # fmt: skip
    above, lists = names.free("district"), [names.free("districts"), names.free("communes")]
    row = lay_out_column(column)
    row |= {"type": f"select_one {lists[1]}", "choice_filter": f"district = ${{{above}}}"}
    words = ("Huyện/thị xã/thành phố", "District, town or city")
    first = {"type": f"select_one {lists[0]}", "name": above, "required": "yes",
             "dgi_role": FORM_ONLY}  # fmt: skip
    choices = [{"list_name": lists[0], "name": keys[own], **both("label", (own, own))}
               for own in districts]  # fmt: skip
    choices += [
        {"list_name": lists[1], "name": own.code, "district": keys[own.district],
         **both("label", (own.name, own.name))}
        for own in communes.itertuples(index=False)
    ]  # fmt: skip
    return [first | both("label", words), row], choices


def _notes(column: Any) -> dict[str, str]:
    """What our own columns of the form keep of a column of the questionnaire."""
    required = "yes" if column.required else "no"
    return {"dgi_name": column.name, "dgi_column": column.column, "dgi_role": column.role,
            "dgi_type": column.type, "dgi_required": required,
            "dgi_pattern": column.pattern}  # fmt: skip


def _limits(column: Any) -> dict[str, str]:
    """The constraint of a column, and what the interviewer is told when it does not hold."""
    low, high = (None if value is None or pd.isna(value) else
                 np.format_float_positional(value, trim="-")
                 for value in (column.min, column.max))  # fmt: skip
    parts = [f". >= {low}"] if low is not None else []
    parts += [f". <= {high}"] if high is not None else []
    if column.pattern:
        own = column.pattern.replace("'", r"\x27")  # a quote would end the literal
        parts.append(f"regex(., '^(?:{own})$')")
    if not parts:
        return {}
    comma = {own: own.replace(".", ",") for own in (low, high) if own is not None}
    if low is not None and high is not None:
        words = (f"Chỉ nhận số từ {comma[low]} đến {comma[high]}.",
                 f"Only a number from {low} to {high} is accepted.")  # fmt: skip
    elif low is not None:
        words = (f"Chỉ nhận số từ {comma[low]} trở lên.", f"The number is at least {low}.")
    elif high is not None:
        words = (f"Chỉ nhận số không quá {comma[high]}.", f"The number is at most {high}.")
    else:
        words = ("Mã chưa đúng dạng quy định, hãy kiểm tra lại.",
                 "The code is not written as agreed; check it.")  # fmt: skip
    return {"constraint": " and ".join(parts), **both("constraint_message", words)}


def lay_out_question(
    questionnaire: Questionnaire, block: Asked, asked: Collection[Asked]
) -> dict[str, str]:
    """The survey's row of one question."""
    first = block.rows[0]
    row = {"name": block.name, "relevant": _relevant(questionnaire, block.asked_if, asked)}
    if block.options:
        reasons = [name for name, _ in _reasons(questionnaire, block)]
        alone = [f"not(selected(., '{code}') and count-selected(.) > 1)" for code in reasons]
        words = ("Câu trả lời này không chọn cùng câu trả lời khác.",
                 "This answer cannot be ticked together with others.")  # fmt: skip
        row |= {"type": f"select_multiple {options_list(block)}", "required": "yes"}
        row |= both("label", (f"{block.name}: chọn tất cả các ý phù hợp",
                              f"{block.name}: tick all that apply"))  # fmt: skip
        if alone:
            row |= {"constraint": " and ".join(alone), **both("constraint_message", words)}
        return row
    row |= {"dgi_column": first.column, **both("label", (first.text_vi, first.text_en))}
    if first.type == "open":
        return row | {"type": "text"}
    # Where an only answer is offered (an option that stands alone), it may be left.
    offered = _offered(questionnaire, first.answers)
    return row | {"type": f"select_one {first.answers}",
                  "required": "yes" if len(offered) > 1 else ""}  # fmt: skip


def options_list(block: Asked) -> str:
    """Name of the list of choices of a question with several answers."""
    return f"{block.name}_options"


def _relevant(questionnaire: Questionnaire, asked_if: str, asked: Collection[Asked]) -> str:
    """A skip in the form's language."""
    skip = parse_condition(asked_if)
    if skip is None:
        return ""
    question, codes = skip
    for block in asked:
        for row, option in zip(block.rows, block.options, strict=False):
            if row.question == question:
                kinds = _list(questionnaire, row.answers).set_index("code")["kind"].to_dict()
                terms = [_ticked(block.name, option, code, kinds.get(code, "")) for code in codes]
                return " or ".join(terms)
    return " or ".join(f"selected(${{{question}}}, '{code}')" for code in codes)


def _ticked(parent: str, option: str, code: int, kind: str) -> str:
    if kind in REASONS:
        return f"selected(${{{parent}}}, '{code}')"
    is_ticked = code != 0 and kind != "not_selected"
    term = f"selected(${{{parent}}}, '{option}')"
    return term if is_ticked else f"not({term})"


def _list(questionnaire: Questionnaire, name: str) -> pd.DataFrame:
    return questionnaire.answers[questionnaire.answers["answers"] == name]


def _offered(questionnaire: Questionnaire, name: str) -> pd.DataFrame:
    own = _list(questionnaire, name)
    return own[~own["kind"].isin(NOT_OFFERED)]


def _reasons(questionnaire: Questionnaire, block: Asked) -> list[tuple[str, Any]]:
    """Don't know and refused beside the options, where no option has that code."""
    own = _list(questionnaire, block.rows[0].answers)
    own = own[own["kind"].isin(REASONS)]
    return [(str(row.code), row) for row in own.itertuples(index=False)
            if str(row.code) not in block.options]  # fmt: skip


def lay_out_choices(
    questionnaire: Questionnaire, asked: Iterable[Asked], lists: Mapping[str, None]
) -> Rows:
    """Rows of the sheet of choices: the answer lists named, then the options of questions."""

    def choice(list_name: str, name: str, row: Any) -> dict[str, str]:
        return {"list_name": list_name, "name": name, "dgi_kind": row.kind, "dgi_also": row.also,
                **both("label", (row.label_vi, row.label_en))}  # fmt: skip

    rows = [
        choice(name, str(row.code), row)
        for name in lists
        for row in _offered(questionnaire, name).itertuples(index=False)
    ]
    for block in asked:
        own = options_list(block)
        for row, option in zip(block.rows, block.options, strict=False):
            rows.append(
                {"list_name": own, "name": option, "dgi_kind": "valid", "dgi_name": row.question,
                 "dgi_answers": row.answers, **both("label", (row.text_vi, row.text_en))}
            )  # fmt: skip
        if block.options:
            rows += [choice(own, name, row) for name, row in _reasons(questionnaire, block)]
    return rows


def code_rows(
    questionnaire: Questionnaire, asked: Iterable[Asked], lists: Collection[str]
) -> pd.DataFrame:
    """Codes of the lists in use that no choice of the form stands for, as in answers.csv."""
    ticked = {row.answers for block in asked if block.options for row in block.rows}
    own = questionnaire.answers[questionnaire.answers["answers"].isin({*lists, *ticked})]
    is_offered = own["answers"].isin(lists) & ~own["kind"].isin(NOT_OFFERED)
    return own.loc[~is_offered, CODE_COLUMNS].astype("str").reset_index(drop=True)
