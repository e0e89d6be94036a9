"""Fields that Mux sends and the schemas do not have: kept in one column, if asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.schemas import UNKNOWN_FIELDS
from tap_mux.streams import ALL_STREAMS
from tests.support.changed import changed, read
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import catalog_of, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mux_sandbox import ExplicitWorld, Sandbox

NEW = {"a_new_field": {"a": [1, {}], "its_key": "hush"}, "a_new_token": "hush", "a_new_null": None}
KEPT = {"a_new_field": {"a": [1, {}]}, "a_new_null": None}

PLAIN = {"dimensions", "metric_timeseries"}
"""Streams of which Mux sends no objects, but names and lists."""

LIFTED = {
    "asset_hotspots",
    "monitoring_breakdown_timeseries",
    "playback_id_hotspots",
    "subview_timeseries",
    "video_hotspots",
}
"""Streams whose records are in lists inside of Mux's objects, of which they get the fields."""

FILES = {"exported_video_views"}
"""Streams that are read from files: see tests/exports."""


def with_new_fields(value: Any, depth: int = 0) -> Any:
    """Add the new fields to every object, and one that tells how deep in the answer it is."""
    if isinstance(value, dict):
        old = {name: with_new_fields(inner, depth + 1) for name, inner in value.items()}
        return {**old, **NEW, f"new_at_{depth}": depth}
    return [with_new_fields(inner, depth) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def tomorrow() -> Iterator[Sandbox]:
    """A sandbox in which Mux sends more than the schemas have, in every object."""
    with changed(with_new_fields) as sandbox:
        yield sandbox


def expected(schema: Mapping[str, Any], value: Any, *depths: int) -> Any:
    """Say what is unknown in a value that has been written, if all its objects have new fields."""
    if isinstance(value, dict) and "properties" in schema:
        inner = {
            name: expected(field, value.get(name), depths[-1] + 1)
            for name, field in schema["properties"].items()
        }
        new = KEPT | {f"new_at_{depth}": depth for depth in depths}
        return new | {name: found for name, found in inner.items() if found is not None}
    if isinstance(value, list) and "items" in schema:
        found = [expected(schema["items"], item, *depths) for item in value]
        return found if any(each is not None for each in found) else None
    return None


ALL_KEYS = {stream.name: tuple(stream.primary_keys) for stream in ALL_STREAMS}


def key_of(record: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    """Give the key of a record."""
    return tuple(record[key] for key in keys)


@pytest.mark.parametrize(
    "name", [stream.name for stream in ALL_STREAMS if stream.name not in FILES]
)
def test_all_are_kept_and_nothing_else_changes(tomorrow: Sandbox, name: str) -> None:
    before = read(tomorrow, name)
    after = read(tomorrow, name, keep_unknown_fields=True)
    schema = after.schema(name)
    column = schema["properties"].pop(UNKNOWN_FIELDS)
    assert column["type"] == ["object", "null"]
    assert schema == before.schema(name)

    found = 0
    keys = ALL_KEYS[name]
    without = {key_of(record, keys): record for record in before.records(name)}
    for record in after.records(name):
        unknown = record.pop(UNKNOWN_FIELDS)
        depths = (0, 1) if name in LIFTED else (0,)
        assert unknown == (None if name in PLAIN else expected(schema, record, *depths))
        if key_of(record, keys) in without:  # all but the last seconds of monitoring
            assert record == without[key_of(record, keys)]
            found += 1
    assert found
    if "monitoring" not in name:
        assert found == len(before.records(name)) == len(after.records(name))


class TestAsset:
    """One asset with fields of tomorrow."""

    @pytest.fixture(autouse=True)
    def _assets(self, world: ExplicitWorld) -> None:
        tracks = [{"id": "t1"}, {"id": "t2", "another": 2}]
        world.asset_rows = [
            asset("new", NOW, a_new_field=1, my_token="hush", tracks=tracks),
            asset("old", NOW - 1, tracks=[{"id": "t3"}]),
        ]

    def test_as_documented(self, sandbox: Sandbox) -> None:
        new, old = run_tap(sandbox, "assets", keep_unknown_fields=True).records("assets")
        assert new["unknown_fields"] == {"a_new_field": 1, "tracks": [None, {"another": 2}]}
        assert new["tracks"] == [{"id": "t1"}, {"id": "t2"}]
        assert old["unknown_fields"] is None

    def test_credentials_are_kept_if_asked_for(self, sandbox: Sandbox) -> None:
        settings: dict[str, Any] = {"keep_unknown_fields": True, "include_credentials": True}
        new, _ = run_tap(sandbox, "assets", **settings).records("assets")
        assert new["unknown_fields"].items() >= {"my_token": "hush"}.items()

    @pytest.mark.parametrize(
        ("settings", "fate"),
        [
            ({}, "left out (set keep_unknown_fields to keep it)"),
            ({"keep_unknown_fields": True}, "kept in unknown_fields"),
        ],
    )
    def test_warnings_say_what_becomes_of_them(
        self,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        settings: dict[str, Any],
        fate: str,
    ) -> None:
        run_tap(sandbox, "assets", **settings)
        told = [entry.message for entry in caplog.records if "does not have" in entry.message]
        what = "Mux sends a field that the schema of assets does not have"
        assert sorted(told) == sorted(
            [
                f"{what}; {fate}: a_new_field",
                f"{what}; {fate}: tracks.another",
                f"{what}; left out, since its name is like that of a credential: my_token",
            ]
        )

    def test_a_catalog_from_before(self, sandbox: Sandbox) -> None:
        output = run_tap(sandbox, catalog=catalog_of("assets"), keep_unknown_fields=True)
        assert "unknown_fields" in output.schema("assets")["properties"]
        assert output.records("assets")[0]["unknown_fields"]["a_new_field"] == 1

    def test_a_catalog_from_when_it_was_on(self, sandbox: Sandbox) -> None:
        catalog = catalog_of("assets", keep_unknown_fields=True)
        assert "unknown_fields" in catalog["streams"][0]["schema"]["properties"]
        output = run_tap(sandbox, catalog=catalog)
        plain = run_tap(sandbox, catalog=catalog_of("assets"))
        assert output.schema("assets") == plain.schema("assets")
        assert output.records("assets") == plain.records("assets")

    @pytest.mark.parametrize("before", [{}, {"keep_unknown_fields": True}], ids=["off", "on"])
    def test_deselected(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, before: dict[str, Any]
    ) -> None:
        catalog = catalog_of("assets", **before)
        metadata = catalog["streams"][0]["metadata"]
        breadcrumb = ["properties", "unknown_fields"]
        metadata[:] = [part for part in metadata if part["breadcrumb"] != breadcrumb]
        metadata.append({"breadcrumb": breadcrumb, "metadata": {"selected": False}})
        output = run_tap(sandbox, catalog=catalog, keep_unknown_fields=True)
        assert "unknown_fields" not in output.schema("assets")["properties"]
        assert "unknown_fields" not in output.records("assets")[0]
        assert "; left out: a_new_field" in caplog.text

    def test_deselected_fields_are_not_unknown(self, sandbox: Sandbox) -> None:
        catalog = catalog_of("assets")
        for part in catalog["streams"][0]["metadata"]:
            if part["breadcrumb"][1:] == ["tracks"]:
                part["metadata"]["selected"] = False
        output = run_tap(sandbox, catalog=catalog, keep_unknown_fields=True)
        assert output.records("assets")[0]["unknown_fields"] == {"a_new_field": 1}

    def test_stream_maps(self, sandbox: Sandbox) -> None:
        maps = {"assets": {"a": "(unknown_fields or {}).get('a_new_field')"}}
        output = run_tap(sandbox, "assets", stream_maps=maps, keep_unknown_fields=True)
        assert [record["a"] for record in output.records("assets")] == [1, None]

    def test_flattening(self, sandbox: Sandbox) -> None:
        flat: dict[str, Any] = {"flattening_enabled": True, "flattening_max_depth": 2}
        output = run_tap(sandbox, "assets", **flat, keep_unknown_fields=True)
        new, old = output.records("assets")
        column = output.schema("assets")["properties"]["unknown_fields"]
        assert column["type"] == ["string", "null"]
        assert json.loads(new["unknown_fields"])["a_new_field"] == 1
        assert old["unknown_fields"] is None

    def test_a_field_of_that_name_is_unknown_too(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset("a", NOW, unknown_fields={"a": 1})]
        (record,) = run_tap(sandbox, "assets", keep_unknown_fields=True).records("assets")
        assert record["unknown_fields"] == {"unknown_fields": {"a": 1}}


def test_ignored_fields_are_not_kept(world: ExplicitWorld, sandbox: Sandbox) -> None:
    world.view_rows = [view("a", NOW - HOUR, total_row_count=1), view("b", NOW - HOUR, new="x")]
    output = run_tap(sandbox, "video_views", keep_unknown_fields=True)
    found = {record["id"]: record["unknown_fields"] for record in output.records("video_views")}
    assert found == {"a": None, "b": {"new": "x"}}
