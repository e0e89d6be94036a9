"""Monitoring of Mux Data: what was being watched in the last 24 hours, 5 seconds at a time."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import product, zip_longest
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.pagination import path_to
from tap_mux.records.normalizer import MisfitError, utc_timestamp
from tap_mux.settings.vocabulary import MONITORING_DIMENSIONS, MONITORING_METRICS
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record

MINUTE = 60
HOUR = 3600
KEPT_SECONDS = 24 * HOUR
SPARE_SECONDS = 600
"""What Mux keeps recedes while it is read."""

ANSWER_SECONDS = 1800
"""How long an answer is for, at most."""

LATE_SECONDS = 60
"""Numbers this old have settled."""


class MonitoringStream(MuxStream):
    """A stream of numbers that Mux keeps for 24 hours."""

    permission = "Mux Data: Read, and a plan with monitoring"
    parameters = frozenset({"filters[]"})
    selected_by_default = False
    ids_repeat = True
    is_sorted = True

    _is_gone_told = False

    @property
    def lookback_seconds(self) -> int:
        """Read nothing again: the numbers have settled."""
        return 0

    def first(self, context: Context | None) -> int:
        """Give the first moment to read, in epoch seconds; warn of a gap before it."""
        kept = int(time.time()) - KEPT_SECONDS + SPARE_SECONDS
        start = self.span(context).start
        if start is not None and start < kept and self._bookmark(context) is not None:
            self.tell_gone(start, kept)
        return max(start or 0, kept)

    def tell_gone(self, start: int, end: int) -> None:
        """Say what can no longer be had, once for all metrics."""
        if not self._is_gone_told:
            self._is_gone_told = True
            self.logger.warning(
                "%s from %s to %s are gone: Mux no longer keeps them",
                self.name,
                utc_timestamp(start),
                utc_timestamp(end),
            )

    def last(self, context: Context | None) -> int:
        """Give the moment to stop before, in epoch seconds."""
        return min(self.span(context).end, self._now - LATE_SECONDS)


def _between(rows: Iterable[Record], key: str, first: int, last: int) -> list[Record]:
    """Return the rows of a range of time, in order."""
    start, end = utc_timestamp(first), utc_timestamp(last)
    try:
        timed = [{**row, key: utc_timestamp(row[key])} for row in rows]
    except (KeyError, MisfitError):
        text = f"Mux gave a number of its monitoring without {key}"
        raise UnexpectedAnswerError(text) from None
    return sorted((row for row in timed if start <= row[key] < end), key=lambda row: row[key])


class MonitoringTimeseries(MonitoringStream):
    """Each metric for each 5 seconds.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-timeseries
    """

    name = "monitoring_timeseries"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/timeseries"
    primary_keys = ("metric", "date")
    replication_key = "date"

    def slices(self) -> list[dict[str, Any]]:
        """Read each metric apart."""
        return [{"metric": metric} for metric in MONITORING_METRICS]

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """Go on from the last number of each answer, up to now."""
        first, last = self.first(context), self.last(context)
        while first < last:
            answer = self._ask((context or {})["metric"], first)
            rows = _between(answer["data"], "date", first, last)
            if rows:
                yield rows
                first = int(datetime.fromisoformat(rows[-1]["date"]).timestamp()) + 1
            else:
                first = _end_of(answer, first)

    def _ask(self, metric: str, first: int) -> dict[str, Any]:
        return self.environment.client.get(
            path_to(self.path, metric), {**self.query, "timestamp": first}
        )

    def probe(self) -> None:
        """Ask for the last minutes of one metric."""
        self._ask(MONITORING_METRICS[0], int(time.time()) - SPARE_SECONDS)


def _end_of(answer: dict[str, Any], first: int) -> int:
    """Give the moment up to which there is nothing, by an answer without numbers."""
    match answer.get("timeframe"):
        case [_, int(end)] if end > first:
            return min(end, first + ANSWER_SECONDS)
    return first + ANSWER_SECONDS


class MonitoringBreakdowns(MonitoringStream):
    """Each metric by the values of each dimension, as it was at each full hour.

    Follows https://www.mux.com/docs/api-reference/data/monitoring/get-monitoring-breakdown
    """

    name = "monitoring_breakdowns"
    path = "/data/v1/monitoring/metrics/{METRIC_ID}/breakdown"
    primary_keys = ("metric", "dimension", "value", "timestamp")
    replication_key = "timestamp"

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """Ask for all metrics and dimensions, hour after hour."""
        first, last = self.first(context), self.last(context)
        for moment in range(first + -first % HOUR, last, HOUR):
            asked = [(*pair, moment) for pair in product(MONITORING_METRICS, MONITORING_DIMENSIONS)]
            results = self.environment.fetcher.map(self._ask, asked)
            try:
                yield [row for rows in results for row in rows]
            finally:
                results.close()

    def _ask(self, asked: tuple[str, str, int]) -> list[Record]:
        metric, dimension, moment = asked
        query = {**self.query, "dimension": dimension, "timestamp": moment}
        answer = self.environment.client.get(path_to(self.path, metric), query)
        columns = {"metric": metric, "dimension": dimension, "timestamp": utc_timestamp(moment)}
        return [{**row, **columns, "value": named(row, "value")} for row in answer["data"]]

    def probe(self) -> None:
        """Ask for one metric by one dimension."""
        moment = int(time.time()) - SPARE_SECONDS
        self._ask((MONITORING_METRICS[0], MONITORING_DIMENSIONS[0], moment))


def _in_buckets(values: list[Record], buckets: list[Record]) -> list[Record]:
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

    def slices(self) -> list[dict[str, Any]]:
        """Read the one metric that has histograms."""
        return [{"metric": "video-startup-time"}]

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the minutes that are over."""
        answer = self._ask()
        meta = answer.get("meta") or {}
        buckets = meta.get("buckets") or []
        rows = [
            {
                **row,
                "bucket_unit": meta.get("bucket_unit"),
                "bucket_values": _in_buckets(row.get("bucket_values") or [], buckets),
            }
            for row in answer["data"]
        ]
        first = self.first(context)
        found = _between(rows, "timestamp", first, self.last(context))
        if found and self._bookmark(context) is not None:
            earliest = int(datetime.fromisoformat(found[0]["timestamp"]).timestamp())
            if earliest > first + MINUTE:
                self.tell_gone(first, earliest)
        yield found

    def _ask(self) -> dict[str, Any]:
        path = path_to(self.path, self.slices()[0]["metric"])
        return self.environment.client.get(path, self.query)

    def probe(self) -> None:
        """Ask for the one answer."""
        self._ask()
