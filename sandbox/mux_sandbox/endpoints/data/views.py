"""Views in full, as the endpoints count and filter them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mux_sandbox.analytics import filters
from mux_sandbox.details import Detail

if TYPE_CHECKING:
    from mux_sandbox.analytics.windows import Window
    from mux_sandbox.endpoints.call import Call
    from mux_sandbox.world.interface import Row

_DAY = 86_400
"""A view that began in a window ends at most so many seconds after it."""


def detail_of(call: Call, row: Row) -> Detail:
    """Give the single view of a record."""
    environment = call.environment
    own = {"environment_id": environment.environment_id}
    return Detail(row, own | environment.world.known_details(row))


def ended_in(call: Call, window: Window) -> list[Detail]:
    """Give the views with start <= view_end <= end."""
    start, end = window
    listing = call.listings.get(
        ("details", call.environment.environment_id, start, end),
        call.environment.world.views(start, end, call.now),
        lambda rows: [detail_of(call, row) for row in rows],
    )
    return cast("list[Detail]", listing.rows)


def counted_in(call: Call, window: Window, *, on_start: bool) -> list[Detail]:
    """Give the views that count in a window without its end, after all filters."""
    start, end = window
    if on_start:
        views = ended_in(call, (start, end + _DAY))
        views = [view for view in views if start <= view.start < end]
    else:
        views = [view for view in ended_in(call, window) if view.end < end]
    return filtered(call, views)


def filtered(call: Call, views: list[Detail]) -> list[Detail]:
    """Give the views that meet the filters of a request."""
    parameters = call.parameters
    return filters.apply(views, parameters.texts("filters[]"), parameters.texts("metric_filters[]"))


def envelope(data: object, window: Window, total: int | None) -> Row:
    """Put data into the usual envelope."""
    return {"total_row_count": total, "timeframe": list(window), "data": data}
