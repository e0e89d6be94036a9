"""The server of the benchmarks: `python -m benchmarks.server --views 10000`.

It answers like the Mux API for the streams that are measured, with as little work as possible, and
counts requests. Each access token opens an environment of its own, which has the same content and
buckets of its own. `/control/reset?latency=…&capacity=…&refill=…` sets the limits, fills the
buckets and clears the counts; `/control/counts` returns the counts. With `refused=33`, each 33rd
request is refused whatever is left, and no answer announces what is left.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from benchmarks.world import START, Assets, Export, Views

if TYPE_CHECKING:
    from collections.abc import Mapping

UNLIMITED = 1e6
MAX_RECORDS = 100
_REFUSED = b'{"errors":["Too many requests, retry later."]}'
_WHOAMI = b'{"data":{"environment_id":"%b","environment_name":"Benchmark"}}'


@dataclass
class Counts:
    """Counts for one part of the API."""

    requests: int = 0
    refused: int = 0
    lowest_level: float = UNLIMITED
    max_in_flight: int = 0
    first_at: float = 0.0
    last_at: float = 0.0


@dataclass
class Bucket:
    """A token bucket with its counts."""

    capacity: float
    refill: float
    level: float
    seen: float
    in_flight: int = 0
    counts: Counts = field(default_factory=Counts)

    def take(self) -> bool:
        """Take a token for a request; return whether there was one."""
        now = time.monotonic()
        self.level = min(self.capacity, self.level + (now - self.seen) * self.refill)
        self.seen = now
        granted = self.level >= 1
        if granted:
            self.level -= 1
        counts = self.counts
        counts.requests += 1
        counts.refused += not granted
        counts.lowest_level = min(counts.lowest_level, self.level)
        self.in_flight += 1
        counts.max_in_flight = max(counts.max_in_flight, self.in_flight)
        counts.first_at = counts.first_at or now
        return granted

    def done(self) -> None:
        """Count the request as answered."""
        self.in_flight -= 1
        self.counts.last_at = time.monotonic()


class Server:
    """The request handler."""

    def __init__(self, views: Views, assets: Assets, export: Export) -> None:
        """Set the content to serve."""
        self._export = export
        self._views = views
        self._assets = assets
        self._latency = 0.0
        self._capacity = self._refill = UNLIMITED
        self._refused = 0
        self._buckets: dict[tuple[str, str], Bucket] = {}

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer a request."""
        family = request.path.split("/", 2)[1]
        if family == "control":
            return self._control(request)
        if family == "files":
            return web.Response(body=self._export.content, content_type="binary/octet-stream")
        token = request.headers.get("Authorization", "")
        bucket = self._bucket(family, token)
        granted = bucket.take()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if not self._refused:
            headers["X-RateLimit-Limit"] = str(int(bucket.capacity))
            headers["X-RateLimit-Remaining"] = str(int(bucket.level))
        elif bucket.counts.requests % self._refused == 0:
            granted = False
            bucket.counts.refused += 1
        if self._latency:
            await asyncio.sleep(self._latency)
        body = self._body(request) if granted else _REFUSED
        bucket.done()
        return web.Response(status=200 if granted else 429, body=body, headers=headers)

    def _bucket(self, family: str, token: str) -> Bucket:
        bucket = self._buckets.get((family, token))
        if bucket is None:
            now = time.monotonic()
            bucket = Bucket(self._capacity, self._refill, self._capacity, now)
            self._buckets[family, token] = bucket
        return bucket

    def _body(self, request: web.BaseRequest) -> bytes:
        query = request.query
        limit = min(int(query.get("limit", 25)), MAX_RECORDS)
        match request.path:
            case "/data/v1/video-views":
                if query.get("order_direction") != "asc":
                    raise web.HTTPNotImplemented
                start, end = map(int, query.getall("timeframe[]"))
                return self._views.page(start, end, int(query.get("page", 1)), limit)
            case "/video/v1/assets":
                cursor = query.get("cursor", "after-0")
                return self._assets.page(int(cursor.removeprefix("after-")), limit)
            case "/data/v1/exports/views":
                return self._export.listing(
                    f"{request.scheme}://{request.host}/files/export.csv.gz"
                )
            case "/system/v1/whoami":
                token = request.headers.get("Authorization", "")
                return _WHOAMI % token.removeprefix("Basic ").encode()
            case _:
                raise web.HTTPNotFound

    def _control(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/control/reset":
            self._reset(request.query)
        counts = {family: bucket.counts for (family, _), bucket in self._buckets.items()}
        return web.Response(body=msgspec.json.encode(counts), content_type="application/json")

    def _reset(self, query: Mapping[str, str]) -> None:
        self._buckets.clear()
        self._latency = float(query.get("latency", 0))
        self._capacity = float(query.get("capacity", UNLIMITED))
        self._refill = float(query.get("refill", UNLIMITED))
        self._refused = int(query.get("refused", 0))


async def _serve(server: Server, **facts: int) -> None:
    runner = web.ServerRunner(web.Server(server.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    ready = {"url": f"http://{host}:{port}", **facts}
    print(msgspec.json.encode(ready).decode(), flush=True)  # noqa: T201 - read by the caller
    await asyncio.Event().wait()


def main() -> None:
    """Make the content, serve it, and print the URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=0)
    parser.add_argument("--assets", type=int, default=0)
    parser.add_argument("--exported", type=int, default=0)
    options = parser.parse_args()
    views = Views(options.views)
    export = Export(options.exported)
    server = Server(views, Assets(options.assets), export)
    asyncio.run(_serve(server, start=START, end=views.end, columns=export.columns))


if __name__ == "__main__":
    main()
