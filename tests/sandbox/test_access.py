"""Credentials, environments, unknown paths and rate limits."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import pytest
import requests

from mux_sandbox import TOKEN_ID, Environment, ExplicitWorld, RateLimit
from tests.sandbox.api import ASSETS, VIEWS, explicit, ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api


@pytest.mark.parametrize(
    "auth", [("x", "y"), (TOKEN_ID, "wrong"), (TOKEN_ID, ""), ("", ""), (TOKEN_ID, "é")]
)
def test_wrong_credentials(serve: Callable[..., Api], auth: tuple[str, str]) -> None:
    response = serve(explicit()).get(VIEWS, auth=tuple(part.encode() for part in auth))
    assert response.status_code == 401
    assert response.json() == {
        "error": {"type": "unauthorized", "messages": ["Unauthorized request"]}
    }


def test_missing_or_malformed_credentials(serve: Callable[..., Api]) -> None:
    url = serve(explicit()).sandbox.url
    for header in (None, "Bearer abc", "Basic ???", "Basic " + base64.b64encode(b"x").decode()):
        headers = {"Authorization": header} if header else {}
        assert requests.get(url + VIEWS, headers=headers, timeout=9).status_code == 401


def test_whoami(serve: Callable[..., Api]) -> None:
    api = serve(explicit(), environment_id="env-1")
    identity = api.data("/system/v1/whoami")
    assert identity["environment_id"] == "env-1"
    assert "data:read" in identity["permissions"]
    assert len(identity) == 7
    api.options.whoami = {"environment_id": "env-2", "organization_name": "Ünïted"}
    changed = api.data("/system/v1/whoami")
    assert changed == identity | {"environment_id": "env-2", "organization_name": "Ünïted"}


def test_several_environments(serve: Callable[..., Api]) -> None:
    other = Environment("s3", ExplicitWorld(assets=[{"id": "theirs"}]), "env-other")
    api = serve(explicit(assets=1), environments={"other": other})
    assert api.sandbox.config_for("other") == {
        "api_url": api.sandbox.url,
        "token_id": "other",
        "token_secret": "s3",
    }
    assert ids(api.data(ASSETS)) == ["a0"]
    api.session.auth = ("other", "s3")
    assert ids(api.data(ASSETS)) == ["theirs"]
    assert api.data("/system/v1/whoami")["environment_id"] == "env-other"
    assert [record.environment_id for record in api.sandbox.requests_to(ASSETS)] == [
        "sandbox-environment",
        "env-other",
    ]


def test_unknown_paths_and_methods(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    for path in ("/", "/video", "/video/v1/asset", "/data/v1/nothing", "/robots/v0/x", VIEWS + "/"):
        assert api.refused(path) == (404, "not_found")
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert api.session.request(method, api.sandbox.url + ASSETS).status_code == 405


def test_rate_limit(serve: Callable[..., Api]) -> None:
    api = serve(explicit())
    api.options.rate_limits["data"] = RateLimit(3, 20)
    remaining = []
    for _ in range(3):
        response = api.get(VIEWS)
        assert response.headers["X-RateLimit-Limit"] == "3"
        remaining.append(int(response.headers["X-RateLimit-Remaining"]))
    assert remaining == sorted(remaining, reverse=True)
    refused = [response for response in (api.get(VIEWS) for _ in range(9)) if not response.ok]
    assert refused
    assert refused[-1].status_code == 429
    assert refused[-1].json() == {"errors": ["Too many requests, retry later."]}
    assert "Retry-After" not in refused[-1].headers
    assert refused[-1].headers["X-RateLimit-Remaining"] == "0"
    assert api.get(ASSETS).ok  # it has its own bucket
    time.sleep(0.2)
    assert api.get(VIEWS).ok
    api.options.announce_rate_limits = False
    assert not [name for name in api.get(ASSETS).headers if name.startswith("X-RateLimit")]
