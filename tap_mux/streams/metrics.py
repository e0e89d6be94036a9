"""Metrics of Mux Data: sums over all views, by windows of time."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.answers import (
    by_field,
    expand_path,
    key_value,
    meta_of,
    timestamp_of,
)
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.settings.metrics import metric_requests
from tap_mux.settings.vocabulary import GRANULARITIES, METRICS, UNITS_OF_TYPES, unit_of
from tap_mux.streams.periodic import PeriodicStream, timeframe

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record
    from tap_mux.settings.metrics import MetricRequest

INTERVALS_PER_REQUEST = {"minute": 60, "ten_minutes": 36, "hour": 15 * 24, "day": 10_000}
"""How many intervals one request is for. For longer timeframes Mux uses longer intervals."""

FIELDS = ("time", "value", "views")
"""What the list of each interval of a timeseries has."""


class MetricStream(PeriodicStream):
    """A stream of the metrics that the setting ``metrics`` names."""

    @cached_property
    def requests(self) -> list[MetricRequest]:
        """The metrics to read."""
        return metric_requests(self.config)

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each metric: one that is added later is read from the beginning."""
        return [request.columns for request in self.requests]

    def interval_seconds(self, partition: Context) -> int:
        """Return the granularity that the setting names."""
        return GRANULARITIES[partition["granularity"]]

    def query_of(self, window: Window, partition: Context) -> dict[str, Any]:
        """Return the query parameters for a window of a partition."""
        (request, *_) = [
            request for request in self.requests if request.columns.items() <= partition.items()
        ]
        return {**request.query, **timeframe(window)}

    def path_of(self, partition: Context) -> str:
        """Return the path for a partition."""
        return expand_path(self.path, partition["metric"])

    def unit_of(self, partition: Context) -> str | None:
        """Return the unit of the values of a partition."""
        return unit_of(partition["metric"], partition["measurement"])

    def columns_of(self, envelope: dict[str, Any], asked: Window) -> Record | None:
        """Return the columns that say what an answer is for; None if for another window."""
        window = self.window_columns(asked, envelope)
        if window is None:
            return None
        return {**window, "aggregation": meta_of(envelope).get("aggregation")}


class MetricTimeseries(MetricStream):
    """Each metric over time.

    Follows https://www.mux.com/docs/api-reference/data/metrics/get-metric-timeseries-data
    """

    name = "metric_timeseries"
    path = "/data/v1/metrics/{METRIC_ID}/timeseries"
    primary_keys = ("metric", "measurement", "filters_key", "granularity", "time")
    replication_key = "time"

    def intervals_per_request(self, partition: Context) -> int:
        """Return as many as Mux does not round."""
        return INTERVALS_PER_REQUEST[partition["granularity"]]

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the intervals of a window, and leave out those that reach beyond it."""
        query = self.query_of(window, partition) | {
            "group_by": partition["granularity"],
            "order_direction": "asc",
        }
        envelope = self.client.get(self.path_of(partition), query, items=list)
        self.is_answer_for(window, envelope)  # for its warning: the intervals are looked at below
        columns = {
            "aggregation": meta_of(envelope).get("aggregation"),
            "unit": self.unit_of(partition),
        }
        first = utc_timestamp(window.start)
        last = utc_timestamp(window.end - self.interval_seconds(partition))
        found = []
        for interval in envelope["data"]:
            if len(interval) != len(FIELDS):
                text = f"GET {self.path} gave an interval that is not [time, value, views]"
                raise UnexpectedAnswerError(text)
            record = dict(zip(FIELDS, interval, strict=True))
            time = timestamp_of(record, "time")
            if first <= time <= last:
                found.append({**record, **columns, "time": time})
        return sorted(found, key=itemgetter("time"))


class MetricOverall(MetricStream):
    """Each metric as one value for each window.

    Follows https://www.mux.com/docs/api-reference/data/metrics/get-overall-values
    """

    name = "metric_overall"
    path = "/data/v1/metrics/{METRIC_ID}/overall"
    primary_keys = ("metric", "measurement", "filters_key", "window_start", "window_end")
    selected_by_default = False

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the value of a window."""
        query = self.query_of(window, partition)
        envelope = self.client.get(self.path_of(partition), query, data=dict)
        columns = self.columns_of(envelope, window)
        if columns is None:
            return []
        return [{**envelope["data"], **columns, "unit": self.unit_of(partition)}]


