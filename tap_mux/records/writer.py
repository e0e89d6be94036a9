"""Writing many records at once: the same messages as the SDK's, in fewer steps.

The SDK makes, checks, encodes and flushes a message object for each record. Where nothing is to be
done to records any more, a whole batch of them is encoded in one go here.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk.singerlib import Message

    from tap_mux.records.normalizer import Record

RECORDS_AT_ONCE = 500
ATOMIC_BYTES = 4096
"""Up to this much reaches a pipe whole, or not at all if a signal ends the program (PIPE_BUF)."""


class BatchWriter(MsgSpecWriter):
    """Writes messages to stdout, RECORD messages also many at once."""

    def __init__(self) -> None:
        """Prepare; nothing is written yet."""
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
            version: Version of the table that they belong to, if it has versions.
        """
        more = {} if version is None else {"version": version}
        for first in range(0, len(records), RECORDS_AT_ONCE):
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
                        for record in records[first : first + RECORDS_AT_ONCE]
                    ]
                )
            )

    def write_message(self, message: Message) -> None:
        """Write one message.

        Args:
            message: Any message.
        """
        self.write_lines(bytes(self.format_message(message)))

    def write_lines(self, lines: bytes) -> None:
        """Write whole lines, so that none is torn when the program is told to end.

        Args:
            lines: One or more lines, each with its end.
        """
        start = 0
        while start < len(lines):
            end = lines.rfind(b"\n", start, start + ATOMIC_BYTES) + 1
            if end:
                _write(lines[start:end])
            else:
                end = lines.find(b"\n", start) + 1
                with held_back():
                    _write(lines[start:end])
            start = end


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


@contextmanager
def held_back() -> Iterator[None]:
    """Let what tells the program to end wait until something is done."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
