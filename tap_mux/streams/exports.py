"""Mux Data in bulk: the daily files of all views."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tap_mux.exports.batch import DailyExport, Table
from tap_mux.exports.csv_rows import UNKNOWN
from tap_mux.exports.dates import (
    AWAITED,
    EARLIEST,
    RETENTION_DAYS,
    days_between,
    format_dates,
    read_awaited,
    read_earliest,
    sort_dates,
)
from tap_mux.exports.download import Download
from tap_mux.exports.files import Exports
from tap_mux.records.selection import is_selected, known_paths
from tap_mux.schemas import UNKNOWN_FIELDS
from tap_mux.settings import settings
from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.exports.dates import Dates
    from tap_mux.exports.files import File

_ONE_DAY = timedelta(days=1)
_DATE = "export_date"


class ExportedVideoViews(MuxStream):
    """Views with all their columns, a CSV file for each day: the bulk path for many views.

    A file is final, so none is read twice. A view has the same ``view_id`` in each file it is in.

    Follows https://www.mux.com/docs/api-reference/data/exports/list-exports-views
    """

    name = "exported_video_views"
    path = "/data/v1/exports/views"
    permission = "Mux Data: Read, and a plan that includes exports (Media)"
    primary_keys = ("view_id",)
    replication_key = _DATE
    is_sorted = True
    selected_by_default = False
    lane = "exports"  # but for their list, the files draw on no rate limit

    @property
    def lookback_seconds(self) -> int:
        """Zero: no file is read twice."""
        return 0

    def batches(self, partition: Context) -> Iterator[DailyExport]:
        """List the records of each date."""
        exports = Exports(self.client, self.path)
        listed = exports.list()
        earliest = self._earliest(partition, listed)
        dates = self._dates(partition, listed, earliest)

        def download(file: File) -> Download:
            return Download(
                str(file),
                lambda: exports.find_url(file),
                user_agent=f"tap-mux/{version('tap-mux')}",
                timeout_seconds=self.config["request_timeout_seconds"],
                retry_policy=self.environment.retry_policy,
            )

        for day in dates.to_read:
            earliest = min(earliest, day) if earliest else None
            notes = {
                AWAITED: dates.left_after(day),
                EARLIEST: earliest.isoformat() if earliest else None,
            }
            yield DailyExport(listed[day], download, self._table, self.workers, notes)

    def _earliest(self, partition: Context, listed: Collection[date]) -> date | None:
        """Return the earliest date that has been read, or is read now; None if not known."""
        if self.bookmark(partition) is not None:
            return read_earliest(self.name, self.get_context_state(partition))
        return None if self.config.get("start_date") else min(listed, default=None)

    def _dates(self, partition: Context, listed: Collection[date], earliest: date | None) -> Dates:
        """Sort out which dates are to be read, and warn of those that cannot be."""
        start_date = settings.moment(self.config, "start_date")
        end_date = settings.moment(self.config, "end_date")
        first = (start_date + _ONE_DAY - timedelta.resolution).date() if start_date else None
        end = (end_date - timedelta.resolution).date() + _ONE_DAY if end_date else None
        noted: list[date] = []
        bookmark = self.bookmark(partition)
        if bookmark is not None:
            following = datetime.fromtimestamp(bookmark, UTC).date() + _ONE_DAY
            noted = read_awaited(self.name, self.get_context_state(partition))
            if earliest and listed:  # Mux may list dates before those that were the first ones
                noted = [*days_between(min(listed), earliest), *noted]
            noted = [day for day in noted if first is None or first <= day]
            first = max(first, following) if first else following
        today = datetime.fromtimestamp(self.now, UTC).date()
        dates = sort_dates(listed, first=first, end=end, noted=noted, today=today)
        if dates.gone:
            self.logger.warning(
                "Views of these dates are missing in %s, since Mux has no export of them (it "
                "keeps exports for %d days): %s",
                self.label,
                RETENTION_DAYS,
                format_dates(dates.gone),
            )
        if late := [day for day in dates.awaited if day not in noted]:
            self.logger.warning(
                "%s waits for dates that Mux has no export of yet, though of later ones. The next "
                "runs look for them again: %s",
                self.label,
                format_dates(late),
            )
        return dates

    @cached_property
    def _table(self) -> Table:
        """Which columns of the files are read: columns that are not selected are not parsed."""
        own = {"environment_id", _DATE, UNKNOWN_FIELDS}
        types = {
            name: _type_of(field)
            for name, field in self.emitter.conformer.selected_schema["properties"].items()
            if name not in own
        }
        known = known_paths(self)
        conformer = self.emitter.conformer

        def type_of(column: str) -> str | None:
            if column in known:
                return types.get(column)
            conformer.report_unknown_field(column)
            return UNKNOWN if conformer.is_kept(column) else None

        return Table(
            self.primary_keys[0],
            _DATE,
            type_of,
            is_selected(self, _DATE),
            conformer.shorten,
        )

    def probe(self) -> None:
        """Ask for the list, which takes no parameters."""
        self.client.get(self.path)


def _type_of(field: dict[str, Any]) -> str:
    types = field.get("type", [])
    types = [each for each in ([types] if isinstance(types, str) else types) if each != "null"]
    return str(field.get("format") or (types[0] if len(types) == 1 else "any"))
