"""Windows of time as metrics use them: rounded, and cut into intervals."""

from __future__ import annotations

from typing import TypeAlias

Window: TypeAlias = tuple[int, int]
"""Start and end in epoch seconds."""

_MINUTE = 60
_HOUR = 3600
_DAY = 86_400

STEPS = {"minute": _MINUTE, "ten_minutes": 10 * _MINUTE, "hour": _HOUR, "day": _DAY}
FINE = 90 * _MINUTE
"""Only windows shorter than this are cut into minutes."""


def granularity(window: Window) -> str:
    """Name the intervals that a window is cut into by default."""
    length = window[1] - window[0]
    if length < FINE:
        return "minute"
    if length <= 6 * _HOUR:
        return "ten_minutes"
    return "hour" if length <= 15 * _DAY else "day"


def rounded(window: Window) -> Window:
    """Widen a window to full intervals."""
    step = STEPS[granularity(window)]
    start, end = window
    return start - start % step, end + -end % step


def intervals(window: Window, step: int) -> range:
    """Give the starts of the intervals that a window touches."""
    start, end = window
    return range(start - start % step, end, step)
