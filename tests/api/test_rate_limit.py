"""Where Mux announces what is left: all of it is used, but the reserve, whatever others do."""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, ExplicitWorld, RateLimit, Sandbox
from tap_mux.api.rate_limit import Bucket, RateLimiter
from tap_mux.api.workers import WorkerPool
from tests.support.client import client_of
from tests.support.records import NOW, asset
from tests.support.tapping import run_tap
from tests.support.virtual import VirtualClock
from tests.support.virtual_mux import WORKERS, Mux, Run, announced

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.request_log import RequestRecord

PATH = "/video/v1/assets"
BEGIN = 1000.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock whose time is virtual."""
    return VirtualClock(BEGIN)


def wanted() -> bool:
    """Tell that a request is not cancelled."""
    return False


def bucket_of(clock: VirtualClock, reserve: float = 0, path: str = PATH) -> Bucket:
    """Make one bucket."""
    return RateLimiter(reserve=reserve, max_per_second=None, clock=clock).bucket(path)


def answered(clock: VirtualClock, bucket: Bucket, headers: dict[str, str]) -> None:
    """Send a request that is answered at once."""

    def ask() -> None:
        permit = bucket.acquire(wanted)
        assert permit is not None
        bucket.on_response(permit, headers)

    clock.run(ask)


def sent_at_once(clock: VirtualClock, bucket: Bucket) -> int:
    """Count the requests that may be sent at this moment."""
    sent = []

    def send() -> None:
        end = clock.now()
        while bucket.acquire(lambda: clock.now() > end):
            sent.append(clock.now())

    clock.run(send)
    return len(sent)


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


class TestShared:
    """Other programs take from the same bucket."""

    @pytest.mark.parametrize("begins_after", [0, 3])
    @pytest.mark.parametrize("latency", [0.02, 0.15, 0.6])
    @pytest.mark.parametrize(("size", "per_second"), [(100, 20), (100, 5), (20, 1)])
    def test_two_runs_share_all_but_the_reserve(
        self,
        clock: VirtualClock,
        size: float,
        per_second: float,
        latency: float,
        begins_after: float,
    ) -> None:
        mux = Mux(clock, size, per_second)
        requests = int(size + 60 * per_second) // 2
        runs = [
            Run(mux, requests=requests, latency=latency, begins_after=begin, seed=seed)
            for seed, begin in enumerate((0, begins_after))
        ]
        seconds = clock.run(*runs[0].workers, *runs[1].workers)
        floor = (2 * requests - size * 0.9) / per_second
        assert seconds <= 1.35 * max(floor, requests * latency / WORKERS)
        both_end = min(run.ended_at for run in runs)
        together = [
            each.run
            for each in mux.requests
            if each.is_granted and BEGIN + begins_after <= each.at < both_end
        ]
        for run in runs:
            assert together.count(run) >= 0.35 * len(together)
        assert mux.lowest >= size * 0.1 - 2 * WORKERS
        assert mux.refusals <= 2 * WORKERS

    @pytest.mark.parametrize("others", [5, 10, 15])
    def test_what_another_program_leaves_is_used(self, clock: VirtualClock, others: float) -> None:
        mux = Mux(clock, 100, 20)
        run = Run(mux, seconds=120)

        def other() -> None:
            for _ in range(1200):
                mux.take(others / 10)
                clock.sleep(0.1)

        clock.run(*run.workers, other)
        assert mux.granted() >= 0.95 * (90 + (20 - others) * 120)
        assert mux.refusals == 0

    def test_it_looks_each_second_while_nothing_is_left_and_goes_on_at_once(
        self, clock: VirtualClock
    ) -> None:
        mux = Mux(clock, 100, 5)
        run = Run(mux, seconds=120, latency=0.05, reserve=0.5)

        def other() -> None:
            for _ in range(6000):  # leaves as few as 5 for a minute
                mux.take(0)
                mux.take(max(0.0, mux.level - 5))
                clock.sleep(0.01)

        clock.run(*run.workers, other)
        times = [each.at for each in mux.requests if each.at < BEGIN + 60]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert max(gaps) <= 1.1
        assert min(gaps) >= 0.9
        assert 5 * 50 - 60 <= mux.granted(BEGIN + 60) <= 5 * 60
        assert mux.refusals == 0

    def test_another_program_is_noticed_and_forgotten(self, clock: VirtualClock) -> None:
        mux = Mux(clock, 100, 5)
        run = Run(mux, seconds=120, latency=0.05)
        told: list[tuple[float, bool]] = []

        def other() -> None:
            for _ in range(300):
                clock.sleep(0.1)
                if 20 <= clock.now() - BEGIN < 40:
                    mux.take(0.4)

        def watch() -> None:
            for _ in range(120):
                told.append((clock.now() - BEGIN, run.bucket.waiting.is_shared))
                clock.sleep(1)

        clock.run(*run.workers, other, watch)
        assert not [at for at, is_shared in told if is_shared and at < 20]
        assert [is_shared for at, is_shared in told if 25 <= at < 50] == [True] * 25
        assert not [at for at, is_shared in told if is_shared and at > 75]


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


class TestWaiting:
    """What a bucket tells of those who wait, and how they are woken."""

    def test_it_says_how_long_since_when_and_until_when(self, clock: VirtualClock) -> None:
        bucket = bucket_of(clock)
        answered(clock, bucket, announced(100, 0))
        began = clock.now()
        seen: list[Any] = []

        def watch() -> None:
            clock.sleep(0.05)
            seen.append(bucket.waiting)

        clock.run(*[lambda: bucket.acquire(wanted)] * 2, watch)
        assert seen[0].seconds == pytest.approx(0.05)  # once, though two wait
        assert seen[0].since == began
        assert seen[0].until == pytest.approx(began + 0.2)
        assert not seen[0].is_shared
        after = bucket.waiting
        assert after.since is None
        assert after.seconds == pytest.approx(clock.now() - began)

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
        until(lambda: bucket.waiting.since is not None)
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
