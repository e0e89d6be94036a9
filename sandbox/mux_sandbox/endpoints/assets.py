"""Endpoints of the Video API about assets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.endpoints.tables import find
from mux_sandbox.errors import asset_id_invalid, still_preparing
from mux_sandbox.parameters import cursor_to

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_FILTERS = ("live_stream_id", "upload_id")
_WELL_FORMED = re.compile(r"[0-9A-Za-z]{30,}", re.ASCII)


def list_assets(call: Call) -> bytes:
    """List assets, newest first."""
    wanted = {name: call.parameters.text(name) for name in _FILTERS}
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
    return {"data": _asset(call)}


def get_input_info(call: Call) -> Row:
    """Give what an asset was made from."""
    asset = _asset(call)
    if asset.get("status") == "preparing":
        raise still_preparing()
    inputs = [
        {name: value for name, value in row.items() if name != "asset_id"}
        for row in call.environment.world.rows("asset_inputs", call.now)
        if row["asset_id"] == asset["id"]
    ]
    return {"data": inputs}


def _asset(call: Call) -> Row:
    identifier = call.path["asset_id"]
    assets = call.environment.world.assets(call.now)
    # Tests may give assets short ids; then any id is valid.
    strict = any(_WELL_FORMED.fullmatch(row["id"]) for row in assets)
    if strict and not _WELL_FORMED.fullmatch(identifier):
        raise asset_id_invalid(identifier)
    return find(assets, identifier)


ROUTES: dict[str, Handler] = {
    "/video/v1/assets": list_assets,
    "/video/v1/assets/{asset_id}": get_asset,
    "/video/v1/assets/{asset_id}/input-info": get_input_info,
}
