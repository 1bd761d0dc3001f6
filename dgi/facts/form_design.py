"""A questionnaire laid out as an XLSForm: the rows of its sheets, for a tablet to ask by.
Not here: which row a column or a question becomes (form_rows.py), or writing and reading files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from dgi.facts.form_rows import (
    CHOICE_COLUMNS,
    METADATA,
    OFFICE,
    OUTSIDE,
    SURVEY_COLUMNS,
    VI,
    Asked,
    Names,
    Rows,
    both,
    code_rows,
    lay_out_choices,
    lay_out_column,
    lay_out_metadata,
    lay_out_place,
    lay_out_question,
    merge_options,
)
from dgi.facts.indicator_sets import IndicatorSet
from dgi.facts.questionnaire import Questionnaire

NO_IDENTITY = (
    "phiếu được lập không có phần danh tính",
    "the form was made without the persons' group",
)
SELECT = "select_one "
INTERVIEW, IDENTITY, OFFICE_GROUP = "phong_van", "danh_tinh", "van_phong"
GROUP_WORDS = {
    INTERVIEW: ("Thông tin phiếu phỏng vấn", "The interview"),
    IDENTITY: (
        "Danh tính (chỉ để kiểm tra lại, lưu tách khỏi câu trả lời)",
        "Identity (for back-checks only, kept apart from the answers)",
    ),
    OFFICE_GROUP: (
        "Phần của văn phòng, điền theo danh sách chọn mẫu (điều tra viên bỏ qua)",
        "For the office, from the sampling list (interviewers leave it blank)",
    ),
}


@dataclass(frozen=True)
class FormDesign:
    """An XLSForm as tables of text, '' where a cell is blank.

    `survey`, `choices`, `settings`: its three sheets. Columns `dgi_...` are ours; tools pass over
    them. `codes`: codes of the answer lists that nobody is offered (not ticked, suppressed, not
    asked, and lists that only the options of a question use); empty for most questionnaires.
    `outside`: one row per column of the questionnaire that is no question of the form, with why.
    """

    survey: pd.DataFrame
    choices: pd.DataFrame
    settings: pd.DataFrame
    codes: pd.DataFrame
    outside: pd.DataFrame


def design_form(
    questionnaire: Questionnaire,
    questions: pd.DataFrame,
    year: int,
    title: Mapping[str, str],
    *,
    communes: pd.DataFrame | None = None,
    indicator_set: IndicatorSet | None = None,
    statement: Mapping[str, str] | None = None,
    sections: Mapping[str, Mapping[str, str]] | None = None,
    with_identity: bool = True,
) -> FormDesign:
    """The form by which a questionnaire is asked in one survey year.

    `questions`: the questionnaire's own table of text (data/questionnaires/<name>.csv), which
    knows the place and the skip of open questions. `title`, `statement`: {'vi': ..., 'en': ...};
    `sections`: the same by section, else the indicator set's dimensions of that code. `communes`:
    code, name, district, by which a commune is chosen instead of typed. `with_identity`: whether
    the persons' group is there at all.

    The columns that only the sampling list knows (stratum, probabilities ...) stand in a last
    group of their own, not required: an export then has them for the office to fill in.
    Equal arguments give an equal form; its version is the year and a digest of the content.
    Raises ValueError when `questions` is not the table of the questionnaire.
    """
    coded = questions.loc[questions["type"] == "code", "question"]
    if list(coded) != list(questionnaire.questions["question"]):
        raise ValueError(f"the table of questions is not that of {questionnaire.name}")
    asked = merge_options(questionnaire, questions)
    columns = pd.concat([questionnaire.fixed, questionnaire.carried], ignore_index=True)
    columns = columns[~columns["name"].isin(questions["question"])]
    names = Names({*columns["name"], *questions["question"], *(block.name for block in asked)})

    metadata: Rows = []
    own: Rows = []
    identity: Rows = []
    office: Rows = []
    places: Rows = []
    for column in columns.itertuples(index=False):
        if column.name in OUTSIDE:
            continue
        if column.name in METADATA:
            metadata.append(lay_out_metadata(column, names))
        elif column.name == "commune_code" and communes is not None:
            rows, places = lay_out_place(column, communes, names)
            own += rows
        elif column.name in OFFICE:
            office.append(lay_out_column(column, is_office=True))
        elif column.role == "identity" and column.name != "gps_point":
            identity.append(lay_out_column(column))
        else:
            own.append(lay_out_column(column))
    survey = [*metadata, {"type": "today", "name": names.free("today")}]
    if statement is not None:
        survey.append(
            {"type": "note", "name": names.free("statement"),
             **both("label", (statement["vi"], statement["en"]))}
        )  # fmt: skip
    survey += _group(INTERVIEW, own, names)
    survey += _sections(questionnaire, asked, names, indicator_set, sections or {})
    survey += _group(IDENTITY, identity if with_identity else [], names)
    survey += _group(OFFICE_GROUP, office, names)

    known = set(questionnaire.answers["answers"])
    used = (row["type"].partition(" ")[2] for row in survey if row["type"].startswith(SELECT))
    lists = dict.fromkeys(name for name in used if name in known)
    choices = lay_out_choices(questionnaire, asked, lists) + places
    codes = code_rows(questionnaire, asked, lists)
    left_out = [name for name in columns["name"] if name in OUTSIDE]
    outside = [(name, *OUTSIDE[name]) for name in left_out]
    if not with_identity:
        outside += [(row["name"], *NO_IDENTITY) for row in identity]
    own_columns = list(CHOICE_COLUMNS) + (["district"] if places else [])
    return _with_settings(
        FormDesign(
            survey=_table(survey, list(SURVEY_COLUMNS)),
            choices=_table(choices, own_columns),
            settings=_table(
                [{"form_title": title["vi"], "default_language": VI,
                  "form_id": re.sub(r"\W+", "_", f"{questionnaire.name}_{year}")}],
                ["form_title", "form_id", "version", "default_language"],
            ),
            codes=codes,
            outside=pd.DataFrame(outside, columns=["name", "why_vi", "why_en"], dtype="str"),
        ),
        year,
    )  # fmt: skip


def _table(rows: Rows, columns: list[str]) -> pd.DataFrame:
    cells = [[row.get(column, "") for column in columns] for row in rows]
    return pd.DataFrame(cells, columns=columns, dtype="str")


def _with_settings(design: FormDesign, year: int) -> FormDesign:
    """The design with its version: the year and eight digits that change with any cell."""
    tables = (design.survey, design.choices, design.settings, design.codes)
    content = "\x1e".join(table.to_csv(index=False) for table in tables)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    design.settings["version"] = f"{year}-{digest}"
    return design


def _group(
    name: str, rows: Rows, names: Names, words: tuple[str, str] | None = None,
    section: str = "",
) -> Rows:  # fmt: skip
    """Rows between a begin_group and its end_group; nothing where there are no rows."""
    if not rows:
        return []
    own = names.free(name)
    begin = {"type": "begin_group", "name": own, "dgi_section": section}
    begin |= both("label", words or GROUP_WORDS[name])
    return [begin, *rows, {"type": "end_group", "name": own}]


def _sections(
    questionnaire: Questionnaire,
    asked: list[Asked],
    names: Names,
    indicator_set: IndicatorSet | None,
    words: Mapping[str, Mapping[str, str]],
) -> Rows:
    """The questions, a group for each run of questions of one section."""
    titles, users = _indicator_words(indicator_set)
    titles |= {section: (own["vi"], own["en"]) for section, own in words.items()}
    rows: Rows = []
    start = 0
    for place, block in enumerate(asked):
        is_last = place + 1 == len(asked) or asked[place + 1].section != block.section
        if not is_last:
            continue
        inside = [
            lay_out_question(questionnaire, own, asked) | {"dgi_indicator": _users(own, users)}
            for own in asked[start : place + 1]
        ]
        name = re.sub(r"\W+", "_", block.section, flags=re.ASCII).strip("_")
        name = name if re.match(r"[A-Za-z_]", name) else f"phan_{name}".strip("_")
        title = titles.get(block.section, (f"Phần {block.section}", f"Section {block.section}"))
        rows += _group(name, inside, names, title, block.section)
        start = place + 1
    return rows


def _indicator_words(
    indicator_set: IndicatorSet | None,
) -> tuple[dict[str, tuple[str, str]], dict[str, list[str]]]:
    """Titles of the dimensions by code, and the indicators that use each question."""
    if indicator_set is None:
        return {}, {}
    titles = {
        row.code: (f"{row.code}. {row.name_vi}", f"{row.code}. {row.name_en}")
        for row in indicator_set.at("dimension").itertuples(index=False)
    }
    users: dict[str, list[str]] = {}
    for row in indicator_set.at("indicator").itertuples(index=False):
        for question in row.question.split(" "):
            users.setdefault(question, []).append(row.key)
    return titles, users


def _users(block: Asked, users: Mapping[str, list[str]]) -> str:
    found = [key for row in block.rows for key in users.get(row.question, [])]
    return " ".join(dict.fromkeys(found))
