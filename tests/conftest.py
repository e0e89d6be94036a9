"""Fixtures of all tests."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import ExplicitWorld, Sandbox, SandboxOptions
from tap_mux.api.rate_limit import RateLimiter
from tap_mux.clock import Clock
from tests.support import clock
from tests.support.records import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = frozenset({"clock", "generated", "mux", "sandbox", "tomorrow", "yesterday"})
"""Fixtures of tests whose every example takes long: whole runs, or minutes of virtual time."""

EXAMPLES = 8
"""Of so many examples of such a test, one is run each time, and the first one of all."""


def pytest_configure() -> None:
    """Let programs that tests start keep what Python compiles, and hear Ctrl-C."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each would compile it anew
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before slow tests are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow most examples of a test that has many and whose every example takes long."""
    examples: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if not LONG.isdisjoint(getattr(item, "fixturenames", ())):
            if examples[name] % EXAMPLES:
                item.add_marker(pytest.mark.slow)
            examples[name] += 1


@pytest.fixture(autouse=True)
def _begins_at_now() -> None:
    clock.begin_at(NOW)


@pytest.fixture
def world() -> ExplicitWorld:
    """An empty Mux environment, which the test fills."""
    return ExplicitWorld()


@pytest.fixture
def sandbox(world: ExplicitWorld) -> Iterator[Sandbox]:
    """A running sandbox that serves ``world``."""
    with Sandbox(world=world, options=SandboxOptions()) as running:
        yield running


@pytest.fixture
def connection_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """The log at its finest, with what urllib3 tells of its connections."""
    name = "urllib3.connectionpool"
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger=name)
    monkeypatch.setattr(logging.getLogger(name), "disabled", False)  # the SDK disables it
    return caplog


class Waits(list[float]):
    """The seconds of each wait between tries, which did not happen."""

    for_rate_limit = 0.0
    """The seconds that requests would have waited for a rate limit."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Let waits take no time; note how long they would have been."""
    noted = Waits()
    passed = [0.0]

    class Condition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            passed[0] += timeout or 0
            noted.for_rate_limit += timeout or 0
            return super().wait(0.001)  # so that another thread can take the lock

    def sleep(seconds: float) -> None:
        noted.append(seconds)
        passed[0] += seconds

    monkeypatch.setattr(RateLimiter, "sleep", lambda _, seconds, __: sleep(seconds))
    monkeypatch.setattr(Clock, "now", lambda _: time.perf_counter() + passed[0])
    monkeypatch.setattr(Clock, "condition", lambda _: Condition())
    return noted
