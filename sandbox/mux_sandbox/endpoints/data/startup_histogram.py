"""How long views of the last half hour took to start."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import TYPE_CHECKING

from mux_sandbox.endpoints.data.audience import latest, underway
from mux_sandbox.endpoints.data.views import envelope
from mux_sandbox.errors import not_found
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

METRIC = "video-startup-time"
_MINUTE = 60
_SPAN = 30 * _MINUTE
_EDGES = (0, 100, 500, 1000, 2000, 5000, 10_000, math.inf)
_BUCKETS = tuple(pairwise(_EDGES))


def histogram_timeseries(call: Call) -> Row:
    """Give the startup times of each minute."""
    if call.path["metric_id"] != METRIC:
        raise not_found()
    end = latest(call) // _MINUTE * _MINUTE
    start = end - _SPAN
    views = underway(call, start, end)
    rows = [_histogram(minute, views) for minute in range(start, end, _MINUTE)]
    buckets = [{"start": low, "end": None if high == math.inf else high} for low, high in _BUCKETS]
    meta = {"buckets": buckets, "bucket_unit": "milliseconds"}
    return envelope(rows, (start, end - _MINUTE), len(rows)) | {"meta": meta}


def _histogram(minute: int, views: list[Detail]) -> Row:
    times = sorted(
        view["time_to_first_frame"]
        for view in views
        if minute <= view.start < minute + _MINUTE and view["time_to_first_frame"] is not None
    )
    counts = [sum(low <= time < high for time in times) for low, high in _BUCKETS]
    total = len(times)
    shares = [count / total if total else 0 for count in counts]
    return {
        "timestamp": iso(minute),
        "sum": total,
        "average": statistics.fmean(times) if times else None,
        "median": statistics.median(times) if times else None,
        "p95": times[int(total * 0.95)] if times else None,
        "max_percentage": max(shares),
        "bucket_values": [
            {"count": count, "percentage": share}
            for count, share in zip(counts, shares, strict=True)
        ],
    }


ROUTES: dict[str, Handler] = {
    "/data/v1/monitoring/metrics/{metric_id}/histogram-timeseries": histogram_timeseries
}
