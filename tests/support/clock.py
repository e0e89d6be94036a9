"""The time of day in tests: each begins at NOW, however long the tests before it took.

Many modules compute days from NOW while they are imported. Without this, they would be those of
yesterday once midnight has passed.

``TESTS_TIME_OF_DAY=23:59:30`` lets all tests begin at that time of a day, in UTC. Programs that
tests start see the same time where ``forked`` starts them; all others see the real one.
"""

from __future__ import annotations

import os
import time

TIME_OF_DAY = "TESTS_TIME_OF_DAY"
SHIFT = "TESTS_CLOCK_SHIFT"
"""Tells a program that a test starts by how many seconds its clock is wrong."""

_DAY = 86_400
_HOUR = 3600
_MINUTE = 60

_real = time.time


def start() -> int:
    """Return when each test begins, in epoch seconds."""
    now = int(_real())
    chosen = os.environ.get(TIME_OF_DAY)
    if chosen:
        hours, minutes, seconds = map(int, chosen.split(":"))
        return now - now % _DAY + hours * _HOUR + minutes * _MINUTE + seconds
    # No hour is to end within a test.
    return now - _MINUTE if now % _HOUR >= _HOUR - _MINUTE else now


def begin_at(moment: float) -> None:
    """Let ``time.time`` go on from a moment, here and in programs that ``forked`` starts."""
    shift_by(moment - _real())


def shift_by(seconds: float) -> None:
    """Let ``time.time`` be wrong by so many seconds."""
    os.environ[SHIFT] = str(seconds)

    def shifted() -> float:
        return _real() + seconds

    time.time = shifted
