"""What a Mux environment holds: the interface of its tables, and one made of explicit rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Row: TypeAlias = dict[str, Any]
"""A resource as it goes over the wire, except that a view's total_row_count is set per answer."""


class World(Protocol):
    """The tables of one environment, as visible at a moment in time.

    A world that answers with the very same list object as before says that nothing has changed
    since, which lets the server keep its sorted and encoded pages. Callers never change the lists.
    """

    def assets(self, now: float) -> list[Row]:
        """Give all assets visible at `now`, in any order."""

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the views visible at `now` with start <= view_end <= end, in any order."""


def epoch(moment: str) -> float:
    """Turn an ISO 8601 time of the Data API into epoch seconds."""
    return datetime.fromisoformat(moment).timestamp()


class ExplicitWorld:
    """A world of rows given one by one; its lists may be changed while the server runs."""

    def __init__(self, assets: Iterable[Row] = (), views: Iterable[Row] = ()) -> None:
        """Take over the rows; the lists are then open as `asset_rows` and `view_rows`."""
        self.asset_rows = list(assets)
        self.view_rows = list(views)

    def assets(self, now: float) -> list[Row]:
        """Give all asset rows."""
        return list(self.asset_rows)

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the view rows of a window."""
        return [row for row in list(self.view_rows) if start <= epoch(row["view_end"]) <= end]
