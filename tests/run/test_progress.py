"""How far a run is: the lines that it writes while it goes on."""

from __future__ import annotations

import contextlib
import logging
import os
import pty
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mux_sandbox import Answer, Delay, ExplicitWorld, RateLimit, Sandbox
from tap_mux import tap as tap_module
from tap_mux.run.outcome import Outcome
from tap_mux.run.progress import Progress
from tests.support.log import table_of
from tests.support.records import DAY, NOW, asset, tap_time, views
from tests.support.still import StillWorld
from tests.support.tapping import (
    Output,
    bookmark,
    catalog_of,
    clean_environ,
    config_file,
    run_tap,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tap_mux.run.lanes import Lane

COPY = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
SINCE = tap_time(NOW - 2 * DAY)
MANY = 12_000


@pytest.fixture
def world() -> StillWorld:
    """An empty environment. Views that a test puts there stay as they are."""
    return StillWorld([])


@pytest.fixture
def _many_views(world: ExplicitWorld) -> None:
    """More views in a day than a window holds, so that the tap learns how many are left."""
    world.view_rows = views(MANY, NOW - DAY, 7)


def has_bookmark(output: Output) -> bool:
    """Tell whether a first window of views has been written."""
    return bool(output.states) and bool(bookmark(output.states[-1]))


def half_way(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    *streams: str,
    is_there: Callable[[Output], bool],
    **settings: Any,
) -> list[str]:
    """Read until something is there, and return the lines of progress at that moment."""
    output, lines = Output(), list[str]()

    def read(lanes: Iterable[Lane]) -> None:
        (lane,) = lanes
        readings = lane.ask()
        while not is_there(output):
            assert readings[0].can_take
            readings[0].take()
            lane.emit()
        lines.extend(Progress(lane.readings, Outcome()).lines())

    monkeypatch.setattr(tap_module, "read_side_by_side", read)
    run_tap(sandbox, *streams, output=output, **settings)
    return lines


def views_half_way(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, start_date: str) -> str:
    """Read views until there is a bookmark, and return the line of progress at that moment."""
    (line,) = half_way(
        sandbox, monkeypatch, "video_views", is_there=has_bookmark, start_date=start_date
    )
    return line


@pytest.mark.usefixtures("_many_views")
def test_a_stream_under_way_says_how_far_it_is(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = views_half_way(sandbox, monkeypatch, SINCE)
    found = re.fullmatch(
        r"video_views: (?P<records>[\d,]+) records, at (?P<at>[\d-]+ [\d:]+), (?P<part>\d+) %, "
        r"[\d,]+ records/s, (?P<requests>\d+) requests, about \d+ (s|min|h) left",
        line,
    )
    assert found
    records = int(found["records"].replace(",", ""))
    assert 0 < records < MANY
    reached = NOW - DAY + 7 * (records - 1)
    assert found["at"] == tap_time(reached)[:16].replace("T", " ")
    assert abs(int(found["part"]) - 100 * records / MANY) <= 1


@pytest.mark.usefixtures("_many_views")
def test_views_that_mux_counts_say_their_part(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two months without a view come first. They are no part of what there is to read."""
    line = views_half_way(sandbox, monkeypatch, tap_time(NOW - 60 * DAY))
    found = re.search(r"video_views: ([\d,]+) records, at .*?, (\d+) %", line)
    assert found
    part = int(found[1].replace(",", "")) / MANY
    assert abs(int(found[2]) - 100 * part) <= 1


def test_a_stream_between_two_partitions_says_its_part(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = half_way(
        sandbox,
        monkeypatch,
        "metric_timeseries",
        is_there=lambda output: (
            {record["metric"] for record in output.records("metric_timeseries")}
            == {"views", "rebuffer_count"}
        ),
        metrics=[
            {"metric": name}
            for name in ("views", "rebuffer_count", "playing_time", "unique_viewers")
        ],
        start_date=SINCE,
    )
    assert re.search(r"metric_timeseries: \d+ records, 25 %, ", line)


@pytest.mark.parametrize("key", ["id", "watch_time"])
def test_a_key_that_is_no_moment_tells_no_position(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    world.view_rows = views(2000, NOW - DAY, 7)
    catalog = catalog_of("video_views")
    catalog["streams"][0]["replication_key"] = key
    (line,) = half_way(
        sandbox,
        monkeypatch,
        "video_views",
        is_there=has_bookmark,
        catalog=catalog,
        start_date=tap_time(NOW - 3 * DAY),
    )
    assert re.fullmatch(r"video_views: [\d,]+ records, [\d,]+ records/s, \d+ requests", line)


def test_a_list_that_mux_counts_says_its_part(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tables["incidents"] = [
        {"id": f"incident-{n}", "started_at": tap_time(NOW - n)} for n in range(400)
    ]
    (line,) = half_way(
        sandbox,
        monkeypatch,
        "incidents",
        is_there=lambda output: len(output.records("incidents")) >= 100,
    )
    assert re.search(r"incidents: 100 records, 25 %, ", line)


def test_the_count_of_a_list_is_not_that_of_what_belongs_to_its_records(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tables["incidents"] = [
        {
            "id": f"incident-{n}",
            "started_at": tap_time(NOW - n),
            "breakdowns": [{"name": "country", "value": "DE"}],
        }
        for n in range(30)
    ]
    (line,) = half_way(
        sandbox,
        monkeypatch,
        "related_incidents",
        is_there=lambda output: bool(output.records("related_incidents")),
    )
    assert "%" not in line


def test_a_list_whose_end_is_not_known_says_only_what_is(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(300)]
    (line,) = half_way(
        sandbox, monkeypatch, "assets", is_there=lambda output: bool(output.records("assets"))
    )
    assert re.fullmatch(r"assets: 100 records, [\d,]+ records/s, \d requests?", line)


@pytest.mark.usefixtures("_many_views")
def test_the_rate_counts_from_when_a_stream_comes_first(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.add("/data/v1/incidents", action=Delay(1))
    told: list[tuple[str, float]] = []

    def read(lanes: Iterable[Lane]) -> None:
        (lane,) = lanes
        incidents, video_views = lane.ask()
        incidents.take()
        began = time.monotonic()
        while not incidents.ended:
            lane.emit()
            if incidents.can_take:
                incidents.take()
        lane.ask()
        while not output.records("video_views"):
            video_views.take()
            lane.emit()
        (line,) = Progress(lane.readings, Outcome()).lines()
        told.append((line, time.monotonic() - began))

    output = Output()
    monkeypatch.setattr(tap_module, "read_side_by_side", read)
    run_tap(sandbox, "incidents", "video_views", output=output, start_date=SINCE)
    ((line, seconds),) = told
    found = re.search(r"video_views: (\d+) records, .*?([\d,]+) records/s", line)
    assert found
    assert int(found[2].replace(",", "")) + 1 >= int(found[1]) / seconds


def test_only_the_stream_that_is_written_is_under_way(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = half_way(
        sandbox, monkeypatch, "assets", "uploads", "live_streams", is_there=lambda _: True
    )
    assert [line.split(":")[0] for line in lines] == ["live_streams"]


def test_it_is_told_every_few_seconds(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.asset_rows = [asset("one", NOW)]
    sandbox.faults.add("/video/v1/assets", action=Delay(2.5))
    run_tap(sandbox, "assets", progress_seconds=1)
    told = [line for line in caplog.messages if line.startswith("assets: 0 records")]
    assert len(told) == 2
    caplog.clear()
    sandbox.faults.add("/video/v1/assets", action=Delay(0.3))
    run_tap(sandbox, "assets", progress_seconds=0)
    assert [line for line in caplog.messages if line.startswith("assets: ")] == []


def test_a_wait_for_the_rate_limit_is_told(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(250)]
    sandbox.faults.add("/video/v1/assets", times=1, action=Answer(429, b"", {"Retry-After": "5"}))
    run_tap(sandbox, "assets", progress_seconds=1)
    rows = table_of("\n".join(caplog.messages))
    assert float(rows["assets"]["waited"]) >= 5
    assert rows["total"]["waited"] == rows["assets"]["waited"]
    told = [line for line in caplog.messages if "waiting for the rate limit for" in line]
    assert told
    assert re.search(
        r"^assets: 0 records, 1 request, waiting for the rate limit for [3-6] s", told[0]
    )


def test_another_program_that_takes_the_rate_limit_is_told(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.asset_rows = [asset(f"asset-{n:04}", NOW - n) for n in range(2400)]
    sandbox.options.rate_limits["video"] = RateLimit(20, 5)
    has_ended = threading.Event()

    def take_all() -> None:
        with requests.Session() as other:
            other.auth = sandbox.config["token_id"], sandbox.config["token_secret"]
            while not has_ended.wait(0.02):
                left = other.get(f"{sandbox.url}/video/v1/uploads").headers["X-RateLimit-Remaining"]
                if int(left) < 2:  # one is left for a look
                    has_ended.wait(0.2)

    program = threading.Thread(target=take_all)
    program.start()
    threading.Timer(4, has_ended.set).start()
    run_tap(sandbox, "assets", progress_seconds=1)
    program.join()
    told = [line for line in caplog.messages if "waiting for the rate limit for" in line]
    assert told
    assert re.search(r"for [3-9] s; another program uses it too$", told[0])


@pytest.mark.parametrize("is_piped", [False, True])
def test_a_person_who_runs_the_tap_alone_sees_lines_that_change_in_place(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, *, is_piped: bool
) -> None:
    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(250)]
    sandbox.faults.add(lambda request: request.param("cursor") is not None, action=Delay(2))
    config = config_file(tmp_path, **sandbox.config, progress_seconds=1)
    terminal, end = pty.openpty()
    output = tmp_path / "out.jsonl"
    with output.open("wb") as file, contextlib.ExitStack() as both:
        program = [sys.executable, "-c", COPY]
        target = both.enter_context(subprocess.Popen(program, stdin=subprocess.PIPE, stdout=file))
        assert target.stdin
        tap = subprocess.Popen(
            [sys.executable, "-m", "tap_mux", "--config", config],
            stdout=target.stdin if is_piped else file,
            stderr=end,
            env={**clean_environ(), "TERM": "xterm", "COLUMNS": "120"},
        )
        both.enter_context(tap)
        os.close(end)
        target.stdin.close()
        seen = b""
        with contextlib.suppress(OSError):  # at the end of the program
            while part := os.read(terminal, 4096):
                seen += part
        os.close(terminal)
    log = seen.decode()
    shown = re.findall(r"(?<!\| )assets: 100 records, [\d,]+ records/s", log)
    logged = re.findall(r"\| assets: 100 records", log)
    assert tap.returncode == 0
    if is_piped:
        assert (len(logged) > 0, "\x1b[" in log) == (True, False)
    else:
        assert shown
        assert logged == []
        assert "\x1b[2K" in log  # lines are cleared to be written anew
    assert b"\x1b" not in output.read_bytes()
    assert table_of(re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", log))["assets"]["records"] == "250"
