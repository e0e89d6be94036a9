"""Where Mux announces what is left: all of it is used, but the reserve."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tap_mux.api.rate_limit import RateLimiter
from tests.support.buckets import answered, bucket_of, sent_at_once, wanted
from tests.support.virtual import BEGIN, VirtualClock
from tests.support.virtual_mux import WORKERS, Mux, Run, announced


class TestAlone:
    """No other program takes from the bucket."""

    @pytest.mark.parametrize("latency", [0.01, 0.15, 0.6])
    @pytest.mark.parametrize(
        ("size", "per_second"), [(100, 20), (100, 5), (20, 1), (20, 40), (1000, 500), (4, 1)]
    )
    def test_the_bucket_is_used_except_for_the_reserve(
        self, clock: VirtualClock, size: float, per_second: float, latency: float
    ) -> None:
        mux = Mux(clock, size, per_second)
        requests = int(size + min(60 * per_second, 1000))
        run = Run(mux, requests=requests, latency=latency)
        seconds = clock.run(*run.workers)
        bucket_bound = (requests - size * 0.9) / per_second
        latency_bound = requests * latency / WORKERS
        assert seconds <= 1.06 * max(bucket_bound, latency_bound) + 2 * latency
        assert mux.refusals == 0
        assert mux.lowest >= size * 0.1 - 1e-6
        assert not run.bucket.waiting.is_shared

    @pytest.mark.parametrize("reserve", [0, 0.1, 0.5, 0.9])
    def test_the_reserve_is_left_alone(self, clock: VirtualClock, reserve: float) -> None:
        mux = Mux(clock, 100, 20)
        clock.run(*Run(mux, requests=400, reserve=reserve).workers)
        assert 100 * reserve - 1e-6 <= mux.lowest <= 100 * reserve + 5
        assert mux.refusals == 0

    @pytest.mark.parametrize(("size", "reserve"), [(1, 0.1), (5, 0.9), (2, 0.5), (10, 0.9)])
    def test_a_small_bucket_with_a_large_reserve_still_sends(
        self, clock: VirtualClock, size: int, reserve: float
    ) -> None:
        mux = Mux(clock, size, 1)
        assert clock.run(*Run(mux, requests=20, reserve=reserve).workers) < 80
        assert mux.refusals == 0

    @pytest.mark.parametrize("per_second", [1, 2, 4])
    def test_a_slow_refill_is_not_exceeded(self, clock: VirtualClock, per_second: float) -> None:
        mux = Mux(clock, 100, per_second)
        clock.run(*Run(mux, requests=300).workers)
        assert mux.refusals == 0

    def test_refusals_that_the_headers_do_not_explain_cost_little(
        self, clock: VirtualClock
    ) -> None:
        random.seed(0)
        mux = Mux(clock, 100, 20, refused=0.03)
        clock.run(*Run(mux, seconds=120).workers)
        assert mux.granted() >= 0.7 * (90 + 20 * 120)


class TestHeaders:
    """What is believed of the headers."""

    def test_a_limit_that_mux_changes_is_learnt(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock, 0.5)
        answered(clock, bucket, announced(100, 99))
        answered(clock, bucket, announced(10, 9))
        assert sent_at_once(clock, bucket) == 4  # five are left, the reserve

    def test_what_is_left_is_the_truth_and_not_what_we_reckoned(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock, 0.1)
        answered(clock, bucket, announced(100, 99))
        answered(clock, bucket, announced(100, 20))
        answered(clock, bucket, announced(100, 60))
        assert sent_at_once(clock, bucket) == 50

    def test_requests_in_flight_count_as_taken(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, announced(100, 99))
        permits: list[Any] = []
        clock.run(lambda: permits.extend(bucket.acquire(wanted) for _ in range(5)))
        bucket.on_response(permits[2], announced(100, 40))
        assert sent_at_once(clock, bucket) == 36

    def test_an_answer_that_is_late_does_not_count_as_new(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, announced(100, 99))
        permits: list[Any] = []
        clock.run(lambda: permits.extend(bucket.acquire(wanted) for _ in range(2)))
        bucket.on_response(permits[1], announced(100, 20))
        bucket.on_response(permits[0], announced(100, 98))
        assert sent_at_once(clock, bucket) == 20

    @pytest.mark.parametrize("header", ["many", "-5", "5.5", "", "9" * 10])
    def test_headers_that_are_no_counts_are_ignored(self, clock: VirtualClock, header: str) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": header})
        answered(clock, bucket, {"X-RateLimit-Limit": header, "X-RateLimit-Remaining": "90"})
        assert clock.now() == pytest.approx(BEGIN + 0.2)
        clock.sleep_all(0.2)
        assert sent_at_once(clock, bucket) == 1

    def test_a_limit_of_nothing_is_not_believed(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, announced(0, 0))
        clock.sleep_all(0.2)
        assert sent_at_once(clock, bucket) == 1

    def test_a_bucket_that_was_not_used_is_full_and_not_fuller(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock, 0.1)
        answered(clock, bucket, announced(100, 50))
        clock.sleep_all(1000)
        answered(clock, bucket, announced(100, 99))
        assert not bucket.waiting.is_shared
        clock.sleep_all(1000)
        assert sent_at_once(clock, bucket) == 90


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
