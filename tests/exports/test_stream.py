"""The stream in the catalog, and with stream maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox import Answer
from mux_sandbox.details import csv_export
from tap_mux import schemas
from tap_mux.tap import TapMux
from tests.exports.stream import (
    LIST,
    STREAM,
    catalog_without,
    day,
    ids,
    publish,
    read,
    records,
    state_of,
)
from tests.support.tapping import Output

if TYPE_CHECKING:
    import pytest

    from mux_sandbox import Sandbox


class TestStream:
    """The stream and its catalog entry."""

    def test_is_not_selected_by_default(self) -> None:
        tap = TapMux(config={"token_id": "id", "token_secret": "secret"})
        (entry,) = [each for each in tap.catalog_dict["streams"] if each["stream"] == STREAM]
        (whole,) = [each["metadata"] for each in entry["metadata"] if not each["breadcrumb"]]
        assert whole["selected-by-default"] is False
        assert list(entry["key_properties"]) == ["view_id"]
        assert entry["replication_key"] == "export_date"
        assert not tap.streams[STREAM].selected

    def test_schema_has_every_column(self) -> None:
        known = schemas.read(STREAM)["properties"].keys()
        for version in range(2, 15):
            columns = csv_export.columns(version)
            assert columns
            assert known >= set(columns)

    def test_without_the_plan_it_is_skipped(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        refusal = {"error": {"type": "forbidden", "message": "Exports are not enabled"}}
        sandbox.faults.add(LIST, times=None, action=Answer(403, refusal))
        assert not records(read(sandbox))
        assert "a plan that includes exports (Media)" in caplog.text

    def test_probe_requests_the_list(self, sandbox: Sandbox) -> None:
        tap = TapMux(config=sandbox.config)
        tap.streams[STREAM].probe()  # type: ignore[attr-defined]
        assert [request.query for request in sandbox.requests_to(LIST)] == [[]]


class TestMaps:
    """Stream maps, flattening and other features of the SDK work."""

    def test_stream_maps(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id,country\na,DE\nb,US\n"})
        maps = {STREAM: {"__filter__": "country == 'DE'", "land": "country.lower()"}}
        (record,) = records(read(sandbox, stream_maps=maps, catalog=catalog_without()))
        assert record["land"] == "de"

    def test_an_alias(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id\na\n"})
        maps = {STREAM: {"__alias__": "bulk"}}
        output = read(sandbox, stream_maps=maps, catalog=catalog_without())
        assert [record["view_id"] for record in output.records("bulk")] == ["a"]

    def test_flattening(self, sandbox: Sandbox) -> None:
        publish(sandbox, {day(1): "view_id\na\n"})
        assert ids(read(sandbox, flattening_enabled=True, flattening_max_depth=1)) == ["a"]

    def test_dry_run(self, sandbox: Sandbox, week: list[str]) -> None:
        output = Output()
        tap = TapMux(config=sandbox.config, message_writer=output)
        tap.run_sync_dry_run(dry_run_record_limit=1, streams=[tap.streams[STREAM]])
        assert ids(output) == week[:1]

    def test_full_table(self, sandbox: Sandbox, week: list[str]) -> None:
        catalog = catalog_without()
        (entry,) = catalog["streams"]
        entry["replication_method"] = "FULL_TABLE"
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["forced-replication-method"] = "FULL_TABLE"
        output = read(sandbox, catalog=catalog, state=state_of(day(1)))
        assert ids(output) == week
