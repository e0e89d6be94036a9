"""The command mux-sandbox runs another command with a sandbox, or only serves a sandbox."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from mux_sandbox import GeneratedWorld, Sandbox
from tests.sandbox.api import VIEWS, explicit

MUX_SANDBOX = (sys.executable, "-m", "mux_sandbox")


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MUX_SANDBOX, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


ASK = """
import os, requests, sys
url = os.environ["TAP_MUX_API_URL"]
auth = os.environ["TAP_MUX_TOKEN_ID"], os.environ["TAP_MUX_TOKEN_SECRET"]
answer = requests.get(url + "/video/v1/assets", auth=auth, timeout=9)
print(answer.status_code, answer.json()["data"][0]["id"], os.environ["MELTANO_ENVIRONMENT"])
print(sys.argv[1:])
sys.exit(42)
"""


def test_command_gets_settings_and_its_exit_code_is_returned() -> None:
    ended = run("--seed", "5", sys.executable, "-c", ASK, "--config=ENV", "--help", "--", "--seed")
    assert ended.returncode == 42, ended.stderr
    newest = GeneratedWorld(seed=5).assets(time.time())[0]["id"]
    assert ended.stdout.splitlines() == [
        f"200 {newest} sandbox",
        "['--config=ENV', '--help', '--', '--seed']",
    ]
    assert ended.stderr == ""


def test_unknown_command() -> None:
    ended = run("no-such-command", "--help")
    assert ended.returncode == 127
    assert ended.stderr == "mux-sandbox: no-such-command: command not found\n"
    assert run().returncode == 2
    assert run("--serve", "true").returncode == 2


def test_a_port_in_use_is_reported() -> None:
    with Sandbox(explicit()) as sandbox:
        port = sandbox.url.rpartition(":")[2]
        ended = run("--port", port, "true")
    assert ended.returncode == 1
    assert ended.stderr == f"Error: cannot serve on port {port}: Address already in use\n"


WAIT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(8)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 9), (signal.SIGINT, 8)])
def test_signals_reach_the_command(number: int, code: int) -> None:
    with subprocess.Popen(
        [*MUX_SANDBOX, sys.executable, "-c", WAIT],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline() == b"ready\n"
        sandbox.send_signal(number)
        assert sandbox.wait(timeout=20) == code


def test_serve_prints_settings_until_interrupted() -> None:
    with subprocess.Popen([*MUX_SANDBOX, "--serve"], stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline() for _ in range(3)]
        settings = dict(line.removeprefix("export ").strip().split("=") for line in lines)
        auth = settings["TAP_MUX_TOKEN_ID"], settings["TAP_MUX_TOKEN_SECRET"]
        url = settings["TAP_MUX_API_URL"]
        assert requests.get(url + VIEWS, auth=auth, timeout=20).ok
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(timeout=20) == 0
        assert sandbox.stdout.read() == ""
