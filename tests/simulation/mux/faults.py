"""What goes wrong with requests."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from urllib3 import HTTPResponse
from urllib3.exceptions import NewConnectionError, ProtocolError, ReadTimeoutError

from tests.simulation.wire import SECRET

if TYPE_CHECKING:
    import random

    from tests.simulation.scheduler import Scheduler

HTML = b"<html><body>Bad gateway</body></html>"
TOO_MANY = {"errors": ["Too many requests, retry later."]}

KINDS = (
    "refused",
    "reset before",
    "reset in body",
    "truncated",
    "cut gzip",
    "timeout",
    "slow",
    "408",
    "429",
    "429 Retry-After",
    "500",
    "502",
    "503",
    "503 Retry-After",
    "504",
    "HTML",
    "HTML 502",
    "null",
    "{}",
    "data is text",
    "data of numbers",
    "error in 200",
    "repeats",
)


class Broken(io.BytesIO):
    """A body that ends with an error."""

    def __init__(self, content: bytes) -> None:
        """Take what comes before."""
        super().__init__(content)

    def read(self, size: int | None = -1) -> bytes:
        """Read, up to the error."""
        return self._or_reset(super().read(size))

    def read1(self, size: int | None = -1) -> bytes:
        """Read, up to the error."""
        return self._or_reset(super().read1(size))

    def _or_reset(self, content: bytes) -> bytes:
        if not content:
            raise ConnectionResetError(104, "Connection reset by peer")
        return content


def response(
    status: int, body: bytes | io.BytesIO, headers: dict[str, str], *, length: int | None = None
) -> HTTPResponse:
    """Make an answer, as urllib3 does."""
    size = length if length is not None or isinstance(body, io.BytesIO) else len(body)
    more = {} if size is None else {"Content-Length": str(size)}
    return HTTPResponse(
        body=io.BytesIO(body) if isinstance(body, bytes) else body,
        headers={**headers, **more},
        status=status,
        preload_content=False,
        decode_content=False,
        request_method="GET",
    )


@dataclass
class Faults:
    """Decides by chance which request goes wrong, and how."""

    chance: random.Random
    scheduler: Scheduler
    rate: float
    kinds: tuple[str, ...]
    storm: float = 0.0
    """The part of requests that goes wrong while there is a storm."""

    storm_until: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def pick(self) -> str | None:
        """Return what goes wrong with the next request, if anything does."""
        now = self.scheduler.now
        if now >= self.storm_until and self.chance.random() < self.rate / 20:
            self.storm_until = now + self.chance.uniform(1, 90)
        rate = max(self.rate, 0.7) if now < self.storm_until and self.rate else self.rate
        if not self.kinds or self.chance.random() >= rate:
            return None
        kind = self.chance.choice(self.kinds)
        self.counts[kind] += 1
        return kind

    def before(self, kind: str | None, target: str, timeout: float) -> HTTPResponse | None:
        """Do what goes wrong before Mux itself answers.

        Returns:
            An answer that does not come from Mux; None if Mux answers.
        """
        if kind == "refused":
            text = f"[Errno 111] Connection refused: {target}"  # a secret, if it is a signed URL
            raise NewConnectionError(None, text)  # type: ignore[arg-type]
        if kind == "reset before":
            error = ConnectionResetError(104, "Connection reset by peer")
            text = "Connection aborted."
            raise ProtocolError(text, error)
        if kind == "timeout":
            self.scheduler.sleep(timeout)
            text = f"Read timed out. (read timeout={timeout})"
            raise ReadTimeoutError(None, target, text)  # type: ignore[arg-type]
        if kind == "slow":
            self.scheduler.sleep(self.chance.uniform(0, 2 * timeout))
        status = kind[:3] if kind else ""
        if status.isdecimal():
            return self._error(int(status), has_wait="Retry-After" in (kind or ""))
        return None

    def _error(self, status: int, *, has_wait: bool) -> HTTPResponse:
        headers = {"Retry-After": str(self.chance.choice((0, 1, 2, 10, 30)))} if has_wait else {}
        body: Any = TOO_MANY if status == 429 else {"error": {"type": "server_error"}}
        return response(status, msgspec.json.encode(body), headers)

    def after(self, kind: str | None, body: bytes, headers: dict[str, str]) -> HTTPResponse | None:
        """Spoil the answer of Mux.

        Returns:
            Another one; None if it is as it should be.
        """
        half = self.chance.randrange(len(body)) if body else 0
        match kind:
            case "reset in body":
                return response(200, Broken(body[:half]), headers)
            case "truncated":
                return response(200, body[:half], headers, length=len(body) + 1)
            case "cut gzip":
                packed = gzip.compress(body, mtime=0)
                packed = packed[: self.chance.randrange(1, len(packed))]
                return response(200, packed, {**headers, "Content-Encoding": "gzip"})
            case "HTML":
                return response(200, HTML, headers)
            case "HTML 502":
                return response(502, HTML, headers)
        other = {
            "null": b"null",
            "{}": b"{}",
            "data is text": b'{"data": "none"}',
            "data of numbers": b'{"data": [1, 2]}',
            "error in 200": b'{"data": [], "error": {"type": "broken", "messages": ["no"]}}',
        }.get(kind or "")
        return response(200, other, headers) if other else None


def is_leaking(text: str | bytes) -> bool:
    """Whether there is something that nobody may see."""
    return (SECRET.encode() if isinstance(text, bytes) else SECRET) in text  # type: ignore[operator]
