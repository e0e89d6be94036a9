"""Generated views of any hour, and when the API shows them."""

from __future__ import annotations

import math
import string
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.clock_text import iso
from mux_sandbox.world.dice import Dice
from mux_sandbox.world.vocabulary import COUNTRIES, DEVICES, PLAYER_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.world.interface import Row

_HOUR = 3600
_SETTLE_SECONDS = 60
"""Seconds from the end of a view until it shows."""

_LATEST_SECONDS = 90 * 60
"""The longest delay of a late view; a record can change for as long."""

_KEPT_ROWS = 200_000


_DIGITS = string.digits + string.ascii_letters
_HOUR_DIGITS = 4


class Version(NamedTuple):
    """One state of a view and the period in which it shows."""

    view_end: int
    since: int
    until: float
    row: Row


class Hour(NamedTuple):
    """The versions whose view_end is in an hour, in order of view_end."""

    versions: list[Version]
    rows: list[Row]
    """The records when all changes are over."""
    settled: float
    """The time when all changes are over."""


class Views:
    """All views of a world, made hour by hour on demand."""

    def __init__(self, seed: int, per_day: int, titles: Callable[[int], list[str | None]]) -> None:
        """Prepare; `titles` gives the titles of a day, the most popular first."""
        self._seed = seed
        self._per_hour = per_day / 24
        self._titles = titles
        hours = max(48, _KEPT_ROWS * 24 // max(per_day, 1))
        self._hour = lru_cache(maxsize=hours)(self._make_hour)
        self._begun_in = lru_cache(maxsize=4)(self._watch)

    def visible(self, start: int, end: int, now: float) -> tuple[list[Row], float]:
        """Give the records with start <= view_end <= end, and until when they are valid."""
        rows: list[Row] = []
        stays = math.inf
        for number in range(start // _HOUR, min(end, int(now)) // _HOUR + 1):
            hour = self._hour(number)
            inside = start <= number * _HOUR and (number + 1) * _HOUR <= end
            if inside and hour.settled <= now:
                rows += hour.rows
                continue
            for version in hour.versions:
                if start <= version.view_end <= end:
                    if version.since > now:
                        stays = min(stays, version.since)
                    elif version.until > now:
                        rows.append(version.row)
                        stays = min(stays, version.until)
        if end > now:
            # The next hour brings new views.
            stays = min(stays, (int(now) // _HOUR + 1) * _HOUR)
        return rows, stays

    def _make_hour(self, number: int) -> Hour:
        begin, end = number * _HOUR, (number + 1) * _HOUR
        versions = [
            version
            # A view that goes on again ends up to an hour later.
            for hour in (number - 1, number)
            for version in self._begun_in(hour)
            if begin <= version.view_end < end
        ]
        versions.sort(key=lambda version: version.view_end)
        return Hour(
            versions,
            [version.row for version in versions if version.until == math.inf],
            end + _LATEST_SECONDS + _SETTLE_SECONDS,
        )

    def _watch(self, hour: int) -> list[Version]:
        dice = Dice(self._seed, "views", hour)
        titles = self._titles(hour // 24)
        versions: list[Version] = []
        second = 0
        mean = self._per_hour * _audience(hour)
        for _ in range(int(mean * (0.8 + 0.4 * dice.random()) + dice.random())):
            # Now and then two views end in the same second, or on the full hour.
            chance = dice.random()
            if chance > 0.08:  # noqa: PLR2004
                second = 0 if chance > 0.995 else int(dice.random() * _HOUR)  # noqa: PLR2004
            _add_view(versions, dice, titles, hour * _HOUR + second)
        return versions

    def find(self, identifier: str, now: float) -> Row | None:
        """Give the record of a view, as visible at a time."""
        hour = hour_of(identifier)
        if hour is None or hour > now // _HOUR:
            return None
        for version in self._begun_in(hour):
            if version.row["id"] == identifier and version.since <= now < version.until:
                return version.row
        return None


def _audience(hour: int) -> float:
    """Give the relative size of the audience; evenings and weekends have more."""
    weekend = (hour // 24 + 4) % 7 in (6, 0)
    return (1.25 if weekend else 0.9) * (1 + 0.6 * math.cos((hour % 24 - 19) / 12 * math.pi))


def _add_view(versions: list[Version], dice: Dice, titles: list[str | None], view_end: int) -> None:
    throw = dice.random
    seconds = int(5 + 2400 * throw() ** 3)
    os_family, application = dice.pick(DEVICES)
    row: Row = {
        "id": dice.identifier(36)[:-_HOUR_DIGITS] + _write_number(view_end // _HOUR),
        "viewer_os_family": os_family,
        "viewer_application_name": application,
        # A small index is more popular.
        "video_title": titles[int(len(titles) * throw() ** 2)],
        "total_row_count": None,
        "player_error_message": None,
        "player_error_code": None,
        "error_type_id": None,
        "country_code": dice.pick(COUNTRIES),
        "view_start": iso(view_end - seconds - int(20 * throw())),
        "view_end": iso(view_end),
        "viewer_experience_score": round(1 - 0.6 * throw() ** 2, 4),
        "watch_time": seconds * 1000 - int(throw() * 900),
        "playback_failure": False,
    }
    fate = throw()
    since = view_end + _SETTLE_SECONDS
    if fate < 0.03:  # noqa: PLR2004
        _fail(row, dice)
    elif fate < 0.04:  # noqa: PLR2004
        row["viewer_experience_score"] = row["watch_time"] = None
    elif fate < 0.07:  # noqa: PLR2004
        since = view_end + dice.between(5 * 60, _LATEST_SECONDS)
    elif fate < 0.11:  # noqa: PLR2004
        later = view_end + dice.between(120, _HOUR)
        versions.append(Version(view_end, since, later + _SETTLE_SECONDS, row))
        more = int((later - view_end - 60) * (0.3 + 0.7 * throw()))
        row = row | {"view_end": iso(later), "watch_time": row["watch_time"] + 1000 * more}
        view_end, since = later, later + _SETTLE_SECONDS
    versions.append(Version(view_end, since, math.inf, row))


def _fail(row: Row, dice: Dice) -> None:
    code, message, kind = dice.pick(PLAYER_ERRORS)
    row["player_error_code"], row["player_error_message"], row["error_type_id"] = (
        code,
        message,
        kind,
    )
    if dice.chance(0.8):
        row["playback_failure"] = True
        row["viewer_experience_score"] = 0
        row["watch_time"] //= 10


def _write_number(number: int) -> str:
    """Write a number in letters and digits, as ids have."""
    text = ""
    for _ in range(_HOUR_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        text += _DIGITS[digit]
    return text


def hour_of(identifier: str) -> int | None:
    """Read from a view's id the hour in which it first ended."""
    number = 0
    for character in reversed(identifier[-_HOUR_DIGITS:]):
        digit = _DIGITS.find(character)
        if digit < 0:
            return None
        number = number * len(_DIGITS) + digit
    return number
