"""Monitoring of Mux Data: what was being watched in the last 24 hours, 5 seconds at a time."""

from __future__ import annotations

from functools import partial
from itertools import product, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.reading.answers import (
    expand_path,
    key_value,
    meta_of,
    objects_of,
    others,
    timestamp_of,
    window_of,
)
from tap_mux.reading.retention import warn_gone
from tap_mux.reading.windows import Window
from tap_mux.records.timestamps import epoch_seconds, utc_timestamp
from tap_mux.settings.vocabulary import MONITORING_DIMENSIONS, MONITORING_METRICS
from tap_mux.streams.base import MuxStream
from tap_mux.streams.cost import Cost
from tap_mux.streams.periodic import timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_mux.api.environment import Environment
    from tap_mux.records.normalizer import Record

MINUTE = 60
HOUR = 3600
RETENTION_SECONDS = 24 * HOUR
MARGIN_SECONDS = 600
"""How far behind the border of what Mux keeps to start: the border moves while we read."""

MAX_ANSWER_SECONDS = 1800
"""How long the range of an answer is at most."""

MAX_BREAKDOWN_SECONDS = 600
"""How long the timeframe of a breakdown over time is at most."""

MAX_VALUES = 100
"""How many values of a dimension Mux gives at most for a moment."""

SETTLE_SECONDS = 60
"""Numbers of this age are final."""


class MonitoringStream(MuxStream):
    """A stream of numbers that Mux keeps for 24 hours."""

    permission = "Mux Data: Read, and a plan with monitoring"
    cost = Cost.INTERVALS
    parameters = frozenset({"filters[]"})
    selected_by_default = False
    ids_repeat = True
    is_sorted = True

    def __init__(self, tap: Tap, environment: Environment) -> None:
        """Make the stream of an environment.

        Args:
            tap: The tap.
            environment: The environment.
        """
        super().__init__(tap, environment)
        self._has_warned_of_gap = False

    @property
    def lookback_seconds(self) -> int:
        """Zero: the numbers are final."""
        return 0

    def first(self, partition: Context) -> int:
        """Return the first moment to read, in epoch seconds; warn of a gap before it."""
        kept = int(self.client.now()) - RETENTION_SECONDS + MARGIN_SECONDS
        start = self.time_range(partition).start
        if start is not None and start < kept and self.bookmark(partition) is not None:
            self.warn_gap(start, kept)
        return max(start or 0, kept)

    def warn_gap(self, start: int, end: int) -> None:
        """Warn of what no longer exists, once for all metrics."""
        if not self._has_warned_of_gap:
            self._has_warned_of_gap = True
            warn_gone(self.name, start, end)

    def last(self, partition: Context) -> int:
        """Return the moment after the last one to read, in epoch seconds."""
        return min(self.time_range(partition).end, self.now - SETTLE_SECONDS)


def _between(records: Iterable[Record], key: str, first: int, last: int) -> list[Record]:
    """Return the records of a range of time, in order."""
    start, end = utc_timestamp(first), utc_timestamp(last)
    timed = [{**record, key: timestamp_of(record, key)} for record in records]
    return sorted((each for each in timed if start <= each[key] < end), key=itemgetter(key))


