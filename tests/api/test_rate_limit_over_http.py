"""The rate limit over HTTP: requests to the sandbox, which has token buckets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, ExplicitWorld, RateLimit, Sandbox
from tap_mux.api.workers import WorkerPool
from tests.support.buckets import PATH
from tests.support.client import client_of
from tests.support.records import NOW, asset
from tests.support.tapping import run_tap
from tests.support.virtual_mux import WORKERS

if TYPE_CHECKING:
    from mux_sandbox.request_log import RequestRecord


class TestOverHttp:
    """Requests to the sandbox, which has token buckets."""

    def test_no_429_from_an_announced_bucket(self) -> None:
        world = ExplicitWorld(assets=[asset(f"asset-{n:04}", NOW - n) for n in range(4000)])
        with Sandbox(world=world) as sandbox:
            sandbox.options.rate_limits["video"] = RateLimit(30, 10)
            output = run_tap(sandbox, "assets")
            assert len(output.records("assets")) == 4000
            assert {request.status for request in sandbox.requests} == {200}

    def test_a_429_is_retried(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.asset_rows = [asset("a", NOW)]
        sandbox.options.announce_rate_limits = False
        sandbox.options.rate_limits["video"] = RateLimit(1, 2)
        client = client_of(sandbox)
        for _ in range(2):
            assert client.get(PATH)["data"]
        assert 429 in {request.status for request in sandbox.requests}

    def test_alone(self, sandbox: Sandbox) -> None:
        sandbox.options.rate_limits["video"] = RateLimit(40, 20)
        ask(sandbox, ["one"], 100)
        assert {request.status for request in sandbox.requests} == {200}
        assert seconds_of(sandbox.requests) <= 1.06 * (100 - 36) / 20 + 0.3

    @pytest.mark.slow
    def test_two_runs(self, sandbox: Sandbox) -> None:
        sandbox.options.rate_limits["video"] = RateLimit(100, 20)
        ask(sandbox, ["one", "two"], 100)
        granted = [each for each in sandbox.requests if each.status == 200]
        assert len(granted) == 200
        assert seconds_of(sandbox.requests) <= 1.35 * (200 - 90) / 20
        first_end = min(
            max(each.started for each in granted if each.headers["User-Agent"] == name)
            for name in ("one", "two")
        )
        names = [each.headers["User-Agent"] for each in granted if each.started <= first_end]
        assert min(names.count("one"), names.count("two")) >= 0.35 * len(names)

    @pytest.mark.slow
    def test_refusals_without_headers(self, sandbox: Sandbox) -> None:
        sandbox.options.announce_rate_limits = False
        count = iter(range(1000))

        def is_refused(_: RequestRecord) -> bool:
            return next(count) % 16 == 7

        sandbox.faults.add(is_refused, times=None, action=Answer(429))
        ask(sandbox, ["one"], 35)
        assert len([each for each in sandbox.requests if each.status == 429]) == 2
        assert seconds_of(sandbox.requests) <= 35 / (0.7 * 5)


def ask(sandbox: Sandbox, names: list[str], requests: int) -> None:
    """Let several programs ask the sandbox at the same time."""
    clients = [client_of(sandbox, user_agent=name, max_attempts=8) for name in names]
    results = [
        WorkerPool(WORKERS).map(lambda _, client=client: client.get(PATH), range(requests))
        for client in clients
    ]
    threads = [threading.Thread(target=list, args=(each,)) for each in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def seconds_of(requests: list[RequestRecord]) -> float:
    """Return how long all requests took."""
    times = [request.started for request in requests]
    return max(times) - min(times)
