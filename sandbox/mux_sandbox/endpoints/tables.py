"""Endpoints that list a table, and helpers of other endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.listings import Listing
    from mux_sandbox.world.interface import Row


def lister(table: str, default_limit: int = 25, max_limit: int = 100) -> Handler:
    """Make the handler that lists a table, without a total."""

    def list_rows(call: Call) -> bytes:
        page = call.parameters.page(default_limit, max_limit)
        listing = table_listing(call, table)
        return listing.encoded(page, lambda: encode({"data": listing.rows[page.offset : page.end]}))

    return list_rows


def table_listing(
    call: Call, table: str, wanted: Mapping[str, str | None] | None = None
) -> Listing:
    """Give the records of a table that have the wanted values; None means any."""
    conditions = [(name, value) for name, value in (wanted or {}).items() if value is not None]
    return call.listings.get(
        (table, call.environment.environment_id, *conditions),
        call.environment.world.rows(table, call.now),
        lambda rows: [
            row for row in rows if all(row.get(name) == value for name, value in conditions)
        ],
    )


def find(rows: Iterable[Row], identifier: str) -> Row:
    """Give the record with an id.

    Raises:
        ApiError: There is none.
    """
    for row in rows:
        if row.get("id") == identifier:
            return row
    raise not_found()
