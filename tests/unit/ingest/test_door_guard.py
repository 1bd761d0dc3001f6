"""Belongs here: the child process that reads files: limits, death, replacement, many at once.
Does not belong here: what it says about a file (test_door_hostile.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_files import AS_TEXT, MAIN, SECRET, build_raw_workbook, write_workbook

import dgi
from dgi.errors import WorkbookError
from dgi.ingest.door import read_file
from dgi.ingest.guard import MB, Guard

SMALL = write_workbook()


@pytest.fixture(scope="module")
def large() -> bytes:
    """1.2 million cells of short text, each its own: some 150 MB in the reader's hands."""
    cells = [[f"{SECRET} {row} {column}" for column in range(40)] for row in range(8_000)]
    return write_workbook(cells, [f"C{column}" for column in range(40)])


@pytest.fixture
def guard():
    made = []

    def make(**limits) -> Guard:
        made.append(Guard(**limits))
        return made[-1]

    yield make
    for one in made:
        one.close()


def refusal(content: bytes, guard: Guard) -> str:
    with pytest.raises(WorkbookError) as caught:
        read_file("a.xlsx", content, guard=guard)
    assert SECRET not in str(caught.value) and caught.value.faults[0].rule_vi
    return caught.value.faults[0].rule


def is_readable(guard: Guard) -> bool:
    return read_file("b.xlsx", SMALL, guard=guard).sheets[0].frame.to_numpy().tolist() == AS_TEXT


def test_no_child_is_started_before_the_first_file_and_one_serves_many(guard):
    mine = guard()
    assert mine.pid is None
    assert is_readable(mine)
    first = mine.pid
    assert is_readable(mine) and mine.pid == first != os.getpid()


def test_the_child_is_limited_and_leaves_no_core_file(guard):
    mine = guard(memory=300 * MB)
    assert is_readable(mine)
    limits = Path(f"/proc/{mine.pid}/limits").read_text().splitlines()
    found = {line[:25].strip(): line[25:].split()[:2] for line in limits}
    assert found["Max data size"] == [str(300 * MB)] * 2
    assert found["Max core file size"] == ["0", "0"]


def test_a_file_that_needs_too_much_memory_costs_itself_only(guard, large):
    mine = guard(memory=160 * MB)
    assert is_readable(mine)
    assert refusal(large, mine) in ("reading the file takes too much memory",
                                    "the reader broke down over this file")  # fmt: skip
    assert is_readable(mine)
    assert len(read_file("a.xlsx", large, guard=guard()).sheets[0].frame) == 8_000


def test_a_file_that_takes_too_long_costs_itself_only(guard, large):
    mine = guard(seconds=0.05)
    begun = time.monotonic()
    assert refusal(large, mine) == "reading the file takes too long"
    assert time.monotonic() - begun < 5
    mine._seconds = 60
    assert is_readable(mine)


def test_a_reader_that_aborts_costs_its_file_only(guard):
    # Cells hidden from the scan by a second name for the same name space: the reader lays out
    # the whole grid and the process is ended by its allocator.
    body = (
        f'<worksheet xmlns="{MAIN}" xmlns:y="{MAIN}"><sheetData>'
        '<y:row r="1"><y:c r="A1"><y:v>1</y:v></y:c></y:row>'
        '<y:row r="1048576"><y:c r="XFD1048576"><y:v>1</y:v></y:c></y:row>'
        "</sheetData></worksheet>"
    )
    mine = guard()
    assert is_readable(mine)
    first = mine.pid
    assert (
        refusal(build_raw_workbook("", body=body), mine) == "the reader broke down over this file"
    )
    assert is_readable(mine) and mine.pid != first


def test_a_child_that_was_killed_between_two_files_is_replaced(guard):
    mine = guard()
    assert is_readable(mine)
    first = mine.pid
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert is_readable(mine) and mine.pid != first


def test_a_child_that_is_killed_over_a_file_is_told(guard, large):
    mine = guard()
    assert is_readable(mine)
    timer = threading.Timer(0.2, os.kill, (mine.pid, signal.SIGKILL))
    timer.start()
    assert refusal(large, mine) == "the reader broke down over this file"
    timer.join()
    assert is_readable(mine)


def test_many_threads_share_one_child_and_get_their_own_files(guard):
    mine = guard()
    contents = {f"{n}": write_workbook([[f"QN-{n}"]], ["x"]) for n in range(24)}
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda item: read_file(item[0], item[1], guard=mine), contents.items())
        assert [file.sheets[0].frame.loc[2, 0] for file in found] == [f"QN-{n}" for n in range(24)]


def test_a_forked_process_gets_a_child_of_its_own(guard):
    mine = guard()
    assert is_readable(mine)
    first, (end, start) = mine.pid, os.pipe()
    forked = os.fork()
    if forked == 0:
        code = 1
        try:
            code = 0 if is_readable(mine) and mine.pid != first else 2
            mine.close()
        finally:
            os._exit(code)
    os.close(start)
    os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
    assert is_readable(mine) and mine.pid == first


def test_the_child_ends_with_its_parent_and_needs_no_working_folder(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(SMALL)
    # A module of the same name in the working folder must not be taken for the project's own.
    (tmp_path / "pyarrow.py").write_text("raise SystemExit(3)")
    program = (
        "import sys, os, pathlib; sys.path[:] = [p for p in sys.path if p]\n"
        f"sys.path.insert(0, {str(Path(dgi.__file__).parent.parent)!r})\n"
        "from dgi.ingest.door import read_file\n"
        "from dgi.ingest.guard import GUARD\n"
        "rows = len(read_file('a.xlsx', pathlib.Path('a.xlsx').read_bytes()).sheets[0].frame)\n"
        "print(rows, GUARD.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], cwd=tmp_path, timeout=60,
                          capture_output=True, text=True, check=True)  # fmt: skip
    rows, child = done.stdout.split()
    assert rows == "2"
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
