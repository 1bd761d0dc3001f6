"""What a delivered header means: its name in the questionnaire, by every usual spelling of it.
Not here: the columns of a whole file and what is wrong with them (columns.py)."""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from dgi.facts.questionnaire import Questionnaire
from dgi.facts.spelling import clean, fold
from dgi.ingest.contents import AnswerList, Fit, answer_lists, column_fits

OPTION_FORMS = ("/", "_", ".", ":", "-", "__", "_opt", "_option")  # as tools write it
BRACKETS = re.compile(r"\[\d+\]")
SEPARATORS = re.compile(r"[/.:-]")
# 'C101a. Ông/Bà có biết ...': a number before a wording of several words.
NUMBERED = re.compile(r"\W*([A-Za-z]\w*)(?:\s*[.:)\]-]\s*|\s+)(?:\S+\s+){2,}\S")
LEAST_OF_A_TEXT = 40  # letters by which a label that was cut short is still known
WORDS_OF_A_PERSONS_HEADER = 7


class Meaning(NamedTuple):
    """What one header means. `use`: read, identity, set_aside, drop, or multiple (all ticked
    options of a question in one cell; `name` is then their common header)."""

    name: str
    use: str
    how: str
    clock: str = ""


def plain(header: str) -> str:
    """A header without what does not matter in it: case, spaces, invisible letters."""
    return clean(header).casefold().replace(" ", "")


class HeaderBook:
    """Every header the questionnaire, the tools and usual words give a meaning to; one for all
    files of a questionnaire."""

    def __init__(
        self, questionnaire: Questionnaire, system: pd.DataFrame, identity_words: pd.DataFrame
    ):
        """`system`, `identity_words`: checked tables of dgi.facts.column_maps."""
        self.questionnaire = questionnaire
        headers = questionnaire.known_headers()
        self.names = frozenset(headers.values())
        self._persons = frozenset(questionnaire.names("identity"))
        self._headers = {plain(header): name for header, name in headers.items()}
        self._keys = {plain(name): name for name in headers.values()}
        self.parents = questionnaire.options()
        self._options = {
            plain(f"{parent}{form}{option}"): name
            for parent, options in self.parents.items()
            for option, name in options.items()
            for form in OPTION_FORMS
        }
        self._parents = {plain(parent): parent for parent in self.parents}
        self._texts = _texts(questionnaire)
        self._told: dict[str, Meaning | None] = {}
        self._system = [
            (plain(row.header), Meaning(row.name, row.use, "system", row.clock))
            for row in system.itertuples(index=False)
        ]
        words = zip(identity_words["word"], identity_words["name"], strict=True)
        self._words = sorted(
            ((fold(word).split(), name) for word, name in words), key=lambda w: -len(w[0])
        )

    @cached_property
    def lists(self) -> dict[str, AnswerList]:
        """The questionnaire's answer lists by name."""
        return answer_lists(self.questionnaire)

    @cached_property
    def fits(self) -> dict[str, Fit]:
        """How well texts fit each column, by name."""
        return column_fits(self.questionnaire, self.lists)

    def find(self, header: str, label: str = "") -> Meaning | None:
        """What a column means by its header, else by its variable's label; None if unknown."""
        own = self.find_question(header)
        if own is None and label:
            own = self.find_question(label)
            own = own and own._replace(how="label")
        return own or self._find_system(header) or self._find_person(header, label)

    def rank_of(self, header: str) -> int:
        """Place of a tool's column in the table of tools: of two of a name, the first is read."""
        key = plain(header)
        return next((at for at, (own, _) in enumerate(self._system) if _is_like(key, own)), -1)

    def _meant(self, name: str, how: str) -> Meaning:
        return Meaning(name, "identity" if name in self._persons else "read", how)

    def find_question(self, header: str) -> Meaning | None:
        """What a header means among the questionnaire's own columns; None if nothing."""
        if header not in self._told:
            self._told[header] = self._seek(header)
        return self._told[header]

    def _seek(self, header: str) -> Meaning | None:
        key = plain(BRACKETS.sub("", header))
        whole = self._find_exact(key)
        if whole:
            return whole
        for mark in SEPARATORS.finditer(key):
            found = self._find_exact(key[mark.end() :])
            if found:
                return found if found.use == "multiple" else found._replace(how="segment")
        starts = [0, *(mark.end() for mark in SEPARATORS.finditer(header))]
        for start in starts:
            name = self._find_text(fold(header[start:]))
            if name:
                return self._meant(name, "text")
        numbered = NUMBERED.match(header)
        if numbered and any(letter.isdigit() for letter in numbered[1]):
            found = self._find_exact(plain(numbered[1]))
            return found and found._replace(how="text")
        return None

    def _find_exact(self, key: str) -> Meaning | None:
        for table, how in ((self._headers, "header"), (self._keys, "key"),
                           (self._options, "option")):  # fmt: skip
            if key in table:
                return self._meant(table[key], how)
        parent = self._parents.get(key)
        return None if parent is None else Meaning(parent, "multiple", "header")

    def _find_text(self, folded: str) -> str:
        if folded in self._texts:
            return self._texts[folded]
        if len(folded) < LEAST_OF_A_TEXT:
            return ""
        longer = {name for text, name in self._texts.items() if text.startswith(folded)}
        return longer.pop() if len(longer) == 1 else ""

    def _find_system(self, header: str) -> Meaning | None:
        key = plain(header)
        ends = [key, *(key[mark.end() :] for mark in re.finditer("/", key))]
        for end in ends:
            for own, meaning in self._system:
                if not _is_like(end, own):
                    continue
                if meaning.name and meaning.name not in self.names:
                    return meaning._replace(name="", use="set_aside")
                is_person = meaning.name in self._persons
                return meaning._replace(use="identity") if is_person else meaning
        return None

    def _find_person(self, header: str, label: str) -> Meaning | None:
        for text in (header, label):
            words = fold(text.replace("_", " ")).split()
            if not 0 < len(words) <= WORDS_OF_A_PERSONS_HEADER:
                continue
            for sought, name in self._words:
                starts = range(len(words) - len(sought) + 1)
                if any(words[start : start + len(sought)] == sought for start in starts):
                    return Meaning(name if name in self.names else "", "identity", "identity_word")
        return None


def _is_like(key: str, pattern: str) -> bool:
    return key == pattern or ("*" in pattern and fnmatchcase(key, pattern))


def _texts(questionnaire: Questionnaire) -> dict[str, str]:
    """Folded wording -> name, of wordings that only one column has."""
    tables = (
        questionnaire.questions.rename(columns={"question": "name"}),
        questionnaire.fixed,
        questionnaire.carried,
    )
    pairs = {
        (fold(text), row.name)
        for table in tables
        for row in table[["name", "text_vi", "text_en"]].itertuples(index=False)
        for text in (row.text_vi, row.text_en)
    }
    times = Counter(text for text, _ in pairs)
    return {text: name for text, name in pairs if times[text] == 1}
