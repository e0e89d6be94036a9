"""The pages of a list, each once: by cursor, or by page number.

A page is given as its envelope: the answer with ``data`` in it.
"""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.answers import by_field, count_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tap_mux.api.client import MuxClient, Query
    from tap_mux.api.workers import WorkerPool

Page: TypeAlias = dict[str, Any]

PAGE_LIMIT = 100
"""The largest page that Mux gives."""

MAX_EQUAL_PAGES = 4
"""So many equal pages in a row show that a list has no end, if Mux counts the list.

Two equal pages do not: the list may have moved by one page meanwhile. Or Mux may have sent one page
in place of another. Then the count shows that records are missing.
"""

MAX_PAGES_WITHOUT_NEWS = 10
"""How many pages in a row may have no record that is new, before a list is taken for endless."""

MAX_REMEMBERED = 100_000
"""How many records of a list are remembered: its first ones, to which an endless list returns."""

_id_of = by_field("id")


class Paginator:
    """Reads the pages of lists."""

    def __init__(self, client: MuxClient, workers: WorkerPool) -> None:
        """Take what sends requests.

        Args:
            client: Sends a request.
            workers: Sends several requests at a time.
        """
        self._client = client
        self._workers = workers

    def by_cursor(self, path: str, query: Query) -> Iterator[Page]:
        """Follow ``next_cursor`` to the last page.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        return _with_news(path, self._by_cursor(path, query))

    def _by_cursor(self, path: str, query: Query) -> Iterator[Page]:
        paging: dict[str, str | int] = {"limit": PAGE_LIMIT}
        followed = set()
        while True:
            page = self._client.get(path, {**query, **paging})
            yield page
            cursor = page.get("next_cursor")
            if cursor is None or cursor == "":
                return
            if not isinstance(cursor, str):
                text = f"GET {path} gave a next_cursor that is no text"
                raise UnexpectedAnswerError(text)
            if cursor in followed:
                text = f"GET {path} gave the same next_cursor twice, so its list has no end"
                raise UnexpectedAnswerError(text)
            followed.add(cursor)
            paging["cursor"] = cursor

    def by_page(self, path: str, query: Query, limit: int = PAGE_LIMIT) -> Iterator[Page]:
        """Read pages by number up to the last one, several at a time.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.
            limit: How many records to ask for in a page.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        with closing(self._pages_ahead(path, query, limit)) as pages:
            yield from _up_to_last(path, pages, limit)

    def page_after_page(self, path: str, query: Query, limit: int = PAGE_LIMIT) -> Iterator[Page]:
        """Read pages by number up to the last one, one at a time.

        This is for lists of which several are read at a time.

        Args:
            path: The path of the list.
            query: Query parameters besides those of paging.
            limit: How many records to ask for in a page.

        Raises:
            MuxError: A request failed for good, or the list has no end.
        """
        pages = (self._page(path, query, limit, number) for number in itertools.count(1))
        return _up_to_last(path, pages, limit)

    def _page(self, path: str, query: Query, limit: int, number: int) -> Page:
        return self._client.get(path, {**query, "limit": limit, "page": number})

    def _pages_ahead(self, path: str, query: Query, limit: int) -> Generator[Page, None, None]:
        """Ask for pages before they are needed, as long as pages are full."""
        is_full = True

        def ask(number: int) -> Page:
            return self._page(path, query, limit, number)

        def numbers() -> Iterator[int]:
            """Yield the numbers of the next pages, none behind a page that is not full."""
            first = number + 1
            for following in range(first, first + _pages_to_ask_for(page, number, limit)):
                if following == first or is_full:
                    yield following

        page = ask(1)
        yield page
        number = 1
        while True:
            following = self._workers.map(ask, numbers())
            with closing(following):
                for next_page in following:
                    number += 1
                    has_shifted = _share_records(page, next_page)
                    page = next_page
                    is_full = len(page["data"]) >= limit
                    yield page
                    if has_shifted:
                        # Pages asked for ahead may be from before the shift. They would lack what
                        # has moved on to them, so they are asked for again.
                        break


def _pages_to_ask_for(page: Page, number: int, limit: int) -> int:
    """Return how many pages to ask for at once after a page.

    Args:
        page: The page.
        number: Its number. The pages before it were full.
        limit: How many records are asked for in a page.
    """
    size = len(page["data"])
    count = count_of(page)
    if size < limit or count == number * size:
        return 1  # it shows that the list has ended
    if count is not None and count > number * size:
        return -(-count // size) - number
    # Of the pages asked for at once, the second shows that a list has ended whose last page is the
    # first. Only one more is wasted for each ten that were full.
    return max(2, number // 10 + 1)


def _share_records(page: Page, next_page: Page) -> bool:
    ids = set(map(_id_of, page["data"]))
    return not ids.isdisjoint(map(_id_of, next_page["data"]))


def _up_to_last(path: str, pages: Iterable[Page], limit: int) -> Iterator[Page]:
    """Yield pages up to the last one, at least one.

    A page that is shorter than asked for need not be the last one, since Mux may give less than it
    is asked for. The last page is the one with which the list has as many records as Mux counts.
    Without a count, it is the one before an empty page.
    """
    read = longest = 0
    equal = 1
    previous: list[Any] = []
    is_short = is_counted = False
    try:
        for page in _with_news(path, pages):
            records = page["data"]
            if read and not records:
                return
            equal = equal + 1 if records == previous and read else 1
            count = count_of(page) or 0
            is_all = equal > 1 and count <= read
            if is_all and len(records) != limit:
                return  # the list has no pages, and this one is all of it
            if is_all or equal == MAX_EQUAL_PAGES:
                text = f"GET {path} gave the same page {equal} times, so its list has no end"
                raise UnexpectedAnswerError(text)
            yield page
            is_short = len(records) < (longest or limit)
            is_first = not read
            if equal == 1:
                read += len(records)
            longest = max(longest, len(records))
            is_counted = count == read or (not is_first and 0 < count < read)
            if not records or (is_short and is_counted):
                return
            previous = records
    except APIError as error:
        is_past_end = read and (is_short or is_counted) and error.is_not_found
        if not is_past_end:
            raise


def _identity(record: dict[str, Any]) -> int:
    """Return a number that tells a record apart, by its ID if it has one."""
    record_id = _id_of(record)
    return hash(msgspec.json.encode(record) if record_id is None else record_id)


def _with_news(path: str, pages: Iterable[Page]) -> Iterator[Page]:
    """Yield pages as long as new records come.

    Raises:
        UnexpectedAnswerError: None has come for MAX_PAGES_WITHOUT_NEWS.
    """
    remembered: set[int] = set()
    previous: set[int] = set()
    without_news = 0
    for page in pages:
        yield page
        ids = set(map(_identity, page["data"]))
        without_news = 0 if ids - remembered - previous else without_news + 1
        if without_news == MAX_PAGES_WITHOUT_NEWS:
            text = f"GET {path} gave {without_news} pages without a new record, so it has no end"
            raise UnexpectedAnswerError(text)
        previous = ids
        if len(remembered) < MAX_REMEMBERED:
            remembered |= ids
