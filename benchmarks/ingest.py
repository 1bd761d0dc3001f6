"""Times the reading of a large survey workbook beside pandas with openpyxl, with peak memory.
Not here: the engine (engine.py), or the pipeline as a whole (refresh.py)."""

from __future__ import annotations

import argparse
import io
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROWS, COLUMNS = 20_000, 80
REPETITIONS = 5
PLACES = ("Phường Hồng Gai", "Huyện Đầm Hà", "Xã Cẩm La", "Thị xã Quảng Yên", "Đặc khu Cô Tô")
ANSWERS = (1, 2, 3, 4, 5, 888)
PEER = """
import resource, sys, time, pandas
begun = time.perf_counter()
frame = pandas.read_excel(sys.argv[1], engine="openpyxl", dtype="str")
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *frame.shape)
"""


def write_survey(rows: int, columns: int) -> bytes:
    """A workbook as a field team sends it: form numbers, dates, codes, weights, open answers."""
    stream, chance = io.BytesIO(), random.Random(2019)
    first_day = datetime(2019, 8, 1)
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("TraLoi")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        fixed = ["MaPhieu", "NgayPV", "MaXa", "XacSuat"]
        sheet.write_row(0, 0, fixed + [f"C{number}" for number in range(1, columns - 3)])
        for row in range(1, rows + 1):
            sheet.write_string(row, 0, f"QN-{row:06d}")
            sheet.write_datetime(row, 1, first_day + timedelta(days=chance.randrange(60)), day)
            sheet.write_string(row, 2, f"{chance.randrange(6600, 6999):05d}")
            sheet.write_number(row, 3, chance.random())
            for column in range(4, columns):
                if column % 8 == 0:
                    sheet.write_string(row, column, chance.choice(PLACES))
                elif column % 16 == 3:
                    opinion = f"ý kiến số {chance.randrange(100_000)} của người dân"
                    sheet.write_string(row, column, opinion)
                else:
                    sheet.write_number(row, column, chance.choice(ANSWERS))
    return stream.getvalue()


def read_through_the_door(name: str, content: bytes, repetitions: int) -> tuple[list[float], int]:
    """Seconds of each reading, the first with a cold child, and the child's peak in KiB."""
    from dgi.ingest.door import read_file
    from dgi.ingest.guard import GUARD

    seconds = []
    for _ in range(repetitions):
        begun = time.perf_counter()
        file = read_file(name, content)
        seconds.append(time.perf_counter() - begun)
        assert len(file.sheets[0].frame) > 0
    status = Path(f"/proc/{GUARD.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    GUARD.close()
    return seconds, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument(
        "--without-peer", action="store_true", help="leave out pandas, which is slow"
    )
    given = parser.parse_args()
    # In a process of its own, so that writing does not count as memory of reading.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mau-lon.xlsx")
        writer = "import sys; from ingest import write_survey; from pathlib import Path; "
        writer += "Path(sys.argv[1]).write_bytes(write_survey(int(sys.argv[2]), int(sys.argv[3])))"
        subprocess.run([sys.executable, "-c", writer, path, str(given.rows), str(given.columns)],
                       cwd=ROOT / "benchmarks", check=True)  # fmt: skip
        content = path.read_bytes()
        print(f"{given.rows:,} x {given.columns}, {len(content) / 1e6:.1f} MB")
        seconds, child = read_through_the_door(path.name, content, REPETITIONS)
        parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = statistics.median(seconds)
        print(f"door, first file (child started)   {seconds[0]:6.2f} s")
        print(f"door, median of {REPETITIONS}                  {ours:6.2f} s   "
              f"parent {parent / 1024:.0f} MiB, child {child / 1024:.0f} MiB")  # fmt: skip
        if given.without_peer:
            return
        done = subprocess.run([sys.executable, "-c", PEER, path], capture_output=True, text=True,
                              check=True)  # fmt: skip
        theirs, peak, *_ = map(float, done.stdout.split())
        print(f"pandas with openpyxl               {theirs:6.2f} s   {peak / 1024:.0f} MiB")
        print(
            f"the door is {theirs / ours:.1f} times as fast ({theirs / seconds[0]:.1f} when cold)"
        )


if __name__ == "__main__":
    main()
