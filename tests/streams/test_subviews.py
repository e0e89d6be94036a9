"""Subviews: only complete hours are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, GeneratedWorld, Sandbox, SandboxOptions
from tests.support.records import DAY, HOUR, NOW, tap_time
from tests.support.tapping import bookmark, catalog_of, run_tap

if TYPE_CHECKING:
    from tests.support.tapping import Message

STREAM = "subview_timeseries"
KEY = ("metric", "subview_type", "breakdown_value", "date")


def keys(records: list[Message]) -> set[tuple[str, ...]]:
    """Return the keys of records; they must be unique."""
    found = {tuple(record[name] for name in KEY) for record in records}
    assert len(found) == len(records)
    return found


def test_only_complete_hours_and_then_the_next_ones() -> None:
    now = NOW - 12 * HOUR
    clock = [float(now)]
    start = tap_time(now - 2 * DAY)
    with Sandbox(world=GeneratedWorld(), options=SandboxOptions(clock=lambda: clock[0])) as sandbox:
        first = run_tap(sandbox, STREAM, start_date=start)
        records = first.records(STREAM)
        end = (now - 2 * HOUR) // HOUR * HOUR  # the same rule as in the sandbox
        assert {record["subview_type"] for record in records} == {"rendition", "playback_mode"}
        assert {record["status"] for record in records} == {"complete"}
        assert tap_time(now - 2 * DAY - HOUR) < min(record["date"] for record in records)
        assert max(record["date"] for record in records) < tap_time(end)
        before = keys(records)
        asked = len([r for r in sandbox.requests if "/subview-metrics/" in r.path])
        assert asked <= 2 * 4

        clock[0] += 3 * HOUR
        second = run_tap(sandbox, STREAM, state=first.states[-1], lookback_days=0)
        added = {date for *_, date in keys(second.records(STREAM)) - before}
        assert added == {tap_time(end + hour * HOUR) for hour in range(3)}


@pytest.mark.parametrize(
    ("through", "hours"), [("00:59:59", 1), ("01:00:00", 1), ("01:30:00", 1), ("01:59:59", 2)]
)
def test_an_hour_is_read_when_it_is_complete(sandbox: Sandbox, through: str, hours: int) -> None:
    midnight = NOW - NOW % DAY - DAY
    day = tap_time(midnight)[:10]
    answer = {
        "data": [
            {
                "date": f"{day}T0{hour}:00:00Z",
                "status": "complete",
                "values": [{"breakdown_value": "1080p", "metric_value": 1}],
            }
            for hour in range(3)
        ],
        "meta": {"complete_through": f"{day}T{through}Z"},
    }
    sandbox.faults.add("/subview-metrics/", times=None, action=Answer(200, answer))
    records = run_tap(sandbox, STREAM, start_date=tap_time(midnight)).records(STREAM)
    assert {record["date"] for record in records} == {
        tap_time(midnight + hour * HOUR) for hour in range(hours)
    }


@pytest.mark.parametrize(
    ("through", "statuses", "mark"),
    [
        ("23:59:59", [], 23),
        ("04:59:59", [], 4),
        ("04:30:00", [], 3),
        (None, [], None),
        ("23:59:59", ["complete", "incomplete", "complete"], 0),
        ("23:59:59", ["incomplete"], None),
    ],
)
def test_hours_that_are_not_final_are_not_passed(
    sandbox: Sandbox, through: str | None, statuses: list[str], mark: int | None
) -> None:
    midnight = NOW - NOW % DAY - DAY
    day = tap_time(midnight)[:10]
    hours = [
        {
            "date": f"{day}T{hour:02}:00:00Z",
            "status": status,
            # Records behind an hour that is not final do not move the bookmark.
            "values": [{"breakdown_value": "1080p", "metric_value": 1}] if hour else [],
        }
        for hour, status in enumerate(statuses)
    ]
    answer = {"data": hours, "meta": {"complete_through": through and f"{day}T{through}Z"}}
    sandbox.faults.add("/subview-metrics/", times=None, action=Answer(200, answer))
    dates = {"start_date": tap_time(midnight), "end_date": tap_time(midnight + DAY)}
    found = bookmark(run_tap(sandbox, STREAM, **dates).states[-1], STREAM)  # type: ignore[arg-type]
    expected = None if mark is None else tap_time(midnight + mark * HOUR)
    assert (found or "")[:13] == (expected or "")[:13]


def test_a_catalog_of_an_earlier_version() -> None:
    catalog = catalog_of(STREAM)
    (entry,) = catalog["streams"]
    entry["key_properties"] = ["metric", "subview_type", "group", "date"]
    properties = entry["schema"]["properties"]
    properties["group"] = properties.pop("breakdown_value")
    for part in entry["metadata"]:
        if part["breadcrumb"] == ["properties", "breakdown_value"]:
            part["breadcrumb"] = ["properties", "group"]
    with Sandbox(world=GeneratedWorld()) as sandbox:
        output = run_tap(sandbox, catalog=catalog, start_date=tap_time(NOW - DAY))
    (schema,) = [message for message in output.messages if message["type"] == "SCHEMA"]
    assert schema["key_properties"] == [*KEY]
    assert "group" not in schema["schema"]["properties"]
    records = output.records(STREAM)
    assert {"1080p", "inline"} & {record["breakdown_value"] for record in records}
    assert not any("group" in record for record in records)
