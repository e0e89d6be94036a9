"""How fast Mux may be asked: a token bucket for each part of its API.

Mux has a token bucket for each environment and part of its API. Each answer says in
``X-RateLimit-Limit`` how many tokens the bucket holds and in ``X-RateLimit-Remaining`` how many are
left. Mux refills a bucket in about 20 seconds. The customer's own programs take from the same
buckets, so a reserve is left for them.

An example. A bucket holds 100 tokens, and a reserve of 0.1 is to be left: 10. The first answer says
that 99 are left. So we send 89 requests as fast as we can, and none when 10 are left. Mux adds 5 a
second, so the next request is sent after 0.2 seconds. Its answer says how many are left now:

- 14, since Mux adds more than we thought. We send 4 at once. From now on we wait a shorter time.
- 3, since another program took the others. We send none until 11 are left, in 1.6 seconds. After
  one second we send one nevertheless, to see whether the other program has ended.

So what we think of the bucket is never older than a second, and what another program does now is no
reason to wait later. While answers overlap, all requests in flight count as taken.

Where Mux announces nothing, the rate is fixed, and refusals lower it for a while: see ``pace``.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import math
import random
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tap_mux.api.clock import Clock
from tap_mux.api.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RATE = 5.0
"""Requests a second where Mux announces no limit."""

RATE_OF_MONITORING = 1.0
SECONDS_TO_REFILL = 20.0
"""How long an empty bucket takes to fill, at most."""

LOOK_SECONDS = 1.0
"""How long it takes until a request is sent, though too few tokens were left."""

LOOK_TOKENS = 3
"""It takes longer in a small bucket, until Mux has added so many: a look takes one of them."""

SECONDS_SHARED = 30.0
"""How long another program that took tokens is believed to go on."""

MAX_PAUSE_SECONDS = 60.0
_MIN_WAIT_SECONDS = 0.001
_MAX_DIGITS = 9
"""A header with a longer number is as good as none."""


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
        self._max_per_second = max_per_second or math.inf
        self._clock = clock or Clock()
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def bucket(self, path: str) -> Bucket:
        """Return the bucket that a request takes from.

        Args:
            path: The request's path, such as ``/video/v1/assets``.
        """
        family = part_of_api(path)
        with self._lock:
            if family not in self._buckets:
                rate = RATE_OF_MONITORING if family == "monitoring" else RATE
                self._buckets[family] = Bucket(
                    rate, self._reserve, self._max_per_second, self._clock
                )
            return self._buckets[family]

    def wake(self) -> None:
        """Let all who wait look whether their request is still wanted."""
        with self._lock:
            buckets = list(self._buckets.values())
        for bucket in buckets:
            bucket.wake()


def part_of_api(path: str) -> str:
    """Return the part of the API with a bucket of its own: video, data, monitoring, ..."""
    parts = path.split("/")
    monitoring = parts[1] == "data" and parts[3:4] in (["monitoring"], ["realtime"])
    return "monitoring" if monitoring else parts[1]


class Permit(NamedTuple):
    """Permission to send one request."""

    sent_at: float
    answered_before: int
    """How many requests had been answered."""


class Waiting(NamedTuple):
    """How requests wait for a bucket."""

    seconds: float
    """How long any of them have waited in all; what several wait together counts once."""

    since: float | None
    """Since when one waits; None if none does."""

    until: float
    """When the next of them is sent."""

    is_shared: bool
    """Whether another program seems to take from the bucket, too."""


class Bucket:
    """One token bucket of Mux, as far as it is known.

    Each request calls ``acquire`` before, and ``on_response`` or ``on_rate_limited`` after.
    """

    def __init__(self, rate: float, reserve: float, max_per_second: float, clock: Clock) -> None:
        """Start without knowing the limit.

        Args:
            rate: Requests a second until Mux announces its limit.
            reserve: The part of the bucket, 0 to 0.9, that is left for others.
            max_per_second: An upper bound on requests a second, whatever Mux allows.
            clock: The time.
        """
        self._clock = clock
        self._changed = clock.condition()
        self._reserve = reserve
        self._max_per_second = max_per_second
        self._rate = min(rate, max_per_second)
        self._pace = Pace()
        self._limit = 0
        self._floor = 0.0
        self._refill = 0.0  # so many tokens a second at least
        self._level = self._level_at = 0.0  # so many tokens at least, at this time
        self._seen = (0.0, 0.0, 0)
        self._latest: deque[float] = deque(maxlen=128)
        self._sent = self._answered = 0
        self._sent_at = self._refused_at = self._paused_until = -math.inf
        self._refused_in_a_row = 0
        self._waiting = 0
        self._waited = self._waiting_since = self._waiting_until = 0.0
        self._shared_at = -math.inf

    def acquire(self, is_cancelled: Callable[[], bool]) -> Permit | None:
        """Wait until a request may be sent, and count it.

        Args:
            is_cancelled: Tells whether the request is no longer wanted. Who makes it say so calls
                ``wake``.

        Returns:
            The permit; None if the request was cancelled.
        """
        with self._changed:
            if not self._waiting:
                self._waiting_since = self._clock.now()
            self._waiting += 1
            try:
                while not is_cancelled():
                    now = self._clock.now()
                    seconds = self._free_at(now) - now
                    if seconds <= 0:
                        return self._send(now)
                    self._waiting_until = now + seconds
                    self._changed.wait(max(seconds, _MIN_WAIT_SECONDS))
            finally:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += self._clock.now() - self._waiting_since
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
            since = self._waiting_since if self._waiting else None
            seconds = self._waited + (0.0 if since is None else now - since)
            return Waiting(seconds, since, self._waiting_until, self._is_shared(now))

    def on_response(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Learn from an answer that is no 429.

        Args:
            permit: That of the request.
            headers: Headers of the answer.
        """
        with self._changed:
            self._refused_in_a_row = 0
            self._pace.on_answer(permit.sent_at)
            self._learn(permit, headers)
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
            now = self._clock.now()
            chance = random.random()  # noqa: S311 - spreads load, guards nothing
            self._level = min(self._level_now(now), self._floor)
            self._level_at = now
            self._pace.on_refusal(permit.sent_at, now, math.inf if self._limit else self._rate)
            pause = 0.0 if retry_after is None else retry_after + chance
            if permit.sent_at >= self._refused_at:
                self._refused_in_a_row += 1
                self._refused_at = now
                if retry_after is None and self._refused_in_a_row > 1:
                    longest = min(2.0 ** (self._refused_in_a_row - 2), MAX_PAUSE_SECONDS)
                    pause = longest * (0.5 + chance / 2)
            self._paused_until = max(self._paused_until, now + pause)
            self._learn(permit, headers)
            self._changed.notify_all()

    @property
    def _most(self) -> float:
        """How many requests a second are sent without refusals."""
        return self._max_per_second if self._limit else self._rate

    def _free_at(self, now: float) -> float:
        """Return when a request may be sent."""
        if self._sent and not self._answered:
            return now + MAX_PAUSE_SECONDS  # the first answer tells what the limit is
        free_at = max(self._paused_until, self._sent_at + 1 / min(self._pace.at(now), self._most))
        missing = self._floor + 1 - self._level_now(now)
        if not self._limit or missing <= 0:
            return free_at
        refill = self._refill_now(now)
        look = self._sent_at + max(LOOK_SECONDS, LOOK_TOKENS / refill)
        return max(free_at, min(now + missing / refill, look))

    def _send(self, now: float) -> Permit:
        self._level -= 1
        self._sent += 1
        self._sent_at = now
        self._pace.on_send(now)
        return Permit(now, self._answered)

    def _level_now(self, now: float) -> float:
        refilled = (now - self._level_at) * self._refill_now(now)
        return min(self._limit, self._level + refilled)

    def _refill_now(self, now: float) -> float:
        """Return how many tokens a second are for us: not more than documented, if shared."""
        return self._limit / SECONDS_TO_REFILL if self._is_shared(now) else self._refill

    def _is_shared(self, now: float) -> bool:
        return now < self._shared_at + SECONDS_SHARED

    def _learn(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Count an answer, and take over what Mux announces in it."""
        now = self._clock.now()
        self._answered += 1
        limit = _count(headers.get("X-RateLimit-Limit"))
        remaining = _count(headers.get("X-RateLimit-Remaining"))
        if not limit or remaining is None:
            self._latest.append(math.inf)
            return
        if limit != self._limit:
            self._limit = limit
            self._floor = min(limit * self._reserve, limit - 1)  # a full bucket always has one
            self._refill = limit / SECONDS_TO_REFILL
        else:
            self._compare(permit, remaining, now)
        self._latest.append(remaining)
        # Mux may have counted those that were answered meanwhile before this one or after it.
        meanwhile = list(self._latest)[permit.answered_before - self._answered :]
        self._level = min(meanwhile) - (self._sent - self._answered)
        self._level_at = now
        self._seen = (permit.sent_at, remaining, self._sent)

    def _compare(self, permit: Permit, remaining: int, now: float) -> None:
        """Learn from how the level has changed whether others take, and how fast it refills."""
        if permit.answered_before != self._answered - 1:
            return
        at_least = self._level + (permit.sent_at - self._level_at) * self._refill
        if remaining < math.floor(min(at_least, self._limit - 1)):
            self._shared_at = now
        if self._sent == self._answered:
            seen_at, before, sent = self._seen
            gained = remaining - before - 1 + self._sent - sent
            self._refill = max(self._refill, gained / (now - seen_at))


def _count(header: str | None) -> int | None:
    is_number = header is not None and header.isdecimal() and len(header) <= _MAX_DIGITS
    return int(header) if header is not None and is_number else None
