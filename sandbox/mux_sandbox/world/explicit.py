"""A world that is made of records given one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.clock_text import epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mux_sandbox.world.interface import Row


class ExplicitWorld:
    """A world of given records; its lists can be changed while the server runs."""

    def __init__(
        self,
        assets: Iterable[Row] = (),
        views: Iterable[Row] = (),
        view_details: Mapping[str, Row] | None = None,
        **tables: Iterable[Row],
    ) -> None:
        """Keep the records in `asset_rows`, `view_rows` and `tables`.

        `view_details` holds fields of single views, by id; these are not made up.
        """
        self.asset_rows = list(assets)
        self.view_rows = list(views)
        self.view_details = dict(view_details or {})
        self.tables = {name: list(rows) for name, rows in tables.items()}
        """All other records by table; `deliveries` reads "delivery_usage"."""

    def assets(self, now: float) -> list[Row]:
        """Give all assets."""
        return list(self.asset_rows)

    def views(self, start: int, end: int, now: float) -> list[Row]:
        """Give the views of a window."""
        return [row for row in list(self.view_rows) if start <= epoch(row["view_end"]) <= end]

    def rows(self, table: str, now: float) -> list[Row]:
        """Give all records of a table; an unknown table is empty."""
        return list(self.tables.get(table, ()))

    def deliveries(self, start: int, end: int, now: float) -> list[Row]:
        """Give the records of some hours."""
        return [row for row in self.rows("delivery_usage", now) if start <= row["hour"] < end]

    def view(self, identifier: str, now: float) -> Row | None:
        """Find a view by its id."""
        return next((row for row in list(self.view_rows) if row["id"] == identifier), None)

    def known_details(self, row: Row) -> Row:
        """Give the details that were set for a view."""
        return self.view_details.get(row["id"], {})
