"""All metrics at once, as the overview of the dashboard shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.analytics import dimensions, windows
from mux_sandbox.analytics.metrics import METRICS
from mux_sandbox.endpoints.data.metrics import totals
from mux_sandbox.endpoints.data.views import counted_in, envelope
from mux_sandbox.errors import invalid_timeframe

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_LONGEST = 90 * 86_400
_LABELS = {"median": "median", "95th": "95th %", "avg": "average", "sum": "total"}
_MEDIAN = ("median", "95th")
_TOTAL = ("sum", "avg")

# Title, metric and children. A child has a metric, a type and measurements; without any, the
# answer does not name the measurement.
_SECTIONS: tuple[tuple[str, str, tuple[tuple[str, str, tuple[str, ...]], ...]], ...] = (
    (
        "Views",
        "views",
        (
            ("unique_viewers", "number", ()),
            ("playing_time", "milliseconds", ()),
            ("ad_attempt_count", "number", _TOTAL),
            ("ad_break_count", "number", _TOTAL),
            ("ad_impression_count", "number", _TOTAL),
        ),
    ),
    ("Overall Score", "viewer_experience_score", ()),
    (
        "Playback Success Score",
        "playback_success_score",
        (
            ("playback_failure_percentage", "percentage", ()),
            ("video_startup_failure_percentage", "percentage", ()),
            ("exits_before_video_start", "percentage", ()),
            ("view_dropped_percentage", "percentage", ()),
            ("ad_error_count", "number", _TOTAL),
            ("ad_error_percentage", "percentage", ("avg",)),
            ("playback_business_exception_percentage", "percentage", ("avg",)),
            ("video_startup_business_exception_percentage", "percentage", ("avg",)),
        ),
    ),
    (
        "Startup Time Score",
        "startup_time_score",
        (
            ("video_startup_time", "milliseconds", _MEDIAN),
            ("player_startup_time", "milliseconds", _MEDIAN),
            ("page_load_time", "milliseconds", _MEDIAN),
            ("aggregate_startup_time", "milliseconds", _MEDIAN),
            ("seek_latency", "milliseconds", ()),
            ("view_content_startup_time", "milliseconds", _MEDIAN),
            ("ad_preroll_startup_time", "milliseconds", _MEDIAN),
        ),
    ),
    (
        "Rebuffer Score",
        "rebuffer_score",
        (
            ("rebuffer_percentage", "percentage", ()),
            ("rebuffer_frequency", "per_minute", ()),
            ("rebuffer_duration", "milliseconds", _MEDIAN),
            ("rebuffer_count", "number", _MEDIAN),
        ),
    ),
    (
        "Video Quality Score",
        "video_quality_score",
        (
            ("upscale_percentage", "percentage", (*_MEDIAN, "avg")),
            ("downscale_percentage", "percentage", (*_MEDIAN, "avg")),
            ("max_upscale_percentage", "percentage", _MEDIAN),
            ("max_downscale_percentage", "percentage", _MEDIAN),
            ("weighted_average_bitrate", "mbps", _MEDIAN),
            ("live_stream_latency", "milliseconds", _MEDIAN),
        ),
    ),
)


def comparison(call: Call) -> Row:
    """Give all metrics for the views with one value of a dimension."""
    dimension, value = call.parameters.text("dimension"), call.parameters.text("value")
    start, end = call.parameters.timeframe(call.now)
    if end - start > _LONGEST:
        message = "the timeframe must be at most 90 days"
        raise invalid_timeframe(message)
    window = windows.rounded((start, end))
    started, ended = (counted_in(call, window, on_start=start) for start in (True, False))
    if dimension is not None:
        dimensions.check(dimension)
        started, ended = (
            [
                view
                for view in views
                if (dimensions.value_of(view, dimension) or "") == (value or "")
            ]
            for views in (started, ended)
        )
    rows = [_totals(started, ended), *_sections(started, ended)]
    return envelope(rows, window, len(rows))


def _totals(started: list[Detail], ended: list[Detail]) -> Row:
    sums = totals(ended)
    return {
        "name": "totals",
        "view_count": len(ended),
        "started_views": len(started),
        "ended_views": len(ended),
        "unique_viewers": METRICS["unique_viewers"].over(started).value,
        "watch_time": sums["total_watch_time"],
        "total_playing_time": sums["total_playing_time"],
    }


def _sections(started: list[Detail], ended: list[Detail]) -> list[Row]:
    rows = []
    for title, name, children in _SECTIONS:
        kind = "number" if name == "views" else "score"
        row: Row = {"name": title, "metric": name, "type": kind}
        row["value"] = METRICS[name].over(started if METRICS[name].on_start else ended).value
        items = [
            _item(child, unit, measurement, started if METRICS[child].on_start else ended)
            for child, unit, measurements in children
            for measurement in measurements or (None,)
        ]
        rows.append(row | ({"items": items} if items else {}))
    return rows


def _item(name: str, unit: str, measurement: str | None, views: list[Detail]) -> Row:
    title = name.replace("_", " ").title()
    row: Row = {"name": title, "metric": name, "type": unit}
    row["value"] = METRICS[name].over(views, measurement).value
    if measurement is None:
        return row
    return row | {"name": f"{title} ({_LABELS[measurement]})", "measurement": measurement}


ROUTES: dict[str, Handler] = {"/data/v1/metrics/comparison": comparison}
