"""Mux Data in bulk: the daily files of all views."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_mux.exports.csv_rows import CSVFile
from tap_mux.exports.download import BegunAgainError, Download
from tap_mux.exports.files import KEPT_DAYS, Exports, missing, spans
from tap_mux.records.normalizer import compile_normalizer
from tap_mux.settings import settings
from tap_mux.streams.base import MuxStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context

    from tap_mux.exports.arrow_rows import ArrowEncoder, Lines
    from tap_mux.exports.csv_rows import Block
    from tap_mux.exports.files import File
    from tap_mux.records.normalizer import Normalizer, Record

BLOCKS_AT_ONCE = 2
"""How many blocks are encoded at once: each takes some tens of MB."""

_ONE_DAY = timedelta(days=1)


class ExportedVideoViews(MuxStream):
    """Views with all their columns, a CSV file for each day: the bulk path for many views.

    A file is final, so none is read twice. A view has the same ``view_id`` in each file it is in.

    Follows https://www.mux.com/docs/api-reference/data/exports/list-exports-views
    """

    name = "exported_video_views"
    path = "/data/v1/exports/views"
    permission = "Mux Data: Read, and a plan that includes exports (Media)"
    primary_keys = ("view_id",)
    replication_key = "export_date"
    is_sorted = True
    selected_by_default = False

    def batches(self, context: Context | None) -> Iterator[list[Any]]:
        """List the files of each date, instead of the records in them."""
        self._exports = Exports(self.environment.client, self.path)
        first, end = self._dates(context)
        listed = self._exports.list()
        today = datetime.fromtimestamp(self._now, UTC).date()
        if gone := missing(listed, first, end, today):
            self.logger.warning(
                "Views of these dates are missing, since Mux has no export of them (it keeps "
                "exports for %d days): %s",
                KEPT_DAYS,
                spans(gone),
            )
        for day, files in listed.items():
            if (first is None or first <= day) and (end is None or day < end):
                yield files

    def _dates(self, context: Context | None) -> tuple[date | None, date | None]:
        """Say which dates are to be read: the first one and the one after the last one."""
        start_date = settings.moment(self.config, "start_date")
        end_date = settings.moment(self.config, "end_date")
        first = start_date.date() if start_date else None
        end = (end_date - timedelta.resolution).date() + _ONE_DAY if end_date else None
        bookmark = self._bookmark(context)
        if bookmark is not None:
            following = datetime.fromtimestamp(bookmark, UTC).date() + _ONE_DAY
            first = max(first, following) if first else following
        return first, end

    def _emit(
        self, batch: Iterable[Any], tidy: Normalizer, context: Context | None
    ) -> Iterator[Record]:
        """Write all rows of a date, then its state."""
        self._so_far.note_answer()
        for file in batch:
            day = file.date.isoformat()
            yield from self._emit_file(file, tidy, context)
        if self.replication_method == REPLICATION_INCREMENTAL:
            super()._note([{self.replication_key: day}], context)
            self._state_writer.write_state(self.tap_state)

    def _note(self, records: list[Record], context: Context | None) -> None:
        """Note nothing: until a date has been read to its end, the state must not name it."""

    def _emit_file(self, file: File, tidy: Normalizer, context: Context | None) -> Iterator[Record]:
        """Write the rows of a file; where that has to begin again, they are written again."""
        exports = self._exports
        download = Download(
            str(file),
            lambda: exports.find_url(file),
            user_agent=f"tap-mux/{version('tap-mux')}",
            timeout_seconds=self.config["request_timeout_seconds"],
            max_attempts=self.config["max_attempts"],
        )
        is_done = False
        while not is_done:
            try:
                yield from self._emit_rows(file, download.read(), tidy, context)
                is_done = True
            except BegunAgainError as error:
                self.logger.info("%s: reading it from its beginning", error)

    def _emit_rows(
        self, file: File, pieces: Iterator[bytes], tidy: Normalizer, context: Context | None
    ) -> Iterator[Record]:
        added = {self.replication_key: file.date.isoformat()}
        content = CSVFile(
            str(file), pieces, choose=self._kind, required=self.primary_keys[0], added=added
        )
        writer = self._batch_writer
        # Blocks are encoded in threads, while this one downloads more of them and writes.
        tasks = self._encoding(content, added, context)
        with closing(self.environment.fetcher.map(_encode, tasks, BLOCKS_AT_ONCE)) as encoded:
            for block, lines in encoded:
                if lines and writer:
                    writer.write_lines(lines.content)
                    self._counter.increment(lines.records)
                else:
                    yield from self._emit_some(content.rows(block), tidy, context)

    def _encoding(
        self, content: CSVFile, added: Record, context: Context | None
    ) -> Iterator[tuple[Block, ArrowEncoder | None]]:
        """Say of each block what is to encode it, once the first line of the file is known."""
        encoder: ArrowEncoder | None = None
        is_plain = self._batch_writer is not None and self.ABORT_AT_RECORD_COUNT is None
        for block in content.blocks():
            if encoder is None and is_plain:
                encoder = self._encoder(content, added, context)
            yield block, encoder

    def _compile_normalizer(self) -> Normalizer:
        """Make the function that tidies a row; columns that are left out are not even read."""
        return compile_normalizer(
            self._selected_schema, tell_unknown=self._tell_unknown, tell_misfit=self._tell_misfit
        )

    def _encoder(
        self, content: CSVFile, added: Record, context: Context | None
    ) -> ArrowEncoder | None:
        """Return the fast way from CSV to messages, if what it needs is installed."""
        try:
            from tap_mux.exports.arrow_rows import ArrowEncoder  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            return None
        added = {key: value for key, value in added.items() if self._is_selected(key)}
        alias = self.stream_maps[0].stream_alias
        return ArrowEncoder(content, alias, added | self._added(context))

    def _kind(self, column: str) -> str | None:
        """Give the type of a column of a file; None if it is left out."""
        if column not in self._known_paths and column not in self._told:
            self._told.add(column)
            self._tell_unknown(column)
        return self._kinds.get(column)

    @cached_property
    def _told(self) -> set[str]:
        """Unknown columns that have been reported."""
        return set()

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """Types of the columns that are read from files."""
        own = {"environment_id", self.replication_key}
        return {
            name: _kind_of(field)
            for name, field in self._selected_schema["properties"].items()
            if name not in own
        }

    def probe(self) -> None:
        """Ask for the list, which takes no parameters."""
        self.environment.client.get(self.path)


def _encode(task: tuple[Block, ArrowEncoder | None]) -> tuple[Block, Lines | None]:
    block, encoder = task
    return block, encoder.encode(block, datetime.now(UTC)) if encoder else None


def _kind_of(field: dict[str, Any]) -> str:
    kinds = field.get("type", [])
    kinds = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    return str(field.get("format") or (kinds[0] if len(kinds) == 1 else "any"))
