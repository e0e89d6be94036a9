"""The endpoint of the Video API about how much was delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.endpoints.call import encode
from mux_sandbox.errors import invalid_parameters, invalid_timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_HOUR = 3600
_LATE_HOURS = 12
"""Hours from the end of an hour until its usage is known."""

_KEPT_SECONDS = 90 * 86_400
_SPLIT = "delivered_seconds_by_resolution"


def list_delivery_usage(call: Call) -> bytes:
    """List what was delivered of each asset in the timeframe, most delivered first."""
    wanted = {name: call.parameters.text(name) for name in ("asset_id", "live_stream_id")}
    conditions = {name: value for name, value in wanted.items() if value is not None}
    if len(conditions) > 1:
        message = "asset_id and live_stream_id exclude each other"
        raise invalid_parameters(message)
    counted = int(call.now // _HOUR - _LATE_HOURS) * _HOUR
    start, end = _timeframe(call) or (counted - _HOUR, counted)
    page = call.parameters.page(default_limit=100)

    def arrange(rows: list[Row]) -> list[Row]:
        for name, value in conditions.items():
            rows = [row for row in rows if row.get(name) == value]
        summed = [row for row in _summed(rows) if row["delivered_seconds"] > 0]
        return sorted(summed, key=lambda row: float(row["delivered_seconds"]), reverse=True)

    listing = call.listings.get(
        ("delivery-usage", call.environment.environment_id, start, end, *conditions.items()),
        call.environment.world.deliveries(start, min(end, counted), call.now),
        arrange,
    )

    def body() -> bytes:
        return encode(
            {
                "timeframe": [start, end],
                "page": page.offset // page.size + 1,
                "limit": page.size,
                "data": listing.rows[page.offset : page.end],
            }
        )

    return listing.encoded(page, body)


def _timeframe(call: Call) -> tuple[int, int] | None:
    if len(call.parameters.texts("timeframe[]")) == 1:
        message = "timeframe[] must be two epoch seconds"
        raise invalid_parameters(message)
    window = call.parameters.window(call.now)
    if window is not None and window[0] < call.now - _KEPT_SECONDS:
        message = "delivery usage is kept for 90 days"
        raise invalid_timeframe(message)
    return window


def _summed(rows: Iterable[Row]) -> Iterable[Row]:
    """Add up the hours of each asset."""
    sums: dict[str, Row] = {}
    for row in rows:
        known = sums.setdefault(row["asset_id"], {})
        seconds = known.get("delivered_seconds", 0) + row["delivered_seconds"]
        split = dict(known.get(_SPLIT, {}))
        for tier, more in row.get(_SPLIT, {}).items():
            split[tier] = round(split.get(tier, 0) + more, 6)
        known |= {name: value for name, value in row.items() if name != "hour"}
        known["delivered_seconds"] = round(seconds, 6)
        if split:
            known[_SPLIT] = split
    return sums.values()


ROUTES: dict[str, Handler] = {"/video/v1/delivery-usage": list_delivery_usage}
