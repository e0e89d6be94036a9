"""How the program ends when it is told to, and when its output cannot be written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Delay
from tests.support.records import HOUR, NOW, asset, tap_time, views
from tests.support.tapping import bookmark, catalog_of, clean_environ, config_file, messages

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
TAP = [sys.executable, "-m", "tap_mux"]


def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program whose output is read by the test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": clean_environ()}
    return subprocess.Popen(command, **{**pipes, **options})


def arguments(folder: Path, sandbox: Sandbox, *streams: str, **settings: Any) -> list[str]:
    """Write the files for a run, and return the arguments that name them."""
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(catalog_of(*streams)))
    return [f"--config={config_file(folder, **sandbox.config, **settings)}", f"--catalog={catalog}"]


@SIGNALS
@pytest.mark.parametrize(
    "module",
    ["tap_mux.ending", "logging", "contextlib", "click", "singer_sdk.mapper", "tap_mux.cli"],
)
def test_a_signal_during_the_imports(number: signal.Signals, module: str) -> None:
    program = f"""
import os, sys
from tap_mux.__main__ import main

class Kills:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {int(number)})

sys.modules.pop("contextlib", None)
assert {module!r} not in sys.modules
sys.meta_path.insert(0, Kills())
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, b"", b"")


@SIGNALS
@pytest.mark.parametrize("length", [10, 9000])
def test_a_signal_while_the_target_does_not_read(
    tmp_path: Path,
    world: ExplicitWorld,
    sandbox: Sandbox,
    number: signal.Signals,
    length: int,
) -> None:
    world.asset_rows = [asset(f"asset-{n}", NOW, passthrough="x" * length) for n in range(2000)]
    with start([*TAP, *arguments(tmp_path, sandbox, "assets")]) as tap:
        while not sandbox.requests_to("/video/v1/assets"):
            time.sleep(0.02)
        time.sleep(0.5)  # until the pipe is full
        before = time.monotonic()
        tap.send_signal(number)
        assert tap.wait(10) == 128 + number
        assert time.monotonic() - before < 2
        assert tap.stdout
        assert tap.stdout.read()


@SIGNALS
@pytest.mark.parametrize("times", [1, 40])
def test_signals_while_the_target_is_slow_leave_whole_lines_and_a_last_state(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals, times: int
) -> None:
    world.view_rows = views(3000, NOW - 20 * HOUR, 1)
    settings = {"start_date": tap_time(NOW - 30 * HOUR)}
    with start([*TAP, *arguments(tmp_path, sandbox, "video_views", **settings)]) as tap:
        assert tap.stdout
        output = b""
        while output.count(b'"RECORD"') < 2:
            output += tap.stdout.readline()
        time.sleep(1)  # until the pipe is full, within many short lines
        for _ in range(times):
            tap.send_signal(number)
            time.sleep(0.01)
        output += tap.stdout.read()
    assert tap.returncode == 128 + number
    assert output.endswith(b"\n")
    lines = messages(output.decode())
    assert 1 < sum(line["type"] == "RECORD" for line in lines) < 3000
    assert lines[-1]["type"] == "STATE"
    assert bookmark(lines[-1]["value"]) is None  # the window has not been written to its end


@SIGNALS
def test_the_table_of_an_interrupted_run_comes_after_the_last_state(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals
) -> None:
    sandbox.faults.add("/video/v1/assets", times=None, action=Delay(30))
    together = {"stderr": subprocess.STDOUT}
    with start([*TAP, *arguments(tmp_path, sandbox, "assets")], **together) as tap:
        while not sandbox.requests_to("/video/v1/assets"):
            time.sleep(0.02)
        tap.send_signal(number)
        assert tap.stdout
        output = tap.stdout.read().decode()
    assert tap.returncode == 128 + number
    assert '{"type":"STATE"' in output
    assert "not read to its end" in output.partition('{"type":"STATE"')[2]
    assert "Traceback" not in output


@pytest.mark.parametrize("option", ["run", "--discover", "--about", "--version", "--help"])
@pytest.mark.parametrize(
    ("stdout", "reason"),
    [
        (">/dev/full", "No space left on device"),
        (">&-", "stdout is closed"),
    ],
)
def test_an_output_that_cannot_be_written_is_one_line(
    tmp_path: Path, sandbox: Sandbox, stdout: str, reason: str, option: str
) -> None:
    options = [] if option == "run" else [option]
    command = [*TAP, *arguments(tmp_path, sandbox, "assets"), *options]
    with start(["sh", "-c", f'exec "$@" {stdout}', "sh", *command]) as tap:
        _, log = tap.communicate(timeout=30)
    assert tap.returncode == 1
    assert b"Traceback" not in log
    last = log.decode().splitlines()[-1]
    assert f"The output cannot be written: {reason}" in last


def test_a_log_that_is_closed_is_no_reason_to_end(tmp_path: Path, sandbox: Sandbox) -> None:
    command = [*TAP, *arguments(tmp_path, sandbox, "environments")]
    with start(["sh", "-c", 'exec "$@" 2>&-', "sh", *command]) as tap:
        output, _ = tap.communicate(timeout=30)
    assert tap.returncode == 0
    assert [line["type"] for line in messages(output.decode())].count("RECORD") == 1


def test_a_limit_of_the_file_size_is_one_line(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset(f"asset-{n}", NOW, passthrough="x" * 9000) for n in range(99)]
    command = [*TAP, *arguments(tmp_path, sandbox, "assets")]
    target = tmp_path / "output"
    limited = ["sh", "-c", f'ulimit -f 100; exec "$@" >{target}', "sh", *command]
    with start(limited) as tap:
        _, log = tap.communicate(timeout=30)
    assert tap.returncode == 1
    assert b"Traceback" not in log
    assert "The output cannot be written: File too large" in log.decode().splitlines()[-1]


def test_threads_that_log_do_not_disturb_the_end() -> None:
    program = """
import logging, sys, threading, time
from tap_mux import ending

logging.basicConfig(stream=sys.stderr)

def log():
    while True:
        logging.getLogger().error("x" * 200)

def program():
    for _ in range(4):
        threading.Thread(target=log, daemon=True).start()
    time.sleep(0.1)

ending.run(program)
"""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        assert done.returncode == 0
        assert b"Fatal" not in done.stderr


@SIGNALS
def test_a_signal_while_python_waits_for_a_function_of_c(number: signal.Signals) -> None:
    program = """
import hashlib
from tap_mux import ending

def program():
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 500_000_000)  # takes minutes

ending.run(program)
"""
    with start([sys.executable, "-c", program]) as process:
        assert process.stdout
        process.stdout.readline()
        before = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 128 + number
        assert time.monotonic() - before < 2


def test_an_error_that_nobody_expected_has_a_traceback_and_fails() -> None:
    program = "from tap_mux import ending; ending.run(lambda: 1 / 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"ZeroDivisionError" in done.stderr


def test_a_tap_leaves_the_handlers_of_signals_alone(sandbox: Sandbox) -> None:
    from tap_mux.tap import TapMux  # noqa: PLC0415

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    TapMux(config=sandbox.config)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
