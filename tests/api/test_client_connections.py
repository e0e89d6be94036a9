"""One request: what is sent, over which connection, and what is never logged."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mux_sandbox import Answer, Environment
from tap_mux.api.errors import APIError, MuxError, UnreachableError
from tap_mux.api.transport import route_to
from tap_mux.api.workers import WorkerPool
from tests.support.client import client_of
from tests.support.failures import FAILURES
from tests.support.records import NOW, asset

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox
    from tap_mux.api.client import MuxClient
    from tests.conftest import Waits

PATH = "/video/v1/assets"


class TestRequest:
    """What is sent, and what is never logged."""

    def test_sends_credentials_and_user_agent(self, client: MuxClient, sandbox: Sandbox) -> None:
        client.get(PATH, {"a[]": [1, "b c"]})
        (request,) = sandbox.requests
        assert request.authorized
        assert request.headers["User-Agent"] == "tap-mux/test"
        assert request.query == [("a[]", "1"), ("a[]", "b c")]

    def test_keeps_its_connection(
        self, client: MuxClient, sandbox: Sandbox, connection_log: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(5):
            client.get(PATH)
        assert connection_log.text.count("Starting new HTTP connection") == 1

    def test_logs_no_secret_at_any_level(
        self,
        world: ExplicitWorld,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        waits: Waits,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = client_of(sandbox)
        for failure in FAILURES.values():
            sandbox.faults.add(PATH, action=failure)
        for _ in range(6):
            try:
                client.get(PATH)
            except MuxError:
                continue
        assert "Trying again" in caplog.text
        assert len(sandbox.requests) > len(FAILURES)
        pair = f"{sandbox.config['token_id']}:{sandbox.config['token_secret']}"
        for secret in (sandbox.config["token_secret"], base64.b64encode(pair.encode()).decode()):
            assert secret not in caplog.text
        assert "Authorization" not in caplog.text

    def test_does_not_follow_a_redirect_with_its_token(
        self, client: MuxClient, sandbox: Sandbox
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(302, b"", {"Location": f"{sandbox.url}/elsewhere"}))
        with pytest.raises(APIError, match="302 Found"):
            client.get(PATH)
        assert len(sandbox.requests) == 1


def test_a_server_that_is_not_there_is_named_without_a_path(sandbox: Sandbox) -> None:
    client = client_of(sandbox, api_url="http://127.0.0.1:1/hush/", max_attempts=1)
    with pytest.raises(UnreachableError, match=r"from http://127\.0\.0\.1:1: ") as raised:
        client.get(PATH)
    assert "hush" not in str(raised.value)


def test_goes_through_the_users_proxy(
    world: ExplicitWorld, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.asset_rows = [asset("a", NOW)]
    # The sandbox acts as the proxy: a proxy gets the full URL.
    monkeypatch.setenv("http_proxy", sandbox.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = client_of(sandbox, api_url="http://mux.example.com")
    assert client.get(PATH)["data"]
    assert sandbox.requests[-1].headers["Host"] == "mux.example.com"


def test_each_thread_keeps_its_connection(
    world: ExplicitWorld, sandbox: Sandbox, connection_log: pytest.LogCaptureFixture
) -> None:
    sandbox.options.latency_seconds = 0.01
    client = client_of(sandbox, max_in_flight=4)
    client.get(PATH)
    assert len(list(WorkerPool(4).map(lambda _: client.get(PATH), range(40)))) == 40
    assert connection_log.text.count("Starting new HTTP connection") <= 5
    assert "Connection pool is full" not in connection_log.text


def test_a_token_may_have_any_letters(world: ExplicitWorld, sandbox: Sandbox) -> None:
    sandbox.options.environments = {"naïve": Environment("€uro", world, "one")}
    client = client_of(sandbox, token_id="naïve", token_secret="€uro")
    assert client.get(PATH)["data"] == []
    assert sandbox.requests[-1].authorized


@pytest.mark.parametrize("is_own", [True, False])
def test_certificates_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_own: bool
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "user.pem"
    bundle.write_text("")
    if is_own:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    request = requests.Request("GET", "https://api.mux.com/").prepare()
    pool: Any = route_to(request, max_connections=1).connections
    assert pool.cert_reqs == "CERT_REQUIRED"
    assert (pool.ca_certs == str(bundle)) == is_own
