"""How a fact table is checked on load: one pydantic model per kind of row, one Fault per cell.
Not here: reading files (dgi.ingest.facts), or any particular table (each room models its own)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dgi.errors import FactError, Fault


class Row(BaseModel):
    """Base of every row model: unknown columns are refused, values are stripped text on arrival."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _blank_to_none(value: Any) -> Any:
    return None if value == "" else value


def _fraction(value: Any) -> Any:
    """Accept '1/3' beside '0.25': a third has no exact decimal and scales need one."""
    if isinstance(value, str) and value:
        try:
            return float(Fraction(value))
        except (ZeroDivisionError, OverflowError):
            raise ValueError(
                "a fraction's lower part is not zero, and the number is finite"
            ) from None
    return value


def _codes(value: Any) -> Any:
    """'1;2' -> (1, 2); blank -> ()."""
    if isinstance(value, str):
        return tuple(int(part) for part in value.split(";") if part.strip())
    return value


Text = Annotated[str, Field(min_length=1)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
DistrictKey = Annotated[str, Field(pattern=r"^(\d{3}|\d{5})-[a-z][a-z0-9-]*$")]
CommuneCode = Annotated[str, Field(pattern=r"^\d{5}$")]
Year = Annotated[int, Field(ge=2000, le=2100)]
Real = Annotated[float, BeforeValidator(_fraction)]
Codes = Annotated[tuple[int, ...], BeforeValidator(_codes)]
OptionalReal = Annotated[float | None, BeforeValidator(lambda v: _fraction(_blank_to_none(v)))]
OptionalInt = Annotated[int | None, BeforeValidator(_blank_to_none)]
OptionalDate = Annotated[date | None, BeforeValidator(_blank_to_none)]

FIRST_ROW = 2  # the header is line 1 of the file


def check_rows(frame: pd.DataFrame, model: type[Row], where: str, action: str) -> pd.DataFrame:
    """Type a table of text by its row model.

    `frame`: all columns text, as read, one row per line of the file after the header.
    Returns a frame with the model's columns, in the model's order, typed by it.
    Raises FactError with every wrong cell: file, row, column, value, rule, what to do.
    """
    expected = list(model.model_fields)
    faults = [
        Fault(where, "a column is missing", f"Add the column; expected {', '.join(expected)}.",
              row=1, column=name)
        for name in expected
        if name not in frame.columns and model.model_fields[name].is_required()
    ] + [
        Fault(where, "an unknown column", f"Remove it or name it as one of {', '.join(expected)}.",
              row=1, column=str(name))
        for name in frame.columns
        if name not in expected
    ]  # fmt: skip
    if faults:
        raise FactError(faults)
    records = []
    for number, record in enumerate(frame.to_dict("records"), start=FIRST_ROW):
        try:
            records.append(model.model_validate(record).model_dump())
        except ValidationError as error:
            for problem in error.errors():
                column = str(problem["loc"][0]) if problem["loc"] else None
                value = str(record.get(column, "")) if column else None
                faults.append(
                    Fault(where, problem["msg"], action, row=number, column=column, value=value)
                )
    if faults:
        raise FactError(faults)
    return pd.DataFrame.from_records(records, columns=expected)


def check_unique(frame: pd.DataFrame, columns: Sequence[str], where: str) -> list[Fault]:
    """One Fault for each row that repeats an earlier key."""
    repeated = frame.duplicated(list(columns))
    return [
        Fault(
            where,
            f"the key ({', '.join(columns)}) stands in the file already",
            "Remove one of the rows or correct its key.",
            row=int(position) + FIRST_ROW,
            value=" / ".join(str(frame.iloc[position][name]) for name in columns),
        )
        for position in repeated.to_numpy().nonzero()[0]
    ]


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise FactError when there is at least one fault."""
    found = list(faults)
    if found:
        raise FactError(found)
