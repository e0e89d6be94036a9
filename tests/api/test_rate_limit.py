"""The token bucket uses the burst, then keeps to the rate, and stays below the limit."""

from __future__ import annotations

import heapq
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from mux_sandbox import ExplicitWorld, RateLimit, Sandbox
from tap_mux.api.rate_limit import MAX_PAUSE_SECONDS, Bucket, RateLimiter
from tests.support.client import client_of
from tests.support.records import NOW, asset
from tests.support.tapping import run_tap


@dataclass
class Mux:
    """Mux's token bucket, in simulated time."""

    size: float
    per_second: float
    announced: bool = True
    level: float = -1
    at: float = 0
    lowest: float = field(default=1e9)
    refusals: int = 0
    times: list[float] = field(default_factory=list)

    def ask(self, now: float) -> dict[str, str] | None:
        """Take a token; None if there is none."""
        if self.level < 0:
            self.level = self.size
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now
        self.times.append(now)
        if self.level < 1:
            self.refusals += 1
            return None
        self.level -= 1
        self.lowest = min(self.lowest, self.level)
        if not self.announced:
            return {}
        remaining = str(int(self.level))
        return {"X-RateLimit-Limit": str(int(self.size)), "X-RateLimit-Remaining": remaining}


def simulate(
    mux: Mux,
    requests: int,
    *,
    max_in_flight: int = 8,
    latency: float = 0.1,
    reserve: float = 0.1,
    max_per_second: float | None = None,
) -> float:
    """Simulate requests, several at once; return the seconds until the last answer."""
    chance = random.Random(1)
    bucket = Bucket(5, reserve, max_per_second)
    now = 1000.0
    mux.at = now
    start = now
    in_flight: list[tuple[float, int, Any, Any]] = []
    left = requests
    sent = 0
    while left or in_flight:
        if left and len(in_flight) < max_in_flight and bucket.wait(now) <= 0:
            permit = bucket.send(now)
            left -= 1
            sent += 1
            on_the_way = chance.uniform(0.3, 0.7) * latency
            heapq.heappush(in_flight, (now + on_the_way, sent, permit, None))
            continue
        next_times = [in_flight[0][0]] if in_flight else []
        if left and len(in_flight) < max_in_flight and bucket.wait(now) < 60:
            next_times.append(now + max(bucket.wait(now), 1e-6))
        now = max(now, min(next_times))
        assert now < start + 10_000, "nothing is sent any more"
        while in_flight and in_flight[0][0] <= now:
            at, order, permit, answer = heapq.heappop(in_flight)
            if answer is None:
                answer = (mux.ask(at),)
                heapq.heappush(in_flight, (at + latency / 2, order, permit, answer))
                continue
            headers = answer[0]
            if headers is None:
                bucket.on_rate_limited(permit, None, now=at)
                left += 1
            else:
                bucket.on_response(permit, headers, now=at)
    return now - start


@pytest.mark.parametrize("latency", [0.01, 0.15, 0.6])
@pytest.mark.parametrize(
    ("size", "per_second"), [(100, 20), (100, 5), (20, 1), (20, 40), (1000, 500), (4, 1)]
)
def test_an_announced_bucket_is_used_except_for_the_reserve(
    size: float, per_second: float, latency: float
) -> None:
    mux = Mux(size, per_second)
    requests = int(size + 60 * per_second)
    seconds = simulate(mux, requests, latency=latency)
    assert mux.refusals == 0
    assert mux.lowest >= size * 0.1 - 1
    bucket_bound = max(0, requests - size * 0.9) / per_second
    latency_bound = requests * latency / 8
    assert seconds <= 1.06 * max(bucket_bound, latency_bound) + 2 * latency + 1


@pytest.mark.parametrize("reserve", [0, 0.1, 0.5, 0.9])
def test_the_reserve_is_left_alone(reserve: float) -> None:
    mux = Mux(100, 20)
    simulate(mux, 400, reserve=reserve)
    assert mux.lowest >= 100 * reserve - 1e-6
    assert mux.refusals == 0


@pytest.mark.parametrize(("size", "reserve"), [(1, 0.1), (5, 0.9), (2, 0.5), (10, 0.9)])
def test_a_small_bucket_with_a_large_reserve_still_sends(size: int, reserve: float) -> None:
    mux = Mux(size, 1)
    simulate(mux, 20, reserve=reserve)
    assert len(mux.times) == 20
    assert mux.refusals == 0


