"""Views and assets in the form that Mux sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support import clock

Row = dict[str, Any]

NOW = clock.start()
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def wire_time(epoch_seconds: float) -> str:
    """Format a time as Mux Data does."""
    return datetime.fromtimestamp(int(epoch_seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tap_time(epoch_seconds: float) -> str:
    """Format a time as the tap does."""
    moment = datetime.fromtimestamp(epoch_seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}Z"


def view(view_id: str | int, end: float, **fields: Any) -> Row:
    """Make a view with this view_end."""
    return {
        "id": f"view-{view_id:06}" if isinstance(view_id, int) else view_id,
        "viewer_os_family": "iOS",
        "viewer_application_name": "Safari",
        "video_title": "A title",
        "player_error_message": None,
        "player_error_code": None,
        "error_type_id": None,
        "country_code": "DE",
        "view_start": wire_time(end - 90),
        "view_end": wire_time(end),
        "viewer_experience_score": 0.9,
        "watch_time": 90000,
        "playback_failure": False,
        **fields,
    }


def views(count: int, first: float, step: float) -> list[Row]:
    """Make views that end one after another."""
    return [view(number, first + number * step) for number in range(count)]


def asset(asset_id: str, created: float, **fields: Any) -> Row:
    """Make an asset."""
    return {"id": asset_id, "created_at": str(int(created)), "status": "ready", **fields}


def ids(rows: list[Row]) -> list[str]:
    """Return the ids of rows."""
    return [row["id"] for row in rows]
