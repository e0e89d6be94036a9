"""Entries of a catalog, which may be older than the settings, or written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from singer_sdk.singerlib import Metadata, Schema
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from tap_mux import schemas
from tap_mux.api.errors import MuxError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib import CatalogEntry

    from tap_mux.streams.base import MuxStream

METHODS = (REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL)


def bring_up_to_date(
    entry: CatalogEntry, stream: type[MuxStream], config: Mapping[str, Any], *, is_one_of_many: bool
) -> None:
    """Bring the schema and the keys of an entry into the form of today, by the settings.

    What the entry does not say is filled in as ``--discover`` prints it.

    Args:
        entry: The entry; it is changed.
        stream: The stream that it is for.
        config: The settings.
        is_one_of_many: Whether the run reads several environments.

    Raises:
        MuxError: The entry names a key or a method that the stream does not have.
    """
    whole = schemas.read(entry.tap_stream_id)
    _fill_in(entry, stream, whole)
    hidden = () if config.get("include_credentials") else schemas.credentials(whole)
    keeps = config.get("keep_unknown_fields")
    shown = schemas.for_catalog(entry.schema.to_dict(), hidden, has_unknown_fields=keeps)
    for former in stream.former_replication_keys.intersection(entry.key_properties or ()):
        shown["properties"].pop(former, None)
        entry.key_properties = list(stream.primary_keys)
        entry.replication_key = cast("str", stream.replication_key)
    keys = {*(entry.key_properties or ())} - {"environment_id"}
    if keys and keys == stream.former_primary_keys:
        for gone in stream.former_primary_keys - whole["properties"].keys():
            shown["properties"].pop(gone, None)
        entry.key_properties = list(stream.primary_keys)
    for key in filter(None, (*(entry.key_properties or ()), entry.replication_key)):
        if key not in whole["properties"]:
            text = (
                f"The catalog gives {entry.tap_stream_id} a key that it does not have: {key}. "
                "Take its keys from what --discover prints"
            )
            raise MuxError(text)
        shown["properties"].setdefault(key, whole["properties"][key])
        if entry.metadata:  # without any, all is selected
            entry.metadata["properties", key] = Metadata(Metadata.InclusionType.AUTOMATIC)
    entry.schema = Schema.from_dict(shown)
    if is_one_of_many and stream.ids_repeat and entry.key_properties:
        entry.key_properties = list(dict.fromkeys((*entry.key_properties, "environment_id")))


def _fill_in(entry: CatalogEntry, stream: type[MuxStream], whole: schemas.Schema) -> None:
    """Fill in what the entry does not say."""
    said = entry.metadata.get((), None)
    if not entry.schema.to_dict().get("properties"):
        entry.schema = Schema.from_dict(whole)
    if entry.key_properties is None:
        keys = getattr(said, "table_key_properties", None) or stream.primary_keys
        entry.key_properties = list(keys)
    method = entry.replication_method or getattr(said, "forced_replication_method", None)
    if method not in {None, *METHODS}:
        text = (
            f"The catalog gives {entry.tap_stream_id} a replication method that it does not have: "
            f"{method}. There are {' and '.join(METHODS)}"
        )
        raise MuxError(text)
    key = entry.replication_key or getattr(said, "replication_key", None)
    own_key = getattr(stream, "replication_key", None)
    if key is None and method != REPLICATION_FULL_TABLE and isinstance(own_key, str):
        entry.replication_key = own_key
