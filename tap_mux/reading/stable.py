"""Reading a list again until it holds still.

Mux lists by position. If a record is deleted from a page that has been read, the records after it
move up. One of them moves to a page that has been read, so the tap never sees it. Where Mux counts
the records of a list, the count shows that, unless another record was added meanwhile.

So where nothing may be missing, the tap reads pages one after another. It reads the list again
until a reading finds only records that earlier readings found, or newer ones, and one of these
holds:

* The last two readings agree. The first of them found no record twice, so each page began after
  the page before, unless a record had been deleted that was read. The second finds the same records
  in the same order, so none had been deleted.
* Each border between two pages of a reading lies within a page of another reading (``borders``).
  If records are added all the time, no two readings are the same, but their borders differ.

One reading is enough if one answer had the whole list, and says so: by its cursor or its count.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tap_mux.reading.answers import by_field, count_of
from tap_mux.reading.borders import Borders
from tap_mux.reading.pagination import PAGE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from tap_mux.api.client import Query
    from tap_mux.reading.answers import Key
    from tap_mux.reading.pagination import Page, Paginator
    from tap_mux.records.normalizer import Record

MAX_READINGS = 10
"""How often a list is read at most, if it does not hold still."""

_id_of = by_field("id")

logger = logging.getLogger(__name__)


class StableLists:
    """Reads lists. It gives each record once, and misses none because the list changed."""

    def __init__(
        self,
        paginator: Paginator,
        *,
        confirm: bool,
        on_incomplete: Callable[[str], None],
        on_count: Callable[[int], None] | None = None,
    ) -> None:
        """Take what reads pages.

        Args:
            paginator: Reads the pages of lists.
            confirm: Whether nothing may be missing, so that a list is read until that
                is sure, even if Mux counts it.
            on_incomplete: Called with a sentence about a list of which records may be missing.
            on_count: Called with the number of records of a list, where Mux counts them.
        """
        self._paginator = paginator
        self._confirm = confirm
        self._on_incomplete = on_incomplete
        self._on_count = on_count

    def by_cursor(
        self, path: str, query: Query, *, until: Callable[[list[Record]], bool] | None = None
    ) -> Iterator[list[Record]]:
        """Read a list by ``next_cursor``.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.
            until: Tells whether a page with records is the last one that is wanted.

        Yields:
            The records of each page that have not come before.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        pages = partial(self._paginator.by_cursor, path, query)
        found = self._read_until_stable(path, pages, _id_of, until=until, has_cursor=True)
        for page in found:
            yield page["data"]

    def by_page(self, path: str, query: Query, limit: int = PAGE_LIMIT) -> Iterator[list[Record]]:
        """Read a list by page number, several pages at a time.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.
            limit: How many records to ask for in a page.

        Yields:
            The records of each page that have not come before.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        # Pages that are asked for at the same time may be answered in any order. Then a record that
        # is added may hide another one, and readings may agree although that one is missing.
        way = self._paginator.page_after_page if self._confirm else self._paginator.by_page
        pages = partial(way, path, query, limit)
        for page in self._read_until_stable(path, pages, _id_of, limit):
            yield page["data"]

    def page_after_page(
        self, path: str, query: Query, key: Key, limit: int = PAGE_LIMIT
    ) -> Iterator[Page]:
        """Read a list by page number, one page at a time, for a caller that collects it.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.
            key: Tells the records of the list apart.
            limit: How many records to ask for in a page.

        Yields:
            The envelope of each page, at least one, with the records that have not come before.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        pages = partial(self._paginator.page_after_page, path, query, limit)
        return self._read_until_stable(path, pages, key, limit, is_collected=True)

    def _read_until_stable(
        self,
        path: str,
        read_pages: Callable[[], Iterable[Page]],
        key: Key,
        limit: int = PAGE_LIMIT,
        *,
        is_collected: bool = False,
        until: Callable[[list[Record]], bool] | None = None,
        has_cursor: bool = False,
    ) -> Iterator[Page]:
        """Read a list, and again until a reading shows that no record is missing.

        Args:
            path: The path of the list.
            read_pages: Reads its pages.
            key: Tells its records apart.
            limit: How many records are asked for in a page.
            is_collected: Whether the list is small enough to remember all its keys in any case.
            until: Tells whether a page with records is the last one that is wanted.
            has_cursor: Whether the last page says that it is the last one.
        """
        known: set[Hashable] = set()
        readings: list[ListReading] = []
        for _ in range(MAX_READINGS):
            reading = ListReading(key, known, has_cursor=has_cursor)
            for page in read_pages():
                fresh = reading.take(page)
                _prove(readings, reading)
                if self._on_count and reading.count is not None and not is_collected:
                    self._on_count(reading.count)
                yield {**page, "data": fresh}
                if not (is_collected or self._confirm or reading.count is not None):
                    reading.forget_all_before(page)
                if until and page["data"] and until(page["data"]):
                    break
            else:
                reading.end(limit)
            known |= reading.found
            reading.found.clear()
            _prove(readings, reading)
            readings.append(reading)
            if self._confirm:
                is_whole = reading.is_one_answer(limit) or _is_surely_whole(readings)
            else:
                is_whole = reading.is_one_short_page(limit) or _is_likely_whole(
                    readings, len(known), is_collected=is_collected
                )
            if is_whole:
                is_compared = self._confirm or not is_collected
                if is_compared and not until and len(known) < (reading.count or 0):
                    self._tell_of_count(path, reading.count, len(known))
                return
        self._on_incomplete(f"GET {path} gave other records each time that it was read")

    def _tell_of_count(self, path: str, count: int | None, given: int) -> None:
        """Warn that Mux counts more records than it gives. Loaders must not delete the others."""
        text = f"GET {path} counts {count} records, but gave {given}, each time that it was read"
        if self._confirm:
            self._on_incomplete(text)
        else:
            logger.warning(text)


