"""The setting ``metrics``: which metrics of Mux Data to read, and how."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.settings.suggestion import suggestion
from tap_mux.settings.vocabulary import (
    DIMENSIONS,
    GRANULARITIES,
    MEASUREMENTS,
    METRICS,
    NO_FILTER_METRICS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_mux.api.client import Query

DEFAULT_METRICS: list[dict[str, Any]] = [
    {"metric": "views", "group_by": ["country", "viewer_device_category"]},
    {"metric": "unique_viewers"},
    {"metric": "playing_time"},
    {"metric": "viewer_experience_score", "group_by": ["country", "viewer_device_category"]},
    {"metric": "video_startup_time"},
    {"metric": "rebuffer_percentage"},
    {"metric": "playback_failure_percentage"},
]
"""What a dashboard of the quality of experience needs, by day."""

_FILTER = re.compile(r"[!+-]?(\w+):.*", re.DOTALL)
_METRIC_FILTER = re.compile(r"(\w+)\s*(>=|<=|!=|=|>|<)\s*-?\d+(\.\d+)?", re.ASCII)


class MetricRequest(NamedTuple):
    """One metric, and how to read it."""

    metric: str
    measurement: str | None
    """How it is summed up; None for the default of Mux for the metric."""

    group_by: tuple[str, ...]
    """Dimensions whose values it is also read for."""

    filters: tuple[str, ...]
    metric_filters: tuple[str, ...]
    granularity: str

    @classmethod
    def of(cls, setting: Mapping[str, Any]) -> MetricRequest:
        """Read one item of the setting."""
        return cls(
            setting["metric"],
            setting.get("measurement"),
            tuple(setting.get("group_by") or ()),
            tuple(sorted(setting.get("filters") or ())),
            tuple(sorted(setting.get("metric_filters") or ())),
            setting.get("granularity") or "day",
        )

    @property
    def filters_key(self) -> str:
        """The filters as a text, which is part of the keys of records."""
        return " & ".join([*self.filters, *self.metric_filters]) or "all"

    @property
    def columns(self) -> dict[str, str]:
        """The columns that tell the records of one request from those of others."""
        return {
            "metric": self.metric,
            "measurement": self.measurement or "default",
            "filters_key": self.filters_key,
            "granularity": self.granularity,
        }

    @property
    def query(self) -> Query:
        """Its query parameters, without the window of time."""
        if self.measurement is None:
            return self.filter_query
        return {**self.filter_query, "measurement": self.measurement}

    @property
    def filter_query(self) -> Query:
        """The query parameters that filter."""
        query = {"filters[]": self.filters, "metric_filters[]": self.metric_filters}
        return {name: values for name, values in query.items() if values}


def metric_requests(config: Mapping[str, Any]) -> list[MetricRequest]:
    """Read the setting."""
    return [MetricRequest.of(setting) for setting in config["metrics"]]


def metrics_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield each error in the settings ``metrics`` and ``dimensions``, as one sentence.

    Args:
        config: Settings that fit their schema.
    """
    for dimension in config["dimensions"]:
        if dimension not in DIMENSIONS:
            yield _unknown("dimensions", "dimension", dimension, DIMENSIONS)
    requests = metric_requests(config)
    for request in requests:
        yield from _request_errors(request)
    for columns, times in Counter(tuple(request.columns.values()) for request in requests).items():
        if times > 1:
            yield f"metrics names the same twice: {', '.join(columns)} (group_by can name several)"


def _request_errors(request: MetricRequest) -> Iterator[str]:
    known = {
        "metric": ([request.metric], METRICS),
        "measurement": ([request.measurement or "avg"], MEASUREMENTS),
        "granularity": ([request.granularity], tuple(GRANULARITIES)),
        "dimension": (request.group_by, DIMENSIONS),
    }
    for what, (words, choices) in known.items():
        for word in words:
            if word not in choices:
                yield _unknown("metrics", what, word, choices)
    for text in request.filters:
        filtered = _FILTER.fullmatch(text)
        if not filtered:
            yield f"metrics has a filter that is not like country:US or !browser:Safari: {text!r}"
        elif filtered[1] not in DIMENSIONS:
            yield _unknown("metrics", "dimension", filtered[1], DIMENSIONS)
    allowed = [metric for metric in METRICS if metric not in NO_FILTER_METRICS]
    for text in request.metric_filters:
        filtered = _METRIC_FILTER.fullmatch(text)
        if not filtered:
            yield f"metrics has a metric filter that is not like rebuffer_count>=2: {text!r}"
        elif filtered[1] not in allowed:
            hint = suggestion(filtered[1], allowed)
            yield f"metrics: {filtered[1]!r} is not a Mux metric to filter by{hint}"


def _unknown(setting: str, what: str, word: str, choices: Iterable[str]) -> str:
    return f"{setting}: {word!r} is not a Mux {what}{suggestion(word, choices)}"
