"""How fast requests may follow each other, as far as refusals (429) tell.

An example. We send 5 requests a second. Each answer raises the rate by 0.3 %, so it is 10 after
half a minute. Then Mux refuses a request. We go on with three quarters, 7.5 a second, for as long
as 28 requests take (3.7 seconds), and see what happens:

- None is refused. So 10 may be too fast, and 7.5 is not. The rate rises to 8.3 within a second, and
  then by 0.3 % an answer. If a request is refused within ten seconds, we keep to 5 % more than
  before, 7.9, for a while. If one is refused even then, we keep to nine tenths of that.
- A few are refused. So the rate is not the reason, and we return to 8.3 at once.
- Many are refused, such as 4 of 8. So Mux lets half of them through, 4 a second, and we keep to
  nine tenths of that.

So a limit costs one refusal in about 28 requests, and refusals by chance cost little. No low rate
is kept longer than 26 seconds. Soon after, we send 5 a second again.

Where Mux says how long to wait, we pause. After several refusals in a row we pause, too: 1 second,
then 2, 4, up to a minute, less some jitter. The bucket fills meanwhile, so that the next requests
are let through, however fast they are. So a pause counts as if all its requests had been refused,
and the low rate is kept for so much longer.
"""

from __future__ import annotations

import math
import random
from collections import deque

LOWERED = 0.75
"""Which part of the rate is kept after a refusal.

It is not 0.8: of 5 a second, that is 4. If Mux allows just that, a few are refused, as by chance.
"""

SAFE = 0.9
"""Which part is used of a rate that Mux seems to let through."""

GROWTH = 1.003
"""By which factor each answer raises the rate."""

UP = 1.05
"""By which factor a low rate is raised, after a refusal showed that a higher one is too fast."""

RISE = 1.6
"""By which factor a low rate grows each second, after none was refused at it."""

MIN_RATE = 0.2
REQUESTS = 28
"""For how many requests a low rate is kept, but not longer than ``MAX_SECONDS``."""

MAX_SECONDS = 26.0
SECONDS_TO_RETURN = 10.0
"""How long a low rate is remembered after that."""

FEW = 3
"""So many refusals may be chance, unless there are many among few answers."""

PARTS = 4
"""Of so many answers, one refusal may be chance."""

ENOUGH = 8
"""So many answers show how many requests Mux lets through."""

MAX_PAUSE_SECONDS = 60.0


class Pace:
    """A rate that falls on a refusal and returns by time."""

    def __init__(self, rate: float, most: float) -> None:
        """Start without refusals.

        Args:
            rate: Requests a second that are sure to be allowed; more are tried.
            most: An upper bound on requests a second.
        """
        self._sure = self._ceiling = min(rate, most)
        self._most = most
        self._low = math.inf
        self._is_proven = False
        self._kept_from = self._kept_until = -math.inf
        self._answered = self._refused = 0  # at the low rate
        self._missed = 0.0  # requests at the low rate that were not sent, because of pauses
        self._sent = deque([-math.inf])  # times of the last second, and the last one
        self._refused_at = self._paused_until = -math.inf
        self._refused_in_a_row = 0

    def free_at(self, now: float, *, is_announced: bool) -> float:
        """Return when a request may be sent.

        Args:
            now: The present.
            is_announced: Whether Mux announces the limit. Then only refusals bound the rate.
        """
        most = self._most if is_announced else self._ceiling
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
        if len(self._sent) >= self._ceiling * SAFE:  # the rate is used
            self._ceiling = min(self._ceiling * GROWTH, self._most)

    def on_refusal(
        self, sent_at: float, now: float, retry_after: float | None, *, is_announced: bool
    ) -> None:
        """Pause if Mux asks for it or refuses again. Lower the rate, if that may help.

        Args:
            sent_at: When the request was sent.
            now: When it was refused.
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
            is_announced: Whether Mux announces the limit.
        """
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        if retry_after is not None:
            self._pause(now, retry_after + chance / 4)
        if sent_at >= self._refused_at:  # else the last refusal was of the same moment
            self._refused_at = now
            self._refused_in_a_row += 1
            if retry_after is None and self._refused_in_a_row > 1:
                longest = min(2.0 ** (self._refused_in_a_row - 2), MAX_PAUSE_SECONDS)
                self._pause(now, longest * (0.5 + chance / 2))
        self._review(now)
        if sent_at < self._kept_from:
            return  # it was sent before the low rate, so it tells nothing about it
        if now < self._kept_until:
            self._answered += 1
            self._refused += 1
        elif self._is_over(now):
            self._is_proven = False
            rate = len(self._sent) if is_announced else self._ceiling
            self._keep(rate * LOWERED, now)
        else:
            self._is_proven = True
            self._keep(self._low * UP, now)

    def _pause(self, now: float, seconds: float) -> None:
        begin = max(self._paused_until, now)
        self._paused_until = max(begin, now + seconds)
        if now < self._kept_until:
            self._kept_until += self._paused_until - begin
            self._missed += (self._paused_until - begin) * self._low

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
        if self._is_proven and self._refused:
            self._is_proven = False
            self._keep(self._low * SAFE, now)
        elif self._are_too_many and (has_ended or self._answered >= ENOUGH):
            self._keep(self._low * SAFE * (1 - self._refused / self._answered), now)

    @property
    def _are_too_many(self) -> bool:
        """Whether so many requests were refused at the low rate that it is not by chance."""
        failed, all_of_them = self._refused + self._missed, self._answered + self._missed
        is_large_part = self._refused > 1 and failed * PARTS > all_of_them
        return self._refused > FEW or is_large_part

    def _keep(self, rate: float, now: float) -> None:
        """Keep to a low rate for a while, and see how many requests are refused at it."""
        self._low = max(rate, MIN_RATE)
        self._ceiling = max(self._sure, min(self._ceiling, self._low / SAFE))
        self._answered = self._refused = 0
        self._missed = 0.0
        self._kept_from = now
        pause = max(self._paused_until - now, 0.0)  # what the bucket gains is to be used up, too
        self._kept_until = now + pause + min(REQUESTS / self._low + pause, MAX_SECONDS)
