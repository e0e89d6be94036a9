"""What the streams of the tap read: what they say themselves, and what they do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_mux import schemas
from tap_mux.settings import vocabulary
from tap_mux.streams import ALL_STREAMS, subviews
from tap_mux.streams.video import Assets
from tap_mux.streams.views import VideoViews
from tools.spec import JOBS, unnamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LISTED_AT = {"asset_inputs": Assets.path, "video_view_details": VideoViews.path}
"""Streams that ask for each record of a list: users set parameters of the list."""

READ_TOO = {
    "dimension_values": r"/data/v1/dimensions/\{\}/elements",
    JOBS: r"/robots/v0/jobs/[^/{}]+/\{\}",
}
"""Other endpoints that a stream reads (regular expressions)."""

PAGES = frozenset({"limit", "page"})
FILTERS = frozenset({"filters[]", "metric_filters[]"})
TIME = frozenset({"timeframe[]"})
METRIC = FILTERS | TIME | {"measurement"}
VIEWS = PAGES | TIME | {"order_direction"}

SENT: Mapping[str, Iterable[str]] = {
    "annotations": PAGES | TIME | {"order_direction"},
    "asset_heatmaps": TIME,
    "asset_hotspots": TIME,
    "asset_inputs": {"limit", "cursor"},
    "assets": {"limit", "cursor"},
    "delivery_usage": PAGES | TIME,
    "dimension_values": PAGES | TIME,
    "directive_runs": PAGES,
    "directives": PAGES,
    "drm_configurations": PAGES,
    "errors": TIME,
    "incidents": PAGES,
    "live_streams": PAGES,
    "metric_breakdowns": METRIC | PAGES | {"group_by", "order_by", "order_direction"},
    "metric_comparisons": FILTERS | TIME,
    "metric_insights": METRIC,
    "metric_overall": METRIC,
    "metric_timeseries": METRIC | {"group_by", "order_direction"},
    "monitoring_breakdown_timeseries": TIME | {"dimension", "limit", "order_by", "order_direction"},
    "monitoring_breakdowns": {"dimension", "timestamp"},
    "monitoring_timeseries": {"timestamp"},
    "playback_id_heatmaps": TIME,
    "playback_id_hotspots": TIME,
    "playback_restrictions": PAGES,
    "related_incidents": PAGES,
    "robot_jobs": PAGES,
    "signing_keys": PAGES,
    "subview_timeseries": TIME | {"time_granularity", "breakdown_value_limit"},
    "transcription_vocabularies": PAGES,
    "uploads": PAGES,
    "usage_exports": PAGES | TIME,
    "video_heatmaps": TIME,
    "video_hotspots": TIME,
    "video_view_details": VIEWS,
    "video_views": VIEWS,
    "webhooks": PAGES,
}
"""Query parameters that streams send by themselves."""

METRICS: dict[tuple[str, str], Iterable[str]] = {
    ("METRIC_ID", "metric"): vocabulary.METRICS,
    ("measurement", "measurement"): vocabulary.MEASUREMENTS,
}
MONITORING: dict[tuple[str, str], Iterable[str]] = {
    ("METRIC_ID", "metric"): vocabulary.MONITORING_METRICS
}
WORDS: Mapping[str, Mapping[tuple[str, str], Iterable[str]]] = {
    "metric_breakdowns": METRICS | {("group_by", "dimension"): vocabulary.DIMENSIONS},
    "metric_insights": METRICS,
    "metric_overall": METRICS,
    "metric_timeseries": METRICS | {("group_by", "granularity"): vocabulary.GRANULARITIES},
    "monitoring_breakdowns": MONITORING
    | {("dimension", "dimension"): vocabulary.MONITORING_DIMENSIONS},
    "monitoring_histograms": {("METRIC_ID", "metric"): ("video-startup-time",)},
    "monitoring_timeseries": MONITORING,
    "subview_timeseries": {
        ("METRIC_ID", "metric"): (subviews.METRIC,),
        ("SUBVIEW_TYPE", "subview type"): subviews.SUBVIEW_TYPES,
    },
}
"""Words that the tap knows, by stream, by the parameter that takes them and what they are."""


class Field(NamedTuple):
    """A field of a stream."""

    types: frozenset[str]
    """JSON types besides null."""

    is_time: bool
    is_whole: bool
    """Whether it is of any form, so that everything in it is kept."""


class Reader(NamedTuple):
    """What a stream reads."""

    stream: str
    path: str
    listed_at: str
    """Path of the list whose parameters it takes besides."""

    query: frozenset[str]
    """All query parameters that it may send."""

    words: Mapping[tuple[str, str], Iterable[str]]
    """Words that it knows, by the parameter that takes them and what they are."""

    fields: dict[str, Field]
    ignored: frozenset[str]
    """Fields that it leaves out on purpose."""

    def reads(self, path: str) -> bool:
        """Whether it reads an endpoint, or one that gives a single record of its list.

        Args:
            path: Path of the endpoint, without names of parameters.
        """
        own = unnamed(self.path)
        too = READ_TOO.get(self.stream)
        return path in {own, f"{own}/{{}}"} or bool(too and re.fullmatch(too, path))


def readers() -> list[Reader]:
    """Give what all streams read."""
    return [
        Reader(
            stream.name,
            stream.path,
            LISTED_AT.get(stream.name, ""),
            stream.parameters.union(SENT.get(stream.name, ())),
            WORDS.get(stream.name, {}),
            dict(_walk(schemas.read(stream.name), "")),
            stream.ignored_fields,
        )
        for stream in ALL_STREAMS
    ]


def _walk(schema: schemas.Schema, prefix: str) -> Iterator[tuple[str, Field]]:
    for name, field in schema.get("properties", {}).items():
        kinds = field.get("type", [])
        types = frozenset([kinds] if isinstance(kinds, str) else kinds) - {"null"}
        has_form = not {"properties", "items"}.isdisjoint(field)
        is_whole = not has_form and not types.isdisjoint({"object", "array"})
        yield f"{prefix}{name}", Field(types, field.get("format") == "date-time", is_whole)
        yield from _walk(field, f"{prefix}{name}.")
    if isinstance(schema.get("items"), dict):
        yield from _walk(schema["items"], prefix)
