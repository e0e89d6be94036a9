"""Views by windows of time, complete and in order.

Mux does not promise whether the ends of ``timeframe[]`` are inclusive, in which order views come
that ended together, nor that nothing moves between two pages. So each window is asked for with a
second more on either side, compared with the count of Mux, sorted, and cut to size here.
"""

from __future__ import annotations

import itertools
import logging
import threading
from bisect import bisect_left
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.answers import count_of, text_of, timestamp_of, window_of
from tap_mux.reading.pagination import PAGE_LIMIT
from tap_mux.reading.retention import first_kept, warn_gone
from tap_mux.reading.windows import MAX_RECORDS, Window, Windows
from tap_mux.records.timestamps import readable, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.workers import Results, WorkerPool
    from tap_mux.records.normalizer import Record

    Page = dict[str, Any]
    _Views = dict[str, Record]
    """Views by ``id``, their ``view_end`` in the one form that the tap emits."""

TRIES_OF_A_WINDOW = 3
"""How often a window is read in which views move from page to page."""

MAX_VIEWS_OF_A_SECOND = 500_000
"""How many views may end in one second, which cannot be split, before it is taken for endless."""

BEFORE_MUX_DATA = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
RECENT_SECONDS = 60
"""Views of this age are surely kept, and not in the future of Mux if clocks differ a little."""

MARGIN_SECONDS = 5
"""How far behind the border of what Mux keeps to start: the border moves while we read."""

logger = logging.getLogger(__name__)


class ViewWindows:
    """Reads a list of views by windows of the time when they ended, oldest first.

    Follows https://www.mux.com/docs/api-reference/data/video-views/list-video-views
    """

    def __init__(self, client: MuxClient, workers: WorkerPool, path: str, query: Query) -> None:
        """Take what sends requests.

        Args:
            client: Sends a request.
            workers: Sends several requests at a time.
            path: The path of the list.
            query: Query parameters besides those of paging and time.
        """
        self._client = client
        self._workers = workers
        self._path = path
        self._query = query
        self.has_been_cut = False
        """Whether Mux answered for a shorter range of time than it was asked for."""

    def read(
        self, start: int | None, end: int, unread: int | None = None
    ) -> Iterator[list[Record]]:
        """Read the views that ended in a range of time.

        Args:
            start: First second of the range, in epoch seconds; None for all that Mux keeps.
            end: The second after its last one.
            unread: First second of the range that no earlier run has read; None for ``start``.

        Yields:
            The views of each window in order of (``view_end``, ``id``), no ``id`` twice. A view
            that is reopened while the range is read comes again in a later window.

        Raises:
            MuxError: A request failed for good.
        """
        windows = Windows(BEFORE_MUX_DATA if start is None else start, end)
        margin = MARGIN_SECONDS
        ahead: WindowReading | None = None
        try:
            while window := windows.current:
                if ahead and ahead.window != window:
                    ahead.close()
                    ahead = None
                reading, ahead = ahead or self._begin(window), None
                try:
                    count = reading.count()
                    if count is not None and (following := windows.following(count)):
                        ahead = self._begin(following)  # while this one is read and emitted
                    views = self._settle(reading, ahead)
                    self._warn_if_cut(window_of(reading.first_page), window, start)
                    windows.advance(
                        len(views) if count is None else count, is_counted=count is not None
                    )
                    yield _in_order(views, window)
                except _TooManyViewsError as too_many:
                    windows.split(too_many.views)
                except APIError as error:
                    if not error.is_timeframe_refused:
                        raise
                    kept = self._first_kept(window.start, error)
                    if kept == window.start:
                        # The window is not too old, so Mux must have refused its length.
                        if not windows.halve():
                            raise
                        continue
                    kept += margin
                    margin *= 2  # the border moves while we read
                    windows.skip_to(kept)
                    _report_gone(start, max(window.start, unread or 0), kept, end)
                finally:
                    reading.close()
        finally:
            if ahead:
                ahead.close()

    def _begin(self, window: Window) -> WindowReading:
        return WindowReading(self._ask, self._workers, window)

    def _settle(self, reading: WindowReading, ahead: WindowReading | None) -> _Views:
        """Read a window until nothing has moved in it, TRIES_OF_A_WINDOW times at most."""
        window = reading.window
        read: _Views = {}
        counted: set[int | None] = set()
        for tries_left in reversed(range(TRIES_OF_A_WINDOW)):
            views, counts = reading.collect(ahead)
            if counts in ({None}, {len(views)}):
                return views
            # Views that ended together may come in another order each time. Then each reading
            # misses some, but all readings together may be complete.
            counted |= counts
            _collect(views.values(), read)
            if counted == {len(read)}:
                return read
            if tries_left:
                reading = self._begin(window)
        logger.warning(
            "Views that ended from %s to %s kept moving from page to page, or do not add up to the "
            "count that Mux gives for them: went on with the %d found in %d tries; the next run "
            "reads those again that lie within its lookback",
            readable(window.start),
            readable(window.end),
            len(read),
            TRIES_OF_A_WINDOW,
        )
        return read

    def _warn_if_cut(self, used: Window | None, asked: Window, start: int | None) -> None:
        """Warn once if Mux answered for a shorter range of time than it was asked for."""
        if used is None or self.has_been_cut:
            return
        is_cut = used.end < min(asked.end, int(self._client.now()) - RECENT_SECONDS)
        if is_cut or (start is not None and used.start > asked.start):
            self.has_been_cut = True
            logger.warning(
                "Asked for views that ended from %s to %s, Mux answered for %s to %s: views "
                "outside of that are missing",
                *map(readable, (asked.start, asked.end, used.start, used.end)),
            )

    def _ask(self, window: Window, page: int, limit: int = PAGE_LIMIT) -> dict[str, Any]:
        return self._client.get(
            self._path,
            {
                **self._query,
                "limit": limit,
                "page": page,
                "order_direction": "asc",
                "timeframe[]": [window.start - 1, window.end],
            },
        )

    def _first_kept(self, start: int, refusal: APIError) -> int:
        """Find about the earliest moment that Mux keeps.

        Args:
            start: The earliest one that makes sense, in epoch seconds.
            refusal: The answer of Mux; raised where Mux refuses even a recent moment.
        """
        now = int(self._client.now())
        kept = first_kept(
            start, now - RECENT_SECONDS, partial(self._workers.map, self._is_kept), now=now
        )
        if kept is None:
            raise refusal
        return kept

    def _is_kept(self, moment: int) -> bool:
        """Ask whether Mux keeps the views of a moment, in epoch seconds."""
        try:
            self._ask(Window(moment, moment + 1), page=1, limit=1)
        except APIError as error:
            if not error.is_timeframe_refused:
                raise
            return False
        return True


