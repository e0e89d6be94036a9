"""Playing time by rendition or playback mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.analytics import filters, windows
from mux_sandbox.analytics.subviews import KINDS, parts_of, shortened, summed
from mux_sandbox.endpoints.data.views import ended_in, envelope
from mux_sandbox.errors import invalid_parameters, not_found
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from mux_sandbox.analytics.subviews import Part
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_METRIC = "playing_time"
_EMPTY = "__empty__"
_FINAL_AFTER = 2 * 3600
"""Seconds from the end of an hour until it is final."""


def breakdown_timeseries(call: Call) -> Row:
    """Give the playing time over time; the last intervals may be unfinished or missing."""
    kind = call.path["kind"]
    if kind not in KINDS or call.path["metric_id"] != _METRIC:
        raise not_found()
    window = windows.rounded(call.parameters.timeframe(call.now))
    group_by = _group_by(call, kind)
    granularity = call.parameters.choice("time_granularity", ("hour", "day"), "hour")
    step = windows.STEPS[granularity]
    limit = min(call.parameters.whole("breakdown_value_limit", 10), 100)
    complete = int(call.now - _FINAL_AFTER) // 3600 * 3600
    wanted = _parts(call, kind, window)
    rows = []
    for start in windows.intervals(window, step):
        if start > complete:
            break
        parts = [part for part in wanted if start <= part.view.end < start + step]
        sums = shortened(summed(parts, group_by), limit)
        rows.append(
            {
                "date": iso(start),
                "status": "complete" if start + step <= complete else "partial",
                "values": [
                    {"breakdown_value": label, "metric_value": playing} for label, playing in sums
                ],
            }
        )
    meta = {
        "subview_type": kind,
        "metric": _METRIC,
        "unit": "ms",
        "group_by": group_by,
        "time_granularity": granularity,
        "complete_through": iso(complete - 1),
    }
    return envelope(rows, window, len(rows)) | {"meta": meta}


def _group_by(call: Call, kind: str) -> tuple[str, ...]:
    names = call.parameters.texts("group_by[]")
    if set(names) - set(KINDS["rendition"] if kind == "rendition" else ()):
        message = f"group_by[] must be some of {', '.join(KINDS['rendition'])}, for renditions"
        raise invalid_parameters(message)
    return tuple(names) or KINDS[kind]


def _parts(call: Call, kind: str, window: windows.Window) -> list[Part]:
    """Give the parts of the views that ended in a window, after all filters."""
    views = [view for view in ended_in(call, window) if view.end < window[1]]
    of_parts, of_views = _filters(call, kind)
    parts = [part for view in filters.apply(views, of_views) for part in parts_of(view, kind)]
    return [part for part in parts if all(_meets(part, one) for one in of_parts)]


def _filters(call: Call, kind: str) -> tuple[list[tuple[str, bool, str]], list[str]]:
    """Separate filters of parts from filters of views."""
    of_parts, of_views = [], []
    for text in call.parameters.texts("filters[]"):
        name, _, value = text.partition(":")
        if name.lstrip("!") in KINDS[kind]:
            of_parts.append((name.lstrip("!"), not name.startswith("!"), value))
        else:
            of_views.append(f"{name}:" if value == _EMPTY else text)
    return of_parts, of_views


def _meets(part: Part, condition: tuple[str, bool, str]) -> bool:
    name, wanted, value = condition
    return (part.values[name] == value) is wanted


ROUTES: dict[str, Handler] = {
    "/data/v1/subview-metrics/{metric_id}/{kind}/breakdown-timeseries": breakdown_timeseries
}
