"""The rules of an XLSForm as a survey year's answers are held against them, in our own names.
Not here: evaluating a rule (dgi.facts.form_checks), or a form as a questionnaire (xlsform.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dgi.errors import FactError, Fault, WorkbookError
from dgi.facts.column_maps import ColumnMap
from dgi.facts.form_checks import PARTS, RULE_COLUMNS, SPELLING_COLUMNS, FormRules
from dgi.facts.form_rows import FORM_ONLY
from dgi.facts.questionnaire import Questionnaire
from dgi.facts.surveys import SurveyRow
from dgi.fieldwork.values import KINDS, read_codes
from dgi.ingest.deliveries import Form
from dgi.ingest.headers import HeaderBook, plain
from dgi.ingest.xlsform import CHOICES, SURVEY, open_xlsform
from dgi.ingest.xlsform_dialects import BLOCK, TRUE, Sheet, read_sheet, read_type

FORMS = "forms"
ASKS_NOTHING = ("note", "calculate", "today", "start", "end", "hidden", "deviceid", "phonenumber",
                "username", "email", "audit", "caseid")  # fmt: skip
LEAST_ASKED = 0.5  # share of the year's questions below which it is another survey's form
# A name in a condition; quoted texts are met first, so that a name inside one is no name.
REFERENCE = re.compile(
    r"'[^']*'|\"[^\"]*\"|(?P<braced>\$\{[^{}]+\})"
    r"|(?P<path>(?:\.\./)+[\w/-]*\w|/[\w-]+/[\w/-]*\w)"
)
UNKNOWN = (KINDS.index("unlisted"), KINDS.index("unreadable"), KINDS.index("left_blank"))
TWICE = (
    "two questions of the form are one column of the questionnaire",
    "Give one of them a line of its own in the year's column map (use set_aside or another name).",
)
OTHER_FORM = (
    "the form asks fewer than half of the year's questions",
    "Name the form of this year in data/surveys.csv; where its questions are called otherwise "
    "than in the questionnaire, say so in the year's column map.",
)
MISSING = (
    "the form that data/surveys.csv names is not there",
    "Put it there, or correct the column form; blank: the form is made from the questionnaire.",
)


@dataclass(frozen=True)
class _Asked:
    """A row of the form that asks for an answer: where it stands and what it says."""

    at: int
    name: str
    path: str
    own_name: str
    choices: str
    rule: Mapping[str, str]


def load_form_rules(folder: Path, survey: SurveyRow, form: Form) -> FormRules:
    """The rules of a survey year's form: of the XLSForm its row names, else its questionnaire's.

    `folder`: that of the fact files; `form`: what the year's files are read by. Raises FactError
    as `read_form_rules` does, and when the file is not there.
    """
    if not survey.form:
        return FormRules.of_questionnaire(form.questionnaire)
    where = f"data/{FORMS}/{survey.form}"
    try:
        content = (folder / FORMS / survey.form).read_bytes()
    except OSError:
        raise FactError([Fault(where, *MISSING)]) from None
    return read_form_rules(where, content, form.book, form.column_map)


def read_form_rules(
    where: str, content: bytes, book: HeaderBook, column_map: ColumnMap
) -> FormRules:
    """The rules of an XLSForm by the names of the questionnaire that `book` knows.

    `where`: the file as errors name it. A question is known as its column would be in a delivered
    file: by the year's column map, our own column dgi_name, then its header; else it keeps the
    form's name. A rule's relevance is that of its row and of every group the row stands in. Rows
    that ask nothing (notes, calculations) have no rule. Raises FactError for a file that is no
    XLSForm, or not one of this questionnaire.
    """
    try:
        sheets = open_xlsform(where, content)
    except WorkbookError as error:
        raise FactError(error.faults) from None
    survey = read_sheet(sheets["survey"], SURVEY)
    asked = _list_asked(survey)
    names = _name_all(where, survey.name, asked, book, column_map)
    wanted = list(book.questionnaire.questions["question"])
    options = {name: set(book.parents[name].values()) for name in names if name in book.parents}
    found = set(names).union(*options.values()) & set(wanted)
    if len(found) < LEAST_ASKED * len(wanted):
        raise FactError([Fault(where, *OTHER_FORM, sheet=survey.name)])
    called = {own.name: name for own, name in zip(asked, names, strict=True)}
    rules = [
        [name, *(_rename(own.rule[part], called) for part in PARTS)]
        for own, name in zip(asked, names, strict=True)
    ]
    lists = read_sheet(sheets["choices"], CHOICES).rows if "choices" in sheets else None
    return FormRules(
        pd.DataFrame(rules, columns=RULE_COLUMNS, dtype="str"),
        _spell(asked, names, lists, book.questionnaire),
    )


def _list_asked(survey: Sheet) -> list[_Asked]:
    """The rows that ask something, with what the groups around them say."""
    opened: list[tuple[str, str]] = []
    asked = []
    for number, row in survey.rows.iterrows():
        kind = read_type(row["type"])
        block = BLOCK.fullmatch(kind.kind)
        is_disabled = row["disabled"].casefold() in TRUE
        if block and not is_disabled:
            if block[1] == "begin":
                opened.append((row["name"], row["relevant"]))
            elif opened:
                opened.pop()
            continue
        is_ours_alone = row["dgi_role"] == FORM_ONLY
        if is_disabled or is_ours_alone or not (row["type"] and row["name"]):
            continue
        if kind.kind in ASKS_NOTHING and not row["dgi_name"]:
            continue
        conditions = [said for said in (*(own[1] for own in opened), row["relevant"]) if said]
        together = " and ".join(f"({said})" for said in conditions)
        rule = {
            "relevant": together if len(conditions) > 1 else "".join(conditions),
            "constraint": row["constraint"],
            "required": "yes" if row["required"].casefold() in TRUE else row["required"],
        }
        path = "/".join([*(own[0] for own in opened), row["name"]])
        asked.append(
            _Asked(int(str(number)), row["name"], path, row["dgi_name"], kind.choices, rule)
        )
    return asked


def _name_all(
    where: str, sheet: str, asked: list[_Asked], book: HeaderBook, column_map: ColumnMap
) -> list[str]:
    """What each row is called in the questionnaire. Raises FactError where two are one column."""
    lines = column_map.lines_for(where)
    mapped: dict[str, str] = {}
    for header, name in zip(lines["header"], lines["name"], strict=True):
        mapped.setdefault(plain(header), name)
    names, faults, taken = [], [], set[str]()
    for own in asked:
        name = own.name
        line = next((key for key in (own.path, own.name) if plain(key) in mapped), None)
        if line is not None:
            name = mapped[plain(line)] or own.path
        elif own.own_name:
            name = own.own_name
        elif meaning := book.find_question(own.name):
            name = meaning.name
        elif name in taken:
            name = own.path
        if name in taken:
            faults.append(Fault(where, *TWICE, sheet=sheet, row=own.at, column="name",
                                value=own.name))  # fmt: skip
        taken.add(name)
        names.append(name)
    if faults:
        raise FactError(faults)
    return names


def _rename(condition: str, called: Mapping[str, str]) -> str:
    """A condition by the questionnaire's names; quoted texts stay as they are."""

    def write(found: re.Match[str]) -> str:
        if found.lastgroup is None:
            return found[0]
        name = found[0].strip("${} ").split("/")[-1].strip()
        return f"${{{called.get(name, name)}}}"

    return REFERENCE.sub(write, condition)


def _spell(
    asked: list[_Asked], names: list[str], lists: pd.DataFrame | None, questionnaire: Questionnaire
) -> pd.DataFrame:
    """Answers that the form calls otherwise than by their code: question, code, name."""
    both = pd.concat([questionnaire.fixed, questionnaire.carried], ignore_index=True)
    answers = dict(zip(both["name"], both["answers"], strict=True))
    answers |= dict(
        zip(questionnaire.questions["question"], questionnaire.questions["answers"], strict=True)
    )
    spelled = []
    for own, name in zip(asked, names, strict=True):
        if lists is None or not own.choices or not answers.get(name):
            continue
        choices = lists.loc[lists["list_name"] == own.choices, "name"].reset_index(drop=True)
        codes, kinds = read_codes(choices, answers[name], questionnaire)
        for choice, code, kind in zip(choices, codes, kinds, strict=True):
            if kind not in UNKNOWN and choice != f"{code:.0f}":
                spelled.append((name, int(code), choice))
    table = pd.DataFrame(spelled, columns=SPELLING_COLUMNS)
    return table.drop_duplicates(["question", "code"], ignore_index=True)
