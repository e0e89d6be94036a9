"""Those who wait for a bucket: what it tells of them, and how they are woken."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.rate_limit import Bucket, RateLimiter
from tap_mux.api.workers import WorkerPool
from tests.support.buckets import PATH, answered, bucket_of, wanted
from tests.support.virtual import BEGIN, VirtualClock
from tests.support.virtual_mux import announced

if TYPE_CHECKING:
    from collections.abc import Callable


class TestWaiting:
    """What a bucket tells of those who wait, and how they are woken."""

    def test_it_says_for_how_long_each_request_has_had_to_wait(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, announced(100, 0))
        seen: list[Any] = []

        def watch() -> None:
            for _ in range(2):
                clock.sleep(0.15)
                seen.append(bucket.waiting)

        clock.run(*[lambda: bucket.acquire(wanted)] * 3, watch)
        assert [each.seconds for each in seen] == [pytest.approx(0.15), pytest.approx(0.3)]
        assert not seen[0].is_shared
        clock.sleep_all(10)
        answered(clock, bucket, announced(100, 50))
        assert bucket.waiting.seconds == 0

    @pytest.mark.parametrize("by", ["limiter", "bucket"])
    def test_those_who_are_cancelled_and_woken_end_at_once(
        self, clock: VirtualClock, by: str
    ) -> None:
        limiter = RateLimiter(reserve=0, max_per_second=0.01, clock=clock)
        buckets = [limiter.bucket(path) for path in (PATH, "/data/v1/video-views")]
        ends: list[tuple[float, object]] = []
        cancelled: list[bool] = []

        def wait(bucket: Bucket) -> None:
            bucket.acquire(wanted)
            ends.append((clock.now(), bucket.acquire(lambda: bool(cancelled))))
            ends[-1] = (clock.now(), ends[-1][1])

        def cancel() -> None:
            clock.sleep(7)
            cancelled.append(True)
            for one in [limiter] if by == "limiter" else buckets:
                one.wake()

        for bucket in buckets:
            answered(clock, bucket, {})
        clock.sleep_all(100)
        began = clock.now()
        clock.run(*[lambda bucket=bucket: wait(bucket) for bucket in buckets], cancel)
        assert ends == [(began + 7, None)] * 2

    def test_it_does_not_wait_for_what_is_cancelled(self, clock: VirtualClock) -> None:
        assert bucket_of(clock).acquire(lambda: True) is None

    def test_a_real_thread_is_woken_by_the_end_of_its_results(self) -> None:
        limiter = RateLimiter(reserve=0, max_per_second=0.01)
        bucket = limiter.bucket(PATH)
        permit = bucket.acquire(wanted)
        assert permit is not None
        bucket.on_response(permit, {})
        cancelled = threading.Event()

        def call_off() -> None:
            cancelled.set()
            limiter.wake()

        workers = WorkerPool(1, on_cancelled=call_off)
        results = workers.map(lambda _: bucket.acquire(cancelled.is_set), [0])
        until(lambda: bucket.waiting.seconds > 0)
        results.close()
        assert workers.submit(lambda: "next").result(5) == "next"

    def test_an_answer_lets_those_who_wait_go_on(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        sent: list[float] = []

        def send() -> None:
            permit = bucket.acquire(wanted)
            assert permit is not None
            sent.append(clock.now() - BEGIN)
            clock.sleep(0.7)
            bucket.on_response(permit, announced(100, 99))

        clock.run(send, send, send)
        assert sent == [0, pytest.approx(0.7), pytest.approx(0.7)]


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
