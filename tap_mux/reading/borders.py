"""The borders between the pages of one reading of a list, where a record may be hidden.

If a page has two records next to each other, no record was between them. So in a list that keeps
its order, a record can only be hidden between the last record of a page and the first one of the
next page. It cannot be hidden there if both pages have a record in common, or if a page of another
reading has the two records next to each other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable

Pair: TypeAlias = tuple["Hashable", "Hashable"]

_END = object()
"""Stands for the end of the list, after the last record."""

_NEVER: Pair = (object(), object())
"""A pair that no page has."""


class Borders:
    """The borders between the pages of one reading."""

    def __init__(self) -> None:
        """Start before the first page."""
        self.unproven: set[Pair] = set()
        """Records that followed each other on two pages, so that one may be hidden between them."""
        self.neighbours: set[Pair] = set()
        """Records that followed each other on the last page."""
        self._last: list[Hashable] = []
        self._pages = 0
        self._longest = 0

    def take(self, page: list[Hashable], repeated: int) -> None:
        """Take the next page.

        Args:
            page: The keys of its records.
            repeated: How many of them this reading has found before.
        """
        shared = len(set(page).intersection(self._last))
        if repeated != shared or (shared and self._last[-shared:] != page[:shared]):
            self.unproven.add(_NEVER)  # the list does not keep its order
        elif self._last and page and not shared:
            self.unproven.add((self._last[-1], page[0]))
        self.neighbours = set(pairwise(page))
        self._pages += 1
        self._longest = max(self._longest, len(page))
        self._last = page or self._last

    def end(self, limit: int) -> None:
        """Take the end of the list. Only a short page shows that no record came after it.

        Args:
            limit: A page with fewer records is short, if it is the only one.
        """
        if not self._last:
            return
        end: Pair = (self._last[-1], _END)
        if len(self._last) < (limit if self._pages == 1 else self._longest):
            self.neighbours = {end}
        else:
            self.unproven.add(end)
            self.neighbours = set()
