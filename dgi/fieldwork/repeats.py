"""Interviews that stand in a delivery more than once: copies of one, and ids that are contested.
Not here: near-duplicates made up by an interviewer, or setting anything aside (responses.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dgi.fieldwork.values import Answers, Reading, clean

KEYS = ("respondent_id", "submission")


def linked_interviews(keys: pd.DataFrame) -> pd.Series:
    """Number of the interview each row claims to be: equal for rows that share a key.

    `keys`: text columns, '' where none is given. Rows are linked by any key, and through rows
    between them. Returns int64; a row that shares nothing has a number of its own.
    """
    count = len(keys)
    rows, names = [], []
    offset = count
    for column in keys:
        positions, spellings = pd.factorize(keys[column].where(keys[column] != ""))
        given = positions >= 0
        rows.append(np.flatnonzero(given))
        names.append(positions[given] + offset)
        offset += len(spellings)
    ends = np.concatenate(rows), np.concatenate(names)
    graph = coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(offset, offset))
    _, labels = connected_components(graph, directed=False)
    return pd.Series(labels[:count].astype("int64"), index=keys.index)


def find_copies(
    frame: pd.DataFrame,
    interviews: pd.Series,
    design: dict[str, Reading],
    fieldwork: dict[str, Reading],
    answers: Answers,
) -> pd.Series:
    """Rows that repeat the content of another row of the same interview: bool, all but one.

    Content is every design column and every answer. The copy that is kept is chosen by what it
    holds (an id, then a correction, then most fieldwork values), so that the order of rows, files
    and columns decides nothing that can be seen in the responses.
    """
    several = interviews.duplicated(keep=False).to_numpy()
    is_copy = pd.Series(False, index=frame.index)
    if not several.any():
        return is_copy
    rows = frame[several]
    parts = [interviews[several].to_numpy(), *(_said(frame, name, design[name], several)
                                               for name in design)]  # fmt: skip
    content = np.column_stack([*parts, answers.spellings[several]]).astype(np.int64)
    own = np.ascontiguousarray(content).view(f"V{content.shape[1] * 8}").ravel()
    _, same = np.unique(own, return_inverse=True)
    order = pd.DataFrame({"same": same}, index=rows.index)
    order["no_id"] = rows["respondent_id"] == ""
    order["respondent_id"] = rows["respondent_id"]
    order["as_delivered"] = ~rows["is_corrected"]
    held = {name: read.values[several] for name, read in fieldwork.items()}
    order["gaps"] = sum((values.isna().astype(int) for values in held.values()), start=0)
    for name, values in held.items():
        order[f"held {name}"] = values.astype("str").fillna("")
    for name in ("is_sample", "_file", "_sheet", "_row"):
        order[name] = rows[name]
    order = order.sort_values(list(order.columns))
    is_copy[order.index[order.duplicated("same")]] = True
    return is_copy


def _said(frame: pd.DataFrame, name: str, read: Reading, several: np.ndarray) -> np.ndarray:
    """Numbers that are equal where a column says the same; what cannot be read says its text."""
    values = read.values[several]
    unread = "text " + clean(frame.loc[several, name])
    return pd.factorize(values.astype("str").where(values.notna(), unread))[0]
