"""How long requests have waited for a bucket, for those who watch a run."""

from __future__ import annotations

from typing import NamedTuple


class Waiting(NamedTuple):
    """How requests wait for a bucket; times are those of the limiter's clock."""

    seconds: float
    """How long they have waited in all. A second in which several wait counts once."""

    since: float | None
    """Since when at least one waits; None if none does."""

    until: float
    """When the next one is sent, as far as known."""

    is_shared: bool
    """Whether another program seems to take from the bucket, too."""


class WaitingTime:
    """The time in which at least one request waits."""

    def __init__(self) -> None:
        """Start with none that waits."""
        self._count = 0
        self._seconds = self._since = 0.0

    def begin(self, now: float) -> None:
        """Count a request that waits from now on."""
        self._since = self._since if self._count else now
        self._count += 1

    def end(self, now: float) -> None:
        """Count a request that waits no longer."""
        self._count -= 1
        if not self._count:
            self._seconds += now - self._since

    def told(self, now: float, until: float, *, is_shared: bool) -> Waiting:
        """Return how requests wait."""
        if not self._count:
            return Waiting(self._seconds, None, until, is_shared)
        return Waiting(self._seconds + now - self._since, self._since, until, is_shared)
