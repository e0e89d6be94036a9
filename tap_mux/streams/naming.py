"""The errors in settings that name streams, their parameters or their columns."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

from tap_mux import schemas
from tap_mux.settings.suggestion import suggestion
from tap_mux.streams import ALL_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def naming_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield each name that does not exist, as one sentence.

    Args:
        config: Settings that fit their schema.
    """
    yield from _parameter_errors(config)
    yield from _stream_map_errors(config)


def _parameter_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield each error in stream_params: streams and parameters that do not exist."""
    parameters = {stream.name: stream.parameters for stream in ALL_STREAMS}
    for name, query in config.get("stream_params", {}).items():
        if name not in parameters:
            hint = suggestion(name, parameters)
            yield f"stream_params names a stream that does not exist: {name!r}{hint}"
        elif wrong := sorted(query.keys() - parameters[name]):
            takes = ", ".join(sorted(parameters[name])) or "none"
            yield f"stream_params of {name} cannot have {', '.join(wrong)}; it takes {takes}"


def _stream_map_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield an error for each stream map that hides a stream or a column that does not exist.

    The SDK has taken ``__else__`` out before.
    """
    names = [stream.name for stream in ALL_STREAMS]
    for name, mapped in config.get("stream_maps", {}).items():
        columns = mapped if isinstance(mapped, dict) else {}
        source = str(columns.get("__source__", name))
        streams = fnmatch.filter(names, source)
        if not streams:
            hint = suggestion(source, names)
            yield f"stream_maps names a stream that does not exist: {source!r}{hint}"
            continue
        known = {schemas.UNKNOWN_FIELDS}.union(
            *(schemas.read(each)["properties"] for each in streams)
        )
        for column, made in columns.items():
            is_hidden = made in (None, "__NULL__") and not column.startswith("__")
            if is_hidden and column not in known:
                hint = suggestion(column, known)
                yield f"stream_maps hides a column that {name} does not have: {column!r}{hint}"