def _prove(earlier: list[ListReading], reading: ListReading) -> None:
    """Note which borders of earlier readings the last page of a later reading proves."""
    for each in earlier:
        each.borders.unproven -= reading.borders.neighbours


def _is_surely_whole(readings: list[ListReading]) -> bool:
    """Return whether the readings of a list show that no record is missing."""
    *earlier, last = readings
    if not earlier or last.has_missed:
        return False
    return last.agrees_with(earlier[-1]) or any(not each.borders.unproven for each in readings)


def _is_likely_whole(readings: list[ListReading], known: int, *, is_collected: bool) -> bool:
    """Return whether a list is likely whole, where few requests matter more than certainty.

    Args:
        readings: All readings of the list, the last one last.
        known: How many records they have found.
        is_collected: Whether they remember all keys.
    """
    *earlier, last = readings
    # One reading without missed records is enough. If records that sort alike come in any order,
    # it takes two.
    have_ties_moved = is_collected and last.has_repeated
    needed = 2 if have_ties_moved else 1
    has_no_news = len(earlier) >= needed and not any(each.has_missed for each in readings[-needed:])
    if last.count is not None:
        return has_no_news or known >= last.count
    return has_no_news or not have_ties_moved


class ListReading:
    """One reading of a list, compared with those before."""

    def __init__(self, key: Key, known: set[Hashable], *, has_cursor: bool) -> None:
        """Start at the first page.

        Args:
            key: Tells the records apart.
            known: The keys that earlier readings found.
            has_cursor: Whether the last page says that it is the last one.
        """
        self._key = key
        self._known = known
        self._has_cursor = has_cursor
        self._is_past_newer = False
        self._pages = 0
        self._first_page_records = 0
        self.count: int | None = None
        """How many records the list had when the reading began, as Mux counts them."""
        self.found: set[Hashable] = set()
        """The keys that this reading found."""
        self.has_missed = False
        """Whether it found records that earlier readings missed, not only newer ones."""
        self.has_repeated = False
        """Whether a record came twice."""
        self.borders = Borders()
        """Where its pages meet."""
        self.order = 0
        """A hash of all its keys in their order, since the keys would take memory."""
        self._order_without_newer = 0

    def take(self, page: Page) -> list[Record]:
        """Return the records of the next page that have not come before."""
        if not self._pages:
            self.count = count_of(page)
            self._first_page_records = len(page["data"])
        self._pages += 1
        fresh = []
        repeated = 0
        keys = list(map(self._key, page["data"]))
        for record, identity in zip(page["data"], keys, strict=True):
            if identity in self.found:
                self.has_repeated = True
                repeated += 1
                continue
            if identity in self._known:
                self._is_past_newer = True
            else:
                fresh.append(record)
                self.has_missed |= self._is_past_newer
            self.found.add(identity)
            self.order = hash((self.order, identity))
            if self._is_past_newer:
                self._order_without_newer = hash((self._order_without_newer, identity))
        self.borders.take(keys, repeated)
        return fresh

    def agrees_with(self, earlier: ListReading) -> bool:
        """Return whether this reading shows that the one before it missed no record."""
        return not earlier.has_repeated and self._order_without_newer == earlier.order

    def forget_all_before(self, page: Page) -> None:
        """Remember only what this page and the next one may share."""
        self.found = set(map(self._key, page["data"]))

    def end(self, limit: int) -> None:
        """Note that the list has ended."""
        is_shown = self._pages > 1 or self.is_one_answer(limit)
        self.borders.end(limit if is_shown else 0)

    def is_one_short_page(self, limit: int) -> bool:
        """Return whether the list had one page that was not full: nothing moved between pages."""
        return self._pages == 1 and self._first_page_records < limit

    def is_one_answer(self, limit: int) -> bool:
        """Return whether one answer surely had the whole list.

        Mux may give fewer records than it is asked for. So a short page need not be the only one,
        unless it says so, or has as many records as Mux counts. A page without records never
        counts: a loader would delete all rows.
        """
        found = self._first_page_records
        is_last = found >= self.count if self.count is not None else self._has_cursor
        return self.is_one_short_page(limit) and found > 0 and is_last
