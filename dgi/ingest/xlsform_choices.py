"""The choices of an XLSForm as answer lists: codes, kinds, and lists for options that are ticked.
Not here: which question uses which list (xlsform.py), or how tools spell things."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from dgi.facts.spelling import clean
from dgi.ingest.refusals import Note
from dgi.ingest.sheets import TextSheet
from dgi.ingest.xlsform_dialects import Sheet, guess_kind, label_reader

ANSWER_COLUMNS = ["answers", "code", "label_vi", "label_en", "kind", "also"]
ALL_KINDS = ("valid", "dont_know", "refused", "not_asked", "not_selected", "suppressed")
REASONS = ("dont_know", "refused")
TICKED = (
    ("1", "Có chọn", "Ticked", "valid"),
    ("0", "Không chọn", "Not ticked", "not_selected"),
)


@dataclass(frozen=True)
class Choice:
    """One choice. `key`, `answers`: of an option in a form of ours, its question and its list."""

    name: str
    code: str
    vi: str
    en: str
    kind: str
    also: str
    key: str
    answers: str


class Choices:
    """The form's lists by name, and those of them that a question turned out to use."""

    def __init__(self, sheet: Sheet, language: str):
        self.sheet = sheet
        self.lists: dict[str, list[Choice]] = {}
        self._told: list[tuple[str, Note]] = []
        self._lost: list[tuple[str, Note]] = []
        self._first_rows: dict[str, int] = {}
        self._untranslated: dict[str, list[int]] = {}
        self._names: dict[str, str] = {}
        self._used: dict[str, list[dict[str, str]]] = {}
        self._seen: set[str] = set()
        self._codes: dict[str, list[dict[str, str]]] = {}
        self._label = label_reader(sheet, language)
        self._read()

    def _read(self) -> None:
        rows = self.sheet.rows
        numbers: dict[str, set[str]] = {}
        for name, given in zip(rows["list_name"], rows["name"], strict=True):
            if re.fullmatch(r"-?[0-9]{1,9}", given) and str(int(given)) == given:
                numbers.setdefault(name, set()).add(given)
        for number, row in rows.iterrows():
            self._read_row(int(str(number)), row, numbers.setdefault(row["list_name"], set()))

    def _note(self, notes: list[tuple[str, Note]], key: str, at: int, row: pd.Series,
              column: str, value: str | None = None) -> None:  # fmt: skip
        place = row["list_name"]
        notes.append((place, Note(key, self.sheet.name, at, column, value or place or None)))

    def _read_row(self, at: int, row: pd.Series, taken: set[str]) -> None:
        place, name = row["list_name"], row["name"]
        if not (place and name):
            if any(row):
                column = "name" if place else "list_name"
                self._note(self._lost, "choice_place", at, row, column)
            return
        own = self.lists.setdefault(place, [])
        self._first_rows.setdefault(place, at)
        if any(choice.name == name for choice in own):
            self._note(self._lost, "choice_twice", at, row, "name")
            return
        if ";" in name:
            self._note(self._lost, "choice_name", at, row, "name")
            return
        code, also = name, row["dgi_also"]
        if name not in taken:
            wanted = int(name) if re.fullmatch(r"-?[0-9]{1,9}", name) else 1
            while str(wanted) in taken:
                wanted += 1
            code, also = str(wanted), ";".join([name, *([also] if also else [])])
            taken.add(code)
            self._note(self._told, "code", at, row, "name")
        vi, en = self._label(row)
        if not vi:
            self._note(self._told, "label", at, row, "label")
        elif sum(bool(row[column]) for column in self.sheet.labels.values()) < 2:
            self._untranslated.setdefault(place, []).append(at)
        kind = self._kind(at, row, vi, en)
        own.append(Choice(name, code, vi or name, en or name, kind, also,
                          row["dgi_name"], row["dgi_answers"]))  # fmt: skip

    def _kind(self, at: int, row: pd.Series, vi: str, en: str) -> str:
        if row["dgi_kind"] in ALL_KINDS:
            return row["dgi_kind"]
        if row["dgi_kind"]:
            self._note(self._told, "kind_unknown", at, row, "dgi_kind")
            return "valid"
        kind = guess_kind(vi, en)
        if kind != "valid":
            self._note(self._told, "kind", at, row, "label", kind)
        return kind

    def add_codes(self, sheet: TextSheet) -> None:
        """Codes of a form of ours that nobody is offered."""
        table = sheet.frame.set_axis(list(sheet.header), axis=1).fillna("").map(clean)
        for row in table.reindex(columns=ANSWER_COLUMNS, fill_value="").to_dict("records"):
            self._codes.setdefault(row["answers"], []).append(row)

    def use(self, name: str) -> str:
        """The answer list made of a list of choices."""
        self._seen.add(name)
        own = self._name(name)
        if own not in self._used:
            self._used[own] = [self._row(own, choice) for choice in self.lists.get(name, ())]
            self._used[own] += self._codes.get(name, [])
        return own

    def use_options(self, name: str) -> tuple[list[Choice], list[Choice], str]:
        """Options of a list of which several may be ticked, its don't know and refused, and the
        answer list of such an option: ticked, not ticked, and these reasons."""
        self._seen.add(name)
        options = [choice for choice in self.lists[name] if choice.kind not in REASONS]
        reasons = [choice for choice in self.lists[name] if choice.kind in REASONS]
        for choice in options:
            if choice.answers:
                self._used.setdefault(choice.answers, self._codes.get(choice.answers, []))
        if all(choice.answers for choice in options):
            return options, reasons, ""
        own = self._name(f"{name} ticked" if reasons else "ticked")
        codes = {choice.code for choice in reasons}
        rows = [dict(zip(ANSWER_COLUMNS, (own, *tick, ""), strict=True)) for tick in TICKED
                if tick[0] not in codes]  # fmt: skip
        self._used.setdefault(own, rows + [self._row(own, choice) for choice in reasons])
        return options, reasons, own

    def _name(self, name: str) -> str:
        """Key of a list; of two that would be alike, the later one has a number."""
        if name not in self._names:
            key = re.sub(r"\W+", "_", name.casefold(), flags=re.ASCII).strip("_")
            key = key if re.match(r"[a-z]", key) else f"l_{key}".rstrip("_")
            own, count = key, 2
            while own in self._names.values():
                own, count = f"{key}_{count}", count + 1
            self._names[name] = own
        return self._names[name]

    @staticmethod
    def _row(answers: str, choice: Choice) -> dict[str, str]:
        cells = (answers, choice.code, choice.vi, choice.en, choice.kind, choice.also)
        return dict(zip(ANSWER_COLUMNS, cells, strict=True))

    def code(self, name: str, choice: str) -> str | None:
        """The code of a choice of a list, None where it has no such choice."""
        return next((own.code for own in self.lists[name] if own.name == choice), None)

    def tick_code(self, answers: str, is_ticked: bool) -> str | None:
        """The code of an option that was ticked, or was not, in the list of its answers."""
        for row in self._used[answers]:
            is_off = row["code"] == "0" or row["kind"] == "not_selected"
            if row["kind"] in ("valid", "not_selected") and is_off != is_ticked:
                return row["code"]
        return None

    def answers(self) -> pd.DataFrame:
        """Rows of answers.csv of every list in use."""
        rows = [row for own in self._used.values() for row in own]
        return pd.DataFrame(rows, columns=ANSWER_COLUMNS, dtype="str")

    @property
    def lost(self) -> list[Note]:
        """What of the choices is in no answer list."""
        unused = [Note("list_unused", self.sheet.name, row, "list_name", name)
                  for name, row in self._first_rows.items() if name not in self._seen]  # fmt: skip
        return [note for name, note in self._lost if name not in self.lists or name in self._seen
                ] + unused  # fmt: skip

    @property
    def told(self) -> list[Note]:
        """What was changed or guessed in the lists that are used."""
        bare = sorted(at for name, rows in self._untranslated.items() if name in self._seen
                      for at in rows)  # fmt: skip
        notes = [note for name, note in self._told if name in self._seen]
        if bare:
            notes.append(Note("translation", self.sheet.name, bare[0], None, str(len(bare))))
        return notes
