"""The svy library: means by district with linearised errors, and bootstrap of the indicators.
Not here: the composite, which svy does not replicate."""

from __future__ import annotations

import harness
import numpy as np
import polars as pl
import survey_data as survey
import svy


def prepare(data: survey.Data) -> svy.Sample:
    """A polars frame with nulls, and the design on it."""
    columns = {"psu": data.psu, "stratum": data.stratum, "district": data.district}
    items = {f"q{j}": survey.value_answers(data, j) for j in range(survey.ITEMS)}
    frame = pl.DataFrame(columns | {"weight": data.weights} | items)
    frame = frame.with_columns(pl.col(list(items)).fill_nan(None))
    return svy.Sample(frame, svy.Design(stratum="stratum", psu="psu", wgt="weight"))


def estimate_means(sample: svy.Sample, request: harness.Request):
    names = [f"q{j}" for j in request.items]
    return sample.estimation.mean(names, by="district", drop_nulls=True)


def estimate_bootstrap(sample: svy.Sample, request: harness.Request):
    names = [f"q{j}" for j in request.items]
    replicated = sample.weighting.create_bs_wgts(request.replicates, rstate=survey.SEED)
    return replicated.estimation.mean(names, by="district", method="replication", drop_nulls=True)


def tidy(raw, request: harness.Request) -> tuple[np.ndarray, np.ndarray]:
    tables = [estimate.to_polars().sort("district") for estimate in raw]
    return (
        np.array([table["est"].to_numpy() for table in tables]),
        np.array([table["se"].to_numpy() for table in tables]),
    )


JOBS = {
    "means": harness.Job(prepare, estimate_means, tidy),
    "bootstrap": harness.Job(prepare, estimate_bootstrap, tidy),
}


if __name__ == "__main__":
    harness.measure(JOBS, "svy")
