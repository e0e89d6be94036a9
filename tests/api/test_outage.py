"""What the log says while Mux cannot be reached."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mux_sandbox import Answer
from tap_mux.api.errors import APIError, NoAnswerError
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.api.retry import OUTAGE_SECONDS
from tap_mux.clock import Clock
from tests.support.client import retry_policy
from tests.support.records import DAY, NOW, tap_time
from tests.support.tapping import run_tap

if TYPE_CHECKING:
    import pytest

    from mux_sandbox import Sandbox

IN_FLIGHT = 5


class SetClock(Clock):
    """A clock that the test sets."""

    seconds = 0.0

    def now(self) -> float:
        """Return what the test has set."""
        return self.seconds


def test_an_outage_is_one_line(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add("/data/v1/errors", times=IN_FLIGHT, action=Answer(503))
    run_tap(sandbox, "errors", start_date=tap_time(NOW - 6 * DAY), max_concurrency=IN_FLIGHT)
    first_tries = [record for record in caplog.records if "(try 1 of" in record.getMessage()]
    assert all("was answered 503" in record.getMessage() for record in first_tries)
    first, *others = (record.levelname for record in first_tries)
    assert first == "WARNING"
    assert others
    assert {*others} == {"DEBUG"}


def test_later_tries_later_failures_and_other_failures_are_told_of() -> None:
    clock = SetClock()
    policy = retry_policy(rate_limiter=RateLimiter(reserve=0, max_per_second=None, clock=clock))
    busy, gone = APIError("GET /x", 503), NoAnswerError("gone")
    told = []
    for moment, error, failures, seconds in (
        (0, busy, 1, 1),
        (0, busy, 1, 1),
        (0, gone, 1, 1),
        (0, APIError("GET /x", 500), 1, 1),
        (1, busy, 2, 2),
        (1, busy, 1, 2),
        (1, busy, 2, 2),
        (1 + OUTAGE_SECONDS, busy, 1, 60),
        (60 + OUTAGE_SECONDS, busy, 1, 60),
        (61 + OUTAGE_SECONDS, busy, 1, 60),
    ):
        clock.seconds = moment
        told.append(policy.level_of(error, failures, seconds) == logging.WARNING)
    assert told == [True, False, True, True, True, False, False, True, False, True]
