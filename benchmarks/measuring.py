"""Measure the time, CPU and memory of a program, as the operating system counts them.

This process has to stay small: Linux reports at least the memory of the parent process as the
peak memory of a program.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from benchmarks import environ

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SECONDS = 600
_PIPE_BYTES = 1 << 20
_PAUSE_SECONDS = 0.002
_RECORD = b'"RECORD"'
_END_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Usage:
    """Time, CPU and memory of programs that ran in a pipe."""

    wall: float
    """Seconds from the start of the first to the end of the last."""

    cpu: float
    """Seconds of CPU, user and system, of all programs."""

    peak: float
    """Peak memory of the largest program, in MB."""

    peaks: float
    """Sum of the peak memory of all programs, in MB."""

    records: int
    """Singer records on the stdout of the last program."""

    output: bytes
    """The end of its stdout."""


class FailedError(Exception):
    """A program failed."""


def run(*commands: Sequence[str]) -> Usage:
    """Run programs, each with the output of the one before it as input.

    Args:
        commands: The programs with their arguments.

    Raises:
        FailedError: One of them failed.
    """
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        processes = _start(commands, errors)
        watch = threading.Timer(MAX_SECONDS, _kill, [processes])
        watch.start()
        try:
            last = processes[-1].stdout
            records, output = _drain(last) if last else (0, b"")
            usages = [os.wait4(process.pid, 0) for process in processes]
            wall = time.perf_counter() - started
        finally:
            watch.cancel()
        for process, (_, status, _) in zip(processes, usages, strict=True):
            process.returncode = os.waitstatus_to_exitcode(status)
        for command, process in zip(commands, processes, strict=True):
            if process.returncode:
                text = f"{' '.join(command)} ended with {process.returncode}:\n{_tail(errors)}"
                raise FailedError(text)
    peaks = [usage.ru_maxrss / 1024 for _, _, usage in usages]
    cpu = sum(usage.ru_utime + usage.ru_stime for _, _, usage in usages)
    return Usage(wall, cpu, max(peaks), sum(peaks), records, output)


def _start(commands: Sequence[Sequence[str]], errors: IO[bytes]) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    for command in commands:
        before = processes[-1].stdout if processes else None
        process = subprocess.Popen(  # noqa: S603 - the benchmarks' own programs
            command,
            stdin=before or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environ.clean(),
        )
        if before:
            before.close()
        processes.append(process)
    return processes


def _drain(stdout: IO[bytes]) -> tuple[int, bytes]:
    """Count the records on a pipe.

    The pipe is read with short pauses, so that not every write wakes this process. There is no
    pause after a full pipe, so that the program does not wait for this process.
    """
    fcntl.fcntl(stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    records, end = 0, b""
    piece = bytearray(_PIPE_BYTES)  # always the same one, so that this process stays small
    while size := os.readv(stdout.fileno(), [piece]):
        seam = end[1 - len(_RECORD) :] + piece[: min(size, len(_RECORD) - 1)]
        records += seam.count(_RECORD) + piece.count(_RECORD, 0, size)
        end = (end + piece[max(0, size - _END_BYTES) : size])[-_END_BYTES:]
        if size < _PIPE_BYTES:
            time.sleep(_PAUSE_SECONDS)
    stdout.close()
    return records, end


def _kill(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read()[-3000:].decode(errors="replace")
