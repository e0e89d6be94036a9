"""How long one request may wait in all, and who waits an hour."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import Answer
from tap_mux.api.errors import APIError, CancelledError, MuxError
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.workers import WorkerPool
from tap_mux.exports.download import Download
from tests.support.client import client_of, retry_policy
from tests.support.failures import TOO_MANY
from tests.support.tapping import run_tap
from tests.support.virtual import VirtualClock

if TYPE_CHECKING:
    from mux_sandbox import Sandbox
    from tap_mux.api.retry import RetryPolicy
    from tests.conftest import Waits

PATH = "/video/v1/assets"


def refused(status: int, seconds: int) -> Answer:
    """Make an answer that asks to wait."""
    return Answer(status, TOO_MANY, {"Retry-After": str(seconds)})


@pytest.mark.parametrize("status", [429, 503])
def test_an_hour_that_mux_asks_for_is_waited_once(
    sandbox: Sandbox, waits: Waits, status: int
) -> None:
    sandbox.faults.add(PATH, times=None, action=refused(status, 3600))
    with pytest.raises(APIError, match=r"waited 360\d seconds, and 360\d more would exceed") as end:
        client_of(sandbox, max_attempts=8).get(PATH)
    assert "max_wait_seconds (600). Raise that" in str(end.value)
    assert len(sandbox.requests) == 2
    assert 3600 <= sum(waits) + waits.for_rate_limit < 3610


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("most", "requests"), [(10, 1), (599, 1), (600, 2)])
def test_a_low_bound_is_kept_whatever_mux_asks_for(
    sandbox: Sandbox, waits: Waits, status: int, most: int, requests: int
) -> None:
    sandbox.faults.add(PATH, times=None, action=refused(status, 3600))
    with pytest.raises(APIError, match=rf"max_wait_seconds \({most}\)"):
        client_of(sandbox, max_attempts=8, max_wait_seconds=most).get(PATH)
    assert len(sandbox.requests) == requests
    assert sum(waits) + waits.for_rate_limit < 3610 * (requests - 1) + 1


@pytest.mark.parametrize("status", [429, 503])
def test_an_hour_is_waited_once_by_all_requests_together(
    sandbox: Sandbox, waits: Waits, status: int
) -> None:
    sandbox.faults.add("/v1/", times=None, action=refused(status, 3600))
    client = client_of(sandbox, max_attempts=8)
    paths = [PATH, "/video/v1/uploads", "/data/v1/incidents"]
    for path in paths:
        with pytest.raises(APIError, match="max_wait_seconds"):
            client.get(path)
    assert len(sandbox.requests) == 1 + len(paths)
    assert 3600 <= sum(waits) + waits.for_rate_limit < 3700


def test_requests_that_are_told_at_the_same_time_wait_together() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(reserve=0, max_per_second=None, clock=clock)
    policy = retry_policy(8, rate_limiter=limiter)

    def wait() -> None:
        policy.retries(is_paced=False).back_off(APIError("GET /", 503, retry_after=3600.0))

    def wait_later() -> None:
        clock.sleep(3000)
        wait()

    assert 6600 <= clock.run(wait, wait, wait_later) <= 6601
    with pytest.raises(APIError, match="it has waited 0 seconds"):
        clock.run(wait)


@pytest.mark.parametrize("seconds", [100, 250, 600])
def test_waits_add_up(sandbox: Sandbox, waits: Waits, seconds: int) -> None:
    sandbox.faults.add(PATH, times=None, action=refused(503, seconds))
    with pytest.raises(MuxError, match="max_wait_seconds"):
        client_of(sandbox, max_attempts=99).get(PATH)
    assert 600 - seconds - 6 <= sum(waits) <= 606


def test_waits_without_a_wish_of_mux_add_up(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.add(PATH, times=None, action=Answer(500))
    with pytest.raises(MuxError, match="max_wait_seconds"):
        client_of(sandbox, max_attempts=99).get(PATH)
    assert 500 <= sum(waits) <= 600


@pytest.mark.parametrize(("most", "requests"), [(600, 2), (3700, 2), (7300, 3)])
def test_a_higher_bound_allows_more(
    sandbox: Sandbox, waits: Waits, most: int, requests: int
) -> None:
    sandbox.faults.add(PATH, times=None, action=refused(429, 3600))
    with pytest.raises(MuxError, match=r"max_wait_seconds \(\d+\)"):
        client_of(sandbox, max_attempts=8, max_wait_seconds=most).get(PATH)
    assert len(sandbox.requests) == requests
    assert sum(waits) + waits.for_rate_limit < 3610 * (requests - 1)


def test_a_long_queue_is_no_wait_of_a_request(sandbox: Sandbox, waits: Waits) -> None:
    limiter = RateLimiter(reserve=0, max_per_second=0.01)
    client = client_of(sandbox, rate_limiter=limiter, max_wait_seconds=30)
    for _ in range(4):
        sandbox.faults.add(PATH, times=2, action=Answer(429, TOO_MANY))
        assert client.get(PATH)["data"] == []
    assert waits.for_rate_limit > 600


def test_the_setting(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.add(PATH, times=None, action=refused(503, 20))
    with pytest.raises(MuxError, match=r"max_wait_seconds \(30\)"):
        run_tap(sandbox, "assets", max_wait_seconds=30, max_attempts=8)
    assert 20 <= sum(waits) < 22


def download(policy: RetryPolicy, url: str) -> Download:
    """Make a download; it is not started."""
    return Download("file", lambda: url, user_agent="test", timeout_seconds=5, retry_policy=policy)


def test_downloads_wait_an_hour_once(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.add("/file", times=None, action=refused(503, 3600))
    policy = retry_policy(8)
    for _ in range(2):
        with pytest.raises(APIError, match="max_wait_seconds"):
            list(download(policy, f"{sandbox.url}/file").read())
    assert 3600 <= sum(waits) < 3602
    assert len(sandbox.requests) == 3


def test_a_download_that_is_not_wanted_does_not_sleep_on(sandbox: Sandbox) -> None:
    sandbox.faults.add("/file", times=None, action=refused(503, 30))
    policy = retry_policy(8)
    workers = WorkerPool(1, on_cancelled=policy.rate_limiter.wake)
    ended = threading.Event()
    errors: list[BaseException] = []

    def read(_: int) -> None:
        try:
            list(download(policy, f"{sandbox.url}/file").read())
        except MuxError as error:
            errors.append(error)
        finally:
            ended.set()

    with closing(workers.map(read, [0])):
        deadline = time.monotonic() + 5
        while not sandbox.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # the wait has begun
    assert ended.wait(5)
    assert [type(error) for error in errors] == [CancelledError]
    assert len(sandbox.requests) == 1


def test_a_download_waits_by_the_clock(sandbox: Sandbox) -> None:
    clock = VirtualClock()
    limiter = RateLimiter(reserve=0, max_per_second=None, clock=clock)
    policy = retry_policy(2, rate_limiter=limiter)
    sandbox.faults.add("/file", times=None, action=refused(503, 500))

    def read() -> None:
        with pytest.raises(APIError, match="after 2 tries"):
            list(download(policy, f"{sandbox.url}/file").read())

    begun = time.monotonic()
    assert 500 <= clock.run(read) <= 501
    assert time.monotonic() - begun < 5
