"""Time windows over a range: sized by how many rows they hold, oldest first, none skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ROWS = 5_000
"""A window that holds more is split, so that memory and paging stay bounded."""

AIMED_ROWS = 3_500
"""What the next window should hold: far enough below the most that few have to be split."""

FIRST_SECONDS = 24 * 60 * 60
MOST_GROWTH = 4

GUESS_SECONDS = 30
"""How far a guess at the border of what is kept may be off, to either side."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of time, in whole epoch seconds."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long the window is."""
        return self.end - self.start


class Windows:
    """Cuts a range of time into adjacent windows, learning from each how large the next can be."""

    def __init__(self, start: int, end: int) -> None:
        """Begin at the oldest window.

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

    def split(self, rows: int) -> bool:
        """Make the current window smaller, since it holds too many rows.

        Args:
            rows: How many rows it holds, at least.

        Returns:
            False where it cannot be split any further.
        """
        window = self.current
        if window is None or window.seconds == 1:
            return False
        self._seconds = min(_fitting(window.seconds, rows), window.seconds // 2)
        return True

    def following(self, rows: int) -> Window | None:
        """Return the window after the current one; None if there is none.

        Args:
            rows: How many rows the current window holds.
        """
        ahead = Windows(self._start, self._end)
        ahead._seconds = self._seconds
        ahead.advance(rows)
        return ahead.current

    def advance(self, rows: int) -> None:
        """Go on to the next window.

        Args:
            rows: How many rows the current window held.
        """
        window = self.current
        if window is not None:
            self._start = window.end
            self._seconds = min(_fitting(window.seconds, rows), window.seconds * MOST_GROWTH)

    def begin_at(self, start: int) -> None:
        """Leave out all that lies before a moment.

        Args:
            start: First second that is still to be read, in epoch seconds.
        """
        self._start = max(self._start, start)


def _fitting(seconds: int, rows: int) -> int:
    """Return how long a window of the same density should be."""
    return max(1, seconds * AIMED_ROWS // max(rows, 1))


def first_kept(refused: int, kept: int, guess: int, is_kept: Callable[[int], bool]) -> int:
    """Find the earliest moment that is kept, to the second, by bisection.

    Args:
        refused: A moment that is known not to be kept any more, in epoch seconds.
        kept: A later moment that is.
        guess: About where the border should be; a good guess saves most of the questions.
        is_kept: Asks whether a moment is kept.

    Returns:
        The earliest moment that is kept.
    """
    for moment in (guess + GUESS_SECONDS, guess - GUESS_SECONDS):
        if refused < moment < kept:
            if is_kept(moment):
                kept = moment
            else:
                refused = moment
    while kept - refused > 1:
        middle = (refused + kept) // 2
        if is_kept(middle):
            kept = middle
        else:
            refused = middle
    return kept
