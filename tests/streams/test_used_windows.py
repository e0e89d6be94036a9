"""Sums have the window that Mux says it used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tests.support.records import DAY, HOUR, NOW, tap_time, view
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

LAST = (NOW - 13 * HOUR) // DAY * DAY
"""End of the last day for which Mux has complete sums of all kinds."""
SETTINGS: dict[str, Any] = {
    "dimensions": ["country"],
    "start_date": tap_time(LAST - DAY),
    "end_date": tap_time(LAST),
}
STREAMS = {
    "asset_heatmaps": ("/heatmap", {"heatmap": [0.5]}),
    "asset_hotspots": ("/hotspots", {"hotspots": [{"start_ms": 0}]}),
    "delivery_usage": ("/delivery-usage", [{"asset_id": "a"}]),
    "dimension_values": ("/dimensions/", [{"value": "DE", "total_count": 1}]),
    "errors": ("/errors", [{"id": 1, "count": 1}]),
}
"""A part of the path and what Mux sends, by stream."""


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.view_rows = [view("v", LAST - HOUR)]
    world.view_details = {"v": {"asset_id": "a"}}


def answer(sandbox: Sandbox, stream: str, *timeframe: int) -> None:
    """Let Mux answer for this window, or say for none."""
    path, data = STREAMS[stream]
    body: dict[str, Any] = {"data": data, "total_row_count": 1}
    if timeframe:
        body["timeframe"] = timeframe
    sandbox.faults.add(path, times=None, action=Answer(200, body))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("wider", [None, 0, HOUR])
def test_the_window_is_the_one_that_mux_used(
    sandbox: Sandbox, stream: str, wider: int | None
) -> None:
    used = [LAST - DAY - (wider or 0), LAST + (wider or 0)]
    answer(sandbox, stream, *([] if wider is None else used))
    output = run_tap(sandbox, stream, **SETTINGS)
    (record,) = output.records(stream)
    assert [record["window_start"], record["window_end"]] == [tap_time(moment) for moment in used]
    (part,) = output.states[-1]["bookmarks"][stream]["partitions"]
    assert part["replication_key"] == "window_start"
    assert part["replication_key_value"] == tap_time(LAST - DAY)


@pytest.mark.parametrize("stream", STREAMS)
def test_mux_may_name_the_last_second_of_a_window_as_its_end(sandbox: Sandbox, stream: str) -> None:
    answer(sandbox, stream, LAST - DAY, LAST - 1)
    output = run_tap(sandbox, stream, **SETTINGS)
    assert len(output.records(stream)) == 1
    (part,) = output.states[-1]["bookmarks"][stream]["partitions"]
    assert part["replication_key_value"] == tap_time(LAST - DAY)


@pytest.mark.parametrize("stream", STREAMS)
def test_an_answer_for_another_window_is_left_out(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    answer(sandbox, stream, LAST - 9 * DAY, LAST - 8 * DAY)
    output = run_tap(sandbox, stream, **SETTINGS)
    assert not output.records(stream)
    assert "replication_key_value" not in str(output.states[-1]["bookmarks"].get(stream))
    assert caplog.text.count(f"{stream} lacks records: asked for") == 1
