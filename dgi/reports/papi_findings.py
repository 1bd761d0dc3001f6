"""Belongs here: what the published PAPI figures of one province and year say, as sentences.
Does not belong here: the tables and charts of that report (papi_report.py)."""

from __future__ import annotations

import pandas as pd

from .common import nodes, scale_of_total
from .language import Pair, Texts, is_missing, is_true, joined, number, percent, split_flags

TOP = 3
OFFICIAL_RULE = 0.05


def row_at(diagnosis: pd.DataFrame, level: str) -> pd.Series | None:
    """The single diagnosis row of 'total' or 'common_core', if there is one."""
    found = diagnosis[diagnosis["level"] == level]
    return None if found.empty else found.iloc[0]


def comparison_row(diagnosis: pd.DataFrame) -> tuple[pd.Series, bool] | None:
    """The row that carries the comparable change, and whether it is the common core's.

    None when neither the total nor the common core can be compared with an earlier year. The
    total speaks only where the contributions count from its own base year.
    """
    total, core = row_at(diagnosis, "total"), row_at(diagnosis, "common_core")
    if core is not None and is_missing(core["change"]):
        core = None
    if total is None or not is_true(total["comparable"]) or is_missing(total["change"]):
        return None if core is None else (core, True)
    if core is not None and core["base_year"] != total["base_year"]:
        return core, True
    return total, False


def why_no_comparison(texts: Texts, year: int, diagnosis: pd.DataFrame) -> Pair:
    """Why the total of `year` has no comparable earlier total, by its row of the diagnosis."""
    total = row_at(diagnosis, "total")
    if total is None or is_missing(total["score"]):
        return texts.say("papi.why.suppressed_now", year=year)
    if not is_missing(total["base_year"]):
        return texts.say("papi.why.break", base=int(total["base_year"]))
    is_first = "no_base_year" in split_flags(total["flag"])
    return texts.say("papi.why.first_year" if is_first else "papi.why.no_valid_base")


def findings(
    texts: Texts, year: int, province: Pair, province_code: str, scores: pd.DataFrame,
    diagnosis: pd.DataFrame, tree: pd.DataFrame, reasons: pd.DataFrame,
) -> list[Pair]:  # fmt: skip
    """The key sentences of the summary, each supported by a figure of the diagnosis."""
    total = row_at(diagnosis, "total")
    if total is None or is_missing(total["score"]):
        said = _unpublished(texts, year, province, diagnosis, tree, reasons)
    else:
        said = _position(texts, year, province, total, tree)
    said += _change(texts, year, province_code, scores, diagnosis)
    said += _falls(texts, diagnosis, tree)
    said += _lags(texts, diagnosis, tree)
    return [*said, texts.say("papi.caution")]


def _position(
    texts: Texts, year: int, province: Pair, total: pd.Series, tree: pd.DataFrame
) -> list[Pair]:
    low, high = scale_of_total(tree)
    band = texts.band_name(total["band"])
    said = [
        texts.say(
            "papi.total", year=year, province=province, score=number(total["score"]),
            low=f"{low:g}", high=f"{high:g}", rank=int(total["rank"]), n=int(total["ranked_n"]),
            band=Pair(band.vi.lower(), band.en.lower()),
        )
    ]  # fmt: skip
    if not is_missing(total["gap_to_median"]):
        said.append(
            texts.say(
                "papi.total_distance", gap=number(total["gap_to_median"], signed=True),
                median=number(total["median"]), best=number(total["best_quarter"]),
                gap_best=number(total["gap_to_best_quarter"], signed=True),
            )
        )  # fmt: skip
    return said


def _unpublished(
    texts: Texts, year: int, province: Pair, diagnosis: pd.DataFrame, tree: pd.DataFrame,
    reasons: pd.DataFrame,
) -> list[Pair]:  # fmt: skip
    reason = reasons[reasons["key"] == "total"]
    why = texts.say("papi.no_reason")
    if not reason.empty:
        first = reason.iloc[0]
        why = Pair(_as_clause(first["reason_vi"]), _as_clause(first["reason_en"]))
    said = [texts.say("papi.no_total", year=year, province=province, reason=why)]
    scored = set(diagnosis.loc[diagnosis["score"].notna(), "key"])
    dimensions = nodes(tree, "dimension")
    missing = dimensions[~dimensions["key"].isin(scored)]
    if len(missing) == len(dimensions):
        return [*said, texts.say("papi.nothing_published", count=len(dimensions))]
    if len(missing):
        names = joined(Pair(row.name_vi, row.name_en) for row in missing.itertuples())
        said.append(texts.say("papi.not_published", names=names))
    return [*said, texts.say("papi.partial")]


def _as_clause(reason: str) -> str:
    """A reason as part of a sentence: no capital, no full stop."""
    clean = str(reason).strip().rstrip(".")
    return clean[:1].lower() + clean[1:]


