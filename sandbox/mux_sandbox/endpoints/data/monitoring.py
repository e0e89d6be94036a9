"""What viewers watch now, or watched in the last 24 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mux_sandbox.endpoints.data import startup_histogram
from mux_sandbox.endpoints.data.audience import (
    COUNT,
    MEASURED_BY,
    STEP,
    Audience,
    audiences,
    latest,
)
from mux_sandbox.endpoints.data.dimensions import ORDERS
from mux_sandbox.endpoints.data.views import envelope
from mux_sandbox.errors import invalid_parameters, invalid_timeframe, not_found
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_DAY = 86_400
_SPAN = 1800
_LONGEST = 600
"""The longest timeframe of a breakdown over time."""

_DIMENSIONS = {
    "asn": "ASN",
    "cdn": "CDN",
    "country": "Country",
    "operating_system": "Operating system",
    "player_name": "Player name",
    "region": "Region / State",
    "stream_type": "Stream type",
    "sub_property_id": "Sub property ID",
    "video_series": "Video series",
    "video_title": "Video title",
    "view_has_ad": "View has ad",
}
_METRICS = {
    "current-average-bitrate": "Current Average Bitrate",
    COUNT: "Current Concurrent Viewers (CCV)",
    "current-rebuffering-percentage": "Current Rebuffering Percentage",
    "exits-before-video-start": "Exits Before Video Start",
    "playback-failure-percentage": "Playback Failure Percentage",
    "video-startup-failure-percentage": "Video Startup Failure Percentage",
    startup_histogram.METRIC: "Video Startup Time",
}
_ORDERED_BY = {
    "negative_impact": "negative_impact",
    "value": "metric_value",
    "views": "concurrent_viewers",
    "field": "value",
}


def list_dimensions(call: Call) -> Row:
    """List the dimensions."""
    return _names(call, _DIMENSIONS)


def list_metrics(call: Call) -> Row:
    """List the metrics."""
    return _names(call, _METRICS)


def breakdown(call: Call) -> Row:
    """Give a metric by a dimension at a moment."""
    metric = _metric(call)
    moment = _timestamp(call, latest(call))
    [audience] = audiences(call, moment, moment + 1)
    rows = _broken_down(call, audience, metric)
    return envelope(rows, (moment, moment), len(rows))


def breakdown_timeseries(call: Call) -> Row:
    """Give a metric by a dimension for each few seconds of a short timeframe."""
    metric = _metric(call)
    end = latest(call)
    start = end - 60
    if call.parameters.texts("timeframe[]"):
        start, end = call.parameters.timeframe(call.now)
    if end - start > _LONGEST or not call.now - _DAY <= start <= end <= call.now:
        message = "the timeframe must be at most 10 minutes within the last 24 hours"
        raise invalid_timeframe(message)
    limit = min(call.parameters.whole("limit", 10), 100)
    first = start - start % STEP
    rows = []
    for audience in audiences(call, first, min(end, latest(call)) + 1):
        values = _broken_down(call, audience, metric)[:limit]
        kept = ("value", "metric_value", "concurrent_viewers", "starting_up_viewers")
        values = [{name: value[name] for name in kept} for value in values]
        rows.append({"date": iso(audience.moment), "values": values})
    return envelope(rows, (start, end), len(rows))


def timeseries(call: Call) -> Row:
    """Give a metric for each few seconds of half an hour."""
    metric = _metric(call)
    start = _timestamp(call, latest(call) - _SPAN + STEP)
    end = min(start + _SPAN - STEP, latest(call))
    rows = [
        {
            "date": iso(audience.moment),
            "value": audience.value(metric),
            "concurrent_viewers": len(audience.views),
        }
        for audience in audiences(call, start, end + 1)
    ]
    return envelope(rows, (start, end), len(rows))


def _names(call: Call, names: dict[str, str]) -> Row:
    rows = [{"name": name, "display_name": label} for name, label in names.items()]
    return envelope(rows, (int(call.now) - _DAY, int(call.now)), len(rows))


def _metric(call: Call) -> str:
    name = call.path["metric_id"]
    if name != COUNT and name not in MEASURED_BY:
        raise not_found()
    return name


def _timestamp(call: Call, default: int) -> int:
    moment = call.parameters.whole("timestamp", default)
    if not call.now - _DAY <= moment <= call.now:
        message = "timestamp must be within the last 24 hours"
        raise invalid_parameters(message)
    return moment - moment % STEP


def _broken_down(call: Call, audience: Audience, metric: str) -> list[Row]:
    dimension = call.parameters.choice("dimension", _DIMENSIONS, "country")
    order = call.parameters.choice("order_by", ORDERS, "views")
    descending = call.parameters.descending("desc" if order in ("views", "value") else "asc")
    rows: list[Row] = []
    for value, group in audience.split(dimension).items():
        row = {
            "value": value,
            "metric_value": group.value(metric),
            "concurrent_viewers": len(group.views),
            "starting_up_viewers": group.starting_up(),
        }
        if dimension == "asn" and value is not None:
            row["display_value"] = group.views[0]["asn_name"]
        rows.append(row)
    rows.sort(key=lambda row: (-(row["metric_value"] or 0), row["value"] or ""))
    for rank, row in enumerate(rows, 1):
        row["negative_impact"] = rank
    rows.sort(key=lambda row: _order(row[_ORDERED_BY[order]]), reverse=descending)
    return rows


def _order(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


_METRIC = "/data/v1/monitoring/metrics/{metric_id}"
ROUTES: dict[str, Handler] = {
    "/data/v1/monitoring/dimensions": list_dimensions,
    "/data/v1/monitoring/metrics": list_metrics,
    f"{_METRIC}/breakdown": breakdown,
    f"{_METRIC}/breakdown-timeseries": breakdown_timeseries,
    f"{_METRIC}/timeseries": timeseries,
    **startup_histogram.ROUTES,
}
