"""Measure how many requests per second the server can answer, with raw sockets, no decoding.

Run as `python -m benchmarks.ceiling URL START END`; prints requests per second.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import time
from urllib.parse import urlsplit

CONNECTIONS = 8
SECONDS = 3.0
_HEAD_END = b"\r\n\r\n"
_BUFFER_BYTES = 1 << 18


class Connection:
    """One connection that requests the same page again and again."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        """Connect, and measure the length of the answer."""
        self.socket = socket.create_connection((host, port))
        self._request = request
        self.answers = 0
        self.socket.sendall(request)
        head, _, body = self._read_head().partition(_HEAD_END)
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        self._length = len(head) + len(_HEAD_END) + int(fields[b"Content-Length"])
        self._rest = self._length - len(head) - len(_HEAD_END) - len(body)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._send_next()

    def read(self) -> None:
        """Read the available bytes; send the next request when the answer is complete."""
        self._rest -= self.socket.recv_into(self._buffer)
        self._send_next()

    def _send_next(self) -> None:
        if self._rest <= 0:
            self.answers += 1
            self._rest = self._length
            self.socket.sendall(self._request)

    def _read_head(self) -> bytes:
        read = b""
        while _HEAD_END not in read:
            read += self.socket.recv(_BUFFER_BYTES)
        return read


def main() -> None:
    """Request one page as often as possible."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("start", type=int)
    parser.add_argument("end", type=int)
    options = parser.parse_args()
    address = urlsplit(options.url)
    path = (
        "/data/v1/video-views?limit=100&page=2&order_direction=asc"
        f"&timeframe[]={options.start}&timeframe[]={options.end}"
    )
    request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    connections = [
        Connection(str(address.hostname), address.port or 80, request) for _ in range(CONNECTIONS)
    ]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            for key, _ in selector.select(1):
                key.data.read()
        seconds = time.perf_counter() - started
    print(round(sum(connection.answers for connection in connections) / seconds))  # noqa: T201 - read by the caller


if __name__ == "__main__":
    main()
