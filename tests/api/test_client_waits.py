"""One request: how long the client waits before it tries again."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer, Disconnect
from tap_mux.api.errors import APIError, MuxError, NoAnswerError
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.retry import MAX_WAIT_SECONDS
from tap_mux.api.workers import WorkerPool, is_cancelled
from tests.support.client import client_of, retry_policy
from tests.support.failures import TOO_MANY
from tests.support.records import NOW, asset
from tests.support.virtual import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox
    from tap_mux.api.client import MuxClient
    from tests.conftest import Waits

    WaitAfter = Callable[[str], float]

PATH = "/video/v1/assets"
PRESENT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def wait_after(client: MuxClient, sandbox: Sandbox, waits: Waits) -> WaitAfter:
    """Return what tells how long the client waits after a failure with a Retry-After."""

    def wait(header: str) -> float:
        sandbox.faults.add(PATH, action=Answer(503, b"", {"Retry-After": header}))
        client.get(PATH)
        return waits[-1]

    return wait


class TestWaits:
    """How long the client waits before a retry."""

    def test_doubles_with_jitter_up_to_a_limit(self, sandbox: Sandbox, waits: Waits) -> None:
        sandbox.faults.add(PATH, times=None, action=Answer(503))
        with pytest.raises(MuxError):
            client_of(sandbox, max_attempts=10).get(PATH)
        limits = [min(2.0**number, MAX_WAIT_SECONDS) for number in range(9)]
        for wait, limit in zip(waits, limits, strict=True):
            assert limit / 2 <= wait <= limit
        assert len({wait / limit for wait, limit in zip(waits, limits, strict=True)}) > 1

    def test_obeys_retry_after_in_seconds(self, wait_after: WaitAfter) -> None:
        assert 17 <= wait_after("17") <= 18

    def test_waits_once_for_the_rate_limit(
        self, client: MuxClient, sandbox: Sandbox, waits: Waits
    ) -> None:
        sandbox.faults.add(PATH, action=Answer(429, TOO_MANY, {"Retry-After": "17"}))
        client.get(PATH)
        assert 17 <= waits.for_rate_limit <= 19
        assert waits == []

    def test_obeys_retry_after_as_a_date(self, wait_after: WaitAfter) -> None:
        date = format_datetime(PRESENT + timedelta(seconds=30), usegmt=True)
        assert 28 <= wait_after(date) <= 31

    @pytest.mark.parametrize("header", ["86400", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_obeys_retry_after_up_to_an_hour(self, wait_after: WaitAfter, header: str) -> None:
        assert 3600 <= wait_after(header) <= 3601

    @pytest.mark.parametrize("header", ["soon", "", "-3", "1e9", "Sun, 99 Foo"])
    def test_ignores_an_invalid_retry_after(
        self, wait_after: WaitAfter, client: MuxClient, sandbox: Sandbox, waits: Waits, header: str
    ) -> None:
        assert 0.5 <= wait_after(header) <= 1
        sandbox.faults.add(PATH, action=Answer(429, TOO_MANY, {"Retry-After": header}))
        client.get(PATH)
        assert 0.2 <= waits.for_rate_limit <= 0.8


@pytest.mark.parametrize("minutes", [-60, 0])
def test_a_retry_after_that_is_over_is_no_wait(wait_after: WaitAfter, minutes: int) -> None:
    date = format_datetime(PRESENT + timedelta(minutes=minutes), usegmt=True)
    assert 0 <= wait_after(date) <= 1


def test_a_retry_after_without_a_zone_is_utc(wait_after: WaitAfter) -> None:
    date = (PRESENT + timedelta(seconds=30)).strftime("%a, %d %b %Y %H:%M:%S -0000")
    assert 28 <= wait_after(date) <= 31


def test_a_broken_connection_holds_nobody_up(
    client: MuxClient, sandbox: Sandbox, waits: Waits
) -> None:
    sandbox.faults.add(PATH, times=2, action=Disconnect())
    client.get(PATH)
    assert len(waits) == 2
    assert waits.for_rate_limit < 5


def test_what_waits_for_the_rate_limit_is_not_sent_once_it_is_not_wanted(
    world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("a", NOW)]
    client = client_of(sandbox, rate_limiter=RateLimiter(reserve=0, max_per_second=0.5))
    workers = WorkerPool(1)
    results = workers.map(lambda _: client.get(PATH), range(2), ahead=2)
    assert next(results)["data"]
    results.close()
    assert workers.submit(is_cancelled).result(5) is False
    assert len(sandbox.requests) == 1


def test_a_wait_between_tries_ends_once_the_answer_is_not_wanted(sandbox: Sandbox) -> None:
    sandbox.faults.add(PATH, times=None, action=Answer(503, headers={"Retry-After": "30"}))
    limiter = RateLimiter(reserve=0, max_per_second=None)
    client = client_of(sandbox, rate_limiter=limiter)
    workers = WorkerPool(1, on_cancelled=limiter.wake)
    with closing(workers.map(lambda _: client.get(PATH), [0])):
        deadline = time.monotonic() + 5
        while not sandbox.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # the wait has begun
    assert workers.submit(is_cancelled).result(5) is False
    assert len(sandbox.requests) == 1


def test_a_wait_between_tries_goes_by_the_clock() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(reserve=0, max_per_second=None, clock=clock)
    retries = retry_policy(3, rate_limiter=limiter).retries(is_paced=True)
    error = APIError("GET /", 503, retry_after=30.0)
    assert 30 <= clock.run(lambda: retries.back_off(error)) <= 31


def test_waits_begin_again_after_progress(waits: Waits) -> None:
    retries = retry_policy(3).retries(is_paced=True)
    for _ in range(2):
        for longest in (1, 2):
            retries.back_off(NoAnswerError("No."))
            assert longest / 2 <= waits[-1] <= longest
        retries.reset()
    assert len(waits) == 4
