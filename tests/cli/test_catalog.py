"""The catalog that a run is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.log import one_line, warnings_in
from tests.support.records import HOUR, NOW, asset, view
from tests.support.tapping import bookmark, catalog_of, messages, run_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

    Change = Callable[[dict[str, Any]], object]
    """Changes the entry of a stream."""


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.view_rows = [view("a", NOW - HOUR)]


class TestCatalog:
    """The file with the catalog."""

    @pytest.mark.parametrize(
        ("catalog", "message"),
        [
            ("assets", "The file with the catalog is no JSON"),
            ('{"streams": null}', "The file with the catalog is not what --discover prints"),
            ('{"streams": [{}]}', "The file with the catalog is not what --discover prints"),
        ],
    )
    def test_an_invalid_catalog(
        self, tmp_path: Path, sandbox: Sandbox, catalog: str, message: str
    ) -> None:
        done = run_with(tmp_path, sandbox, "--catalog", catalog)
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                lambda entry: entry.update(key_properties=["nope"]),
                "The catalog gives video_views a key that it does not have: nope. Take its keys",
            ),
            (
                lambda entry: entry.update(replication_key="nope", metadata=[]),
                "The catalog gives video_views a key that it does not have: nope. Take its keys",
            ),
            (
                lambda entry: entry.update(replication_method="LOG_BASED", metadata=[]),
                "that it does not have: LOG_BASED. There are FULL_TABLE and INCREMENTAL",
            ),
            (
                lambda entry: entry["schema"].update(properties=[]),
                "The file with the catalog is not what --discover prints",
            ),
        ],
    )
    def test_an_entry_that_asks_for_what_there_is_not(
        self, tmp_path: Path, sandbox: Sandbox, change: Change, message: str
    ) -> None:
        catalog = catalog_of("video_views")
        change(catalog["streams"][0])
        done = run_with(tmp_path, sandbox, "--catalog", catalog)
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""

    @pytest.mark.parametrize(
        "change",
        [
            lambda entry: entry["schema"].pop("properties"),
            lambda entry: entry.pop("schema"),
            lambda entry: entry.pop("key_properties"),
            lambda entry: [entry["schema"]["properties"].pop(key) for key in ("id", "view_end")],
            lambda entry: [entry.pop(name) for name in {*entry} - {"tap_stream_id"}],
            lambda entry: deselect(entry, "id", "view_end"),
        ],
    )
    def test_what_an_entry_does_not_say_is_as_discovered(
        self, tmp_path: Path, sandbox: Sandbox, change: Change
    ) -> None:
        catalog = catalog_of("video_views")
        change(catalog["streams"][0])
        schema, *others = messages(run_with(tmp_path, sandbox, "--catalog", catalog).stdout)
        assert schema["key_properties"] == ["id"]
        assert schema["schema"]["properties"].keys() >= {"id", "view_end", "video_title"}
        (record,) = [message["record"] for message in others if message["type"] == "RECORD"]
        assert record["id"] == "a"
        assert bookmark(others[-1]["value"]) == record["view_end"]

    def test_an_object_without_properties_is_as_mux_sends_it(
        self, tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.asset_rows = [asset("a", NOW, meta={"title": "A title"})]
        catalog = catalog_of("assets")
        del catalog["streams"][0]["schema"]["properties"]["meta"]["properties"]
        schema, record, _ = messages(run_with(tmp_path, sandbox, "--catalog", catalog).stdout)
        assert "properties" not in schema["schema"]["properties"]["meta"]
        assert record["record"]["meta"] == {"title": "A title"}


class TestSelection:
    """Catalogs that select less than their user may think."""

    @pytest.mark.parametrize("streams", [[], ["assets", "video_views"]])
    def test_nothing(self, tmp_path: Path, sandbox: Sandbox, streams: list[str]) -> None:
        catalog = catalog_of(*streams)
        for entry in catalog["streams"]:
            deselect(entry)
        done = run_with(tmp_path, sandbox, "--catalog", catalog)
        assert (done.returncode, done.stdout) == (0, "")
        (line,) = warnings_in(done.stderr)
        assert "No stream is selected, so nothing is read. Select streams in the" in line

    def test_streams_that_do_not_exist(self, tmp_path: Path, sandbox: Sandbox) -> None:
        catalog = catalog_of("video_views")
        (entry,) = catalog["streams"]
        catalog["streams"] += [{**entry, "tap_stream_id": name} for name in ("asets", "zzz")]
        done = run_with(tmp_path, sandbox, "--catalog", catalog)
        assert done.returncode == 0
        first, second = warnings_in(done.stderr)
        assert "a stream that does not exist: asets, did you mean assets?" in first
        assert "a stream that does not exist: zzz. --discover prints the streams" in second
        assert {message.get("stream") for message in messages(done.stdout)} <= {
            "video_views",
            None,
        }


def deselect(entry: dict[str, Any], *fields: str) -> None:
    """Deselect fields of a stream; the stream itself if none is named."""
    paths = [["properties", name] for name in fields] or [[]]
    kept = [part for part in entry["metadata"] if part["breadcrumb"] not in paths]
    more = [{"breadcrumb": path, "metadata": {"selected": False}} for path in paths]
    entry["metadata"] = [*kept, *more]
