"""Sorted tables and encoded pages, kept until the world changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mux_sandbox.world.interface import Row

_KEPT_LISTINGS = 8


class Listing:
    """The records of a listing, in the order of its pages."""

    def __init__(self, source: list[Row], rows: list[Row]) -> None:
        """Keep the records, and the list of the world that they come from."""
        self.source = source
        self.rows = rows
        self._pages: dict[Hashable, bytes] = {}

    def encoded(self, key: Hashable, encode: Callable[[], bytes]) -> bytes:
        """Give an encoded page, made only once."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = encode()
        return page


class Listings:
    """The listings in use."""

    def __init__(self) -> None:
        """Start empty."""
        self._listings: dict[Hashable, Listing] = {}

    def get(
        self, key: Hashable, source: list[Row], arrange: Callable[[list[Row]], list[Row]]
    ) -> Listing:
        """Give the arranged records; arrange again only if the world gives a new list."""
        listing = self._listings.get(key)
        if listing is None or listing.source is not source:
            self._listings.pop(key, None)
            listing = self._listings[key] = Listing(source, arrange(source))
            if len(self._listings) > _KEPT_LISTINGS:
                del self._listings[next(iter(self._listings))]
        return listing
