"""The list of daily exports: which files there are, how to get at them, which dates are missing.

Follows https://www.mux.com/docs/api-reference/data/exports/list-exports-views
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tap_mux.api.errors import MuxError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_mux.api.client import MuxClient
    from tap_mux.records.normalizer import Record

KEPT_DAYS = 7
"""How long Mux keeps an export, from the day on which it was made."""

_ONE_DAY = timedelta(days=1)

logger = logging.getLogger(__name__)


class File(NamedTuple):
    """One file of an export."""

    date: date
    """The day of its views, in UTC."""

    version: int
    """Which columns it has."""

    part: str
    """Where it lies, if there are several of its date and version; else empty."""

    def __str__(self) -> str:
        """Name it in messages."""
        return f"the export of {self.date}"


class Exports:
    """The exports that Mux keeps, as last listed."""

    def __init__(self, client: MuxClient, path: str) -> None:
        """Take what is needed to ask; nothing is asked yet.

        Args:
            client: Asks Mux.
            path: The list's path.
        """
        self._client = client
        self._path = path
        self._urls: dict[File, str] = {}

    def list(self) -> dict[date, list[File]]:
        """Ask for the exports there are.

        Returns:
            The files to read for each date, oldest first: those of its highest version, since the
            others have the same views with fewer columns.

        Raises:
            MuxError: Mux does not tell.
        """
        found: dict[tuple[date, int], dict[str, str]] = {}
        try:
            for export in self._client.get(self._path)["data"]:
                _collect(export, found)
        except (AttributeError, KeyError, TypeError, ValueError):
            text = f"GET {self._path} gave an export that is not what the API describes"
            raise UnexpectedAnswerError(text) from None
        self._urls = {
            File(*export, part if len(urls) > 1 else ""): url
            for export, urls in found.items()
            for part, url in urls.items()
        }
        listed: dict[date, list[File]] = {}
        for day, of_day in groupby(sorted(self._urls), key=lambda file: file.date):
            files = list(of_day)
            newest = [file for file in files if file.version == files[-1].version]
            if len(newest) < len(files):
                logger.info(
                    "Mux has several versions of the export of %s: reading version %d",
                    day,
                    newest[0].version,
                )
            listed[day] = newest
        return listed

    def find_url(self, file: File) -> str:
        """Give a URL of a file that has not been given out before, so that it works for a while.

        Args:
            file: One that was listed.

        Raises:
            MuxError: Mux does not list it any more.
        """
        if file not in self._urls:
            self.list()
        try:
            return self._urls.pop(file)
        except KeyError:
            text = f"Mux does not list {file} any more: it keeps exports for {KEPT_DAYS} days"
            raise MuxError(text) from None


def _collect(export: Record, found: dict[tuple[date, int], dict[str, str]]) -> None:
    """Add the URLs of an export to those of its date and version, by where the files lie."""
    day = date.fromisoformat(export["export_date"])
    for file in export["files"]:
        if file["type"] != "csv":
            text = "The export of %s has a file of the type %r, which is not read"
            logger.warning(text, day, file["type"])
            continue
        url = str(file["path"])
        urls = found.setdefault((day, int(file["version"])), {})
        urls[url.partition("?")[0]] = url


def missing(
    listed: Iterable[date], first: date | None, end: date | None, today: date
) -> list[date]:
    """Say which dates have no export and will not get one either.

    Args:
        listed: The dates that have one.
        first: The first date that is wanted; None for what there is.
        end: The date after the last one that is wanted, if there is a last one.
        today: The present date, in UTC.
    """
    there = set(listed)
    first = first or min(there, default=today)
    # What is older than all exports that Mux keeps is gone; what is newer is yet to come.
    last = max(there, default=today - (KEPT_DAYS + 1) * _ONE_DAY)
    last = min(last, end - _ONE_DAY) if end else last
    days = (first + number * _ONE_DAY for number in range((last - first).days + 1))
    return [day for day in days if day not in there]


def spans(days: Iterable[date]) -> str:
    """Write dates as a list of spans.

    Args:
        days: The dates, in order.
    """
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _ONE_DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
