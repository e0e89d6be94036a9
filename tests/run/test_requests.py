"""How many requests a run sends for each stream: they are what Mux limits."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.streams import ALL_STREAMS
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, view, wire_time
from tests.support.requests import round_trips
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

VIEWS = "/data/v1/video-views"
VIEWS_A_DAY = 10

PATHS = {
    stream.name: re.compile(re.sub(r"\{\w+\}", "[^/]+", stream.path)) for stream in ALL_STREAMS
}

NEXT_RUN = {
    "annotations": 1,
    "assets": 3,
    "delivery_usage": 3 * 2,  # the lookback; a page, and the end of each
    "dimensions": 1,
    "drm_configurations": 1,
    "environments": 1,
    "errors": 3,  # the lookback
    "incidents": 1,
    "live_streams": 1,
    "metric_timeseries": 7,
    "playback_restrictions": 1 + 1,
    "signing_keys": 1 + 1,
    "transcription_vocabularies": 3 + 1,
    "uploads": 5 + 1,
    "video_views": 1,
    "webhooks": 1,
}
"""Requests of a run that reads what is new: a page each, and one where only that shows an end."""

PAGES = sum(NEXT_RUN.values()) - 3 - 4
"""Without those that confirm an end: of three days of usage, and of four lists."""


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    def rows(records: int) -> list[dict[str, Any]]:
        return [{"id": f"{number:04}"} for number in range(records)]

    world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(250)]
    step = DAY // VIEWS_A_DAY
    world.view_rows = [view(n, NOW - 100 * DAY + n * step) for n in range(5, 100 * VIEWS_A_DAY)]
    midnight = NOW - NOW % DAY
    delivery = {"asset_id": "a", "delivered_seconds": 5, "delivered_seconds_by_resolution": {}}
    world.tables |= {
        "uploads": rows(450),
        "transcription_vocabularies": rows(25),
        "playback_restrictions": rows(3),
        "signing_keys": rows(10),
        "webhooks": rows(30),
        "delivery_usage": [{"hour": midnight - n * DAY, **delivery} for n in range(1, 6)],
        "annotations": [{"id": "n", "note": "A note", "date": wire_time(NOW - HOUR)}],
    }


def by_stream(requests: list[RequestRecord]) -> dict[str, int]:
    """Count the requests for each stream."""
    return dict(
        Counter(
            name
            for request in requests
            for name, path in PATHS.items()
            if path.fullmatch(request.path)
        )
    )


def test_a_run_that_reads_what_is_new(sandbox: Sandbox) -> None:
    state = run_tap(sandbox).states[-1]
    for _ in range(2):
        sandbox.requests.clear()
        state = run_tap(sandbox, state=state).states[-1]
        assert by_stream(sandbox.requests) == NEXT_RUN
        assert len(sandbox.requests) == sum(NEXT_RUN.values())
    assert sum(NEXT_RUN.values()) <= 1.05 * PAGES + 3 + 4


def test_the_first_run(sandbox: Sandbox) -> None:
    now = int(time.time())
    run_tap(sandbox)
    first = by_stream(sandbox.requests)
    days = now // DAY - -(-(now - 100 * DAY) // DAY)
    days_of_usage = (now - 13 * HOUR) // DAY - -(-(now - 90 * DAY) // DAY)
    assert first.pop("errors") == days
    assert first.pop("delivery_usage") - days_of_usage in {4, 5}  # the ends of days with usage
    # Mux refuses 2015; four requests find the border, two are for each window that follows.
    pages = 100 * VIEWS_A_DAY / 100
    assert first.pop("video_views") <= pages + 1 + 4 + 5
    assert first.pop("annotations") == 1 + 4 + 1
    assert first.items() <= NEXT_RUN.items()


def test_an_environment_with_nothing_in_it(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows.clear()
    world.view_rows.clear()
    world.tables.clear()
    state = run_tap(sandbox).states[-1]
    sandbox.requests.clear()
    run_tap(sandbox, state=state)
    one_each = dict.fromkeys(NEXT_RUN, 1)
    assert by_stream(sandbox.requests) == {
        **one_each,
        "delivery_usage": 3,
        "errors": 3,
        "metric_timeseries": 7,
    }


def test_round_trips_before_the_first_view(sandbox: Sandbox) -> None:
    sandbox.options.latency_seconds = 0.05
    run_tap(sandbox, "video_views")
    requests = list(sandbox.requests)
    first = next(
        number
        for number, request in enumerate(requests)
        if request.path == VIEWS and request.status == 200 and request.param("limit") == "100"
    )
    assert round_trips(requests[: first + 1]) <= 8
    assert first <= 1 + 1 + 4  # whoami, the year 2015, the border


def test_all_requests_only_read(world: ExplicitWorld, sandbox: Sandbox) -> None:
    del world.asset_rows[3:], world.view_rows[:-30]
    end = tap_time(NOW - DAY)
    run_tap(sandbox, *PATHS, start_date=tap_time(NOW - 2 * DAY), end_date=end)
    asked = by_stream(sandbox.requests).keys()
    assert asked >= {*NEXT_RUN, "video_view_details", "exported_video_views", "robot_jobs"}
    assert {request.method for request in sandbox.requests} == {"GET"}
