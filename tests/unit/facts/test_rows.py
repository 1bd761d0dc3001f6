"""Belongs here: how one wrong cell becomes one fault that a person can act on.
Does not belong here: any particular table of facts."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from dgi.errors import FactError, Fault, FaultsFound, WorkbookError
from dgi.facts.rows import (
    Codes,
    CommuneCode,
    DistrictKey,
    Key,
    OptionalDate,
    OptionalReal,
    Real,
    Row,
    Text,
    Year,
    check_rows,
    check_unique,
    raise_faults,
)


class Sample(Row):
    key: Key
    share: Real
    note: str = ""
    limit: OptionalReal = None
    day: OptionalDate = None
    codes: Codes = ()


GOOD = {"key": "a", "share": "1/3", "note": "", "limit": "", "day": "", "codes": ""}


def frame(*rows) -> pd.DataFrame:
    return pd.DataFrame([{**GOOD, **row} for row in rows])


def checked(*rows) -> pd.DataFrame:
    return check_rows(frame(*rows), Sample, "data/sample.csv", "Correct the cell.")


def refusal(table) -> FactError:
    with pytest.raises(FactError) as caught:
        check_rows(table, Sample, "data/sample.csv", "Correct the cell.")
    return caught.value


def test_cells_are_typed_and_blanks_are_none():
    row = checked({"share": "10/3", "day": "2019-07-01", "codes": "1; 2", "note": " x "}).iloc[0]
    assert row["share"] == 10 / 3 and row["day"] == date(2019, 7, 1)
    assert row["codes"] == (1, 2) and row["note"] == "x" and row["limit"] is None


def test_a_third_is_exactly_a_third():
    assert checked({"share": "1/3"}).loc[0, "share"] == 1 / 3
    assert checked({"share": "0.25"}).loc[0, "share"] == 0.25


@pytest.mark.parametrize(
    ("column", "value"),
    [("key", "Two Words"), ("key", ""), ("share", "a third"), ("share", ""), ("limit", "none"),
     ("day", "1/7/2019"), ("codes", "1;x")],
)  # fmt: skip
def test_a_wrong_cell_is_one_fault_with_its_place_value_and_action(column, value):
    error = refusal(frame({}, {column: value}))
    (fault,) = error.faults
    assert (fault.where, fault.row, fault.column, fault.value) == (
        "data/sample.csv", 3, column, value)  # fmt: skip
    assert str(error).startswith(f"data/sample.csv, row 3, column {column}: ")
    assert str(error).endswith(f"(found {value!r}). Correct the cell.")


def test_all_wrong_cells_are_found_in_one_pass():
    error = refusal(frame({"key": "A"}, {}, {"share": "x", "codes": "y"}))
    assert [(fault.row, fault.column) for fault in error.faults] == [
        (2, "key"), (4, "share"), (4, "codes")]  # fmt: skip


def test_columns_are_checked_before_any_row():
    error = refusal(frame({"key": "WRONG"}).drop(columns="share").assign(extra="1"))
    assert {(fault.column, fault.row) for fault in error.faults} == {("share", 1), ("extra", 1)}
    assert "expected key, share, note" in str(error)


def test_a_column_with_a_default_may_be_left_out():
    table = check_rows(frame({}).drop(columns=["note", "limit"]), Sample, "f", "a")
    assert list(table.columns) == list(Sample.model_fields)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DistrictKey, "193-ha-long", "193-hạ-long"),
        (DistrictKey, "204-hoanh-bo", "hoanh-bo"),
        (CommuneCode, "06649", "6649"),
        (Year, "2016", "16"),
        (Text, "x", "  "),
    ],
)
def test_keys_follow_their_pattern(kind, good, bad):
    model = type("Model", (Row,), {"__annotations__": {"value": kind}})
    assert len(check_rows(pd.DataFrame({"value": [good]}), model, "f", "a")) == 1
    with pytest.raises(FactError):
        check_rows(pd.DataFrame({"value": [bad]}), model, "f", "a")


def test_a_repeated_key_is_named_at_its_second_row():
    (fault,) = check_unique(checked({}, {"key": "b"}, {}), ["key"], "data/sample.csv")
    assert fault.row == 4 and fault.value == "a"


def test_no_fault_raises_nothing():
    raise_faults([])
    with pytest.raises(FactError):
        raise_faults([Fault("f", "r", "a")])


def test_a_fault_reads_from_the_file_to_what_to_do():
    fault = Fault("a.xlsx", "the rule", "Do this.", sheet="TraLoi", row=7, column="C1", value="x")
    assert str(fault) == "a.xlsx, sheet TraLoi, row 7, column C1: the rule (found 'x'). Do this."
    assert str(Fault("a.xlsx", "the rule", "Do this.")) == "a.xlsx: the rule. Do this."


def test_a_long_list_is_cut_in_the_message_and_whole_in_the_error():
    error = FaultsFound(Fault("f", f"rule {n}", "a") for n in range(50))
    assert len(error.faults) == 50
    assert "rule 19" in str(error) and "rule 20" not in str(error)
    assert "30 more of the same file" in str(error)


def test_both_kinds_of_error_can_be_caught_as_one():
    assert issubclass(FactError, FaultsFound) and issubclass(WorkbookError, FaultsFound)
    assert issubclass(FaultsFound, ValueError)
