"""Requests that a test sent: how many of them waited for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mux_sandbox.request_log import RequestRecord


def round_trips(requests: Sequence[RequestRecord]) -> int:
    """Return how many requests were sent one after another, each after the answer of the last.

    Args:
        requests: Answered requests in the order in which they came.
    """
    trips: list[int] = []
    for number, request in enumerate(requests):
        before = [
            trip
            for trip, earlier in zip(trips, requests[:number], strict=True)
            if earlier.finished is not None and earlier.finished <= request.started
        ]
        trips.append(1 + max(before, default=0))
    return max(trips, default=0)
