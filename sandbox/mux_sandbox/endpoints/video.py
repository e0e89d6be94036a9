"""Endpoints of the Video API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints import assets, delivery_usage, live_streams
from mux_sandbox.endpoints.tables import lister

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Handler

_MOST_VOCABULARIES = 10

ROUTES: dict[str, Handler] = {
    **assets.ROUTES,
    **live_streams.ROUTES,
    **delivery_usage.ROUTES,
    "/video/v1/uploads": lister("uploads"),
    "/video/v1/playback-restrictions": lister("playback_restrictions"),
    "/video/v1/drm-configurations": lister("drm_configurations"),
    "/video/v1/transcription-vocabularies": lister(
        "transcription_vocabularies",
        default_limit=_MOST_VOCABULARIES,
        max_limit=_MOST_VOCABULARIES,
    ),
}
