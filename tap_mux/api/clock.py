"""The time by which the tap waits; a test or a simulation passes one of its own."""

from __future__ import annotations

import threading
import time


class Clock:
    """The real time."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def condition(self) -> threading.Condition:
        """Return a new condition, whose ``wait`` goes by this clock."""
        return threading.Condition()
