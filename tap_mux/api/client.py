"""One request to Mux: signed, held to the rate limit, tried again, decoded once.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import copy
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from tap_mux import clock
from tap_mux.api.body import MAX_BYTES, read_body
from tap_mux.api.errors import APIError, CancelledError, MuxError, UnexpectedAnswerError
from tap_mux.api.retry import retry_after_seconds
from tap_mux.api.transport import network_error, route_to
from tap_mux.api.usage import Usage
from tap_mux.api.workers import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_mux.api.mux_clock import MuxClock
    from tap_mux.api.rate_limit import RateLimiter
    from tap_mux.api.retry import RetryPolicy
    from tap_mux.api.waiting import Waiting

    Query = Mapping[str, str | int | Sequence[str | int]]


AROUND_DATA = ("timeframe", "total_row_count", "meta")
"""What an answer has besides its content."""

_MAX_BYTES_AROUND = 1 << 20
"""How long all may be that is around a body, such as trailers."""

ERROR_NAMES = ("error", "errors")
"""What Mux calls an error at the top of an answer. No other answer has a field of these names."""

MAY_LACK_DATA = frozenset({"/video/v1/transcription-vocabularies"})
"""The lists for which Mux's description of its API allows ``{}``: there is nothing in them."""


class MuxClient:
    """Sends requests to Mux, one at a time, with one access token."""

    def __init__(
        self,
        *,
        api_url: str,
        token_id: str,
        token_secret: str,
        user_agent: str,
        timeout_seconds: int,
        max_in_flight: int,
        rate_limiter: RateLimiter,
        retry_policy: RetryPolicy,
        mux_clock: MuxClock,
    ) -> None:
        """Prepare a pool of connections.

        Args:
            api_url: Base URL, such as ``https://api.mux.com``.
            token_id: ID of the access token.
            token_secret: Secret of the access token.
            user_agent: The name of the tap, for Mux.
            timeout_seconds: For connecting, and for each wait for more of an answer.
            max_in_flight: How many requests may be in flight at once.
            rate_limiter: Says when a request may be sent.
            retry_policy: Says how often one request is tried before it has failed.
            mux_clock: Is set by the answers.
        """
        parts = urlsplit(api_url)
        self._server = f"{parts.scheme}://{parts.netloc}"  # a path may be the key of a gateway
        self._timeout = timeout_seconds
        self._rate_limiter = rate_limiter
        self._retry_policy = retry_policy
        self._mux_clock = mux_clock
        self._usage = Usage()
        self._in_flight = threading.BoundedSemaphore(max_in_flight)
        request = requests.Request(
            "GET",
            f"{api_url.rstrip('/')}/",
            headers={
                "User-Agent": user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            auth=HTTPBasicAuth(token_id.encode(), token_secret.encode()),
        ).prepare()
        most = MAX_BYTES + _MAX_BYTES_AROUND
        route = route_to(request, max_connections=max_in_flight + 1, max_bytes=most)
        self._connections = route.connections
        self._prefix = route.target.rstrip("/")
        self._headers = dict(request.headers)

    def counted_by(self, usage: Usage) -> MuxClient:
        """Return the same client, whose requests are counted.

        Args:
            usage: Counts them.
        """
        client = copy.copy(self)
        client._usage = usage  # noqa: SLF001 - of the same class
        return client

    def now(self) -> float:
        """Return the present by Mux's clock, in epoch seconds."""
        return self._mux_clock.now()

    def waiting(self, path: str) -> Waiting:
        """Return how requests wait for their rate limit.

        Args:
            path: Path below the base URL.
        """
        return self._rate_limiter.bucket(path).waiting

    def get(
        self,
        path: str,
        query: Query | None = None,
        *,
        data: type = list,
        items: type = dict,
        bare_field: str | None = None,
    ) -> dict[str, Any]:
        """Ask for one page or object.

        Args:
            path: Path below the base URL, such as ``/video/v1/assets``.
            query: Query parameters; a sequence repeats its parameter.
            data: What the envelope's ``data`` has to be: ``list`` or ``dict``.
            items: What the items of such a list have to be: ``dict`` or ``list``.
            bare_field: A field of the content. An answer that has it, and no ``data``, is taken
                for one whose content Mux did not put into ``data``; None to refuse that.

        Returns:
            The whole envelope, including ``data``.

        Raises:
            APIError: Mux answered with an error.
            NoAnswerError: Mux could not be reached, or the connection broke.
            UnexpectedAnswerError: The answer was not the envelope that the API describes.
        """
        form = _Form(data, items, bare_field, may_lack_data=path in MAY_LACK_DATA)
        retries = self._retry_policy.retries(is_paced=True)
        while True:
            try:
                return self._ask(path, query or {}, form)
            except MuxError as error:
                retries.back_off(error)
                self._usage.count_retry()

    def _ask(self, path: str, query: Query, form: _Form) -> dict[str, Any]:
        request = f"GET {path}"
        bucket = self._rate_limiter.bucket(path)
        with self._usage.waiting():
            permit = bucket.acquire(is_cancelled)
        if permit is None:
            text = f"{request} was cancelled"
            raise CancelledError(text)
        headers: Mapping[str, str] = {}
        retry_after = None
        status = 0
        try:
            with self._in_flight:
                self._usage.count_request()
                sent_at = clock.epoch_now()
                response = self._connections.urlopen(
                    "GET",
                    f"{self._prefix}{path}?{urlencode(query, doseq=True)}",
                    headers=self._headers,
                    timeout=self._timeout,
                    retries=False,
                    redirect=False,
                    assert_same_host=False,  # a proxy is asked for the URL of another host
                    preload_content=False,
                    decode_content=False,
                )
                status, headers = response.status, response.headers
                answered_at = clock.epoch_now()
                body = read_body(request, response)
            retry_after = retry_after_seconds(headers)
            if status < HTTPStatus.INTERNAL_SERVER_ERROR:  # else it may be of a proxy
                date = headers.get("Date")
                self._mux_clock.learn(date, sent_at=sent_at, answered_at=answered_at)
        except HTTPError as error:
            text = f"{request} got no answer from {self._server}"
            raise network_error(text, error) from None
        finally:
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                asked = self._retry_policy.obeyed(retry_after)
                bucket.on_rate_limited(permit, headers, asked)
            else:
                bucket.on_response(permit, headers)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise APIError(request, status, body, retry_after)
        return _envelope(request, status, body, form)


class _Form(NamedTuple):
    """What an answer has to be."""

    data: type
    items: type
    bare_field: str | None
    may_lack_data: bool

    def is_of(self, answer: dict[str, Any]) -> bool:
        """Return whether the content of an answer is what it has to be."""
        content = answer.get("data")
        if isinstance(content, list) and not all(isinstance(one, self.items) for one in content):
            return False
        return isinstance(content, self.data)

    def wrapped(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer with its content in ``data``."""
        if not answer and self.may_lack_data:
            return {"data": []}
        if "data" in answer or self.bare_field not in answer:
            return answer
        around = {name: answer[name] for name in AROUND_DATA if name in answer}
        content = {name: value for name, value in answer.items() if name not in around}
        return {**around, "data": content}


def _envelope(request: str, status: int, body: bytes, form: _Form) -> dict[str, Any]:
    """Decode an answer and check that it is what the API describes, and no error."""
    try:
        answer = _decoded(body)
    except (ValueError, RecursionError):
        text = f"{request} was answered with a body that is not JSON"
        raise UnexpectedAnswerError(text) from None
    if isinstance(answer, dict) and any(answer.get(name) not in (None, []) for name in ERROR_NAMES):
        # Its data may be an empty list, for which a loader would delete all rows.
        text = f"{APIError(request, status, body)}, with an error in its body"
        raise UnexpectedAnswerError(text)
    envelope = form.wrapped(answer) if isinstance(answer, dict) else {}
    if not form.is_of(envelope):
        text = f"{request} was answered with JSON that is not what the API describes"
        raise UnexpectedAnswerError(text)
    return envelope


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # Texts that were cut within a character, as by JavaScript, have half of it left.
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return msgspec.json.decode(text.encode(errors="replace"))
