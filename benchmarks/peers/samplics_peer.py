"""The samplics library: means by district with linearised errors, one item at a time.
Not here: its bootstrap, which is not measured; means are enough to place it."""

from __future__ import annotations

import harness
import numpy as np
import pandas as pd
import survey_data as survey
from samplics.estimation import TaylorEstimator
from samplics.utils.types import PopParam


def prepare(data: survey.Data) -> pd.DataFrame:
    columns = {"psu": data.psu, "stratum": data.stratum, "district": data.district}
    items = {f"q{j}": survey.value_answers(data, j) for j in range(survey.ITEMS)}
    return pd.DataFrame(columns | {"weight": data.weights} | items)


def estimate_means(frame: pd.DataFrame, request: harness.Request) -> list[TaylorEstimator]:
    estimates = []
    for item in request.items:
        estimator = TaylorEstimator(PopParam.mean)
        estimator.estimate(
            y=frame[f"q{item}"], samp_weight=frame["weight"], stratum=frame["stratum"],
            psu=frame["psu"], domain=frame["district"], remove_nan=True,
        )  # fmt: skip
        estimates.append(estimator)
    return estimates


def tidy(raw, request: harness.Request) -> tuple[np.ndarray, np.ndarray]:
    def read_table(name: str) -> np.ndarray:
        return np.array(
            [[getattr(one, name)[k] for k in range(survey.DISTRICTS)] for one in raw], dtype=float
        )

    return read_table("point_est"), read_table("stderror")


JOBS = {"means": harness.Job(prepare, estimate_means, tidy)}


if __name__ == "__main__":
    harness.measure(JOBS, "samplics")
