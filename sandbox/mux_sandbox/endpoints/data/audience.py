"""Who is watching at a moment of the last 24 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from mux_sandbox.analytics import dimensions, filters
from mux_sandbox.analytics.metrics import METRICS
from mux_sandbox.endpoints.data.views import detail_of

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call

COUNT = "current-concurrent-viewers"
MEASURED_BY = {
    "current-average-bitrate": "weighted_average_bitrate",
    "current-rebuffering-percentage": "rebuffer_percentage",
    "exits-before-video-start": "exits_before_video_start",
    "playback-failure-percentage": "playback_failure_percentage",
    "video-startup-failure-percentage": "video_startup_failure_percentage",
}
"""The metric of views that each other metric is an average of."""

STEP = 5
"""Seconds between two values."""

_LAG = 20
"""Seconds until an event shows."""

_HOUR = 3600
_DAY = 86_400


class Audience(NamedTuple):
    """The views that go on at a moment."""

    moment: int
    views: list[Detail]

    def value(self, metric: str) -> float | None:
        """Give the value of a metric."""
        if metric == COUNT:
            return len(self.views)
        return METRICS[MEASURED_BY[metric]].over(self.views, "avg").value

    def starting_up(self) -> int:
        """Count the viewers whose video has not started."""
        return sum(
            self.moment < view.start + (view["time_to_first_frame"] or 0) / 1000
            for view in self.views
        )

    def split(self, dimension: str) -> dict[str | None, Audience]:
        """Divide the views by their values of a dimension."""
        groups = dimensions.grouped(self.views, dimension)
        return {value: Audience(self.moment, views) for value, views in groups.items()}


def latest(call: Call) -> int:
    """Give the last moment that has values."""
    return int(call.now - _LAG) // STEP * STEP


def audiences(call: Call, start: int, end: int) -> list[Audience]:
    """Give the audience at all moments with start <= moment < end."""
    views = underway(call, start, end)
    return [
        Audience(moment, [view for view in views if view.start <= moment < view.end])
        for moment in range(start, end, STEP)
    ]


def underway(call: Call, start: int, end: int) -> list[Detail]:
    """Give the views that go on at some time between two moments.

    The list of views holds only views that ended. This also gives views that still go on.
    """
    first = start // _HOUR * _HOUR
    last = end // _HOUR * _HOUR + _HOUR + _DAY
    listing = call.listings.get(
        ("underway", call.environment.environment_id, first, last),
        call.environment.world.views(first, last, last + _DAY),
        lambda rows: [detail_of(call, row) for row in rows],
    )
    views = cast("list[Detail]", listing.rows)
    views = [view for view in views if view.start < end and view.end >= start]
    return filters.apply(views, call.parameters.texts("filters[]"))
