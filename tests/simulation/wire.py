"""Forms in which Mux sends moments, and the mark of all secrets."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

SECRET = "TOPSECRET"  # noqa: S105 - it opens nothing
"""Is part of all that nobody may find in output, log or state."""


@lru_cache(1 << 16)
def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso(moment: float) -> str:
    """Return a moment as Mux Data sends it."""
    return _iso(int(moment))


@lru_cache(1 << 16)
def tap_time(moment: int) -> str:
    """Return a moment as the tap writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def day_text(moment: float) -> str:
    """Return a day."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%d")
