"""One reading of one window of views, page by page."""

from __future__ import annotations

import itertools
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.answers import count_of, text_of, timestamp_of
from tap_mux.reading.pagination import PAGE_LIMIT
from tap_mux.records.timestamps import epoch_seconds, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sized

    from tap_mux.api.workers import Results, WorkerPool
    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

    Page = dict[str, Any]
    Views = dict[str, Record]
    """Views by ``id``, their ``view_end`` in the one form that the tap emits."""

MAX_CROWD = 500_000
"""How many views a crowd may have. A list with more is taken for endless."""


class TooManyViewsError(Exception):
    """A window holds too many views."""

    def __init__(self, views: int) -> None:
        """Keep how many.

        Args:
            views: How many views it holds, at least.
        """
        super().__init__(views)
        self.views = views


class WindowReading:
    """One reading of one window. It asks for the first page at once."""

    def __init__(
        self,
        ask: Callable[..., Page],
        workers: WorkerPool,
        window: Window,
        max_views: float,
    ) -> None:
        """Ask for the first page.

        Args:
            ask: Asks for a page of a window.
            workers: Sends several requests at a time.
            window: The window.
            max_views: How many views it may hold; ``math.inf`` if it cannot be split.
        """
        self.window = window
        self._ask = partial(ask, window)
        self._workers = workers
        self._max_views = max_views
        self._cancelled = threading.Event()
        self._first = workers.submit(self._ask, 1, cancelled=self._cancelled)
        self._others: Results[Page] | None = None
        self._last = 1
        self.has_repeated = False
        """Whether it ended since Mux gave a page once more, behind which others may be."""

    def count(self) -> int | None:
        """Return how many views Mux counts in the window; None if it gives no number.

        Raises:
            TooManyViewsError: The window has to be split.
        """
        count = count_of(self._first.result())
        self._check(count or 0)
        return count

    @property
    def first_page(self) -> Page:
        """The first page; this waits for it."""
        return self._first.result()

    @property
    def since(self) -> int | None:
        """When the first view ended, in epoch seconds; None where views do not come in order."""
        ends = [timestamp_of(view, "view_end") for view in self.first_page["data"]]
        return epoch_seconds(ends[0]) if ends and ends == sorted(ends) else None

    def ask_for_more(self) -> None:
        """Ask for the other pages, if the first one has come, and unless they are too many."""
        if self._others or not self._first.done() or self._first.exception():
            return
        first = self._first.result()
        count, size = count_of(first) or 0, len(first["data"])
        if size and count <= self._max_views:
            # One more if the last page would be full: only a short page is surely the last one.
            self._last = -(-count // size) + (count % PAGE_LIMIT == 0)
        self._others = self._workers.map(self._ask, range(2, self._last + 1))

    def collect(self, ahead: WindowReading | None) -> tuple[Views, set[int | None]]:
        """Read all pages. Meanwhile, ask for the pages of the next window.

        Args:
            ahead: The reading of the next window, if there is one.

        Returns:
            The views, and the counts of Mux: one number if nothing moved.

        Raises:
            TooManyViewsError: The window has to be split.
        """
        views: Views = {}
        counts: set[int | None] = set()
        for page in self.pages(views):
            if ahead:
                ahead.ask_for_more()
            counts.add(count_of(page))
            collect(page["data"], views)
        self.close()
        return views, counts

    def pages(self, found: Sized) -> Iterator[Page]:
        """Yield the pages up to the last one.

        Args:
            found: The views so far, each once. The caller adds the views of each page to them.

        Raises:
            TooManyViewsError: The window has to be split.
        """
        previous: list[str] = []
        for page in self._pages():
            known = len(found)
            yield page
            count = count_of(page)
            self._check(max(count or 0, len(found)), len(found))
            ids = [view["id"] for view in page["data"]]
            if ids and ids == previous:
                is_full = len(ids) == PAGE_LIMIT
                self.has_repeated = is_full if count is None else count > len(found)
            previous = ids
            # A page may be short for no reason, and a count may be wrong. So the list ends after a
            # page without a new view, or after a short page if all views that Mux counts have come.
            if len(found) == known or (len(found) == count and len(page["data"]) < PAGE_LIMIT):
                return

    def close(self) -> None:
        """Cancel the requests that have not been sent."""
        self._cancelled.set()
        if self._others:
            self._others.close()

    def _pages(self) -> Iterator[Page]:
        yield self._first.result()
        self.ask_for_more()
        yield from self._others or ()
        for number in itertools.count(self._last + 1):
            yield self._ask(number)

    def _check(self, views: int, found: int = 0) -> None:
        if views > self._max_views:
            raise TooManyViewsError(views)
        if found > MAX_CROWD:
            text = (
                f"Mux gives more than {MAX_CROWD:,} views that ended from "
                f"{readable(self.window.start)} to {readable(self.window.end)}"
            )
            raise UnexpectedAnswerError(text)


def collect(page: Iterable[Record], views: Views) -> None:
    """Add views. Of two versions of a view, keep the one that ended later, or else came later.

    Args:
        page: The views of a page.
        views: The views so far.
    """
    for view in page:
        view_id, view_end = text_of(view, "id"), timestamp_of(view, "view_end")
        view["view_end"] = view_end
        known = views.get(view_id)
        if known is None or view_end >= known["view_end"]:
            views[view_id] = view
