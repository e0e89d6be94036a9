"""Downloads from pre-signed URLs: streamed, resumed, complete; the URLs are never logged."""

from __future__ import annotations

import gzip
import logging
import random
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mux_sandbox import Answer, Disconnect, Truncate
from tap_mux.api.errors import MuxError, NoAnswerError, UnexpectedAnswerError
from tap_mux.exports import download as downloading
from tap_mux.exports.download import PIECE_BYTES, Download, Gunzip, RestartError
from tap_mux.exports.files import Exports
from tests.support.client import client_of, retry_policy
from tests.support.records import DAY, HOUR, NOW, views

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox
    from mux_sandbox.request_log import RequestRecord

MIDNIGHT = NOW - NOW % DAY
SIGNED = "/signed/"


def random_bytes(size: int) -> bytes:
    """Make bytes that do not compress."""
    return random.Random(size).randbytes(size)


class Source:
    """The newest export in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Find the file in the sandbox's list."""
        self.sandbox = sandbox
        self.exports = Exports(client_of(sandbox), "/data/v1/exports/views")
        (self.file,) = list(self.exports.list().values())[-1]
        self.urls: list[str] = []

    def find_url(self) -> str:
        """Return a URL and remember it."""
        self.urls.append(self.exports.find_url(self.file))
        return self.urls[-1]

    def download(self, max_attempts: int = 3, **more: Any) -> Download:
        """Make a download; it is not started."""
        return Download(
            "the file",
            self.find_url,
            user_agent="tap-mux/test",
            timeout_seconds=5,
            retry_policy=retry_policy(max_attempts, **more),
        )

    def read(self, **more: Any) -> bytes:
        """Read the file."""
        return b"".join(self.download(**more).read())

    @property
    def file_requests(self) -> list[RequestRecord]:
        """The requests for the file."""
        return [request for request in self.sandbox.requests if SIGNED in request.path]

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request for the file."""
        return [request.headers.get("Range") for request in self.file_requests]


@pytest.fixture
def source(
    world: ExplicitWorld,
    sandbox: Sandbox,
    waits: list[float],
) -> Source:
    """A file to download; waits take no time."""
    world.view_rows = views(60, MIDNIGHT - DAY, 30)
    sandbox.options.clock = lambda: MIDNIGHT + 6 * HOUR  # when the file of yesterday has been made
    return Source(sandbox)


@pytest.fixture
def content(source: Source) -> bytes:
    """The content of the file."""
    whole = source.read()
    source.sandbox.requests.clear()
    source.urls.clear()
    source.exports.list()
    source.sandbox.requests.clear()
    return whole


class TestGunzip:
    """Decompression uses little memory, and tells whether the file is complete."""

    @pytest.mark.parametrize("step", [1, 7, 1000, 10**7])
    def test_pieces_of_any_size(self, step: int) -> None:
        content = random_bytes(3000) + b"a" * 3000
        packed = gzip.compress(content)
        gunzip = Gunzip()
        found = b""
        for start in range(0, len(packed), step):
            assert not gunzip.is_whole
            found += b"".join(gunzip.feed(packed[start : start + step]))
        assert found == content
        assert gunzip.is_whole

    @pytest.mark.parametrize("step", [1, 100, 10**7])
    def test_several_members_and_padding(self, step: int) -> None:
        packed = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two") + b"\0" * 99
        gunzip = Gunzip()
        parts = [packed[start : start + step] for start in range(0, len(packed), step)]
        assert b"".join(piece for part in parts for piece in gunzip.feed(part)) == b"onetwo"
        assert gunzip.is_whole

    def test_the_size_of_decompressed_pieces_is_limited(self) -> None:
        gunzip = Gunzip()
        sizes = [len(piece) for piece in gunzip.feed(gzip.compress(b"a" * 10 * PIECE_BYTES))]
        assert sum(sizes) == 10 * PIECE_BYTES
        assert max(sizes) <= PIECE_BYTES
        assert gunzip.is_whole

    @pytest.mark.parametrize("nothing", [gzip.compress(b""), bytes(50)], ids=["empty", "padding"])
    def test_what_has_no_content_has_an_end(self, nothing: bytes) -> None:
        gunzip = Gunzip()
        assert list(gunzip.feed(gzip.compress(b"one"))) == [b"one"]
        pieces = (
            piece
            for _ in range(downloading.MAX_EMPTY_MEMBERS + 2)
            for piece in gunzip.feed(nothing)
        )
        with pytest.raises(zlib.error):
            list(pieces)

    def test_many_members_with_content_are_a_file(self) -> None:
        packed = gzip.compress(b"a") * (downloading.MAX_EMPTY_MEMBERS + 2)
        assert len(b"".join(Gunzip().feed(packed))) == downloading.MAX_EMPTY_MEMBERS + 2

    def test_an_empty_file_is_not_whole(self) -> None:
        assert not Gunzip().is_whole

    @pytest.mark.parametrize("missing", [1, 7, 8, 9, 100])
    def test_a_file_without_its_end_is_not_whole(self, missing: int) -> None:
        gunzip = Gunzip()
        _ = list(gunzip.feed(gzip.compress(random_bytes(3000))[:-missing]))
        assert not gunzip.is_whole

    @pytest.mark.parametrize("place", [3000, -8, -1])
    def test_a_wrong_byte_is_noticed(self, place: int) -> None:
        packed = bytearray(gzip.compress(random_bytes(6000)))
        packed[place] ^= 1
        with pytest.raises(zlib.error):
            _ = list(Gunzip().feed(bytes(packed)))


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
        self, source: Source, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
        logging.getLogger(
            "urllib3.connectionpool"
        ).disabled = False  # the SDK's logging setup disables it
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(403))
        assert source.read()
        assert "GET /signed/" in caplog.text
        assert "Signature" not in caplog.text


class TestInterruptions:
    """A broken download is resumed at the byte where it broke."""

    def test_resumes_where_it_broke_off(self, source: Source, content: bytes) -> None:
        source.sandbox.faults.add(SIGNED, times=3, action=Truncate())
        assert source.read() == content
        first, *others = source.ranges
        starts = [int(str(each).removeprefix("bytes=").removesuffix("-")) for each in others]
        assert first is None
        assert len(starts) == 3
        assert starts == sorted(starts)
        assert (
            0 < starts[0] < downloading.READ_BYTES
        )  # the bytes that arrived before it broke off are kept
        assert all(request.status == 206 for request in source.file_requests[1:])
        assert all(request.headers["If-Range"] for request in source.file_requests[1:])

    def test_reads_from_the_beginning_if_the_store_has_no_ranges(
        self, source: Source, content: bytes
    ) -> None:
        source.sandbox.options.ranges_supported = False
        source.sandbox.faults.add(SIGNED, times=2, action=Truncate())
        assert source.read() == content
        assert [request.status for request in source.file_requests] == [200, 200, 200]

    @pytest.mark.parametrize("failure", [Disconnect(), Answer(503), Answer(429), Truncate()])
    def test_retries_with_growing_waits(
        self, source: Source, content: bytes, waits: list[float], failure: Any
    ) -> None:
        source.sandbox.faults.add(SIGNED, times=2, action=failure)
        waits.clear()
        assert source.read() == content
        if not isinstance(failure, Truncate):
            assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2

    def test_progress_resets_the_number_of_tries(self, source: Source, content: bytes) -> None:
        # Each request gets half of the rest, so no two failures are at the same byte.
        source.sandbox.faults.add(SIGNED, times=2, action=Truncate())
        assert source.read(max_attempts=2) == content

    def test_gives_up_without_progress(self, source: Source) -> None:
        source.sandbox.options.ranges_supported = False
        source.sandbox.faults.add(SIGNED, times=None, action=Truncate())
        with pytest.raises(MuxError, match=r"The download of the file broke off.*after 3 tries"):
            source.read()
        assert len(source.file_requests) == 3

    def test_a_truncated_body_without_an_error_is_noticed(
        self, source: Source, content: bytes
    ) -> None:
        packed = gzip.compress(content)
        source.sandbox.faults.add(
            SIGNED, times=None, action=Answer(200, packed[: len(packed) // 2])
        )
        download = source.download()
        with pytest.raises(RestartError, match="cannot go on"):
            _ = list(download.read())
        with pytest.raises(NoAnswerError, match="ended before the file did"):
            _ = list(download.read())

    @pytest.mark.parametrize("body", [b"", b"<html>Please sign in</html>"])
    def test_a_body_that_is_no_gzip_file_fails(self, source: Source, body: bytes) -> None:
        source.sandbox.faults.add(SIGNED, times=None, action=Answer(200, body))
        download = source.download()
        for _ in range(2 if body else 0):
            with pytest.raises(RestartError):
                _ = list(download.read())
        with pytest.raises(UnexpectedAnswerError if body else NoAnswerError, match="after 3 tries"):
            _ = list(download.read())


class TestChangedFiles:
    """A file that changed is read from its beginning: bytes of two versions are never mixed."""

    def read_twice(self, source: Source, **more: Any) -> bytes:
        """Read the file: the first attempt has to fail with RestartError."""
        download = source.download(**more)
        with pytest.raises(RestartError):
            _ = list(download.read())
        return b"".join(download.read())

    def change(self, world: ExplicitWorld) -> None:
        """Change the content of the file."""
        world.view_rows = views(50, MIDNIGHT - DAY, 30)

    @pytest.mark.parametrize("ranges", [True, False])
    def test_a_file_that_changed_is_read_from_its_beginning(
        self, world: ExplicitWorld, source: Source, content: bytes, *, ranges: bool
    ) -> None:
        source.sandbox.options.ranges_supported = ranges
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(
            lambda request: "Range" in request.headers, action=lambda _: self.change(world)
        )
        found = self.read_twice(source)
        assert found != content
        assert len(found.splitlines()) > 40

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Content-Range": "bytes 1000000000-1000000999/1000001000"},
            {"Content-Range": "pages 1-2/3"},
        ],
    )
    def test_another_range_than_requested(
        self, source: Source, content: bytes, headers: dict[str, str]
    ) -> None:
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(206, b"x" * 1000, headers))
        assert self.read_twice(source) == content

    def test_a_range_that_begins_too_early_is_cut(self, source: Source, content: bytes) -> None:
        url = source.find_url()
        whole = requests.get(url, timeout=5)
        headers = {
            "ETag": whole.headers["ETag"],
            "Content-Range": f"bytes 9-{len(whole.content)}/*",
        }
        source.exports.list()
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(206, whole.content[9:], headers))
        assert source.read() == content

    def test_a_range_that_ends_with_a_gzip_member(self, source: Source) -> None:
        members = [gzip.compress(b"one"), gzip.compress(b"two")]
        size = sum(map(len, members))
        start = 0
        for member in members:
            headers = {"Content-Range": f"bytes {start}-{start + len(member) - 1}/{size}"}
            source.sandbox.faults.add(SIGNED, action=Answer(206, member, headers))
            start += len(member)
        assert source.read() == b"onetwo"

    def test_a_file_that_became_shorter(self, source: Source, content: bytes) -> None:
        source.sandbox.faults.add(SIGNED, action=Truncate())
        source.sandbox.faults.add(SIGNED, action=Answer(416))
        assert self.read_twice(source) == content


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
