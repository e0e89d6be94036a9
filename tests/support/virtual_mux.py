"""A token bucket of Mux in virtual time, and runs of the tap that ask it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tap_mux.api.rate_limit import RateLimiter
from tests.support.buckets import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.virtual import VirtualClock

WORKERS = 8


class Request(NamedTuple):
    """One request, as Mux saw it."""

    at: float
    run: object
    is_granted: bool


@dataclass
class Mux:
    """A token bucket, which may be silent, and which may refuse some requests by chance."""

    clock: VirtualClock
    size: float
    per_second: float
    announced: bool = True
    refused: float = 0.0
    """The part of requests that is refused by chance."""

    retry_after: float | None = None
    """How many seconds it asks to wait where it refuses."""

    seed: int = 0
    lowest: float = 1e9
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start full."""
        self.level = self.size
        self._at = self.clock.now()
        self._chance = random.Random(self.seed)

    def take(self, tokens: float = 1) -> None:
        """Take tokens, as far as there are any."""
        now = self.clock.now()
        self.level = min(self.size, self.level + (now - self._at) * self.per_second)
        self._at = now
        self.level = max(0.0, self.level - tokens)

    def ask(self, run: object) -> tuple[bool, dict[str, str]]:
        """Answer a request: whether it is granted, and the headers."""
        self.take(0)
        by_chance = self._chance.random() < self.refused
        is_granted = self.level >= 1 and not by_chance
        if is_granted:
            self.take()
        self.lowest = min(self.lowest, self.level)
        self.requests.append(Request(self.clock.now(), run, is_granted))
        if not self.announced or by_chance:
            return is_granted, {}
        return is_granted, announced(int(self.size), int(self.level))

    @property
    def refusals(self) -> int:
        """How many requests were refused."""
        return sum(not request.is_granted for request in self.requests)

    def granted(self, since: float = 0.0, until: float = 1e9) -> int:
        """Count the requests that were granted within a time."""
        return sum(each.is_granted and since <= each.at < until for each in self.requests)


class Run:
    """A run of the tap: several workers that send requests to one bucket."""

    def __init__(
        self,
        mux: Mux,
        *,
        requests: float = 1e9,
        seconds: float = 1e9,
        latency: float = 0.1,
        reserve: float = 0.1,
        max_per_second: float | None = None,
        begins_after: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Plan to send some requests, or to go on for some seconds."""
        self.mux = mux
        self.clock = mux.clock
        self.limiter = RateLimiter(reserve=reserve, max_per_second=max_per_second, clock=self.clock)
        self.bucket = self.limiter.bucket(PATH)
        self.ended_at = 0.0
        self._left = requests
        self._until = self.clock.now() + seconds
        self._latency = latency
        self._begins_after = begins_after
        self._chance = random.Random(seed)

    @property
    def workers(self) -> list[Callable[[], None]]:
        """What each of the threads does."""
        return [self._work] * WORKERS

    def _work(self) -> None:
        self.clock.sleep(self._begins_after)
        while self._left > 0 and self.clock.now() < self._until:
            self._left -= 1
            while not self._send():
                pass
        self.ended_at = self.clock.now()

    def _send(self) -> bool:
        permit = self.bucket.acquire(lambda: self.clock.now() >= self._until)
        if permit is None:
            return True
        there = self._chance.uniform(0.3, 0.7) * self._latency
        self.clock.sleep(there)
        is_granted, headers = self.mux.ask(self)
        self.clock.sleep(self._latency - there)
        if is_granted:
            self.bucket.on_response(permit, headers)
        else:
            self.bucket.on_rate_limited(permit, headers, self.mux.retry_after)
        return is_granted


def announced(limit: int, remaining: int) -> dict[str, str]:
    """Give the headers of an answer."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
