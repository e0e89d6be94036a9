"""Where Mux does not announce what is left: so many requests a second, and not more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.buckets import answered, bucket_of, wanted
from tests.support.virtual import BEGIN, VirtualClock
from tests.support.virtual_mux import Mux, Run


class TestUnannounced:
    """Mux announces nothing, and refuses nothing."""

    def test_it_begins_with_5_a_second(self, clock: VirtualClock) -> None:
        mux = Mux(clock, 1e9, 1e9, announced=False)
        assert 9 <= clock.run(*Run(mux, requests=51, latency=0.01).workers) <= 10

    def test_monitoring_is_asked_once_a_second_to_begin_with(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock, path="/data/v1/monitoring/metrics")
        for _ in range(11):
            answered(clock, bucket, {})
        assert BEGIN + 9.5 <= clock.now() <= BEGIN + 10

    def test_retry_after_stops_all_requests(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        permits: list[Any] = []
        clock.run(lambda: permits.append(bucket.acquire(wanted)))
        bucket.on_rate_limited(permits[0], {}, 30)
        answered(clock, bucket, {})
        assert BEGIN + 30 <= clock.now() <= BEGIN + 31


@pytest.mark.parametrize("is_announced", [True, False])
def test_max_per_second_is_always_kept(clock: VirtualClock, *, is_announced: bool) -> None:
    mux = Mux(clock, 1000, 500, announced=is_announced)
    run = Run(mux, requests=41, max_per_second=4, latency=0.01)
    assert 10 <= clock.run(*run.workers) <= 10.2
