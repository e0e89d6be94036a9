"""The only place that writes: SCHEMA, RECORD, STATE and ACTIVATE_VERSION messages.

A stream lists batches of records as Mux sends them. ``Emitter.prepare`` brings a batch into the
form of the schema, in chunks; ``write`` writes a chunk; ``end_batch`` writes the state. So the
state never speaks of records that have not been written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage, SchemaMessage
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_mux.records.conformer import Conformer
from tap_mux.records.mapping import map_record
from tap_mux.records.normalizer import Record
from tap_mux.records.timestamps import is_timestamp, utc_now
from tap_mux.records.writer import MAX_FILE_BYTES, BatchWriter, EncodedRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sdk import Stream
    from singer_sdk.helpers.types import Context, TapState
    from singer_sdk.singerlib.encoding import GenericSingerWriter


Chunk: TypeAlias = list[Record] | EncodedRecords
"""Some records of a batch, in the form that is written."""


class FileBatch(ABC, Iterable[Record]):
    """A batch that is read from files and counts only as a whole.

    Iterating over it yields the records, as with any batch. Its bookmark is noted after the last of
    them. Where records are written as they are, ``encode`` may save the detour by Python objects.
    """

    bookmark: str
    """The value of the replication key that is reached with the last record."""

    notes: Mapping[str, Any] = MappingProxyType({})
    """What else the state has to say then, by name; what is empty is removed from it."""

    @abstractmethod
    def encode(self, stream: str, columns: Record) -> Iterator[Chunk]:
        """Encode the records as RECORD messages.

        Args:
            stream: The name of the stream in the messages.
            columns: Columns and values that each record gets besides its own.

        Yields:
            Encoded records; a list of raw records where a part cannot be encoded.
        """


class ReadBatch(list[Record]):
    """A batch of a sorted stream that says up to which moment all records have been read.

    It may have no record. Its newest record may be later than that moment: then other records
    from before may still come.
    """

    def __init__(self, records: Iterable[Record], bookmark: str) -> None:
        """Take the records.

        Args:
            records: Raw records.
            bookmark: That moment, as a value of the replication key.
        """
        super().__init__(records)
        self.bookmark = bookmark


class Emitter:
    """Writes what one stream reads."""

    def __init__(
        self,
        stream: Stream,
        writer: GenericSingerWriter[Any, Any],
        write_state: Callable[[TapState], None],
        *,
        ignored_fields: Iterable[str],
        version: int | None,
    ) -> None:
        """Prepare to write for a stream.

        Args:
            stream: The stream; its catalog entry has been applied.
            writer: Writes messages.
            write_state: Writes a STATE message, each state once.
            ignored_fields: Paths of fields that are left out without a report.
            version: The version of the table that RECORD messages name, if the loader is to delete
                the records of other versions afterwards.
        """
        self._stream = stream
        self._writer = writer
        self._write_state = write_state
        self.conformer = Conformer(stream, ignored_fields=ignored_fields)
        """Brings records into the form that is written."""
        self._version = version
        self.records = 0
        """How many have been written."""
        self.position: str | None = None
        """The replication key of the last batch of a sorted stream; None if that is no moment."""
        self.first_position: str | None = None
        """The same of the first batch of the partition."""
        self._newest: Record | None = None
        self._is_incremental = stream.replication_method == REPLICATION_INCREMENTAL

    def write_schema(self) -> None:
        """Write a SCHEMA message for each table that the stream maps make of the stream."""
        key = self._stream.replication_key
        for stream_map in self._stream.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._writer.write_message(
                    SchemaMessage(
                        stream_map.stream_alias,
                        stream_map.transformed_schema,
                        stream_map.transformed_key_properties,
                        [key] if key else None,
                    )
                )

    def begin_partition(self, partition: Context) -> None:
        """Note in the state that there is the partition, and what its bookmark must not pass.

        Args:
            partition: The partition of the state.
        """
        self._stream.get_context_state(partition)
        if signpost := self._stream.get_replication_key_signpost(partition):
            self._stream.state_manager.write_replication_key_signpost(signpost, context=partition)

    def prepare(self, batch: Iterable[Record], partition: Context) -> Iterator[Chunk]:
        """Bring the records of a batch into the form that is written, encoded where possible.

        Args:
            batch: Raw records; read as far as the chunks are asked for.
            partition: The partition of the state.

        Yields:
            The records in chunks, each of bounded size.

        Raises:
            MissingKeyError: A record lacks a key.
        """
        if not (isinstance(batch, FileBatch) and self._batch_writer):
            yield from self.conformer.chunks(batch, partition)
            return
        normalize = self.conformer.normalizer(partition)
        alias = self._stream.stream_maps[0].stream_alias
        for chunk in batch.encode(alias, self.conformer.columns_of(partition)):
            yield chunk if isinstance(chunk, EncodedRecords) else list(map(normalize, chunk))

    def write(self, chunk: Chunk, batch: Iterable[Record], partition: Context) -> None:
        """Write RECORD messages. The bookmark stays where it was until the end of the batch.

        Args:
            chunk: The records, as prepared.
            batch: The batch that they are of.
            partition: The partition of the state.
        """
        if isinstance(chunk, EncodedRecords):
            # Only a BatchWriter is given chunks of this kind by prepare().
            cast("BatchWriter", self._writer).write_lines(chunk.lines, MAX_FILE_BYTES)
            self.records += chunk.records
            return
        self._write_records(chunk)
        self.records += len(chunk)
        if isinstance(batch, FileBatch):
            return
        if self._stream.is_sorted:
            self._newest = chunk[-1]
        else:
            self._note_bookmark(chunk, partition)

    def end_batch(self, batch: Iterable[Record], partition: Context) -> None:
        """Write the state: all records of the batch have been written.

        Args:
            batch: The batch.
            partition: The partition of the state.
        """
        key = self._stream.replication_key or ""
        reached = self._newest
        if isinstance(batch, FileBatch | ReadBatch) and key:
            reached = {key: batch.bookmark}
        if isinstance(batch, FileBatch) and self._is_incremental:
            state = self._stream.get_context_state(partition)
            for name, note in batch.notes.items():
                state.pop(name, None)
                if note:
                    state[name] = note
        if reached:
            self._note_bookmark([reached], partition)
            value = reached.get(key)
            self.position = value if is_timestamp(value) else None
            self.first_position = self.first_position or self.position
        self._newest = None
        if self._is_incremental:
            self._write_state(self._stream.tap_state)

    def end_partition(self, partition: Context, *, is_complete: bool) -> None:
        """Note in the state that the partition has been read.

        Args:
            partition: The partition of the state.
            is_complete: Whether it was read to its end. Else the bookmark of a stream that is not
                sorted stays where it was.
        """
        self._newest = None  # of a batch that did not come to its end
        self.position = self.first_position = None
        state = self._stream.get_context_state(partition)
        if not is_complete:
            state.pop("progress_markers", None)
        key, former = state.get("replication_key"), state.get("replication_key_value")
        self._stream.state_manager.finalize_state(state)
        if former and key == state["replication_key"] and former > state["replication_key_value"]:
            state["replication_key_value"] = former  # Mux no longer lists the newest record

    def end_stream(self) -> None:
        """Write the state at the end of the stream."""
        self._stream.state_manager.finalize_state(self._stream.stream_state)
        self._write_state(self._stream.tap_state)

    def activate_version(self) -> None:
        """Tell loaders to delete the records that do not have the version of this run."""
        if self._version is None:
            return
        for stream_map in self._stream.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._writer.write_message(
                    ActivateVersionMessage(stream=stream_map.stream_alias, version=self._version)
                )

    def _write_records(self, records: list[Record]) -> None:
        """Write RECORD messages: many at once, if the stream maps leave records as they are."""
        extracted = utc_now()
        if writer := self._batch_writer:
            alias = self._stream.stream_maps[0].stream_alias
            writer.write_records(alias, records, extracted, self._version)
            return
        blank = dict.fromkeys(self.conformer.selected_schema["properties"])
        for record in records:
            for stream_map in self._stream.stream_maps:
                mapped = map_record(stream_map, record, blank)
                if mapped is not None:
                    self._writer.write_message(
                        RecordMessage(
                            stream=stream_map.stream_alias,
                            record=mapped,
                            version=self._version,
                            time_extracted=extracted,
                        )
                    )

    @cached_property
    def _batch_writer(self) -> BatchWriter | None:
        """Writes many records at once; None if stream maps or flattening change records."""
        is_unchanged = [type(each) for each in self._stream.stream_maps] == [SameRecordTransform]
        if self._stream.config.get("flattening_enabled") or not is_unchanged:
            return None
        return self._writer if isinstance(self._writer, BatchWriter) else None

    def _note_bookmark(self, records: list[Record], partition: Context) -> None:
        """Note in the state, which is not written yet, how far the records reach."""
        key = self._stream.replication_key
        if not key or not self._is_incremental:
            return
        if not self._stream.is_sorted:
            for record in records:
                self._stream.state_manager.increment_state(
                    record, context=partition, replication_key=key
                )
            return
        # A run begins with records older than the bookmark, those of the lookback. For them the SDK
        # can only fail or move the bookmark back, and a run killed there would resume further back
        # each time.
        state = self._stream.get_context_state(partition)
        newest = records[-1][key]
        is_other_key = state.get("replication_key") != key
        if is_other_key or newest > (state.get("replication_key_value") or ""):
            state["replication_key"] = key
            state["replication_key_value"] = newest
