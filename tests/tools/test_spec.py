"""The vendor's description is read as it is meant, and never for less than it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.streams import ALL_STREAMS
from tools.fields import main
from tools.spec import RECORDS_WITHIN, WITHOUT_ENTRY, Spec, SpecError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"type": "string"}
ASSETS = "/video/v1/assets"


def answer(data: dict[str, Any]) -> dict[str, Any]:
    """Describe an endpoint by the data that it answers with."""
    schema = {"type": "object", "properties": {"data": data}}
    return {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}


def listing(**fields: dict[str, Any]) -> dict[str, Any]:
    """Describe an endpoint that lists records of some fields."""
    return answer({"type": "array", "items": {"type": "object", "properties": fields}})


def description(paths: dict[str, Any], **named: dict[str, Any]) -> dict[str, Any]:
    """Describe an API by its endpoints and the schemas that they refer to."""
    return {"paths": paths, "components": {"schemas": named}}


def refer(name: str) -> dict[str, Any]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def whole_api() -> dict[str, Any]:
    """Describe an endpoint of every stream that can be described."""
    paths = {}
    for stream in ALL_STREAMS:
        if stream.name not in WITHOUT_ENTRY:
            inner = {"type": "array", "items": {"properties": {"b": TEXT, "a": TEXT}}}
            paths[stream.path] = listing(**{RECORDS_WITHIN.get(stream.name, "data"): inner})
    return description(paths)


class TestFields:
    """Fields of a stream, with their types."""

    def test_of_all_depths(self) -> None:
        track = {"type": "object", "properties": {"name": TEXT}}
        spec = Spec(
            description(
                {ASSETS: listing(id=TEXT, tracks={"type": "array", "items": refer("Track")})},
                Track=track,
            )
        )
        assert spec.fields("assets") == {
            "id": {"string"},
            "tracks": {"array"},
            "tracks.name": {"string"},
        }

    @pytest.mark.parametrize(
        ("field", "types"),
        [
            (TEXT, {"string"}),
            ({"type": ["string", "null"]}, {"string", "null"}),
            ({"type": "integer", "nullable": True}, {"integer", "null"}),
            ({"oneOf": [{"type": "integer"}, TEXT]}, {"integer", "string"}),
            ({"allOf": [refer("Word")]}, {"string"}),
            (refer("Word"), {"string"}),
        ],
    )
    def test_types(self, field: dict[str, Any], types: set[str]) -> None:
        spec = Spec(description({ASSETS: listing(id=field)}, Word=TEXT))
        assert spec.fields("assets") == {"id": types}

    def test_of_all_options(self) -> None:
        options = {part: [{"properties": {part: TEXT}}] for part in ("allOf", "anyOf", "oneOf")}
        spec = Spec(description({ASSETS: answer({"items": options})}))
        assert spec.fields("assets").keys() == {"allOf", "anyOf", "oneOf"}

    def test_of_a_schema_that_holds_itself(self) -> None:
        node = {"properties": {"id": TEXT, "parent": refer("Node")}}
        spec = Spec(description({ASSETS: answer(refer("Node"))}, Node=node))
        assert spec.fields("assets").keys() == {"id", "parent"}

    def test_of_items_that_become_records(self) -> None:
        spots = {"type": "array", "items": {"properties": {"score": {"type": "number"}}}}
        path = "/data/v1/engagement/assets/{ANY_NAME}/hotspots"
        spec = Spec(description({path: listing(hotspots=spots, total_views={"type": "integer"})}))
        assert spec.fields("asset_hotspots") == {"score": {"number"}, "total_views": {"integer"}}

    def test_of_each_workflow(self) -> None:
        jobs = "/robots/v0/jobs"
        paths = {
            jobs: listing(id=TEXT),
            f"{jobs}/summarize/{{JOB_ID}}": answer({"properties": {"outputs": {"type": "object"}}}),
            f"{jobs}/moderate/{{JOB_ID}}": answer({"properties": {"errors": {"type": "array"}}}),
            f"{jobs}/moderate/{{JOB_ID}}/more": answer({"properties": {"more": TEXT}}),
        }
        assert Spec(description(paths)).fields("robot_jobs").keys() == {"id", "outputs", "errors"}

    def test_of_several_files(self, tmp_path: Path) -> None:
        one, more = tmp_path / "one.json", tmp_path / "more.json"
        one.write_text(json.dumps(description({ASSETS: listing(id=TEXT)})))
        more.write_text(json.dumps({"paths": {"/system/v1/webhooks": listing(address=TEXT)}}))
        spec = Spec.read(one, more)
        assert spec.fields("assets").keys() == {"id"}
        assert spec.fields("webhooks").keys() == {"address"}


class TestNothingSaid:
    """A stream that the description does not tell of is an error, never a stream without fields."""

    @pytest.mark.parametrize(
        "paths",
        [
            {},
            {ASSETS: {"post": {}}},
            {ASSETS: {"get": {"responses": {"201": {}}}}},
            {ASSETS: answer({"type": "array"})},
            {ASSETS: listing()},
        ],
    )
    def test_of_a_stream(self, paths: dict[str, Any]) -> None:
        with pytest.raises(SpecError, match="no fields of assets"):
            Spec(description(paths)).fields("assets")

    def test_of_items_that_become_records(self) -> None:
        path = "/data/v1/engagement/assets/{ASSET_ID}/hotspots"
        with pytest.raises(SpecError, match="no hotspots of asset_hotspots"):
            Spec(description({path: listing(total_views=TEXT)})).fields("asset_hotspots")

    def test_of_a_schema(self) -> None:
        with pytest.raises(SpecError, match="refers to #/components/schemas/Gone"):
            Spec(description({ASSETS: listing(id=refer("Gone"))})).fields("assets")


class TestCommand:
    """``python -m tools.fields``."""

    def test_writes_names_in_order_and_nothing_else(self, tmp_path: Path) -> None:
        source, output = tmp_path / "spec.json", tmp_path / "fields.json"
        source.write_text(json.dumps(whole_api()))
        main([str(source), "--output", str(output)])
        written = json.loads(output.read_text("utf-8"))
        assert list(written) == sorted(s.name for s in ALL_STREAMS if s.name not in WITHOUT_ENTRY)
        assert written["assets"] == ["data", "data.a", "data.b"]
        assert written["asset_hotspots"] == ["a", "b"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (None, "No such file"),
            ("{", "Expecting property name"),
            ("{}", "names no fields of annotations"),
        ],
    )
    def test_writes_nothing_of_what_it_cannot_use(
        self, tmp_path: Path, text: str | None, message: str
    ) -> None:
        source, output = tmp_path / "spec.json", tmp_path / "fields.json"
        if text is not None:
            source.write_text(text)
        with pytest.raises(SystemExit, match=message):
            main([str(source), "--output", str(output)])
        assert not output.exists()