class _TooManyViewsError(Exception):
    """A window holds more views than MAX_RECORDS."""

    def __init__(self, views: int) -> None:
        super().__init__(views)
        self.views = views


class WindowReading:
    """One reading of one window. Its first page is asked for at once."""

    def __init__(self, ask: Callable[..., Page], workers: WorkerPool, window: Window) -> None:
        """Ask for the first page.

        Args:
            ask: Asks for a page of a window.
            workers: Sends several requests at a time.
            window: The window.
        """
        self.window = window
        self._ask = partial(ask, window)
        self._workers = workers
        self._cancelled = threading.Event()
        self._first = workers.submit(self._ask, 1, cancelled=self._cancelled)
        self._others: Results[Page] | None = None
        self._last = 1

    def count(self) -> int | None:
        """Return how many views Mux counts in the window; None if it gives no number.

        Raises:
            _TooManyViewsError: The window has to be split.
        """
        count = count_of(self._first.result())
        self._check(count or 0)
        return count

    @property
    def first_page(self) -> Page:
        """The first page, as soon as it is there."""
        return self._first.result()

    def ask_for_more(self) -> None:
        """Ask for the other pages, if the first one is there and they are not too many."""
        if self._others or not self._first.done() or self._first.exception():
            return
        first = self._first.result()
        count, size = count_of(first) or 0, len(first["data"])
        if size and (count <= MAX_RECORDS or self.window.seconds == 1):
            # One more where the last page would be full: only a short page ends a list for sure.
            self._last = -(-count // size) + (count % PAGE_LIMIT == 0)
        self._others = self._workers.map(self._ask, range(2, self._last + 1))

    def collect(self, ahead: WindowReading | None) -> tuple[_Views, set[int | None]]:
        """Read all pages. Meanwhile, those of the next window are asked for as well.

        Returns:
            The views, and the counts of Mux: one number if nothing moved.

        Raises:
            _TooManyViewsError: The window has to be split.
        """
        views: _Views = {}
        counts: set[int | None] = set()
        for page in self._pages():
            if ahead:
                ahead.ask_for_more()
            count = count_of(page)
            counts.add(count)
            known = len(views)
            _collect(page["data"], views)
            self._check(max(count or 0, len(views)), len(views))
            # A page may be short for no reason, and a count may be wrong. The end is sure after a
            # page without anything new, and after a short page when the count has been reached.
            if len(views) == known or (len(views) == count and len(page["data"]) < PAGE_LIMIT):
                break
        self.close()
        return views, counts

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

    def _check(self, views: int, read: int = 0) -> None:
        if views > MAX_RECORDS and self.window.seconds > 1:
            raise _TooManyViewsError(views)
        if read > MAX_VIEWS_OF_A_SECOND:
            text = f"More than {read - 1:,} views ended at {readable(self.window.start)}, says Mux"
            raise UnexpectedAnswerError(text)


def _collect(page: Iterable[Record], views: _Views) -> None:
    """Add views. Of two versions of a view, keep the one that ended later or came later."""
    for view in page:
        view_id, view_end = text_of(view, "id"), timestamp_of(view, "view_end")
        view["view_end"] = view_end
        known = views.get(view_id)
        if known is None or view_end >= known["view_end"]:
            views[view_id] = view


def _in_order(views: _Views, window: Window) -> list[Record]:
    """Return the views that ended in a window, in order of (``view_end``, ``id``)."""
    ordered = sorted(views.values(), key=itemgetter("view_end", "id"))
    first, last = (
        bisect_left(ordered, utc_timestamp(moment), key=itemgetter("view_end"))
        for moment in (window.start, window.end)
    )
    return ordered[first:last]


def _report_gone(start: int | None, gone: int, kept: int, end: int) -> None:
    """Say which views no longer exist, in a warning if they were asked for."""
    if start is None:
        logger.info("Reading all views that Mux keeps: from %s on", readable(kept))
    elif kept > gone:
        warn_gone("Views that ended", gone, min(kept, end))
