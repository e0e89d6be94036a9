"""Subviews of Mux Data: playing time by what a view was made of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import UnexpectedAnswerError
from tap_mux.reading.pagination import path_to
from tap_mux.records.normalizer import MisfitError, utc_timestamp
from tap_mux.streams.periodic import PeriodStream, named, timeframe

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_mux.reading.windows import Window
    from tap_mux.records.normalizer import Record

HOUR = 3600
METRIC = "playing_time"
SUBVIEW_TYPES = ("rendition", "playback_mode")
MOST_GROUPS = 100
"""Mux sums up all others of an hour as the group ``other``."""


def _last_second(date: str) -> str:
    return utc_timestamp(int(datetime.fromisoformat(date).timestamp()) + HOUR - 1)


class SubviewTimeseries(PeriodStream):
    """Playing time by rendition and by playback mode for each hour, as soon as that is final.

    Follows https://www.mux.com/docs/api-reference/data/subview-metrics
    """

    name = "subview_timeseries"
    path = "/data/v1/subview-metrics/{METRIC_ID}/{SUBVIEW_TYPE}/breakdown-timeseries"
    primary_keys = ("metric", "subview_type", "group", "date")
    replication_key = "date"
    parameters = frozenset({"filters[]"})
    selected_by_default = False

    def slices(self) -> list[dict[str, Any]]:
        """Read each type apart."""
        return [{"metric": METRIC, "subview_type": kind} for kind in SUBVIEW_TYPES]

    def seconds(self, context: Context) -> int:
        """Take hours."""
        return HOUR

    def periods_at_once(self, context: Context) -> int:
        """Ask for a day's worth at once."""
        return 24

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the groups of each hour, and leave out the hours that are not final."""
        path = path_to(self.path, METRIC, context["subview_type"])
        query = {
            **self.query,
            "time_granularity": "hour",
            "breakdown_value_limit": MOST_GROUPS,
            **timeframe(window),
        }
        envelope = self.environment.client.get(path, query)
        meta = envelope.get("meta") or {}
        rows = []
        try:
            final = utc_timestamp(meta.get("complete_through") or window.end)
            first, last = utc_timestamp(window.start), utc_timestamp(window.end - HOUR)
            for interval in envelope["data"]:
                date = utc_timestamp(interval["date"])
                if interval.get("status") != "complete" or _last_second(date) > final:
                    continue
                if first <= date <= last:
                    rows += [
                        {
                            "group": named(value, "breakdown_value"),
                            "date": date,
                            "metric_value": value.get("metric_value"),
                            "status": interval["status"],
                            "unit": meta.get("unit"),
                            "time_granularity": meta.get("time_granularity"),
                        }
                        for value in interval.get("values") or ()
                    ]
        except (KeyError, MisfitError):
            text = f"GET {self.path} gave an interval without date"
            raise UnexpectedAnswerError(text) from None
        return sorted(rows, key=lambda row: row["date"])
