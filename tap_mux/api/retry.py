"""Trying again: which failures, how long after, and who waits.

One loop serves requests and downloads:

    retries = Retries(max_attempts)
    while True:
        try:
            return ask()
        except MuxError as error:
            retries.back_off(error)
"""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import backoff

from tap_mux import clock
from tap_mux.api.errors import APIError
from tap_mux.api.workers import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_mux.api.errors import MuxError
    from tap_mux.api.rate_limit import RateLimiter

MAX_WAIT_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 3600.0

logger = logging.getLogger(__name__)


class Retries:
    """The failures in a row of one request, and the wait after each."""

    def __init__(self, max_attempts: int, rate_limiter: RateLimiter | None = None) -> None:
        """Start without failures.

        Args:
            max_attempts: How many failures in a row are too many.
            rate_limiter: Makes the next try wait after a 429, so that ``back_off`` does not wait
                after it as well. It ends a wait when the request is cancelled.
        """
        self._max_attempts = max_attempts
        self._rate_limiter = rate_limiter
        self.reset()

    def reset(self) -> None:
        """Forget the failures, since there has been progress."""
        self._failures = 0
        self._waits = backoff_wait_generator()
        next(self._waits)

    def back_off(self, error: MuxError) -> None:
        """Wait after a failure that may pass; raise any other.

        The wait ends early if the request is cancelled. The rate limiter does not let it be sent.

        Args:
            error: The failure.

        Raises:
            MuxError: The failure itself: it is not retriable, or there were too many in a row.
        """
        if not error.is_retriable:
            raise error
        self._failures += 1
        if self._failures >= self._max_attempts:
            error.args = (f"{error}. Gave up after {self._max_attempts} tries",)
            raise error
        tries = f"try {self._failures} of {self._max_attempts} failed"
        seconds = self._waits.send(error)
        if self._rate_limiter and isinstance(error, APIError) and error.is_rate_limited:
            logger.warning("%s. Trying again when the rate limit allows (%s)", error, tries)
            return
        logger.warning("%s. Trying again in %.1f seconds (%s)", error, seconds, tries)
        if self._rate_limiter:
            self._rate_limiter.sleep(seconds, is_cancelled)
        else:
            time.sleep(seconds)


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


def retry_after_seconds(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, up to MAX_RETRY_AFTER_SECONDS.

    Args:
        header: Its value: seconds, or a date.

    Returns:
        The seconds; None if there is no header, or none that can be read.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), MAX_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = moment.timestamp() - clock.epoch_now()
    return min(max(0.0, seconds), MAX_RETRY_AFTER_SECONDS)
