"""Downloads from signed URLs: what is sent there, and when a new URL is asked for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Truncate
from tap_mux.api.errors import MuxError
from tap_mux.exports.download import Download
from tests.exports.stream import MIDNIGHT, SIGNED
from tests.support.client import retry_policy
from tests.support.records import HOUR

if TYPE_CHECKING:
    from mux_sandbox.request_log import RequestRecord
    from tests.exports.source import Source


class TestRequests:
    """The requests for a file."""

    def test_our_credentials_are_not_sent(self, source: Source) -> None:
        assert source.read()
        (request,) = source.file_requests
        assert not request.authorized
        assert request.status == 200
        assert request.headers["User-Agent"] == "tap-mux/test"
        assert request.headers["Accept-Encoding"] == "identity"

    def test_credentials_of_netrc_are_not_sent(
        self, source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("default login a password b\n")
        monkeypatch.setenv("NETRC", str(netrc))
        assert source.read()  # the sandbox refuses signed requests that also have credentials

    def test_goes_through_the_users_proxy(
        self, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The sandbox acts as the proxy: a proxy gets the full URL.
        host = "http://localhost:1"
        signed = source.exports.find_url(source.file)
        monkeypatch.setenv("http_proxy", source.sandbox.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        download = Download(
            "the file",
            lambda: signed.replace(source.sandbox.url, host),
            user_agent="tap-mux/test",
            timeout_seconds=5,
            retry_policy=retry_policy(3),
        )
        assert next(download.read()).startswith(b"ad_")
        assert source.file_requests[-1].headers["Host"] == "localhost:1"

    def test_debugging_messages_do_not_show_the_url(
        self, source: Source, connection_log: pytest.LogCaptureFixture
    ) -> None:
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(403))
        assert source.read()
        assert "GET /signed/" in connection_log.text
        assert "Signature" not in connection_log.text


class TestExpiry:
    """A URL expires after an hour; then the tap requests a new one."""

    @pytest.mark.parametrize("status", [400, 403, 404, 410])
    def test_requests_a_new_url(self, source: Source, content: bytes, status: int) -> None:
        source.sandbox.faults.add(SIGNED, action=Answer(status, b"<Error>Expired</Error>"))
        assert source.read() == content
        assert len(set(source.urls)) == 2

    def test_in_the_middle_of_the_file(
        self, source: Source, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        now = [MIDNIGHT + 6 * HOUR]
        source.sandbox.options.clock = lambda: now[0]
        source.exports.list()
        source.sandbox.faults.add(SIGNED, action=Truncate())

        def expire(request: RequestRecord) -> None:
            now[0] += 3601

        source.sandbox.faults.add(lambda request: "Range" in request.headers, action=expire)
        assert source.read() == content
        assert [request.status for request in source.file_requests] == [200, 403, 206]
        assert "the old one has expired" in caplog.text

    def test_gives_up_if_the_new_one_is_refused_too(self, source: Source) -> None:
        source.sandbox.faults.add(SIGNED, times=None, action=Answer(403))
        with pytest.raises(MuxError, match=r"refused with a new URL, too \(status 403\)") as caught:
            source.read()
        assert "Signature" not in str(caught.value)
        assert len(source.file_requests) == 2

    @pytest.mark.parametrize(
        "url",
        [
            "http://10.0.0.7/secret",
            "http://store.example.com/secret",
            "http://localhost.example.com/secret",
            "http://127.0.0.1@10.0.0.7/secret",
            "http://127.1:1/secret",
            "http://0.0.0.0/secret",
            "ftp://127.0.0.1/secret",
            "file:///secret",
        ],
    )
    def test_a_url_that_is_not_https_is_refused(
        self, source: Source, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        monkeypatch.setenv("http_proxy", source.sandbox.url)  # would answer
        monkeypatch.setattr(source, "find_url", lambda: url)
        download = source.download(max_attempts=1)
        with pytest.raises(MuxError, match=r"a URL that is not (https|valid)") as caught:
            _ = list(download.read())
        assert "secret" not in str(caught.value)
        assert not source.file_requests

    def test_redirects_are_not_followed(self, source: Source) -> None:
        elsewhere = {"Location": f"{source.sandbox.url}/elsewhere"}
        source.sandbox.faults.add(SIGNED, times=None, action=Answer(302, b"", elsewhere))
        with pytest.raises(MuxError, match="was answered 302 Found"):
            source.read()
        assert [request.path for request in source.sandbox.requests if "else" in request.path] == []

    def test_an_invalid_url(self, source: Source) -> None:
        download = Download(
            "the file",
            lambda: "s3 secret",
            user_agent="tap-mux/test",
            timeout_seconds=5,
            retry_policy=retry_policy(1),
        )
        with pytest.raises(MuxError, match="a URL that is not valid") as caught:
            _ = list(download.read())
        assert "secret" not in str(caught.value)
