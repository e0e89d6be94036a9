"""How fast Mux may be asked: a token bucket for each part of its API, shared by all streams.

Mux has a token bucket for each environment and part of its API. Each answer says in
``X-RateLimit-Limit`` how many tokens the bucket holds and in ``X-RateLimit-Remaining`` how many are
left. The customer's own programs take from the same buckets, so a reserve is left for them.

An example. The bucket holds 100 tokens and the reserve is 0.1, so we stop at 10. The first answer
says that 99 are left. We send 89 more requests as fast as we can: 10 are left. Mux refills a bucket
in about 20 seconds, so we go on with 5 requests a second. After ten seconds 50 requests have taken
50 tokens, and 15 are left, which is 5 more than before. So Mux refilled 55 tokens in ten seconds,
and we go on with 5.5 a second.

Answers overlap with requests in flight, so each answer gives only bounds for the level and the
rate. Our own values are moved only if they are outside of them.

When Mux answers 429, all requests to that bucket pause, and the rate is halved. Each later answer
gives back a little of it.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RATE = 5.0
"""Requests a second where Mux announces no limit."""

RATE_OF_MONITORING = 1.0

BURST = 5
"""Requests at once where Mux announces no limit."""

SECONDS_TO_REFILL = 20.0
"""How long an empty bucket takes to fill, until we have seen it fill."""

SECONDS_TO_WATCH = 1.0
"""How long a bucket is watched before its rate is corrected."""

SECONDS_TO_REMEMBER = 10.0
"""How long one observation is refined before a new one begins."""

SECONDS_TO_NOTICE = 1.0
"""How soon a waiting request notices that it has been cancelled."""

MIN_RATE = 0.1
RECOVERY = 0.001
"""A 429 halves the rate; each answer then gives back this part of the first rate."""

MIN_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0

_MAX_DIGITS = 9
"""A header with a longer number is as good as none."""


class RateLimiter:
    """The token buckets of one Mux environment."""

    def __init__(self, *, reserve: float, max_per_second: float | None) -> None:
        """Start without knowing the limits.

        Args:
            reserve: The part of each bucket, 0 to 0.9, that is left for others.
            max_per_second: An upper bound on requests a second, whatever Mux allows; None for none.
        """
        self._reserve = reserve
        self._max_per_second = max_per_second
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
                self._buckets[family] = Bucket(rate, self._reserve, self._max_per_second)
            return self._buckets[family]


def part_of_api(path: str) -> str:
    """Return the part of the API with a bucket of its own: video, data, monitoring, ..."""
    parts = path.split("/")
    monitoring = parts[1] == "data" and parts[3:4] in (["monitoring"], ["realtime"])
    return "monitoring" if monitoring else parts[1]


class Permit(NamedTuple):
    """Permission to send one request."""

    sent_at: float
    earlier_in_flight: int
    """How many requests were in flight when this one was sent."""

    number: int
    """How many requests had been sent, including this one."""


class _Observation(NamedTuple):
    """What one answer told about the bucket."""

    permit: Permit
    at: float
    remaining: int
    answered: int
    """How many requests had been answered, including this one."""

    overlapping: int
    """Upper bound of our own requests that Mux may have counted after this one."""


class Bucket:
    """One token bucket of Mux, as far as it is known.

    Each request calls ``acquire`` before, and ``on_response`` or ``on_rate_limited`` after. All
    three may be called from several threads.
    """

    def __init__(self, rate: float, reserve: float, max_per_second: float | None) -> None:
        """Start without knowing the limit.

        Args:
            rate: Requests a second until Mux announces its limit.
            reserve: The part of the bucket, 0 to 0.9, that is left for others.
            max_per_second: An upper bound on requests a second, whatever Mux allows; None for none.
        """
        self._reserve = reserve
        self._seconds_between = 1 / max_per_second if max_per_second else 0.0
        self._changed = threading.Condition()
        self._rate = rate
        self._slowed_to = 1.0  # the part of the rate that is used, lowered by each 429
        self._size: float = BURST if rate > 1 else 1
        self._floor = 0.0
        self._announced = False
        self._level: float = self._size
        self._level_at = 0.0
        self._next_at = 0.0
        self._paused_until = 0.0
        self._pause = MIN_PAUSE_SECONDS
        self._slowed_at = -1.0
        self._sent = 0
        self._answered = 0
        self._first_seen: _Observation | None = None

    def acquire(self, is_cancelled: Callable[[], bool]) -> Permit | None:
        """Wait until a request may be sent, and count it.

        Args:
            is_cancelled: Tells whether the request is no longer wanted.

        Returns:
            The permit; None if the request was cancelled.
        """
        with self._changed:
            while not is_cancelled():
                seconds = self.wait(time.monotonic())
                if seconds <= 0:
                    return self.send(time.monotonic())
                self._changed.wait(min(seconds, SECONDS_TO_NOTICE))
        return None

    def wait(self, now: float) -> float:
        """Return in how many seconds a request may be sent; 0 or less for at once."""
        if self._sent and not self._answered:
            return MAX_PAUSE_SECONDS  # the first answer tells what the limit is
        missing = self._floor + 1 - self._level_now(now)
        return max(
            missing / self._rate_now if missing > 0 else 0.0,
            self._next_at - now,
            self._paused_until - now,
        )

    def send(self, now: float) -> Permit:
        """Count a request that is sent now."""
        self._level = self._level_now(now) - 1
        self._level_at = now
        self._next_at = max(self._next_at, now) + self._seconds_between
        self._sent += 1
        return Permit(now, self._sent - 1 - self._answered, self._sent)

    def on_response(
        self, permit: Permit, headers: Mapping[str, str], now: float | None = None
    ) -> None:
        """Learn from an answer that is no 429.

        Args:
            permit: That of the request.
            headers: Headers of the answer.
            now: When it came.
        """
        with self._changed:
            now = time.monotonic() if now is None else now
            self._answered += 1
            if permit.sent_at > self._slowed_at:
                self._slowed_to = min(1.0, self._slowed_to + RECOVERY)
                self._pause = MIN_PAUSE_SECONDS
            limit = _count(headers.get("X-RateLimit-Limit"))
            remaining = _count(headers.get("X-RateLimit-Remaining"))
            if limit and remaining is not None:
                self._learn(permit, limit, remaining, now)
            self._changed.notify_all()

    def on_rate_limited(
        self, permit: Permit, retry_after: float | None, now: float | None = None
    ) -> None:
        """Slow all requests down after a 429.

        Args:
            permit: That of the request.
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
            now: When the answer came.
        """
        with self._changed:
            now = time.monotonic() if now is None else now
            self._answered += 1
            if retry_after is not None:
                pause = retry_after + random.random()  # noqa: S311 - spreads load, guards nothing
                self._paused_until = max(self._paused_until, now + pause)
            # A request that was sent before the last slow-down tells nothing new.
            if permit.sent_at > self._slowed_at:
                if retry_after is None:
                    pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - as above
                    self._paused_until = max(self._paused_until, now + pause)
                self._pause = min(self._pause * 2, MAX_PAUSE_SECONDS)
                self._slowed_at = max(now, self._paused_until)
                self._slowed_to /= 2
                if not self._announced:
                    self._size = 1  # no more bursts
                self._level = min(self._level_now(now), self._floor)
                self._level_at = now
            if self._first_seen:  # a request with a 429 takes no token
                self._first_seen = self._first_seen._replace(answered=self._first_seen.answered + 1)

    @property
    def _rate_now(self) -> float:
        return max(self._rate * self._slowed_to, MIN_RATE)

    def _level_now(self, now: float) -> float:
        """Return how many tokens are left, as far as known."""
        refilled = max(0.0, now - self._level_at) * self._rate_now
        return min(self._size, self._level + refilled)

    def _learn(self, permit: Permit, limit: int, remaining: int, now: float) -> None:
        """Correct the level by what Mux announced.

        Mux announced what was left when it counted the request. It may have counted others of ours
        since, up to all that were in flight at the same time. So the level lies in a range. Our own
        value is moved only if it is outside of that.
        """
        overlapping = permit.earlier_in_flight + self._sent - permit.number
        if not self._announced or limit != self._size:
            self._announced = True
            self._size = limit
            self._floor = min(limit * self._reserve, limit - 1)  # a full bucket always has one
            self._rate = limit / SECONDS_TO_REFILL
            self._level = remaining - overlapping
            self._first_seen = None
        level = max(self._level_now(now), remaining - overlapping)
        self._level = min(level, remaining)
        self._level_at = now
        self._correct_rate(_Observation(permit, now, remaining, self._answered, overlapping))

    def _correct_rate(self, seen: _Observation) -> None:
        """Correct the rate by how the bucket has filled since the first observation."""
        first = self._first_seen
        if first is None:
            self._first_seen = seen
            return
        longest = seen.at - first.permit.sent_at
        shortest = seen.permit.sent_at - first.at
        if shortest < SECONDS_TO_WATCH:
            return
        gained = seen.remaining - first.remaining
        fewest = seen.answered - first.answered - first.overlapping
        most = seen.permit.number + seen.overlapping - first.answered
        slowest = (gained + fewest - 1) / longest
        fastest = (gained + most + 1) / shortest
        is_full = seen.remaining + seen.overlapping + 1 >= self._size
        if not is_full:  # a full bucket does not show its rate
            self._rate = min(self._rate, fastest)
        self._rate = max(self._rate, slowest, MIN_RATE)
        if longest > SECONDS_TO_REMEMBER:
            self._first_seen = seen


def _count(header: str | None) -> int | None:
    is_number = header is not None and header.isdecimal() and len(header) <= _MAX_DIGITS
    return int(header) if header is not None and is_number else None
