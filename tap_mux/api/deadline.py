"""A deadline for a whole answer: a server that sends a byte now and then must not hold up a run.

The timeout of a socket is for one wait, and each byte begins another wait. So here, an answer as a
whole may take TIMEOUTS timeouts, and longer only while it comes at MIN_BYTES_PER_SECOND. That is
right for headers, and for a file of any size. All bytes are counted: not only a body may go on for
ever, but also interim answers (100 Continue) and trailers.
"""

from __future__ import annotations

import http.client
import io
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar, cast

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    import socket

    from urllib3 import HTTPConnectionPool

TIMEOUTS = 4
"""How many timeouts an answer may take without coming at MIN_BYTES_PER_SECOND."""

MIN_BYTES_PER_SECOND = 1000
MAX_BYTES_BEFORE_BODY = 1 << 20
MIN_TIMEOUT_SECONDS = 0.001
"""The shortest timeout. With 0, a socket would not wait at all."""


class EndlessError(OSError):
    """An answer is longer than any answer of Mux."""


class _Source(io.RawIOBase):
    """What a socket receives, up to the deadline."""

    def __init__(self, connection: socket.socket, received: io.RawIOBase) -> None:
        super().__init__()
        self.bytes_left: float = MAX_BYTES_BEFORE_BODY
        """How much more may come."""
        self._connection = connection
        self._received = received
        self._timeout = connection.gettimeout() or 0.0
        self._left = self._longest = TIMEOUTS * self._timeout

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        if not self._timeout:
            return self._count(cast("int | None", self._received.readinto(buffer)))
        # Only the time of waiting counts, not the time in which the tap writes what has come.
        begun = time.monotonic()
        left = max(MIN_TIMEOUT_SECONDS, self._left)
        try:
            self._connection.settimeout(min(left, self._timeout))
            count = cast("int | None", self._received.readinto(buffer))
        except TimeoutError:
            if left >= self._timeout:
                raise
            text = f"it came at less than {MIN_BYTES_PER_SECOND} bytes a second"
            raise ConnectionAbortedError(text) from None
        earned = (count or 0) / MIN_BYTES_PER_SECOND
        self._left = min(self._left - (time.monotonic() - begun) + earned, self._longest)
        return self._count(count)

    def _count(self, count: int | None) -> int | None:
        self.bytes_left -= count or 0
        if self.bytes_left < 0:
            text = "it does not end"
            raise EndlessError(text)
        return count

    @override
    def close(self) -> None:
        self._received.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer with a deadline."""

    max_bytes: ClassVar[float]

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._source = _Source(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._source)

    @override
    def begin(self) -> None:
        super().begin()
        self._source.bytes_left = self.max_bytes


def set_deadlines(connections: HTTPConnectionPool, max_bytes: float) -> None:
    """Give each answer on these connections a deadline.

    Args:
        connections: A pool of connections; it has opened none yet.
        max_bytes: How long a body may be, with all that is around it.
    """
    response = type("Response", (_Response,), {"max_bytes": max_bytes})
    former = connections.ConnectionCls
    connections.ConnectionCls = type(former.__name__, (former,), {"response_class": response})
