"""Subviews: hours that are final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tests.rows import DAY, HOUR, NOW, tap_time
from tests.tapping import run_tap

if TYPE_CHECKING:
    from tests.tapping import Message

STREAM = "subview_timeseries"
KEY = ("metric", "subview_type", "group", "date")


def keys(records: list[Message]) -> set[tuple[str, ...]]:
    """Give the keys of records, which have to be unique."""
    found = {tuple(record[name] for name in KEY) for record in records}
    assert len(found) == len(records)
    return found


def test_only_final_hours_and_then_the_next_ones() -> None:
    now = NOW - 12 * HOUR
    clock = [float(now)]
    start = tap_time(now - 2 * DAY)
    with Sandbox(world=GeneratedWorld(), options=SandboxOptions(clock=lambda: clock[0])) as sandbox:
        first = run_tap(sandbox, STREAM, start_date=start)
        records = first.records(STREAM)
        final = (now - 2 * HOUR) // HOUR * HOUR  # as the sandbox has it
        assert {record["subview_type"] for record in records} == {"rendition", "playback_mode"}
        assert {record["status"] for record in records} == {"complete"}
        assert tap_time(now - 2 * DAY - HOUR) < min(record["date"] for record in records)
        assert max(record["date"] for record in records) < tap_time(final)
        before = keys(records)
        asked = len([r for r in sandbox.requests if "/subview-metrics/" in r.path])
        assert asked <= 2 * 4

        clock[0] += 3 * HOUR
        second = run_tap(sandbox, STREAM, state=first.states[-1], lookback_days=0)
        added = {date for *_, date in keys(second.records(STREAM)) - before}
        assert added == {tap_time(final + hour * HOUR) for hour in range(3)}
