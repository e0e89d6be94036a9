"""The worker pool: results in order, a limited number of calls at once, one exception."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from mux_sandbox import Answer, Delay
from tap_mux.api.errors import MuxError
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.workers import WorkerPool, is_cancelled
from tests.support.client import lists_of
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, views
from tests.support.tapping import clean_environ, config_file, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

VIEWS = "/data/v1/video-views"
ASSETS = "/video/v1/assets"


class Gauge:
    """Counts the calls that run at the same time."""

    def __init__(self) -> None:
        """Start at zero."""
        self.lock = threading.Lock()
        self.now = self.max = self.total = 0

    def call(self, item: int) -> int:
        """Sleep for a few milliseconds."""
        with self.lock:
            self.now += 1
            self.total += 1
            self.max = max(self.max, self.now)
        time.sleep(random.uniform(0, 0.01))
        with self.lock:
            self.now -= 1
        return item


def test_results_are_in_order_and_calls_are_limited() -> None:
    gauge = Gauge()
    results = list(WorkerPool(5).map(gauge.call, range(100)))
    assert results == list(range(100))
    assert 2 <= gauge.max <= 5


def test_no_more_threads_start_than_are_needed() -> None:
    """Each keeps memory for what it has encoded."""
    pool = WorkerPool(8)
    assert len({pool.submit(threading.get_ident).result() for _ in range(20)}) == 1
    assert len(set(pool.map(lambda _: threading.get_ident(), range(20), 2))) <= 2


def test_takes_items_only_a_little_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    results = WorkerPool(3).map(lambda item: item, items())
    assert len(taken) <= 3
    for _ in range(10):
        next(results)
    assert len(taken) <= 13
    results.close()
    assert list(results) == []


def test_the_first_failure_is_raised_in_order_and_stops_the_map() -> None:
    started = []

    def call(item: int) -> int:
        started.append(item)
        time.sleep(0.01)
        if item in {3, 4, 5}:
            raise ValueError(item)
        return item

    results = WorkerPool(2).map(call, range(1000))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3"):
        next(results)
    assert list(results) == []
    time.sleep(0.1)
    assert len(started) <= 3 + 2 * 2 + 1


def test_one_failed_call_does_not_stop_later_ones() -> None:
    workers = WorkerPool(1)
    with pytest.raises(ZeroDivisionError):
        next(workers.map(lambda item: 1 // item, [0]))
    assert list(workers.map(lambda item: 1 // item, [1])) == [1]


def test_threads_start_when_needed() -> None:
    before = threading.active_count()
    workers = WorkerPool(50)
    assert threading.active_count() == before
    workers.submit(int).result()
    assert threading.active_count() == before + 1


class TestPages:
    """Lists by page number, without a count."""

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 1000])
    def test_all_pages_in_order_with_few_extra_requests(
        self, world: ExplicitWorld, sandbox: Sandbox, count: int
    ) -> None:
        world.asset_rows = [asset(f"asset-{number:04}", NOW - number) for number in range(count)]
        pages = list(lists_of(sandbox)[0].by_page(ASSETS, {}))
        assert [row["id"] for page in pages for row in page] == [
            row["id"] for row in world.asset_rows
        ]
        assert len(sandbox.requests) <= count // 100 + 1 + 4

    @pytest.mark.parametrize("cap", [1, 30, 50])
    def test_pages_may_be_shorter_than_requested(
        self, world: ExplicitWorld, sandbox: Sandbox, cap: int
    ) -> None:
        sandbox.options.page_cap = cap
        world.asset_rows = [asset(f"asset-{number:04}", NOW - number) for number in range(100)]
        pages = list(lists_of(sandbox)[0].by_page(ASSETS, {}))
        assert sum(len(page) for page in pages) == 100


class TestViews:
    """The pages of a window and the first page of the next window are requested in parallel."""

    def test_output_does_not_depend_on_concurrency(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(9000, NOW - DAY, 7)
        sandbox.options.latency_seconds = 0.005
        settings: dict[str, Any] = {
            "start_date": tap_time(NOW - 2 * DAY),
            "end_date": tap_time(NOW - HOUR),
        }
        one = run_tap(sandbox, "video_views", max_concurrency=1, **settings)
        asked = len(sandbox.requests)
        many = run_tap(sandbox, "video_views", max_concurrency=8, **settings)
        assert many.records("video_views") == one.records("video_views")
        assert many.states == one.states
        assert len(sandbox.requests) == 2 * asked

    @pytest.mark.parametrize("limit", [1, 3, 8])
    def test_max_concurrency_is_used_and_kept(
        self, world: ExplicitWorld, sandbox: Sandbox, limit: int
    ) -> None:
        world.view_rows = views(3000, NOW - DAY, 7)
        sandbox.options.latency_seconds = 0.02
        run_tap(sandbox, "video_views", max_concurrency=limit, start_date=tap_time(NOW - 2 * DAY))
        assert max(request.in_flight for request in sandbox.requests) == limit

    def test_no_extra_request(self, world: ExplicitWorld, sandbox: Sandbox) -> None:
        world.view_rows = views(2950, NOW - DAY + HOUR, 20)
        dates: dict[str, Any] = {"start_date": tap_time(NOW - DAY), "end_date": tap_time(NOW)}
        run_tap(sandbox, "video_views", **dates)
        assert len(sandbox.requests_to(VIEWS)) == 30

    def test_the_next_window_is_requested_while_this_one_is_read(
        self, world: ExplicitWorld, sandbox: Sandbox
    ) -> None:
        world.view_rows = views(1000, NOW - 2 * DAY, 2 * DAY / 1000)
        sandbox.options.latency_seconds = 0.05
        run_tap(sandbox, "video_views", start_date=tap_time(NOW - 2 * DAY))
        asked = sandbox.requests_to(VIEWS)
        first = asked[0].params("timeframe[]")
        last_of_first = max(
            request.finished or 0 for request in asked if request.params("timeframe[]") == first
        )
        others = [request for request in asked if request.params("timeframe[]") != first]
        assert others[0].started < last_of_first

    def test_failure_in_one_page_is_raised(
        self, world: ExplicitWorld, sandbox: Sandbox, waits: list[float]
    ) -> None:
        world.view_rows = views(3000, NOW - DAY, 7)
        broken = {"error": {"type": "forbidden", "messages": ["Not page 5."]}}
        sandbox.faults.add(
            lambda request: request.page == 5, times=None, action=Answer(403, broken)
        )
        with pytest.raises(MuxError, match="Not page 5"):
            run_tap(sandbox, "video_views", start_date=tap_time(NOW - 2 * DAY))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_a_second(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox, number: signal.Signals
) -> None:
    world.view_rows = views(3000, NOW - DAY, 7)
    sandbox.faults.add(lambda request: (request.page or 0) > 1, times=None, action=Delay(30))
    config = config_file(tmp_path, **sandbox.config, start_date=tap_time(NOW - 2 * DAY))
    with subprocess.Popen(
        [sys.executable, "-m", "tap_mux", "--config", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environ(),
    ) as tap:
        deadline = time.monotonic() + 20
        while len([request for request in sandbox.requests if (request.page or 0) > 1]) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        before = time.monotonic()
        tap.send_signal(number)
        tap.wait(10)
        assert time.monotonic() - before < 1
    assert tap.returncode == 128 + number


def test_paths_of_one_family_share_a_bucket() -> None:
    limiter = RateLimiter(reserve=0, max_per_second=None)
    assert limiter.bucket(ASSETS) is limiter.bucket("/video/v1/uploads")
    assert limiter.bucket(ASSETS) is not limiter.bucket(VIEWS)


def test_calls_that_have_not_begun_are_not_made_once_it_is_closed() -> None:
    begun: list[int] = []
    may_end, has_begun = threading.Event(), threading.Event()

    def call(item: int) -> None:
        begun.append(item)
        has_begun.set()
        may_end.wait(5)

    workers = WorkerPool(1)
    results = workers.map(call, range(9), ahead=5)
    assert has_begun.wait(5)
    results.close()
    may_end.set()
    assert workers.submit(lambda: "later").result(5) == "later"
    assert begun == [0]
    assert list(results) == []


@pytest.mark.parametrize(("ahead", "taken"), [(None, 3), (1, 1), (2, 2), (7, 7)])
def test_takes_as_many_items_ahead_as_asked_for(ahead: int | None, taken: int) -> None:
    items = iter(range(100))
    results = WorkerPool(3).map(lambda item: item, items, ahead)
    assert next(items) == taken
    results.close()


def test_a_call_knows_that_it_is_not_wanted_any_more() -> None:
    told: list[bool] = []
    may_go_on, has_begun, has_ended = (threading.Event() for _ in range(3))

    def call(_: int) -> None:
        told.append(is_cancelled())
        has_begun.set()
        may_go_on.wait(5)
        told.append(is_cancelled())
        has_ended.set()

    results = WorkerPool(1).map(call, [0])
    assert has_begun.wait(5)
    results.close()
    may_go_on.set()
    assert has_ended.wait(5)
    assert told == [False, True]
    assert not is_cancelled()


def test_few_calls_at_once_however_many_are_submitted() -> None:
    gauge = Gauge()
    before = threading.active_count()
    workers = WorkerPool(3)
    results = [workers.submit(gauge.call, item) for item in range(20)]
    assert [result.result() for result in results] == list(range(20))
    assert gauge.max <= 3
    assert threading.active_count() == before + 3


def test_a_result_is_not_kept_once_it_is_taken() -> None:
    class Page:
        """Stands for much memory."""

    results = WorkerPool(1).map(lambda _: Page(), [0])
    page = weakref.ref(next(results))
    deadline = time.monotonic() + 5
    while page() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert page() is None
