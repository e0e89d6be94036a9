"""Lines on stdout: the messages of the SDK, many records in one step.

The SDK makes, checks, encodes and flushes a message object for each record. Here a whole batch is
encoded at once.
"""

from __future__ import annotations

import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter

from tap_mux.ending import signals_wait

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk.singerlib import Message

    from tap_mux.records.normalizer import Record

MAX_RECORDS = 500
"""How many records are encoded at once."""

MAX_BYTES = 4096
"""How much is written at once; only a longer line is more. Between, a signal ends the program.

A write of up to this many bytes reaches a pipe whole or not at all (PIPE_BUF), even where the
process is killed.
"""

MAX_FILE_BYTES = 1 << 16
"""The same for records of files: as much as a pipe holds, at a tenth of the time.

Their lines are mostly longer than MAX_BYTES, and they count only once the file has been read whole.
"""


class OutputError(Exception):
    """The output cannot be written; the text is one sentence."""


class EncodedRecords(NamedTuple):
    """RECORD messages, encoded as lines."""

    lines: bytes
    records: int


class BatchWriter(MsgSpecWriter):
    """Writes messages to stdout, RECORD messages also many at once."""

    def __init__(self) -> None:
        """Prepare the encoder."""
        super().__init__()
        self._encoder = msgspec.json.Encoder()

    def write_records(
        self, stream: str, records: list[Record], extracted: datetime, version: int | None = None
    ) -> None:
        """Write a RECORD message for each of a stream's records.

        Args:
            stream: Name of the stream.
            records: The records, as plain JSON.
            extracted: When they were read.
            version: Version of the table, if it has versions.
        """
        more = {} if version is None else {"version": version}
        for first in range(0, len(records), MAX_RECORDS):
            self.write_lines(
                self._encoder.encode_lines(
                    [
                        {
                            "type": "RECORD",
                            "stream": stream,
                            "record": record,
                            "time_extracted": extracted,
                            **more,
                        }
                        for record in records[first : first + MAX_RECORDS]
                    ]
                )
            )

    @override
    def write_message(self, message: Message) -> None:
        """Write one message.

        Args:
            message: Any message.
        """
        self.write_lines(bytes(self.format_message(message)))

    def write_lines(self, lines: bytes, max_bytes: int = MAX_BYTES) -> None:
        """Write whole lines: a signal that ends the program tears none of them.

        Args:
            lines: One or more lines, each with its line end.
            max_bytes: How much is written at once.

        Raises:
            OutputError: stdout does not take them.
            ToldToEnd: A signal came meanwhile; what has been begun has been written.
        """
        start = 0
        while start < len(lines):
            end = lines.rfind(b"\n", start, start + max_bytes) + 1
            if not end:
                end = lines.find(b"\n", start) + 1
            with signals_wait():
                _write(lines[start:end])
            start = end


def _write(lines: bytes) -> None:
    """Write to stdout, which nothing else does meanwhile.

    A BufferedWriter loses a part of what it holds if a signal interrupts it.
    """
    with output_errors():
        buffer = sys.stdout.buffer
        raw = getattr(buffer, "raw", buffer)
        written = 0
        while written < len(lines):
            count = raw.write(lines[written:])
            if count is None:  # a pipe that is full, and that others have set not to block
                select.select([], [raw], [])
            written += count or 0
        buffer.flush()


@contextmanager
def output_errors() -> Iterator[None]:
    """Word what goes wrong inside the ``with`` block, which does nothing but print.

    Raises:
        OutputError: Instead of any OSError.
    """
    if sys.stdout is None:
        text = "The output cannot be written: stdout is closed"
        raise OutputError(text)
    try:
        yield
    except BrokenPipeError:
        text = "The target stopped reading; its own log says why"
        raise OutputError(text) from None
    except OSError as error:
        text = f"The output cannot be written: {error.strerror}"
        raise OutputError(text) from None
