"""How fast requests may follow each other, as far as refusals (429) tell.

An example. We send 5 requests a second, and Mux refuses one. We go on with about four fifths, 4 a
second, for as long as 28 requests take (7 seconds), and look what comes of it:

- None is refused. So 5 may be too fast. The rate rises to 5 within a second. If another request is
  refused meanwhile, we keep to 4.4 for a while: a step up that is taken back if any is refused.
- A few are refused. So the rate is not the reason, and we return to 5 at once.
- Many are refused, such as 6 of 12. So Mux lets half of them through, 2 a second, and we keep to
  nine tenths of that.

So a limit costs one refusal in about 28 requests, and refusals by chance cost little. No low rate
is kept longer than 26 seconds, and it is forgotten soon after.

Who is refused again and again pauses: 1 second, 2, 4, up to a minute, less some jitter.
"""

from __future__ import annotations

import math
import random
from collections import deque

LOWERED = (0.7, 0.9)
"""What remains of the rate after a refusal; by chance, to find one that works."""

SAFE = 0.9
"""What is used of a rate that Mux seems to let through."""

UP = 1.1
"""A step to a higher rate, after none was refused."""

RISE = 1.6
"""How much the rate grows each second afterwards."""

MIN_RATE = 0.2
REQUESTS = 28
"""How long a low rate is kept, at most ``MAX_SECONDS``."""

MAX_SECONDS = 26.0
SECONDS_TO_RETURN = 10.0
"""How long a low rate is remembered after it was kept."""

FEW = 3
"""So many refusals may be chance."""

ENOUGH = 12
"""So many answers tell how many requests Mux lets through."""

MAX_PAUSE_SECONDS = 60.0


class Pace:
    """A rate that falls on a refusal and returns by time."""

    def __init__(self) -> None:
        """Start without refusals."""
        self._low = self._too_high = math.inf
        self._proven = 0.0
        self._kept_from = self._kept_until = -math.inf
        self._answered = self._refused = 0  # at the low rate
        self._sent = deque([-math.inf])  # times of the last second, and the last one
        self._refused_at = self._paused_until = -math.inf
        self._refused_in_a_row = 0

    def free_at(self, now: float, most: float) -> float:
        """Return when a request may be sent.

        Args:
            now: The present.
            most: The rate of requests without refusals.
        """
        return max(self._paused_until, self._sent[-1] + 1 / min(self._rate(now), most))

    def on_send(self, now: float) -> None:
        """Count a request."""
        self._sent.append(now)
        while self._sent[0] <= now - 1:
            self._sent.popleft()

    def on_answer(self, sent_at: float) -> None:
        """Count an answer that is no refusal."""
        self._refused_in_a_row = 0
        self._answered += sent_at >= self._kept_from

    def on_refusal(
        self, sent_at: float, now: float, most: float | None, retry_after: float | None
    ) -> None:
        """Pause if Mux asks for it or refuses again; fall, unless the refusal may be chance.

        Args:
            sent_at: When the request was sent.
            now: When it was refused.
            most: The rate of requests without refusals; None if it is not fixed.
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
        """
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        if retry_after is not None:
            self._pause(now + retry_after + chance)
        if sent_at >= self._refused_at:  # others tell of the same moment
            self._refused_at = now
            self._refused_in_a_row += 1
            if retry_after is None and self._refused_in_a_row > 1:
                longest = min(2.0 ** (self._refused_in_a_row - 2), MAX_PAUSE_SECONDS)
                self._pause(now + longest * (0.5 + chance / 2))
        self._review(now)
        if sent_at < self._kept_from:
            return  # it tells nothing about the low rate
        if now < self._kept_until:
            self._answered += 1
            self._refused += 1
        elif self._is_over(now):
            self._proven, self._too_high = 0.0, math.inf
            rate = len(self._sent) if most is None else most
            self._keep(rate * random.uniform(*LOWERED), now)  # noqa: S311 - as above
        else:
            self._proven = self._low
            self._keep(min(self._low * UP, self._too_high * SAFE), now)

    def _pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)

    def _rate(self, now: float) -> float:
        self._review(now)
        if now < self._kept_until:
            return self._low
        return math.inf if self._is_over(now) else self._low * RISE ** (now - self._kept_until)

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
