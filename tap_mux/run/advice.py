"""Warnings at the start of a run of what makes it read less than its user may expect.

Each says what to do. None is an error: a program may select streams by a rule, and so select none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_mux.api.errors import MuxError
from tap_mux.settings.settings import moment
from tap_mux.settings.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tap_mux.streams.base import MuxStream

logger = logging.getLogger(__name__)


def warn_of_catalog(named: Iterable[str], streams: Collection[str]) -> None:
    """Warn of streams in a catalog that do not exist.

    Args:
        named: The streams of the catalog.
        streams: The streams that exist.
    """
    for name in named:
        if name not in streams:
            hint = suggestion(name, streams) or ". --discover prints the streams that exist"
            logger.warning("The catalog names a stream that does not exist: %s%s", name, hint)


def warn_of_state(state: Mapping[str, Any], streams: Collection[str]) -> None:
    """Warn of a state that is not of this tap.

    Args:
        state: The state.
        streams: The streams that exist.
    """
    if state and "bookmarks" not in state:
        logger.warning(
            "The state has no bookmarks, so all is read from the beginning. Pass the last STATE "
            "that the target of an earlier run printed"
        )
    if others := sorted(state.get("bookmarks", {}).keys() - {*streams}):
        logger.warning(
            "The state has bookmarks of streams that do not exist: %s. If it is the state of "
            "another tap, pass the last one of tap-mux instead",
            ", ".join(others),
        )


def warn_of_range(config: Mapping[str, Any], streams: Collection[MuxStream]) -> None:
    """Warn of a run without streams, or with a range of time in which there is nothing to read.

    Args:
        config: The settings.
        streams: The selected streams.
    """
    if not streams:
        logger.warning(
            "No stream is selected, so nothing is read. Select streams in the catalog, or with "
            "`meltano select`"
        )
    start, end = moment(config, "start_date"), moment(config, "end_date")
    if start and any(start.timestamp() > stream.now for stream in streams):
        logger.warning(
            "start_date lies in the future, so incremental streams have nothing to read until "
            "then. Set an earlier one"
        )
    if not end:
        return
    behind = [stream.label for stream in streams if _has_read(stream, end.timestamp())]
    if behind:
        logger.warning(
            "Nothing is read of %s: end_date lies before their bookmarks in the state. To read "
            "that time again, run without the state (with Meltano: with a --state-id-suffix that "
            "was not used before)",
            ", ".join(behind),
        )


def _has_read(stream: MuxStream, moment: float) -> bool:
    """Return whether earlier runs have read a stream beyond a moment, in all its partitions."""
    try:
        bookmarks = [stream.bookmark(partition) for partition in stream.partitions]
    except MuxError:  # it is raised again where the stream is read
        return False
    return bool(bookmarks) and all(mark is not None and mark >= moment for mark in bookmarks)
