"""The range of time that a run reads, by its bookmark and the settings."""

from __future__ import annotations

from typing import Any

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.reading.time_range import TimeRange, read_bookmark, time_range_to_read
from tests.support.records import DAY, HOUR, tap_time

NOW = 1_780_000_000


def range_of(
    bookmark: int | None,
    *,
    start: float | None = None,
    end: float | None = None,
    lookback: int = HOUR,
) -> TimeRange:
    """Give the range for a bookmark and dates."""
    config: dict[str, Any] = {
        "start_date": None if start is None else tap_time(start),
        "end_date": None if end is None else tap_time(end),
    }
    return time_range_to_read(config, bookmark, lookback, NOW)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, TimeRange(None, NOW, None)),
        (NOW - DAY, None, TimeRange(NOW - DAY, NOW, None)),
        (NOW - DAY + 0.5, None, TimeRange(NOW - DAY, NOW, None)),
        (None, NOW - HOUR, TimeRange(None, NOW - HOUR, None)),
        (None, NOW - HOUR + 0.5, TimeRange(None, NOW - HOUR + 1, None)),
        (None, NOW + HOUR, TimeRange(None, NOW, None)),
    ],
)
def test_without_a_bookmark_the_dates_decide(
    start: float | None, end: float | None, expected: TimeRange
) -> None:
    assert range_of(None, start=start, end=end) == expected


@pytest.mark.parametrize(
    ("bookmark", "start", "expected"),
    [
        (NOW - DAY, None, TimeRange(NOW - DAY - HOUR, NOW, NOW - DAY)),
        (10, None, TimeRange(0, NOW, 10)),
        (NOW - DAY, NOW - 9 * DAY, TimeRange(NOW - DAY - HOUR, NOW, NOW - DAY)),
        (NOW - DAY, NOW - DAY - 10, TimeRange(NOW - DAY - 10, NOW, NOW - DAY)),
        (NOW - DAY, NOW - 10, TimeRange(NOW - 10, NOW, NOW - 10)),
    ],
)
def test_a_bookmark_is_looked_back_from_as_far_as_the_start_date(
    bookmark: int, start: int | None, expected: TimeRange
) -> None:
    assert range_of(bookmark, start=start) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (NOW - DAY - 1, TimeRange(NOW - DAY - 1, NOW - DAY - 1, None)),
        (NOW - DAY, TimeRange(NOW - DAY, NOW - DAY, None)),
        (NOW - DAY + 1, TimeRange(NOW - DAY - HOUR, NOW - DAY + 1, NOW - DAY)),
    ],
)
def test_an_end_date_up_to_the_bookmark_leaves_nothing(end: int, expected: TimeRange) -> None:
    found = range_of(NOW - DAY, end=end)
    assert found == expected


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-01-31T01:00:00+02:00", "2026-01-30T23:00:00.000000Z"),
        ("2026-01-30T23:00:00.9Z", "2026-01-30T23:00:00.900000Z"),
        ("2026-01-30T23:00:00Z", "2026-01-30T23:00:00.000000Z"),
    ],
)
def test_a_bookmark_is_brought_into_the_form_of_records(value: str, form: str) -> None:
    state = {"replication_key": "view_end", "replication_key_value": value}
    assert read_bookmark("views", state, "view_end") == 1_769_814_000
    assert state == {"replication_key": "view_end", "replication_key_value": form}


def test_a_bookmark_may_be_a_date_of_another_name_as_in_earlier_versions() -> None:
    state = {"replication_key": "day", "replication_key_value": "2026-01-31"}
    assert read_bookmark("errors", dict(state), "window_start") is None
    assert read_bookmark("errors", state, "window_start", {"day"}) == 1_769_817_600
    assert state == {
        "replication_key": "window_start",
        "replication_key_value": "2026-01-31T00:00:00.000000Z",
    }


def test_no_bookmark_is_none_and_no_moment_is_refused() -> None:
    state = {"replication_key": "view_end", "replication_key_value": "soon"}
    assert read_bookmark("views", {}, "view_end") is None
    assert read_bookmark("views", {**state, "replication_key_value": None}, "view_end") is None
    assert read_bookmark("views", state, None) is None
    with pytest.raises(MuxError, match="state of views is not a moment: 'soon'"):
        read_bookmark("views", state, "view_end")
