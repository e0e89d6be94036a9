"""One compressed file behind a pre-signed URL: streamed, and resumed where the connection breaks.

Whoever has such a URL may read the file. So the URL is in no log and in no error. Our credentials
are not sent: the object store refuses a request with two kinds of them.
"""

from __future__ import annotations

import logging
import re
import sys
import zlib
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

from tap_mux.api.deadline import MIN_BYTES_PER_SECOND
from tap_mux.api.errors import APIError, MuxError, NoAnswerError, UnexpectedAnswerError
from tap_mux.api.retry import retry_after_seconds
from tap_mux.api.transport import network_error, route_to
from tap_mux.settings.loopback import is_private

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3 import BaseHTTPResponse

    from tap_mux.api.retry import RetryPolicy

READ_BYTES = 1 << 18
PIECE_BYTES = 1 << 20

MAX_EMPTY_MEMBERS = 1000
"""How many members of a file, or pieces of padding, may have no content before it seems endless."""

_REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
    }
)
"""How object stores answer when a URL has expired; S3 answers 403."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)

logger = logging.getLogger(__name__)


class RestartError(MuxError):
    """What has been read of the file is void: it has to be read from its beginning."""

    is_retriable = True


class Download:
    """One file, read in as many requests as needed."""

    def __init__(
        self,
        name: str,
        find_url: Callable[[], str],
        *,
        user_agent: str,
        timeout_seconds: int,
        retry_policy: RetryPolicy,
    ) -> None:
        """Take a file; ``read`` sends the requests.

        Args:
            name: The name of the file in messages.
            find_url: Returns a URL that works now; called again when that has expired.
            user_agent: The name of the tap, for the server.
            timeout_seconds: For connecting, and for each wait for more of the file.
            retry_policy: Says how often in a row it may fail without progress; and has the clock.
        """
        self._request = f"The download of {name}"
        self._find_url = find_url
        self._url: str | None = None
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._timeout = timeout_seconds
        self._retries = retry_policy.retries(is_paced=False)
        self._clock = retry_policy.rate_limiter.clock
        self._has_new_url = False
        self._furthest = 0
        self._asked_at = 0.0
        self._at = 0
        self._size: int | None = None
        self._validator = ""
        _keep_urls_out_of_logs()

    def read(self) -> Iterator[bytes]:
        """Read the file from its beginning, decompressed.

        Yields:
            Its content, in pieces of up to PIECE_BYTES. After the last one, checksum and length
            have been checked.

        Raises:
            RestartError: All pieces so far are void; call ``read`` again.
            MuxError: The file cannot be downloaded.
        """
        self._at, self._size, self._validator = 0, None, ""
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
                error: MuxError = RestartError(text)
            except MuxError as caught:
                error = caught
            self._recover(error)
            if isinstance(error, RestartError):
                raise error

    @property
    def _is_all_here(self) -> bool:
        return self._size is None or self._at >= self._size

    def _receive(self) -> Iterator[bytes]:
        """Send one request for the rest of the file."""
        if self._url is None:
            self._url = self._find_url()
        try:
            self._asked_at = self._clock.now()
            with closing(self._ask(self._url)) as response:
                behind = self._at - self._start_of(response)
                # Unlike stream(), this loses nothing of what came before a connection broke.
                while data := response.read1(READ_BYTES, decode_content=False):
                    fresh = data[behind:]
                    behind -= len(data) - len(fresh)
                    if fresh:
                        self._advance(len(fresh))
                        yield fresh
        except HTTPError as error:
            failed = network_error(f"{self._request} broke off", error)
            failed.args = (str(failed).partition("?")[0],)  # the text may hold the URL
            raise failed from None

    def _ask(self, url: str) -> BaseHTTPResponse:
        try:
            request = requests.Request("GET", url, headers=self._headers).prepare()
            if not is_private(request.url or ""):
                # It could lead to any server in the user's network. Redirects are not followed.
                text = f"{self._request} is refused: Mux gave a URL that is not https"
                raise MuxError(text)
            route = route_to(request, max_connections=1)
        except (requests.RequestException, ValueError):
            text = f"{self._request} cannot begin: Mux gave a URL that is not valid"
            raise UnexpectedAnswerError(text) from None
        headers = dict(request.headers)
        if self._at:
            headers["Range"] = f"bytes={self._at}-"
            if self._validator:
                headers["If-Range"] = self._validator
        return route.connections.urlopen(
            "GET",
            route.target,
            headers=headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,  # a proxy is asked for the URL of another host
            preload_content=False,
            decode_content=False,
        )

    def _start_of(self, response: BaseHTTPResponse) -> int:
        """Return the position in the file at which an answer begins.

        Raises:
            RestartError: The answer does not continue what has been read.
            APIError: The answer is no part of the file.
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
            wait = retry_after_seconds(headers)
            raise APIError(self._request, status, retry_after=wait)
        self._has_new_url = False
        validator = _validator_of(headers)
        # Without a validator, a part is accepted, since the checksum at the end of the file tests
        # it. A whole file is not: the store may have sent it because the file has changed.
        is_same = validator == self._validator and (
            validator or status == HTTPStatus.PARTIAL_CONTENT
        )
        if start is None or start > self._at or (self._at and not is_same):
            text = f"{self._request} cannot go on where it broke off"
            raise RestartError(text)
        self._validator = validator
        return start

    def _advance(self, count: int) -> None:
        """Count what has come, and forget failures if it comes faster than where a server hangs."""
        self._at += count
        seconds = self._clock.now() - self._asked_at
        if self._at - self._furthest > seconds * MIN_BYTES_PER_SECOND:
            self._furthest = self._at
            self._retries.reset()
            self._asked_at = self._clock.now()

    def _recover(self, error: MuxError) -> None:
        """Prepare for another request after a failure, or raise the failure."""
        if isinstance(error, APIError) and error.status in _REFUSALS:
            if self._has_new_url:
                text = f"{self._request} was refused with a new URL, too (status {error.status})"
                raise MuxError(text)
            logger.info("%s goes on with a new URL: the old one has expired", self._request)
            self._url = None
            self._has_new_url = True
            return
        try:
            self._retries.back_off(error)
        except RestartError:
            raise UnexpectedAnswerError(*error.args) from None


