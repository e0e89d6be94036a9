"""The options of the command mux-sandbox: what each changes, and wrong values."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner

from mux_sandbox.__main__ import main

ASK = """
import base64, http.client, json, os, sys, time
token = os.environ["TAP_MUX_TOKEN_ID"] + ":" + os.environ["TAP_MUX_TOKEN_SECRET"]
headers = {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}
host = os.environ["TAP_MUX_API_URL"].removeprefix("http://")
connection = http.client.HTTPConnection(host, timeout=20)
answers = []
for path in sys.argv[1:]:
    begun = time.monotonic()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = json.load(answer)
    answers.append([answer.status, time.monotonic() - begun, body, dict(answer.headers)])
print(json.dumps(answers))
"""
ASSETS = "/video/v1/assets?limit=1"
VIEWS = "/data/v1/video-views?limit=1"
MONITORING = "/data/v1/monitoring/metrics"
WEBHOOKS = "/system/v1/webhooks"
WHOAMI = "/system/v1/whoami"
DIRECTIVES = "/robots/v0/directives"
DAY = 86_400


def ask(options: str, *paths: str) -> list[Any]:
    """Ask a sandbox; return status, seconds, body and headers of each answer."""
    done = subprocess.run(
        [sys.executable, "-m", "mux_sandbox", *options.split(), sys.executable, "-c", ASK, *paths],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def statuses(options: str, *paths: str) -> list[int]:
    return [status for status, *_ in ask(options, *paths)]


def last_days(days: float) -> str:
    now = int(time.time())
    return f"{VIEWS}&timeframe[]={int(now - days * DAY)}&timeframe[]={now}"


def test_latency_and_rate_limit() -> None:
    options = "--latency 0.2 --rate-limit 3:0.001"
    answers = ask(options, ASSETS, ASSETS, ASSETS, ASSETS, VIEWS)
    assert all(seconds >= 0.2 for _, seconds, *_ in answers)
    assert [status for status, *_ in answers] == [200, 200, 200, 429, 200]
    left = [headers["X-RateLimit-Remaining"] for *_, headers in answers]
    assert left == ["2", "1", "0", "0", "2"]
    assert answers[0][3]["X-RateLimit-Limit"] == "3"


@pytest.mark.parametrize(
    ("deny", "refused"),
    [
        ("data", {VIEWS, MONITORING}),
        ("monitoring --deny system", {MONITORING, WEBHOOKS}),
        ("video --deny robots", {ASSETS, DIRECTIVES}),
    ],
)
def test_deny(deny: str, refused: set[str]) -> None:
    paths = (ASSETS, VIEWS, MONITORING, WEBHOOKS, DIRECTIVES, WHOAMI)
    answers = dict(zip(paths, ask(f"--deny {deny}", *paths), strict=True))
    assert {path for path, (status, *_) in answers.items() if status == 403} == refused
    for path in refused:
        assert answers[path][2]["error"]["type"] == "forbidden"


def test_faults() -> None:
    options = "--faults 429:0.2 --faults 503:0.2"
    first = statuses(options, *[WHOAMI] * 200)
    counts = Counter(first)
    assert counts.keys() == {200, 429, 503}
    assert 20 < counts[429] < 60
    assert 15 < counts[503] < 55
    assert statuses(options, *[WHOAMI] * 20) == first[:20]
    assert statuses("--faults 500:1 --faults 429:0", WHOAMI, ASSETS) == [500, 500]


def test_views_and_days() -> None:
    week, too_long = ask("--views 300 --days 7", last_days(6.9), last_days(7.1))
    assert 1600 < week[2]["total_row_count"] < 2600
    assert too_long[2]["error"]["type"] == "invalid_timeframe"
    (none,) = ask("--views 0", last_days(5))
    assert none[2]["total_row_count"] == 0


WRONG = """
--latency x, --latency nan, --latency -1, --latency 61
--rate-limit 20, --rate-limit 20:x, --rate-limit 0:5, --rate-limit 20:0, --rate-limit inf:5
--deny audio, --faults 429, --faults 429:x, --faults 429:1.5, --faults 200:0.5, --faults x:0.5
--days 0, --days x, --views -1, --assets -1, --seed x, --port 65536
"""


@pytest.mark.parametrize("wrong", WRONG.replace("\n", ", ").strip(", ").split(", "))
def test_a_wrong_value_is_refused_in_one_line(wrong: str) -> None:
    option, value = wrong.split()
    done = CliRunner().invoke(main, [option, value, "true"])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: Invalid value for '{option}': ")
    assert value in line


@pytest.mark.parametrize("arguments", [["--latence", "1", "true"], [], ["--serve", "true"]])
def test_a_wrong_command_line_is_refused_in_one_line(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
