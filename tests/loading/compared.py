"""What was loaded beside what the sandbox sent: the records of a stream, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.streams import ALL_STREAMS
from tests.loading.values import ADDED, AROUND, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.loading.sent import Conversation

    Row = dict[str, Any]
    Message = dict[str, Any]

LIVE = {stream.name for stream in ALL_STREAMS if "monitoring" in stream.name}
CUT = LIVE | {"directive_runs"}
"""Streams of which Mux sends more than the time that is read."""


class Stream(NamedTuple):
    """What the tap wrote of a stream, and what the sandbox sent."""

    name: str
    fields: dict[str, Any]
    keys: list[str]
    written: list[Row]
    sent: list[Row]

    @property
    def added(self) -> set[str]:
        """The columns that the tap adds to what Mux sends."""
        return ADDED if self.name.startswith(("metric_", "monitoring_")) else set()


def collected(schema: Message, messages: list[Message], sent: Conversation) -> Stream:
    """Collect what there is of a stream."""
    name = schema["stream"]
    written = [
        message["record"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == name
    ]
    records = list(sent.records(name))
    fields = schema["schema"]["properties"]
    if name in CUT:
        (key,) = schema["bookmark_properties"]
        times = {canonical(record[key], fields[key]) for record in written}
        records = [
            record
            for record in records
            if min(times) <= canonical(record[key], fields[key]) <= max(times)
        ]
    return Stream(name, fields, schema["key_properties"], written, records)


def indexed(
    stream: Stream, records: Iterable[Row], *, is_empty_null: bool = False
) -> dict[tuple[Any, ...], Row]:
    """Bring all columns of all records into the one form, by key; the last record wins."""
    found = {}
    for record in records:
        assert record.keys() - AROUND <= stream.fields.keys()
        row = {
            name: None
            if is_empty_null and record.get(name) == ""
            else canonical(record.get(name), field)
            for name, field in stream.fields.items()
        }
        found[tuple(row[key] for key in stream.keys)] = row
    return found


def differences(
    stream: Stream,
    rows: dict[tuple[Any, ...], Row],
    expected: dict[tuple[Any, ...], Row],
    *,
    is_sent: bool,
) -> Iterator[tuple[Any, ...]]:
    """Give each value that is not as expected.

    Args:
        stream: The stream.
        rows: The rows, by key.
        expected: What has to be in them.
        is_sent: Whether that is what Mux sends, without what the tap adds.
    """
    ignored = stream.added if is_sent else set()
    for key, record in expected.items():
        for name, value in record.items():
            if rows[key][name] != value and name not in ignored:
                yield stream.name, key, name, rows[key][name], value
