"""The server: takes requests where the tap hands them to urllib3, and answers them."""

from __future__ import annotations

import base64
import gzip
import re
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tap_mux.api.transport import Route
from tests.simulation.mux import data, exports, lists
from tests.simulation.mux.faults import TOO_MANY, Broken, Faults, response
from tests.simulation.mux.request import RefusedError, Request, not_found, parsed, repeat_page
from tests.simulation.truth import draw
from tests.simulation.wire import SECRET

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest
    from urllib3 import HTTPResponse

    from tests.simulation.mux.request import Row
    from tests.simulation.scheduler import Scheduler
    from tests.simulation.world import World

ROUTES = [
    (name, re.compile(path.replace("*", "[^/]+")), answer)
    for name, path, answer in (*lists.ROUTES, *data.ROUTES, *exports.ROUTES)
]


MAY_BE_BARE = "/video/v1/transcription-vocabularies"
"""The list that may answer ``{}``, by Mux's description of its API."""


class TooManyRequestsError(Exception):
    """A run sends more requests than it may."""


@dataclass
class Bucket:
    """A token bucket of Mux."""

    level: float
    at: float


@dataclass
class Server:
    """All environments of Mux, by the ID of their access token."""

    scheduler: Scheduler
    chance: random.Random
    worlds: Mapping[str, World]
    faults: Faults
    change_rate: float = 0.0
    """How many changes there are before an answer, on average."""

    bucket_size: int = 100
    others: float = 0.0
    """Which part of what buckets are refilled with is taken by other programs."""

    announces: bool = True
    compresses: bool = True
    max_requests: int = 1_000_000
    requests: Counter[str] = field(default_factory=Counter)
    """By the stream that the path is of."""

    log: list[str] = field(default_factory=list)
    """What was asked for and what came of it, for the story."""

    def __post_init__(self) -> None:
        """Start with full buckets."""
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def route_to(self, request: PreparedRequest) -> Route:
        """Take the place of the tap's function of this name."""
        split = urlsplit(str(request.url))
        target = split.path + (f"?{split.query}" if split.query else "")
        return Route(_Connections(self, split.netloc), target)  # type: ignore[arg-type]

    def answer(
        self, host: str, target: str, headers: Mapping[str, str], timeout: float
    ) -> HTTPResponse:
        """Answer a request, some time later."""
        self.scheduler.sleep(self.chance.uniform(0.01, 0.2))
        kind = self.faults.pick()
        path = urlsplit(target).path
        if kind == "{}" and path == MAY_BE_BARE:
            kind = None  # that is how Mux says that there are none
        try:
            if host == urlsplit(exports.HOST).netloc:
                found = self._download(kind, target, headers, timeout)
            else:
                found = self._answer(kind, target, headers, timeout)
        except Exception as error:
            self._note(path, target, kind, type(error).__name__)
            raise
        self._note(path, target, kind, str(found.status))
        self.scheduler.sleep(self.chance.uniform(0.01, 0.2))
        return found

    def _note(self, path: str, target: str, kind: str | None, outcome: str) -> None:
        query = urlsplit(target).query.replace(SECRET, "***")
        fault = f" [{kind}]" if kind else ""
        self.log.append(f"{self.scheduler.now:.1f} {path}?{query} {outcome}{fault}")

    def _answer(
        self, kind: str | None, target: str, headers: Mapping[str, str], timeout: float
    ) -> HTTPResponse:
        world = self._world(headers)
        if world is None:
            body = msgspec.json.encode({"error": {"type": "unauthorized", "messages": ["No"]}})
            return response(401, body, {})
        if early := self.faults.before(kind, target, timeout):
            return early
        while self.chance.random() < self.change_rate:
            world.change(self.scheduler.now)
        request = parsed(world, target, self.scheduler.now)
        if kind == "repeats":
            repeat_page(request)
        more = self._take(world, request.path)
        if more is None:
            return response(429, msgspec.json.encode(TOO_MANY), self._announced(0))
        status, found = self._found(request)
        if kind == "repeats" and found.get("next_cursor"):
            found["next_cursor"] = request.text("cursor") or found["next_cursor"]
        body = msgspec.json.encode(found)
        more["Date"] = formatdate(self.scheduler.now, usegmt=True)
        if spoiled := self.faults.after(kind, body, more):
            return spoiled
        if self.compresses:
            return response(
                status, gzip.compress(body, 1, mtime=0), {**more, "Content-Encoding": "gzip"}
            )
        return response(status, body, more)

    def _world(self, headers: Mapping[str, str]) -> World | None:
        kind, _, token = headers["Authorization"].partition(" ")
        token_id, _, secret = base64.b64decode(token).decode().partition(":")
        is_known = kind == "Basic" and secret == secret_of(token_id)
        return self.worlds.get(token_id) if is_known else None

    def _found(self, request: Request) -> tuple[int, Row]:
        try:
            name, answer = self._route(request.path)
            self._count(name)
            if status := request.world.denied.get(name):
                text = "You don't have access to it"
                raise RefusedError(status, "not_allowed", text)  # noqa: TRY301
            return 200, answer(request)
        except RefusedError as refusal:
            return refusal.status, refusal.body

    def _route(self, path: str) -> tuple[str, Callable[[Request], Row]]:
        for name, pattern, answer in ROUTES:
            if pattern.fullmatch(path):
                return name, answer
        raise not_found()

    def _count(self, name: str) -> None:
        self.requests[name] += 1
        if self.requests.total() > self.max_requests:
            raise TooManyRequestsError(str(self.requests))

    def _take(self, world: World, path: str) -> dict[str, str] | None:
        """Take a token; None if there is none."""
        key = world.environment_id, family_of(path)
        now = self.scheduler.now
        bucket = self._buckets.setdefault(key, Bucket(self.bucket_size, now))
        refill = (now - bucket.at) * self.bucket_size / 20 * (1 - self.others)
        bucket.level = min(self.bucket_size, bucket.level + refill)
        bucket.at = now
        if bucket.level < 1:
            self.faults.counts["429 of the bucket"] += 1
            return None
        bucket.level -= 1
        return self._announced(int(bucket.level))

    def _announced(self, left: int) -> dict[str, str]:
        if not self.announces:
            return {}
        return {"X-RateLimit-Limit": str(self.bucket_size), "X-RateLimit-Remaining": str(left)}

    def _download(
        self, kind: str | None, target: str, headers: Mapping[str, str], timeout: float
    ) -> HTTPResponse:
        self._count("files")
        if early := self.faults.before(kind, target, timeout):
            return early
        split = urlsplit(target)
        made = int(parse_qs(split.query)["X-Amz-Date"][0])
        assert "Authorization" not in headers
        if self.scheduler.now > made + exports.EXPIRES_SECONDS:
            return response(403, b"<Error>Request has expired</Error>", {})
        content = exports.file_at(split.path)
        more = {"ETag": f'"{draw(split.path)}"'} if self.chance.random() < 0.9 else {}
        start = self._start(headers.get("Range", ""), len(content))
        if start:
            more["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._spoiled(kind, content[start:], 206 if start else 200, more)

    def _start(self, asked: str, size: int) -> int:
        """Return where an answer begins: some stores cannot send a part of a file."""
        found = re.fullmatch(r"bytes=(\d+)-", asked)
        start = int(found[1]) if found and self.chance.random() < 0.8 else 0
        return start if start < size else 0

    def _spoiled(
        self, kind: str | None, part: bytes, status: int, headers: dict[str, str]
    ) -> HTTPResponse:
        half = part[: self.chance.randrange(len(part))]
        match kind:
            case "reset in body":
                return response(status, Broken(half), headers)
            case "truncated":
                return response(status, half, headers, length=len(part))
            case "cut gzip":
                return response(status, half, headers)
            case "HTML" | "null" | "{}" | "data is text":
                return response(200, b"<html>Log in</html>", headers)
        return response(status, part, headers)


def family_of(path: str) -> str:
    """Return the part of the API that a path is of."""
    parts = path.split("/")
    return "monitoring" if parts[3:4] == ["monitoring"] else parts[1]


def secret_of(token_id: str) -> str:
    """Return the secret of an access token."""
    return f"{SECRET}-{token_id}"


class _Connections:
    """Takes the place of a pool of connections."""

    def __init__(self, server: Server, host: str) -> None:
        self._server = server
        self._host = host

    def urlopen(self, method: str, url: str, **more: Any) -> HTTPResponse:
        assert method == "GET"
        return self._server.answer(self._host, url, more["headers"], float(more["timeout"]))
