"""Runs the tap like ``python -m tap_mux``, many times, but imports it only once to save time.

As a program it reads jobs from standard input, one JSON object per line, and forks for each job.
The child runs the tap with the arguments, environment variables and output files of the job.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_mux.__main__ import main
from tests.support import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run(
    arguments: Sequence[str], environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run the tap in a fork of a process that has imported it; return what it printed."""
    server = _server()
    assert server.stdin
    assert server.stdout
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        job = {"arguments": arguments, "environ": dict(environ), "files": files}
        server.stdin.write(f"{json.dumps(job)}\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], timeout)[0]:
            _server.cache_clear()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        code = int(server.stdout.readline())
        stdout, stderr = (Path(file).read_text("utf-8") for file in files)
    return subprocess.CompletedProcess(list(arguments), code, stdout, stderr)


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", __name__],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def stop() -> None:
        with server:
            assert server.stdin
            server.stdin.close()

    atexit.register(stop)
    return server


def _serve() -> None:
    """Wait for jobs and fork for each; return in the child, which then runs the tap."""
    import tap_mux.tap  # noqa: F401, PLC0415 - the slow import

    for line in sys.stdin:
        child = os.fork()
        if not child:
            _prepare(json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    sys.exit()


def _prepare(job: Mapping[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(job["environ"])
    clock.shift_by(float(os.environ.pop(clock.SHIFT, 0)))
    sys.argv = [sys.argv[0], *job["arguments"]]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in enumerate(job["files"], 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)


if __name__ == "__main__":
    _serve()
    main()
