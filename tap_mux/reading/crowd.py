"""The views of a crowd. They are written while they are read: memory could not hold them all."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from tap_mux.reading.answers import count_of
from tap_mux.reading.window_reading import collect
from tap_mux.records.timestamps import utc_timestamp

if TYPE_CHECKING:
    from tap_mux.reading.window_reading import Page, Views
    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

_ORDER = itemgetter("view_end", "id")


class Crowd:
    """What the readings of a crowd have found. Only a hash of each ID is remembered."""

    def __init__(self, window: Window) -> None:
        """Start before the first reading.

        Args:
            window: The window that is a crowd.
        """
        self._start, self._end = map(utc_timestamp, (window.start, window.end))
        self.given: set[int] = set()
        """The views that ended in the window, and have been returned to be written."""
        self.found: set[int] = set()
        """All views of this reading, also those that ended a second too early or too late."""
        self._found_before: set[int] = set()
        self._counts: set[int | None] = set()
        self._counts_before: set[int | None] = set()

    def begin_reading(self) -> None:
        """Begin again with the first page."""
        self._found_before |= self.found
        self._counts_before |= self._counts
        self.found.clear()
        self._counts.clear()

    def take(self, page: Page) -> list[Record]:
        """Return the views of a page that ended in the window and have not come before.

        Args:
            page: The next page.
        """
        self._counts.add(count_of(page))
        views: Views = {}
        collect(page["data"], views)
        fresh = []
        for view in sorted(views.values(), key=_ORDER):
            key = hash(view["id"])
            self.found.add(key)
            if key not in self.given and self._start <= view["view_end"] < self._end:
                self.given.add(key)
                fresh.append(view)
        return fresh

    def is_whole(self) -> bool:
        """Return whether Mux counts as many views as this reading, or all readings, found."""
        if self._counts in ({None}, {len(self.found)}):
            return True
        return self._counts | self._counts_before == {len(self.found | self._found_before)}
