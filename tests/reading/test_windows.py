"""Windows over a range of time: adjacent, bounded, none skipped."""

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


def walk(windows: Windows, rows_in: Callable[[Window], int]) -> list[Window]:
    """Read all windows as a listing does."""
    read = []
    while window := windows.current:
        rows = rows_in(window)
        if rows > MAX_RECORDS and windows.split(rows):
            continue
        read.append(window)
        windows.advance(rows)
    return read


@given(
    start=st.integers(0, 10**9),
    length=st.integers(0, 10**7),
    bursts=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 30_000)), max_size=5),
)
def test_windows_cover_the_range_without_gap_or_overlap(
    start: int, length: int, bursts: list[tuple[int, int]]
) -> None:
    end = start + length

    def rows_in(window: Window) -> int:
        return sum(rows for at, rows in bursts if window.start <= start + at < window.end)

    read = walk(Windows(start, end), rows_in)
    edges = [start, *[window.end for window in read]]
    assert [window.start for window in read] == edges[:-1]
    assert edges[-1] == max(start, end) if length else read == []
    assert all(rows_in(window) <= MAX_RECORDS or window.seconds == 1 for window in read)


def test_a_quiet_range_takes_few_windows() -> None:
    assert len(walk(Windows(0, 100 * FIRST_SECONDS), lambda _: 0)) <= 5


def test_an_even_range_is_split_once_and_then_fits() -> None:
    asked = []

    def rows_in(window: Window) -> int:
        asked.append(window)
        return window.seconds  # one row a second

    read = walk(Windows(0, FIRST_SECONDS), rows_in)
    assert len(asked) == len(read) + 1
    assert max(window.seconds for window in read) <= TARGET_RECORDS


def test_windows_grow_step_by_step() -> None:
    windows = Windows(0, 10**9)
    windows.advance(0)
    assert windows.current == Window(FIRST_SECONDS, FIRST_SECONDS * (1 + MAX_GROWTH))


def test_one_second_cannot_be_split() -> None:
    assert not Windows(5, 6).split(10**6)


def test_a_gap_at_the_beginning_is_left_out() -> None:
    windows = Windows(0, 100)
    windows.skip_to(70)
    assert windows.current == Window(70, 100)
    windows.skip_to(10)
    assert windows.current == Window(70, 100)
    windows.skip_to(1000)
    assert windows.current is None


@given(border=st.integers(1, 10**9), guess=st.integers(-(10**9), 2 * 10**9))
def test_the_border_of_what_is_kept_is_found_to_the_second(border: int, guess: int) -> None:
    asked = []

    def is_kept(moment: int) -> bool:
        asked.append(moment)
        return moment >= border

    assert first_kept(0, 10**9, guess, is_kept) == border
    assert len(asked) <= 33
    assert all(0 < moment < 10**9 for moment in asked)


@pytest.mark.parametrize("off", [-29, 0, 29])
def test_a_good_guess_saves_questions(off: int) -> None:
    asked = []

    def is_kept(moment: int) -> bool:
        asked.append(moment)
        return moment >= 500_000_000

    assert first_kept(0, 10**9, 500_000_000 + off, is_kept) == 500_000_000
    assert len(asked) <= 8
