"""The parts of the API, which differ in permissions and rate limits."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast, get_args

Family: TypeAlias = Literal["video", "data", "monitoring", "system", "robots"]
"""A part of the API."""

FAMILIES: tuple[Family, ...] = get_args(Family)

_MONITORING = ("/data/v1/monitoring", "/data/v1/realtime")


def family_of(path: str) -> Family:
    """Tell to which part of the API a path belongs."""
    if path.startswith(_MONITORING):
        return "monitoring"
    prefix = path.split("/", 2)[1]
    return cast("Family", prefix) if prefix in {"data", "system", "robots"} else "video"
