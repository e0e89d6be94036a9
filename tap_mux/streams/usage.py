"""Usage: how much was delivered, and the files that Mux bills by."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, UnexpectedAnswerError
from tap_mux.reading.answers import by_field, key_value, text_of, timestamp_of
from tap_mux.reading.time_range import DAY
from tap_mux.reading.windows import Window
from tap_mux.records.timestamps import utc_timestamp
from tap_mux.settings.vocabulary import GRANULARITIES
from tap_mux.streams.base import MuxStream
from tap_mux.streams.periodic import PeriodicStream, timeframe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record

MAX_UNFINISHED_DAYS = 3
"""How many of the last days may be without a file yet."""


class DeliveryUsage(PeriodicStream):
    """Seconds of each asset that were delivered, by day or hour.

    Follows https://www.mux.com/docs/api-reference/video/delivery-usage/list-delivery-usage
    """

    name = "delivery_usage"
    path = "/video/v1/delivery-usage"
    permission = "Mux Video: Read"
    primary_keys = ("asset_id", "live_stream_id", "window_start", "window_end")
    former_primary_keys = frozenset({"asset_id", "live_stream_id", "window_start"})
    parameters = frozenset({"asset_id", "live_stream_id"})
    retention_days = 90
    settle_seconds = 13 * 3600

    def interval_seconds(self, partition: Context) -> int:
        """Return the granularity that the setting names."""
        return GRANULARITIES[self.config["delivery_usage_granularity"]]

    def fetch(self, window: Window, item: None, partition: Context) -> list[Record]:
        """Ask for the assets that were delivered in a window."""
        found = []
        query = {**self.query, **timeframe(window)}
        for page in self.lists.page_after_page(self.path, query, _key_of):
            columns = self.window_columns(window, page)
            if columns is not None:
                found += [
                    {**asset, **columns, "live_stream_id": key_value(asset, "live_stream_id")}
                    for asset in page["data"]
                ]
        return found


def _key_of(asset: Record) -> Hashable:
    return by_field("asset_id")(asset), by_field("live_stream_id")(asset)


class UsageExports(MuxStream):
    """Daily files of what is billed, for the whole organization.

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

    def batches(self, partition: Context) -> Iterator[list[Record]]:
        """List the files of the days that are over, oldest first."""
        time_range = self.time_range(partition)
        kept = self.now - 399 * DAY
        start, end = max(time_range.start or kept, kept), time_range.end
        window = Window(start - start % DAY, end - end % DAY)
        if window.start >= window.end:
            return
        for _ in range(MAX_UNFINISHED_DAYS):
            try:
                yield self._files(window)
            except APIError as error:
                if self._means_none(error):
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
            for page in self.lists.page_after_page(self.path, query, by_field("date")):
                for file in page["data"]:
                    if timestamp_of(file, "date") < utc_timestamp(window.end):
                        found[text_of(file, "date")] = file
        except APIError as error:
            if found:
                raise UnexpectedAnswerError(str(error)) from None  # some pages have come
            raise
        return [found[date] for date in sorted(found)]

    def probe(self) -> None:
        """Ask for a file. That there is none yet is an answer, too."""
        try:
            super().probe()
        except APIError as error:
            if not (self._means_none(error) or error.status == HTTPStatus.PRECONDITION_FAILED):
                raise

    def _means_none(self, error: APIError) -> bool:
        """Return whether Mux has no file. It is not Mux where even the environment is not found."""
        return error.status == HTTPStatus.NOT_FOUND and self.environment.id is not None
