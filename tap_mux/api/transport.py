"""What every request needs, whoever asks whom: connections, and what its failures mean.

requests knows the user's proxies and certificates. It would look them up for each request and read
answers in small pieces; so it only makes the pool of connections, once, and urllib3, which it
builds upon, is asked directly: less than half of the work.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from tap_mux.api.errors import APIError, NoAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Generator

    from urllib3 import HTTPConnectionPool

    from tap_mux.api.errors import MuxError

LONGEST_WAIT_SECONDS = 60.0
LONGEST_OBEYED_SECONDS = 3600.0

_NO_CONNECTION = (ConnectTimeoutError, NewConnectionError)


class Way(NamedTuple):
    """How a server is reached."""

    connections: HTTPConnectionPool

    target: str
    """What to ask there for; a whole URL where a proxy has to know it."""


def way_to(request: requests.PreparedRequest, *, most_at_once: int) -> Way:
    """Find out how to reach a server; nothing is sent yet.

    Args:
        request: What to ask it for.
        most_at_once: How many connections are kept.
    """
    url = cast("str", request.url)
    network = requests.Session().merge_environment_settings(
        url, {}, stream=False, verify=True, cert=None
    )
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=most_at_once)
    connections = adapter.get_connection_with_tls_context(
        request, network["verify"], network["proxies"], network["cert"]
    )
    return Way(
        cast("HTTPConnectionPool", connections), adapter.request_url(request, network["proxies"])
    )


def failure(what: str, error: HTTPError) -> NoAnswerError:
    """Say what broke: the innermost cause, since the others only repeat it.

    Args:
        what: What failed, in words.
        error: What urllib3 raised.
    """
    cause: BaseException = error
    while cause.args and isinstance(cause.args[-1], BaseException):
        cause = cause.args[-1]
    kind = UnreachableError if isinstance(error, _NO_CONNECTION) else NoAnswerError
    return kind(f"{what}: {str(cause) or type(cause).__name__}")


def waits() -> Generator[float, MuxError, None]:
    """Yield how long to wait after each failure: what Mux asks for, else doubling, with jitter."""
    error = yield 0.0  # advanced at first, as backoff does; then each failure is sent in
    longest = 1.0
    while True:
        asked = error.retry_after if isinstance(error, APIError) else None
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        error = yield longest * (0.5 + chance / 2) if asked is None else asked + chance
        longest = min(longest * 2, LONGEST_WAIT_SECONDS)


def retry_after_seconds(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, if it has any, up to an hour.

    Args:
        header: Its value.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_OBEYED_SECONDS)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_OBEYED_SECONDS)
