"""Ids and times of a view, and fields that its record in the list may lack."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mux_sandbox.world.clock_text import epoch, iso
from mux_sandbox.world.dice import Dice

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_UNSAID_SECONDS = 60
"""The length of a view that has neither a start nor a watch time."""


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "identity")
    end = int(epoch(view["view_end"]))
    watched = view.get("watch_time")
    seconds = watched // 1000 if isinstance(watched, int) else _UNSAID_SECONDS
    start = view.get("view_start") or iso(end - seconds)
    return {
        "view_id": view["id"],
        "view_start": start,
        "inserted_at": iso(int(epoch(start)) + 5),
        "updated_at": iso(end + 61),
        "short_time": f"{start[11:16]} UTC",
        "session_id": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
        "view_session_id": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
        "environment_id": "sandbox-environment",
        "property_id": 1001,
        "mux_api_version": "v1",
        "mux_embed": "mux-embed",
        "mux_embed_version": dice.pick(("5.9.0", "5.11.1", "5.13.0")),
        "watched": bool(watched),
        "view_error_id": dice.between(10**6, 10**8) if view.get("player_error_code") else None,
        "view_dropped": dice.chance(0.07),
        "long_resume": dice.chance(0.02),
        "watch_time": None,
        "video_title": None,
        "viewer_os_family": None,
        "viewer_application_name": None,
        "country_code": None,
        "error_type_id": None,
        "player_error_code": None,
        "player_error_message": None,
        "playback_failure": False,
    }
