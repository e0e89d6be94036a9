"""How fast Mux may be asked: a token bucket for each part of its API.

Mux has a token bucket for each environment and part of its API. Each answer says in
``X-RateLimit-Limit`` how many tokens the bucket holds, and in ``X-RateLimit-Remaining`` how many
are left. Mux fills a bucket in 20 seconds. The customer's own programs take from the same buckets,
so a reserve is left for them.

An example. A bucket holds 100 tokens, and a reserve of 0.1 is to be left: 10. The first answer says
that 99 are left. So we send 89 requests as fast as we can, until 10 are left. Mux adds at least 5 a
second, so the next request is sent after 0.2 seconds. Its answer says how many are left:

- 14, since Mux adds more than that. So we send 4 at once.
- 3, since another program took the others. So we wait for Mux to add 8, in 1.6 seconds. After one
  second we send one request nevertheless, and its answer tells whether the other program has ended.

So another program never makes us wait longer than a second for news (three in a bucket of 20, to
which Mux adds only one a second). All requests in flight count as taken.

Where Mux announces nothing, the rate climbs from 5 a second until Mux refuses: see ``pace``.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tap_mux.api.level import Level
from tap_mux.api.pace import Pace
from tap_mux.api.waiting import Waiting
from tap_mux.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_mux.api.level import Permit

RATE = 5.0
"""Requests a second where Mux announces no limit, to begin with."""

RATE_OF_MONITORING = 1.0
MIN_WAIT_SECONDS = 0.001
MAX_WAIT_SECONDS = 3600.0


class RateLimiter:
    """The token buckets of one Mux environment."""

    def __init__(
        self, *, reserve: float, max_per_second: float | None, clock: Clock | None = None
    ) -> None:
        """Start without knowing the limits.

        Args:
            reserve: The part of each bucket, 0 to 0.9, that is left for others.
            max_per_second: An upper bound on requests a second, whatever Mux allows; None for none.
            clock: The time; the real one if None.
        """
        self._reserve = reserve
        self._most = max_per_second or math.inf
        self.clock = clock or Clock()
        self._buckets: dict[str, Bucket] = {}
        self._woken = self.clock.condition()

    def bucket(self, path: str) -> Bucket:
        """Return the bucket that a request takes from.

        Args:
            path: The request's path, such as ``/video/v1/assets``.
        """
        family = part_of_api(path)
        with self._woken:
            if family not in self._buckets:
                rate = RATE_OF_MONITORING if family == "monitoring" else RATE
                pace = Pace(rate, self._most)
                self._buckets[family] = Bucket(Level(self._reserve), pace, self.clock)
            return self._buckets[family]

    def sleep(self, seconds: float, is_cancelled: Callable[[], bool]) -> None:
        """Wait as long, unless the request is cancelled.

        Args:
            seconds: How long.
            is_cancelled: As in ``Bucket.acquire``.
        """
        with self._woken:
            end = self.clock.now() + seconds
            while not is_cancelled() and self.clock.now() < end:
                self._woken.wait(max(end - self.clock.now(), MIN_WAIT_SECONDS))

    def wake(self) -> None:
        """Let all who wait look whether their request is still wanted."""
        with self._woken:
            self._woken.notify_all()
            for bucket in self._buckets.values():
                bucket.wake()


def part_of_api(path: str) -> str:
    """Return the part of the API with a bucket of its own: video, data, monitoring, ..."""
    parts = path.split("/")
    monitoring = parts[1] == "data" and parts[3:4] in (["monitoring"], ["realtime"])
    return "monitoring" if monitoring else parts[1]


class Bucket:
    """One token bucket of Mux, used by any number of threads.

    Each request calls ``acquire`` before, and ``on_response`` or ``on_rate_limited`` after.
    """

    def __init__(self, level: Level, pace: Pace, clock: Clock) -> None:
        """Start with no request.

        Args:
            level: What Mux announces.
            pace: What refusals tell.
            clock: The time.
        """
        self._level = level
        self._pace = pace
        self._clock = clock
        self._changed = clock.condition()
        self._short_since: float | None = None

    def acquire(self, is_cancelled: Callable[[], bool]) -> Permit | None:
        """Wait until a request may be sent, and count it.

        Args:
            is_cancelled: Tells whether the request is no longer wanted. Whoever changes what it
                tells calls ``wake``.

        Returns:
            The permit; None if the request was cancelled.
        """
        with self._changed:
            came_at = self._clock.now()
            while not is_cancelled():
                now = self._clock.now()
                free_at = self._free_at(now)
                if free_at <= now:
                    if now == came_at:
                        self._short_since = None
                    self._pace.on_send(now)
                    return self._level.take(now)
                if self._short_since is None:
                    self._short_since = now
                seconds = max(free_at - now, MIN_WAIT_SECONDS)
                self._changed.wait(min(seconds, MAX_WAIT_SECONDS))
        return None

    def wake(self) -> None:
        """Let all who wait look whether their request is still wanted."""
        with self._changed:
            self._changed.notify_all()

    @property
    def waiting(self) -> Waiting:
        """How requests wait for this bucket."""
        with self._changed:
            now = self._clock.now()
            seconds = 0.0 if self._short_since is None else now - self._short_since
            return Waiting(seconds, self._level.is_shared(now))

    def on_response(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Learn from an answer that is no 429, or from the lack of one.

        Args:
            permit: That of the request.
            headers: Headers of the answer.
        """
        with self._changed:
            self._pace.on_answer(permit.sent_at)
            self._level.on_answer(permit, headers, self._clock.now())
            self._changed.notify_all()

    def on_rate_limited(
        self, permit: Permit, headers: Mapping[str, str], retry_after: float | None
    ) -> None:
        """Slow all requests down after a 429.

        Args:
            permit: That of the request.
            headers: Headers of the answer.
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
        """
        with self._changed:
            now, announced = self._clock.now(), self._level.is_announced
            self._pace.on_refusal(permit.sent_at, now, retry_after, is_announced=announced)
            self._level.on_answer(permit, headers, now)
            self._changed.notify_all()

    def _free_at(self, now: float) -> float:
        """Return when a request may be sent."""
        if self._level.is_first_answer_awaited:
            return math.inf  # it tells what the limit is
        by_pace = self._pace.free_at(now, is_announced=self._level.is_announced)
        return max(by_pace, self._level.free_at(now))
