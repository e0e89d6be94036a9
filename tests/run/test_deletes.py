"""The loader deletes records that Mux no longer lists, if the whole list was read."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.support.loaders import Target, postgres, target_postgres
from tests.support.records import DAY, NOW, asset
from tests.support.tapping import Output, catalog_of, run_tap

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

ASSETS = "/video/v1/assets"


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(150)]


def message_types(output: Output, stream: str) -> list[str]:
    """Return the types of a stream's messages; a sequence of the same type counts once."""
    found: list[str] = []
    for message in output.messages:
        if message.get("stream") == stream and found[-1:] != [message["type"]]:
            found.append(message["type"])
    return found


def read(sandbox: Sandbox, *streams: str, **settings: Any) -> Output:
    """Read streams with ACTIVATE_VERSION messages."""
    return run_tap(sandbox, *streams, emit_activate_version_messages=True, **settings)


class TestMessages:
    """ACTIVATE_VERSION."""

    def test_not_by_default(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, "assets")
        assert message_types(output, "assets") == ["SCHEMA", "RECORD"]
        assert not any("version" in message for message in output.messages)

    def test_after_the_last_record(self, sandbox: Sandbox) -> None:
        output = read(sandbox, "assets", "live_streams")
        assert message_types(output, "assets") == ["SCHEMA", "RECORD", "ACTIVATE_VERSION"]
        assert message_types(output, "live_streams") == ["SCHEMA", "ACTIVATE_VERSION"]
        versions = [
            message["version"]
            for message in output.messages
            if message["type"] in {"RECORD", "ACTIVATE_VERSION"}
        ]
        assert len(versions) == 152
        assert len(set(versions)) == 1

    def test_with_stream_maps(self, sandbox: Sandbox) -> None:
        maps = {"assets": {"__alias__": "library", "id": "id", "__else__": None}}
        output = read(sandbox, "assets", catalog=catalog_of("assets"), stream_maps=maps)
        assert message_types(output, "library") == ["SCHEMA", "RECORD", "ACTIVATE_VERSION"]
        assert len({message.get("version", 0) for message in output.messages} - {0}) == 1

    @pytest.mark.parametrize("stream", ["video_views", "errors", "annotations", "delivery_usage"])
    def test_not_for_records_that_mux_deletes_by_age(self, sandbox: Sandbox, stream: str) -> None:
        assert message_types(read(sandbox, stream), stream) == ["SCHEMA"]
        catalog = catalog_of(stream)
        (entry,) = catalog["streams"]
        entry["replication_method"] = "FULL_TABLE"
        output = read(sandbox, stream, catalog=catalog)
        assert message_types(output, stream) == ["SCHEMA"]

    def test_not_with_a_filter(self, sandbox: Sandbox) -> None:
        output = read(sandbox, "assets", stream_params={"assets": {"upload_id": "u"}})
        assert message_types(output, "assets") == ["SCHEMA"]

    @pytest.mark.parametrize("page", [2, 3])
    @pytest.mark.parametrize("stream", ["assets", "uploads", "incidents"])
    def test_all_records_are_read_if_one_is_deleted_during_the_run(
        self, world: ExplicitWorld, sandbox: Sandbox, stream: str, page: int
    ) -> None:
        world.tables["uploads"] = [{"id": f"upload-{number:03}"} for number in range(250)]
        started = "2026-01-01T00:00:00Z"
        world.tables["incidents"] = [
            {"id": f"incident-{number:03}", "started_at": started} for number in range(250)
        ]
        world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(250)]
        rows = world.asset_rows if stream == "assets" else world.tables[stream]
        asked = itertools.count(1)
        sandbox.faults.add(
            lambda request: request.param("limit") == "100" and next(asked) == page,
            action=lambda _: rows.pop(7),
        )
        output = read(sandbox, stream)
        ids = [record["id"] for record in output.records(stream)]
        assert len(rows) == 249
        assert {row["id"] for row in rows} <= set(ids)
        assert len(ids) == len(set(ids)) <= 250
        assert message_types(output, stream)[-1] == "ACTIVATE_VERSION"

    @pytest.mark.parametrize("stream", ["assets", "webhooks", "incidents"])
    def test_all_records_are_read_if_one_is_replaced_in_each_of_two_readings(
        self, world: ExplicitWorld, sandbox: Sandbox, stream: str
    ) -> None:
        started = "2026-01-01T00:00:00Z"
        for name in ("incidents", "webhooks"):
            world.tables[name] = [
                {"id": f"{name}-{number:03}", "started_at": started} for number in range(250)
            ]
        world.asset_rows = [asset(f"asset-{number:03}", NOW - number) for number in range(250)]
        rows = world.asset_rows if stream == "assets" else world.tables[stream]
        there_all_the_time = {row["id"] for row in rows}
        asked = itertools.count(1)

        def replace(_: object) -> None:
            there_all_the_time.discard(rows.pop(7)["id"])
            late = f"late-{len(there_all_the_time)}"
            rows.append({"id": late, "started_at": started, "created_at": str(NOW - DAY)})

        path = {"assets": ASSETS, "incidents": "/data/v1/incidents"}.get(stream, "webhooks")
        sandbox.faults.add(
            lambda request: path in request.path and next(asked) in {2, 5}, times=2, action=replace
        )
        output = read(sandbox, stream)
        assert len(there_all_the_time) == 248
        assert there_all_the_time <= {record["id"] for record in output.records(stream)}
        assert message_types(output, stream)[-1] == "ACTIVATE_VERSION"

    def test_not_when_a_list_changes_too_often(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        numbers = itertools.count()

        def move(_: object) -> None:
            del world.asset_rows[7]
            world.asset_rows.append(asset(f"late-{next(numbers)}", NOW - DAY))

        sandbox.faults.add(
            lambda request: request.param("cursor") is not None, times=None, action=move
        )
        assert message_types(read(sandbox, "assets"), "assets") == ["SCHEMA", "RECORD"]
        assert "assets may lack records: GET /video/v1/assets gave other records" in caplog.text
        assert "no rows are deleted" in caplog.text

    @pytest.mark.parametrize("status", [400, 403])
    def test_not_when_a_page_is_missing(self, sandbox: Sandbox, status: int) -> None:
        sandbox.faults.add(
            lambda request: request.param("cursor") is not None, times=None, action=Answer(status)
        )
        output = Output()
        with pytest.raises(MuxError, match="assets failed"):
            read(sandbox, "assets", output=output)
        assert message_types(output, "assets") == ["SCHEMA", "RECORD"]

    def test_not_for_one_empty_answer(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.tables["transcription_vocabularies"] = [{"id": "one"}, {"id": "two"}]
        sandbox.faults.add("/transcription-vocabularies", action=Answer(200, {}))
        output = read(sandbox, "transcription_vocabularies")
        ids = [each["id"] for each in output.records("transcription_vocabularies")]
        assert ids == ["one", "two"]

    def test_not_where_mux_counts_more_than_it_gives(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, then = (
            Answer(200, {"data": rows, "total_row_count": 2}) for rows in ([{"id": "one"}], [])
        )
        sandbox.faults.add(lambda request: request.param("page") == "1", times=None, action=first)
        sandbox.faults.add("/uploads", times=None, action=then)
        output = read(sandbox, "uploads")
        assert message_types(output, "uploads") == ["SCHEMA", "RECORD"]
        text = "GET /video/v1/uploads counts 2 records, but gave 1, each time that it was read"
        assert f"uploads may lack records: {text}" in caplog.text
        assert "no rows are deleted" in caplog.text

    @pytest.mark.parametrize("data", [{}, {"basic": [], "advanced": []}])
    def test_not_for_an_answer_without_any_dimension(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, data: Any
    ) -> None:
        sandbox.faults.add("/data/v1/dimensions", times=None, action=Answer(200, {"data": data}))
        assert message_types(read(sandbox, "dimensions"), "dimensions") == ["SCHEMA"]
        assert "dimensions may lack records: GET /data/v1/dimensions gave no" in caplog.text

    def test_not_where_mux_counts_more_related_incidents_than_it_gives(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.tables["incidents"] = [{"id": "one", "started_at": "2026-01-01T00:00:00Z"}]
        first = Answer(200, {"data": [{"id": "two"}], "total_row_count": 2})
        then = Answer(200, {"data": [], "total_row_count": 2})
        sandbox.faults.add(
            lambda request: "/related" in request.path and request.page == 1,
            times=None,
            action=first,
        )
        sandbox.faults.add("/related", times=None, action=then)
        output = read(sandbox, "related_incidents")
        assert message_types(output, "related_incidents") == ["SCHEMA", "RECORD"]

    def test_not_for_an_error_that_looks_like_an_empty_list(self, sandbox: Sandbox) -> None:
        body = {"data": [], "error": {"type": "unavailable", "messages": ["Try later."]}}
        sandbox.faults.add(ASSETS, times=None, action=Answer(200, body))
        output = Output()
        with pytest.raises(MuxError, match=r"assets failed: .* 200 OK \(unavailable: Try later"):
            read(sandbox, "assets", output=output, max_attempts=1)
        assert message_types(output, "assets") == ["SCHEMA"]

    def test_not_when_it_is_not_available(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(ASSETS, times=None, action=Answer(403))
        assert message_types(read(sandbox, "assets"), "assets") == ["SCHEMA"]


class TestPostgres:
    """With target-postgres."""

    def load(self, sandbox: Sandbox, target: Target) -> None:
        """Read all assets and load them, even if reading fails."""
        output = Output()
        try:
            read(sandbox, "assets", output=output)
        finally:
            target.load(*output.messages)

    def rows(self, target: Target) -> dict[str, bool]:
        """Return for each loaded asset whether it is marked as deleted."""
        schema = psycopg.sql.Identifier(target.config["default_target_schema"], "assets")
        settings = {key: postgres()[key] for key in ("host", "port", "user")}
        with psycopg.connect(**settings, dbname="postgres") as connection:
            query = psycopg.sql.SQL("select id, _sdc_deleted_at is not null from {}")
            return dict(connection.execute(query.format(schema)).fetchall())

    @pytest.mark.parametrize("hard", [True, False])
    def test_a_deleted_asset(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        world: ExplicitWorld,
        sandbox: Sandbox,
        *,
        hard: bool,
    ) -> None:
        target = target_postgres(tmp_path)
        target.config.update(add_record_metadata=True, hard_delete=hard)
        self.load(sandbox, target)
        assert self.rows(target) == {row["id"]: False for row in world.asset_rows}

        gone = world.asset_rows.pop(120)["id"]
        later = int(time.time()) + 60
        monkeypatch.setattr("tap_mux.streams.base.MuxStream.table_version", later)
        sandbox.faults.add(
            lambda request: request.param("cursor") is not None, times=1, action=Answer(400)
        )
        with pytest.raises(MuxError, match="assets failed"):
            self.load(sandbox, target)
        assert self.rows(target)[gone] is False
        assert len(self.rows(target)) == 150

        self.load(sandbox, target)
        left = {row["id"]: False for row in world.asset_rows}
        assert self.rows(target) == (left if hard else {**left, gone: True})
