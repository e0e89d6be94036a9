"""Endpoints of the Video API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.errors import not_found
from mux_sandbox.parameters import cursor_to

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.worlds import Row

_ASSET_FILTERS = ("live_stream_id", "upload_id")


def list_assets(call: Call) -> bytes:
    """List assets, newest first."""
    wanted = {name: call.parameters.text(name) for name in _ASSET_FILTERS}
    page = call.parameters.cursor_page()

    def arrange(rows: list[Row]) -> list[Row]:
        for name, value in wanted.items():
            if value is not None:
                rows = [row for row in rows if row.get(name) == value]
        return sorted(rows, key=lambda row: int(row.get("created_at", 0)), reverse=True)

    listing = call.listings.get(
        ("assets", call.environment.environment_id, *wanted.values()),
        call.environment.world.assets(call.now),
        arrange,
    )

    def body() -> bytes:
        more = page.end < len(listing.rows)
        return encode(
            {
                "next_cursor": cursor_to(page.end) if more else None,
                "data": listing.rows[page.offset : page.end],
            }
        )

    return listing.encoded(page, body)


def get_asset(call: Call) -> Row:
    """Give one asset."""
    for row in call.environment.world.assets(call.now):
        if row["id"] == call.path["asset_id"]:
            return {"data": row}
    raise not_found()


ROUTES: dict[str, Handler] = {
    "/video/v1/assets": list_assets,
    "/video/v1/assets/{asset_id}": get_asset,
}
