"""Windows cover a time range without gaps, each of a limited size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mux.reading.retention import first_kept
from tap_mux.reading.windows import (
    FIRST_SECONDS,
    MAX_GROWTH,
    MAX_RECORDS,
    TARGET_RECORDS,
    Window,
    Windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def walk(windows: Windows, records_in: Callable[[Window], int]) -> list[Window]:
    """Return all windows, split and resized as a reader does it."""
    read = []
    while window := windows.current:
        records = records_in(window)
        if records > MAX_RECORDS and windows.split(records):
            continue
        read.append(window)
        windows.advance(records)
    return read


@given(
    start=st.integers(0, 10**9),
    length=st.integers(0, 10**7),
    bursts=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 30_000)), max_size=5),
)
def test_windows_cover_the_time_range_without_gap_or_overlap(
    start: int, length: int, bursts: list[tuple[int, int]]
) -> None:
    end = start + length

    def records_in(window: Window) -> int:
        return sum(records for at, records in bursts if window.start <= start + at < window.end)

    read = walk(Windows(start, end), records_in)
    edges = [start, *[window.end for window in read]]
    assert [window.start for window in read] == edges[:-1]
    assert edges[-1] == max(start, end) if length else read == []
    assert all(records_in(window) <= MAX_RECORDS or window.seconds == 1 for window in read)


def test_a_time_range_without_records_takes_few_windows() -> None:
    assert len(walk(Windows(0, 100 * FIRST_SECONDS), lambda _: 0)) <= 5


def test_an_even_time_range_is_split_once() -> None:
    requested = []

    def records_in(window: Window) -> int:
        requested.append(window)
        return window.seconds  # one record a second

    read = walk(Windows(0, FIRST_SECONDS), records_in)
    assert len(requested) == len(read) + 1
    assert max(window.seconds for window in read) <= TARGET_RECORDS


def test_windows_grow_step_by_step() -> None:
    windows = Windows(0, 10**9)
    windows.advance(0)
    assert windows.current == Window(FIRST_SECONDS, FIRST_SECONDS * (1 + MAX_GROWTH))


def test_one_second_cannot_be_split() -> None:
    assert not Windows(5, 6).split(10**6)


def test_the_beginning_can_be_skipped() -> None:
    windows = Windows(0, 100)
    windows.skip_to(70)
    assert windows.current == Window(70, 100)
    windows.skip_to(10)
    assert windows.current == Window(70, 100)
    windows.skip_to(1000)
    assert windows.current is None


@given(first=st.integers(1, 10**9), guess=st.integers(-(10**9), 2 * 10**9))
def test_the_start_of_the_retention_is_found_to_the_second(first: int, guess: int) -> None:
    requested = []

    def is_kept(moment: int) -> bool:
        requested.append(moment)
        return moment >= first

    assert first_kept(0, 10**9, guess, is_kept) == first
    assert len(requested) <= 33
    assert all(0 < moment < 10**9 for moment in requested)


@pytest.mark.parametrize("off", [-29, 0, 29])
def test_a_good_guess_saves_requests(off: int) -> None:
    requested = []

    def is_kept(moment: int) -> bool:
        requested.append(moment)
        return moment >= 500_000_000

    assert first_kept(0, 10**9, 500_000_000 + off, is_kept) == 500_000_000
    assert len(requested) <= 8


@given(start=st.integers(0, 100), length=st.integers(1, 10**6), records=st.integers(0, 20_000))
def test_the_window_that_follows_is_the_one_that_comes(
    start: int, length: int, records: int
) -> None:
    windows = Windows(start, start + length)
    windows.split(2 * MAX_RECORDS)
    for _ in range(3):
        current = windows.current
        following = windows.following(records)
        assert windows.current == current
        windows.advance(records)
        assert windows.current == following


@pytest.mark.parametrize("records", [0, MAX_RECORDS, 10**6])
def test_a_split_leaves_half_at_most(records: int) -> None:
    windows = Windows(0, 1000)
    seconds = [1000]
    while windows.split(records):
        assert windows.current
        seconds.append(windows.current.seconds)
        assert seconds[-1] <= seconds[-2] / 2
    assert seconds[-1] == 1
