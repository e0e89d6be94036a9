"""The endpoint of the Video API about live streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.endpoints.tables import table_listing

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler

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


ROUTES: dict[str, Handler] = {"/video/v1/live-streams": list_live_streams}
