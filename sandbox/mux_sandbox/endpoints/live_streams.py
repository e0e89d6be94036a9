"""Endpoints of the Video API about live streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.endpoints.tables import find, row_getter, table_listing

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_STATUSES = ("active", "idle", "disabled")


def list_live_streams(call: Call) -> bytes:
    """List live streams."""
    parameters = call.parameters
    status = parameters.text("status")
    if status is not None:
        parameters.choice("status", _STATUSES, status)
    wanted = {"status": status, "stream_key": parameters.text("stream_key")}
    page = parameters.page()
    listing = table_listing(call, "live_streams", wanted)
    return listing.encoded(page, lambda: encode({"data": listing.rows[page.offset : page.end]}))


def _part_getter(parts: str) -> Handler:
    def get_part(call: Call) -> Row:
        stream = find(call.environment.world.rows("live_streams", call.now), call.path["stream_id"])
        return {"data": find(stream.get(parts, []), call.path["id"])}

    return get_part


ROUTES: dict[str, Handler] = {
    "/video/v1/live-streams": list_live_streams,
    "/video/v1/live-streams/{id}": row_getter("live_streams"),
    "/video/v1/live-streams/{stream_id}/playback-ids/{id}": _part_getter("playback_ids"),
    "/video/v1/live-streams/{stream_id}/simulcast-targets/{id}": _part_getter("simulcast_targets"),
}
