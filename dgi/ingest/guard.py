"""Keeps the child process that reads files: started when needed, limited, replaced when it dies.
Not here: what the child does (child.py), or what its answers mean (door.py)."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import dgi
from dgi.ingest.child import HEAD
from dgi.ingest.refusals import Note, Refused

MB = 1024 * 1024
MEMORY = 2048 * MB  # 20,000 interviews of 80 questions need about 350
SECONDS = 120.0  # the same take less than 2
PIECE = 4 * MB


class Guard:
    """One child at a time, for any number of files. Safe to use from several threads.

    `memory`: bytes of data the child may hold. `seconds`: how long one file may take. A child
    that runs beyond either, or breaks down, costs its own file only: the next gets a new one.
    """

    def __init__(self, memory: int = MEMORY, seconds: float = SECONDS):
        self._memory, self._seconds = memory, seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, request: dict, content: bytes) -> tuple[dict, memoryview]:
        """The child's answer and the bytes behind it. Raises Refused when there is none."""
        with self._lock:
            child = self._ready_child()
            deadline = time.monotonic() + self._seconds
            words = json.dumps(request).encode()
            try:
                _send(child, HEAD.pack(len(words), len(content)) + words, deadline)
                _send(child, content, deadline)
                text, size = HEAD.unpack(_receive(child, HEAD.size, deadline))
                about = json.loads(bytes(_receive(child, text, deadline)))
                return about, _receive(child, size, deadline)
            except TimeoutError:
                self._end()
                raise Refused(Note("out_of_time", value=f"{self._seconds:g} s")) from None
            except (EOFError, OSError):
                self._end()
                raise Refused(Note("reader_died")) from None
            except BaseException:  # interrupted half-way: the rest of the answer is still to come
                self._end()
                raise

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The child's process number, None while there is none."""
        return self._child.pid if self._child else None

    def _ready_child(self) -> subprocess.Popen[bytes]:
        """The living child of this very process, started now if need be."""
        if self._child is not None and self._owner != os.getpid():
            self._child = None  # the child of the process this one was forked from
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            self._child, self._owner = _start(self._memory), os.getpid()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _start(memory: int) -> subprocess.Popen[bytes]:
    """A fresh interpreter, not a fork: it holds nothing of the parent's data."""
    root = str(Path(dgi.__file__).resolve().parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    # Whoever breaks out of a reader finds no secret of ours in it.
    inherited = {name: value for name, value in os.environ.items() if name[:4] != "DGI_"}
    environment = {
        **inherited, "PYTHONPATH": path, "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
        "RUST_BACKTRACE": "0",
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "dgi.ingest.child", str(memory)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment, bufsize=0,
    )  # fmt: skip
    assert child.stdin is not None
    os.set_blocking(child.stdin.fileno(), False)
    return child


def _wait(descriptor: int, is_writing: bool, deadline: float) -> None:
    """Until the pipe is ready. Raises TimeoutError at the deadline."""
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if is_writing else select.POLLIN)
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError


def _send(child: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    assert child.stdin is not None
    rest = memoryview(data)
    while rest:
        _wait(child.stdin.fileno(), True, deadline)
        try:
            rest = rest[os.write(child.stdin.fileno(), rest[:PIECE]) :]
        except BlockingIOError:
            continue


def _receive(child: subprocess.Popen[bytes], size: int, deadline: float) -> memoryview:
    """Exactly `size` bytes. Raises EOFError when the child ends before."""
    assert child.stdout is not None
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        _wait(child.stdout.fileno(), False, deadline)
        count = os.readv(child.stdout.fileno(), [view[at : at + PIECE]])
        if count == 0:
            raise EOFError
        at += count
    return view


GUARD = Guard()
atexit.register(GUARD.close)
