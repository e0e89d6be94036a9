"""Which range of time a run reads of an incremental stream, by the bookmark and the settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.api.errors import MuxError
from tap_mux.reading.answers import timestamp_of
from tap_mux.records.timestamps import MisfitError, epoch_seconds, utc_timestamp
from tap_mux.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_mux.records.normalizer import Record

DAY = 86_400


class TimeRange(NamedTuple):
    """A range of time to read, in epoch seconds."""

    start: int | None
    """Its first second; None for as far back as Mux keeps."""

    end: int
    """The second after its last one."""

    unread: int | None
    """Its first second that no earlier run has read; None where that is all of it."""


def is_in(time_range: TimeRange, key: str, now: int) -> Callable[[Record], bool]:
    """Return what tells whether a time range includes a record, where Mux cannot filter.

    Args:
        time_range: The time range. If it ends now, it includes what has come since.
        key: The field of the record with its time.
        now: When the run began, in epoch seconds.
    """
    start = utc_timestamp(time_range.start or 0)
    end = utc_timestamp(time_range.end) if time_range.end < now else None

    def is_included(record: Record) -> bool:
        moment = timestamp_of(record, key)
        return moment >= start and (end is None or moment < end)

    return is_included


def read_bookmark(
    stream: str, state: dict[str, Any], key: str | None, former_keys: Collection[str] = ()
) -> int | None:
    """Return a bookmark in epoch seconds, and bring it into the form that records have.

    Args:
        stream: The name of the stream, for the error.
        state: The state of a partition.
        key: The replication key; None if the stream is not incremental.
        former_keys: What states of earlier versions call it.

    Returns:
        The bookmark; None if there is none.

    Raises:
        MuxError: The bookmark is no moment.
    """
    value = state.get("replication_key_value")
    if key is None or value is None or state.get("replication_key") not in {key, *former_keys}:
        return None
    try:
        moment = utc_timestamp(value)
    except MisfitError:
        text = f"The state of {stream} is not a moment: {value!r}. Fix or delete it"
        raise MuxError(text) from None
    state["replication_key"] = key
    state["replication_key_value"] = moment
    return epoch_seconds(moment)


def time_range_to_read(
    config: Mapping[str, Any], bookmark: int | None, lookback_seconds: int, now: int
) -> TimeRange:
    """Return which range of time is to be read.

    Args:
        config: The settings.
        bookmark: How far the last run came, in epoch seconds; None if there is none.
        lookback_seconds: How far before the bookmark to read again.
        now: When the run began, in epoch seconds.
    """
    start_date = settings.moment(config, "start_date")
    end_date = settings.moment(config, "end_date")
    end = min(now, math.ceil(end_date.timestamp())) if end_date else now
    first = int(start_date.timestamp()) if start_date else None
    if bookmark is None:
        return TimeRange(first, end, None)
    if end_date and end <= bookmark:
        return TimeRange(end, end, None)
    again = max(0, bookmark - lookback_seconds)
    if first is None:
        return TimeRange(again, end, bookmark)
    return TimeRange(max(again, first), end, max(bookmark, first))
