"""What a Mux environment holds: the interface of its tables, and one made of explicit rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def epoch(moment: str) -> float:
    """Turn an ISO 8601 time of the Data API into epoch seconds."""
    return datetime.fromisoformat(moment).timestamp()


class ExplicitWorld:
    """A world of rows given one by one; its lists may be changed while the server runs."""

    def __init__(
        self,
        assets: Iterable[Row] = (),
        views: Iterable[Row] = (),
        view_details: Mapping[str, Row] | None = None,
        **tables: Iterable[Row],
    ) -> None:
        """Take over the rows; they are then open as `asset_rows`, `view_rows` and `tables`.

        `view_details` holds, by id, fields of single views that are not to be made up.
        """
        self.asset_rows = list(assets)
        self.view_rows = list(views)
        self.view_details = dict(view_details or {})
        self.tables = {name: list(rows) for name, rows in tables.items()}
        """All other rows by table; those of `deliveries` are under "delivery_usage"."""

    def assets(self, now: float) -> list[Row]:
        """Give all asset rows."""
        return list(self.asset_rows)

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the view rows of a window."""
        return [row for row in list(self.view_rows) if start <= epoch(row["view_end"]) <= end]

    def rows(self, table: str, now: float) -> list[Row]:
        """Give all rows of a table; one that nobody filled is empty."""
        return list(self.tables.get(table, ()))

    def deliveries(self, start: int, end: int, now: float) -> list[Row]:
        """Give the rows of some hours."""
        return [row for row in self.rows("delivery_usage", now) if start <= row["hour"] < end]

    def view(self, identifier: str, now: float) -> Row | None:
        """Find a view row by its id."""
        return next((row for row in list(self.view_rows) if row["id"] == identifier), None)

    def known_details(self, row: Row) -> Row:
        """Give the details that were set for a view."""
        return self.view_details.get(row["id"], {})
