"""Views, in a list and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mux_sandbox.endpoints.call import encode
from mux_sandbox.endpoints.data.views import detail_of, envelope, filtered
from mux_sandbox.errors import invalid_parameters, not_found
from mux_sandbox.world.clock_text import epoch

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.options import SandboxOptions
    from mux_sandbox.world.interface import Row

_DAY = 86_400


def list_video_views(call: Call) -> bytes:
    """List views whose view_end is in the timeframe."""
    options = call.options
    start, end = call.parameters.timeframe(call.now)
    descending = call.parameters.descending()
    page = call.parameters.page()
    edges = (options.timeframe_includes_start, options.timeframe_includes_end)
    wanted = _Wanted(call)

    def arrange(rows: list[Row]) -> list[Row]:
        rows = wanted.among(rows)
        if not all(edges):
            rows = [row for row in rows if _inside(row, (start, end), edges)]
        # Without the Z, times with and without a fraction of a second sort as text.
        return sorted(rows, key=lambda row: row["view_end"].rstrip("Z"), reverse=descending)

    listing = call.listings.get(
        (
            *("video-views", call.environment.environment_id, start, end, descending, edges),
            *wanted.key,
        ),
        call.environment.world.views(start, end, call.now),
        arrange,
    )

    def body() -> bytes:
        total = _said_count(len(listing.rows), options)
        rows = listing.rows[page.offset : page.end]
        return encode(
            {
                "total_row_count": total,
                "timeframe": [start, end],
                "data": [{**row, "total_row_count": total} for row in rows],
            }
        )

    if callable(options.total_row_count):
        return body()
    return listing.encoded((page, options.total_row_count), body)


def get_video_view(call: Call) -> Row:
    """Give one view in full, for as long as views are kept."""
    row = call.environment.world.view(call.path["view_id"], call.now)
    now = int(call.now)
    if row is None or epoch(row["view_end"]) < now - call.options.retention_days * _DAY:
        raise not_found()
    return envelope(detail_of(call, row).complete(), (now - _DAY, now), None)


class _Wanted:
    """The views that a request is limited to."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._viewer = call.parameters.text("viewer_id")
        self._error = call.parameters.text("error_id")
        if self._error not in (None, "any") and not str(self._error).isdecimal():
            message = f"error_id must be a whole number or any, not {self._error!r}"
            raise invalid_parameters(message)
        filters = tuple(call.parameters.texts("filters[]"))
        metric_filters = tuple(call.parameters.texts("metric_filters[]"))
        self.key = (self._viewer, self._error, filters, metric_filters)

    def among(self, rows: list[Row]) -> list[Row]:
        if not any(self.key):
            return rows
        views = filtered(self._call, [detail_of(self._call, row) for row in rows])
        kept = {view["id"] for view in views if self._meets(view)}
        return [row for row in rows if row["id"] in kept]

    def _meets(self, view: Row) -> bool:
        kind = view["error_type_id"]
        if self._error is not None and (kind is None or self._error not in ("any", str(kind))):
            return False
        return self._viewer is None or self._viewer in (
            view["viewer_user_id"],
            view["mux_viewer_id"],
        )


def _inside(row: Row, window: tuple[int, int], edges: tuple[bool, bool]) -> bool:
    end = epoch(row["view_end"])
    return (edges[0] or end > window[0]) and (edges[1] or end < window[1])


def _said_count(count: int, options: SandboxOptions) -> Any:
    match options.total_row_count:
        case "exact":
            return count
        case "null":
            return None
        case "string":
            return str(count)
        case say:
            return say(count)


ROUTES: dict[str, Handler] = {
    "/data/v1/video-views": list_video_views,
    "/data/v1/video-views/{view_id}": get_video_view,
}
