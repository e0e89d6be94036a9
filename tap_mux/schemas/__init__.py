"""One JSON Schema file for each stream, and what its marks mean.

``"x-credential": true`` marks a credential, such as a key or a pre-signed URL. It is left out
unless the user asks for it. ``"x-url": "path"`` marks a URL that a customer gave, and that is shown
up to its path unless the user asks for all of it; ``"x-url": "host"`` one that is shown up to its
host, since its path may be a secret. Marks are ours alone and are not shown to anybody.

Properties are named by their path, such as ``tracks.name`` for the name of each of the tracks.

With the setting ``keep_unknown_fields`` each schema has one property more, UNKNOWN_FIELDS.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Schema = dict[str, Any]

UNKNOWN_FIELDS = "unknown_fields"
"""The column for what Mux sends and the schema does not have."""

_CREDENTIAL = "x-credential"
_URL = "x-url"
_CREDENTIAL_NAMES = re.compile(
    r"secret|private|passphrase|password|stream_key|(^|_)key$|signature|(^|_)token$|temporary_|download_url"
)
_HARMLESS_NAMES = {"download_url_expires_at", "filters_key", "incident_key"}

_UNKNOWN_FIELDS_SCHEMA = {
    "type": ["object", "null"],
    "description": (
        "Fields that Mux sends and the other columns do not have, at the places where Mux sends "
        'them: {"a_new_field": 1, "tracks": [null, {"another": 2}]} if the second of two tracks '
        "has a field that the column tracks does not have. Null if there are none."
    ),
}


def read(stream: str) -> Schema:
    """Read a stream's schema from its file, marks and all.

    Args:
        stream: Name of the stream.
    """
    schema: Schema = msgspec.json.decode(
        resources.files(__name__).joinpath(f"{stream}.json").read_bytes()
    )
    return schema


def paths(schema: Schema) -> frozenset[str]:
    """Return the path of every property, at every depth."""
    return frozenset(path for path, _ in _walk(schema, ""))


def credentials(schema: Schema) -> frozenset[str]:
    """Return the paths of the properties that are marked as credentials."""
    return frozenset(path for path, field in _walk(schema, "") if field.get(_CREDENTIAL))


def urls(schema: Schema) -> dict[str, str]:
    """Return up to which part URLs are shown, by the paths of the properties that are marked."""
    return {path: field[_URL] for path, field in _walk(schema, "") if _URL in field}


def looks_like_credential(name: str) -> bool:
    """Return whether a field has the name of a credential."""
    return _CREDENTIAL_NAMES.search(name) is not None and name not in _HARMLESS_NAMES


def for_catalog(
    schema: Schema, hidden: Collection[str], *, has_unknown_fields: bool | None
) -> Schema:
    """Copy a schema in the form that the catalog shows.

    Args:
        schema: The schema, from its file or from a catalog.
        hidden: Paths of the properties to leave out.
        has_unknown_fields: Whether there is a column for what the schema does not have.
    """
    shown = without(schema, {*hidden, UNKNOWN_FIELDS})
    if has_unknown_fields:
        shown["properties"][UNKNOWN_FIELDS] = dict(_UNKNOWN_FIELDS_SCHEMA)
    return shown


def without(schema: Schema, left_out: Collection[str], prefix: str = "") -> Schema:
    """Copy a schema, leaving out some properties and all marks.

    Args:
        schema: The schema; it is not changed.
        left_out: Paths of the properties to leave out.
        prefix: Path of the schema itself, with a dot behind it.
    """
    copy = {key: value for key, value in schema.items() if key not in {_CREDENTIAL, _URL}}
    if "properties" in copy:
        copy["properties"] = {
            name: without(field, left_out, f"{prefix}{name}.")
            for name, field in copy["properties"].items()
            if f"{prefix}{name}" not in left_out
        }
    if "items" in copy:
        copy["items"] = without(copy["items"], left_out, prefix)
    return copy


def _walk(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{prefix}{name}", field
        yield from _walk(field, f"{prefix}{name}.")
    if isinstance(schema.get("items"), dict):
        yield from _walk(schema["items"], prefix)
