"""Views by windows of time, complete and in order.

Mux does not promise whether the ends of ``timeframe[]`` are inclusive, in which order views come
that ended together, nor that nothing moves between two pages. So each window is asked for with a
second more on either side, compared with the count of Mux, sorted, and cut to size here.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.answers import count_of, window_of
from tap_mux.reading.crowd import Crowd
from tap_mux.reading.pagination import PAGE_LIMIT
from tap_mux.reading.retention import first_kept, warn_gone
from tap_mux.reading.window_reading import TooManyViewsError, WindowReading, collect
from tap_mux.reading.windows import MAX_RECORDS, MAX_RECORDS_OF_MANY, Window, Windows
from tap_mux.records.timestamps import readable, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.workers import WorkerPool
    from tap_mux.reading.window_reading import Views
    from tap_mux.records.normalizer import Record

TRIES_OF_A_WINDOW = 3
"""How often a window is read in which views move from page to page."""

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

    def __init__(
        self,
        client: MuxClient,
        workers: WorkerPool,
        path: str,
        query: Query,
        on_count: Callable[[int], None] | None = None,
        *,
        is_one_of_many: bool = False,
    ) -> None:
        """Take what sends requests.

        Args:
            client: Sends a request.
            workers: Sends several requests at a time.
            path: The path of the list.
            query: Query parameters besides those of paging and time.
            on_count: Called with how many views the range has, where that turns out.
            is_one_of_many: Whether several environments are read at the same time.
        """
        self._client = client
        self._workers = workers
        self._path = path
        self._query = query
        self._on_count = on_count
        self._max_views = MAX_RECORDS_OF_MANY if is_one_of_many else MAX_RECORDS
        self._given = 0
        self.has_been_cut = False
        """Whether Mux answered for a shorter range of time than it was asked for."""
        self.has_moved = False
        """Whether a window did not hold still, or holds less than Mux counts."""

    def read(
        self, start: int | None, end: int, unread: int | None = None
    ) -> Iterator[Iterable[Record]]:
        """Read the views that ended in a range of time.

        Args:
            start: First second of the range, in epoch seconds; None for all that Mux keeps.
            end: The second after its last one.
            unread: First second of the range that no earlier run has read; None for ``start``.

        Yields:
            The views of each window, no ``id`` twice: a list in order of (``view_end``, ``id``), or
            an iterator, which asks Mux, where too many ended in one second. A view that is reopened
            while the range is read comes again in a later window.

        Raises:
            MuxError: A request failed for good.
        """
        windows = Windows(BEFORE_MUX_DATA if start is None else start, end, self._max_views)
        margin = MARGIN_SECONDS
        ahead: WindowReading | None = None
        try:
            while window := windows.current:
                if ahead and ahead.window != window:
                    ahead.close()
                    ahead = None
                if windows.crowd:
                    self._given += windows.crowd
                    yield self._as_read(window, start, windows.crowd, unread)
                    windows.advance(windows.crowd)
                    continue
                reading, ahead = ahead or self._begin(window), None
                try:
                    count = reading.count()
                    if count is not None and (following := windows.following(count)):
                        ahead = self._begin(following)  # while this one is read and emitted
                    views = self._settle(reading, ahead)
                    self._warn_if_cut(window_of(reading.first_page), window, start)
                    held = _likely_count(count, len(views))
                    windows.advance(held, is_counted=count is not None)
                    records = _in_order(views, window)
                    self._given += len(records)
                    yield records
                except TooManyViewsError as too_many:
                    self._tell_count(reading, end)
                    windows.split(too_many.views, reading.since)
                except APIError as refusal:
                    if kept := self._kept_after(window, refusal):
                        kept += margin
                        margin *= 2  # the border moves while we read
                        windows.skip_to(kept)
                        _report_gone(start, max(window.start, unread or 0), kept, end)
                    elif not windows.halve():
                        raise
                finally:
                    reading.close()
        finally:
            if ahead:
                ahead.close()

    def _tell_count(self, reading: WindowReading, end: int) -> None:
        """Tell how many views the range has, if Mux has counted all the rest of it."""
        count = count_of(reading.first_page)
        if self._on_count and count is not None and reading.window.end == end:
            self._on_count(self._given + count)

    def _begin(self, window: Window) -> WindowReading:
        return WindowReading(self._ask, self._workers, window, self._max_views)

    def _as_read(
        self, window: Window, start: int | None, count: int, unread: int | None
    ) -> Iterator[Record]:
        """Yield the views of a crowded window while it is read; read it again if they moved.

        Args:
            window: The window.
            start: First second of the range that it is a part of.
            count: How many views it holds, as Mux counts them.
            unread: As in ``read``.

        Raises:
            UnexpectedAnswerError: It holds far less, so there would be no end of such windows; or
                its list has no end.
        """
        crowd = Crowd(window)
        for _ in range(TRIES_OF_A_WINDOW):
            crowd.begin_reading()
            with closing(WindowReading(self._ask, self._workers, window, math.inf)) as reading:
                try:
                    self._warn_if_cut(window_of(reading.first_page), window, start)
                    for page in reading.pages(crowd.found):
                        yield from crowd.take(page)
                except APIError as refusal:
                    kept = self._kept_after(window, refusal)
                    if kept is None:
                        raise
                    _report_gone(start, max(window.start, unread or 0), kept, window.end)
                    return
            if crowd.is_whole() and not reading.has_repeated:
                return
        _raise_if_endless(reading)
        if _is_far_off(count, len(crowd.found)):
            text = (
                f"GET {self._path} counts {count:,} views that ended from {readable(window.start)} "
                f"to {readable(window.end)}, and gives {len(crowd.found):,}"
            )
            raise UnexpectedAnswerError(text)
        self.has_moved = True
        _warn_moved(window, len(crowd.given))

    def _settle(self, reading: WindowReading, ahead: WindowReading | None) -> Views:
        """Read a window until nothing has moved in it, TRIES_OF_A_WINDOW times at most."""
        window = reading.window
        read: Views = {}
        counted: set[int | None] = set()
        for tries_left in reversed(range(TRIES_OF_A_WINDOW)):
            views, counts = reading.collect(ahead)
            if counts in ({None}, {len(views)}) and not reading.has_repeated:
                return views
            # Views that ended together may come in another order each time. Then each reading
            # misses some, but all readings together may be complete.
            counted |= counts
            collect(views.values(), read)
            if counted == {len(read)}:
                return read
            if tries_left:
                reading = self._begin(window)
        _raise_if_endless(reading)
        self.has_moved = True
        _warn_moved(window, len(read))
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

    def _kept_after(self, window: Window, refusal: APIError) -> int | None:
        """Find about the earliest moment that Mux keeps, if a window begins before it.

        Args:
            window: The window.
            refusal: What Mux answered; raised where the window is not to blame.

        Returns:
            The moment, in epoch seconds; None where Mux must have refused the window's length.
        """
        if not refusal.is_timeframe_refused:
            raise refusal
        now = int(self._client.now())
        kept = first_kept(
            window.start, now - RECENT_SECONDS, partial(self._workers.map, self._is_kept), now=now
        )
        if kept is None:
            raise refusal
        return kept if kept > window.start else None

    def _is_kept(self, moment: int) -> bool:
        """Ask whether Mux keeps the views of a moment, in epoch seconds."""
        try:
            self._ask(Window(moment, moment + 1), page=1, limit=1)
        except APIError as error:
            if not error.is_timeframe_refused:
                raise
            return False
        return True


def _raise_if_endless(reading: WindowReading) -> None:
    """Raise an error if Mux gives the same page for every page number."""
    if reading.has_repeated:
        text = (
            f"Mux gives the same page twice of the views that ended from "
            f"{readable(reading.window.start)} to {readable(reading.window.end)}, so their list "
            "has no end"
        )
        raise UnexpectedAnswerError(text)


def _is_far_off(count: int, found: int) -> bool:
    """Return whether a count cannot be that of the views of a window, even if some moved."""
    return count > 2 * found + PAGE_LIMIT


def _likely_count(count: int | None, found: int) -> int:
    """Return how many views a window holds: as Mux counts them, unless that makes no sense."""
    return found if count is None or _is_far_off(count, found) else count


def _in_order(views: Views, window: Window) -> list[Record]:
    """Return the views that ended in a window, in order of (``view_end``, ``id``)."""
    ordered = sorted(views.values(), key=itemgetter("view_end", "id"))
    first, last = (
        bisect_left(ordered, utc_timestamp(moment), key=itemgetter("view_end"))
        for moment in (window.start, window.end)
    )
    return ordered[first:last]


def _warn_moved(window: Window, views: int) -> None:
    """Say that a window did not hold still."""
    logger.warning(
        "Views that ended from %s to %s kept moving from page to page, or do not add up to the "
        "count that Mux gives for them: went on with the %d found in %d tries; the next run "
        "reads those again that lie within its lookback",
        readable(window.start),
        readable(window.end),
        views,
        TRIES_OF_A_WINDOW,
    )


def _report_gone(start: int | None, gone: int, kept: int, end: int) -> None:
    """Say which views no longer exist, in a warning if they were asked for."""
    if start is None:
        logger.info("Reading all views that Mux keeps: from %s on", readable(kept))
    elif kept > gone:
        warn_gone("Views that ended", gone, min(kept, end))
