"""What the tap reads of the sandbox at a fixed moment: the same on each machine and each day."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import msgspec

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.records.writer import BatchWriter
from tap_mux.settings.metrics import DEFAULT_METRICS
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    Record = dict[str, Any]

NOW = datetime(2026, 10, 7, 12, 34, 56, tzinfo=UTC)
"""When the sandbox is read."""


class Reading(NamedTuple):
    """What is read of a sandbox."""

    views_per_day: int
    since: timedelta
    streams: frozenset[str]


_LONG = frozenset({"monitoring_breakdown_timeseries"})
_LIVE = frozenset(stream.name for stream in ALL_STREAMS if "/monitoring/" in stream.path) - _LONG
READINGS = (
    Reading(40, timedelta(days=8), frozenset(s.name for s in ALL_STREAMS) - _LIVE - _LONG),
    # Live numbers take many views, and have a record for each few seconds.
    Reading(3000, timedelta(hours=1, minutes=6), _LIVE),
    Reading(3000, timedelta(minutes=2), _LONG),
)

METRICS = [
    {**DEFAULT_METRICS[0], "group_by": [*DEFAULT_METRICS[0]["group_by"], "asset_id"]},
    *DEFAULT_METRICS[1:],
]


class _Messages(BatchWriter):
    """Keeps messages instead of writing them."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.messages: list[Record] = []

    @override
    def write_message(self, message: Any) -> None:
        """Keep a message."""
        self.messages.append(msgspec.json.decode(self.format_message(message)))

    @override
    def write_lines(self, lines: bytes, max_bytes: int = 0) -> None:
        """Keep messages of a batch."""
        self.messages += map(msgspec.json.decode, lines.splitlines())


def messages(**settings: Any) -> list[Record]:
    """Return the Singer messages of a run that reads all streams.

    Args:
        settings: More settings of the tap.
    """
    writer = _Messages()
    for reading in READINGS:
        world = GeneratedWorld(assets=250, views_per_day=reading.views_per_day)
        options = SandboxOptions(clock=NOW.timestamp)
        with mock.patch("time.time", NOW.timestamp), Sandbox(world, options) as sandbox:
            since = (NOW - reading.since).isoformat()
            config = {**sandbox.config, "start_date": since, "metrics": METRICS, **settings}
            tap = TapMux(config=config, message_writer=writer)
            for name, stream in tap.streams.items():
                stream.selected = name in reading.streams
            tap.sync_all()
    return writer.messages


def records(messages: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records of messages, by stream."""
    found: dict[str, list[Record]] = {stream.name: [] for stream in ALL_STREAMS}
    for message in messages:
        if message["type"] == "RECORD":
            found[message["stream"]].append(message["record"])
    return found
