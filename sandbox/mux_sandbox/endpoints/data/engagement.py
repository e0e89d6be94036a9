"""Which parts of a video are watched most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mux_sandbox.endpoints.data.views import ended_in, envelope
from mux_sandbox.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_BUCKETS = 50
_FIELDS = {"assets": "asset_id", "videos": "video_id", "playback-ids": "playback_id"}


class _Engagement(NamedTuple):
    kind: str
    window: tuple[int, int]
    views: int
    heat: list[float]
    """Share of the views that watched each part, from start to end."""
    milliseconds: int
    """Length of the video."""


def _engagement(call: Call, kind: str) -> _Engagement:
    identifier = call.path["id"]
    window = call.parameters.timeframe(call.now)
    views = [view for view in ended_in(call, window) if view[_FIELDS[kind]] == identifier]
    if not views and not _exists(call, kind, identifier):
        raise not_found()
    milliseconds = max((view["video_duration"] or 0 for view in views), default=0)
    heat = [0.0] * _BUCKETS
    for view in views:
        for bucket in range(_buckets_watched(view, milliseconds)):
            heat[bucket] += 1
    heat = [round(watched / len(views), 4) for watched in heat] if views else heat
    return _Engagement(kind, window, len(views), heat, milliseconds)


def _buckets_watched(view: Detail, milliseconds: int) -> int:
    reached = int(view["view_max_playhead_position"] or 0)
    return min(_BUCKETS, -(-reached * _BUCKETS // milliseconds)) if milliseconds else 0


def _exists(call: Call, kind: str, identifier: str) -> bool:
    if kind == "videos":
        # Only views tell the ids of videos, so any id may exist.
        return True
    return any(
        identifier in (row["id"], *(one["id"] for one in row.get("playback_ids", ())))
        for row in call.environment.world.assets(call.now)
    )


def _heatmap(kind: str) -> Callable[[Call], Row]:
    def heatmap(call: Call) -> Row:
        found = _engagement(call, kind)
        return _given(call, found, "heatmap", found.heat, 1)

    return heatmap


def _hotspots(kind: str) -> Callable[[Call], Row]:
    def hotspots(call: Call) -> Row:
        found = _engagement(call, kind)
        descending = call.parameters.descending()
        moments = sorted(_moments(found), key=lambda row: row["score"], reverse=descending)
        moments = moments[: call.parameters.whole("limit", len(moments) or 1)]
        return _given(call, found, "hotspots", moments, len(moments))

    return hotspots


def _given(call: Call, found: _Engagement, name: str, content: list[Any], count: int) -> Row:
    """Put what was found into the form that the options want."""
    form = call.options.engagement_form
    if form == "with_views":
        old_name = "value" if name == "heatmap" else name
        data: Row = {old_name: content, "total_views": found.views}
    else:
        data = {name: content, _FIELDS[found.kind]: call.path["id"]}
    if form == "bare":
        return {**data, "timeframe": list(found.window)}
    return envelope(data, found.window, count)


def _moments(found: _Engagement) -> list[Row]:
    """Join neighbouring parts that have the same value."""
    moments: list[Row] = []
    if not found.milliseconds:
        return moments
    for bucket, score in enumerate(found.heat):
        start, end = (found.milliseconds * edge // _BUCKETS for edge in (bucket, bucket + 1))
        if moments and moments[-1]["score"] == score:
            moments[-1]["end_ms"] = end
        else:
            moments.append({"start_ms": start, "end_ms": end, "score": score})
    return moments


ROUTES: dict[str, Handler] = {
    f"/data/v1/engagement/{kind}/{{id}}/{name}": make(kind)
    for kind in _FIELDS
    for name, make in (("heatmap", _heatmap), ("hotspots", _hotspots))
}
