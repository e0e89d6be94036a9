"""Arithmetic of time windows: a range cut into windows of about as many records each."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RECORDS = 5_000
"""A window that holds more is split, so that memory and paging stay bounded."""

TARGET_RECORDS = 3_500
"""What the next window should hold: so far below MAX_RECORDS that few windows are split."""

FIRST_SECONDS = 24 * 60 * 60
MAX_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of time, in whole epoch seconds: ``end`` is not part of it."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long the window is."""
        return self.end - self.start


class Windows:
    """Cuts a range of time into adjacent windows, learning from each how large the next can be."""

    def __init__(self, start: int, end: int) -> None:
        """Start at the oldest window.

        Args:
            start: First second of the range, in epoch seconds.
            end: The second after the last one.
        """
        self._start = start
        self._end = end
        self._seconds = FIRST_SECONDS

    @property
    def current(self) -> Window | None:
        """The window to read now; None when the whole range has been read."""
        if self._start >= self._end:
            return None
        return Window(self._start, min(self._start + self._seconds, self._end))

    def split(self, records: int) -> bool:
        """Make the current window smaller, since it holds too many records.

        Args:
            records: How many records it holds, at least.

        Returns:
            False where it cannot be split any further.
        """
        window = self.current
        if window is None or window.seconds == 1:
            return False
        self._seconds = min(_fitting(window.seconds, records), window.seconds // 2)
        return True

    def following(self, records: int) -> Window | None:
        """Return the window after the current one; None if there is none.

        Args:
            records: How many records the current window holds.
        """
        ahead = Windows(self._start, self._end)
        ahead._seconds = self._seconds
        ahead.advance(records)
        return ahead.current

    def advance(self, records: int) -> None:
        """Go on to the next window.

        Args:
            records: How many records the current window held.
        """
        window = self.current
        if window is not None:
            self._start = window.end
            self._seconds = min(_fitting(window.seconds, records), window.seconds * MAX_GROWTH)

    def skip_to(self, start: int) -> None:
        """Leave out all that lies before a moment.

        Args:
            start: First second that is still to be read, in epoch seconds.
        """
        self._start = max(self._start, start)


def _fitting(seconds: int, records: int) -> int:
    """Return how long a window of the same density should be, in seconds."""
    return max(1, seconds * TARGET_RECORDS // max(records, 1))
