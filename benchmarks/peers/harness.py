"""Times one job of one tool in this process, with the memory it takes beyond its loaded data.
Not here: what the jobs are (ours.py, the peers), or which of them run (engine.py)."""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import survey_data as survey

SLOW_REPETITIONS = 3  # where one run takes longer than the limit


@dataclass(frozen=True)
class Job:
    """One measurement. `prepare` is outside the clock, `run` in it, `tidy` after it.

    `tidy` gives estimates and standard errors, each (rows, districts)."""

    prepare: Callable[[survey.Data], Any]
    run: Callable[[Any, Request], Any]
    tidy: Callable[[Any, Request], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Request:
    """The command line, in this order for every tool, R included."""

    folder: Path
    warm_up: Path
    task: str
    repetitions: int
    limit: float
    answer: Path
    items: list[int]
    replicates: int


def read_request(words: list[str]) -> Request:
    folder, warm_up, task, repetitions, limit, answer, items, replicates = words
    return Request(
        Path(folder), Path(warm_up), task, int(repetitions), float(limit), Path(answer),
        [int(item) for item in items.split(",")], int(replicates),
    )  # fmt: skip


def read_status(key: str) -> int:
    """A figure of this process in KiB; VmHWM is the most it ever held resident."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def reset_peak() -> int:
    """Give freed memory back, forget the high-water mark; the resident memory now, in KiB."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return read_status("VmRSS")


def measure(jobs: dict[str, Job], package: str | None) -> None:
    """Answer the command line: the result as doubles, and the figures beside it as JSON."""
    request = read_request(sys.argv[1:])
    job = jobs[request.task]
    small = replace(request, items=request.items[:1], replicates=10)
    job.run(job.prepare(survey.load(request.warm_up)), small)
    subject = job.prepare(survey.load(request.folder))
    before = reset_peak()
    seconds: list[float] = []
    wanted = request.repetitions
    while len(seconds) < wanted:
        raw = None
        gc.collect()
        started = time.perf_counter()
        raw = job.run(subject, request)
        seconds.append(time.perf_counter() - started)
        if seconds[-1] > request.limit:
            wanted = min(wanted, SLOW_REPETITIONS)
    peak = read_status("VmHWM") - before
    np.stack(job.tidy(raw, request)).tofile(request.answer.with_suffix(".f8"))
    version = metadata.version(package) if package else ""
    figures = {"seconds": seconds, "peak_mib": peak / 1024, "version": version}
    request.answer.with_suffix(".json").write_text(json.dumps(figures))
