"""Subviews of Mux Data: playing time by what a view was made of."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_mux.reading.answers import (
    expand_path,
    key_value,
    meta_of,
    objects_of,
    others,
    text_of,
    timestamp_of,
)
from tap_mux.records.timestamps import epoch_seconds, utc_timestamp
from tap_mux.streams.periodic import PeriodicStream, timeframe

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

HOUR = 3600
METRIC = "playing_time"
SUBVIEW_TYPES = ("rendition", "playback_mode")
MAX_GROUPS = 100
"""Mux sums up all others of an hour as the group ``other``."""


class SubviewTimeseries(PeriodicStream):
    """Playing time by rendition and by playback mode for each hour, as soon as that is final.

    Follows https://www.mux.com/docs/api-reference/data/subview-metrics
    """

    name = "subview_timeseries"
    path = "/data/v1/subview-metrics/{METRIC_ID}/{SUBVIEW_TYPE}/breakdown-timeseries"
    primary_keys = ("metric", "subview_type", "breakdown_value", "date")
    former_primary_keys = frozenset({"metric", "subview_type", "group", "date"})
    replication_key = "date"
    parameters = frozenset({"filters[]"})
    selected_by_default = False

    def partition_columns(self) -> list[dict[str, Any]]:
        """Return each type."""
        return [{"metric": METRIC, "subview_type": kind} for kind in SUBVIEW_TYPES]

    def interval_seconds(self, partition: Context) -> int:
        """Return an hour."""
        return HOUR

    def intervals_per_request(self, partition: Context) -> int:
        """Return the hours of a day."""
        return 24

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the groups of each hour, and leave out the hours that are not final."""
        path = expand_path(self.path, METRIC, partition["subview_type"])
        query = {
            **self.query,
            "time_granularity": "hour",
            "breakdown_value_limit": MAX_GROUPS,
            **timeframe(window),
        }
        envelope = self.client.get(path, query)
        meta = meta_of(envelope)
        final = None
        if meta.get("complete_through") is not None:
            final = epoch_seconds(timestamp_of(meta, "complete_through"))
        first, last = utc_timestamp(window.start), utc_timestamp(window.end - HOUR)
        found = []
        self.progress.leave_unread(window, window.start if final is None else final + 1)
        for hour in envelope["data"]:
            date = timestamp_of(hour, "date")
            is_final = final is None or epoch_seconds(date) + HOUR - 1 <= final
            if text_of(hour, "status") != "complete":
                self.progress.leave_unread(window, epoch_seconds(date))
            elif is_final and first <= date <= last:
                found += [
                    {
                        **others(hour, "date", "status", "values"),
                        **others(value, "breakdown_value", "metric_value"),
                        "breakdown_value": key_value(value, "breakdown_value"),
                        "date": date,
                        "metric_value": value.get("metric_value"),
                        "status": hour["status"],
                        "unit": meta.get("unit"),
                        "time_granularity": meta.get("time_granularity"),
                    }
                    for value in objects_of(hour, "values")
                ]
        return sorted(found, key=itemgetter("date"))
