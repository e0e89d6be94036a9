"""What the server asks of a world: the tables of one Mux environment."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

Row: TypeAlias = dict[str, Any]
"""A record as the API sends it; the server sets total_row_count of views."""


class World(Protocol):
    """The tables of one environment, as visible at a moment in time.

    If a world gives the same list object as before, nothing has changed, and the server uses its
    encoded pages again. Callers never change the lists.
    """

    def assets(self, now: float) -> list[Row]:
        """Give all assets visible at `now`, in any order."""

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the views visible at `now` with start <= view_end <= end, in any order."""

    def view(self, identifier: str, now: float) -> Row | None:
        """Find the view with an id, as visible at `now`."""

    def known_details(self, row: Row) -> Row:
        """Give the known fields of a single view; others are made up."""

    def rows(self, table: str, now: float) -> list[Row]:
        """Give all records of a smaller table visible at `now`, in the order of the list.

        A table has the name of its path. Some records have a field that the API does not send:
        asset_id in `asset_inputs`, directive_id in `directive_runs`, and ready_at, the time when
        the file is made, in `usage_exports`.
        """

    def deliveries(self, start: int, end: int, now: float) -> list[Row]:
        """Give the deliveries of the hours with start <= hour < end, in any order.

        A record is one of delivery usage, with its hour in epoch seconds.
        """
