"""Endpoints of the Video API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints import assets, delivery_usage, live_streams
from mux_sandbox.endpoints.tables import find, table_routes

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_MOST_VOCABULARIES = 10


def get_owner(call: Call) -> Row:
    """Tell whose a playback ID is."""
    world = call.environment.world
    owners = (
        ("asset", world.assets(call.now)),
        ("live_stream", world.rows("live_streams", call.now)),
    )
    shown = (
        {"id": row["id"], "policy": row["policy"], "object": {"id": owner["id"], "type": kind}}
        for kind, rows in owners
        for owner in rows
        for row in owner.get("playback_ids", [])
    )
    return {"data": find(shown, call.path["playback_id"])}


ROUTES: dict[str, Handler] = {
    **assets.ROUTES,
    **live_streams.ROUTES,
    **delivery_usage.ROUTES,
    "/video/v1/playback-ids/{playback_id}": get_owner,
    **table_routes("/video/v1/uploads", "uploads"),
    **table_routes("/video/v1/playback-restrictions", "playback_restrictions"),
    **table_routes("/video/v1/drm-configurations", "drm_configurations"),
    **table_routes(
        "/video/v1/transcription-vocabularies",
        "transcription_vocabularies",
        default_limit=_MOST_VOCABULARIES,
        max_limit=_MOST_VOCABULARIES,
    ),
    # The old place of the signing keys, which are now part of the System API.
    **table_routes("/video/v1/signing-keys", "signing_keys"),
}