@pytest.mark.parametrize(("size", "per_second"), [(30, 0.5), (60, 1), (40, 1)])
def test_refusals_lower_the_estimated_refill(size: int, per_second: float) -> None:
    mux = Mux(size, per_second)
    simulate(mux, 300, reserve=0)
    assert mux.refusals <= 5


def test_waiting_ends_when_it_is_cancelled() -> None:
    bucket = Bucket(0.01, 0, None)
    bucket.on_response(bucket.send(time.monotonic()), {"X-RateLimit-Limit": "0"})
    cancelled = threading.Event()
    permits: list[Any] = []
    thread = threading.Thread(target=lambda: permits.append(bucket.acquire(cancelled.is_set)))
    thread.start()
    cancelled.set()
    thread.join(timeout=5)
    assert permits == [None]
    assert bucket.acquire(lambda: True) is None


def test_use_by_other_programs_is_noticed() -> None:
    mux = Mux(100, 20, level=30)
    simulate(mux, 200)
    assert mux.refusals == 0
    assert mux.lowest >= 9


@pytest.mark.parametrize(("size", "per_second"), [(20, 3), (10, 2), (50, 1), (5, 4)])
def test_an_unannounced_limit_is_rarely_exceeded(size: float, per_second: float) -> None:
    mux = Mux(size, per_second, announced=False)
    simulate(mux, 600)
    assert mux.refusals < 0.02 * 600


def test_without_headers_it_keeps_to_5_a_second() -> None:
    mux = Mux(1e9, 1e9, announced=False)
    seconds = simulate(mux, 105, latency=0.01)
    assert 20 <= seconds <= 21


@pytest.mark.parametrize("announced", [True, False])
def test_max_per_second_is_always_kept(*, announced: bool) -> None:
    mux = Mux(1000, 500, announced=announced)
    seconds = simulate(mux, 41, max_per_second=4, latency=0.01)
    assert 10 <= seconds <= 10.2
    assert min(b - a for a, b in zip(mux.times, mux.times[1:], strict=False)) > 0.2


def test_refusals_halve_the_rate_once_and_it_recovers_slowly() -> None:
    bucket = Bucket(5, 0, None)
    permits = [bucket.send(100.0) for _ in range(3)]
    for permit in permits:
        bucket.on_rate_limited(permit, None, now=100.1)
    pause = bucket.wait(100.1)
    assert 0.4 <= pause <= 1
    later = 102.0
    assert bucket.wait(later) <= 0
    bucket.send(later)
    assert bucket.wait(later) == pytest.approx(1 / 2.5)  # half of five a second, no burst
    for step in range(200):
        bucket.on_response(bucket.send(later + step), {}, now=later + step)
    recovered = 1 / bucket.wait(later + 199)
    assert 3 < recovered < 4


def test_retry_after_stops_all_requests() -> None:
    bucket = Bucket(5, 0, None)
    bucket.on_rate_limited(bucket.send(100.0), 30, now=100.1)
    assert 30 <= bucket.wait(100.1) <= 31


def test_pauses_grow_up_to_a_limit() -> None:
    bucket = Bucket(5, 0, None)
    now = 100.0
    pauses = []
    for _ in range(12):
        bucket.on_rate_limited(bucket.send(now), None, now=now)
        pauses.append(bucket.wait(now))
        now += 1000
    assert pauses[5] > pauses[0]
    assert max(pauses) <= MAX_PAUSE_SECONDS


def test_each_part_of_the_api_has_its_own_bucket() -> None:
    limiter = RateLimiter(reserve=0, max_per_second=None)
    paths = [
        "/video/v1/assets",
        "/data/v1/video-views",
        "/data/v1/monitoring/metrics",
        "/system/v1/whoami",
        "/robots/v0/jobs",
    ]
    assert len({id(limiter.bucket(path)) for path in paths}) == len(paths)
    assert limiter.bucket("/data/v1/realtime/metrics") is limiter.bucket("/data/v1/monitoring/x")
    monitoring = limiter.bucket("/data/v1/monitoring/metrics")
    assert monitoring.wait(0.0) <= 0
    monitoring.on_response(monitoring.send(0.0), {}, now=0.0)
    assert monitoring.wait(0.0) == pytest.approx(1)


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
            assert client.get("/video/v1/assets")["data"]
        assert 429 in {request.status for request in sandbox.requests}


