"""The bookmarks that earlier runs left in the state, and the filter that each was made with."""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tap_mux.reading.time_range import read_bookmark
from tap_mux.records.timestamps import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from singer_sdk.helpers.types import Context

    from tap_mux.api.client import Query

FILTER = "stream_params"
"""What the state of a partition has besides its bookmark, if it is of a stream with a filter."""

logger = logging.getLogger(__name__)


class Bookmarks:
    """The bookmarks of one stream. They stay the same while this run moves those in the state."""

    def __init__(self, stream: str, label: str, former_keys: Collection[str]) -> None:
        """Start without any.

        Args:
            stream: The name of the stream, for errors.
            label: The name of the stream in warnings.
            former_keys: What states of earlier versions call the replication key.
        """
        self._stream = stream
        self._label = label
        self._former_keys = former_keys
        self._found: dict[tuple[Any, ...], int | None] = {}
        self.forgotten: list[Context] = []
        """The partitions that earlier runs have read with another filter."""

    def find(
        self,
        partition: Context,
        state_of: Callable[[Context], dict[str, Any]],
        key: str | None,
        query: Query,
        now: int,
    ) -> int | None:
        """Return the bookmark of a partition in epoch seconds; None if there is none.

        Args:
            partition: The partition of the state.
            state_of: Gives the state of a partition.
            key: The replication key; None if the stream is not incremental.
            query: The query parameters that filter the stream.
            now: When the run began, in epoch seconds.

        Raises:
            MuxError: The bookmark is no moment.
        """
        columns = tuple(partition.items())
        if columns not in self._found:
            parts = [str(value) for name, value in columns if name != "environment_id"]
            label = ", ".join([self._label, *parts])
            state = state_of(partition)
            if key is not None and _forget_other_filter(state, query):
                self.forgotten.append(partition)
                logger.warning(
                    "%s is read from the beginning: its bookmark was made with other stream_params",
                    label,
                )
            found = read_bookmark(self._stream, state, key, self._former_keys)
            if found is not None and found > now:
                logger.warning(
                    "The bookmark of %s lies in the future, so nothing is read until then: %s. Fix "
                    "or delete it in the state",
                    label,
                    readable(found),
                )
            self._found[columns] = found
        return self._found[columns]


def _forget_other_filter(state: dict[str, Any], query: Query) -> bool:
    """Note by which filter a bookmark is made, and forget one that another filter made.

    What that filter left out lies before its bookmark, and would never come.

    Args:
        state: The state of a partition. Without a note, it is from a run without a filter, or from
            a version that did not note it.
        query: The query parameters that filter now.

    Returns:
        Whether a bookmark has been forgotten.
    """
    digest = _digest(query)
    has_other = state.get(FILTER) != digest and state.get("replication_key_value") is not None
    if has_other:
        for name in ("replication_key", "replication_key_value", "progress_markers"):
            state.pop(name, None)
    state.pop(FILTER, None)
    if digest:
        state[FILTER] = digest
    return has_other


def _digest(query: Query) -> str | None:
    """Return what tells filters apart, without their values; None if there is no filter."""
    values = {
        name: [value] if isinstance(value, str | int) else value for name, value in query.items()
    }
    sent = sorted((name, str(value)) for name, several in values.items() for value in set(several))
    return sha256(json.dumps(sent).encode()).hexdigest()[:16] if sent else None
