"""The door for fact files: reads the tables under data/ and hands them to the room that checks.
Not here: the rules of any table; a wrong fact raises FactError from the room that owns it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from dgi.errors import FactError, Fault
from dgi.facts.census import CensusRow, CommuneAdultsRow, SexAgeRow, district_margins
from dgi.facts.column_maps import (
    ColumnMap,
    check_encodings,
    check_identity_words,
    check_system_columns,
)
from dgi.facts.comparisons import ClaimRow, ComparisonRow, check_claims, check_comparisons
from dgi.facts.decision import Decision
from dgi.facts.fieldwork_rules import FILE, SHEET, WHERE, check_fieldwork_rules
from dgi.facts.indicator_sets import REPAIR as SET_REPAIR
from dgi.facts.indicator_sets import IndicatorSet, IndicatorSetRow
from dgi.facts.questionnaire import REPAIR as QUESTIONNAIRE_REPAIR
from dgi.facts.questionnaire import Questionnaire, QuestionnaireRow
from dgi.facts.rows import Row, check_rows
from dgi.facts.surveys import DesignRow, SurveyRow, check_designs, check_surveys
from dgi.facts.units import Units
from dgi.fieldwork.back_checks import check_back_check_types
from dgi.fieldwork.quality import ARGUMENTS
from dgi.ingest.boundaries import Boundaries
from dgi.ingest.deliveries import Form
from dgi.ingest.door import read_file
from dgi.ingest.headers import HeaderBook
from dgi.ingest.xlsform_rules import load_form_rules
from dgi.papi.policy import PolicyRow, check_policy
from dgi.papi.scores import (
    ProvinceRow,
    SourceRow,
    SuppressionRow,
    published_scores,
)

CENSUS_REPAIR = "Correct the cell; data/census/README.md says what each column means."


def read_table(path: Path) -> pd.DataFrame:
    """A fact table as text, one column per header, blanks as ''. Raises FactError."""
    try:
        # Header and rows are read alike: a line of other length is an error, never a shift.
        lines = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8", header=None,
                            index_col=False, skip_blank_lines=False)  # fmt: skip
    except FileNotFoundError:
        raise FactError([Fault(str(path), "the fact file is missing",
                               "Restore it from version control.")]) from None  # fmt: skip
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FactError([Fault(str(path), f"not a readable CSV table: {error}",
                               "Save it as UTF-8, comma-separated, one header line.")
        ]) from None  # fmt: skip
    header = [str(name) for name in lines.iloc[0]]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise FactError([Fault(str(path), "a column stands twice", "Remove or rename one of them.",
                               row=1, column=name) for name in repeated])  # fmt: skip
    return lines.iloc[1:].set_axis(header, axis=1).reset_index(drop=True)


class Facts:
    """Every fact under one folder, read once and checked when first asked for."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    def _rows(self, relative: str, model: type[Row], action: str) -> pd.DataFrame:
        where = f"data/{relative}"
        return check_rows(read_table(self.folder / relative), model, where, action)

    @cached_property
    def surveys(self) -> pd.DataFrame:
        """The survey register, one row per survey year."""
        return check_surveys(read_table(self.folder / "surveys.csv"))

    @lru_cache  # noqa: B019 - one Facts lives as long as the process
    def survey(self, year: int) -> SurveyRow:
        """The register's row of one survey year, its set and questionnaire checked together.

        Raises FactError when the year has no row, names a version that does not serve it, or
        the set asks what the questionnaire does not.
        """
        rows = self.surveys[self.surveys["survey_year"] == year]
        if rows.empty:
            raise FactError([Fault("data/surveys.csv", f"survey year {year} has no row",
                                   "Add the row: docs/new-survey-year.md.")])  # fmt: skip
        survey = SurveyRow.model_validate(rows.iloc[0].to_dict())
        for column, registry in (("indicator_set", self.indicator_sets),
                                 ("questionnaire", self.questionnaires)):  # fmt: skip
            name = getattr(survey, column)
            serving = registry[
                (registry[column] == name) & registry["first_year"].le(year)
                & registry["last_year"].ge(year)
            ]  # fmt: skip
            if serving.empty:
                raise FactError([Fault("data/surveys.csv", f"no such {column} serves {year}",
                                       "Correct the name, or its first_year and last_year in the"
                                       " registry.", column=column, value=name)])  # fmt: skip
        self.indicator_set(survey.indicator_set).check_against(
            self.questionnaire(survey.questionnaire)
        )
        self.design(survey.design)
        return survey

    @lru_cache  # noqa: B019
    def design(self, name: str) -> DesignRow:
        """The sampling design of that name."""
        fixed = self.table("questionnaires/fixed_columns.csv")["name"]
        rows = check_designs(read_table(self.folder / "designs.csv"), set(fixed))
        own = rows[rows["design"] == name]
        if own.empty:
            raise FactError([Fault("data/surveys.csv", "no such design in data/designs.csv",
                                   "Correct the name, or add the design's row.",
                                   column="design", value=name)])  # fmt: skip
        return DesignRow.model_validate(own.iloc[0].to_dict())

    @cached_property
    def comparisons(self) -> list[ComparisonRow]:
        """Which earlier years a year is compared with, in the file's order."""
        table = read_table(self.folder / "comparisons.csv")
        return check_comparisons(table, list(self.surveys["survey_year"]))

    def claims(self, codes: Sequence[str], placeholders: Sequence[str]) -> dict[str, ClaimRow]:
        """What may be said of a change, by code; `codes`, `placeholders`: what the software has."""
        return check_claims(read_table(self.folder / "labels/claims.csv"), codes, placeholders)

    @cached_property
    def units(self) -> Units:
        """The register of districts and communes."""
        return Units.from_tables(
            read_table(self.folder / "units/districts.csv"),
            read_table(self.folder / "units/communes.csv"),
            read_table(self.folder / "units/shares.csv"),
        )

    @cached_property
    def provinces(self) -> pd.DataFrame:
        """The 63 provinces: code, GSO code, names."""
        action = "Correct the cell; data/units/README.md says what each column means."
        return self._rows("units/provinces.csv", ProvinceRow, action)

    @cached_property
    def indicator_sets(self) -> pd.DataFrame:
        """The registry of indicator sets, one row per version."""
        return self._rows("indicator_sets/sets.csv", IndicatorSetRow, SET_REPAIR)

    @lru_cache  # noqa: B019 - one Facts lives as long as the process
    def indicator_set(self, name: str) -> IndicatorSet:
        """One version of the tree."""
        return IndicatorSet.from_table(name, read_table(self.folder / f"indicator_sets/{name}.csv"))

    def set_as_asked(self, year: int) -> IndicatorSet:
        """A survey year's tree with the questionnaire that it was asked by, to be compared."""
        survey = self.survey(year)
        own = self.indicator_set(survey.indicator_set)
        return own.asked_by(self.questionnaire(survey.questionnaire))

    def papi_set(self, year: int) -> IndicatorSet:
        """The structure of published PAPI in `year`."""
        sets = self.indicator_sets
        serving = sets[
            (sets["kind"] == "papi") & (sets["first_year"] <= year) & (sets["last_year"] >= year)
        ]
        if len(serving) != 1:
            raise FactError([Fault("data/indicator_sets/sets.csv",
                                   f"{len(serving)} PAPI structures serve {year}",
                                   "Exactly one row of kind papi must cover the year.")
            ])  # fmt: skip
        return self.indicator_set(str(serving.iloc[0]["indicator_set"]))

    def set_statement(self, name: str) -> dict[str, str]:
        """What must be said wherever a set is shown: {'vi': ..., 'en': ...}."""
        row = self.indicator_sets.set_index("indicator_set").loc[name]
        return {"vi": str(row["statement_vi"]), "en": str(row["statement_en"])}

    @cached_property
    def questionnaires(self) -> pd.DataFrame:
        """The registry of questionnaires and the survey years they serve."""
        return self._rows(
            "questionnaires/questionnaires.csv", QuestionnaireRow, QUESTIONNAIRE_REPAIR
        )

    @lru_cache  # noqa: B019
    def questionnaire(self, name: str) -> Questionnaire:
        """One questionnaire version."""
        if name not in set(self.questionnaires["questionnaire"]):
            raise FactError([Fault("data/questionnaires/questionnaires.csv",
                                   "the questionnaire is not registered",
                                   "Add its row.", value=name)])  # fmt: skip
        return Questionnaire.from_tables(
            name,
            read_table(self.folder / f"questionnaires/{name}.csv"),
            read_table(self.folder / "questionnaires/answers.csv"),
            read_table(self.folder / "questionnaires/fixed_columns.csv"),
        )

    @cached_property
    def tool_columns(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Columns that collection software adds, and words by which persons' columns are known."""
        return (
            check_system_columns(read_table(self.folder / "column_maps/system_columns.csv")),
            check_identity_words(read_table(self.folder / "column_maps/identity_words.csv")),
        )

    def column_map(self, year: int) -> ColumnMap:
        """What delivered columns of a survey year are called; empty where no map was needed."""
        where = f"column_maps/{year}.csv"
        path = self.folder / where
        if not path.exists():
            return ColumnMap.empty(f"data/{where}")
        return ColumnMap.from_table(read_table(path), f"data/{where}")

    @cached_property
    def fieldwork_rules(self) -> pd.DataFrame:
        """The survey manager's checks of fieldwork and their thresholds."""
        path = self.folder / "fieldwork/checks.xlsx"
        try:
            file = read_file(FILE, path.read_bytes())
            sheet = next(sheet for sheet in file.sheets if sheet.name == SHEET)
        except (OSError, StopIteration):
            raise FactError([
                Fault(WHERE, f"there is no workbook with a sheet {SHEET}",
                      "Restore it from version control.",
                      rule_vi=f"không có sổ tính với trang {SHEET}",
                      action_vi="Lấy lại tệp từ hệ thống quản lý phiên bản.")
            ]) from None  # fmt: skip
        header = list(sheet.header)
        repeated = sorted({name for name in header if header.count(name) > 1})
        if repeated:
            raise FactError([
                Fault(WHERE, "a column stands twice", "Remove or rename one of them.",
                      row=sheet.header_row, column=name, rule_vi="một cột đứng hai lần",
                      action_vi="Bỏ hoặc đổi tên một cột.") for name in repeated
            ])  # fmt: skip
        return check_fieldwork_rules(sheet.frame.fillna("").set_axis(header, axis=1), ARGUMENTS)

    @cached_property
    def back_check_types(self) -> pd.DataFrame:
        """Which type of back-check each question is for."""
        questions = {
            question
            for name in self.questionnaires["questionnaire"]
            for question in self.questionnaire(name).questions["question"]
        }
        table = read_table(self.folder / "questionnaires/back_check_types.csv")
        return check_back_check_types(table, questions)

    @cached_property
    def boundaries(self) -> Boundaries | None:
        """The map that the user has put at data/units/boundaries.geojson, None without one."""
        path = self.folder / "units/boundaries.geojson"
        if not path.exists():
            return None
        return Boundaries.from_geojson(path.read_bytes(), "data/units/boundaries.geojson")

    @lru_cache  # noqa: B019
    def form(self, year: int, is_again: bool = False) -> Form:
        """What the files of a survey year are read by; `is_again`: those of its back-checks."""
        survey = self.survey(year)
        questionnaire = self.questionnaire(survey.questionnaire)
        if is_again:
            questionnaire = questionnaire.asked_again()
        form = Form(
            key=f"{year} again" if is_again else str(year),
            survey_year=year,
            questionnaire=questionnaire,
            book=HeaderBook(questionnaire, *self.tool_columns),
            column_map=ColumnMap.empty("") if is_again else self.column_map(year),
            encodings=check_encodings(read_table(self.folder / "column_maps/encodings.csv")),
            units=self.units,
            day=survey.reference_date,
            boundaries=self.boundaries,
        )
        if not is_again:
            load_form_rules(self.folder, survey, form)  # an unreadable form stops the year
        return form

    def satisfaction_question(self, name: str) -> str:
        """The question on overall satisfaction of one questionnaire, '' where none is asked."""
        rows = self.questionnaires.set_index("questionnaire")
        question = str(rows.loc[name, "satisfaction"])
        if question and question not in set(self.questionnaire(name).questions["question"]):
            raise FactError([Fault("data/questionnaires/questionnaires.csv",
                                   f"the questionnaire {name} has no such question",
                                   "Correct the question, or leave the cell blank.",
                                   column="satisfaction", value=question)])  # fmt: skip
        return question

    @cached_property
    def censuses(self) -> pd.DataFrame:
        """The registry of censuses, one row each."""
        return self._rows("census/censuses.csv", CensusRow, CENSUS_REPAIR)

    def census_day(self, census: str) -> date:
        """The day whose communes and districts a census counts."""
        return self.censuses.set_index("census").loc[census, "reference_date"]

    def commune_adults(self, census: str) -> pd.DataFrame:
        """Adults of every commune in one census."""
        rows = self._rows("census/commune_adults.csv", CommuneAdultsRow, CENSUS_REPAIR)
        return rows[rows["census"] == census].reset_index(drop=True)

    def sex_age(self, census: str) -> pd.DataFrame:
        """Sex and age shares of every district in one census."""
        rows = self._rows("census/sex_age.csv", SexAgeRow, CENSUS_REPAIR)
        return rows[rows["census"] == census].reset_index(drop=True)

    @lru_cache  # noqa: B019
    def margins(self, census: str, day: date) -> pd.DataFrame:
        """Adult population of every district on the boundary of `day`, by census margin."""
        return district_margins(
            self.commune_adults(census),
            self.sex_age(census),
            self.units,
            self.census_day(census),
            day,
        )

    @cached_property
    def papi_sources(self) -> pd.DataFrame:
        """Where each published year comes from; its years are the PAPI years."""
        return self._rows("papi/sources.csv", SourceRow, "Correct the cell.")

    @cached_property
    def papi_suppressions(self) -> pd.DataFrame:
        """Every unpublished figure with its reason."""
        return self._rows("papi/suppressions.csv", SuppressionRow, "Correct the cell.")

    @cached_property
    def papi_policy(self) -> PolicyRow:
        """Which earlier year a published figure is compared with."""
        return check_policy(read_table(self.folder / "papi/policy.csv"))

    def papi_scores(self, year: int) -> pd.DataFrame:
        """Published PAPI of one year, long, ranked and flagged (dgi.papi.scores)."""
        return published_scores(
            year,
            read_table(self.folder / f"papi/{year}.csv"),
            self.papi_set(year),
            self.provinces,
            self.papi_suppressions,
        )

    @cached_property
    def decision(self) -> Decision:
        """Decision 3051/QĐ-UBND as data."""
        return Decision.from_document(
            self.yaml("decision/decision-3051.yaml"), "data/decision/decision-3051.yaml"
        )

    def yaml(self, relative: str) -> Any:
        """One YAML document under the folder. Raises FactError when it cannot be read."""
        try:
            return yaml.safe_load((self.folder / relative).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise FactError([Fault(f"data/{relative}", f"not a readable YAML document: {error}",
                                   "Correct the line that the message names.")
            ]) from None  # fmt: skip

    def table(self, relative: str) -> pd.DataFrame:
        """A plain label table of text, as it is."""
        return read_table(self.folder / relative)
