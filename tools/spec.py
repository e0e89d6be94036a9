"""The fields of each stream in Mux's description of its API (an OpenAPI file)."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from tap_mux.streams import ALL_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Json = dict[str, Any]

WITHOUT_ENTRY = {
    "dimensions": "Mux lists only names; the tap adds the category of each.",
    "exported_video_views": "The columns of the CSV file are listed on a page about exports.",
    "metric_timeseries": "Mux sends arrays of three values, which have no names.",
}
"""Streams whose fields the description does not name, and why."""

RECORDS_WITHIN = {
    "asset_hotspots": "hotspots",
    "monitoring_breakdown_timeseries": "values",
    "playback_id_hotspots": "hotspots",
    "subview_timeseries": "values",
    "video_hotspots": "hotspots",
}
"""Streams with a record for each item of a list, and the field that has the list."""

_NAMES = re.compile(r"\{([^}]*)\}")
_OF_THE_API = re.compile(r"/\w+/v\d+/")
"""Start of the API's paths. Other paths belong to hosts that send images and videos."""

JOBS = "robot_jobs"
"""A stream that Mux lists in short form; each workflow has an endpoint with the full job."""


class SpecError(Exception):
    """The description does not have a stream or a schema."""


class Spec:
    """Mux's description of its API."""

    def __init__(self, *documents: Json) -> None:
        """Merge the documents.

        Args:
            documents: The description, and documents that add to it.
        """
        self._schemas: Json = {}
        self._parameters: Json = {}
        self._endpoints: Json = {}
        for document in documents:
            self._schemas |= document.get("components", {}).get("schemas", {})
            self._parameters |= document.get("components", {}).get("parameters", {})
            for path, methods in document.get("paths", {}).items():
                if "get" in methods and _OF_THE_API.match(path):
                    shared = methods.get("parameters", [])
                    own = methods["get"].get("parameters", [])
                    endpoint = {**methods["get"], "path": path, "parameters": [*shared, *own]}
                    self._endpoints[unnamed(path)] = endpoint

    @classmethod
    def read(cls, *files: Path) -> Spec:
        """Read the description from files.

        Args:
            files: The description, and files that add to it.
        """
        return cls(*(json.loads(file.read_text("utf-8")) for file in files))

    def streams(self) -> dict[str, dict[str, frozenset[str]]]:
        """Return the fields of all streams that the description has, by name."""
        names = (stream.name for stream in ALL_STREAMS if stream.name not in WITHOUT_ENTRY)
        return {name: self.fields(name) for name in sorted(names)}

    def fields(self, stream: str) -> dict[str, frozenset[str]]:
        """Return the paths of a stream's fields, each with its JSON types.

        A path is as in the schemas of the tap: ``tracks.name`` is the name of each of the tracks.

        Args:
            stream: Name of the stream.

        Raises:
            SpecError: The description does not have the stream.
        """
        (path,) = (unnamed(each.path) for each in ALL_STREAMS if each.name == stream)
        details = re.compile(re.escape(path) + r"/[^/{]+/\{\}")
        found: dict[str, frozenset[str]] = {}
        for endpoint, method in self._endpoints.items():
            if endpoint == path or (stream == JOBS and details.fullmatch(endpoint)):
                for name, types in self._walk(self._data(method)):
                    found[name] = found.get(name, frozenset()) | types
        if (within := RECORDS_WITHIN.get(stream)) is not None:
            if within not in found:
                message = f"The description names no {within} of {stream} (GET {path})"
                raise SpecError(message)
            del found[within]
            found = {name.removeprefix(f"{within}."): types for name, types in found.items()}
        if not found:
            message = f"The description names no fields of {stream} (GET {path})"
            raise SpecError(message)
        return found

    @property
    def endpoints(self) -> frozenset[str]:
        """Paths that can be read, without the names of their parameters."""
        return frozenset(self._endpoints)

    def query(self, path: str) -> frozenset[str]:
        """Return the names of an endpoint's query parameters; none if there is no such endpoint.

        Args:
            path: Its path; the names of its path parameters do not matter.
        """
        return frozenset(each["name"] for each in self._asked(path) if each["in"] == "query")

    def words(self, path: str) -> dict[str, frozenset[str]]:
        """Return the allowed values of an endpoint's parameters that have a fixed list of them.

        Args:
            path: Its path. Path parameters get their names from this path.
        """
        theirs: str = self._endpoints.get(unnamed(path), {}).get("path", "")
        names = zip(_NAMES.findall(theirs), _NAMES.findall(path), strict=False)
        called: dict[str, str] = dict(names)
        found: dict[str, frozenset[str]] = {}
        for each in self._asked(path):
            if words := frozenset(self._choices(each.get("schema", {}))):
                name: str = each["name"]
                found[called.get(name, name)] = words
        return found

    def _asked(self, path: str) -> Iterator[Json]:
        """Yield the parameters of an endpoint."""
        for parameter in self._endpoints.get(unnamed(path), {}).get("parameters", []):
            yield self._resolve(parameter, self._parameters)

    def _choices(self, schema: Json) -> Iterator[str]:
        schema = self._resolve(schema)
        yield from map(str, schema.get("enum", []))
        for option in (*_options(schema), schema.get("items", {})):
            yield from self._choices(option) if option else ()

    def _data(self, method: Json) -> Json:
        """Return the schema of the data in an endpoint's answer."""
        content = method.get("responses", {}).get("200", {}).get("content", {})
        envelope = self._resolve(content.get("application/json", {}).get("schema", {}))
        data: Json = envelope.get("properties", {}).get("data", {})
        return data

    def _walk(
        self, schema: Json, prefix: str = "", within: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield all fields at all depths, in any order, some more than once."""
        if (reference := schema.get("$ref")) is not None:
            if reference not in within:  # a schema may be recursive
                yield from self._walk(self._resolve(schema), prefix, (*within, reference))
            return
        for option in _options(schema):
            yield from self._walk(option, prefix, within)
        for name, field in schema.get("properties", {}).items():
            yield f"{prefix}{name}", frozenset(self._types(field))
            yield from self._walk(field, f"{prefix}{name}.", within)
        if isinstance(schema.get("items"), dict):
            yield from self._walk(schema["items"], prefix, within)

    def _types(self, schema: Json, within: tuple[str, ...] = ()) -> Iterator[str]:
        if (reference := schema.get("$ref")) is not None:
            if reference not in within:
                yield from self._types(self._resolve(schema), (*within, reference))
            return
        types = schema.get("type", [])
        yield from [types] if isinstance(types, str) else types
        if schema.get("nullable"):
            yield "null"
        for option in _options(schema):
            yield from self._types(option, within)

    def _resolve(self, part: Json, parts: Json | None = None) -> Json:
        parts = self._schemas if parts is None else parts
        while "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if name not in parts:
                message = f"The description refers to {part['$ref']}, which it does not have"
                raise SpecError(message)
            part = parts[name]
        return part


def _options(schema: Json) -> Iterable[Json]:
    return chain.from_iterable(schema.get(part, []) for part in ("allOf", "oneOf", "anyOf"))


def unnamed(path: str) -> str:
    """Remove the names of the parameters from a path, since they differ between documents."""
    return _NAMES.sub("{}", path)
