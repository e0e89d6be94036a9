"""Sums by interval, whose replication key was the day in earlier versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.streams.periodic.errors import START
from tests.support.days import date, day, since
from tests.support.records import Row, asset
from tests.support.tapping import bookmark, catalog_of, run_tap

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

FORMER = (
    *("errors", "dimension_values", "asset_heatmaps", "asset_hotspots", "playback_id_heatmaps"),
    *("playback_id_hotspots", "video_heatmaps", "video_hotspots"),
)


@pytest.mark.parametrize("stream", FORMER)
def test_a_bookmark_of_an_earlier_version_is_understood(
    world: ExplicitWorld, sandbox: Sandbox, stream: str
) -> None:
    world.asset_rows = [asset("a", day(9))]
    detail = {"asset_id": "a", "playback_id": "p", "video_id": "v", "country_code": "DE"}
    length = {"video_duration": 60_000, "view_max_playhead_position": 60_000}
    world.view_details = {row["id"]: {**detail, **length} for row in world.view_rows}
    settings: Row = {"dimensions": ["country"]}
    begun = {**settings, **since(7), "end_date": date(4)}
    state = run_tap(sandbox, stream, **begun).states[-1]
    (part,) = state["bookmarks"][stream]["partitions"]
    assert part["replication_key_value"] == date(5)
    now = json.dumps(state)
    part |= {"replication_key": "day", "replication_key_value": date(5)[:10]}
    output = run_tap(sandbox, stream, state=state, **settings)
    days = sorted({record[START] for record in output.records(stream)})
    assert days == [date(back) for back in range(7, 0, -1)]
    assert {
        (part["replication_key"], part["replication_key_value"] >= date(5))
        for found in output.states[1:]
        for part in found["bookmarks"][stream]["partitions"]
    } == {(START, True)}
    same = run_tap(sandbox, stream, state=json.loads(now), **settings)
    assert output.states[-1] == same.states[-1]
    assert output.records(stream) == same.records(stream)


def test_a_catalog_of_an_earlier_version_is_understood(sandbox: Sandbox) -> None:
    catalog = catalog_of("errors")
    (entry,) = catalog["streams"]
    for name in ("window_start", "window_end"):
        del entry["schema"]["properties"][name]
    entry["schema"]["properties"]["day"] = {"type": "string", "format": "date"}
    entry |= {"key_properties": ["id", "day"], "replication_key": "day"}
    entry["metadata"] = [each for each in entry["metadata"] if not each["breadcrumb"]]
    entry["metadata"][0]["metadata"] |= {"table-key-properties": ["id", "day"]}
    output = run_tap(sandbox, catalog=catalog, **since(3))
    found = output.records("errors")
    assert [record[START] for record in found] == [date(3), date(2), date(1)]
    assert bookmark(output.states[-1], "errors") == date(1)
    assert found[0].keys() == output.schema("errors")["properties"].keys()
    (schema,) = [message for message in output.messages if message["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["id", START]
    assert schema["bookmark_properties"] == [START]