def test_each_pause_is_twice_the_one_before_with_jitter() -> None:
    parts = set()
    for _ in range(5):
        bucket = Bucket(5, 0, None)
        now = 100.0
        for number in range(10):
            bucket.on_rate_limited(bucket.send(now), None, now=now)
            longest = min(2.0**number, MAX_PAUSE_SECONDS)
            assert longest / 2 <= bucket.wait(now) <= longest
            parts.add(bucket.wait(now) / longest)
            now += 1000
    assert len(parts) > 1


def test_an_answer_ends_the_growth_of_pauses() -> None:
    bucket = Bucket(5, 0, None)
    for now in (100.0, 1100.0):
        bucket.on_rate_limited(bucket.send(now), None, now=now)
    bucket.on_response(bucket.send(2100.0), {}, now=2100.0)
    bucket.on_rate_limited(bucket.send(3100.0), None, now=3100.0)
    assert bucket.wait(3100.0) < 2


def test_requests_do_not_come_back_all_at_the_moment_that_mux_names() -> None:
    waits = set()
    for _ in range(5):
        bucket = Bucket(5, 0, None)
        bucket.on_rate_limited(bucket.send(100.0), 30, now=100.0)
        waits.add(bucket.wait(100.0))
    assert len(waits) > 1


def test_a_shorter_retry_after_does_not_end_a_longer_one() -> None:
    bucket = Bucket(5, 0, None)
    permits = [bucket.send(100.0), bucket.send(100.0)]
    for permit, seconds in zip(permits, (30, 2), strict=True):
        bucket.on_rate_limited(permit, seconds, now=100.1)
    assert 30 <= bucket.wait(100.1) <= 31


def announced(limit: int, remaining: int) -> dict[str, str]:
    """Give the headers of an answer."""
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}


def test_a_refusal_ends_the_burst_of_an_announced_bucket() -> None:
    bucket = Bucket(5, 0, None)
    bucket.on_response(bucket.send(100.0), announced(100, 99), now=100.0)
    bucket.on_rate_limited(bucket.send(100.1), None, now=100.1)
    sent = 0
    while bucket.wait(102.0) <= 0:
        bucket.send(102.0)
        sent += 1
    assert 1 <= sent <= 5  # at half the rate since the refusal


def test_a_limit_that_mux_changes_is_learnt() -> None:
    bucket = Bucket(5, 0.5, None)
    bucket.on_response(bucket.send(100.0), announced(100, 99), now=100.0)
    bucket.on_response(bucket.send(101.0), announced(10, 9), now=101.0)
    sent = 0
    while bucket.wait(101.0) <= 0:
        bucket.send(101.0)
        sent += 1
    assert sent == 4  # five are left, the reserve


def test_what_others_take_is_learnt() -> None:
    bucket = Bucket(5, 0.1, None)
    bucket.on_response(bucket.send(100.0), announced(100, 99), now=100.0)
    bucket.on_response(bucket.send(101.0), announced(100, 20), now=101.0)
    sent = 0
    while bucket.wait(101.0) <= 0:
        bucket.send(101.0)
        sent += 1
    assert sent == 10


def test_a_limit_of_nothing_is_not_believed() -> None:
    bucket = Bucket(5, 0, None)
    bucket.on_response(bucket.send(100.0), announced(0, 0), now=100.0)
    for _ in range(4):
        assert bucket.wait(100.0) <= 0
        bucket.send(100.0)
    assert bucket.wait(100.0) == pytest.approx(1 / 5)


@pytest.mark.parametrize("per_second", [0.5, 1, 2])
def test_a_refill_that_is_slower_than_usual_is_learnt_without_a_refusal(per_second: float) -> None:
    mux = Mux(100, per_second)
    simulate(mux, 300, latency=0.6)
    assert mux.refusals == 0
    assert mux.lowest >= 3


@pytest.mark.parametrize("header", ["many", "-5", "5.5", ""])
def test_headers_that_are_no_counts_are_ignored(header: str) -> None:
    bucket = Bucket(5, 0, None)
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": header}
    bucket.on_response(bucket.send(100.0), headers, now=100.0)
    headers = {"X-RateLimit-Limit": header, "X-RateLimit-Remaining": "0"}
    bucket.on_response(bucket.send(100.0), headers, now=100.0)
    assert bucket.wait(100.0) <= 0
