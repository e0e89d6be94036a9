"""Metrics, worked out from the views of a timeframe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mux_sandbox.analytics import dimensions, windows
from mux_sandbox.analytics.metrics import MEASUREMENTS, METRICS, Metric
from mux_sandbox.endpoints.data.dimensions import ORDERS
from mux_sandbox.endpoints.data.views import counted_in, envelope
from mux_sandbox.errors import invalid_parameters, not_found
from mux_sandbox.world.clock_text import iso

if TYPE_CHECKING:
    from mux_sandbox.details import Detail
    from mux_sandbox.endpoints.call import Call, Handler
    from mux_sandbox.world.interface import Row

_INSIGHTS = 100
"""The insights have at most so many records."""


class _Question(NamedTuple):
    """What all endpoints of a metric are asked."""

    metric: Metric
    measurement: str | None
    window: windows.Window
    views: list[Detail]

    @classmethod
    def of(cls, call: Call) -> _Question:
        metric = METRICS.get(call.path["metric_id"])
        if metric is None:
            raise not_found()
        measurement = call.parameters.text("measurement")
        if measurement is not None:
            call.parameters.choice("measurement", MEASUREMENTS, measurement)
        window = windows.rounded(call.parameters.timeframe(call.now))
        views = counted_in(call, window, on_start=metric.on_start)
        return cls(metric, measurement, window, views)

    def value(self, views: list[Detail]) -> float | None:
        return self.metric.over(views, self.measurement).value

    def impact(self, views: list[Detail], overall: float | None) -> float:
        """Tell how much some views worsen the overall value."""
        value = self.value(views)
        if value is None or overall is None:
            return 0
        sign = 1 if self.metric.worse_when_higher else -1
        return sign * (value - overall) * len(views)

    def answer(self, data: object, total: int | None, granularity: str | None = None) -> Row:
        meta = {"aggregation": "view_start" if self.metric.on_start else "view_end"}
        if granularity is not None:
            meta["granularity"] = granularity
        return envelope(data, self.window, total) | {"meta": meta}


def overall(call: Call) -> Row:
    """Give the value over the whole timeframe."""
    question = _Question.of(call)
    views = question.views
    data = {"value": question.value(views), "total_views": len(views), **totals(views)}
    return question.answer(data, None)


def breakdown(call: Call) -> Row:
    """Give the values by a dimension."""
    question = _Question.of(call)
    group_by = dimensions.check(call.parameters.text("group_by") or "country")
    order = call.parameters.choice("order_by", ORDERS, "negative_impact")
    descending = call.parameters.descending("desc" if order in ("value", "views") else "asc")
    page = call.parameters.page()
    groups = dimensions.grouped(question.views, group_by)
    average = question.value(question.views)
    ranked = sorted(
        groups.items(),
        key=lambda item: (-question.impact(item[1], average), item[0] or ""),
    )
    rows: list[Row] = [
        {
            "field": field,
            "value": question.value(views),
            "views": len(views),
            "negative_impact": rank,
            **totals(views),
        }
        for rank, (field, views) in enumerate(ranked, 1)
    ]
    rows.sort(key=lambda row: _order(row[order]), reverse=descending)
    return question.answer(rows[page.offset : page.end], len(rows))


def insights(call: Call) -> Row:
    """Give the values of all dimensions that make the metric worse, the worst first."""
    question = _Question.of(call)
    call.parameters.descending()
    average = question.value(question.views)
    rows: list[Row] = [
        {
            "filter_column": dimension,
            "filter_value": value,
            "metric": question.value(views),
            "negative_impact_score": round(impact, 4),
            "total_views": len(views),
            **totals(views),
        }
        for dimension in dimensions.BASIC
        for value, views in dimensions.grouped(question.views, dimension).items()
        if (impact := question.impact(views, average)) > 0
    ]
    rows.sort(key=lambda row: -row["negative_impact_score"])
    rows = rows[:_INSIGHTS]
    return question.answer(rows, len(rows))


def timeseries(call: Call) -> Row:
    """Give the value of each interval; one without any views has none."""
    question = _Question.of(call)
    window = question.window
    granularity = call.parameters.choice("group_by", windows.STEPS, windows.granularity(window))
    if granularity == "minute" and window[1] - window[0] >= windows.FINE:
        message = "group_by minute is for timeframes of less than 90 minutes"
        raise invalid_parameters(message)
    step = windows.STEPS[granularity]
    by_interval: dict[int, list[Detail]] = {}
    for view in question.views:
        moment = int(view.start if question.metric.on_start else view.end)
        by_interval.setdefault(moment - moment % step, []).append(view)
    rows = []
    for interval in windows.intervals(window, step):
        value, count = question.metric.over(by_interval.get(interval, ()), question.measurement)
        rows.append([iso(interval), value if count else None, count or None])
    if call.parameters.descending("asc"):
        rows.reverse()
    return question.answer(rows, len(rows), granularity)


def totals(views: list[Detail]) -> Row:
    """Sum up how long some views were watched and played."""
    return {
        "total_watch_time": sum(view["watch_time"] or 0 for view in views),
        "total_playing_time": sum(int(view["view_playing_time"] or 0) for view in views),
    }


def _order(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


_METRIC = "/data/v1/metrics/{metric_id}"
ROUTES: dict[str, Handler] = {
    f"{_METRIC}/overall": overall,
    f"{_METRIC}/breakdown": breakdown,
    f"{_METRIC}/insights": insights,
    f"{_METRIC}/timeseries": timeseries,
}
