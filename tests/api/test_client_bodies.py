"""One request: the body of its answer may be compressed, and is bounded."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import MuxError
from tests.support.client import client_of

if TYPE_CHECKING:
    from mux_sandbox import Sandbox
    from tap_mux.api.client import MuxClient

PATH = "/video/v1/assets"


def test_answers_may_be_compressed(client: MuxClient, sandbox: Sandbox) -> None:
    body = gzip.compress(b'{"data":[{"id":"small"}]}')
    sandbox.faults.add(PATH, action=Answer(200, body, {"Content-Encoding": "gzip"}))
    assert client.get(PATH)["data"] == [{"id": "small"}]
    assert "gzip" in sandbox.requests[-1].headers["Accept-Encoding"]


@pytest.mark.parametrize(
    ("size", "wraps"), [(1, 0), (1, 1), (0, 1), (0, 2)], ids=["plain", "gzip", "fits", "members"]
)
def test_answers_are_bounded(
    client: MuxClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    wraps: int,
) -> None:
    monkeypatch.setattr("tap_mux.api.body.MAX_BYTES", 1 << 20)
    body = b'{"data":[]}'.ljust((1 << 20) + size)
    parts = [body] if wraps < 2 else [body[:9], body[9:]]
    packed = b"".join(map(gzip.compress, parts)) if wraps else body
    headers = {"Content-Encoding": "gzip"} if wraps else {}
    sandbox.faults.add(PATH, action=Answer(200, packed, headers))
    if size:
        with pytest.raises(MuxError, match="was answered with more than 1 MB"):
            client.get(PATH)
    else:
        assert client.get(PATH)["data"] == []
    assert len(sandbox.requests) == 1
    assert [row["id"] for row in client.get(PATH)["data"]] == ["a"]


def test_a_small_answer_does_not_take_all_memory(sandbox: Sandbox) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    sandbox.faults.add(PATH, action=Answer(200, packed, {"Content-Encoding": "gzip"}))
    client = client_of(sandbox)
    tracemalloc.start()
    try:
        with pytest.raises(MuxError, match="was answered with more than 64 MB"):
            client.get(PATH)
        assert tracemalloc.get_traced_memory()[1] < 160 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", [b'{"data":[]}', gzip.compress(b'{"data":[]}')[:-9]], ids=["plain", "cut"]
)
def test_what_is_not_compressed_as_it_says_is_asked_for_again(
    client: MuxClient, sandbox: Sandbox, body: bytes
) -> None:
    sandbox.faults.add(PATH, action=Answer(200, body, {"Content-Encoding": "gzip"}))
    assert [row["id"] for row in client.get(PATH)["data"]] == ["a"]
    assert len(sandbox.requests) == 2
