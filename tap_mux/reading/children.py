"""Reading what belongs to each record of a list, such as the inputs of each asset."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from tap_mux.api.errors import APIError, NoneAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_mux.api.workers import WorkerPool
    from tap_mux.records.normalizer import Record


def fetch_children(
    workers: WorkerPool, fetch: Callable[[Record], list[Record]], parents: Iterable[Record]
) -> Iterator[list[Record]]:
    """Read the children of each record of a list, several at a time.

    Args:
        workers: Sends several requests at a time.
        fetch: Reads the children of one record.
        parents: The records.

    Yields:
        The children of each record, in the order of the records; nothing for a record that has been
        deleted since it was listed.

    Raises:
        MuxError: A request failed for good, or every request returned 404.
    """
    has_found_any = False
    gone: APIError | None = None
    results = workers.map(partial(_children_or_error, fetch), parents)
    with closing(results):
        for result in results:
            if isinstance(result, APIError):
                gone = result
            else:
                has_found_any = True
                yield result
    if gone and not has_found_any:
        raise NoneAvailableError(gone)


def _children_or_error(
    fetch: Callable[[Record], list[Record]], parent: Record
) -> list[Record] | APIError:
    try:
        return fetch(parent)
    except APIError as error:
        if error.is_not_found:
            return error
        raise
