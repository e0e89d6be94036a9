"""The time: by what the tap waits, and what time of day it is.

All of the tap asks here, so that a test or a simulation can pass or set another time.
"""

from __future__ import annotations

import threading
import time


class Clock:
    """The real time, by which the tap waits."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def condition(self) -> threading.Condition:
        """Return a new condition, whose ``wait`` goes by this clock."""
        return threading.Condition()


def epoch_now() -> float:
    """Return the present in epoch seconds, by the clock of this machine."""
    return time.time()
