"""How many requests are left in a bucket of Mux, as it announces it.

``rate_limit`` explains by an example how this is used.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS_TO_REFILL = 20.0
"""How long an empty bucket takes to fill, at most."""

LOOK_SECONDS = 1.0
"""After so long, one request looks what is left, even if too few tokens seem to be."""

LOOK_SECONDS_IF_SMALL = 3.0
"""The same for a small bucket, where a look takes much of what is added."""

LOOK_TOKENS = 3
"""Between these two, a look waits until Mux has added so many."""

SECONDS_SHARED = 30.0
"""For so long, another program that took tokens is believed to take more."""

_MAX_DIGITS = 9
"""A header with a longer number is ignored."""


class Permit(NamedTuple):
    """Permission to send one request."""

    sent_at: float
    answered_before: int
    """How many requests had been answered."""


class Level:
    """The tokens of a bucket, less those of all requests that are in flight."""

    def __init__(self, reserve: float) -> None:
        """Start without knowing the limit.

        Args:
            reserve: The part of the bucket, 0 to 0.9, that is left for others.
        """
        self._reserve = reserve
        self._limit = 0
        self._floor = 0.0
        self._level = self._level_at = 0.0  # at least so many tokens, at this time
        self._refill = 0.0  # so many more each second, as documented
        self._fastest = 0.0  # so many more each second, as seen
        self._seen = (0.0, 0, 0)  # the last answer: when it was sent, what was left, all sent
        self._latest: deque[float] = deque(maxlen=128)  # what was left, of the last answers
        self._sent = self._answered = 0
        self._sent_at = self._shared_at = -math.inf

    @property
    def is_announced(self) -> bool:
        """Whether Mux has announced the limit."""
        return self._limit > 0

    @property
    def is_first_answer_awaited(self) -> bool:
        """Whether requests have been sent, and none was answered."""
        return self._sent > 0 and not self._answered

    def is_shared(self, now: float) -> bool:
        """Return whether another program seems to take tokens, too."""
        return now < self._shared_at + SECONDS_SHARED

    def free_at(self, now: float) -> float:
        """Return when a request may be sent."""
        missing = self._floor + 1 - self._tokens(now)
        if not self._limit or missing <= 0:
            return now
        look = max(LOOK_SECONDS, min(LOOK_TOKENS / self._refill, LOOK_SECONDS_IF_SMALL))
        before_full = (self._limit - self._floor) / self._fastest / 3
        return min(now + missing / self._refill, self._sent_at + min(look, before_full))

    def take(self, now: float) -> Permit:
        """Count a request that is sent."""
        overflow = max(0.0, self._level + (now - self._level_at) * self._refill - self._limit)
        self._level -= overflow + 1
        self._sent += 1
        self._sent_at = now
        return Permit(now, self._answered)

    def on_answer(self, permit: Permit, headers: Mapping[str, str], now: float) -> None:
        """Count an answer, also a 429, and believe what it says."""
        self._answered += 1
        limit = _count(headers.get("X-RateLimit-Limit"))
        remaining = _count(headers.get("X-RateLimit-Remaining"))
        if not limit or remaining is None:
            self._latest.append(math.inf)
            return
        if limit == self._limit:
            self._compare(permit, remaining, now)
        else:
            self._limit = limit
            self._floor = min(limit * self._reserve, limit - 1)  # a full bucket always has one
            self._refill = self._fastest = limit / SECONDS_TO_REFILL
        self._latest.append(remaining)
        # Mux may have counted this request before those that were answered meanwhile, or after.
        meanwhile = list(self._latest)[permit.answered_before - self._answered :]
        self._level = min(meanwhile) - (self._sent - self._answered)
        self._level_at = now
        self._seen = (permit.sent_at, remaining, self._sent)

    def _tokens(self, now: float) -> float:
        return min(self._limit, self._level + (now - self._level_at) * self._refill)

    def _compare(self, permit: Permit, remaining: int, now: float) -> None:
        """Learn from a change of the level whether others take tokens, and how many are added."""
        if permit.answered_before != self._answered - 1:
            return  # nobody knows in which order Mux counted
        at_least = self._level + (permit.sent_at - self._level_at) * self._fastest
        if remaining < math.floor(min(at_least, self._limit - 1)):
            self._shared_at = now
        seen_at, before, sent = self._seen
        if self._sent == self._answered and now > seen_at:
            added = remaining - before - 1 + self._sent - sent  # 1, since Mux rounds down
            self._fastest = max(self._fastest, added / (now - seen_at))


def _count(header: str | None) -> int | None:
    is_number = header is not None and header.isdecimal() and len(header) <= _MAX_DIGITS
    return int(header) if header is not None and is_number else None
