"""What the sandbox sends for a run, and the records that follow from it.

A plain HTTP client asks each request of the run again, while the clock of the sandbox stands still.
What becomes of the answers is written here once more, apart from the code of the tap.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import requests

from mux_sandbox import TOKEN_ID, TOKEN_SECRET
from tap_mux.settings.vocabulary import METRICS, MONITORING_METRICS, UNITS_OF_TYPES
from tap_mux.streams import ALL_STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mux_sandbox import Sandbox

    Row = dict[str, Any]

PATHS = {stream.name: stream.path for stream in ALL_STREAMS}
ITEM = {
    "robot_jobs": "/robots/v0/jobs/{WORKFLOW}/{JOB_ID}",
    "exported_video_views": "/signed/exports/views/{DATE}/{FILE}",
}
"""Where single things are, besides the list of the stream."""
GROUPS = {"metric_breakdowns": {"country", "viewer_device_category"}}
"""What a stream groups by: others ask for other groups at its endpoint."""


class Answer(NamedTuple):
    """A request, and what the sandbox answers."""

    ids: list[str]
    """What is in the path in place of IDs."""

    environment_id: str
    query: dict[str, list[str]]
    body: Any

    @property
    def window(self) -> Row:
        """The columns for the window that the answer is for."""
        start, end = self.body["timeframe"]
        return {"window_start": start, "window_end": end}


class Conversation:
    """All that was asked of a sandbox, and what it answers."""

    def __init__(self, *sandboxes: Sandbox) -> None:
        """Ask all requests of these sandboxes again."""
        self._all = list(chain.from_iterable(map(_ask_again, sandboxes)))

    def records(self, stream: str) -> Iterator[Row]:
        """Give the records that a stream has to have, with values in the form of Mux."""
        make = MAKERS.get(stream, _listed)
        for answer in self._answers(ITEM.get(stream, PATHS[stream])):
            if stream not in GROUPS or answer.query["group_by"][0] in GROUPS[stream]:
                for record in make(answer):
                    yield {**record, "environment_id": answer.environment_id}

    def _answers(self, template: str) -> Iterator[Answer]:
        """Give the answers at an endpoint."""
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template))
        for path, answer in self._all:
            if match := re.fullmatch(pattern, path):
                yield answer._replace(ids=[unquote(part) for part in match.groups()])


def _ask_again(sandbox: Sandbox) -> Iterator[tuple[str, Answer]]:
    """Ask each request once, with the token of its environment."""
    accesses = {
        environment_id: (token_id, secret)
        for token_id, (secret, _, environment_id) in sandbox.options.environments.items()
    }
    accesses[sandbox.options.environment_id] = TOKEN_ID, TOKEN_SECRET
    wanted = {
        (each.environment_id, each.path, tuple(each.query))
        for each in list(sandbox.requests)
        if each.status == 200
    }
    with requests.Session() as session:
        for environment_id, path, query in wanted:
            is_file = path.startswith("/signed/")
            owner = environment_id or sandbox.options.environment_id  # a file needs no token
            auth = None if is_file else accesses[owner]
            answer = session.get(sandbox.url + path, params=list(query), auth=auth, timeout=10)
            answer.raise_for_status()
            params: dict[str, list[str]] = {}
            for name, value in query:
                params.setdefault(name, []).append(value)
            yield path, Answer([], owner, params, answer.content if is_file else answer.json())


def _named(value: object) -> object:
    """Give a value that is part of a key."""
    return "(not set)" if value is None else "(empty)" if value == "" else value


def _listed(answer: Answer) -> list[Row]:
    data = answer.body["data"]
    return data if isinstance(data, list) else [data]


def _with_id(name: str) -> Callable[[Answer], Iterable[Row]]:
    return lambda answer: [{**row, name: answer.ids[0]} for row in answer.body["data"]]


def _inputs(answer: Answer) -> Iterable[Row]:
    for position, row in enumerate(answer.body["data"]):
        yield {**row, "asset_id": answer.ids[0], "position": position}


def _dimensions(answer: Answer) -> Iterable[Row]:
    for category, names in answer.body["data"].items():
        for name in names:
            yield {"name": name, "category": category}


def _dimension_values(answer: Answer) -> Iterable[Row]:
    for row in answer.body["data"]:
        named = {"dimension": answer.ids[0], "value": _named(row["value"])}
        yield {**row, **named, **answer.window}


def _errors(answer: Answer) -> Iterable[Row]:
    return ({**row, **answer.window} for row in answer.body["data"])


def _delivery_usage(answer: Answer) -> Iterable[Row]:
    for row in answer.body["data"]:
        yield {**row, **answer.window, "live_stream_id": _named(row.get("live_stream_id"))}


def _exported(answer: Answer) -> Iterable[Row]:
    text = gzip.decompress(answer.body).decode()
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    names = [name.partition(" (")[0] for name in head]
    for row in rows:
        cells = [cell or None for cell in row]
        yield {**dict(zip(names, cells, strict=True)), "export_date": answer.ids[0]}


def _metric(answer: Answer) -> Row:
    """Give the columns that all metrics have."""
    return {
        "metric": answer.ids[0],
        "measurement": "default",
        "filters_key": "all",
        "granularity": "day",
        "aggregation": answer.body["meta"]["aggregation"],
        "unit": METRICS[answer.ids[0]],
    }


def _timeseries(answer: Answer) -> Iterable[Row]:
    for time, value, views in answer.body["data"]:
        yield {**_metric(answer), "time": time, "value": value, "views": views}


def _overall(answer: Answer) -> Iterable[Row]:
    yield {**_metric(answer), **answer.window, **answer.body["data"]}


def _breakdowns(answer: Answer) -> Iterable[Row]:
    columns = {**_metric(answer), **answer.window, "group_by": answer.query["group_by"][0]}
    for row in answer.body["data"]:
        yield {**row, **columns, "field": _named(row["field"])}


def _insights(answer: Answer) -> Iterable[Row]:
    for row in answer.body["data"]:
        value = {"metric_value": row["metric"], "filter_value": _named(row["filter_value"])}
        yield {**row, **_metric(answer), **answer.window, **value}


def _comparisons(answer: Answer) -> Iterable[Row]:
    for row in answer.body["data"]:
        yield {**_line(row), **answer.window, "filters_key": "all", "granularity": "day"}


def _line(row: Row) -> Row:
    """Give a line of the overview with its unit, and those that belong to it with theirs."""
    unit = UNITS_OF_TYPES.get(row.get("type", "")) or METRICS.get(row.get("metric", ""))
    items = {"items": [_line(item) for item in row["items"]]} if "items" in row else {}
    return {**row, "unit": unit, **items}


def _heatmap(name: str) -> Callable[[Answer], Iterable[Row]]:
    return lambda answer: [{**answer.body["data"], **answer.window, name: answer.ids[0]}]


def _hotspots(name: str) -> Callable[[Answer], Iterable[Row]]:
    return lambda answer: [
        {**row, **answer.window, name: answer.ids[0]} for row in answer.body["data"]["hotspots"]
    ]


def _live_breakdowns(answer: Answer) -> Iterable[Row]:
    columns = {
        "metric": answer.ids[0],
        "dimension": answer.query["dimension"][0],
        "timestamp": answer.query["timestamp"][0],
        "unit": MONITORING_METRICS[answer.ids[0]],
    }
    for row in answer.body["data"]:
        yield {**row, **columns, "value": _named(row["value"])}


def _live_breakdown_timeseries(answer: Answer) -> Iterable[Row]:
    unit = MONITORING_METRICS[answer.ids[0]]
    columns = {"metric": answer.ids[0], "dimension": answer.query["dimension"][0], "unit": unit}
    for moment in answer.body["data"]:
        for row in moment["values"]:
            yield {**row, **columns, "date": moment["date"], "value": _named(row["value"])}


def _histograms(answer: Answer) -> Iterable[Row]:
    meta = answer.body["meta"]
    for row in answer.body["data"]:
        pairs = zip(meta["buckets"], row["bucket_values"], strict=True)
        buckets = [{**bounds, **value} for bounds, value in pairs]
        columns = {"metric": answer.ids[0], "bucket_unit": meta["bucket_unit"]}
        yield {**row, **columns, "bucket_values": buckets}


def _subviews(answer: Answer) -> Iterable[Row]:
    metric, kind = answer.ids
    meta = answer.body["meta"]
    for hour in answer.body["data"]:
        for row in hour["values"] if hour["status"] == "complete" else ():
            yield {
                "metric": metric,
                "subview_type": kind,
                "breakdown_value": row["breakdown_value"],
                "date": hour["date"],
                "metric_value": row["metric_value"],
                "status": hour["status"],
                "unit": meta["unit"],
                "time_granularity": meta["time_granularity"],
            }


MAKERS: dict[str, Callable[[Answer], Iterable[Row]]] = {
    "asset_heatmaps": _heatmap("asset_id"),
    "asset_hotspots": _hotspots("asset_id"),
    "asset_inputs": _inputs,
    "delivery_usage": _delivery_usage,
    "dimension_values": _dimension_values,
    "dimensions": _dimensions,
    "directive_runs": _with_id("directive_id"),
    "errors": _errors,
    "exported_video_views": _exported,
    "metric_breakdowns": _breakdowns,
    "metric_comparisons": _comparisons,
    "metric_insights": _insights,
    "metric_overall": _overall,
    "metric_timeseries": _timeseries,
    "monitoring_breakdown_timeseries": _live_breakdown_timeseries,
    "monitoring_breakdowns": _live_breakdowns,
    "monitoring_histograms": _histograms,
    "monitoring_timeseries": lambda answer: [
        {**row, "metric": answer.ids[0], "unit": MONITORING_METRICS[answer.ids[0]]}
        for row in answer.body["data"]
    ],
    "playback_id_heatmaps": _heatmap("playback_id"),
    "playback_id_hotspots": _hotspots("playback_id"),
    "related_incidents": _with_id("incident_id"),
    "subview_timeseries": _subviews,
    "video_heatmaps": _heatmap("video_id"),
    "video_hotspots": _hotspots("video_id"),
}
"""How answers become records, by stream: those that are not here have the records of a list."""