def _change(
    texts: Texts, year: int, province_code: str, scores: pd.DataFrame, diagnosis: pd.DataFrame
) -> list[Pair]:
    compared = comparison_row(diagnosis)
    if compared is None:
        reason = why_no_comparison(texts, year, diagnosis)
        return [texts.say("papi.no_change", reason=reason)]
    row, is_core = compared
    official = "papi.official_yes" if is_true(row["is_official_change"]) else "papi.official_no"
    national = row["national_median_change"]
    net = row["change_net_of_country"]
    base = int(row["base_year"])
    said = _published_totals(texts, year, province_code, scores, row) if is_core else []
    if base < year - 1:
        skipped = joined(Pair(str(one), str(one)) for one in range(base + 1, year))
        said.append(texts.say("papi.spans", base=base, skipped=skipped, n=year - base))
    return [
        *said,
        texts.say(
            "papi.change_core" if is_core else "papi.change",
            base=base,
            verb=verb(texts, row["change"]),
            change=number(abs(row["change"])),
            relative=percent(row["relative_change"], signed=True),
            national=Pair("–", "–") if is_missing(national) else number(national, signed=True),
            net=Pair("–", "–") if is_missing(net) else number(net, signed=True),
            official=texts.say(official),
        ),
    ]


def _published_totals(
    texts: Texts, year: int, province_code: str, scores: pd.DataFrame, row: pd.Series
) -> list[Pair]:
    """Both published totals, where they exist but differ in make-up."""
    own = scores[(scores["level"] == "total") & (scores["province_code"] == province_code)]
    by_year = own.set_index("survey_year")["score"]
    base = int(row["base_year"])
    totals = by_year.reindex([base, year])
    if totals.isna().any():
        return []
    before, now = (number(value) for value in totals)
    return [texts.say("papi.two_totals", base=base, year=year, before=before, now=now)]


def verb(texts: Texts, change: float) -> Pair:
    return texts.say("word.fell" if change < 0 else "word.rose")


def _falls(texts: Texts, diagnosis: pd.DataFrame, tree: pd.DataFrame) -> list[Pair]:
    compared = diagnosis[(diagnosis["level"] == "dimension") & diagnosis["change"].notna()]
    if compared.empty:
        return []
    fell = compared[compared["relative_change"] <= -OFFICIAL_RULE]
    fell = _named(fell, tree).sort_values("relative_change")
    # Dimensions may count from different years: each year is named with its own.
    said = []
    for base, rows in fell.groupby("base_year", sort=True):
        items = [
            texts.say(
                "papi.item_change", name=Pair(row.name_vi, row.name_en),
                change=number(row.change, signed=True),
                relative=percent(row.relative_change, signed=True),
            )
            for row in rows.itertuples()
        ]  # fmt: skip
        said.append(texts.say("papi.fell", base=int(base), names=joined(items)))
    if fell.empty:
        years = sorted({int(base) for base in compared["base_year"]})
        bases = joined(Pair(str(base), str(base)) for base in years)
        said.append(texts.say("papi.fell_none", base=bases))
    took = contributions(diagnosis, tree)
    # A fall that all provinces share is not read as a local one (method §9): where every
    # province moves alike, the question is likelier to have changed than the places.
    beyond = took["contribution"] - took["national_median_change"]
    took = took.assign(beyond=beyond).sort_values(["beyond", "key"])
    took = took[(took["contribution"] < 0) & (took["beyond"] < 0)].head(TOP)
    if took.empty:
        return said
    items = [
        texts.say(
            "papi.item_took", name=Pair(row.name_vi, row.name_en),
            change=number(row.contribution, signed=True),
            national=number(row.national_median_change, signed=True),
        )
        for row in took.itertuples()
    ]  # fmt: skip
    compared_row = comparison_row(diagnosis)
    is_core = compared_row is not None and compared_row[1]
    key = "papi.took_core" if is_core else "papi.took"
    since = int(took["base_year"].iloc[0])
    return [*said, texts.say(key, base=since, names=joined(items))]


def _lags(texts: Texts, diagnosis: pd.DataFrame, tree: pd.DataFrame) -> list[Pair]:
    parts = diagnosis[(diagnosis["level"] == "sub_dimension") & diagnosis["gap_to_median"].notna()]
    if parts.empty:
        return []
    behind = _named(parts[parts["gap_to_median"] < 0], tree).sort_values("gap_to_median").head(TOP)
    if behind.empty:
        return [texts.say("papi.lag_none")]
    items = [
        texts.say(
            "papi.item_gap", name=Pair(row.name_vi, row.name_en),
            gap=number(row.gap_to_median, signed=True), rank=int(row.rank), n=int(row.ranked_n),
        )
        for row in behind.itertuples()
    ]  # fmt: skip
    return [texts.say("papi.lag", names=joined(items))]


def contributions(diagnosis: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Sub-dimensions with a contribution to the comparable total, the most negative first.

    base_year, base_score and national_median_change are those of the contribution, which counts
    from the total's base year even where the sub-dimension itself has a later one. Empty when
    the total cannot be compared: single changes then do not add up to anything.
    """
    if comparison_row(diagnosis) is None:
        return _named(diagnosis.iloc[0:0], tree)
    parts = diagnosis[(diagnosis["level"] == "sub_dimension") & diagnosis["contribution"].notna()]
    parts = parts.assign(
        base_year=parts["contribution_base_year"],
        base_score=parts["score"] - parts["contribution"],
        national_median_change=parts["contribution_median"],
    )
    return _named(parts, tree).sort_values(["contribution", "key"], ignore_index=True)


def _named(rows: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    names = tree[["key", "code", "name_vi", "name_en"]]
    kept = rows.drop(columns=["code", "name_vi", "name_en"], errors="ignore")
    return kept.merge(names, on="key", how="inner")
