"""One request to Mux: signed, tried again where that helps, decoded once.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import backoff
import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from tap_mux.errors import (
    APIError,
    CalledOffError,
    MuxError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from tap_mux.fetching import is_called_off

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from backoff.types import Details

    from tap_mux.pacing import Pacer

    Query = Mapping[str, str | int | Sequence[str | int]]

LONGEST_WAIT_SECONDS = 60.0
LONGEST_OBEYED_SECONDS = 3600.0

_BROKEN_CONNECTIONS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

logger = logging.getLogger(__name__)


class MuxClient:
    """Asks Mux for one thing at a time, on behalf of one access token."""

    def __init__(
        self,
        *,
        api_url: str,
        token_id: str,
        token_secret: str,
        user_agent: str,
        timeout_seconds: int,
        max_attempts: int,
        most_in_flight: int,
        pacer: Pacer,
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            api_url: Base URL, such as ``https://api.mux.com``.
            token_id: ID of the access token.
            token_secret: Secret of the access token.
            user_agent: How the tap names itself to Mux.
            timeout_seconds: For connecting, and for each wait for more of an answer.
            max_attempts: How often one request is tried before it has failed.
            most_in_flight: How many requests are under way at once.
            pacer: Says when a request may be sent.
        """
        self._base = api_url.rstrip("/")
        self._timeout = timeout_seconds
        self._max_attempts = max_attempts
        self._pacer = pacer
        self._auth = HTTPBasicAuth(token_id.encode(), token_secret.encode())
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        # A session looks up proxies and certificates anew for each request, and more that is not
        # needed here (cookies, redirects); that takes as long as the request itself.
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=most_in_flight + 1)
        self._network = requests.Session().merge_environment_settings(
            self._base, {}, stream=False, verify=True, cert=None
        )
        self._ask = backoff.on_exception(
            _waits,
            MuxError,
            max_tries=max_attempts,
            giveup=_is_final,
            jitter=None,
            on_backoff=self._tell_retry,
            logger=None,
        )(self._ask_once)

    def get(self, path: str, query: Query | None = None, *, data: type = list) -> dict[str, Any]:
        """Ask for one page or object.

        Args:
            path: Path below the base URL, such as ``/video/v1/assets``.
            query: Query parameters; a sequence repeats its parameter.
            data: What the envelope's ``data`` has to be: ``list`` (of objects) or ``dict``.

        Returns:
            The whole envelope, ``data`` in it.

        Raises:
            APIError: Mux answered with an error.
            NoAnswerError: Mux could not be reached.
            UnexpectedAnswerError: The answer was not the envelope that the API describes.
        """
        try:
            return self._ask(path, query or {}, data)
        except MuxError as error:
            if error.is_worth_retrying:
                error.args = (f"{error}. Gave up after {self._max_attempts} tries",)
            raise

    def _ask_once(self, path: str, query: Query, data: type) -> dict[str, Any]:
        request = f"GET {path}"
        if is_called_off():
            text = f"{request} is not wanted any more"
            raise CalledOffError(text)
        bucket = self._pacer.bucket(path)
        ticket = bucket.take()
        headers: Mapping[str, str] = {}
        retry_after = None
        status = 0
        try:
            response = self._adapter.send(
                requests.Request(
                    "GET", self._base + path, self._headers, params=query, auth=self._auth
                ).prepare(),
                timeout=self._timeout,
                verify=self._network["verify"] or True,
                cert=self._network["cert"],
                proxies=self._network["proxies"],
            )
            body = response.content
            status, headers = response.status_code, response.headers
            retry_after = _retry_after(headers.get("Retry-After"))
        except _BROKEN_CONNECTIONS as error:
            text = f"{request} got no answer from {self._base}: {_reason(error)}"
            raise NoAnswerError(text) from None
        finally:
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                bucket.refused(ticket, retry_after)
            else:
                bucket.answered(ticket, headers)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise APIError(request, status, body, retry_after)
        return _envelope(request, body, data)

    def _tell_retry(self, details: Details) -> None:
        logger.warning(
            "%s. Trying again in %.1f seconds (try %d of %d failed)",
            details["exception"],
            details["wait"],
            details["tries"],
            self._max_attempts,
        )


def _envelope(request: str, body: bytes, data: type) -> dict[str, Any]:
    """Decode an answer and check that it is what the API describes."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = f"{request} was answered with a body that is not JSON"
        raise UnexpectedAnswerError(text) from None
    content = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(content, data) or (
        isinstance(content, list) and not all(isinstance(item, dict) for item in content)
    ):
        text = f"{request} was answered with JSON that is not what the API describes"
        raise UnexpectedAnswerError(text)
    envelope: dict[str, Any] = answer
    return envelope


def _is_final(error: Exception) -> bool:
    return not (isinstance(error, MuxError) and error.is_worth_retrying)


def _waits() -> Generator[float, MuxError, None]:
    """Yield how long to wait after each failure: what Mux asks for, else doubling, with jitter."""
    error = yield 0.0  # backoff first advances a generator, then sends it each exception
    longest = 1.0
    while True:
        asked = error.retry_after if isinstance(error, APIError) else None
        if asked is None:
            wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        else:
            wait = min(asked, LONGEST_OBEYED_SECONDS) + random.random()  # noqa: S311 - as above
        error = yield wait
        longest = min(longest * 2, LONGEST_WAIT_SECONDS)


def _retry_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, None if it has no readable one."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reason(error: requests.exceptions.RequestException) -> str:
    """Say what broke, without the URL and its query that requests puts into its messages."""
    cause: BaseException = error
    while True:
        inner = getattr(cause, "reason", None) or (cause.args[-1] if cause.args else None)
        if not isinstance(inner, BaseException):
            return str(cause) if cause is not error else type(error).__name__
        cause = inner
