"""Days in UTC, by how many days ago they were; today is 0."""

from __future__ import annotations

from tests.support.records import DAY, NOW, Row, tap_time

TODAY = NOW - NOW % DAY


def day(back: int) -> int:
    """Return the first second of a day."""
    return TODAY - back * DAY


def date(back: int) -> str:
    """Return the first moment of a day, as records have it."""
    return tap_time(day(back))


def since(back: int) -> Row:
    """Return the setting that reads from a day on."""
    return {"start_date": date(back)}
