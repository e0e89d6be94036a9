"""All streams in each loader: every value of every row is the one that Mux sends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mux_sandbox import GeneratedWorld, Sandbox, SandboxOptions
from tap_mux.streams import ALL_STREAMS
from tests.loading.compared import LIVE, Stream, collected, differences, indexed
from tests.loading.sent import Conversation
from tests.loading.values import kind_of
from tests.support.loaders import target_duckdb, target_postgres
from tests.support.records import DAY, tap_time
from tests.support.tapping import catalog_of, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    Row = dict[str, Any]
    Message = dict[str, Any]

STREAMS = {stream.name for stream in ALL_STREAMS}
RARE = {"annotations", "errors"}
"""Streams with so few records that a few days of views may have none."""

LONG = {"monitoring_breakdown_timeseries"}
"""Streams that have many records each 5 seconds."""

TYPES = {
    "target-duckdb": {
        "array": {"JSON"},
        "boolean": {"BOOLEAN"},
        "date-time": {"TIMESTAMP"},
        "integer": {"BIGINT"},
        "number": {"DOUBLE"},
        "object": {"JSON"},
        "string": {"VARCHAR"},
    },
    "target-postgres": {
        "array": {"ARRAY", "jsonb"},
        "boolean": {"boolean"},
        "date-time": {"timestamp without time zone"},
        "integer": {"bigint"},
        "number": {"numeric"},
        "object": {"jsonb"},
        "string": {"text"},
    },
}
"""The types of columns, by loader and by type in the schema."""


class Run(NamedTuple):
    """A run that reads all streams."""

    messages: list[Message]
    streams: list[Stream]


@pytest.fixture(scope="module")
def run() -> Run:
    """Read all streams from sandboxes whose clocks stand still."""
    now = time.time()
    options = SandboxOptions(clock=lambda: now)
    quiet = GeneratedWorld(assets=250, views_per_day=12)
    crowded = GeneratedWorld(assets=250, views_per_day=3000)  # viewers at every moment
    with (
        Sandbox(world=quiet, options=options) as mux,
        Sandbox(world=crowded, options=options) as live,
    ):
        messages = [
            *read(mux, STREAMS - LIVE - RARE, now - 3 * DAY),
            *read(mux, RARE, now - 90 * DAY),
            *read(live, LIVE - LONG, now - 4000),
            *read(live, LONG, now - 100),
        ]
        sent = Conversation(mux, live)
    schemas = [message for message in messages if message["type"] == "SCHEMA"]
    return Run(messages, [collected(schema, messages, sent) for schema in schemas])


def read(sandbox: Sandbox, streams: set[str], since: float) -> list[Message]:
    """Run the tap for some streams; return its messages."""
    settings: Row = {"include_credentials": True}
    catalog = catalog_of(*streams, **settings)
    return run_tap(sandbox, catalog=catalog, start_date=tap_time(since), **settings).messages


@pytest.mark.parametrize("loader", TYPES)
def test_every_value_of_every_stream_is_loaded(run: Run, tmp_path: Path, loader: str) -> None:
    target = target_duckdb(tmp_path) if "duckdb" in loader else target_postgres(tmp_path)
    target.load(*run.messages)
    assert sorted(stream.name for stream in run.streams) == sorted(STREAMS)
    for stream in run.streams:
        assert stream.written
        types = target.types(stream.name)
        assert types.keys() == stream.fields.keys()
        for name, field in stream.fields.items():
            assert types[name] in TYPES[loader][kind_of(field)], (stream.name, name)
        loaded = target.rows(stream.name)
        rows = indexed(stream, loaded)
        assert len(rows) == len(loaded)
        for records in (stream.written, stream.sent):
            expected = indexed(stream, records, is_empty_null=target.name == "target-duckdb")
            assert rows.keys() == expected.keys()
            is_sent = records is stream.sent
            assert list(differences(stream, rows, expected, is_sent=is_sent)) == []
