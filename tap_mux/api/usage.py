"""What the reading of a stream has cost: requests, retries, waits for the rate limit."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Usage:
    """What one stream of one environment has cost so far. Any number of threads may count."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._waiting = 0
        self._waiting_since = 0.0
        self._waited = 0.0
        self._last_request = 0.0
        self.requests = 0
        """How many requests have been sent, retries included."""
        self.retries = 0
        """How many of them were sent again after a failure."""

    def count_request(self) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1
            self._last_request = time.monotonic()

    def count_retry(self) -> None:
        """Count a retry, besides its request."""
        with self._lock:
            self.retries += 1

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time inside the ``with`` block; where several threads wait, once."""
        with self._lock:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += time.monotonic() - self._waiting_since

    @property
    def waited_seconds(self) -> float:
        """How long requests have waited for the rate limit, in seconds."""
        with self._lock:
            now = time.monotonic() - self._waiting_since if self._waiting else 0.0
            return self._waited + now

    @property
    def is_waiting(self) -> bool:
        """Whether a request is waiting for the rate limit."""
        return bool(self._waiting)

    @property
    def seconds_held_up(self) -> float:
        """For how long requests have waited and none has been sent, in seconds; 0 if none waits."""
        with self._lock:
            if not self._waiting:
                return 0.0
            return time.monotonic() - max(self._waiting_since, self._last_request)
