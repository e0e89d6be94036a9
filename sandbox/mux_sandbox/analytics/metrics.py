"""Metrics: what each of them measures of a view, and how the measures become one value."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mux_sandbox.details import Detail

MEASUREMENTS = ("95th", "median", "avg", "count", "sum")
_HIGHER_IS_BETTER = (
    "_score", "views", "playing_time", "viewers", "throughput", "bitrate", "impression_count",
)  # fmt: skip
_ON_START = {"views", "unique_viewers", "playing_time"}
"""Metrics of engagement count a view when it begins; others count it when it ends."""


class Value(NamedTuple):
    """The value of a metric over some views."""

    value: float | None
    views: int
    """How many of the views have a value of their own."""


class Metric(NamedTuple):
    """A metric."""

    name: str
    measure: Callable[[Detail], float | None]
    measurement: str

    @property
    def on_start(self) -> bool:
        """Tell whether a view counts when it begins."""
        return self.name in _ON_START

    @property
    def worse_when_higher(self) -> bool:
        """Tell whether a higher value is a bad sign."""
        return not self.name.endswith(_HIGHER_IS_BETTER)

    def over(self, views: Iterable[Detail], measurement: str | None = None) -> Value:
        """Work out the value over some views."""
        if self.name == "unique_viewers":
            seen = [view["mux_viewer_id"] for view in views]
            return Value(len(set(seen)), len(seen))
        if self.name == "views":
            count = sum(1 for _ in views)
            return Value(count, count)
        values = [value for view in views if (value := self.measure(view)) is not None]
        return Value(_combine(values, measurement or self.measurement), len(values))


def _combine(values: list[float], measurement: str) -> float | None:
    match measurement:
        case "sum":
            return sum(values)
        case "count":
            return len(values)
    if not values:
        return None
    if measurement == "median":
        return statistics.median(values)
    if measurement == "95th":
        return sorted(values)[int(len(values) * 0.95)]
    return sum(values) / len(values)


def _number(value: Any) -> float | None:
    """Read a number, which some fields hold as text."""
    if value is None:
        return None
    number = float(value)
    return int(number) if isinstance(value, int) else number


def _field(name: str) -> Callable[[Detail], float | None]:
    return lambda view: _number(view[name])


def _set(name: str) -> Callable[[Detail], float | None]:
    return lambda view: int(view[name] is not None)


def _ratio(name: str, base: str, factor: int = 1) -> Callable[[Detail], float | None]:
    def measure(view: Detail) -> float | None:
        part, whole = _number(view[name]), _number(view[base])
        return None if part is None or not whole else part / whole * factor

    return measure


def _startup(view: Detail) -> float | None:
    parts = [
        view[name] for name in ("page_load_time", "player_startup_time", "time_to_first_frame")
    ]
    return None if None in parts else sum(parts)


def _one(_: Detail) -> float | None:
    return 1


_MINUTE = 60_000
_MEASURES: dict[str, dict[str, Callable[[Detail], float | None]]] = {
    "count": {"views": _one, "unique_viewers": _one},
    "sum": {
        "playing_time": _field("view_playing_time"),
        **{
            name: _field(name)
            for name in (
                "ad_attempt_count", "ad_break_count", "ad_break_error_count", "ad_error_count",
                "ad_impression_count",
            )
        },
    },
    "median": {
        "aggregate_startup_time": _startup,
        "max_downscale_percentage": _field("view_max_downscale_percentage"),
        "max_request_latency": _field("view_max_request_latency"),
        "max_upscale_percentage": _field("view_max_upscale_percentage"),
        "rebuffer_count": _field("buffering_count"),
        "rebuffer_duration": _field("buffering_duration"),
        "request_latency": _field("view_average_request_latency"),
        "request_throughput": _field("view_average_request_throughput"),
        "video_startup_time": _field("time_to_first_frame"),
        **{
            name: _field(name)
            for name in (
                "ad_preroll_startup_time", "live_stream_latency", "page_load_time",
                "player_startup_time", "requests_for_first_preroll", "view_content_startup_time",
                "video_startup_preroll_load_time", "video_startup_preroll_request_time",
                "weighted_average_bitrate",
            )
        },
    },
    "avg": {
        "downscale_percentage": _ratio("view_total_downscaling", "view_playing_time"),
        "exits_before_video_start": _field("exit_before_video_start"),
        "playback_business_exception_percentage": _set("playback_business_exception_error_type_id"),
        "playback_failure_percentage": _field("playback_failure"),
        "playback_success_score": _field("playback_score"),
        "rebuffer_frequency": _ratio("buffering_count", "watch_time", _MINUTE),
        "rebuffer_percentage": _ratio("buffering_duration", "watch_time"),
        "rebuffer_score": _field("rebuffering_score"),
        "seek_latency": _ratio("view_seek_duration", "view_seek_count"),
        "startup_time_score": _field("startup_score"),
        "upscale_percentage": _ratio("view_total_upscaling", "view_playing_time"),
        "video_quality_score": _field("quality_score"),
        "video_startup_business_exception_percentage": _set(
            "video_startup_business_exception_error_type_id"
        ),
        "video_startup_failure_percentage": _field("video_startup_failure"),
        "view_dropped_percentage": _field("view_dropped"),
        **{
            name: _field(name)
            for name in (
                "ad_break_error_percentage", "ad_error_percentage", "ad_exit_before_start_count",
                "ad_exit_before_start_percentage", "ad_startup_error_count",
                "ad_startup_error_percentage", "rendition_change_count",
                "rendition_downshift_count", "rendition_upshift_count", "viewer_experience_score",
            )
        },
    },
}  # fmt: skip
METRICS = {
    name: Metric(name, measure, measurement)
    for measurement, measures in _MEASURES.items()
    for name, measure in measures.items()
}
"""All metrics by name."""
