"""The shapes in which Mux lists things, each written once.

A listing yields batches of raw records: a page, or a window of time, at a time.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_mux.errors import APIError, UnexpectedAnswerError
from tap_mux.normalizing import MisfitError, Record, utc_timestamp
from tap_mux.windows import MOST_ROWS, Window, Windows, first_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_mux.client import MuxClient

    _Views = dict[str, tuple[str, Record]]
    """Views by ``id``, each with its normalized ``view_end``."""

PAGE_LIMIT = 100
"""The largest page that Mux gives."""

TRIES_OF_A_WINDOW = 3
"""How often a window is read again while views move from page to page in it."""

BEFORE_MUX_DATA = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
DOCUMENTED_RETENTION_SECONDS = 100 * 24 * 60 * 60
SPARE_SECONDS = 5
"""Left out at the border of what Mux keeps, since that recedes while it is read."""

logger = logging.getLogger(__name__)


def by_cursor(client: MuxClient, path: str) -> Iterator[list[Record]]:
    """Follow ``next_cursor`` to the end.

    Args:
        client: Asks Mux.
        path: The list's path.

    Yields:
        The records of each page.

    Raises:
        MuxError: A request failed for good, or the list has no end.
    """
    query: dict[str, str | int] = {"limit": PAGE_LIMIT}
    followed = set()
    while True:
        page = client.get(path, query)
        yield page["data"]
        cursor = page.get("next_cursor")
        if not cursor:
            return
        if cursor in followed:
            text = f"GET {path} gave the same next_cursor twice, so its list has no end"
            raise UnexpectedAnswerError(text)
        followed.add(cursor)
        query["cursor"] = cursor


class ViewWindows:
    """Reads a list of views by windows of the time when they ended, oldest first.

    Mux promises neither whether the ends of ``timeframe[]`` are inclusive, nor the order of views
    that ended together, nor that nothing moves between two pages. So each window is asked for with
    a second to spare on either side, checked against Mux's own count, sorted and cut to size here.

    Follows https://www.mux.com/docs/api-reference/data/video-views/list-video-views
    """

    def __init__(self, client: MuxClient, path: str) -> None:
        """Take what is needed to ask; nothing is asked yet.

        Args:
            client: Asks Mux.
            path: The list's path.
        """
        self._client = client
        self._path = path

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
        while window := windows.current:
            try:
                views = self._read_window(window)
            except _TooManyViewsError as too_many:
                windows.split(too_many.views)
            except APIError as error:
                if not error.is_timeframe_too_old:
                    raise
                kept = self._first_kept(window.start, error) + spare
                spare *= 2
                windows.begin_at(kept)
                if start is None:
                    logger.info("Reading all views that Mux keeps: from %s on", _moment(kept))
                elif kept > (gone := max(window.start, unread or start)):
                    logger.warning(
                        "Views that ended from %s to %s are gone: Mux no longer keeps them",
                        _moment(gone),
                        _moment(min(kept, end)),
                    )
            else:
                windows.advance(len(views))
                yield views

    def _read_window(self, window: Window) -> list[Record]:
        """Read a window until nothing moved in it meanwhile, but not for ever."""
        read: _Views = {}
        for _ in range(TRIES_OF_A_WINDOW):
            views, held_still = self._read_pages(window)
            if held_still:
                return _in_order(views, window)
            _keep_latest(read, views)
        logger.warning(
            "Views that ended from %s to %s kept moving from page to page, or do not add up to the "
            "count that Mux gives for them: went on with the %d found in %d tries; the next run "
            "reads those again that lie within its lookback",
            _moment(window.start),
            _moment(window.end),
            len(read),
            TRIES_OF_A_WINDOW,
        )
        return _in_order(read, window)

    def _read_pages(self, window: Window) -> tuple[_Views, bool]:
        """Page through a window once.

        Returns:
            The views, and whether they are all there as far as Mux's count tells.

        Raises:
            _TooManyViewsError: The window should be split instead.
        """
        views: _Views = {}
        counts = set()
        page_number = 0
        while True:
            page_number += 1
            page = self._ask(window, limit=PAGE_LIMIT, page=page_number)
            count = _count(page.get("total_row_count"))
            counts.add(count)
            known = len(views)
            _keep_latest(views, self._by_id(page["data"]))
            if window.seconds > 1 and max(count or 0, len(views)) > MOST_ROWS:
                raise _TooManyViewsError(max(count or 0, len(views)))
            # A page may be short for no reason, and a count may be wrong: only a page with nothing
            # new is surely past the end, or a short one when the count has been reached.
            if len(views) == known or (len(views) == count and len(page["data"]) < PAGE_LIMIT):
                return views, counts in ({None}, {len(views)})

    def _ask(self, window: Window, **query: int) -> dict[str, Any]:
        return self._client.get(
            self._path,
            {
                **query,
                "order_direction": "asc",
                "timeframe[]": [window.start - 1, window.end],
            },
        )

    def _by_id(self, page: Iterable[Record]) -> _Views:
        views: _Views = {}
        for view in page:
            try:
                view_id, view_end = view["id"], utc_timestamp(view["view_end"])
            except (KeyError, MisfitError):
                view_id = None
            if not isinstance(view_id, str):
                text = f"GET {self._path} gave a view without id or view_end"
                raise UnexpectedAnswerError(text)
            _keep_latest(views, {view_id: (view_end, view)})
        return views

    def _first_kept(self, refused: int, refusal: APIError) -> int:
        """Find where what Mux keeps begins.

        Args:
            refused: A moment before that, in epoch seconds.
            refusal: What Mux said; raised where it refuses every other moment too.
        """

        def is_kept(moment: int) -> bool:
            try:
                self._ask(Window(moment, moment + 1), limit=1)
            except APIError as error:
                if not error.is_timeframe_too_old:
                    raise
                return False
            return True

        now = int(time.time())
        if not is_kept(now):
            raise refusal
        return first_kept(refused, now, now - DOCUMENTED_RETENTION_SECONDS, is_kept)


class _TooManyViewsError(Exception):
    """A window holds more views than should be read at once."""

    def __init__(self, views: int) -> None:
        super().__init__(views)
        self.views = views


def _keep_latest(views: _Views, more: _Views) -> None:
    """Add views; of two versions of one view, keep the one that ended later or came later."""
    for view_id, version in more.items():
        known = views.get(view_id)
        if known is None or version[0] >= known[0]:
            views[view_id] = version


def _in_order(views: _Views, window: Window) -> list[Record]:
    """Return the views that ended in a window, by the time when they did."""
    start, end = utc_timestamp(window.start), utc_timestamp(window.end)
    ordered = sorted((view_end, view_id) for view_id, (view_end, _) in views.items())
    return [views[view_id][1] for view_end, view_id in ordered if start <= view_end < end]


def _count(value: object) -> int | None:
    """Return Mux's count of rows; None where it is no number."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def _moment(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat()
