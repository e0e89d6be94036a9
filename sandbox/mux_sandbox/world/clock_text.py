"""Times in the form of the Data API."""

from __future__ import annotations

import time
from datetime import datetime
from functools import cache, lru_cache

_HOUR = 3600
_MINUTES_AND_SECONDS = tuple(f"{s // 60:02d}:{s % 60:02d}Z" for s in range(_HOUR))


@cache
def _hour_text(hour: int) -> str:
    return time.strftime("%Y-%m-%dT%H:", time.gmtime(hour * _HOUR))


def iso(moment: int) -> str:
    """Write epoch seconds as the Data API does."""
    return _hour_text(moment // _HOUR) + _MINUTES_AND_SECONDS[moment % _HOUR]


@lru_cache(maxsize=100_000)
def epoch(moment: str) -> float:
    """Turn an ISO 8601 time of the Data API into epoch seconds."""
    return datetime.fromisoformat(moment).timestamp()
