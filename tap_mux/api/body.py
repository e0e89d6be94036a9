"""The body of an answer, of which there may be too much."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_mux.api.errors import MuxError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import BaseHTTPResponse

MAX_BYTES = 1 << 26
"""A longer answer is none of Mux, compressed or not. It could take all memory."""


MAX_MEMBERS = 100
"""How many files one gzip body may consist of. Each more takes time, even an empty one."""


def read_body(request: str, response: BaseHTTPResponse) -> bytes:
    """Read the body of an answer to its end, decompressed.

    Args:
        request: What was asked for, in words.
        response: The answer, of which nothing has been read. Its connection can be used again.

    Raises:
        HTTPError: The connection broke.
        MuxError: The body is too long, or not compressed as its headers say.
    """
    try:
        with _left_reusable(response):
            body = _read(response)
        is_compressed = response.headers.get("Content-Encoding", "").lower() in {"gzip", "x-gzip"}
        return _decompressed(body) if is_compressed else body
    except zlib.error:
        text = f"{request} was answered with a body that is not compressed as it says"
        raise UnexpectedAnswerError(text) from None
    except _TooLongError:
        text = (
            f"{request} was answered with more than {MAX_BYTES >> 20} MB, which is no answer of Mux"
        )
        raise MuxError(text) from None


class _TooLongError(Exception):
    """There are more than MAX_BYTES, or MAX_MEMBERS."""


@contextmanager
def _left_reusable(response: BaseHTTPResponse) -> Iterator[None]:
    """Return the connection of an answer to its pool; closed, unless all was read."""
    try:
        yield
    except BaseException:
        response.close()  # what is left of the body must not begin the next answer
        raise
    finally:
        response.release_conn()


def _read(response: BaseHTTPResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    # The last piece is empty. With it, urllib3 tells whether the body was whole.
    while piece := response.read(MAX_BYTES + 1 - size, decode_content=False):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise _TooLongError
    return b"".join(pieces)


def _decompressed(body: bytes) -> bytes:
    content = b""
    for _ in range(MAX_MEMBERS):
        if not body:
            return content
        member = zlib.decompressobj(wbits=31)
        content += member.decompress(body, MAX_BYTES + 1 - len(content))
        if len(content) > MAX_BYTES:
            raise _TooLongError
        if not member.eof:
            raise zlib.error
        body = member.unused_data
    raise _TooLongError
