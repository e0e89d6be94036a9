"""The vendor's description is read as it is meant, and never for less than it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools.spec import Spec, SpecError

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


class TestEndpoints:
    """Endpoints, and what they take."""

    def test_are_those_of_the_api_that_can_be_read(self) -> None:
        paths = {ASSETS: listing(id=TEXT), "/{ID}/thumbnail.png": {"get": {}}}
        spec = Spec(description({**paths, "/video/v1/uploads/{ID}/cancel": {"put": {}}}))
        assert spec.endpoints == {ASSETS}

    def test_query_is_of_endpoint_and_path_without_what_is_in_the_path(self) -> None:
        own = [{"name": "page", "in": "query"}, {"$ref": "#/components/parameters/Limit"}]
        shared = [{"name": "ID", "in": "path"}, {"name": "cursor", "in": "query"}]
        path = {"get": {"parameters": own}, "parameters": shared}
        document = description({f"{ASSETS}/{{ID}}": path})
        document["components"]["parameters"] = {"Limit": {"name": "limit", "in": "query"}}
        spec = Spec(document)
        assert spec.query(f"{ASSETS}/{{ASSET_ID}}") == {"page", "limit", "cursor"}
        assert spec.query(ASSETS) == set()

    @pytest.mark.parametrize(
        "schema",
        [
            {"enum": ["avg", "sum"]},
            {"type": "array", "items": {"enum": ["avg", "sum"]}},
            refer("Words"),
            {"allOf": [refer("Words")]},
            {"oneOf": [{"enum": ["avg"]}, {"enum": ["sum"]}]},
        ],
    )
    def test_words(self, schema: dict[str, Any]) -> None:
        parameters = [
            {"name": "measurement", "in": "query", "schema": schema},
            {"name": "METRIC", "in": "path", "schema": schema},
            {"name": "page", "in": "query", "schema": {"type": "integer"}},
        ]
        path = "/data/v1/metrics/{METRIC}/overall"
        paths = {path: {"get": {"parameters": parameters}}}
        spec = Spec(description(paths, Words={"enum": ["avg", "sum"]}))
        assert spec.words("/data/v1/metrics/{METRIC_ID}/overall") == {
            "measurement": {"avg", "sum"},
            "METRIC_ID": {"avg", "sum"},
        }
