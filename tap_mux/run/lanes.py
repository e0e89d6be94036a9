"""What is read, in which order: one stream after another, in each of the environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux.api.errors import MuxError, UnexpectedAnswerError
from tap_mux.records.conformer import MissingKeyError
from tap_mux.records.emitter import FileBatch
from tap_mux.run.outcome import StreamOutcome, bugs_as_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context

    from tap_mux.records.normalizer import Record
    from tap_mux.run.outcome import Outcome
    from tap_mux.streams.base import MuxStream


def read_stream(
    streams: Sequence[MuxStream], outcome: Outcome, *, are_all_environments_readable: bool
) -> None:
    """Read a stream in each of the environments, and write its records.

    Args:
        streams: The stream, an object for each environment.
        outcome: Takes note of what cannot be read.
        are_all_environments_readable: Whether no environment is missing. Else the loader is not
            told to delete records, since those of the missing one have not come.
    """
    first = streams[0]
    first.logger.info(
        "Beginning sync of '%s' in %s mode", first.name, first.replication_method.lower()
    )
    first.emitter.write_schema()
    for stream in streams:
        _read(stream, outcome)
    if first.table_version is not None:
        if are_all_environments_readable and all(stream.is_complete for stream in streams):
            first.emitter.activate_version()
        else:
            first.logger.warning("%s was not read to its end: no rows are deleted", first.name)
    first.emitter.end_stream()


def _read(stream: MuxStream, outcome: Outcome) -> None:
    """Read a stream of one environment."""
    so_far = StreamOutcome(stream.label, stream.permission, outcome)
    with stream.emitter.counting():
        for partition in stream.partitions:
            stream.emitter.begin_partition(partition)
            is_complete = True
            if not so_far.is_unavailable:  # as an earlier partition may have shown
                is_complete = _read_partition(stream, partition, so_far)
            stream.emitter.end_partition(partition, is_complete=is_complete)
        so_far.end()


def _read_partition(stream: MuxStream, partition: Context, so_far: StreamOutcome) -> bool:
    """Read a partition, and return whether that succeeded."""
    so_far.begin_partition()
    emitter = stream.emitter
    try:
        for batch in bugs_as_errors(_batches(stream, partition)):
            if isinstance(batch, FileBatch):
                so_far.note_answer()  # Mux has the stream, whatever becomes of its files
            for chunk in bugs_as_errors(emitter.prepare(batch, partition)):
                so_far.note_answer()
                emitter.write(chunk, batch, partition)
            so_far.note_answer()
            emitter.end_batch(batch, partition)
    except MissingKeyError as error:
        text = f"GET {stream.path} gave {error}"
        so_far.note_error(UnexpectedAnswerError(text), _part(partition))
    except RecursionError:
        text = f"GET {stream.path} gave a record that is nested too deeply"
        so_far.note_error(UnexpectedAnswerError(text), _part(partition))
    except MuxError as error:
        so_far.note_error(error, _part(partition))
    else:
        return True
    stream.is_complete = False
    return False


def _batches(stream: MuxStream, partition: Context) -> Iterator[Iterable[Record]]:
    """List the batches; what fails when the stream is first asked fails here, too."""
    yield from stream.batches(partition)


def _part(partition: Context) -> str:
    """Name a partition within its environment; empty if there is no other."""
    parts = ((key, value) for key, value in partition.items() if key != "environment_id")
    return ", ".join(f"{key}: {value}" for key, value in parts if value)