class Gunzip:
    """Decompresses a file of one or more gzip members, in bounded memory.

    The standard library's ``gzip.GzipFile`` takes a fourth more time, and accepts an empty file.
    """

    def __init__(self) -> None:
        """Start a file."""
        self._member = zlib.decompressobj(wbits=31)
        self._without_content = 0

    @property
    def is_whole(self) -> bool:
        """Whether the data so far ends with a whole member; checksum and length are right."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress more of the file.

        Args:
            data: What follows.

        Yields:
            The content, in pieces of up to PIECE_BYTES.

        Raises:
            zlib.error: This is not gzip, or a checksum is wrong, or it has no end.
        """
        may_hold_more = False
        while data or may_hold_more:
            if self._member.eof:
                self._count_nothing()
                data = data.lstrip(b"\0")  # some writers pad the end
                if not data:
                    return
                self._member = zlib.decompressobj(wbits=31)
            piece = self._member.decompress(data, PIECE_BYTES)
            data = self._member.unconsumed_tail or self._member.unused_data
            may_hold_more = len(piece) == PIECE_BYTES and not self._member.eof
            if piece:
                self._without_content = 0
                yield piece

    def _count_nothing(self) -> None:
        """Count what comes after the end of a member, until there is content again."""
        self._without_content += 1
        if self._without_content > MAX_EMPTY_MEMBERS:
            text = "it does not end"
            raise zlib.error(text)


def _validator_of(headers: Mapping[str, str]) -> str:
    """Return what identifies the content of the file; empty if the answer does not say."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


class _WithoutQueries(logging.Filter):
    """Removes the query of URLs from messages of urllib3: it makes a pre-signed URL a secret."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0] if isinstance(argument, str) else argument
                for argument in record.args
            )
        return True


_without_queries = _WithoutQueries()


def _keep_urls_out_of_logs() -> None:
    for module in ("connection", "connectionpool"):
        logging.getLogger(f"urllib3.{module}").addFilter(_without_queries)  # again is no harm
