"""Delivery usage, usage exports and asset inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer
from tests.support.days import TODAY, date
from tests.support.records import DAY, HOUR, NOW, Row, tap_time
from tests.support.tapping import bookmark, catalog_of, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

USAGE = "/video/v1/delivery-usage"
LAST = (NOW - 13 * HOUR) // DAY * DAY
"""End of the last day for which Mux has complete sums."""


def delivery(asset_id: str, hour: int, **fields: Any) -> Row:
    """Make the delivery of an asset in an hour."""
    return {
        "hour": hour,
        "asset_id": asset_id,
        "created_at": str(NOW - 99 * DAY),
        "asset_state": "ready",
        "asset_duration": 10.5,
        "delivered_seconds": 60.0,
        "delivered_seconds_by_resolution": {"tier_720p": 60.0},
        **fields,
    }


class TestDeliveryUsage:
    """Sums of complete days or hours."""

    def test_days(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.tables["delivery_usage"] = [
            delivery(f"asset-{number:03}", hour, **({"live_stream_id": "l"} if number else {}))
            for number in range(120)
            for hour in (LAST - 3 * DAY, LAST - 2 * DAY - HOUR, LAST - HOUR, LAST)
        ]
        output = run_tap(sandbox, "delivery_usage")
        records = output.records("delivery_usage")
        windows = [tap_time(LAST - 3 * DAY), tap_time(LAST - DAY)]
        keys = [(record["window_start"], record["asset_id"]) for record in records]
        assert sorted(keys) == [
            (window, f"asset-{number:03}") for window in windows for number in range(120)
        ]
        assert records[0]["window_end"] == tap_time(LAST - 2 * DAY)
        streams = {record["asset_id"]: record["live_stream_id"] for record in records}
        assert streams["asset-000"] == "(not set)"
        assert streams["asset-001"] == "l"
        seconds = {record["window_start"]: record["delivered_seconds"] for record in records}
        assert seconds == {windows[0]: 120.0, windows[1]: 60.0}
        assert bookmark(output.states[-1], "delivery_usage") == windows[1]

        before = len(sandbox.requests_to(USAGE))
        run_tap(sandbox, "delivery_usage", state=output.states[-1])
        again = {
            int(request.params("timeframe[]")[0]) for request in sandbox.requests_to(USAGE)[before:]
        }
        assert again == {LAST - 3 * DAY, LAST - 2 * DAY, LAST - DAY}

    def test_hours(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        counted = (NOW - 13 * HOUR) // HOUR * HOUR
        world.tables["delivery_usage"] = [
            delivery("asset", counted - HOUR),
            delivery(
                "asset", counted + HOUR
            ),  # one hour is left out, since the test may run over a full hour
        ]
        (record,) = run_tap(
            sandbox,
            "delivery_usage",
            delivery_usage_granularity="hour",
            start_date=tap_time(counted - 3 * HOUR),
        ).records("delivery_usage")
        assert record["window_start"] == tap_time(counted - HOUR)
        assert record["window_end"] == tap_time(counted)
        asked = {tuple(request.params("timeframe[]")) for request in sandbox.requests_to(USAGE)}
        assert len(asked) in {3, 4}

    def test_days_and_hours_have_other_keys(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.tables["delivery_usage"] = [
            delivery("asset", LAST - DAY + hour * HOUR) for hour in range(24)
        ]
        start: Row = {"start_date": tap_time(LAST - DAY), "end_date": tap_time(LAST)}
        days = run_tap(sandbox, "delivery_usage", **start)
        hours = run_tap(sandbox, "delivery_usage", delivery_usage_granularity="hour", **start)
        (schema,) = [message for message in days.messages if message["type"] == "SCHEMA"]
        table: dict[tuple[Any, ...], float] = {}
        for output in (days, hours):
            for record in output.records("delivery_usage"):
                key = tuple(record[name] for name in schema["key_properties"])
                table[key] = record["delivered_seconds"]
        assert len(table) == 1 + 24
        assert sum(table.values()) == 2 * 24 * 60

    @pytest.mark.parametrize("changed", [{}, {"window_end": False}, {"key": ["asset_id"]}])
    def test_a_catalog_of_an_earlier_version(
        self, world: ExplicitWorld, sandbox: Sandbox, changed: dict[str, Any]
    ) -> None:
        world.tables["delivery_usage"] = [delivery("asset", LAST - HOUR)]
        catalog = catalog_of("delivery_usage")
        (entry,) = catalog["streams"]
        entry["key_properties"] = ["asset_id", "live_stream_id", "window_start"]
        entry["key_properties"] = changed.get("key", entry["key_properties"])
        for part in entry["metadata"]:
            if part["breadcrumb"] == ["properties", "window_end"]:
                part["metadata"] = {
                    "inclusion": "available",
                    "selected": changed.get("window_end", True),
                }
        output = run_tap(sandbox, catalog=catalog)
        (schema,) = [message for message in output.messages if message["type"] == "SCHEMA"]
        keys = ["asset_id", "live_stream_id", "window_start", "window_end"]
        assert schema["key_properties"] == changed.get("key", keys)
        (record,) = output.records("delivery_usage")
        assert record["window_end"] == tap_time(LAST)

    def test_reads_the_whole_retention(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        run_tap(sandbox, "delivery_usage")
        assert "are gone" not in caplog.text
        first = min(int(r.params("timeframe[]")[0]) for r in sandbox.requests_to(USAGE))
        assert TODAY - 90 * DAY <= first <= TODAY - 89 * DAY
        run_tap(sandbox, "delivery_usage", start_date=tap_time(NOW - 200 * DAY))
        assert "delivery_usage from" in caplog.text
        assert "are gone: Mux no longer keeps them" in caplog.text


class TestUsageExports:
    """Usage exports."""

    def fill(self, world: ExplicitWorld, days: int, **fields: Any) -> list[str]:
        """Make files of the last days; return when these begin."""
        moments = [tap_time(TODAY - day * DAY) for day in range(1, days + 1)]
        world.tables["usage_exports"] = [
            {"date": moment[:10], "file_size": 5, **fields} for moment in moments
        ]
        return sorted(moments)

    def test_oldest_first_and_then_new_ones(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        dates = self.fill(world, 130)
        output = run_tap(sandbox, "usage_exports")
        records = output.records("usage_exports")
        assert [record["date"] for record in records] == dates
        assert "download_url" not in records[0]
        assert bookmark(output.states[-1], "usage_exports") == dates[-1]
        again = run_tap(sandbox, "usage_exports", state=output.states[-1])
        assert [record["date"] for record in again.records("usage_exports")] == dates[-3:]
        shown = run_tap(sandbox, "usage_exports", include_credentials=True)
        assert shown.records("usage_exports")[0]["download_url"].startswith("https://")

    def test_a_bookmark_may_be_a_date(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        dates = self.fill(world, 130)
        state = run_tap(sandbox, "usage_exports", end_date=dates[-4]).states[-1]
        (part,) = state["bookmarks"]["usage_exports"]["partitions"]
        assert part["replication_key_value"] == dates[-5]
        part["replication_key_value"] = dates[-5][:10]
        again = run_tap(sandbox, "usage_exports", state=state)
        assert [record["date"] for record in again.records("usage_exports")] == dates[-7:]
        assert bookmark(again.states[-1], "usage_exports") == dates[-1]

    @pytest.mark.parametrize("days", [0, 3])
    def test_no_file_yet_is_no_failure(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, days: int
    ) -> None:
        self.fill(world, days, ready_at=NOW + DAY)
        assert run_tap(sandbox, "usage_exports").records("usage_exports") == []
        assert "not available" not in caplog.text
        assert ("still making" in caplog.text) == bool(days)

    def test_switched_off(self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        sandbox.options.usage_exports_enabled = False
        assert run_tap(sandbox, "usage_exports").records("usage_exports") == []
        assert "Skipped usage_exports, which is not available" in caplog.text


class TestAssetInputs:
    """One request for each asset."""

    def test_inputs(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [
            {"id": f"asset-{number:03}", "created_at": str(NOW - number)} for number in range(150)
        ]
        world.tables["asset_inputs"] = [
            {"asset_id": f"asset-{number:03}", "settings": {"url": f"https://{part}", "name": part}}
            for number in range(150)
            for part in ("video", "subtitles")
        ]
        sandbox.faults.add("asset-007/input-info", times=None, action=Answer(412))
        sandbox.faults.add("asset-008/input-info", times=None, action=Answer(404))
        records = run_tap(sandbox, "asset_inputs").records("asset_inputs")
        assert [(record["asset_id"], record["position"]) for record in records] == [
            (f"asset-{number:03}", position)
            for number in range(150)
            for position in (0, 1)
            if number not in {7, 8}
        ]
        assert records[0]["settings"] == {"url": "https://video", "name": "video"}
        asked = [request for request in sandbox.requests if "/input-info" in request.path]
        assert len(asked) == 150

    def test_not_available(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.asset_rows = [{"id": "asset", "created_at": str(NOW)}]
        sandbox.faults.add("input-info", times=None, action=Answer(403))
        assert run_tap(sandbox, "asset_inputs").records("asset_inputs") == []
        assert "Skipped asset_inputs, which is not available" in caplog.text


def test_an_unfinished_export_does_not_hide_earlier_ones(sandbox: Sandbox) -> None:
    row = {"date": date(2)[:10], "file_size": 1}
    answer = {"data": [row], "meta": {"page": 1, "pages": 1, "total": 1}}
    path = "/system/v1/usage/exports"
    sandbox.faults.add(path, times=1, action=Answer(412, {"error": {"type": "not_ready"}}))
    sandbox.faults.add(path, times=None, action=Answer(200, answer))
    records = run_tap(sandbox, "usage_exports").records("usage_exports")
    assert [record["date"] for record in records] == [date(2)]
    ends = [int(request.params("timeframe[]")[1]) for request in sandbox.requests_to(path)]
    assert len(ends) == 2  # the count says that there is no other page
    assert ends[0] - ends[1] == DAY
