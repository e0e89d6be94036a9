"""Windows cover a time range without gaps, each of a limited size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mux.reading.windows import (
    CROWDED_SECONDS,
    FIRST_SECONDS,
    MAX_GROWTH,
    MAX_RECORDS,
    TARGET,
    Window,
    Windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def walk(
    windows: Windows,
    records_in: Callable[[Window], int],
    since_in: Callable[[Window], int | None] = lambda _: None,
) -> list[Window]:
    """Return all windows, split and resized as a reader does it."""
    read = []
    while window := windows.current:
        records = records_in(window)
        if records > MAX_RECORDS and not windows.crowd:
            windows.split(records, since_in(window))
            continue
        read.append(window)
        windows.advance(records)
    return read


@given(
    start=st.integers(0, 10**9),
    length=st.integers(0, 10**7),
    bursts=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 30_000)), max_size=5),
    since=st.none() | st.integers(0, 10**9),
)
def test_windows_cover_the_time_range_without_gap_or_overlap(
    start: int, length: int, bursts: list[tuple[int, int]], since: int | None
) -> None:
    end = start + length

    def records_in(window: Window) -> int:
        return sum(records for at, records in bursts if window.start <= start + at < window.end)

    read = walk(Windows(start, end, MAX_RECORDS), records_in, lambda _: since)  # right or wrong
    edges = [start, *[window.end for window in read]]
    assert [window.start for window in read] == edges[:-1]
    assert edges[-1] == max(start, end) if length else read == []
    longest = CROWDED_SECONDS
    assert all(records_in(window) <= MAX_RECORDS or window.seconds <= longest for window in read)


def test_a_time_range_without_records_takes_few_windows() -> None:
    whole = 100 * FIRST_SECONDS
    assert walk(Windows(0, whole, MAX_RECORDS), lambda _: 0) == [
        Window(0, FIRST_SECONDS),
        Window(FIRST_SECONDS, whole),
    ]


def test_without_a_count_windows_grow_step_by_step() -> None:
    windows = Windows(0, 10**9, MAX_RECORDS)
    windows.advance(0, is_counted=False)
    assert windows.current == Window(FIRST_SECONDS, FIRST_SECONDS * (1 + MAX_GROWTH))


def test_the_rest_is_not_counted_again_while_it_holds_too_many() -> None:
    bursts = {day * FIRST_SECONDS: MAX_RECORDS - 1 for day in (30, 60, 90)}
    end = 91 * FIRST_SECONDS
    counted = []

    def records_in(window: Window) -> int:
        records = sum(many for at, many in bursts.items() if window.start <= at < window.end)
        counted.append((window, records))
        return records

    read = walk(Windows(0, end, MAX_RECORDS), records_in)
    too_many = [window for window, records in counted if records > MAX_RECORDS]
    assert too_many == [Window(FIRST_SECONDS, end)]
    assert sum(records for window, records in counted if window in read) == sum(bursts.values())
    assert len(counted) == len(read) + len(too_many) <= 10


def test_a_time_without_records_costs_no_window_before_many_records() -> None:
    begin, end = 91 * FIRST_SECONDS, 100 * FIRST_SECONDS
    asked = []

    def records_in(window: Window) -> int:
        asked.append(window)
        return max(0, window.end - max(window.start, begin)) // 10

    read = walk(Windows(0, end, MAX_RECORDS), records_in, lambda window: max(window.start, begin))
    in_vain = [window for window in asked if window not in read or window.end <= begin]
    assert in_vain == [Window(0, FIRST_SECONDS), Window(FIRST_SECONDS, end)]
    assert max(map(records_in, read)) <= TARGET * MAX_RECORDS


def test_a_wrong_begin_of_the_records_costs_one_window_each() -> None:
    end = 100 * FIRST_SECONDS
    asked = []

    def records_in(window: Window) -> int:
        asked.append(window)
        return window.seconds // 10

    read = walk(Windows(0, end, MAX_RECORDS), records_in, lambda window: window.end - 1)
    assert len(asked) <= 3 * len(read)


def test_no_window_is_as_long_as_one_that_was_refused() -> None:
    windows = Windows(0, 100 * FIRST_SECONDS, MAX_RECORDS)
    windows.advance(0)
    assert windows.halve()
    assert windows.halve()
    longest = 99 * FIRST_SECONDS // 4
    while window := windows.current:
        assert window.seconds <= longest
        windows.advance(0)
    assert not Windows(5, 6, MAX_RECORDS).halve()


def test_an_even_time_range_is_split_once() -> None:
    requested = []

    def records_in(window: Window) -> int:
        requested.append(window)
        return window.seconds  # one record a second

    read = walk(Windows(0, FIRST_SECONDS, MAX_RECORDS), records_in)
    assert len(requested) == len(read) + 1
    assert max(window.seconds for window in read) <= TARGET * MAX_RECORDS


def test_windows_grow_step_by_step() -> None:
    windows = Windows(0, 10**9, MAX_RECORDS)
    windows.advance(1)
    assert windows.current == Window(FIRST_SECONDS, FIRST_SECONDS * (1 + MAX_GROWTH))


def test_one_second_that_cannot_be_split_becomes_a_crowd() -> None:
    windows = Windows(5, 6, MAX_RECORDS)
    windows.split(10**6)
    assert (windows.current, windows.crowd) == (Window(5, 6), 10**6)


def test_a_crowd_takes_the_seconds_around_it() -> None:
    windows = Windows(5, 100, MAX_RECORDS)
    while not windows.crowd:
        windows.split(10**6)
    assert windows.current == Window(5, 5 + CROWDED_SECONDS)
    windows.advance(windows.crowd)
    assert (windows.current, windows.crowd) == (Window(8, 9), 0)


def test_the_beginning_can_be_skipped() -> None:
    windows = Windows(0, 100, MAX_RECORDS)
    windows.skip_to(70)
    assert windows.current == Window(70, 100)
    windows.skip_to(10)
    assert windows.current == Window(70, 100)
    windows.skip_to(1000)
    assert windows.current is None


@given(start=st.integers(0, 100), length=st.integers(1, 10**6), records=st.integers(0, 20_000))
def test_the_window_that_follows_is_the_one_that_comes(
    start: int, length: int, records: int
) -> None:
    windows = Windows(start, start + length, MAX_RECORDS)
    windows.split(2 * MAX_RECORDS)
    for _ in range(3):
        current = windows.current
        following = windows.following(records)
        assert windows.current == current
        windows.advance(records)
        assert windows.current == following


@pytest.mark.parametrize("records", [0, MAX_RECORDS, 10**6])
def test_a_split_leaves_half_at_most(records: int) -> None:
    windows = Windows(0, 1000, MAX_RECORDS)
    seconds = [1000]
    while seconds[-1] > 1:
        windows.split(records)
        assert windows.current
        seconds.append(windows.current.seconds)
        assert seconds[-1] <= seconds[-2] / 2
    assert seconds[-1] == 1
