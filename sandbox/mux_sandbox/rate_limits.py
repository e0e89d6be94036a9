"""Token buckets, one per environment and API family."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mux_sandbox.families import Family
    from mux_sandbox.options import RateLimit


class Allowance(NamedTuple):
    """What a bucket says to one request."""

    granted: bool
    limit: int
    remaining: int


class RateLimiter:
    """Counts requests against token buckets.

    The buckets run on the real clock, not on the clock of the sandbox: a test that holds time
    still would otherwise never see a bucket fill up again.
    """

    def __init__(self) -> None:
        """Start with full buckets."""
        self._levels: dict[tuple[str, Family], tuple[float, float]] = {}

    def take(self, environment_id: str, family: Family, rate: RateLimit) -> Allowance:
        """Take one request out of a bucket."""
        now = time.monotonic()
        level, seen = self._levels.get((environment_id, family), (rate.capacity, now))
        level = min(rate.capacity, level + (now - seen) * rate.refill_per_second)
        granted = level >= 1
        if granted:
            level -= 1
        self._levels[environment_id, family] = (level, now)
        return Allowance(granted, int(rate.capacity), int(level))
