"""What all tests share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mux_sandbox import ExplicitWorld, Sandbox, SandboxOptions

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
    """Let waiting take no time, and note how long it would have been."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    return noted
