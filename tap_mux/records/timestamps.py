"""The one form of a timestamp.

Bookmarks are compared as text, so the form has a fixed width.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tap_mux import clock

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all times here are UTC
_PLAIN_ENDS = frozenset({"Z", ".000000Z"})


class MisfitError(ValueError):
    """A value that does not fit its type and cannot be converted."""


def utc_now() -> datetime:
    """Return the present, by the clock of this machine."""
    return datetime.fromtimestamp(clock.epoch_now(), UTC)


def utc_timestamp(value: object) -> str:
    """Return a moment in the form that the tap emits.

    Args:
        value: ISO 8601 text (UTC where it names no offset), or epoch seconds as text or number.

    Returns:
        A text such as ``2026-01-31T23:59:59.000000Z``.

    Raises:
        MisfitError: The value is no moment.
    """
    try:
        if type(value) is str and value[7:11:3] == "-T" and value[19:] in _PLAIN_ENDS:
            datetime.fromisoformat(value)
            return f"{value[:19]}.000000Z"  # what Mux Data sends most: the fast path
        if isinstance(value, str) and not value.isdecimal():
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
        elif isinstance(value, str):
            return f"{(_EPOCH + timedelta(seconds=int(value))).isoformat()}.000000Z"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = _EPOCH + timedelta(seconds=value)
        else:
            raise MisfitError
    except (ValueError, OverflowError, OSError):
        raise MisfitError from None
    return f"{moment.isoformat(timespec='microseconds')}Z"


def is_timestamp(value: object) -> bool:
    """Return whether a value is a text that ``utc_timestamp`` returned.

    Args:
        value: The value.
    """
    try:
        return value == utc_timestamp(value)
    except MisfitError:
        return False


def epoch_seconds(timestamp: str) -> int:
    """Return the whole epoch seconds of a timestamp.

    Args:
        timestamp: A text that ``utc_timestamp`` returned.
    """
    return int(datetime.fromisoformat(timestamp).timestamp())


def readable(seconds: float) -> str:
    """Return a moment in the form that messages have.

    Args:
        seconds: The moment, in epoch seconds.

    Returns:
        A text such as ``2026-01-31T23:59:59Z``.
    """
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
