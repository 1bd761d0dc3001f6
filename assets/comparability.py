"""Comparability: which keys of a year's indicator set can be compared with an earlier year's.
Not here: the change itself (change.py), or the verdict on a key (dgi.change)."""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from assets.declare import Frames, describe, note
from dgi.change.comparability import compare_sets
from dgi.change.comparison import is_in_reach
from dgi.facts.comparisons import ComparisonRow
from dgi.facts.differences import put_in_words
from pipelines.partitions import SURVEY_YEARS, survey_year
from pipelines.resources import FactsParam


def base_years(comparisons: Sequence[ComparisonRow], year: int) -> dict[str, int]:
    """The base year of each named comparison that reaches one, the latest; a fixed base year is
    compared with itself, so that its own year has a table too."""
    found = {}
    for comparison in comparisons:
        reach = [one for one in SURVEY_YEARS if is_in_reach(comparison, year, one)]
        reach += [year] if comparison.base_year == year else []
        if reach:
            found[comparison.comparison] = max(reach)
    return found


@dg.asset(
    partitions_def=survey_year,
    **describe(
        "set_comparisons",
        "change",
        "One row is one key of the index beside the same key in an earlier year: whether both "
        "measure alike, by the indicator sets and the questionnaires, and what differs.",
        ["data/surveys.csv", "data/comparisons.csv", "data/indicator_sets", "data/questionnaires",
         "data/labels/differences.csv", "assets/comparability.py"],
        tags={"task": "T5"},
    ),
)  # fmt: skip
def set_comparisons(context: dg.AssetExecutionContext, facts: FactsParam) -> Frames:
    labels = facts.table("labels/differences.csv").set_index("aspect")
    tables = {}
    for year in sorted(str(key) for key in context.partition_keys):
        parts = [
            _compare(facts, int(year), comparison, base, labels)
            for comparison, base in base_years(facts.comparisons, int(year)).items()
        ]
        table = pd.concat(parts, ignore_index=True)
        for name, own in table.groupby("comparison")["status"]:
            counts = dg.MetadataValue.json(own.value_counts().to_dict())
            note(context, year, None, **{str(name): counts})
        tables[year] = table.assign(survey_year=int(year))
    return tables


def _compare(
    facts: FactsParam, year: int, comparison: str, base: int, labels: pd.DataFrame
) -> pd.DataFrame:
    """Both versions of the set and the questionnaire, key by key, differences as lines to read."""
    table = compare_sets(facts.set_as_asked(year), facts.set_as_asked(base))
    for language in ("vi", "en"):
        names = dict(zip(table["key"], table[f"name_{language}"], strict=True))
        words = dict(labels[f"name_{language}"])
        table[f"what_differs_{language}"] = [
            put_in_words(own, words, names) for own in table["differences"]
        ]
    differs = [";".join(aspect for aspect, *_ in own) for own in table.pop("differences")]
    return table.assign(comparison=comparison, base_year=base, differs=differs)
