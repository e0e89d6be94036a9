"""Views by windows of time: complete and in order, whatever the API leaves open."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from bisect import bisect_left
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.pagination import PAGE_LIMIT, count_of
from tap_mux.reading.windows import MOST_ROWS, Window, Windows, first_kept
from tap_mux.records.normalizer import MisfitError, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.workers import Fetcher, Results
    from tap_mux.records.normalizer import Record

    Page = dict[str, Any]
    _Views = dict[str, Record]
    """Views by ``id``, their ``view_end`` in the one form that the tap emits."""

TRIES_OF_A_WINDOW = 3
"""How often a window is read again while views move from page to page in it."""

BEFORE_MUX_DATA = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
DOCUMENTED_RETENTION_SECONDS = 100 * 24 * 60 * 60
RECENT_SECONDS = 60
"""What is this old is surely kept, and not in Mux's future if clocks differ a little."""

SPARE_SECONDS = 5
"""Left out at the border of what Mux keeps, since that recedes while it is read."""

logger = logging.getLogger(__name__)


class ViewWindows:
    """Reads a list of views by windows of the time when they ended, oldest first.

    Mux promises neither whether the ends of ``timeframe[]`` are inclusive, nor the order of views
    that ended together, nor that nothing moves between two pages. So each window is asked for with
    a second to spare on either side, checked against Mux's own count, sorted and cut to size here.

    Follows https://www.mux.com/docs/api-reference/data/video-views/list-video-views
    """

    def __init__(self, client: MuxClient, fetcher: Fetcher, path: str, query: Query) -> None:
        """Take what is needed to ask; nothing is asked yet.

        Args:
            client: Asks Mux.
            fetcher: Asks for several pages at a time.
            path: The list's path.
            query: Query parameters besides those of paging and time.
        """
        self._client = client
        self._fetcher = fetcher
        self._path = path
        self._query = query
        self._is_told = False

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
        spare = SPARE_SECONDS
        ahead: _Reading | None = None
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
                    self._compare(reading.used_window, window, start)
                    windows.advance(len(views) if count is None else count)
                    yield _in_order(views, window)
                except _TooManyViewsError as too_many:
                    windows.split(too_many.views)
                except APIError as error:
                    if not error.is_timeframe_refused:
                        raise
                    if self._is_kept(window.start):
                        # So it is not too old; some other limit must be in the way.
                        if not windows.split(MOST_ROWS):
                            raise
                        continue
                    kept = self._first_kept(window.start, error) + spare
                    spare *= 2  # what is kept recedes while it is read
                    windows.begin_at(kept)
                    _tell_gone(start, max(window.start, unread or 0), kept, end)
                finally:
                    reading.close()
        finally:
            if ahead:
                ahead.close()

    def _begin(self, window: Window) -> _Reading:
        return _Reading(self._ask, self._fetcher, window)

    def _settle(self, reading: _Reading, ahead: _Reading | None) -> _Views:
        """Read a window until nothing moved in it meanwhile, but not for ever."""
        window = reading.window
        read: _Views = {}
        counted: set[int | None] = set()
        for tries_left in reversed(range(TRIES_OF_A_WINDOW)):
            views, counts = reading.collect(ahead)
            if counts in ({None}, {len(views)}):
                return views
            # Views that ended together may come in another order each time: all readings of a
            # window that holds still may be complete where none is.
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
            _moment(window.start),
            _moment(window.end),
            len(read),
            TRIES_OF_A_WINDOW,
        )
        return read

    def _compare(self, used: Window | None, asked: Window, start: int | None) -> None:
        """Say if Mux read a shorter range of time than it was asked for."""
        if used is None or self._is_told:
            return
        is_cut = used.end < min(asked.end, int(time.time()) - RECENT_SECONDS)
        if is_cut or (start is not None and used.start > asked.start):
            self._is_told = True
            logger.warning(
                "Asked for views that ended from %s to %s, Mux answered for %s to %s: views "
                "outside of that are missing",
                *map(_moment, (asked.start, asked.end, used.start, used.end)),
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

    def _first_kept(self, refused: int, refusal: APIError) -> int:
        """Find where what Mux keeps begins.

        Args:
            refused: A moment before that, in epoch seconds.
            refusal: What Mux said; raised where it refuses even what has just been.
        """
        recent = int(time.time()) - RECENT_SECONDS
        if not self._is_kept(recent):
            raise refusal
        border = int(time.time()) - DOCUMENTED_RETENTION_SECONDS
        return first_kept(refused, recent, border, self._is_kept)

    def _is_kept(self, moment: int) -> bool:
        """Ask whether Mux still keeps what was at a moment, in epoch seconds."""
        try:
            self._ask(Window(moment, moment + 1), page=1, limit=1)
        except APIError as error:
            if not error.is_timeframe_refused:
                raise
            return False
        return True


class _TooManyViewsError(Exception):
    """A window holds more views than should be read at once."""

    def __init__(self, views: int) -> None:
        super().__init__(views)
        self.views = views


class _Reading:
    """One reading of one window: its first page is asked for at once, the others when it came."""

    def __init__(self, ask: Callable[..., Page], fetcher: Fetcher, window: Window) -> None:
        self.window = window
        self._ask = partial(ask, window)
        self._fetcher = fetcher
        self._off = threading.Event()
        self._first = fetcher.submit(self._ask, 1, off=self._off)
        self._others: Results[Page] | None = None
        self._last = 1

    def count(self) -> int | None:
        """Return Mux's count of the views; None if it has none.

        Raises:
            _TooManyViewsError: The window should be split instead.
        """
        count = count_of(self._first.result())
        self._check(count or 0)
        return count

    @property
    def used_window(self) -> Window | None:
        """What Mux says that the first page is of."""
        match self._first.result().get("timeframe"):
            case [int(start), int(end)]:
                return Window(start, end)
        return None

    def go_on(self) -> None:
        """Ask for the pages after the first, if that has come and there are not too many."""
        if self._others or not self._first.done() or self._first.exception():
            return
        first = self._first.result()
        count, size = count_of(first) or 0, len(first["data"])
        if size and (count <= MOST_ROWS or self.window.seconds == 1):
            # One more where the last page would be full: only a short page ends a list for sure.
            self._last = -(-count // size) + (count % PAGE_LIMIT == 0)
        self._others = self._fetcher.map(self._ask, range(2, self._last + 1))

    def collect(self, ahead: _Reading | None) -> tuple[_Views, set[int | None]]:
        """Read all pages, while those of the window ahead are asked for as well.

        Returns:
            The views, and how many there are by Mux's count: one number if nothing moved.

        Raises:
            _TooManyViewsError: The window should be split instead.
        """
        views: _Views = {}
        counts: set[int | None] = set()
        for page in self._pages():
            if ahead:
                ahead.go_on()
            count = count_of(page)
            counts.add(count)
            known = len(views)
            _collect(page["data"], views)
            self._check(max(count or 0, len(views)))
            # A page may be short for no reason, and a count may be wrong: only a page with nothing
            # new is surely past the end, or a short one when the count has been reached.
            if len(views) == known or (len(views) == count and len(page["data"]) < PAGE_LIMIT):
                break
        self.close()
        return views, counts

    def close(self) -> None:
        """Call off what has not begun."""
        self._off.set()
        if self._others:
            self._others.close()

    def _pages(self) -> Iterator[Page]:
        yield self._first.result()
        self.go_on()
        yield from self._others or ()
        for number in itertools.count(self._last + 1):
            yield self._ask(number)

    def _check(self, views: int) -> None:
        if views > MOST_ROWS and self.window.seconds > 1:
            raise _TooManyViewsError(views)


def _collect(page: Iterable[Record], views: _Views) -> None:
    """Add views; of two versions of one view, keep the one that ended later or came later."""
    try:
        for view in page:
            view_id, view_end = view["id"], utc_timestamp(view["view_end"])
            if type(view_id) is not str:
                raise MisfitError  # noqa: TRY301 - one way out for all that is missing
            view["view_end"] = view_end
            known = views.get(view_id)
            if known is None or view_end >= known["view_end"]:
                views[view_id] = view
    except (KeyError, MisfitError):
        text = "Mux listed a view without id or view_end"
        raise UnexpectedAnswerError(text) from None


def _in_order(views: _Views, window: Window) -> list[Record]:
    """Return the views that ended in a window, by the time when they did."""
    ordered = sorted(views.values(), key=itemgetter("view_end", "id"))
    first, last = (
        bisect_left(ordered, utc_timestamp(moment), key=itemgetter("view_end"))
        for moment in (window.start, window.end)
    )
    return ordered[first:last]


def _tell_gone(start: int | None, gone: int, kept: int, end: int) -> None:
    """Say which views can no longer be had; in a warning if they were asked for."""
    if start is None:
        logger.info("Reading all views that Mux keeps: from %s on", _moment(kept))
    elif kept > gone:
        logger.warning(
            "Views that ended from %s to %s are gone: Mux no longer keeps them",
            _moment(gone),
            _moment(min(kept, end)),
        )


def _moment(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat()
