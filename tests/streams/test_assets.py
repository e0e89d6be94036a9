"""The stream assets: all records are read by cursor and normalized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tap_mux.tap import TapMux
from tests.support.log import warned
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, wire_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox

PATH = "/video/v1/assets"


def test_all_pages_are_read_by_cursor(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset(f"asset-{number:03}", NOW - number * HOUR) for number in range(250)]
    records = run_tap(sandbox, "assets").records("assets")
    assert [record["id"] for record in records] == [row["id"] for row in world.asset_rows]
    first, second, third = sandbox.requests_to(PATH)
    assert {request.param("limit") for request in (first, second, third)} == {"100"}
    assert first.param("cursor") is None
    assert len({first.param("cursor"), second.param("cursor"), third.param("cursor")}) == 3
    assert {request.page for request in (first, second, third)} == {None}


def test_an_empty_page_before_the_end_is_not_the_end(
    sandbox: Sandbox,
) -> None:
    pages = [
        {"data": [asset("a", NOW)], "next_cursor": "one"},
        {"data": [], "next_cursor": "two"},
        {"data": [asset("b", NOW)], "next_cursor": None},
    ]
    for page in pages:
        sandbox.faults.add(PATH, action=Answer(200, page))
    assert [record["id"] for record in run_tap(sandbox, "assets").records("assets")] == ["a", "b"]
    assert [request.param("cursor") for request in sandbox.requests_to(PATH)] == [
        None,
        "one",
        "two",
    ]


def test_an_endless_list_fails_the_stream(sandbox: Sandbox) -> None:
    for cursor in ("one", "two", "one"):
        page = {"data": [asset("a", NOW)], "next_cursor": cursor}
        sandbox.faults.add(PATH, action=Answer(200, page))
    with pytest.raises(MuxError, match="same next_cursor twice"):
        run_tap(sandbox, "assets")


def test_created_at_is_a_timestamp_and_absent_keys_stay_absent(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [
        asset(
            "a",
            NOW - DAY,
            recording_times=[{"started_at": "2026-01-02T03:04:05.5Z", "duration": 3, "type": "x"}],
            is_live=True,
            per_title_encode=False,
            tracks=[{"id": "t", "max_channel_layout": "stereo", "duration": 1.5}],
        )
    ]
    (record,) = run_tap(sandbox, "assets").records("assets")
    assert record == {
        **world.asset_rows[0],
        "created_at": tap_time(NOW - DAY),
        "recording_times": [
            {"started_at": "2026-01-02T03:04:05.500000Z", "duration": 3, "type": "x"}
        ],
        "environment_id": "sandbox-environment",
    }


def test_unknown_fields_are_reported_once_and_left_out(
    world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    world.asset_rows = [
        asset(
            f"a{number}", NOW, novelty=1, meta={"title": "t", "mood": "good"}, tracks=[{"hue": 1}]
        )
        for number in range(3)
    ]
    records = run_tap(sandbox, "assets").records("assets")
    assert [(record["meta"], record["tracks"]) for record in records] == [
        ({"title": "t"}, [{}])
    ] * 3
    assert "novelty" not in records[0]
    assert sorted(warning.rsplit(": ", 1)[1] for warning in warned(caplog)) == [
        "meta.mood",
        "novelty",
        "tracks.hue",
    ]


def test_values_that_do_not_fit_become_null_with_a_warning(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    row = asset("a", NOW, created_at="soon", duration="long", meta="none", test="no")
    sandbox.faults.add(PATH, action=Answer(200, {"data": [row]}))
    (record,) = run_tap(sandbox, "assets").records("assets")
    assert [record[key] for key in ("created_at", "duration", "meta", "test")] == [None] * 4
    for path in ("created_at", "duration", "meta", "test"):
        assert f"made null: {path}" in caplog.text


MASTER = {"status": "ready", "url": "https://master.example/file.mp4?signature=s3cr3t"}


class TestCredentials:
    """Credentials are left out unless include_credentials is true."""

    def test_left_out_of_records_and_schema_without_a_warning(
        self, world: ExplicitWorld, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.asset_rows = [asset("a", NOW, master=MASTER)]
        output = run_tap(sandbox, "assets")
        (record,) = output.records("assets")
        assert record["master"] == {"status": "ready"}
        assert output.schema("assets")["properties"]["master"]["properties"].keys() == {"status"}
        assert warned(caplog) == []

    def test_loaded_if_included(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [asset("a", NOW, master=MASTER)]
        output = run_tap(sandbox, "assets", include_credentials=True)
        (record,) = output.records("assets")
        assert record["master"] == MASTER
        schema = output.schema("assets")["properties"]["master"]["properties"]
        assert schema["url"]["type"] == ["string", "null"]
        assert "x-credential" not in schema["url"]

    def test_a_catalog_with_credentials_does_not_include_them(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        catalog = TapMux(config={**sandbox.config, "include_credentials": True}).catalog_dict
        world.asset_rows = [asset("a", NOW, master=MASTER)]
        output = run_tap(sandbox, "assets", catalog=catalog)
        assert output.records("assets")[0]["master"] == {"status": "ready"}
        assert "url" not in output.schema("assets")["properties"]["master"]["properties"]


def test_selection_and_stream_maps_work(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.asset_rows = [asset("a", NOW, passthrough="mine", meta={"title": "t", "creator_id": "c"})]
    catalog = TapMux(config=sandbox.config).catalog_dict
    (entry,) = [entry for entry in catalog["streams"] if entry["stream"] == "assets"]
    for item in entry["metadata"]:
        if item["breadcrumb"] in (["properties", "passthrough"], ["properties", "status"]):
            item["metadata"]["selected"] = False
    maps = {"assets": {"meta": "__NULL__", "label": "record['meta']['title'] + '!'"}}
    output = run_tap(sandbox, "assets", catalog=catalog, stream_maps=maps)
    (record,) = output.records("assets")
    assert record == {
        "id": "a",
        "created_at": tap_time(NOW),
        "label": "t!",
        "environment_id": "sandbox-environment",
    }
    assert "passthrough" not in output.schema("assets")["properties"]


@pytest.mark.parametrize("form", [str, int, wire_time])
def test_shots_may_say_in_any_form_when_they_were_made(
    world: ExplicitWorld, sandbox: Sandbox, form: Callable[[int], object]
) -> None:
    shots = {"status": "completed", "created_at": form(NOW)}
    world.asset_rows = [asset("a", NOW, shots=shots)]
    (record,) = run_tap(sandbox, "assets").records("assets")
    assert record["shots"]["created_at"] == tap_time(NOW)
