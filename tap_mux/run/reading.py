"""One stream of one environment, read in steps."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError

from tap_mux.api.errors import MuxError, UnexpectedAnswerError
from tap_mux.records.conformer import MissingKeyError
from tap_mux.records.emitter import FileBatch
from tap_mux.records.mapping import StreamMapError
from tap_mux.records.timestamps import epoch_seconds
from tap_mux.records.writer import OutputError
from tap_mux.run.outcome import StreamOutcome, bugs_as_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from singer_sdk.helpers.types import Context

    from tap_mux.run.outcome import Outcome
    from tap_mux.streams.base import MuxStream

    Step = Callable[[], None]
    """Something to write."""


class Table:
    """A stream in all environments. It writes what is written once for all of them."""

    def __init__(self, streams: Sequence[MuxStream], *, may_delete: bool) -> None:
        """Take a stream.

        Args:
            streams: The stream, an object for each environment.
            may_delete: Whether no environment is missing. If one is, its records have not come, so
                the loader is not told to delete any.
        """
        self._streams = streams
        self._may_delete = may_delete
        self._has_schema = False
        self._to_end = len(streams)

    def begin(self) -> None:
        """Write the SCHEMA message, before the first records of any environment."""
        if self._has_schema:
            return
        self._has_schema = True
        first = self._streams[0]
        first.logger.info(
            "Beginning sync of '%s' in %s mode", first.name, first.replication_method.lower()
        )
        first.emitter.write_schema()

    def end(self) -> None:
        """Tell the loader what to delete, once the stream has ended in all environments."""
        self._to_end -= 1
        first = self._streams[0]
        if first.table_version is None or self._to_end:
            return
        if self._may_delete and all(stream.is_complete for stream in self._streams):
            first.emitter.activate_version()
        else:
            first.logger.warning("%s was not read to its end: no rows are deleted", first.name)


class Reading:
    """A stream of one environment, from its first request to its last message.

    ``take`` may be called in any thread, in one at a time. The rest is for the main thread.
    """

    def __init__(self, stream: MuxStream, table: Table, outcome: Outcome) -> None:
        """Take a stream.

        Args:
            stream: The stream.
            table: The same stream in all environments.
            outcome: Takes note of what cannot be read.
        """
        self.stream = stream
        self._table = table
        self._so_far = StreamOutcome(stream.label, stream.permission, outcome)
        self._steps = self._read()
        self._taken: deque[Step | None] = deque()
        self._has_room = threading.Semaphore(1)
        self._is_abandoned = False
        self.is_taken = False
        """Whether there is nothing left to take."""
        self._partitions_read = 0
        self.begun: float | None = None
        """When it was opened, by ``time.monotonic``."""
        self.ended: float | None = None
        """When its last message was written."""
        self.first_at: float | None = None
        """Since when it is the first one of its lane, which is written; None if it never was."""

    def open(self) -> None:
        """Write the schema, and note in the state which partitions there are."""
        self.begun = time.monotonic()
        self._table.begin()
        for partition in self.stream.partitions:
            self.stream.emitter.begin_partition(partition)
            with suppress(MuxError):  # it is raised again where the partition is read
                self.stream.bookmark(partition)

    def come_first(self) -> None:
        """Note that it is written from now on: those before it in its lane have ended."""
        if self.first_at is None:
            self.first_at = time.monotonic()

    @property
    def can_take(self) -> bool:
        """Whether ``take`` may find more, without waiting until a step is written."""
        return not self._taken and not self.is_taken

    def take(self) -> bool:
        """Ask Mux for what comes next, and bring it into form. Wait for earlier ones to be written.

        Returns:
            Whether there may be more.
        """
        step = None
        try:
            with _failures_as_errors(self.stream.path):
                step = None if self._is_abandoned else next(self._steps, None)
        except MuxError as error:
            self._fail(error, "")
        self._has_room.acquire()
        self._taken.append(step)
        self.is_taken = step is None
        return not self.is_taken

    def emit_taken(self) -> bool:
        """Write what has been taken.

        Returns:
            Whether that was the end of the stream.
        """
        while self._taken:
            step = self._taken.popleft()
            if step is None:
                self._end()
                return True
            self._emit(step)
            self._has_room.release()
        return False

    def _emit(self, step: Step) -> None:
        if self._is_abandoned:
            return
        try:
            with _failures_as_errors(self.stream.path, OutputError, MapExpressionError):
                step()
        except MuxError as error:
            self._fail(error, "")
            self._is_abandoned = True

    def _end(self) -> None:
        self._so_far.end()
        self._table.end()
        self.stream.emitter.end_stream()
        self.ended = time.monotonic()

    @property
    def fraction(self) -> float | None:
        """How much of the stream has been written, from 0 to 1; None if that is not known."""
        stream = self.stream
        if stream.extent.records:
            return min(1.0, stream.emitter.records / stream.extent.records)
        position, first = stream.emitter.position, stream.emitter.first_position
        time_range = stream.extent.time_range
        within = 0.0
        if position is not None and first is not None and time_range is not None:
            start = epoch_seconds(first) if time_range.start is None else time_range.start
            seconds = time_range.end - start
            within = (epoch_seconds(position) - start) / seconds if seconds > 0 else 0.0
        elif not self._partitions_read:
            return None
        return (self._partitions_read + min(1.0, max(0.0, within))) / len(stream.partitions)

    def _end_partition(self, partition: Context, *, is_complete: bool) -> None:
        self.stream.emitter.end_partition(partition, is_complete=is_complete)
        self._partitions_read += 1

    def _read(self) -> Iterator[Step]:
        """Read all partitions. Yield step by step what is to be written."""
        for partition in self.stream.partitions:
            is_complete = True
            # An earlier partition may have shown that the stream is not available.
            if not self._so_far.is_unavailable or self._was_read_before(partition):
                is_complete = yield from self._read_partition(partition)
            yield partial(self._end_partition, partition, is_complete=is_complete)

    def _read_partition(self, partition: Context) -> Generator[Step, None, bool]:
        """Read a partition. Return whether it is complete, as far as is known."""
        so_far, emitter = self._so_far, self.stream.emitter
        so_far.begin_partition(was_read_before=self._was_read_before(partition))
        try:
            with _failures_as_errors(self.stream.path):
                for batch in self.stream.batches(partition):
                    if isinstance(batch, FileBatch):
                        so_far.note_answer()  # Mux has the stream, whatever becomes of its files
                    for chunk in emitter.prepare(batch, partition):
                        so_far.note_answer()
                        yield partial(emitter.write, chunk, batch, partition)
                    so_far.note_answer()
                    yield partial(emitter.end_batch, batch, partition)
        except MuxError as error:
            self._fail(error, _part(partition))
        return self.stream.is_complete

    def _was_read_before(self, partition: Context) -> bool:
        try:
            has_bookmark = self.stream.bookmark(partition) is not None
        except MuxError:  # it is raised again where the partition is read
            return False
        return has_bookmark or partition in self.stream.bookmarks.forgotten

    def _fail(self, error: MuxError, part: str) -> None:
        self.stream.is_complete = False
        self._so_far.note_error(error, part)


@contextmanager
def _failures_as_errors(path: str, *expected: type[Exception]) -> Iterator[None]:
    """Turn all errors inside the ``with`` block into a MuxError, except for those expected."""
    try:
        with bugs_as_errors(StreamMapError, *expected):
            yield
    except StreamMapError as error:
        raise MuxError(str(error)) from None
    except MissingKeyError as error:
        text = f"GET {path} gave {error}"
        raise UnexpectedAnswerError(text) from None
    except RecursionError:
        text = f"GET {path} gave a record that is nested too deeply"
        raise UnexpectedAnswerError(text) from None


def _part(partition: Context) -> str:
    """Name a partition within its environment; empty if there is no other."""
    parts = ((key, value) for key, value in partition.items() if key != "environment_id")
    return ", ".join(f"{key}: {value}" for key, value in parts if value)
