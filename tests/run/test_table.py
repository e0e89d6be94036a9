"""What a run says at its end: the table of its streams, and the totals of each."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Delay, ExplicitWorld, Sandbox
from tap_mux.api.errors import MuxError
from tests.support.log import table_of
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, views
from tests.support.tapping import (
    clean_environ,
    config_file,
    run_tap,
)

if TYPE_CHECKING:
    from pathlib import Path


SINCE = tap_time(NOW - 2 * DAY)


def test_the_table_has_each_stream_and_the_totals(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.view_rows = views(300, NOW - HOUR, 1)
    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(250)]
    sandbox.faults.add("/video/v1/assets", times=1, action=Answer(503))
    sandbox.faults.add("/video/v1/uploads", times=None, action=Answer(500))
    sandbox.faults.add("/video/v1/live-streams", times=None, action=Answer(403))
    names = ["assets", "live_streams", "uploads", "video_views"]
    with pytest.raises(MuxError, match="uploads failed"):
        run_tap(sandbox, *names, start_date=SINCE, lookback_seconds=60, max_attempts=2)
    rows = table_of("\n".join(caplog.messages))
    assert set(rows) == {*names, "total"}
    requests = {
        "assets": len(sandbox.requests_to("/video/v1/assets")),
        "video_views": len(sandbox.requests_to("/data/v1/video-views")),
    }
    assert rows["assets"]["records"] == "250"
    assert rows["assets"]["retries"] == "1"
    assert rows["assets"]["line"].endswith("complete")
    for name, number in requests.items():
        assert rows[name]["requests"] == str(number)
    assert rows["video_views"]["read up to"] == tap_time(NOW - HOUR + 299)[:19] + "Z"
    assert rows["video_views"]["next run from"] == tap_time(NOW - HOUR + 239)[:19] + "Z"
    assert "failed: GET /video/v1/uploads" in rows["uploads"]["line"]
    assert "skipped: GET /video/v1/live-streams" in rows["live_streams"]["line"]
    assert rows["total"]["records"] == "550"
    assert rows["total"]["requests"] == str(len(sandbox.requests) - 1)  # but for whoami


def test_the_next_run_begins_no_earlier_than_it_is_told_to(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.view_rows = views(300, NOW - HOUR, 1)
    since = tap_time(NOW - HOUR - 60)
    run_tap(sandbox, "video_views", start_date=since)
    assert table_of("\n".join(caplog.messages))["video_views"]["next run from"] == f"{since[:19]}Z"


def test_the_last_metric_of_a_stream_is_the_total(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.asset_rows = [asset(f"asset-{n}", NOW) for n in range(250)]
    sandbox.faults.add(lambda request: request.param("cursor") is not None, action=Delay(2.5))
    run_tap(sandbox, "assets", progress_seconds=1)
    points = [
        json.loads(line.removeprefix("METRIC: "))
        for line in caplog.messages
        if line.startswith("METRIC: ")
    ]
    counts = [point["value"] for point in points if point["metric"] == "record_count"]
    assert counts == sorted(counts)
    assert counts[0] == 100
    assert counts[-1] == 250
    assert {point["tags"]["stream"] for point in points} == {"assets"}
    requests = [point["value"] for point in points if point["metric"] == "http_request_count"]
    assert requests[-1] == len(sandbox.requests_to("/video/v1/assets"))
    assert [point for point in points if point["metric"] == "sync_duration"][-1]["value"] > 2


def test_deselected_streams_take_one_line(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run_tap(sandbox, "assets")
    lines = [record for record in caplog.records if "webhooks" in record.getMessage()]
    assert [record.levelno for record in lines] == [logging.DEBUG]


def test_a_run_that_is_interrupted_has_its_table(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("one", NOW)]
    sandbox.faults.add("/video/v1/uploads", times=None, action=Delay(30))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_mux", "--config", config_file(tmp_path, **sandbox.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environ(),
        text=True,
    ) as tap:
        assert tap.stdout
        has_record = False
        for line in tap.stdout:
            message = json.loads(line)
            has_record |= message["type"] == "RECORD" and message["stream"] == "assets"
            if has_record and message["type"] == "STATE":
                break
        tap.send_signal(signal.SIGTERM)
        _, log = tap.communicate(timeout=20)
    assert tap.returncode == 143
    rows = table_of(log)
    assert rows["assets"]["records"] == "1"
    assert rows["uploads"]["line"].endswith("not read to its end")
