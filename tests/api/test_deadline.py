"""A server that sends a byte now and then does not hold up a run."""

from __future__ import annotations

import gzip
import json
import random
import threading
import time
from contextlib import closing, contextmanager, suppress
from socket import create_server
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api import body as bodies
from tap_mux.api import client as clients
from tap_mux.api.client import MuxClient
from tap_mux.api.deadline import TIMEOUTS
from tap_mux.api.errors import MuxError, NoAnswerError
from tap_mux.api.mux_clock import MuxClock
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.exports.download import Download
from tests.support.client import client_of, retry_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from socket import socket

    from mux_sandbox import Sandbox

TIMEOUT = 0.4
HEADERS = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "same"\r\n\r\n'


@contextmanager
def serving(answer: Callable[[socket], None]) -> Iterator[str]:
    """Let each connection be answered, one after another; give the server's URL."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    answer(connection)

    with closing(create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(2)
            thread.join(5)


@contextmanager
def slow_server(at_once: bytes, slowly: bytes, pause: float, piece: int = 1) -> Iterator[str]:
    """Serve one answer to each request, a part of it slowly."""
    over = threading.Event()

    def answer(connection: socket) -> None:
        connection.sendall(at_once)
        for start in range(0, len(slowly), piece):
            if over.wait(pause):
                break
            connection.sendall(slowly[start : start + piece])

    with serving(answer) as url:
        try:
            yield url
        finally:
            over.set()


def endless_server(beginning: bytes, repeated: bytes) -> AbstractContextManager[str]:
    """Serve answers of which each goes on for ever."""

    def answer(connection: socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(repeated * 1000)

    return serving(answer)


def client(url: str) -> MuxClient:
    """Make a client with a short timeout."""
    return MuxClient(
        api_url=url,
        token_id="id",
        token_secret="secret",
        user_agent="test",
        timeout_seconds=TIMEOUT,  # type: ignore[arg-type]
        max_in_flight=1,
        rate_limiter=RateLimiter(reserve=0, max_per_second=None),
        retry_policy=retry_policy(1),
        mux_clock=MuxClock(),
    )


def download(url: str, max_attempts: int) -> bytes:
    """Download a file with a short timeout."""
    return b"".join(
        Download(
            "file",
            lambda: url,
            user_agent="test",
            timeout_seconds=TIMEOUT,  # type: ignore[arg-type]
            retry_policy=retry_policy(max_attempts),
        ).read()
    )


@pytest.mark.parametrize("slow_from", [5, 30, len(HEADERS) + 3])
def test_an_answer_byte_by_byte_fails_after_a_few_timeouts(slow_from: int) -> None:
    answer = HEADERS % 900 + b'{"data": [' + b" " * 888 + b"]}"
    with slow_server(answer[:slow_from], answer[slow_from:], TIMEOUT / 4) as url:
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="less than 1000 bytes a second"):
            client(url).get("/video/v1/assets")
    assert TIMEOUTS * TIMEOUT * 0.9 < time.monotonic() - begun < TIMEOUTS * TIMEOUT * 2


def test_a_large_answer_may_take_longer_than_that() -> None:
    body = json.dumps({"data": [], "filler": "x" * 40_000}).encode()
    with slow_server(HEADERS % len(body), body, TIMEOUT / 4, piece=1000) as url:
        begun = time.monotonic()
        assert client(url).get("/video/v1/assets")["data"] == []
    assert time.monotonic() - begun > TIMEOUTS * TIMEOUT


def test_a_download_byte_by_byte_fails_after_a_few_tries() -> None:
    file = gzip.compress(bytes(range(256)) * 9)
    with slow_server(HEADERS % len(file) + file[:5], file[5:], TIMEOUT / 4) as url:
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"less than 1000 bytes a second.*2 tries"):
            download(url, max_attempts=2)
    assert time.monotonic() - begun < 3 * TIMEOUTS * TIMEOUT + 2


def test_a_reader_that_pauses_takes_nothing_from_the_time_of_the_server() -> None:
    content = random.Random(1).randbytes(400_000)
    file = gzip.compress(content)
    half = len(file) // 2
    with slow_server(HEADERS % len(file) + file[:half], file[half:], 0.1, 40_000) as url:
        reader = Download(
            "file",
            lambda: url,
            user_agent="test",
            timeout_seconds=TIMEOUT,  # type: ignore[arg-type]
            retry_policy=retry_policy(1),
        ).read()
        first = next(reader)
        time.sleep(TIMEOUTS * TIMEOUT + TIMEOUT)
        assert first + b"".join(reader) == content


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("beginning", "repeated", "words"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "it does not end"),
        (OK, b"X: y\r\n", "more than 100 headers"),
        (OK + b"X: ", b"y", "more than 65536 bytes"),
        (OK + b"\r\n", b" ", "answered with more than"),
        (CHUNKED, b"1\r\n \r\n", "it does not end"),
        (CHUNKED + b"0\r\n", b"X: y\r\n", "it does not end"),
    ],
    ids=["continue", "headers", "header", "body", "chunks", "trailers"],
)
def test_an_answer_without_an_end_fails(
    monkeypatch: pytest.MonkeyPatch, beginning: bytes, repeated: bytes, words: str
) -> None:
    for module in (bodies, clients):
        monkeypatch.setattr(module, "MAX_BYTES", 1 << 19)
    with endless_server(beginning, repeated) as url:
        begun = time.monotonic()
        with pytest.raises(MuxError, match=words):
            client(url).get("/video/v1/assets")
        assert time.monotonic() - begun < 10


def test_an_answer_of_many_small_files_is_refused(sandbox: Sandbox) -> None:
    answer = Answer(200, gzip.compress(b"") * 20_000, {"Content-Encoding": "gzip"})
    sandbox.faults.add("/video/v1/assets", action=answer)
    with pytest.raises(MuxError, match="was answered with more than"):
        client_of(sandbox).get("/video/v1/assets")
    assert len(sandbox.requests) == 1
