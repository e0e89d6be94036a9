"""Which dates of the daily exports are read now, may still come, or are gone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mux.api.errors import MuxError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

RETENTION_DAYS = 7
"""How many days Mux keeps an export, counted from the day on which it was made."""

AWAITED = "missing_dates"
"""What a state calls the dates before its bookmark that no run has read, and that may still come.

Mux may list an export later than that of the next day. So the bookmark alone would hide it.
"""

EARLIEST = "earliest_date"
"""What a state calls the earliest date that was read, if no ``start_date`` was set.

Mux may list an earlier one later, too.
"""

_ONE_DAY = timedelta(days=1)


class Dates(NamedTuple):
    """Dates by what becomes of them, each list in order."""

    to_read: list[date]
    """Those that have an export."""

    late: list[date]
    """Those of them that an earlier run has found missing."""

    awaited: list[date]
    """Those that are not read now, but may be later."""

    gone: list[date]
    """Those that have no export and will not get one."""

    def left_after(self, day: date) -> list[str]:
        """Return what the state has to note when a date has been read.

        Args:
            day: The date.
        """
        left = {*self.awaited, *(late for late in self.late if late > day)}
        return [each.isoformat() for each in sorted(left)]


def sort_dates(
    listed: Collection[date],
    *,
    first: date | None,
    end: date | None,
    noted: Collection[date],
    today: date,
) -> Dates:
    """Sort out what becomes of each date.

    Args:
        listed: The dates that have an export.
        first: The first date to read; None for the first one that is listed.
        end: The date after the last one to read; None if there is no last one.
        noted: Dates before the first one that an earlier run has found missing.
        today: The present date, in UTC.
    """
    late = {day for day in noted if day in listed and (end is None or day < end)}
    to_read = {
        day for day in listed if (first is None or first <= day) and (end is None or day < end)
    }
    rest = sorted({*noted, *_missing(listed, first, end, today)} - late)
    oldest = today - RETENTION_DAYS * _ONE_DAY
    awaited = [day for day in rest if day >= oldest or day in listed]
    gone = [day for day in rest if day not in awaited]
    return Dates(sorted(to_read | late), sorted(late), awaited, gone)


def _missing(
    listed: Collection[date], first: date | None, end: date | None, today: date
) -> list[date]:
    """Return the dates without an export up to the last one that has one."""
    first = first or min(listed, default=today)
    # What is older than all exports that Mux keeps is gone; what is newer is yet to come.
    last = max(listed, default=today - (RETENTION_DAYS + 1) * _ONE_DAY)
    last = min(last, end - _ONE_DAY) if end else last
    return [day for day in days_between(first, last + _ONE_DAY) if day not in listed]


def days_between(first: date, end: date) -> list[date]:
    """Return the dates from the first one on, without the end."""
    return [first + number * _ONE_DAY for number in range((end - first).days)]


def read_awaited(stream: str, state: Mapping[str, Any]) -> list[date]:
    """Return the dates that a state has noted as missing.

    Args:
        stream: The name of the stream, for the error.
        state: The state of a partition.

    Raises:
        MuxError: They are no dates.
    """
    noted = state.get(AWAITED, [])
    try:
        return [date.fromisoformat(day) for day in noted]
    except (TypeError, ValueError):
        text = (
            f"{AWAITED} in the state of {stream} is no list of dates: {noted!r}. Fix or delete it"
        )
        raise MuxError(text) from None


def read_earliest(stream: str, state: Mapping[str, Any]) -> date | None:
    """Return the earliest date that was read, if a state has noted it.

    Args:
        stream: The name of the stream, for the error.
        state: The state of a partition.

    Raises:
        MuxError: It is no date.
    """
    noted = state.get(EARLIEST)
    try:
        return None if noted is None else date.fromisoformat(noted)
    except (TypeError, ValueError):
        text = f"{EARLIEST} in the state of {stream} is no date: {noted!r}. Fix or delete it"
        raise MuxError(text) from None


def format_dates(days: Iterable[date]) -> str:
    """Write dates as a list of ranges.

    Args:
        days: The dates, in order.
    """
    ranges: list[list[date]] = []
    for day in days:
        if ranges and day - ranges[-1][-1] == _ONE_DAY:
            ranges[-1].append(day)
        else:
            ranges.append([day])
    return ", ".join(
        str(each[0]) if len(each) == 1 else f"{each[0]} to {each[-1]}" for each in ranges
    )
