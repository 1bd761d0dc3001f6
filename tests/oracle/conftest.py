"""What the oracle tests share: the data sets that R's package survey ships, read where they lie.
Not here: golden figures (data/), or anything R computes at test time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parent / "data"
# The data sets are the package's own and under its licence, so they are read, not copied here.
EXPORT = """
suppressMessages(library(survey)); data(api); data(fpc); data(mu284); data(nhanes); data(yrbs)
data(hospital); data(scd)
fpcdat <- fpc
for (name in c("apisrs", "apistrat", "apiclus1", "apiclus2", "fpcdat", "mu284", "nhanes", "yrbs",
               "hospital", "scd")) {
  x <- get(name)
  for (k in names(x)) if (is.factor(x[[k]])) x[[k]] <- trimws(as.character(x[[k]]))
  for (k in names(x)) if (is.numeric(x[[k]])) x[[k]] <- ifelse(
    is.na(x[[k]]), "", sprintf("%.17g", as.numeric(x[[k]])))
  write.csv(x, file.path(commandArgs(TRUE)[1], paste0(name, ".csv")), row.names = FALSE, na = "")
}
"""


@pytest.fixture(scope="session")
def r_data(tmp_path_factory: pytest.TempPathFactory):
    """`r_data(name)`: one of the data sets of R survey as a frame, rows in the package's order."""
    rscript = shutil.which("Rscript")
    assert rscript, "these tests read data sets of R survey: apt-get install r-cran-survey"
    folder = tmp_path_factory.mktemp("r_data")
    subprocess.run([rscript, "-e", EXPORT, str(folder)], check=True, capture_output=True)
    return lambda name: pd.read_csv(folder / f"{name}.csv")


@pytest.fixture(scope="session")
def r_survey_figures():
    """Golden figures of R survey 4.1.1 on its own data sets (data/README.md)."""
    return pd.read_csv(DATA / "survey_datasets_r.csv")
