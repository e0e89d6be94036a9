"""What stream maps make of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap

    from tap_mux.records.normalizer import Record


class StreamMapError(Exception):
    """An expression of a stream map fails with the values of a record."""


def map_record(stream_map: StreamMap, record: Record, blank: Record) -> Record | None:
    """Return what a stream map makes of a record; None if it leaves it out.

    Args:
        stream_map: The stream map.
        record: The record.
        blank: All fields of the stream, with null as their value.

    Raises:
        StreamMapError: An expression fails with the values of this record.
        MapExpressionError: An expression cannot be evaluated at all.
    """
    try:
        try:
            return stream_map.transform(record)
        except MapExpressionError:  # the expression may name a field that Mux left out
            return stream_map.transform({**blank, **record})
    except MapExpressionError:
        raise
    except Exception as error:
        # The text of the error may quote the record.
        text = (
            f"The setting stream_maps has an expression for {stream_map.stream_alias} that fails "
            f"with {type(error).__name__}. Let it allow for null, for example: "
            "md5(name) if name else None"
        )
        raise StreamMapError(text) from error