class MetricBreakdowns(MetricStream):
    """Each metric by each value of the dimensions that its ``group_by`` names.

    Follows https://www.mux.com/docs/api-reference/data/metrics/list-breakdown-values
    """

    name = "metric_breakdowns"
    path = "/data/v1/metrics/{METRIC_ID}/breakdown"
    primary_keys = (
        "metric",
        "measurement",
        "group_by",
        "filters_key",
        "field",
        "window_start",
        "window_end",
    )
    selected_by_default = False

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each dimension of each metric."""
        return [
            {**request.columns, "group_by": dimension}
            for request in self.requests
            for dimension in dict.fromkeys(request.group_by)
        ]

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the values of a window."""
        query = self.query_of(window, partition) | {
            "group_by": partition["group_by"],
            "order_by": "field",
            "order_direction": "asc",
        }
        found = []
        unit = self.unit_of(partition)
        pages = self.lists.page_after_page(self.path_of(partition), query, by_field("field"))
        for envelope in pages:
            columns = self.columns_of(envelope, window)
            if columns is not None:
                found += [
                    {**value, **columns, "unit": unit, "field": key_value(value, "field")}
                    for value in envelope["data"]
                ]
        return found


class MetricInsights(MetricStream):
    """The values of all dimensions that make each metric worst.

    Follows https://www.mux.com/docs/api-reference/data/metrics/list-insights
    """

    name = "metric_insights"
    path = "/data/v1/metrics/{METRIC_ID}/insights"
    primary_keys = (
        "metric",
        "measurement",
        "filters_key",
        "filter_column",
        "filter_value",
        "window_start",
        "window_end",
    )
    selected_by_default = False

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the insights of a window."""
        query = self.query_of(window, partition)
        envelope = self.client.get(self.path_of(partition), query)
        columns = self.columns_of(envelope, window)
        if columns is None:
            return []
        return [
            {
                **{name: value for name, value in insight.items() if name != "metric"},
                **columns,
                "metric_value": insight.get("metric"),  # "metric" is the value there
                "unit": self.unit_of(partition),
                "filter_value": key_value(insight, "filter_value"),
            }
            for insight in envelope["data"]
        ]


class MetricComparisons(MetricStream):
    """All metrics at once, for each set of filters that the setting ``metrics`` has.

    Follows https://www.mux.com/docs/api-reference/data/metrics/list-all-metric-values
    """

    name = "metric_comparisons"
    path = "/data/v1/metrics/comparison"
    primary_keys = ("filters_key", "name", "window_start", "window_end")
    selected_by_default = False

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each set of filters."""
        found: list[dict[str, Any]] = []
        for request in self.requests:
            columns = {"filters_key": request.filters_key, "granularity": request.granularity}
            if columns not in found:
                found.append(columns)
        return found

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for all metrics of a window."""
        (request, *_) = [
            request for request in self.requests if request.filters_key == partition["filters_key"]
        ]
        query = {**request.filter_query, **timeframe(window)}
        envelope = self.client.get(self.path, query)
        columns = self.columns_of(envelope, window)
        if columns is None:
            return []
        del columns["aggregation"]
        return [{**_with_units(line), **columns} for line in envelope["data"]]


def _with_units(line: Any) -> Any:
    """Add the units to a line of the overview, and to the metrics that belong to it."""
    if isinstance(line, list):
        return [_with_units(each) for each in line]
    if not isinstance(line, dict):
        return line
    unit = UNITS_OF_TYPES.get(str(line.get("type"))) or METRICS.get(str(line.get("metric")))
    more = {"items": _with_units(line["items"])} if "items" in line else {}
    return {**line, "unit": unit, **more}
