"""The list of daily exports: which files there are, and their URLs.

Follows https://www.mux.com/docs/api-reference/data/exports/list-exports-views
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from tap_mux.api.errors import MuxError, UnexpectedAnswerError
from tap_mux.exports.dates import RETENTION_DAYS

if TYPE_CHECKING:
    from tap_mux.api.client import MuxClient
    from tap_mux.records.normalizer import Record

_ONE_DAY = timedelta(days=1)

logger = logging.getLogger(__name__)


class File(NamedTuple):
    """One file of an export."""

    date: date
    """The day of its views, in UTC."""

    version: int
    """Which columns it has."""

    part: str
    """Its URL without the query, if there are several of its date and version; else empty."""

    def __str__(self) -> str:
        """Return its name in messages."""
        return f"the export of {self.date}"


class Exports:
    """The exports that Mux has, as last listed."""

    def __init__(self, client: MuxClient, path: str) -> None:
        """Take what sends requests.

        Args:
            client: Sends a request.
            path: The path of the list.
        """
        self._client = client
        self._path = path
        self._urls: dict[File, str] = {}

    def list(self) -> dict[date, list[File]]:
        """Ask Mux for the list.

        Returns:
            The files to read for each date, oldest first: those of its highest version, since the
            others have the same views with fewer columns.

        Raises:
            MuxError: The request failed, or the answer is not what the API describes.
        """
        found: dict[tuple[date, int], dict[str, str]] = {}
        last = datetime.fromtimestamp(self._client.now(), UTC).date() + _ONE_DAY
        try:
            for export in self._client.get(self._path)["data"]:
                _collect(export, found, last)
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
        """Return a URL of a file that has not been returned before, so it has not expired.

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
            text = f"Mux does not list {file} any more: it keeps exports for {RETENTION_DAYS} days"
            raise MuxError(text) from None


def _collect(export: Record, found: dict[tuple[date, int], dict[str, str]], last: date) -> None:
    """Add the URLs of an export to those of its date and version, by where the files lie.

    Args:
        export: The export.
        found: The URLs so far.
        last: The last date that an export may have.
    """
    day = date.fromisoformat(export["export_date"])
    if day > last:
        raise ValueError  # a bookmark of this date would hide all exports to come
    for file in export["files"]:
        if file["type"] != "csv":
            text = "exported_video_views lacks a file of %s, since its type is not csv but %.20s"
            logger.warning(text, day, file["type"])
            continue
        url = str(file["path"])
        urls = found.setdefault((day, int(file["version"])), {})
        urls[url.partition("?")[0]] = url
