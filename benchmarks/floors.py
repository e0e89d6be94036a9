"""The ideal time for a number of requests, given what the server allows."""

from __future__ import annotations

import heapq
from typing import NamedTuple


class Limits(NamedTuple):
    """Limits of the server, and how far a program uses them."""

    latency: float
    """Seconds until each answer."""

    capacity: float
    """How many requests its bucket holds."""

    refill: float
    """How many requests are added to it each second."""

    reserve: float
    """The part of the bucket that is left for others."""

    in_flight: int
    """How many requests may be in flight at once."""


def ideal_seconds(requests: int, limits: Limits) -> float:
    """Return how long the requests take when each is sent as early as the limits allow.

    Args:
        requests: Number of requests.
        limits: The limits.
    """
    free_at = [0.0] * limits.in_flight
    level, now = limits.capacity, 0.0
    for _ in range(requests):
        later = max(now, heapq.heappop(free_at))
        level = min(limits.capacity, level + (later - now) * limits.refill)
        missing = max(0.0, limits.reserve * limits.capacity + 1 - level)
        level += missing - 1
        now = later + missing / limits.refill
        heapq.heappush(free_at, now + limits.latency)
    return max(free_at)