class MonitoringTimeseries(MonitoringStream):
    """Each metric for each 5 seconds.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-timeseries
    """

    name = "monitoring_timeseries"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/timeseries"
    primary_keys = ("metric", "date")
    replication_key = "date"

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each metric."""
        return [{"metric": metric} for metric in MONITORING_METRICS]

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """Ask from the last number of each answer on, up to now."""
        first, last = self.first(partition), self.last(partition)
        while first < last:
            answer = self._ask(partition["metric"], first)
            found = _between(answer["data"], "date", first, last)
            if found:
                unit = MONITORING_METRICS[partition["metric"]]
                yield [{**record, "unit": unit} for record in found]
                first = epoch_seconds(found[-1]["date"]) + 1
                continue
            first = _end_of(answer, first)
            if window_of(answer) and first < last:  # else it may be too early for numbers
                yield self.read_up_to([], first - 1)

    def _ask(self, metric: str, first: int) -> dict[str, Any]:
        return self.client.get(expand_path(self.path, metric), {**self.query, "timestamp": first})

    def probe(self) -> None:
        """Ask for the last minutes of one metric."""
        self._ask(next(iter(MONITORING_METRICS)), int(self.client.now()) - MARGIN_SECONDS)


def _end_of(answer: dict[str, Any], first: int) -> int:
    """Return the moment up to which an answer without numbers is."""
    used = window_of(answer)
    longest = first + MAX_ANSWER_SECONDS
    return min(used.end, longest) if used and used.end > first else longest


class MonitoringBreakdowns(MonitoringStream):
    """Each metric by the values of each dimension, as it was at each full hour.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-breakdown
    """

    name = "monitoring_breakdowns"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/breakdown"
    primary_keys = ("metric", "dimension", "value", "timestamp")
    replication_key = "timestamp"

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """Ask for all metrics and dimensions, hour after hour."""
        first, last = self.first(partition), self.last(partition)
        if first == self.bookmark(partition):
            first += 1  # that hour has been read whole
        for moment in range(first + -first % HOUR, last, HOUR):
            asked = [(*pair, moment) for pair in product(MONITORING_METRICS, MONITORING_DIMENSIONS)]
            results = self.workers.map(self._ask, asked)
            try:
                records = [record for found in results for record in found]
                yield self.read_up_to(records, moment)
            finally:
                results.close()

    def _ask(self, asked: tuple[str, str, int]) -> list[Record]:
        metric, dimension, moment = asked
        query = {**self.query, "dimension": dimension, "timestamp": moment}
        answer = self.client.get(expand_path(self.path, metric), query)
        columns = {
            "metric": metric,
            "dimension": dimension,
            "timestamp": utc_timestamp(moment),
            "unit": MONITORING_METRICS[metric],
        }
        return [
            {**value, **columns, "value": key_value(value, "value")} for value in answer["data"]
        ]

    def probe(self) -> None:
        """Ask for one metric by one dimension."""
        moment = int(self.client.now()) - MARGIN_SECONDS
        self._ask((next(iter(MONITORING_METRICS)), MONITORING_DIMENSIONS[0], moment))


class MonitoringBreakdownTimeseries(MonitoringStream):
    """Each metric by the values of each dimension, for each 5 seconds.

    Mux gives 100 values for a moment at most: these are the ones with the most viewers.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-breakdown-timeseries
    """

    name = "monitoring_breakdown_timeseries"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/breakdown-timeseries"
    primary_keys = ("metric", "dimension", "value", "date")
    replication_key = "date"

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each metric by each dimension."""
        return [
            {"metric": metric, "dimension": dimension}
            for metric, dimension in product(MONITORING_METRICS, MONITORING_DIMENSIONS)
        ]

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """Ask for ten minutes after ten minutes, up to now."""
        first, last = self.first(partition), self.last(partition)
        windows = [
            Window(start, min(start + MAX_BREAKDOWN_SECONDS, last))
            for start in range(first, last, MAX_BREAKDOWN_SECONDS)
        ]
        results = self.workers.map(partial(self._ask, partition), windows)
        try:
            for window, records in zip(windows, results, strict=True):
                is_early = window.end == last  # maybe for the last numbers
                yield records if records or is_early else self.read_up_to([], window.end - 1)
        finally:
            results.close()

    def _ask(self, columns: Mapping[str, Any], window: Window) -> list[Record]:
        query = {
            **self.query,
            "dimension": columns["dimension"],
            "limit": MAX_VALUES,
            "order_by": "views",
            "order_direction": "desc",
            **timeframe(window),
        }
        answer = self.client.get(expand_path(self.path, columns["metric"]), query)
        unit = MONITORING_METRICS[columns["metric"]]
        return [
            {
                **others(moment, "date", "values"),
                **value,
                "value": key_value(value, "value"),
                "date": moment["date"],
                "unit": unit,
            }
            for moment in _between(answer["data"], "date", window.start, window.end)
            for value in objects_of(moment, "values")
        ]

    def probe(self) -> None:
        """Ask for the last minutes of one metric by one dimension."""
        moment = int(self.client.now()) - MARGIN_SECONDS
        self._ask(self.partition_columns()[0], Window(moment, moment + MINUTE))


def _in_buckets(values: list[Record], buckets: list[Record]) -> list[Record]:
    """Add to each value the bounds of its bucket."""
    none: Record = {}
    return [{**one, **value} for one, value in zip_longest(buckets, values, fillvalue=none)]


class MonitoringHistograms(MonitoringStream):
    """How long views took to start, by minute; Mux gives the last half hour only.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-histogram-timeseries
    """

    name = "monitoring_histograms"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/histogram-timeseries"
    primary_keys = ("metric", "timestamp")
    replication_key = "timestamp"

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return the one metric that has histograms."""
        return [{"metric": "video-startup-time"}]

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the minutes that are over."""
        answer = self._ask()
        meta = meta_of(answer)
        buckets = objects_of(meta, "buckets")
        histograms = [
            {
                **histogram,
                "bucket_unit": meta.get("bucket_unit"),
                "bucket_values": _in_buckets(objects_of(histogram, "bucket_values"), buckets),
            }
            for histogram in answer["data"]
        ]
        first = self.first(partition)
        found = _between(histograms, "timestamp", first, self.last(partition))
        if found and self.bookmark(partition) is not None:
            earliest = epoch_seconds(found[0]["timestamp"])
            if earliest > first + MINUTE:
                self.warn_gap(first, earliest)
        yield found

    def _ask(self) -> dict[str, Any]:
        path = expand_path(self.path, self.partition_columns()[0]["metric"])
        return self.client.get(path, self.query)

    def probe(self) -> None:
        """Ask for the one answer."""
        self._ask()
