"""A run that waits for Mux ends at once when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tests.support.tapping import clean_environ, messages

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import Sandbox


@pytest.mark.parametrize("concurrency", ["1", "8"])
@pytest.mark.parametrize(("path", "status"), [("whoami", 503), ("/video/v1/assets", 429)])
def test_a_signal_ends_a_wait(
    tmp_path: Path, sandbox: Sandbox, path: str, status: int, concurrency: str
) -> None:
    refused = Answer(status, b"", {"Retry-After": "3000"})
    fault = sandbox.faults.add(path, times=None, action=refused)
    environ = {**clean_environ(), **sandbox.environ, "TAP_MUX_MAX_CONCURRENCY": concurrency}
    command = [sys.executable, "-m", "tap_mux", "--config=ENV"]
    target = tmp_path / "output"
    with (
        target.open("w") as stdout,
        subprocess.Popen(
            command, env=environ, stdout=stdout, stderr=subprocess.PIPE, text=True
        ) as tap,
    ):
        assert tap.stderr
        for line in tap.stderr:
            if "Trying again" in line and fault.used:
                break
        time.sleep(0.2)  # the wait has begun
        before = time.monotonic()
        tap.send_signal(signal.SIGTERM)
        log = tap.communicate(timeout=20)[1]
    assert time.monotonic() - before < 2
    assert tap.returncode == 128 + signal.SIGTERM
    assert messages(target.read_text())[-1]["type"] == "STATE"
    assert "Traceback" not in log
