"""How a server is reached: connections, proxies, certificates, and what network errors mean.

requests knows the user's proxies and certificates. It would look them up for each request, though,
and read answers in small pieces. So it only makes the pool of connections, once. The requests are
sent by urllib3, on which requests is built: less than half of the work.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from tap_mux.api.deadline import EndlessError, set_deadlines
from tap_mux.api.errors import MuxError, NoAnswerError, UnreachableError

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool

_NO_CONNECTION = (ConnectTimeoutError, NewConnectionError, ProxyError, SSLError)


class Route(NamedTuple):
    """How a server is reached."""

    connections: HTTPConnectionPool

    target: str
    """What to ask for there: a path, or a whole URL where a proxy needs it."""


def route_to(
    request: requests.PreparedRequest, *, max_connections: int, max_bytes: float = math.inf
) -> Route:
    """Find how to reach a server, through the user's proxy if there is one.

    Args:
        request: What to ask it for.
        max_connections: How many connections are kept.
        max_bytes: How long the body of an answer may be, with all that is around it.

    Raises:
        UnreachableError: The environment variables name a proxy or certificates that cannot be
            used.
    """
    url = cast("str", request.url)
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=max_connections)
    try:
        network = requests.Session().merge_environment_settings(
            url, {}, stream=False, verify=True, cert=None
        )
        connections = adapter.get_connection_with_tls_context(
            request, network["verify"], network["proxies"], network["cert"]
        )
        target = adapter.request_url(request, network["proxies"])
    except (requests.RequestException, HTTPError, ValueError):  # they may quote a password
        text = (
            "The proxy in HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) cannot be used. Write it like "
            "http://host:port"
        )
        raise UnreachableError(text) from None
    if isinstance(network["verify"], str) and not Path(network["verify"]).exists():
        text = f"REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) names no file: {network['verify']}"
        raise UnreachableError(text)
    set_deadlines(cast("HTTPConnectionPool", connections), max_bytes)
    return Route(cast("HTTPConnectionPool", connections), target)


def network_error(what: str, error: HTTPError) -> MuxError:
    """Word an error of the network by its innermost cause; the outer ones only repeat it.

    Args:
        what: What failed, in words.
        error: What urllib3 raised.
    """
    cause: BaseException = error
    while cause.args and isinstance(cause.args[-1], BaseException):
        cause = cause.args[-1]
    kind = UnreachableError if isinstance(error, _NO_CONNECTION) else NoAnswerError
    if isinstance(cause, EndlessError):
        return MuxError(f"{what}: {cause}")  # another try would take as long
    return kind(f"{what}: {str(cause) or type(cause).__name__}")
