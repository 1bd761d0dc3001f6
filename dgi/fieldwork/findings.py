"""Findings as things to verify: what was set aside beside what a check found, each with its place.
Not here: the checks (quality.py), or the workbook that goes back to the team (dgi.reports)."""

from __future__ import annotations

import pandas as pd

from dgi.facts.spelling import column_letter
from dgi.fieldwork.quality import FINDING_COLUMNS
from dgi.fieldwork.rejections import RULES

SET_ASIDE = "set_aside"
SEVERITY_OF_SCOPE = {"row": "error", "answer": "warn", "duplicate": "info"}
PLACED_COLUMNS = [*FINDING_COLUMNS, "file", "sheet", "row", "column", "cell", "current",
                  "reason_vi", "reason_en", "next_vi", "next_en"]  # fmt: skip
SETTLE = (
    "Xem phiếu gốc; ghi giá trị đúng, hoặc 'rút' nếu phiếu không có thật.",
    "Look at the form; give the right value, or 'rút' if the interview did not happen.",
)


def place_findings(
    findings: pd.DataFrame,
    rejected: pd.DataFrame,
    raw: pd.DataFrame,
    columns: pd.DataFrame,
    rules: pd.DataFrame,
) -> pd.DataFrame:
    """Findings of checks and rows and values set aside, one row each, with their place.

    `findings`: FINDING_COLUMNS; `rejected`: as typed; `raw`: the rows as corrected (_file, _sheet,
    _row, respondent_id and columns by name), which the ids of findings are from; `columns`: file,
    position, header, name of delivered columns; `rules`: check, rule_vi, rule_en, next_vi,
    next_en. Returns PLACED_COLUMNS sorted by
    file, row: file, sheet, row, column (header) and cell (AB17) where the finding is of an
    interview or a cell; current: the cell's text as it went through the door (a mask where it
    was no value).
    """
    told = findings.merge(
        rules[["check", "rule_vi", "rule_en", "next_vi", "next_en"]], on="check", how="left"
    ).rename(columns={"rule_vi": "reason_vi", "rule_en": "reason_en"})
    # Of two rows with one id a finding is of the row that was kept.
    out = rejected.loc[rejected["scope"] != "answer", ["file", "row"]]
    is_out = pd.MultiIndex.from_frame(raw[["_file", "_row"]]).isin(pd.MultiIndex.from_frame(out))
    first = raw[(raw["respondent_id"] != "") & ~is_out].sort_values(["_file", "_row"])
    first = first.drop_duplicates("respondent_id").set_index("respondent_id")
    own = told["respondent_id"]
    told = told.assign(
        file=own.map(first["_file"]), sheet=own.map(first["_sheet"]), row=own.map(first["_row"])
    )
    aside = _set_aside(rejected, raw)
    both = pd.concat([told, aside], ignore_index=True)
    texts = [name for name in PLACED_COLUMNS if name not in ("value", "threshold", "row")]
    both = both.reindex(columns=PLACED_COLUMNS)
    both[texts] = both[texts].astype("str").fillna("")
    both["row"] = both["row"].astype("Int64")
    return _with_cells(both, raw, columns).sort_values(
        ["file", "row", "question", "check", "interviewer", "other"], ignore_index=True
    )


def _set_aside(rejected: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """Rows and values that were set aside, as findings."""
    who = raw.set_index(["_file", "_row"])["interviewer"]
    place = pd.MultiIndex.from_frame(rejected[["file", "row"]])
    reasons = rejected["rule"].map(RULES)
    return pd.DataFrame(
        {
            "check": rejected["rule"].to_numpy(),
            "topic": SET_ASIDE,
            "severity": rejected["scope"].map(SEVERITY_OF_SCOPE).to_numpy(),
            "respondent_id": rejected["respondent_id"].to_numpy(),
            "interviewer": who.reindex(place).to_numpy(),
            "question": rejected["column"].to_numpy(),
            "other": "",
            "value": 1.0,
            "threshold": 1.0,
            "file": rejected["file"].to_numpy(),
            "sheet": rejected["sheet"].to_numpy(),
            "row": rejected["row"].to_numpy(),
            "reason_vi": [reason[0] for reason in reasons],
            "reason_en": [reason[1] for reason in reasons],
            "next_vi": SETTLE[0],
            "next_en": SETTLE[1],
        }
    )


def _with_cells(placed: pd.DataFrame, raw: pd.DataFrame, columns: pd.DataFrame) -> pd.DataFrame:
    """Header, cell and present text of every finding that is of one cell."""
    named = columns[columns["name"] != ""].drop_duplicates(["file", "name"])
    cells = placed[["file", "row", "question"]].merge(
        named[["file", "name", "position", "header"]],
        left_on=["file", "question"], right_on=["file", "name"], how="left",
    )  # fmt: skip
    known = cells["position"].notna() & cells["row"].notna()
    letters = cells.loc[known, "position"].astype(int).sub(1).map(column_letter).astype("str")
    cell = (letters + cells.loc[known, "row"].astype(str)).reindex(cells.index).fillna("")
    names = [name for name in raw.columns if name in set(cells.loc[known, "question"])]
    texts = raw.melt(["_file", "_row"], names, "question", "current")
    texts = texts.rename(columns={"_file": "file", "_row": "row"}).astype({"row": "Int64"})
    current = cells.merge(texts, on=["file", "row", "question"], how="left")["current"]
    return placed.assign(
        column=cells["header"].where(known, "").fillna("").to_numpy(),
        cell=cell.to_numpy(),
        current=current.astype("str").fillna("").where(known, "").to_numpy(),
    )
