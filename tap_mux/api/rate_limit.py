"""How fast Mux may be asked: a token bucket for each part of its API, shared by all streams.

Mux counts requests in token buckets, one for each environment and part of its API, and tells in
``X-RateLimit-Limit`` and ``X-RateLimit-Remaining`` how large a bucket is and what is left in it.
The customer's own production takes from the same buckets, so some of each is left for that.

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
"""How long an empty bucket takes to fill, until it has been watched filling."""

SECONDS_TO_WATCH = 1.0
"""How long a bucket is watched before something is concluded about its rate."""

SECONDS_TO_REMEMBER = 10.0
"""How long something concluded about its rate is refined, before it is watched anew."""

SECONDS_TO_NOTICE = 1.0
"""How soon a request that waits is given up when it is called off."""

SLOWEST_RATE = 0.1
RECOVERY = 0.001
"""A refusal halves the rate; each answer then gives back this part of what it was at first."""

SHORTEST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Pacer:
    """The buckets of one Mux environment."""

    def __init__(self, *, reserve: float, most_per_second: float | None) -> None:
        """Begin without any knowledge of the limits.

        Args:
            reserve: The part of each bucket, 0 to 0.9, that is left for others.
            most_per_second: A limit on requests a second, whatever Mux allows; None for none.
        """
        self._reserve = reserve
        self._most_per_second = most_per_second
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def bucket(self, path: str) -> Bucket:
        """Return the bucket that a request takes from.

        Args:
            path: The request's path, such as ``/video/v1/assets``.
        """
        family = _family(path)
        with self._lock:
            if family not in self._buckets:
                rate = RATE_OF_MONITORING if family == "monitoring" else RATE
                self._buckets[family] = Bucket(rate, self._reserve, self._most_per_second)
            return self._buckets[family]


def _family(path: str) -> str:
    """Name the part of the API that has limits of its own: video, data, monitoring, ..."""
    parts = path.split("/")
    monitoring = parts[1] == "data" and parts[3:4] in (["monitoring"], ["realtime"])
    return "monitoring" if monitoring else parts[1]


class Ticket(NamedTuple):
    """A request that has been let go."""

    sent_at: float
    earlier_in_flight: int
    """How many requests were not answered yet when it was sent."""

    number: int
    """How many requests had been sent, with this one."""


class _Sighting(NamedTuple):
    """What an answer showed of the bucket."""

    ticket: Ticket
    at: float
    remaining: int
    answered: int
    """How many requests had been answered, with this one."""

    overlapping: int
    """How many other requests may have been counted after it, though sent or answered before."""


class Bucket:
    """One token bucket of Mux's, as far as it can be known from here.

    ``take`` waits for a token and ``answered`` or ``refused`` gives back what was learned. These
    may be called from several threads.
    """

    def __init__(self, rate: float, reserve: float, most_per_second: float | None) -> None:
        """Begin without any knowledge of the limit.

        Args:
            rate: Requests a second until Mux announces its limit.
            reserve: The part of the bucket, 0 to 0.9, that is left for others.
            most_per_second: A limit on requests a second, whatever Mux allows; None for none.
        """
        self._reserve = reserve
        self._seconds_between = 1 / most_per_second if most_per_second else 0.0
        self._changed = threading.Condition()
        self._rate = rate
        self._slowed_to = 1.0  # the part of the rate that is used, after refusals
        self._size: float = BURST if rate > 1 else 1
        self._floor = 0.0
        self._announced = False
        self._level: float = self._size
        self._level_at = 0.0
        self._next_at = 0.0
        self._paused_until = 0.0
        self._pause = SHORTEST_PAUSE_SECONDS
        self._slowed_at = -1.0
        self._sent = 0
        self._answered = 0
        self._watched: _Sighting | None = None

    def take(self, is_called_off: Callable[[], bool]) -> Ticket | None:
        """Wait until a request may be sent, and count it.

        Args:
            is_called_off: Tells whether the request is not wanted any more.

        Returns:
            The request's ticket; None if it was called off.
        """
        with self._changed:
            while not is_called_off():
                seconds = self.wait(time.monotonic())
                if seconds <= 0:
                    return self.send(time.monotonic())
                self._changed.wait(min(seconds, SECONDS_TO_NOTICE))
        return None

    def wait(self, now: float) -> float:
        """Return in how many seconds a request may be sent; 0 or less for at once."""
        if self._sent and not self._answered:
            return LONGEST_PAUSE_SECONDS  # the first answer tells what the limit is
        missing = self._floor + 1 - self._level_now(now)
        return max(
            missing / self._rate_now if missing > 0 else 0.0,
            self._next_at - now,
            self._paused_until - now,
        )

    def send(self, now: float) -> Ticket:
        """Count a request that is sent now."""
        self._level = self._level_now(now) - 1
        self._level_at = now
        self._next_at = max(self._next_at, now) + self._seconds_between
        self._sent += 1
        return Ticket(now, self._sent - 1 - self._answered, self._sent)

    def answered(
        self, ticket: Ticket, headers: Mapping[str, str], now: float | None = None
    ) -> None:
        """Learn from an answer, whatever it was but a refusal.

        Args:
            ticket: The request that was answered.
            headers: Headers of the answer.
            now: When it came.
        """
        with self._changed:
            now = time.monotonic() if now is None else now
            self._answered += 1
            if ticket.sent_at > self._slowed_at:
                self._slowed_to = min(1.0, self._slowed_to + RECOVERY)
                self._pause = SHORTEST_PAUSE_SECONDS
            limit = _count(headers.get("X-RateLimit-Limit"))
            remaining = _count(headers.get("X-RateLimit-Remaining"))
            if limit and remaining is not None:
                self._learn(ticket, limit, remaining, now)
            self._changed.notify_all()

    def refused(self, ticket: Ticket, retry_after: float | None, now: float | None = None) -> None:
        """Slow everyone down, since a request met the limit.

        Args:
            ticket: The request that was refused.
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
            now: When the refusal came.
        """
        with self._changed:
            now = time.monotonic() if now is None else now
            self._answered += 1
            if retry_after is not None:
                pause = retry_after + random.random()  # noqa: S311 - spreads load, guards nothing
                self._paused_until = max(self._paused_until, now + pause)
            if ticket.sent_at > self._slowed_at:  # else it was sent before the last slow-down
                if retry_after is None:
                    pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - as above
                    self._paused_until = max(self._paused_until, now + pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
                self._slowed_at = max(now, self._paused_until)
                self._slowed_to /= 2
                if not self._announced:
                    self._size = 1  # no more bursts
                self._level = min(self._level_now(now), self._floor)
                self._level_at = now
            if self._watched:  # a refusal takes no token
                self._watched = self._watched._replace(answered=self._watched.answered + 1)

    @property
    def _rate_now(self) -> float:
        return max(self._rate * self._slowed_to, SLOWEST_RATE)

    def _level_now(self, now: float) -> float:
        """Return how many tokens there are, as far as known."""
        refilled = max(0.0, now - self._level_at) * self._rate_now
        return min(self._size, self._level + refilled)

    def _learn(self, ticket: Ticket, limit: int, remaining: int, now: float) -> None:
        """Correct what is known of the bucket by what Mux tells.

        Mux told what was left when it counted the request. Others of ours may have been counted
        after that: all that were in flight with it at some time. So the level is only known to lie
        in a range, and stays where the last one and the rate put it, within that.
        """
        overlapping = ticket.earlier_in_flight + self._sent - ticket.number
        if not self._announced or limit != self._size:
            self._announced = True
            self._size = limit
            self._floor = min(limit * self._reserve, limit - 1)  # a full bucket always has one
            self._rate = limit / SECONDS_TO_REFILL
            self._level = remaining - overlapping
            self._watched = None
        level = max(self._level_now(now), remaining - overlapping)
        self._level = min(level, remaining)
        self._level_at = now
        self._watch(_Sighting(ticket, now, remaining, self._answered, overlapping))

    def _watch(self, seen: _Sighting) -> None:
        """Correct the rate by how the bucket has filled since it was first watched."""
        first = self._watched
        if first is None:
            self._watched = seen
            return
        longest = seen.at - first.ticket.sent_at
        shortest = seen.ticket.sent_at - first.at
        if shortest < SECONDS_TO_WATCH:
            return
        gained = seen.remaining - first.remaining
        fewest = seen.answered - first.answered - first.overlapping
        most = seen.ticket.number + seen.overlapping - first.answered
        slowest = (gained + fewest - 1) / longest
        fastest = (gained + most + 1) / shortest
        if seen.remaining + seen.overlapping + 1 < self._size:  # a full one does not show its rate
            self._rate = min(self._rate, fastest)
        self._rate = max(self._rate, slowest, SLOWEST_RATE)
        if longest > SECONDS_TO_REMEMBER:
            self._watched = seen


def _count(header: str | None) -> int | None:
    return int(header) if header is not None and header.isdecimal() else None
