"""The recipe for Parquet: its script copies tables into a bucket, here one of this test."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow.parquet
import pytest

from tests.docs.pages import DOCS, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase
    from pathlib import Path

BEGUN = "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
ENDED = "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>"


class Storage(ThreadingHTTPServer):
    """As much of an S3-compatible store as it takes to keep objects that come in parts."""

    def __init__(self) -> None:
        """Listen on loopback."""
        super().__init__(("127.0.0.1", 0), Call)
        self.parts: dict[tuple[str, int], bytes] = {}
        self.objects: dict[str, bytes] = {}


class Call(BaseHTTPRequestHandler):
    """One request."""

    server: Storage
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Begin an object, or put its parts together."""
        body = self._body()
        path, _, query = self.path.partition("?")
        if query == "uploads":
            self._answer(BEGUN)
            return
        numbers = range(1, body.count(b"<PartNumber>") + 1)
        self.server.objects[path] = b"".join(self.server.parts[path, each] for each in numbers)
        self._answer(ENDED)

    def do_PUT(self) -> None:
        """Take a part."""
        url = urlsplit(self.path)
        (number,) = parse_qs(url.query)["partNumber"]
        self.server.parts[url.path, int(number)] = self._body()
        self._answer("")

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = unchunked(self.rfile)
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        is_signed = "aws-chunked" in self.headers.get("Content-Encoding", "")
        return unchunked(io.BytesIO(body)) if is_signed else body

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def unchunked(file: BufferedIOBase) -> bytes:
    """Read a body that comes in chunks; HTTP and S3 write them alike."""
    body = b""
    while size := int(file.readline().split(b";")[0], 16):
        body += file.read(size)
        file.readline()
    return body


@pytest.fixture
def storage() -> Iterator[Storage]:
    """A store that is empty."""
    with Storage() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_tables_are_copied(tmp_path: Path, storage: Storage) -> None:
    (script,) = blocks(DOCS / "recipes" / "parquet-s3.md", "python")
    (tmp_path / "parquet.py").write_text(script)
    path = str(tmp_path / "test.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create schema tap_mux")
        connection.execute(
            "create table tap_mux.views as"
            " select range as id, '{\"a\": [1]}'::json as meta, now()::timestamp as view_end"
            " from range(250000)"
        )
        connection.execute("create table tap_mux.empty (id varchar)")
    subprocess.run(
        [sys.executable, "parquet.py", path, f"http://127.0.0.1:{storage.server_port}", "b/mux"],
        cwd=tmp_path,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"},
        check=True,
        timeout=60,
    )
    assert storage.objects.keys() == {
        f"/b/mux/tap_mux/{name}.parquet" for name in ("views", "empty")
    }
    views = pyarrow.parquet.read_table(io.BytesIO(storage.objects["/b/mux/tap_mux/views.parquet"]))
    assert views["id"].to_pylist() == list(range(250000))
    assert views["meta"][0].as_py() == '{"a": [1]}'
    assert str(views.schema.field("view_end").type) == "timestamp[us]"
    empty = pyarrow.parquet.read_table(io.BytesIO(storage.objects["/b/mux/tap_mux/empty.parquet"]))
    assert empty.num_rows == 0
