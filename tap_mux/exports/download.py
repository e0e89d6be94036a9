"""One compressed file behind a pre-signed URL: streamed, and resumed where the connection breaks.

Whoever has such a URL may read the file. So it stands in no log and no error, and our own
credentials are not sent along: the store refuses a request that has both.
"""

from __future__ import annotations

import logging
import re
import time
import zlib
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

from tap_mux.api.errors import (
    APIError,
    MuxError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from tap_mux.api.transport import failure, retry_after_seconds, waits, way_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3 import BaseHTTPResponse

READ_BYTES = 1 << 18
PIECE_BYTES = 1 << 20

_REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
    }
)
"""How object stores answer when a URL has expired; S3 says 403."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)

logger = logging.getLogger(__name__)


class BegunAgainError(MuxError):
    """What has been read of the file is of no use: it has to be read from its beginning."""

    is_worth_retrying = True


class Download:
    """One file, in as many requests as it takes."""

    def __init__(
        self,
        name: str,
        find_url: Callable[[], str],
        *,
        user_agent: str,
        timeout_seconds: int,
        max_attempts: int,
    ) -> None:
        """Take what is needed to ask; nothing is asked yet.

        Args:
            name: What the file is called in messages.
            find_url: Gives a URL that works now; called again when that has expired.
            user_agent: How the tap names itself.
            timeout_seconds: For connecting, and for each wait for more of the file.
            max_attempts: How often in a row it may fail without getting any further.
        """
        self._request = f"The download of {name}"
        self._find_url = find_url
        self._url: str | None = None
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._timeout = timeout_seconds
        self._max_attempts = max_attempts
        self._failures = 0
        self._waits = waits()
        self._is_renewed = False
        self._furthest = 0
        self._at = 0
        self._size: int | None = None
        self._mark = ""

    def read(self) -> Iterator[bytes]:
        """Read the file from its beginning, decompressed.

        Yields:
            Its content, in pieces of up to PIECE_BYTES. If they end, that was all of it: checksum
            and length are right.

        Raises:
            BegunAgainError: All pieces so far are void; call this again.
            MuxError: The file cannot be had.
        """
        self._at, self._size, self._mark = 0, None, ""
        gunzip = Gunzip()
        while True:
            try:
                for data in self._receive():
                    yield from gunzip.feed(data)
                if gunzip.is_whole and self._is_all_here:
                    return
                text = f"{self._request} ended before the file did"
                raise NoAnswerError(text)
            except zlib.error:
                text = f"{self._request} gave something else than a file that gzip has written"
                error: MuxError = BegunAgainError(text)
            except MuxError as met:
                error = met
            self._endure(error)
            if isinstance(error, BegunAgainError):
                raise error

    @property
    def _is_all_here(self) -> bool:
        return self._size is None or self._at >= self._size

    def _receive(self) -> Iterator[bytes]:
        """Go on with the file where it broke off, in one request."""
        if self._url is None:
            self._url = self._find_url()
        try:
            with closing(self._ask(self._url)) as response:
                behind = self._at - self._start_of(response)
                # What has come before a connection breaks is not lost, as it is with stream().
                while data := response.read1(READ_BYTES, decode_content=False):
                    fresh = data[behind:]
                    behind -= len(data) - len(fresh)
                    if fresh:
                        self._advance(len(fresh))
                        yield fresh
        except HTTPError as error:
            failed = failure(f"{self._request} broke off", error)
            failed.args = (str(failed).partition("?")[0],)  # lest it should hold the URL
            raise failed from None

    def _ask(self, url: str) -> BaseHTTPResponse:
        try:
            request = requests.Request("GET", url, headers=self._headers).prepare()
            way = way_to(request, most_at_once=1)
        except (requests.RequestException, ValueError):
            text = f"{self._request} cannot begin: Mux gave a URL that is none"
            raise UnexpectedAnswerError(text) from None
        headers = dict(request.headers)
        if self._at:
            headers["Range"] = f"bytes={self._at}-"
            if self._mark:
                headers["If-Range"] = self._mark
        return way.connections.urlopen(
            "GET",
            way.target,
            headers=headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,  # a proxy is asked for the URL of another host
            preload_content=False,
            decode_content=False,
        )

    def _start_of(self, response: BaseHTTPResponse) -> int:
        """Return where in the file an answer begins: at what is to come, or before it.

        Raises:
            BegunAgainError: The answer is no continuation of what has been read.
            APIError: It is no part of the file at all.
        """
        status, headers = response.status, response.headers
        start = None
        if status == HTTPStatus.OK:
            start = 0
        elif status == HTTPStatus.PARTIAL_CONTENT:
            match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
            start = int(match[1]) if match else None
            self._size = int(match[2]) if match and match[2] != "*" else self._size
        elif status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            wait = retry_after_seconds(headers.get("Retry-After"))
            raise APIError(self._request, status, retry_after=wait)
        self._is_renewed = False
        mark = _mark_of(headers)
        # Without a mark, a part is taken on trust, which the checksum at the end of the file tests;
        # but a whole file is not, since that is what a store sends if the file has changed.
        is_same = mark == self._mark and (mark or status == HTTPStatus.PARTIAL_CONTENT)
        if start is None or start > self._at or (self._at and not is_same):
            text = f"{self._request} cannot go on where it broke off"
            raise BegunAgainError(text)
        self._mark = mark
        return start

    def _advance(self, count: int) -> None:
        self._at += count
        if self._at > self._furthest:
            self._furthest = self._at
            self._failures = 0

    def _endure(self, error: MuxError) -> None:
        """Get over a failure, or raise it when there is no hope."""
        if isinstance(error, APIError) and error.status in _REFUSALS:
            if self._is_renewed:
                text = f"{self._request} was refused with a new URL, too (status {error.status})"
                raise MuxError(text)
            logger.info("%s goes on with a new URL: the old one has expired", self._request)
            self._url = None
            self._is_renewed = True
            return
        if not error.is_worth_retrying:
            raise error
        self._failures += 1
        if self._failures == 1:
            self._waits = waits()
            next(self._waits)
        if self._failures >= self._max_attempts:
            error.args = (f"{error}. Gave up after {self._max_attempts} tries",)
            if isinstance(error, BegunAgainError):
                raise UnexpectedAnswerError(*error.args) from None
            raise error
        wait = self._waits.send(error)
        logger.warning(
            "%s. Going on in %.1f seconds (try %d of %d failed)",
            error,
            wait,
            self._failures,
            self._max_attempts,
        )
        time.sleep(wait)


class Gunzip:
    """Decompresses a file of one or more gzip members, in little memory."""

    def __init__(self) -> None:
        """Begin a file."""
        self._member = zlib.decompressobj(wbits=31)

    @property
    def is_whole(self) -> bool:
        """Whether what came so far ends where a member does, its checksum and length right."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress more of the file.

        Args:
            data: What follows.

        Yields:
            What came out of it, in pieces of up to PIECE_BYTES.

        Raises:
            zlib.error: This is not gzip, or a checksum is wrong.
        """
        may_hold_more = False
        while data or may_hold_more:
            if self._member.eof:
                data = data.lstrip(b"\0")  # some writers pad the end
                if not data:
                    return
                self._member = zlib.decompressobj(wbits=31)
            piece = self._member.decompress(data, PIECE_BYTES)
            data = self._member.unconsumed_tail or self._member.unused_data
            may_hold_more = len(piece) == PIECE_BYTES and not self._member.eof
            if piece:
                yield piece


def _mark_of(headers: Mapping[str, str]) -> str:
    """Return what tells this content of the file from any other; empty if nothing does."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


class _WithoutQueries(logging.Filter):
    """Leaves out of urllib3's messages what makes a pre-signed URL a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0] if isinstance(argument, str) else argument
                for argument in record.args
            )
        return True


for _module in ("connection", "connectionpool"):
    logging.getLogger(f"urllib3.{_module}").addFilter(_WithoutQueries())
