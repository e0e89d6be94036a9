"""Trying again: after which failures, how long after, and which requests wait.

One loop serves requests and downloads:

    retries = policy.retries()
    while True:
        try:
            return ask()
        except MuxError as error:
            retries.back_off(error)
"""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING

import backoff

from tap_mux import clock
from tap_mux.api.errors import APIError, CancelledError
from tap_mux.api.mux_clock import http_date
from tap_mux.api.workers import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tap_mux.api.errors import MuxError
    from tap_mux.api.rate_limit import RateLimiter

MAX_WAIT_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 3600.0
LONG_WAIT = 6
"""How many times ``max_wait_seconds`` one wait may take that Mux asks for."""

OUTAGE_SECONDS = 10.0
"""For so long after a warning, failures of the same kind give none, unless of a later try."""

logger = logging.getLogger(__name__)


class RetryPolicy:
    """How often the requests of an environment are tried, and how long they may wait in between."""

    def __init__(
        self, *, max_attempts: int, max_wait_seconds: float, rate_limiter: RateLimiter
    ) -> None:
        """Take the bounds.

        Args:
            max_attempts: How many failures in a row are too many.
            max_wait_seconds: How long one request may wait in all after failures.
            rate_limiter: Has the clock, and a sleep that ends if the request is cancelled.
        """
        self.max_attempts = max_attempts
        self.max_wait_seconds = max_wait_seconds
        self.rate_limiter = rate_limiter
        self._lock = threading.Lock()
        self._long_wait_until: float | None = None
        self._told: dict[int | type[MuxError], tuple[float, int]] = {}
        """Until when, and up to which try, failures of a kind have been told of."""

    def retries(self, *, is_paced: bool) -> Retries:
        """Return what tries one request again.

        Args:
            is_paced: Whether the rate limiter makes the next try wait after a 429, so that the
                retries do not.
        """
        return Retries(self, is_paced=is_paced)

    def obeyed(self, retry_after: float | None) -> float | None:
        """Return for how long to wait because Mux asks for it; None if its wish is not followed.

        One wait may be longer than ``max_wait_seconds``, up to LONG_WAIT times. All requests that
        Mux asks to wait meanwhile may wait as long. Afterwards, none may: else Mux could hold up a
        run for ever.

        Args:
            retry_after: Seconds that Mux asks to wait, or None if it did not say.
        """
        if retry_after is None or retry_after <= self.max_wait_seconds:
            return retry_after
        if retry_after > LONG_WAIT * self.max_wait_seconds:
            return None
        now = self.rate_limiter.clock.now()
        with self._lock:
            if self._long_wait_until is None:
                self._long_wait_until = now + retry_after
            return retry_after if now < self._long_wait_until else None

    def level_of(self, error: MuxError, failures: int, seconds: float) -> int:
        """Return at which level to log a failure. In an outage, all fail: one warning is enough.

        Args:
            error: The failure.
            failures: How often the request has failed.
            seconds: How long it waits now.
        """
        kind = error.status if isinstance(error, APIError) else type(error)
        now = self.rate_limiter.clock.now()
        with self._lock:
            until, told = self._told.get(kind, (now, 0))
            if now < until and failures <= told:
                return logging.DEBUG
            self._told[kind] = now + max(seconds, OUTAGE_SECONDS), failures
        return logging.WARNING


class Retries:
    """The failures in a row of one request, and the wait after each."""

    def __init__(self, policy: RetryPolicy, *, is_paced: bool) -> None:
        """Start without failures.

        Args:
            policy: How often to try, and how long to wait.
            is_paced: As in ``RetryPolicy.retries``.
        """
        self._policy = policy
        self._is_paced = is_paced
        self.reset()

    def reset(self) -> None:
        """Forget the failures, since there has been progress."""
        self._failures = 0
        self._waited = 0.0
        self._waits = backoff_wait_generator()
        next(self._waits)

    def back_off(self, error: MuxError) -> None:
        """Wait after a failure that may pass; raise any other.

        Args:
            error: The failure.

        Raises:
            CancelledError: The request is no longer wanted.
            MuxError: The failure itself: it is not retriable, there were too many in a row, or the
                wait would be too long.
        """
        if not error.is_retriable:
            raise error
        self._failures += 1
        most = self._policy.max_attempts
        if self._failures >= most:
            error.args = (f"{error}. Gave up after {most} tries",)
            raise error
        tries = f"try {self._failures} of {most} failed"
        seconds = self._waits.send(error)
        self._count_wait(error, seconds)
        level = self._policy.level_of(error, self._failures, seconds)
        if self._is_paced and isinstance(error, APIError) and error.is_rate_limited:
            logger.log(level, "%s. Trying again when the rate limit allows (%s)", error, tries)
            return
        logger.log(level, "%s. Trying again in %.1f seconds (%s)", error, seconds, tries)
        self._policy.rate_limiter.sleep(seconds, is_cancelled)
        if is_cancelled():
            text = "It was cancelled while it waited"
            raise CancelledError(text)

    def _count_wait(self, error: MuxError, seconds: float) -> None:
        """Add a wait to those so far. Raise the failure if that is more than the policy allows.

        To wait because many requests come first does not count, since nothing has failed.
        """
        asked = error.retry_after if isinstance(error, APIError) else None
        most = self._policy.max_wait_seconds
        if self._waited + (seconds if asked is None else asked) > most:
            is_long = asked is not None and asked > most
            if not is_long or self._policy.obeyed(asked) is None:
                text = (
                    f"{error}. Gave up: it has waited {self._waited:.0f} seconds, and "
                    f"{seconds:.0f} more would exceed max_wait_seconds ({most:g}). Raise that to "
                    "wait longer"
                )
                error.args = (text,)
                raise error
        self._waited += seconds


def backoff_wait_generator() -> Generator[float, MuxError, None]:
    """Yield how long to wait after each failure that is sent in.

    That is what the server asks for, else 1, 2, 4, ... up to MAX_WAIT_SECONDS. Jitter keeps many
    requests from coming back at the same moment.
    """
    doubling = backoff.expo(max_value=MAX_WAIT_SECONDS)
    next(doubling)  # backoff's generators are started by a first value, which is None
    error = yield 0.0
    while True:
        longest: float = next(doubling)
        asked = error.retry_after if isinstance(error, APIError) else None
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        error = yield longest * (0.5 + chance / 2) if asked is None else asked + chance


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, up to MAX_RETRY_AFTER_SECONDS.

    Args:
        headers: Its headers. ``Retry-After`` has seconds, or a date by the clock of ``Date``.

    Returns:
        The seconds; None if the answer does not ask for any, or not in a form that can be read.
    """
    header = headers.get("Retry-After")
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), MAX_RETRY_AFTER_SECONDS)
    moment = http_date(header)
    if moment is None:
        return None
    present = http_date(headers.get("Date")) or clock.epoch_now()
    return min(max(0.0, moment - present), MAX_RETRY_AFTER_SECONDS)
