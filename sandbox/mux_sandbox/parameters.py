"""The query parameters that many endpoints share: paging, order and timeframe."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.errors import invalid_parameters, invalid_timeframe

if TYPE_CHECKING:
    from collections.abc import Collection

    from multidict import MultiMapping

    from mux_sandbox.options import SandboxOptions

_DAY = 86_400
_SECONDS = {"hours": 3600, "days": _DAY}
_DURATION = re.compile(r"(\d{1,6}):(hours|days)", re.ASCII)
_EPOCH = re.compile(r"\d{1,12}", re.ASCII)
_CURSOR = re.compile(r"after:(\d{1,12})", re.ASCII)


class Slice(NamedTuple):
    """The records of one page."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        """The offset of the next page."""
        return self.offset + self.size


class Parameters:
    """The query of one request, read on demand."""

    def __init__(self, query: MultiMapping[str], options: SandboxOptions) -> None:
        """Keep the query and the options."""
        self._query = query
        self._options = options

    def text(self, name: str) -> str | None:
        """Give the (first) value of a parameter."""
        return self._query.get(name)

    def texts(self, name: str) -> list[str]:
        """Give all values of a parameter."""
        return self._query.getall(name, [])

    def whole(self, name: str, default: int) -> int:
        """Give a parameter that must be a whole number from 1."""
        value = self._query.get(name)
        if value is None:
            return default
        if not _EPOCH.fullmatch(value) or int(value) < 1:
            message = f"{name} must be a whole number from 1, not {value!r}"
            raise invalid_parameters(message)
        return int(value)

    def page(self, default_limit: int = 25, max_limit: int = 100) -> Slice:
        """Give the page asked for with limit and either page or cursor."""
        size = min(self.whole("limit", default_limit), max_limit)
        if self._options.page_cap is not None:
            size = min(size, self._options.page_cap)
        return Slice((self.whole("page", 1) - 1) * size, size)

    def cursor_page(self) -> Slice:
        """Give the page asked for, by cursor if there is one."""
        page = self.page()
        cursor = self._query.get("cursor")
        return page if cursor is None else Slice(_offset_of(cursor), page.size)

    def descending(self, default: str = "desc") -> bool:
        """Tell whether the newest or greatest record comes first."""
        return self.choice("order_direction", ("asc", "desc"), default) == "desc"

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Give a parameter that must be one of some words."""
        value = self._query.get(name, default)
        if value not in choices:
            message = f"{name} must be one of {', '.join(choices)}, not {value!r}"
            raise invalid_parameters(message)
        return value

    def window(self, now: float) -> tuple[int, int] | None:
        """Give the window asked for in epoch seconds, if any; it may be long ago."""
        values = self.texts("timeframe[]")
        return _window(values, int(now)) if values else None

    def timeframe(self, now: float) -> tuple[int, int]:
        """Give the window asked for in epoch seconds, the last 24 hours by default."""
        values = self.texts("timeframe[]") or ["24:hours"]
        start, end = _window(values, int(now))
        oldest = int(now - self._options.retention_days * _DAY)
        if start < oldest:
            if not self._options.clamp_instead_of_refuse:
                message = f"views are kept for {self._options.retention_days} days"
                raise invalid_timeframe(message)
            start, end = oldest, max(end, oldest)
        return start, end


def _window(values: list[str], now: int) -> tuple[int, int]:
    if len(values) == 1 and (duration := _DURATION.fullmatch(values[0])):
        return now - int(duration[1]) * _SECONDS[duration[2]], now
    if len(values) == 2 and all(map(_EPOCH.fullmatch, values)):  # noqa: PLR2004 - a pair
        start, end = map(int, values)
        if start <= end:
            return start, end
    message = f"timeframe[] must be two epoch seconds or a span such as 24:hours, not {values!r}"
    raise invalid_parameters(message)


def cursor_to(offset: int) -> str:
    """Make the opaque cursor of the page that starts at `offset`.

    A cursor counts records, as in the API. New records shift the next page.
    """
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _offset_of(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    match = _CURSOR.fullmatch(text)
    if match is None:
        message = "cursor was not made by this API"
        raise invalid_parameters(message)
    return int(match[1])
