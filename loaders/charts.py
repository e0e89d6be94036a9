"""The charts of the report: what each reads, and its specification in Vega-Lite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

    from loaders.database import Database

Row: TypeAlias = dict[str, Any]
Spec: TypeAlias = dict[str, Any]

_HEIGHT = 260
_BAR = 22
"""How high a bar is, with the gap to the next."""

_LABEL_WIDTH = "isFinite(containerSize()[0]) ? containerSize()[0] * 0.4 : 150"
"""How much of the chart the labels of bars may take; without a page, no width is known."""


class Chart(NamedTuple):
    """A chart."""

    title: str
    note: str
    tables: tuple[str, ...]
    sql: str
    """With {0} for the schema of the tables."""
    drawn: Callable[[list[Row]], Spec]


def _lines(value: str, title: str) -> Callable[[list[Row]], Spec]:
    """Draw a value by day, with a line for each series if there are several."""

    def draw(rows: list[Row]) -> Spec:
        series: Spec = {"field": "series", "type": "nominal", "title": None}
        if len({row["series"] for row in rows}) == 1:
            series["legend"] = None
        else:
            series["legend"] = {"orient": "bottom", "columns": 1, "labelLimit": 0}
        return {
            "data": {"values": rows},
            "width": "container",
            "height": _HEIGHT,
            "mark": {"type": "line", "point": len(rows) == 1, "tooltip": True},
            "encoding": {
                "x": {
                    "field": "day",
                    "timeUnit": "utcyearmonthdate",  # not of the reader's time zone
                    "title": None,
                    "axis": {"format": "%b %d", "labelOverlap": True},
                },
                "y": {"field": value, "type": "quantitative", "title": title},
                "color": series,
            },
        }

    return draw


def _bars(
    label: str, value: str, title: str, *, domain: tuple[float, float] | None = None
) -> Callable[[list[Row]], Spec]:
    """Draw a bar for each row, in the order of the rows."""

    def draw(rows: list[Row]) -> Spec:
        return {
            "data": {"values": rows},
            "width": "container",
            "height": _BAR * len(rows),
            "mark": {"type": "bar", "tooltip": {"content": "data"}},
            "encoding": {
                "x": {
                    "field": value,
                    "type": "quantitative",
                    "title": title,
                    "scale": {"domain": list(domain)} if domain else {},
                    "axis": {"tickCount": 4},
                },
                "y": {
                    "field": label,
                    "type": "nominal",
                    "title": None,
                    "sort": None,
                    "axis": {"labelLimit": {"expr": _LABEL_WIDTH}},
                },
            },
        }

    return draw


CHARTS = (
    Chart(
        "Views a day",
        "From metric_timeseries. Each UTC day, as Mux counts it.",
        ("metric_timeseries",),
        """
        select coalesce(environment_id, '') as series, strftime(time, '%Y-%m-%d') as day,
            sum(value) as views
        from {0}.metric_timeseries
        where metric = 'views' and granularity = 'day' and filters_key = 'all'
            and measurement = 'default'
        group by all order by all
        """,
        _lines("views", "Views"),
    ),
    Chart(
        "Viewer experience by country",
        "From video_views: the mean score, 1 is best. The 15 countries with the most views.",
        ("video_views",),
        """
        select coalesce(country_code, '(none)') as country,
            round(avg(viewer_experience_score), 3) as score, count(*) as views
        from {0}.video_views where viewer_experience_score is not null
        group by all order by views desc, country limit 15
        """,
        _bars("country", "score", "Score", domain=(0, 1)),
    ),
    Chart(
        "Start-up time",
        "From metric_timeseries: video_startup_time of each UTC day; without another measurement,"
        " the one that Mux takes by default.",
        ("metric_timeseries",),
        """
        select concat_ws(' ', environment_id, measurement) as series,
            strftime(time, '%Y-%m-%d') as day, value / 1000 as seconds
        from {0}.metric_timeseries
        where metric = 'video_startup_time' and granularity = 'day' and filters_key = 'all'
            and value is not null
        order by all
        """,
        _lines("seconds", "Seconds"),
    ),
    Chart(
        "Errors",
        "From errors: how many views hit each, on all days. The 12 most frequent.",
        ("errors",),
        r"""
        select concat_ws(': ', player_error_code, regexp_replace(message, '\s+', ' ', 'g'))
                || ' (' || id || ')' as error,
            sum("count")::bigint as views
        from {0}.errors group by all having views > 0 order by views desc, error limit 12
        """,
        _bars("error", "views", "Views"),
    ),
    Chart(
        "Delivery by asset",
        "From delivery_usage: minutes delivered to viewers, of all days. The 15 assets with most.",
        ("delivery_usage", "assets"),
        r"""
        select concat_ws(' ', regexp_replace(meta->>'title', '\s+', ' ', 'g'), asset_id) as asset,
            round(sum(delivered_seconds) / 60, 1) as minutes
        from {0}.delivery_usage left join {0}.assets on asset_id = id
        -- Days and hours would be added up, if delivery_usage_granularity was changed.
        where window_end - window_start = (
            select window_end - window_start from {0}.delivery_usage
            order by window_start desc limit 1
        )
        group by all having minutes > 0 order by minutes desc, asset limit 15
        """,
        _bars("asset", "minutes", "Minutes"),
    ),
)


def draw(chart: Chart, database: Database) -> Spec | str:
    """Return a chart, or why there is none."""
    if missing := database.missing(chart.tables):
        return missing
    try:
        relation = database.query(chart.sql.format(database.schema))
    except duckdb.Error as error:
        return f"Cannot be drawn: {error}"
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return chart.drawn(rows) if rows else f"No rows for it in {' and '.join(chart.tables)}."
