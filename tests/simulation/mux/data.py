"""Mux Data: views, sums, notes, monitoring; and delivery usage, which is asked for in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.mux.request import RefusedError, Request, Row, not_found, page_of
from tests.simulation.truth import DAY, HOUR, MINUTE, draw
from tests.simulation.wire import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.truth import Entry, Items

MONITORED_SECONDS = 600
"""The simulation has a number for each ten minutes, where Mux has one for each five seconds."""

MONITORING_LAG = 20
HOURS_24 = 24 * HOUR


def envelope(request: Request, rows: object, count: int | None) -> Row:
    """Put an answer into the form of Mux Data."""
    timeframe = None
    if "timeframe[]" in request.params:
        timeframe = list(request.timeframe())
    return {"data": rows, "total_row_count": count, "timeframe": timeframe}


# Views.


def is_filtered(key: str) -> bool:
    """Whether the one filter that the simulation has lets a view through."""
    return draw(key) % 2 == 0


def view_row(entry: Entry) -> Row:
    """Return a view as the list has it."""
    version = entry.now
    return {
        "id": entry.key,
        "video_title": f"v{version.value}",
        "view_start": iso(version.moment - 60),
        "view_end": iso(version.moment),
        "country_code": "DE",
        "watch_time": 100,
    }


def list_views(request: Request) -> Row:
    """Give a page of the views that ended in a range of time."""
    world = request.world
    start, end = request.timeframe()
    request.refuse_old(start)
    has_filter = bool(request.params.get("filters[]"))
    found = [
        entry
        for entry in world.tables["video_views"].listed
        if start <= entry.now.moment <= end
        and (world.is_start_included or entry.now.moment > start)
        and (world.is_end_included or entry.now.moment < end)
        and (not has_filter or is_filtered(entry.key))
    ]
    # By what views are sorted that ended together, nobody knows.
    found.sort(key=lambda entry: (entry.now.moment, draw(entry.key)))
    rows = [view_row(entry) for entry in page_of(request, found)]
    return envelope(request, rows, len(found) if world.are_views_counted else None)


def get_view(request: Request) -> Row:
    """Give a view in full."""
    entry = request.world.tables["video_views"].entries.get(request.parts[1])
    oldest = request.now - request.world.retention_days * DAY
    if entry is None or not entry.at(request.now) or entry.now.moment < oldest:
        raise not_found()
    return envelope(request, {**view_row(entry), "view_id": entry.key}, 1)


# Sums.


def _items(request: Request, series: str, part: str, start: int, step: int) -> Items:
    return request.world.sums.items(series, part, start, step, request.now)


def _number(name: str) -> int:
    return int(name[1:])


def list_errors(request: Request) -> Row:
    """Give the errors of a range of time."""
    start, end = request.timeframe()
    request.refuse_old(start)
    items = _items(request, "errors", "", start, end - start)
    rows = [{"id": _number(name), "count": value, "message": "broken"} for name, value in items]
    return envelope(request, rows, len(rows))


def dimension_value(name: str) -> str | None:
    """Return the value of a dimension that an item stands for: also null and an empty text."""
    return {"i0": None, "i1": ""}.get(name, name)


def list_values(request: Request) -> Row:
    """Give the values of a dimension."""
    start, end = request.timeframe()
    request.refuse_old(start)
    items = _items(request, "dimension_values", request.parts[1], start, end - start)
    rows = [{"value": dimension_value(name), "total_count": value} for name, value in items]
    return envelope(request, page_of(request, rows), len(rows))


def list_dimensions(request: Request) -> Row:
    """Give the names of the dimensions."""
    return envelope(request, {"basic": ["browser", "country"], "advanced": ["cdn"]}, None)


def metric_part(metric: str, more: str = "") -> str:
    """Name a part of the metrics, as the truth has it."""
    return f"{metric}:{more}"


def _one(items: Items) -> int | None:
    return items[0].value if items else None


def metric_timeseries(request: Request) -> Row:
    """Give a metric over time."""
    start, end = request.timeframe()
    request.refuse_old(start)
    step = {"day": DAY, "hour": HOUR}[request.text("group_by")]
    part = metric_part(request.parts[1])
    rows = []
    for moment in range(start, end, step):
        value = _one(_items(request, "metric_timeseries", part, moment, step))
        rows.append([iso(moment), value, 0 if value is None else 1])
    return {**envelope(request, rows, len(rows)), "meta": {"aggregation": "view_end"}}


def metric_overall(request: Request) -> Row:
    """Give a metric as one value."""
    start, end = request.timeframe()
    request.refuse_old(start)
    items = _items(request, "metric_overall", metric_part(request.parts[1]), start, end - start)
    return envelope(request, {"value": _one(items), "total_views": len(items)}, None)


WATCHED = {"asset_id": "assets", "playback_id": "playback-ids", "video_id": "videos"}


def metric_breakdown(request: Request) -> Row:
    """Give a metric by the values of a dimension."""
    start, end = request.timeframe()
    request.refuse_old(start)
    dimension = request.text("group_by")
    rows: list[Row]
    if dimension in WATCHED:
        days = range(start // DAY, -(-end // DAY))
        watched = {name for day in days for name in request.world.watched(dimension, day)}
        rows = [{"field": name, "value": 1, "views": 1} for name in sorted(watched)]
    else:
        part = metric_part(request.parts[1], dimension)
        items = _items(request, "metric_breakdowns", part, start, end - start)
        rows = [{"field": dimension_value(name), "value": value} for name, value in items]
    return envelope(request, page_of(request, rows), len(rows))


def metric_insights(request: Request) -> Row:
    """Give what makes a metric worst."""
    start, end = request.timeframe()
    request.refuse_old(start)
    items = _items(request, "metric_insights", metric_part(request.parts[1]), start, end - start)
    rows = [
        {"filter_column": "country", "filter_value": dimension_value(name), "metric": value}
        for name, value in items
    ]
    return envelope(request, rows, len(rows))


def compare_metrics(request: Request) -> Row:
    """Give all metrics at once."""
    start, end = request.timeframe()
    request.refuse_old(start)
    items = _items(request, "metric_comparisons", "", start, end - start)
    rows = [{"name": name, "value": value, "type": "score"} for name, value in items]
    return envelope(request, rows, len(rows))


def get_engagement(request: Request) -> Row:
    """Give which parts of something were watched on a day."""
    start, end = request.timeframe()
    request.refuse_old(start)
    _, kind, name, form = request.parts
    if request.world.is_missing(name):
        raise not_found()
    what = {"assets": "asset", "playback-ids": "playback_id", "videos": "video"}[kind]
    items = _items(request, f"{what}_{form.rstrip('s')}s", name, start, end - start)
    content: list[int] | list[Row]
    if form == "heatmap":
        content = [value for _, value in items[:1]]
    else:
        content = [
            {"start_ms": 1000 * _number(each), "end_ms": 1000, "score": value}
            for each, value in items
        ]
    field = "heatmap" if form == "heatmap" else "hotspots"
    return envelope(request, {field: content}, None)


def list_subviews(request: Request) -> Row:
    """Give playing time by hour, as far as it is complete."""
    start, end = request.timeframe()
    request.refuse_old(start)
    final = request.world.complete_through(request.now)
    rows: list[Row] = []
    for hour in range(start, min(end, int(request.now)), HOUR):
        items = _items(request, "subview_timeseries", request.parts[2], hour, HOUR)
        values = [{"breakdown_value": name, "metric_value": value} for name, value in items]
        status = "complete" if hour + HOUR - 1 <= final else "partial"
        rows.append({"date": iso(hour), "status": status, "values": values})
    meta = {"complete_through": iso(final), "unit": "ms", "time_granularity": "hour"}
    return {**envelope(request, rows, len(rows)), "meta": meta}


def list_usage(request: Request) -> Row:
    """Give how much of each asset was delivered."""
    start, end = request.timeframe()
    if start < request.now - 90 * DAY:
        message = "the timeframe reaches back too far"
        raise RefusedError(400, "invalid_timeframe", message)
    items = _items(request, "delivery_usage", "", start, end - start)
    rows = [
        {
            "asset_id": name,
            "delivered_seconds": value,
            **({"live_stream_id": f"live-{name}"} if _number(name) % 2 else {}),
        }
        for name, value in items
    ]
    rows.sort(key=lambda row: -int(str(row["delivered_seconds"])))
    page: Row = {"data": page_of(request, rows, 100), "timeframe": [start, end]}
    return {**page, "total_row_count": len(rows)} if request.world.are_views_counted else page


def list_notes(request: Request) -> Row:
    """Give the notes of a range of time."""
    start, end = request.timeframe()
    notes = [
        entry
        for entry in request.world.tables["annotations"].listed
        if start <= entry.now.moment <= end
    ]
    notes.sort(key=lambda entry: (entry.now.moment, entry.key))
    rows = [
        {"id": entry.key, "date": iso(entry.now.moment), "note": f"v{entry.now.value}"}
        for entry in page_of(request, notes)
    ]
    return envelope(request, rows, len(notes))


# Monitoring.


def _moment(request: Request) -> int:
    moment = request.number("timestamp", int(request.now) - 1800)
    if not request.now - HOURS_24 <= moment <= request.now:
        raise RefusedError(400, "invalid_parameters", "timestamp must be within the last 24 hours")
    return moment


def _monitored(start: int, end: int) -> range:
    return range(start + -start % MONITORED_SECONDS, end, MONITORED_SECONDS)


def monitor_timeseries(request: Request) -> Row:
    """Give a metric for half an hour."""
    start = _moment(request)
    end = min(start + 1800, int(request.now) - MONITORING_LAG)
    seed = request.world.seed
    rows = [
        {"date": iso(moment), "value": monitored(seed, request.parts[2], moment)}
        for moment in _monitored(start, end)
    ]
    return {"data": rows, "total_row_count": len(rows), "timeframe": [start, max(start, end)]}


def monitored(seed: int, what: str, moment: int) -> int:
    """Return a number at a moment."""
    return draw(seed, what, moment) % 1000


def monitored_values(seed: int, metric: str, dimension: str, moment: int) -> dict[str | None, int]:
    """Return the values of a dimension at a moment."""
    chosen = draw(seed, metric, dimension, moment)
    names = [None, "a", "b"][: chosen % 4]
    return {name: draw(chosen, name) % 1000 for name in names}


def monitor_breakdown(request: Request) -> Row:
    """Give a metric by a dimension at a moment."""
    moment = _moment(request)
    values = monitored_values(
        request.world.seed, request.parts[2], request.text("dimension"), moment
    )
    rows = [{"value": name, "metric_value": value} for name, value in values.items()]
    return {"data": rows, "total_row_count": len(rows), "timeframe": [moment, moment]}


def monitor_breakdown_timeseries(request: Request) -> Row:
    """Give a metric by a dimension for ten minutes."""
    start, end = request.timeframe()
    if end - start > 600 or not request.now - HOURS_24 <= start <= end <= request.now:
        raise RefusedError(400, "invalid_timeframe", "at most 10 minutes within 24 hours")
    names = request.world.seed, request.parts[2], request.text("dimension")
    rows = []
    for moment in _monitored(start, min(end + 1, int(request.now) - MONITORING_LAG)):
        values = monitored_values(*names, moment)
        rows.append(
            {
                "date": iso(moment),
                "values": [{"value": name, "metric_value": each} for name, each in values.items()],
            }
        )
    return envelope(request, rows, len(rows))


def monitor_histograms(request: Request) -> Row:
    """Give how long views took to start, for each of the last minutes."""
    end = int(request.now - MONITORING_LAG) // MINUTE * MINUTE
    start = end - 30 * MINUTE
    rows = [
        {
            "timestamp": iso(minute),
            "sum": monitored(request.world.seed, "histogram", minute),
            "bucket_values": [{"count": 1, "percentage": 1}],
        }
        for minute in range(start, end, MINUTE)
    ]
    meta = {"buckets": [{"start": 0, "end": None}], "bucket_unit": "milliseconds"}
    return {"data": rows, "meta": meta, "timeframe": [start, end]}


_METRIC = "/data/v1/metrics/*"
_MONITORING = "/data/v1/monitoring/metrics/*"
ROUTES: list[tuple[str, str, Callable[[Request], Row]]] = [
    ("video_views", "/data/v1/video-views", list_views),
    ("video_view_details", "/data/v1/video-views/*", get_view),
    ("errors", "/data/v1/errors", list_errors),
    ("dimensions", "/data/v1/dimensions", list_dimensions),
    ("dimension_values", "/data/v1/dimensions/*", list_values),
    ("dimension_values", "/data/v1/dimensions/*/elements", list_values),
    ("metric_timeseries", f"{_METRIC}/timeseries", metric_timeseries),
    ("metric_overall", f"{_METRIC}/overall", metric_overall),
    ("metric_breakdowns", f"{_METRIC}/breakdown", metric_breakdown),
    ("metric_insights", f"{_METRIC}/insights", metric_insights),
    ("metric_comparisons", "/data/v1/metrics/comparison", compare_metrics),
    ("engagement", "/data/v1/engagement/*/*/*", get_engagement),
    ("subview_timeseries", "/data/v1/subview-metrics/*/*/breakdown-timeseries", list_subviews),
    ("delivery_usage", "/video/v1/delivery-usage", list_usage),
    ("annotations", "/data/v1/annotations", list_notes),
    ("monitoring_timeseries", f"{_MONITORING}/timeseries", monitor_timeseries),
    ("monitoring_breakdowns", f"{_MONITORING}/breakdown", monitor_breakdown),
    (
        "monitoring_breakdown_timeseries",
        f"{_MONITORING}/breakdown-timeseries",
        monitor_breakdown_timeseries,
    ),
    ("monitoring_histograms", f"{_MONITORING}/histogram-timeseries", monitor_histograms),
]
