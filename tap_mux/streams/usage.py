"""Usage: how much was delivered, and the files that Mux bills by."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.pagination import by
from tap_mux.reading.windows import Window
from tap_mux.settings.vocabulary import GRANULARITIES
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import DAY, PeriodStream, named, timeframe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record

MOST_UNFINISHED_DAYS = 3
"""How many days are left out, one after another, while Mux has not made their usage exports."""


class DeliveryUsage(PeriodStream):
    """How many seconds of each asset were delivered, by day or hour.

    Follows https://www.mux.com/docs/api-reference/video/delivery-usage/list-delivery-usage
    """

    name = "delivery_usage"
    path = "/video/v1/delivery-usage"
    permission = "Mux Video: Read"
    primary_keys = ("asset_id", "live_stream_id", "window_start")
    replication_key = "window_start"
    parameters = frozenset({"asset_id", "live_stream_id"})
    kept_days = 90
    late_seconds = 13 * 3600

    def seconds(self, context: Context) -> int:
        """Take the granularity that the setting names."""
        return GRANULARITIES[self.config["delivery_usage_granularity"]]

    def rows(self, window: Window, item: None, context: Context) -> list[Record]:
        """Ask for the assets that were delivered in a window."""
        rows = []
        query = {**self.query, **timeframe(window)}
        for page in self.listing.page_after_page(self.path, query, _asset):
            if used := self.used_window(page, window):
                columns = {"window_start": used.start, "window_end": used.end}
                rows += [
                    {**row, **columns, "live_stream_id": named(row, "live_stream_id")}
                    for row in page["data"]
                ]
        return rows


def _asset(row: Record) -> Hashable:
    return row.get("asset_id"), row.get("live_stream_id")


class UsageExports(MuxStream):
    """The daily files of what is billed, of the whole organization.

    Follows https://www.mux.com/docs/api-reference/system/usage-exports/list-usage-exports
    """

    name = "usage_exports"
    path = "/system/v1/usage/exports"
    permission = "System: Read, and usage exports that are switched on"
    primary_keys = ("date",)
    replication_key = "date"
    is_sorted = True
    selected_by_default = False
    ids_repeat = True

    @property
    def lookback_seconds(self) -> int:
        """How far before its bookmark a run reads again."""
        days: int = self.config["lookback_days"]
        return days * DAY

    def batches(self, context: Context | None) -> Iterator[list[Record]]:
        """List the files of the days that are over, oldest first."""
        span = self.span(context)
        kept = self._now - 399 * DAY
        start = max(span.start or kept, kept)
        window = Window(start - start % DAY, span.end - span.end % DAY)
        if window.start >= window.end:
            return
        for _ in range(MOST_UNFINISHED_DAYS):
            try:
                yield self._files(window)
            except APIError as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    self.logger.info("There are no usage exports yet for these days")
                    return
                if error.status != HTTPStatus.PRECONDITION_FAILED:
                    raise
                self.logger.warning("Mux is still making usage exports: the next run reads them")
                window = Window(window.start, window.end - DAY)
                if window.start >= window.end:
                    return
            else:
                return

    def _files(self, window: Window) -> list[Record]:
        found: dict[str, Record] = {}
        try:
            query = timeframe(window)
            for page in self.listing.page_after_page(self.path, query, by("date")):
                found |= {row.get("date", ""): row for row in page["data"]}
        except APIError as error:
            if found:
                raise UnexpectedAnswerError(str(error)) from None  # there were some
            raise
        return [found[date] for date in sorted(found)]

    def probe(self) -> None:
        """Ask for a file; none yet is an answer, too."""
        try:
            super().probe()
        except APIError as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED}:
                raise
