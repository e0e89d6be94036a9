"""What the server asks of a world: the tables of one Mux environment."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

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

    def view(self, identifier: str, now: float) -> Row | None:
        """Find the view with an id, as visible at `now`."""

    def known_details(self, row: Row) -> Row:
        """Give what the single view of a row says for certain; the rest of it is made up."""

    def rows(self, table: str, now: float) -> list[Row]:
        """Give all rows of a smaller table visible at `now`, in the order they are listed.

        Tables are named after their path. Where the API tells from the request what a row belongs
        to, the row says it here: asset_id in `asset_inputs`, directive_id in `directive_runs`. A
        row of `usage_exports` may say in ready_at until when it is still being made.
        """

    def deliveries(self, start: int, end: int, now: float) -> list[Row]:
        """Give what was delivered in the hours that begin at start <= hour < end, in any order.

        A row is what delivery usage shows of an asset, and says its hour in epoch seconds.
        """
