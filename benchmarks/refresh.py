"""Times `python -m pipelines.refresh` in a scratch folder: full, again, and after one deletion.
Not here: the speed of single functions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def resident(pid: int) -> int:
    """Resident memory in KiB of a process and all below it, as far as they still live."""
    total = 0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        total += next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):
        return total
    return total + sum(resident(int(child)) for child in children)


def timed(label: str, environment: dict[str, str], module: str = "pipelines.refresh") -> None:
    started, peak = time.monotonic(), 0
    process = subprocess.Popen(
        [sys.executable, "-m", module], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(0.2)
    seconds = time.monotonic() - started
    print(f"{label:<34}{seconds:8.1f} s {peak / 1024:8.0f} MiB   exit {process.returncode}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DGI_HOME": f"{folder}/home", "DGI_LANDING": f"{folder}/landing",
            "PYTHONPATH": str(ROOT), "DAGSTER_DISABLE_TELEMETRY": "yes",
        }  # fmt: skip
        timed("sample workbooks (once)", environment, "pipelines.sample")
        timed("all years, nothing made yet", environment)
        timed("again, nothing changed", environment)
        for path in Path(folder, "home/lake").glob("*/survey_year=2019/district=207-co-to"):
            shutil.rmtree(path)
        timed("one district deleted", environment)


if __name__ == "__main__":
    main()
