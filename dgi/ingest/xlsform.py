"""An XLSForm, ours or anybody's, read into tables in the form of data/questionnaires.
Not here: how tools spell it (xlsform_dialects.py), its answer lists (xlsform_choices.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from dgi.errors import Fault, WorkbookError
from dgi.facts.form_rows import FORM_ONLY
from dgi.ingest.door import read_file
from dgi.ingest.refusals import Note, make_faults
from dgi.ingest.sheets import TextFile, TextSheet
from dgi.ingest.xlsform_choices import Choices
from dgi.ingest.xlsform_dialects import (
    BLOCK,
    FALSE,
    FILES,
    TRUE,
    Kind,
    Limits,
    Sheet,
    label_reader,
    read_condition,
    read_limits,
    read_sheet,
    read_type,
)
from dgi.ingest.xlsform_words import FORM_REFUSALS, NOT_TAKEN, REMARKS

SURVEY = ("type", "name", "relevant", "constraint", "required", "disabled", "dgi_name",
          "dgi_column", "dgi_role", "dgi_type", "dgi_required", "dgi_pattern",
          "dgi_section")  # fmt: skip
CHOICES = ("list_name", "name", "dgi_kind", "dgi_also", "dgi_name", "dgi_answers")
SHEETS = ("survey", "choices", "settings", "dgi_codes")
QUESTION_COLUMNS = ["question", "column", "section", "type", "text_vi", "text_en", "answers",
                    "asked_if"]  # fmt: skip
FIXED_COLUMNS = ["name", "column", "role", "type", "required", "text_vi", "text_en", "min", "max",
                 "answers", "pattern"]  # fmt: skip
FIXED_TYPES = {"integer": "integer", "decimal": "number", "date": "date", "datetime": "datetime",
               "geopoint": "text", **dict.fromkeys(FILES, "text")}  # fmt: skip
NO_SECTION = "S"  # of questions in no group


@dataclass(frozen=True)
class ReadForm:
    """A form as tables of text, '' where blank.

    `questions`, `answers`, `fixed`: columns as in data/questionnaires/<name>.csv, answers.csv
    and fixed_columns.csv. `settings`: the sheet's cells by heading. `not_taken`: everything of
    the form that is not in the tables, with its place; `remarks`: what was changed or guessed,
    and what the door says of the file.
    """

    questions: pd.DataFrame
    answers: pd.DataFrame
    fixed: pd.DataFrame
    settings: Mapping[str, str]
    not_taken: tuple[Fault, ...]
    remarks: tuple[Fault, ...]


def read_xlsform(name: str, content: bytes) -> ReadForm:
    """Read an XLSForm of ODK, KoboToolbox or SurveyCTO, or one of dgi.facts.form_design.

    A form of ours gives back its own questions, answers and columns. Of any other, questions
    with a list become questions; one with several answers a question per option; texts open
    questions; numbers, dates, places and files columns, counted as identity until somebody
    decides. Columns keep the form's names, as exports do. Raises WorkbookError for a file that
    the door refuses or that is no XLSForm.
    """
    file = read_file(name, content)
    sheets = _find_sheets(file)
    blank = TextSheet("choices", (), 1, pd.DataFrame())
    survey = read_sheet(sheets["survey"], SURVEY)
    settings = _read_settings(sheets.get("settings"))
    language = settings.get("default_language", "")
    choices = Choices(read_sheet(sheets.get("choices", blank), CHOICES), language)
    if "dgi_codes" in sheets:
        choices.add_codes(sheets["dgi_codes"])
    reader = _Reader(survey, choices, language)
    reader.read()
    answers = choices.answers()
    lost = [Note("sheet", own.name) for key, own in sheets.items() if key not in SHEETS]
    lost += survey.notes + reader.lost + choices.sheet.notes + choices.lost
    told = reader.told + choices.told
    return ReadForm(
        pd.DataFrame(reader.questions, columns=QUESTION_COLUMNS, dtype="str"),
        answers,
        pd.DataFrame(reader.fixed, columns=FIXED_COLUMNS, dtype="str"),
        settings,
        tuple(make_faults(name, lost, NOT_TAKEN)),
        (*file.remarks, *make_faults(name, told, REMARKS)),
    )


def open_xlsform(name: str, content: bytes) -> dict[str, TextSheet]:
    """A form's sheets by name in small letters; `survey`, with a type and a name, is there.

    Raises WorkbookError as `read_xlsform` does.
    """
    return _find_sheets(read_file(name, content))


def _find_sheets(file: TextFile) -> dict[str, TextSheet]:
    sheets = {sheet.name.strip().casefold(): sheet for sheet in file.sheets}
    survey = sheets.get("survey")
    if survey is None or not {"type", "name"} <= _headings(survey):
        raise WorkbookError(make_faults(file.name, [Note("no_form")], FORM_REFUSALS))
    return sheets


def _headings(sheet: TextSheet) -> set[str]:
    return {re.sub(r"\s+", "_", header.strip().casefold()) for header in sheet.header}


def _read_settings(sheet: TextSheet | None) -> dict[str, str]:
    if sheet is None or sheet.frame.empty:
        return {}
    cells = sheet.frame.iloc[0].fillna("")
    return {header: cells[at] for at, header in enumerate(sheet.header) if cells[at]}


@dataclass
class _Block:
    """A group or repeat that is open at a row."""

    kind: str
    name: str
    row: int
    section: str
    relevant: str


@dataclass
class _Reader:
    """The walk down the sheet of questions."""

    survey: Sheet
    choices: Choices
    language: str
    questions: list[dict[str, str]] = field(default_factory=list)
    fixed: list[dict[str, str]] = field(default_factory=list)
    lost: list[Note] = field(default_factory=list)
    told: list[Note] = field(default_factory=list)
    open: list[_Block] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    # What a condition may name: a question with its list; or (question, option) with the
    # option's own question, its list, and the code where that is no tick but a reason.
    single: dict[str, tuple[str, str]] = field(default_factory=dict)
    ticked: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    may_be_blank: list[int] = field(default_factory=list)

    def read(self) -> None:
        self.label = label_reader(self.survey, self.language)
        conditions: list[tuple[int, list[dict[str, str]], list[str]]] = []
        untranslated = []
        for number, row in self.survey.rows.iterrows():
            at = int(str(number))
            made = self._read_row(at, row)
            asked = [one.relevant for one in self.open] + [row["relevant"]]
            if made:
                conditions.append((at, made, [own for own in dict.fromkeys(asked) if own]))
            if made and sum(bool(row[column]) for column in self.survey.labels.values()) == 1:
                untranslated.append(at)
        for block in self.open:
            self._lose("never_ends", block.row, "type", block.name)
        for at, rows, asked in conditions:
            self._set_condition(at, rows, asked)
        for key, rows_told in (("translation", untranslated), ("may_be_blank", self.may_be_blank)):
            if rows_told:
                count = str(len(rows_told))
                self.told.append(Note(key, self.survey.name, rows_told[0], None, count))

    def _lose(self, key: str, row: int, column: str, value: str | None = None) -> None:
        self.lost.append(Note(key, self.survey.name, row, column, value))

    def _read_row(self, at: int, row: pd.Series) -> list[dict[str, str]]:
        """The rows of tables that a row of the survey becomes."""
        kind = read_type(row["type"])
        block = BLOCK.fullmatch(kind.kind)
        if row["disabled"].casefold() in TRUE:
            self._lose("disabled", at, "disabled", row["name"])
            return []
        if block:
            self._open_or_close(at, row, *block.groups())
            return []
        if not row["type"] or not row["name"]:
            if any(row[column] for column in ("type", "name", *self.survey.labels.values())):
                key, column = ("no_name", "name") if row["type"] else ("no_type", "type")
                self._lose(key, at, column, row["type"] or row["name"] or None)
            return []
        if any(one.kind == "repeat" for one in self.open):
            self._lose("in_repeat", at, "name", row["name"])
            return []
        if row["dgi_role"] == FORM_ONLY:
            self._lose("form_only", at, "type", row["type"])
            return []
        if row["dgi_role"]:
            return self._read_fixed(at, row, kind, row["dgi_type"], row["dgi_role"])
        if kind.kind in ("select_one", "select_multiple"):
            return self._read_choice(at, row, kind)
        if kind.kind == "text":
            return self._read_open(at, row)
        if kind.kind in FIXED_TYPES:
            return self._read_fixed(at, row, kind, FIXED_TYPES[kind.kind], "identity")
        is_note = kind.kind in ("note", "today", "calculate")
        self._lose("form_only" if is_note else "type", at, "type", row["type"])
        return []

    def _open_or_close(self, at: int, row: pd.Series, edge: str, kind: str) -> None:
        if edge == "end":
            if self.open and self.open[-1].kind == kind:
                self.open.pop()
            else:
                self._lose("end_alone", at, "type", row["name"] or None)
            return
        section = row["dgi_section"] or row["name"] or NO_SECTION
        self.open.append(_Block(kind, row["name"], at, section, row["relevant"]))
        if any(self.label(row)):
            self._lose("group_label", at, "label", row["name"])
        if kind == "repeat":
            self._lose("type", at, "type", row["type"])

    def _key(self, at: int, wanted: str) -> str:
        """A key of the questionnaire, the form's name where it can be one."""
        key = re.sub(r"\W+", "_", wanted.casefold(), flags=re.ASCII).strip("_")
        key = key if re.match(r"[a-z]", key) else f"q_{key}".rstrip("_")
        own, count = key, 2
        while own in self.keys:
            own, count = f"{key}_{count}", count + 1
        if own != key:
            self.told.append(Note("name_twice", self.survey.name, at, "name", wanted))
        elif own != wanted:
            self.told.append(Note("key", self.survey.name, at, "name", wanted))
        self.keys.add(own)
        return own

    def _texts(self, at: int, row: pd.Series) -> dict[str, str]:
        vi, en = self.label(row)
        if not vi:
            self.told.append(Note("label", self.survey.name, at, "label", row["name"]))
        return {"text_vi": vi or row["name"], "text_en": en or row["name"]}

    def _column(self, name: str, rows: list[dict[str, str]]) -> str:
        """The header an export gives, with its groups where the name alone stood before."""
        taken = {row["column"] for row in rows}
        return "/".join([*(one.name for one in self.open), name]) if name in taken else name

    def _question(self, at: int, row: pd.Series, kind: str) -> dict[str, str]:
        section = self.open[0].section if self.open else NO_SECTION
        return {"question": self._key(at, row["name"]),
                "column": row["dgi_column"] or self._column(row["name"], self.questions),
                "section": section, "type": kind, **self._texts(at, row)}  # fmt: skip

    def _read_open(self, at: int, row: pd.Series) -> list[dict[str, str]]:
        self._no_constraint(at, row)
        self._check_required(at, row)
        self.questions.append(self._question(at, row, "open") | {"answers": "", "asked_if": ""})
        return self.questions[-1:]

    def _read_choice(self, at: int, row: pd.Series, kind: Kind) -> list[dict[str, str]]:
        if kind.choices not in self.choices.lists:
            self._lose("no_list", at, "type", kind.choices)
            return []
        if kind.rest:
            self._lose("or_other", at, "type", kind.rest)
        if not self._check_required(at, row):
            self.may_be_blank.append(at)
        if kind.kind == "select_multiple":
            return self._read_options(at, row, kind)
        self._no_constraint(at, row)
        answers = self.choices.use(kind.choices)
        own = self._question(at, row, "code") | {"answers": answers, "asked_if": ""}
        self.single.setdefault(row["name"], (own["question"], kind.choices))
        self.questions.append(own)
        return [own]

    def _read_options(self, at: int, row: pd.Series, kind: Kind) -> list[dict[str, str]]:
        """A question of its own for each option; don't know and refused are codes of each."""
        options, reasons, answers = self.choices.use_options(kind.choices)
        alone = [f"not(selected(., '{own.name}') and count-selected(.) > 1)" for own in reasons]
        if row["constraint"] != " and ".join(alone):
            self._no_constraint(at, row)
        texts = self._texts(at, row)
        section = self.open[0].section if self.open else NO_SECTION
        parent = self._column(row["name"], self.questions)
        made = []
        for option in options:
            key = self._key(at, option.key or f"{row['name']}_{option.name}")
            wording = {"text_vi": option.vi, "text_en": option.en}
            if not option.key:
                wording = {own: f"{texts[own]}: {words}" for own, words in wording.items()}
            made.append({"question": key, "column": f"{parent}/{option.name}", "type": "code",
                         "section": section, **wording, "answers": option.answers or answers,
                         "asked_if": ""})  # fmt: skip
            ticks = (key, option.answers or answers, "")
            self.ticked.setdefault((row["name"], option.name), ticks)
        for reason in reasons if made else ():
            ticks = (made[0]["question"], "", reason.code)
            self.ticked.setdefault((row["name"], reason.name), ticks)
        self.questions += made
        return made

    def _no_constraint(self, at: int, row: pd.Series) -> None:
        if row["constraint"]:
            self._lose("constraint_question", at, "constraint", row["constraint"])

    def _check_required(self, at: int, row: pd.Series) -> bool:
        required = row["required"].casefold()
        if required not in TRUE | FALSE:
            self._lose("required", at, "required", row["required"])
        return required in TRUE

    def _read_fixed(
        self, at: int, row: pd.Series, kind: Kind, own_type: str, role: str
    ) -> list[dict[str, str]]:
        limits = Limits()
        if row["constraint"]:
            found = read_limits(row["constraint"], kind.kind == "integer")
            if found is None or (found.pattern and own_type != "text"):
                self._lose("constraint", at, "constraint", row["constraint"])
            else:
                limits = found
        if not row["dgi_role"]:
            self.told.append(Note("role", self.survey.name, at, "name", row["name"]))
            self._check_required(at, row)
        answers = self.choices.use(kind.choices) if own_type == "code" else ""
        name = self._key(at, row["dgi_name"] or row["name"])
        texts = self._texts(at, row)
        self.fixed.append(
            {"name": name, "column": row["dgi_column"] or self._column(row["name"], self.fixed),
             "role": role, "type": own_type, "required": row["dgi_required"] or "no",
             **texts, "min": limits.low, "max": limits.high,
             "answers": answers, "pattern": limits.pattern or row["dgi_pattern"]}
        )  # fmt: skip
        return self.fixed[-1:]

    def _set_condition(self, at: int, rows: list[dict[str, str]], asked: list[str]) -> None:
        """Write the skip of the rows a question became, or tell that it cannot be held."""
        if not asked:
            return
        if "asked_if" not in rows[0]:
            self._lose("relevant_column", at, "relevant", " and ".join(asked))
            return
        skip = self._resolve(asked[0]) if len(asked) == 1 else None
        if skip is None:
            self._lose("relevant", at, "relevant", " and ".join(asked))
        for row in rows:
            row["asked_if"] = skip or ""

    def _resolve(self, condition: str) -> str | None:
        """'question=code;code' of a condition, None where it is of another shape."""
        found = set()
        codes = []
        for term in read_condition(condition) or ():
            if term.question in self.single and not term.is_negated:
                question, choices = self.single[term.question]
                code = self.choices.code(choices, term.code)
            elif (term.question, term.code) in self.ticked and not term.is_equality:
                question, answers, reason = self.ticked[term.question, term.code]
                code = reason or self.choices.tick_code(answers, not term.is_negated)
                if reason and term.is_negated:
                    return None
            else:
                return None
            if code is None:
                return None
            found.add(question)
            codes.append(code)
        if len(found) != 1:
            return None
        return f"{found.pop()}={';'.join(dict.fromkeys(codes))}"
