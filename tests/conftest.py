"""What all tests share."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import ExplicitWorld, Sandbox, SandboxOptions
from tap_mux.api import rate_limit as pacing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> ExplicitWorld:
    """An empty Mux environment, to be filled by the test."""
    return ExplicitWorld()


@pytest.fixture
def sandbox(world: ExplicitWorld) -> Iterator[Sandbox]:
    """A running sandbox that serves ``world``."""
    with Sandbox(world=world, options=SandboxOptions()) as running:
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let waiting take no time, and note how long the waits between tries would have been."""
    noted: list[float] = []
    waited = [0.0]

    class Condition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waited[0] += timeout or 0
            return super().wait(0.001)  # so that another thread may have the lock meanwhile

    def sleep(seconds: float) -> None:
        noted.append(seconds)
        waited[0] += seconds

    clock = SimpleNamespace(monotonic=lambda: time.perf_counter() + waited[0])
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(pacing, "time", clock)
    monkeypatch.setattr(
        pacing, "threading", SimpleNamespace(Condition=Condition, Lock=threading.Lock)
    )
    return noted
