"""Schemas describe what Mux sends, in a form that every loader accepts."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tap_mux.tap import TapMux

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_mux.streams.base import MuxStream

    Schema = dict[str, Any]

TAP = TapMux(config={"token_id": "id", "token_secret": "secret"})
STREAMS: dict[str, MuxStream] = {stream.name: stream for stream in TAP.discover_streams()}
by_stream = pytest.mark.parametrize("name", STREAMS)

GREATEST = 2**63 - 1
"""The greatest integer of a database (BIGINT)."""

PERSONAL = re.compile(
    r"(mux_)?viewer(_user)?_id|(view_)?session_id|(viewer_)?user_agent|\w*creator_id"
    r"|continent_code|country(_code|_name)?|region|metro|city|latitude|longitude|asn(_name)?|isp"
    r"|(viewer_)?ip(_address)?|page_url|custom_\d+"
)
"""Fields that say who or where a viewer is, and custom fields, which may hold anything."""

RESERVED = """
all alter analyse analyze and any array as asc assert_rows_modified asymmetric at between both
by case cast check collate column connect constraint contains create cross cube current
current_catalog current_date current_role current_time current_timestamp current_user default
deferrable define delete desc describe distinct do drop else end enum escape except exclude
exists extract false fetch following for foreign from full grant group grouping groups gscluster
hash having if ignore ilike in increment initially inner insert intersect interval into is issue
join lambda lateral leading left like limit localtime localtimestamp lookup merge minus natural
new no not null nulls of offset on only or order organization outer over partition pivot
pivot_longer pivot_wider placing preceding primary proto qualify range recursive references
regexp respect returning revoke right rlike rollup row rows sample schema select session_user
set show some start struct summarize symmetric system_user table tablesample then to trailing
treat trigger true try_cast unbounded union unique unnest unpivot update user using values
variadic view when whenever where window with within
"""
"""What DuckDB, PostgreSQL, Snowflake or BigQuery reserves, so that it must be in quotes."""

RESERVED_BUT_MEANT = {
    "assets": {"tracks.primary"},  # as Mux calls it
    "monitoring_histograms": {"bucket_values.start", "bucket_values.end"},  # as Mux calls them
}
"""They are inside of JSON, where names are written as texts in most databases."""

SHORTENED = {
    "path": " Up to the path, without user, password, query and fragment, unless "
    "include_credentials is true; null where that may hold a secret.",
    "host": " Scheme, host and port alone, unless include_credentials is true; null where these "
    "are not certain.",
}
"""How descriptions of URLs end."""


def fields(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield all properties at all depths, with their paths."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}{name}", field
        yield from fields(field, f"{path}{name}.")
    if "items" in schema:
        yield from fields(schema["items"], path)


def test_personal_data_is_marked() -> None:
    marked = 0
    for name in STREAMS:
        for path, field in fields(schemas.read(name)):
            if PERSONAL.fullmatch(path.rsplit(".", 1)[-1]) and "object" not in field["type"]:
                assert field["description"].startswith("Personal data: "), f"{name}: {path}"
                marked += 1
    assert marked > 50


def test_one_file_for_each_stream() -> None:
    files = {path.name for path in resources.files(schemas).iterdir() if path.name.endswith("json")}
    assert files == {f"{name}.json" for name in STREAMS}


def test_no_reserved_words() -> None:
    reserved = set(RESERVED.split())
    found = {
        name: {
            path
            for path, _ in fields(schemas.read(name))
            if path.rsplit(".", 1)[-1].lower() in reserved
        }
        for name in STREAMS
    }
    assert {name: paths for name, paths in found.items() if paths} == RESERVED_BUT_MEANT
    assert not reserved & STREAMS.keys()


@by_stream
class TestForm:
    """The form of a schema."""

    def test_types_are_explicit(self, name: str) -> None:
        required = {*STREAMS[name].primary_keys, STREAMS[name].replication_key}
        for path, field in fields(schemas.read(name)):
            types = field["type"]
            if path in required:
                assert isinstance(types, str), path
            else:
                assert isinstance(types, list), path
                assert len(types) == 2, path
                assert types[1] == "null", path
            if "array" in types and "items" in field:
                assert isinstance(field["items"]["type"], str), path

    def test_only_keywords_that_loaders_support(self, name: str) -> None:
        marks = {"x-credential", "x-url"}
        allowed = {"type", "format", "maximum", "description", "properties", "items"} | marks
        for path, field in fields(schemas.read(name)):
            assert field.keys() <= allowed, path
            # target-duckdb makes text of a date.
            assert field.get("format") in {None, "date-time"}, path
            assert re.fullmatch(r"[a-z][a-z0-9_]*", path.rsplit(".", 1)[-1]), path

    def test_integers_have_the_bound_of_a_bigint(self, name: str) -> None:
        # Without it, target-duckdb takes HUGEINT, which Parquet has not.
        for path, field in fields(schemas.read(name)):
            for each in (field, field.get("items", {})):
                bound = GREATEST if "integer" in each.get("type", ()) else None
                assert each.get("maximum") == bound, path

    def test_everything_is_described(self, name: str) -> None:
        schema = schemas.read(name)
        assert "https://www.mux.com/docs/api-reference/" in schema["description"]
        for path, field in fields(schema):
            assert field["description"].endswith("."), path

    def test_urls_say_how_they_are_shortened(self, name: str) -> None:
        for path, field in fields(schemas.read(name)):
            if "x-url" in field:
                assert field["type"] == ["string", "null"], path
                assert field["description"].endswith(SHORTENED[field["x-url"]]), path
                assert "x-credential" not in field, path

    def test_has_its_keys(self, name: str) -> None:
        stream = STREAMS[name]
        properties = schemas.read(name)["properties"]
        assert properties.keys() >= {*stream.primary_keys, "environment_id"}
        assert stream.replication_key is None or stream.replication_key in properties

    def test_file_is_formatted(self, name: str) -> None:
        text = resources.files(schemas).joinpath(f"{name}.json").read_text("utf-8")
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"

    def test_the_catalog_has_it(self, name: str) -> None:
        (entry,) = [entry for entry in TAP.catalog_dict["streams"] if entry["stream"] == name]
        schema = schemas.read(name)
        hidden = schemas.credentials(schema)
        shown = dict(fields(entry["schema"]))
        assert shown.keys() == {path for path, _ in fields(schema) if path not in hidden}
        assert not [path for path, field in shown.items() if {"x-credential", "x-url"} & {*field}]


def test_no_stream_shares_a_name() -> None:
    assert len(STREAMS) == len(ALL_STREAMS)
