"""Metrics of Mux Data: sums over all views, by windows of time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.pagination import by, path_to
from tap_mux.records.normalizer import MisfitError, utc_timestamp
from tap_mux.settings.metrics import metric_requests
from tap_mux.settings.vocabulary import GRANULARITIES
from tap_mux.streams.periodic import PeriodStream, named, timeframe

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record
    from tap_mux.settings.metrics import MetricRequest

PERIODS_AT_ONCE = {"minute": 60, "ten_minutes": 36, "hour": 15 * 24, "day": 10_000}
"""How many intervals are asked for at once: in longer timeframes Mux rounds to longer ones."""


class MetricStream(PeriodStream):
    """One way to read the metrics that the setting ``metrics`` names."""

    replication_key = "window_start"

    @cached_property
    def requests(self) -> list[MetricRequest]:
        """The metrics to read."""
        return metric_requests(self.config)

    def slices(self) -> list[dict[str, Any]]:
        """Read each metric apart, so that one that is added later is read from the beginning."""
        return [request.columns for request in self.requests]

    def seconds(self, context: Context) -> int:
        """Take the granularity that the setting names."""
        return GRANULARITIES[context["granularity"]]

    def query_of(self, window: Window, context: Context) -> dict[str, Any]:
        """Give the query parameters for a window of a slice."""
        (request, *_) = [
            request for request in self.requests if request.columns.items() <= context.items()
        ]
        return {**request.query, **timeframe(window)}

    def path_of(self, context: Context) -> str:
        """Give the path for a slice."""
        return path_to(self.path, context["metric"])

    def columns_of(self, envelope: dict[str, Any], asked: Window) -> Record | None:
        """Give the columns that say what an answer is for; None if for another window."""
        used = self.used_window(envelope, asked)
        if used is None:
            return None
        return {
            "window_start": used.start,
            "window_end": used.end,
            "aggregation": (envelope.get("meta") or {}).get("aggregation"),
        }


class MetricTimeseries(MetricStream):
    """Each metric over time.

    Follows https://www.mux.com/docs/api-reference/data/metrics/get-metric-timeseries-data
    """

    name = "metric_timeseries"
    path = "/data/v1/metrics/{METRIC_ID}/timeseries"
    primary_keys = ("metric", "measurement", "filters_key", "granularity", "time")
    replication_key = "time"

    def periods_at_once(self, context: Context) -> int:
        """Ask for all days at once, and for as many shorter intervals as Mux leaves unrounded."""
        return PERIODS_AT_ONCE[context["granularity"]]

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the intervals of a window, and leave out those that reach beyond it."""
        query = self.query_of(window, context) | {
            "group_by": context["granularity"],
            "order_direction": "asc",
        }
        envelope = self.environment.client.get(self.path_of(context), query, items=list)
        self.used_window(envelope, window)
        aggregation = (envelope.get("meta") or {}).get("aggregation")
        first = utc_timestamp(window.start)
        last = utc_timestamp(window.end - self.seconds(context))
        rows = []
        try:
            for time, value, views in envelope["data"]:
                moment = utc_timestamp(time)
                if first <= moment <= last:
                    rows.append(
                        {"time": moment, "value": value, "views": views, "aggregation": aggregation}
                    )
        except (ValueError, MisfitError):
            text = f"GET {self.path} gave an interval that is not [time, value, views]"
            raise UnexpectedAnswerError(text) from None
        return sorted(rows, key=lambda row: row["time"])


class MetricOverall(MetricStream):
    """Each metric as one value for each window.

    Follows https://www.mux.com/docs/api-reference/data/metrics/get-overall-values
    """

    name = "metric_overall"
    path = "/data/v1/metrics/{METRIC_ID}/overall"
    primary_keys = ("metric", "measurement", "filters_key", "window_start", "window_end")
    selected_by_default = False

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the value of a window."""
        query = self.query_of(window, context)
        envelope = self.environment.client.get(self.path_of(context), query, data=dict)
        columns = self.columns_of(envelope, window)
        return [] if columns is None else [{**envelope["data"], **columns}]


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

    def slices(self) -> list[dict[str, Any]]:
        """Read each dimension of each metric apart."""
        return [
            {**request.columns, "group_by": dimension}
            for request in self.requests
            for dimension in dict.fromkeys(request.group_by)
        ]

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the values of a window."""
        query = self.query_of(window, context) | {
            "group_by": context["group_by"],
            "order_by": "field",
            "order_direction": "asc",
        }
        rows = []
        pages = self.listing.page_after_page(self.path_of(context), query, by("field"))
        for envelope in pages:
            columns = self.columns_of(envelope, window)
            if columns is not None:
                rows += [
                    {**row, **columns, "field": named(row, "field")} for row in envelope["data"]
                ]
        return rows


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

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the insights of a window."""
        query = self.query_of(window, context)
        envelope = self.environment.client.get(self.path_of(context), query)
        columns = self.columns_of(envelope, window)
        if columns is None:
            return []
        return [
            {
                **{name: value for name, value in row.items() if name != "metric"},
                **columns,
                "metric_value": row.get("metric"),  # Mux has the value under this name
                "filter_value": named(row, "filter_value"),
            }
            for row in envelope["data"]
        ]


class MetricComparisons(MetricStream):
    """All metrics at once, for each set of filters that the setting ``metrics`` has.

    Follows https://www.mux.com/docs/api-reference/data/metrics/list-all-metric-values
    """

    name = "metric_comparisons"
    path = "/data/v1/metrics/comparison"
    primary_keys = ("filters_key", "name", "window_start", "window_end")
    selected_by_default = False

    def slices(self) -> list[dict[str, Any]]:
        """Read each set of filters apart."""
        slices: list[dict[str, Any]] = []
        for request in self.requests:
            columns = {"filters_key": request.filters_key, "granularity": request.granularity}
            if columns not in slices:
                slices.append(columns)
        return slices

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for all metrics of a window."""
        (request, *_) = [
            request for request in self.requests if request.filters_key == context["filters_key"]
        ]
        query = {**request.filter_query, **timeframe(window)}
        envelope = self.environment.client.get(self.path, query)
        columns = self.columns_of(envelope, window)
        if columns is None:
            return []
        del columns["aggregation"]
        return [{**row, **columns} for row in envelope["data"]]
