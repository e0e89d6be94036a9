"""Endpoints of the Data API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mux_sandbox.endpoints.call import encode
from mux_sandbox.worlds import epoch

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.options import SandboxOptions
    from mux_sandbox.worlds import Row


def list_video_views(call: Call) -> bytes:
    """List views whose view_end is in the timeframe."""
    options = call.options
    start, end = call.parameters.timeframe(call.now)
    descending = call.parameters.descending()
    page = call.parameters.page()
    edges = (options.timeframe_includes_start, options.timeframe_includes_end)

    def arrange(rows: list[Row]) -> list[Row]:
        if not all(edges):
            rows = [row for row in rows if _inside(row, (start, end), edges)]
        # Without the Z, times with and without a fraction of a second sort as text.
        return sorted(rows, key=lambda row: row["view_end"].rstrip("Z"), reverse=descending)

    listing = call.listings.get(
        ("video-views", call.environment.environment_id, start, end, descending, edges),
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


ROUTES: dict[str, Handler] = {"/data/v1/video-views": list_video_views}
