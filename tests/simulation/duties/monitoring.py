"""Numbers of the last 24 hours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.duties.base import Duty, Key, Row, Span
from tests.simulation.mux import data
from tests.simulation.truth import DAY, HOUR, MINUTE
from tests.simulation.wire import tap_time
from tests.simulation.world import MONITORING_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.run import Facts
    from tests.simulation.world import World


class MonitoringDuty(Duty):
    """Numbers that Mux keeps for 24 hours, and that are final at once."""

    def __init__(
        self,
        rows: Callable[[World, int], dict[Key, Any]],
        payload: str,
        *,
        step: int,
        kept_seconds: int = DAY - 10 * MINUTE,
    ) -> None:
        """Take the records of a moment, how long it is to the next, and how long Mux keeps it."""
        self._rows = rows
        self._payload = payload
        self._step = step
        self._kept_seconds = kept_seconds

    def due(self, world: World, facts: Facts) -> Iterator[Key]:
        span, step = Span.of(facts), self._step
        ahead = max(0.0, facts.now - facts.began)
        first = int(max(span.start, facts.ended - self._kept_seconds + ahead)) + 1
        last = min(span.end, facts.now - 60, facts.began - 100)
        for moment in range(first + -first % step, int(last), step):
            yield from self._rows(world, moment)

    def values(self, world: World, key: Key, start: float, end: float) -> set[Any]:
        moment = int(datetime.fromisoformat(str(key[-1])).timestamp())
        rows = self._rows(world, moment)
        return {rows[key]} if key in rows and moment <= end else set()

    def payload(self, row: Row) -> Any:
        return row[self._payload]


METRIC = "current-concurrent-viewers"


def _monitored_by(world: World, moment: int) -> dict[Key, Any]:
    return {
        (METRIC, dimension, value or "(not set)", tap_time(moment)): each
        for dimension in MONITORING_DIMENSIONS
        for value, each in data.monitored_values(world.seed, METRIC, dimension, moment).items()
    }


MONITORING: dict[str, Duty] = {
    "monitoring_timeseries": MonitoringDuty(
        lambda world, moment: {
            (METRIC, tap_time(moment)): data.monitored(world.seed, METRIC, moment)
        },
        "value",
        step=data.MONITORED_SECONDS,
    ),
    "monitoring_breakdowns": MonitoringDuty(_monitored_by, "metric_value", step=HOUR),
    "monitoring_breakdown_timeseries": MonitoringDuty(
        _monitored_by, "metric_value", step=data.MONITORED_SECONDS
    ),
    "monitoring_histograms": MonitoringDuty(
        lambda world, moment: {
            ("video-startup-time", tap_time(moment)): data.monitored(
                world.seed, "histogram", moment
            )
        },
        "sum",
        step=MINUTE,
        kept_seconds=28 * MINUTE,
    ),
}
