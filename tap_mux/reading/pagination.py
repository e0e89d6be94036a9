"""The plain shapes in which Mux lists things, each written once.

A listing yields batches of raw records: a page at a time.
"""

from __future__ import annotations

import itertools
import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_mux.api.errors import APIError, NoneAvailableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.workers import Fetcher
    from tap_mux.records.normalizer import Record

    Key = Callable[[Record], Hashable]

PAGE_LIMIT = 100
"""The largest page that Mux gives."""

MOST_READINGS = 10
"""How often a list is read that does not hold still."""

_PLACEHOLDER = re.compile(r"\{\w+\}", re.ASCII)


def path_to(path: str, *ids: object) -> str:
    """Fill IDs into a path.

    Args:
        path: The path, with a placeholder such as ``{ASSET_ID}`` for each.
        ids: What Mux listed.

    Raises:
        UnexpectedAnswerError: One of them is no ID.
    """
    for found in ids:
        if not isinstance(found, str) or not found:
            text = f"Mux listed something without the ID that GET {path} needs"
            raise UnexpectedAnswerError(text)
        path = _PLACEHOLDER.sub(quote(found, safe=""), path, count=1)
    return path


class Listing:
    """How a stream reads lists: one whose records shift while it is read is read again.

    Mux lists by position. When a record is deleted from the pages that have been read, one of the
    following pages moves to where it is never seen. Where Mux counts the records, the count shows
    that; else only a second reading does.
    """

    def __init__(
        self,
        client: MuxClient,
        fetcher: Fetcher,
        *,
        twice: bool = False,
        tell_incomplete: Callable[[str], None],
    ) -> None:
        """Take what is needed to ask; nothing is asked yet.

        Args:
            client: Asks Mux.
            fetcher: Asks for several pages at a time.
            twice: Whether to make sure of lists that Mux does not count, by a second reading.
            tell_incomplete: Told of a list that did not hold still, in a sentence.
        """
        self._client = client
        self._fetcher = fetcher
        self._twice = twice
        self._tell_incomplete = tell_incomplete

    def by_cursor(self, path: str, query: Query) -> Iterator[list[Record]]:
        """Follow ``next_cursor`` to the end.

        Args:
            path: The list's path.
            query: Query parameters besides those of paging.

        Yields:
            The records of each page.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        pages = partial(_by_cursor, self._client, path, query)
        for page in self._until_still(path, pages, _by_id):
            yield page["data"]

    def by_page(self, path: str, query: Query, limit: int = PAGE_LIMIT) -> Iterator[list[Record]]:
        """Page through a list, several pages at a time.

        Args:
            path: The list's path.
            query: Query parameters besides those of paging.
            limit: How many records to ask for in a page.

        Yields:
            The records of each page, up to the last one.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        pages = partial(_by_page, self._client, self._fetcher, path, query, limit)
        for page in self._until_still(path, pages, _by_id, limit):
            yield page["data"]

    def page_after_page(
        self, path: str, query: Query, key: Key, limit: int = PAGE_LIMIT
    ) -> Iterator[dict[str, Any]]:
        """Page through a list one page at a time: for lists that are themselves read in parallel.

        Args:
            path: The list's path.
            query: Query parameters besides those of paging.
            key: Tells the list's records from one another.
            limit: How many records to ask for in a page.

        Yields:
            The envelope of each page, at least one, up to the last one. No record comes twice.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """

        def pages() -> Iterator[dict[str, Any]]:
            numbers = itertools.count(1)
            ask = self._client.get
            asked = (ask(path, {**query, "limit": limit, "page": number}) for number in numbers)
            return _up_to_last(path, asked, limit)

        return self._until_still(path, pages, key, limit, is_collected=True)

    def _until_still(
        self,
        path: str,
        read: Callable[[], Iterator[dict[str, Any]]],
        key: Key,
        limit: int = PAGE_LIMIT,
        *,
        is_collected: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Read a list, and again until a reading shows that none is missing.

        Only where that may be needed is remembered which records have come.
        """
        known: set[Hashable] = set()
        calm = 0  # how many readings in a row had no news
        for number in range(MOST_READINGS):
            reading = _Reading(key, known)
            for page in read():
                yield {**page, "data": reading.take(page)}
                if not (is_collected or self._twice or reading.count is not None):
                    reading.forget_all_before(page)
            known |= reading.found
            calm = calm + 1 if number and not reading.has_missed else 0
            # One is enough, but where records that are equal may come in any order.
            if reading.is_one_short_page(limit) or calm > (is_collected and reading.has_repeated):
                return
            if reading.count is not None:
                is_all = len(known) >= reading.count
            else:
                is_all = not self._twice and not (is_collected and reading.has_repeated)
            if is_all:
                return
        self._tell_incomplete(f"GET {path} gave other records each time that it was read")


class _Reading:
    """One reading of a list, compared with those before it."""

    def __init__(self, key: Key, known: set[Hashable]) -> None:
        self._key = key
        self._known = known
        self._is_past_newer = False
        self._size_of_first = 0
        self.has_missed = False
        """Whether it found what the readings before had missed, not only what is newer."""
        self.found: set[Hashable] = set()
        self._pages = 0
        self.count: int | None = None
        """Mux's count, when the reading began."""
        self.has_repeated = False

    def take(self, page: dict[str, Any]) -> list[Record]:
        """Return the records of the next page that have not come before."""
        if not self._pages:
            self.count = count_of(page)
            self._size_of_first = len(page["data"])
        self._pages += 1
        fresh = []
        for record in page["data"]:
            identity = self._key(record)
            if identity in self.found:
                self.has_repeated = True
            elif identity in self._known:
                self._is_past_newer = True
            else:
                fresh.append(record)
                self.has_missed |= self._is_past_newer
            self.found.add(identity)
        return fresh

    def forget_all_before(self, page: dict[str, Any]) -> None:
        """Remember no more than what a page may share with the next one."""
        self.found = set(map(self._key, page["data"]))

    def is_one_short_page(self, limit: int) -> bool:
        """Tell whether the list was so short that nothing can have moved between its pages."""
        return self._pages == 1 and self._size_of_first < limit


def by(column: str) -> Key:
    """Tell records from one another by a column.

    Args:
        column: One that has another value in each record.
    """
    return lambda record: record.get(column)


_by_id = by("id")


def _by_cursor(client: MuxClient, path: str, query: Query) -> Iterator[dict[str, Any]]:
    paging: dict[str, str | int] = {"limit": PAGE_LIMIT}
    followed = set()
    while True:
        page = client.get(path, {**query, **paging})
        yield page
        cursor = page.get("next_cursor")
        if not cursor:
            return
        if cursor in followed:
            text = f"GET {path} gave the same next_cursor twice, so its list has no end"
            raise UnexpectedAnswerError(text)
        followed.add(cursor)
        paging["cursor"] = cursor


def _by_page(
    client: MuxClient, fetcher: Fetcher, path: str, query: Query, limit: int
) -> Iterator[dict[str, Any]]:
    def ask(number: int) -> dict[str, Any]:
        return client.get(path, {**query, "limit": limit, "page": number})

    is_full = True

    def numbers(first: int) -> Iterator[int]:
        return itertools.takewhile(lambda _: is_full, itertools.count(first))

    def pages() -> Generator[dict[str, Any], None, None]:
        nonlocal is_full
        page = ask(1)
        yield page
        number = 1
        while True:
            # Most lists are short, and are not looked ahead into.
            is_full = len(page["data"]) >= limit and count_of(page) != number * limit
            following = fetcher.map(ask, numbers(number + 1) if is_full else [number + 1])
            with closing(following):
                for page_after in following:
                    number += 1
                    has_shifted = _share(page, page_after)
                    page = page_after
                    is_full = len(page["data"]) >= limit
                    yield page
                    if has_shifted:
                        # What was asked for meanwhile may be from before that: it would lack what
                        # has moved on to it.
                        break

    with closing(pages()) as asked:
        yield from _up_to_last(path, asked, limit)


def _share(page: dict[str, Any], page_after: dict[str, Any]) -> bool:
    """Tell whether two pages have a record in common."""
    ids = set(map(_by_id, page["data"]))
    return not ids.isdisjoint(map(_by_id, page_after["data"]))


def _up_to_last(path: str, pages: Iterable[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    """Give pages up to the last one, at least one.

    A page that is shorter than asked for need not be the last, since nothing says that Mux gives as
    much as it is asked for. The last one is that with which the list has as many records as Mux
    counts, or else the one before an empty one.
    """
    read = longest = 0
    before: list[Any] = []
    is_short = is_counted = False
    try:
        for page in pages:
            records = page["data"]
            if read and (not records or _is_page_before(path, records, before, limit)):
                return
            yield page
            is_short = len(records) < (longest or limit)
            count = count_of(page) or 0
            is_first = not read
            read += len(records)
            longest = max(longest, len(records))
            is_counted = count == read or (not is_first and 0 < count < read)
            if not records or (is_short and is_counted):
                return
            before = records
    except APIError as error:
        if not (read and (is_short or is_counted) and error.is_about_missing):
            raise  # else there is no such page


def _is_page_before(path: str, page: list[Any], before: list[Any], limit: int) -> bool:
    """Tell whether a page is the one before once more: then that was all of a list without pages.

    Raises:
        UnexpectedAnswerError: It is full, so there may be more behind it.
    """
    if page != before:
        return False
    if len(page) == limit:
        text = f"GET {path} gave the same page twice, so its list has no end"
        raise UnexpectedAnswerError(text)
    return True


def count_of(page: dict[str, Any]) -> int | None:
    """Return Mux's count of all that a list has; None where it is no number.

    Args:
        page: The envelope of one of its pages.
    """
    value = page.get("total_row_count")
    if value is None and isinstance(meta := page.get("meta"), dict):
        value = meta.get("total")
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if type(value) is int and value >= 0 else None


def each(
    fetcher: Fetcher, ask: Callable[[Record], list[Record]], parents: Iterable[Record]
) -> Iterator[list[Record]]:
    """Ask for what belongs to each of some records, several at a time.

    Args:
        fetcher: Asks for several things at a time.
        ask: Asks for what belongs to a record.
        parents: The records.

    Yields:
        What belongs to each of the records, in their order; nothing for those that are gone.

    Raises:
        MuxError: A request failed for good, or there is nothing for any record.
    """
    found = False
    gone: APIError | None = None
    results = fetcher.map(partial(_unless_gone, ask), parents)
    with closing(results):
        for result in results:
            if isinstance(result, APIError):
                gone = result
            else:
                found = True
                yield result
    if gone and not found:
        raise NoneAvailableError(gone)


def _unless_gone(ask: Callable[[Record], list[Record]], parent: Record) -> list[Record] | APIError:
    try:
        return ask(parent)
    except APIError as error:
        if error.is_about_missing:
            return error  # deleted since it was listed
        raise
