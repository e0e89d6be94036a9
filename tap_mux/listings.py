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

from tap_mux.errors import APIError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_mux.client import MuxClient, Query
    from tap_mux.fetching import Fetcher
    from tap_mux.normalizing import Record

PAGE_LIMIT = 100
"""The largest page that Mux gives."""

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


def by_cursor(client: MuxClient, path: str, query: Query) -> Iterator[list[Record]]:
    """Follow ``next_cursor`` to the end.

    Args:
        client: Asks Mux.
        path: The list's path.
        query: Query parameters besides those of paging.

    Yields:
        The records of each page.

    Raises:
        MuxError: A request failed for good, or the list has no end.
    """
    paging: dict[str, str | int] = {"limit": PAGE_LIMIT}
    followed = set()
    while True:
        page = client.get(path, {**query, **paging})
        yield page["data"]
        cursor = page.get("next_cursor")
        if not cursor:
            return
        if cursor in followed:
            text = f"GET {path} gave the same next_cursor twice, so its list has no end"
            raise UnexpectedAnswerError(text)
        followed.add(cursor)
        paging["cursor"] = cursor


def by_page(
    client: MuxClient, fetcher: Fetcher, path: str, query: Query, limit: int = PAGE_LIMIT
) -> Iterator[list[Record]]:
    """Page through a list, several pages at a time.

    Args:
        client: Asks Mux.
        fetcher: Asks for several pages at a time.
        path: The list's path.
        query: Query parameters besides those of paging.
        limit: How many records to ask for in a page.

    Yields:
        The records of each page, up to the last one.

    Raises:
        MuxError: A request failed for good, or the list has no end.
    """

    def ask(number: int) -> dict[str, Any]:
        return client.get(path, {**query, "limit": limit, "page": number})

    def pages() -> Generator[dict[str, Any], None, None]:
        first = ask(1)
        yield first
        # Most lists are short, and are not looked ahead into; the second page shows that they are.
        is_long = len(first["data"]) >= limit
        following = fetcher.map(ask, itertools.count(2), ahead=None if is_long else 1)
        try:
            yield from following
        finally:
            following.close()

    with closing(pages()) as asked:
        for page in _up_to_last(path, asked, limit):
            yield page["data"]


def page_after_page(
    client: MuxClient, path: str, query: Query, limit: int = PAGE_LIMIT
) -> Iterator[dict[str, Any]]:
    """Page through a list one page at a time: for lists that are themselves read in parallel.

    Args:
        client: Asks Mux.
        path: The list's path.
        query: Query parameters besides those of paging.
        limit: How many records to ask for in a page.

    Yields:
        The envelope of each page, at least one, up to the last one.

    Raises:
        MuxError: A request failed for good, or the list has no end.
    """
    numbers = itertools.count(1)
    asked = (client.get(path, {**query, "limit": limit, "page": number}) for number in numbers)
    return _up_to_last(path, asked, limit)


def _up_to_last(path: str, pages: Iterable[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    """Give pages up to the last one, at least one.

    A page that is shorter than asked for need not be the last, since nothing says that Mux gives as
    much as it is asked for. The last one is that with which the list has as many records as Mux
    counts, or, where Mux does not count, the first that is shorter than another; or it is the one
    before an empty one.
    """
    read = longest = 0
    before: list[Any] = []
    for page in pages:
        records = page["data"]
        if read and (not records or _is_page_before(path, records, before, limit)):
            return
        yield page
        read += len(records)
        longest = max(longest, len(records))
        count = count_of(page) or 0
        is_all = read == count and len(records) < limit
        if not records or is_all or (count <= read and len(records) < longest):
            return
        before = records


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
        MuxError: A request failed for good.
    """
    results = fetcher.map(partial(_unless_gone, ask), parents)
    try:
        yield from results
    finally:
        results.close()


def _unless_gone(ask: Callable[[Record], list[Record]], parent: Record) -> list[Record]:
    try:
        return ask(parent)
    except APIError as error:
        if error.is_about_missing:
            return []  # deleted since it was listed
        raise
