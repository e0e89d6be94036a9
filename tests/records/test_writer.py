"""Records are written in batches, with the same result as the SDK's writer."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.contrib import msgspec as msgspec_of_the_sdk
from singer_sdk.singerlib import RecordMessage

from tap_mux.records import writer as writing
from tap_mux.records.writer import MAX_BYTES, MAX_RECORDS, BatchWriter
from tap_mux.tap import TapMux
from tests.support.records import HOUR, NOW, asset, tap_time, view, views
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


class Pipe(io.BytesIO):
    """Replaces the buffer of stdout; keeps what is written between two flushes."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.pieces: list[bytes] = []

    def flush(self) -> None:
        """Keep a piece."""
        if self.getvalue():
            self.pieces.append(self.getvalue())
            self.seek(0)
            self.truncate()


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """A pipe in place of stdout."""
    pipe = Pipe()
    stdout = SimpleNamespace(stdout=SimpleNamespace(buffer=pipe, flush=pipe.flush))
    monkeypatch.setattr(writing, "sys", stdout)
    monkeypatch.setattr(msgspec_of_the_sdk, "sys", stdout)
    return pipe


def test_messages_are_those_of_the_sdk(pipe: Pipe) -> None:
    records: list[dict[str, Any]] = [
        {"id": f"{number}", "text": 'ü"\n\u2028', "nested": {"a": [1.5, None, True]}}
        for number in range(3 * MAX_RECORDS // 2)
    ]
    BatchWriter().write_records("stream", records, MOMENT)
    many = b"".join(pipe.pieces)
    pipe.pieces.clear()
    for record in records:
        message = RecordMessage(stream="stream", record=record, time_extracted=MOMENT)
        msgspec_of_the_sdk.MsgSpecWriter().write_message(message)
    one_by_one = b"".join(pipe.pieces)
    assert many.count(b"\n") == len(records)
    assert [json.loads(line) for line in many.splitlines()] == [
        json.loads(line) for line in one_by_one.splitlines()
    ]


def test_a_write_over_the_atomic_size_is_one_line(pipe: Pipe) -> None:
    limit = MAX_BYTES
    sizes = [1, limit - 200, 10, 3 * limit, 20, limit // 2, limit]
    records = [{"id": "x" * size} for size in sizes * 5]
    BatchWriter().write_records("stream", records, MOMENT)
    ends = {piece[-1:] for piece in pipe.pieces}
    lengths = [(len(piece), piece.count(b"\n")) for piece in pipe.pieces]
    assert ends == {b"\n"}
    assert [pair for pair in lengths if pair[0] > MAX_BYTES and pair[1] > 1] == []
    assert sum(lines for _, lines in lengths) == len(records)


class TestSelection:
    """Streams and properties that are not selected are not written."""

    def catalog(self, sandbox: Sandbox, *deselected: list[str]) -> dict[str, Any]:
        """Make a catalog in which some properties are not selected."""
        catalog: dict[str, Any] = TapMux(config=sandbox.config).catalog_dict
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                if list(item["breadcrumb"]) in [list(path) for path in deselected]:
                    item["metadata"]["selected"] = False
        return catalog

    def test_of_properties(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [
            asset("a", NOW, meta={"title": "t", "creator_id": "c"}, passthrough="p", test=True)
        ]
        catalog = self.catalog(
            sandbox,
            ["properties", "passthrough"],
            ["properties", "meta", "properties", "creator_id"],
            ["properties", "environment_id"],
            ["properties", "id"],  # a key is written even if it is not selected
        )
        output = run_tap(sandbox, "assets", catalog=catalog)
        (record,) = output.records("assets")
        assert record == {
            "id": "a",
            "created_at": tap_time(NOW),
            "status": "ready",
            "meta": {"title": "t"},
            "test": True,
        }
        schema = output.schema("assets")["properties"]
        assert {"passthrough", "environment_id"}.isdisjoint(schema)
        assert schema["meta"]["properties"].keys() == {"title", "external_id"}

    def test_of_streams(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [asset("a", NOW)]
        world.view_rows = [view("v", NOW - HOUR)]
        output = run_tap(sandbox, catalog=self.catalog(sandbox, []))
        assert output.messages == []
        assert not sandbox.requests_to("/video/v1/assets")
        output = run_tap(sandbox, catalog=self.catalog(sandbox))
        assert output.records("assets")
        assert output.records("video_views")


class TestMaps:
    """Stream maps and flattening are applied to every record."""

    def test_filter_rename_and_alias(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(6, NOW - HOUR, 60)
        for number, row in enumerate(world.view_rows):
            row["country_code"] = "DE" if number % 2 else "US"
        maps = {
            "video_views": {
                "__filter__": "record['country_code'] == 'DE'",
                "__alias__": "german_views",
                "title": "record['video_title']",
                "video_title": "__NULL__",
            }
        }
        output = run_tap(sandbox, "video_views", stream_maps=maps)
        records = output.records("german_views")
        assert [record["id"] for record in records] == [f"view-{n:06}" for n in (1, 3, 5)]
        assert {record["title"] for record in records} == {"A title"}
        assert "video_title" not in records[0]
        state = output.states[-1]["bookmarks"]["video_views"]["partitions"][0]
        assert state["replication_key_value"] == tap_time(NOW - HOUR + 300)

    def test_one_stream_into_two(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [asset("a", NOW), asset("b", NOW - 1)]
        maps = {
            "assets": {},
            "asset_ids": {"__source__": "assets", "id": "record['id']", "__else__": "__NULL__"},
        }
        output = run_tap(sandbox, "assets", stream_maps=maps)
        assert [record["id"] for record in output.records("assets")] == ["a", "b"]
        assert output.records("asset_ids") == [{"id": "a"}, {"id": "b"}]

    def test_flattening(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [asset("a", NOW, meta={"title": "t"})]
        output = run_tap(sandbox, "assets", flattening_enabled=True, flattening_max_depth=2)
        (record,) = output.records("assets")
        assert record["meta__title"] == "t"

    def test_an_empty_map_changes_no_record(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(1200, NOW - HOUR, 1)
        plain = run_tap(sandbox, "video_views")
        mapped = run_tap(sandbox, "video_views", stream_maps={"video_views": {}})
        assert mapped.records("video_views") == plain.records("video_views")
        assert mapped.states == plain.states


@pytest.mark.parametrize("version", [None, 7])
def test_a_version_is_in_every_record_or_in_none(pipe: Pipe, version: int | None) -> None:
    records = [{"id": number} for number in range(MAX_RECORDS + 1)]
    BatchWriter().write_records("stream", records, MOMENT, version)
    lines = [json.loads(line) for line in b"".join(pipe.pieces).splitlines()]
    assert [line["record"] for line in lines] == records
    expected = "none" if version is None else version
    assert {line.get("version", "none") for line in lines} == {expected}


@pytest.mark.parametrize(("over", "pieces"), [(0, 1), (1, 2)])
def test_lines_are_written_together_up_to_what_a_pipe_takes_whole(
    pipe: Pipe, over: int, pieces: int
) -> None:
    lines = [b"a" * 999 + b"\n", b"b" * (MAX_BYTES - 1001 + over) + b"\n"]
    BatchWriter().write_lines(b"".join(lines))
    assert len(pipe.pieces) == pieces
    assert b"".join(pipe.pieces) == b"".join(lines)


def test_a_full_pipe_that_does_not_block_is_waited_for() -> None:
    program = """
import os
from tap_mux.records.writer import BatchWriter

os.set_blocking(1, False)
BatchWriter().write_lines(b"x" * 999_999 + b"\\n")
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writes:
        time.sleep(1)  # until the pipe is full
        assert writes.stdout
        assert len(writes.stdout.read()) == 1_000_000
    assert writes.returncode == 0
