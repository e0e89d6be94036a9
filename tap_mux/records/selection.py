"""Which fields of a stream are selected.

Fields are named by their path, as in ``schemas``: ``tracks.name``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mux import schemas

if TYPE_CHECKING:
    from singer_sdk import Stream


def is_selected(stream: Stream, path: str) -> bool:
    """Return whether a field is selected.

    Args:
        stream: The stream.
        path: The path of the field.
    """
    return stream.mask[("properties", *path.replace(".", ".properties.").split("."))]


def selected_schema(stream: Stream) -> schemas.Schema:
    """Return the schema of the fields that are selected.

    Args:
        stream: The stream.
    """
    schema = stream.effective_schema
    deselected = [path for path in schemas.paths(schema) if not is_selected(stream, path)]
    return schemas.without(schema, deselected)


def known_paths(stream: Stream) -> frozenset[str]:
    """Return the paths of all fields of Mux that a schema of the stream has, selected or not.

    Args:
        stream: The stream.
    """
    paths = schemas.paths(schemas.read(stream.name)) | schemas.paths(stream.effective_schema)
    return paths - {schemas.UNKNOWN_FIELDS}
