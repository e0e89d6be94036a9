"""One request to Mux: signed, tried again where that helps, decoded once.

Follows https://www.mux.com/docs/core/make-api-requests
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import backoff
import msgspec
import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from tap_mux.api.errors import APIError, CalledOffError, MuxError, UnexpectedAnswerError
from tap_mux.api.transport import failure, retry_after_seconds, waits, way_to
from tap_mux.api.workers import is_called_off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backoff.types import Details

    from tap_mux.api.rate_limit import Pacer

    Query = Mapping[str, str | int | Sequence[str | int]]

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
        request = requests.Request(
            "GET",
            f"{self._base}/",
            headers={
                "User-Agent": user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            auth=HTTPBasicAuth(token_id.encode(), token_secret.encode()),
        ).prepare()
        way = way_to(request, most_at_once=most_in_flight + 1)
        self._connections = way.connections
        self._prefix = way.target.rstrip("/")
        self._headers = dict(request.headers)
        self._ask = backoff.on_exception(
            waits,
            MuxError,
            max_tries=max_attempts,
            giveup=_is_final,
            jitter=None,
            on_backoff=self._tell_retry,
            logger=None,
        )(self._ask_once)

    def get(
        self,
        path: str,
        query: Query | None = None,
        *,
        data: type = list,
        items: type = dict,
    ) -> dict[str, Any]:
        """Ask for one page or object.

        Args:
            path: Path below the base URL, such as ``/video/v1/assets``.
            query: Query parameters; a sequence repeats its parameter.
            data: What the envelope's ``data`` has to be: ``list`` or ``dict``.
            items: What the items of such a list have to be: ``dict`` or ``list``.

        Returns:
            The whole envelope, ``data`` in it.

        Raises:
            APIError: Mux answered with an error.
            NoAnswerError: Mux could not be reached, or the connection broke.
            UnexpectedAnswerError: The answer was not the envelope that the API describes.
        """
        try:
            return self._ask(path, query or {}, data, items)
        except MuxError as error:
            if error.is_worth_retrying:
                error.args = (f"{error}. Gave up after {self._max_attempts} tries",)
            raise

    def _ask_once(self, path: str, query: Query, data: type, items: type) -> dict[str, Any]:
        request = f"GET {path}"
        bucket = self._pacer.bucket(path)
        ticket = bucket.take(is_called_off)
        if ticket is None:
            text = f"{request} is not wanted any more"
            raise CalledOffError(text)
        headers: Mapping[str, str] = {}
        retry_after = None
        status = 0
        try:
            response = self._connections.urlopen(
                "GET",
                f"{self._prefix}{path}?{urlencode(query, doseq=True)}",
                headers=self._headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                assert_same_host=False,  # a proxy is asked for the URL of another host
            )
            status, headers, body = response.status, response.headers, response.data
            retry_after = retry_after_seconds(headers.get("Retry-After"))
        except HTTPError as error:
            text = f"{request} got no answer from {self._base}"
            raise failure(text, error) from None
        finally:
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                bucket.refused(ticket, retry_after)
            else:
                bucket.answered(ticket, headers)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise APIError(request, status, body, retry_after)
        return _envelope(request, body, data, items)

    def _tell_retry(self, details: Details) -> None:
        logger.warning(
            "%s. Trying again in %.1f seconds (try %d of %d failed)",
            details["exception"],
            details["wait"],
            details["tries"],
            self._max_attempts,
        )


def _envelope(request: str, body: bytes, data: type, items: type) -> dict[str, Any]:
    """Decode an answer and check that it is what the API describes."""
    try:
        answer = _decoded(body)
    except (ValueError, RecursionError):
        text = f"{request} was answered with a body that is not JSON"
        raise UnexpectedAnswerError(text) from None
    content = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(content, data) or (
        isinstance(content, list) and not all(isinstance(item, items) for item in content)
    ):
        text = f"{request} was answered with JSON that is not what the API describes"
        raise UnexpectedAnswerError(text)
    envelope: dict[str, Any] = answer
    return envelope


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # Texts that were cut within a character, as by JavaScript, have half of it left.
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return msgspec.json.decode(text.encode(errors="replace"))


def _is_final(error: Exception) -> bool:
    return not (isinstance(error, MuxError) and error.is_worth_retrying)
