"""The plain shapes in which Mux lists things, each written once.

A listing yields batches of raw records: a page at a time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tap_mux.errors import UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_mux.client import MuxClient
    from tap_mux.fetching import Fetcher
    from tap_mux.normalizing import Record

PAGE_LIMIT = 100
"""The largest page that Mux gives."""


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


def by_page(
    client: MuxClient, fetcher: Fetcher, path: str, limit: int = PAGE_LIMIT
) -> Iterator[list[Record]]:
    """Page through a list that has no total, several pages at a time.

    Args:
        client: Asks Mux.
        fetcher: Asks for several pages at a time.
        path: The list's path.
        limit: How many records to ask for in a page.

    Yields:
        The records of each page, up to the first empty page or the first that is shorter than the
        one before. A page that is just shorter than asked for may not be the last.

    Raises:
        MuxError: A request failed for good.
    """

    def ask(page: int) -> list[Record]:
        records: list[Record] = client.get(path, {"limit": limit, "page": page})["data"]
        return records

    page = ask(1)
    if not page:
        return
    yield page
    # Most lists are short, and are not looked ahead into; the second page shows that they are.
    pages = fetcher.map(ask, itertools.count(2), ahead=None if len(page) >= limit else 1)
    try:
        for following in pages:
            if following:
                yield following
            if len(following) < len(page):
                return
            page = following
    finally:
        pages.close()
