"""Arithmetic of time windows: a range cut into windows of about as many records each."""

from __future__ import annotations

import copy
from dataclasses import dataclass

MAX_RECORDS = 5_000
"""A window that holds more is split, so that memory and paging stay bounded."""

MAX_RECORDS_OF_MANY = 2_000
"""The same where a run reads several environments, each with windows of its own in memory."""

TARGET = 0.7
"""Which part of that the next window should hold, so that few windows are split."""

CROWDED_SECONDS = 3
"""How long a crowd is.

Windows are asked for with a second more on either side. So if a crowd was one second long, its
records would also come with the window before and the one after.
"""

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

    def __init__(self, start: int, end: int, max_records: int) -> None:
        """Start at the oldest window.

        Args:
            start: First second of the range, in epoch seconds.
            end: The second after the last one.
            max_records: How many records a window may hold.
        """
        self._max_records = max_records
        self._start = start
        self._end = end
        self._seconds = FIRST_SECONDS
        self._longest = max(1, end - start)
        self._records_left: int | None = None  # up to the end, if known; at least so many
        self._gap = 0  # how many seconds at the beginning of the current window have no record
        self.crowd = 0
        """How many records the current window holds, if too many and it cannot be split."""

    @property
    def current(self) -> Window | None:
        """The window to read now; None when the whole range has been read."""
        if self._start >= self._end:
            return None
        seconds = min(self._seconds, self._longest)
        return Window(self._start, min(self._start + seconds, self._end))

    def split(self, records: int, since: int | None = None) -> None:
        """Make the current window smaller, since it holds too many records.

        If it is only a second long, it becomes a crowd.

        Args:
            records: How many records it holds, at least.
            since: When they seem to begin, in epoch seconds; None if that is not known. The time
                before that gets no window of its own.
        """
        window = self.current
        if window is None:
            return
        if window.end == self._end:
            self._records_left = records
        if window.seconds == 1:
            self.crowd = records
            self._seconds = CROWDED_SECONDS
        else:
            if since is None or self._gap:  # a gap that did not help was perhaps none
                self._gap = 0
            else:
                self._gap = min(max(since - window.start, 0), window.seconds - 1)
            rest = window.seconds - self._gap
            self._seconds = self._gap + min(self._fitting(rest, records), rest // 2)

    def halve(self) -> bool:
        """Make the current window smaller, and none larger from now on: Mux refuses its length.

        Returns:
            False where it cannot be made any smaller.
        """
        window = self.current
        if window is None or window.seconds == 1:
            return False
        self._longest = window.seconds // 2
        return True

    def following(self, records: int) -> Window | None:
        """Return the window after the current one; None if there is none.

        Args:
            records: How many records the current window holds, as Mux counts them.
        """
        ahead = copy.copy(self)
        ahead.advance(records)
        return ahead.current

    def advance(self, records: int, *, is_counted: bool = True) -> None:
        """Go on to the next window.

        Where there was no record, that is all the rest, unless it is known to hold too many: its
        count is one request, where ever longer windows would take several.

        Args:
            records: How many records the current window held.
            is_counted: Whether that is how many Mux counts. Where it does not count, a window that
                holds too many shows that only after many pages.
        """
        window = self.current
        if window is None:
            return
        self._start = window.end
        if self._records_left is not None:
            self._records_left -= records
        self.crowd = 0
        rest = max(1, self._end - self._start)
        has_rest_too_many = (self._records_left or 0) > self._max_records
        if not records and is_counted and not has_rest_too_many:
            self._seconds = rest
        else:
            fitting = self._fitting(max(1, window.seconds - self._gap), records)
            self._seconds = min(fitting, window.seconds * MAX_GROWTH)
            if has_rest_too_many:
                self._seconds = min(self._seconds, max(1, rest // 2))
        self._gap = 0

    def skip_to(self, start: int) -> None:
        """Leave out all that lies before a moment.

        Args:
            start: First second that is still to be read, in epoch seconds.
        """
        self._start = max(self._start, start)

    def _fitting(self, seconds: int, records: int) -> int:
        """Return how long a window of the same density should be, in seconds."""
        return max(1, int(seconds * TARGET * self._max_records) // max(records, 1))
