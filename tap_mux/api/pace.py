"""How fast requests may follow each other, as far as refusals (429) tell.

An example. We send 5 requests a second, and Mux refuses one. We go on with three quarters, 3.75 a
second, for as long as 25 requests take (7 seconds), and look what comes of it:

- None is refused. So the rate was too high. It doubles each second until it is 5 again. If a
  request is refused meanwhile, we go back to 3.75 for another 7 seconds.
- A few are refused. So the rate was not the reason, and we return to 5 at once.
- Many are refused: 8 of 16. So Mux lets half of them through, 1.9 a second, and we go on with nine
  tenths of that, 1.7 a second.

A low rate is never kept longer than ``MAX_SECONDS``.
"""

from __future__ import annotations

import math
import random
from collections import deque

LOWERED = (0.7, 0.9)
"""What remains of the rate after a refusal."""

SAFE = 0.9
"""What is used of what Mux lets through."""

REQUESTS = 25
"""How long a lowered rate is kept."""

MAX_SECONDS = 25.0
FEW = 3
"""So many refusals may be chance, if others are let through."""

ENOUGH = 12
"""So many answers tell which part of the requests Mux lets through."""

UP = 1.1
"""A step to a higher rate, after none was refused."""

MIN_RATE = 0.2
RISE = 1.5
"""How much a low rate grows each second after it was kept."""

SECONDS_TO_RETURN = 10.0
"""How long a low rate is remembered after it was kept."""


class Pace:
    """A rate that falls on a refusal and returns by time."""

    def __init__(self) -> None:
        """Start without refusals."""
        self._low = self._too_high = math.inf
        self._proven = 0.0
        self._kept_from = self._kept_until = -math.inf
        self._answered = self._refused = 0  # at the low rate
        self._sent: deque[float] = deque()  # times of the last second

    def at(self, now: float) -> float:
        """Return how many requests a second may be sent."""
        self._review(now)
        if now < self._kept_until:
            return self._low
        return math.inf if self._is_over(now) else self._low * RISE ** (now - self._kept_until)

    def on_send(self, now: float) -> None:
        """Count a request."""
        self._sent.append(now)
        while self._sent[0] <= now - 1:
            self._sent.popleft()

    def on_answer(self, sent_at: float) -> None:
        """Count an answer that is no refusal."""
        self._answered += sent_at >= self._kept_from

    def on_refusal(self, sent_at: float, now: float, most: float) -> None:
        """Fall, unless the refusal may be chance.

        Args:
            sent_at: When the request was sent.
            now: When it was refused.
            most: The rate of requests without refusals.
        """
        self._review(now)
        if sent_at < self._kept_from:
            return  # it tells nothing about the low rate
        if now < self._kept_until:
            self._answered += 1
            self._refused += 1
        elif self._is_over(now):
            self._proven, self._too_high = 0.0, math.inf
            rate = max(1, len(self._sent)) if most == math.inf else most
            self._keep(rate * random.uniform(*LOWERED), now)  # noqa: S311 - guards nothing
        else:
            self._proven = self._low
            self._keep(min(self._low * UP, self._too_high * SAFE), now)

    def _is_over(self, now: float) -> bool:
        """Whether the low rate is forgotten."""
        return self._refused > 0 or now >= self._kept_until + SECONDS_TO_RETURN

    def _review(self, now: float) -> None:
        """Lower the rate further if too many were refused at the low one."""
        has_ended = now >= self._kept_until
        are_many = self._refused > FEW and (has_ended or self._answered >= ENOUGH)
        if self._proven and (are_many or (has_ended and self._refused)):
            proven, self._proven = self._proven, 0.0
            self._too_high = self._low
            self._keep(proven * SAFE, now)
        elif are_many:
            self._keep(self._low * SAFE * (1 - self._refused / self._answered), now)

    def _keep(self, rate: float, now: float) -> None:
        """Keep to a low rate for a while, and see what comes of it."""
        self._low = max(rate, MIN_RATE)
        self._answered = self._refused = 0
        self._kept_from = now
        self._kept_until = now + min(REQUESTS / self._low, MAX_SECONDS)
