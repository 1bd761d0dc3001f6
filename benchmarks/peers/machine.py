"""Describes what a measurement ran on: processor, memory, system, libraries, thread settings.
Not here: the measurement (harness.py), or the versions of the tools, which they tell themselves."""

from __future__ import annotations

import ctypes
import os
import platform
from datetime import date
from pathlib import Path

import numpy as np

SETTINGS = ("OPENBLAS_", "OMP_", "MKL_", "BLIS_", "GOTO_", "NPY_", "POLARS_", "RAYON_", "MALLOC_")


def read_field(path: str, key: str) -> str:
    """The value after `key` and a colon or an equals sign; blank where the file has none."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    found = (line for line in lines if line.startswith(key))
    return next(found, "").removeprefix(key).strip(" \t:=\"'")


def name_blas_kernel() -> str:
    """The kernel numpy's OpenBLAS chose for this processor; blank where it is another BLAS."""
    for library in (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*"):
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_"):
            function = getattr(ctypes.CDLL(str(library)), symbol, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return function().decode()
    return ""


def name_blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    kernel = name_blas_kernel()
    return f"{blas['name']} {blas['version']}" + (f", kernel {kernel}" if kernel else "")


def describe_machine() -> dict[str, str]:
    kilobytes = int(read_field("/proc/meminfo", "MemTotal").split()[0])
    cores = len(os.sched_getaffinity(0))
    settings = {key: value for key, value in os.environ.items() if key.startswith(SETTINGS)}
    return {
        "date": date.today().isoformat(),
        "processor": read_field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": f"{cores} usable of {os.cpu_count()}",
        "memory": f"{kilobytes / 1024**2:.0f} GiB",
        "system": f"{read_field('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}",
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "BLAS of numpy": name_blas(),
        "thread settings": ", ".join(f"{k}={v}" for k, v in sorted(settings.items())) or "none",
    }
